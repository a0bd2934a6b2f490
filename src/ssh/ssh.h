/*
 * ssh.h - the face of src/ssh: RFC 4251-4254, the server's side, as a library without policy.
 *
 * It knows no user, no file and no process. It reads and writes one connected socket that the
 * caller owns, asks for signatures through callbacks (it never holds a private key), and tells the
 * caller what the client wants. The login worker runs the first half (login.h), the session worker
 * the second (connection.h); between them the connection travels as bytes (transport.h). The
 * master uses algorithms.h and config.h only.
 */
#ifndef SSH_SSH_H
#define SSH_SSH_H

#include "ssh/algorithms.h"
#include "ssh/config.h"
#include "ssh/connection.h"
#include "ssh/login.h"
#include "ssh/messages.h"
#include "ssh/transport.h"

#endif
