/*
 * login_private.h - what login.c and userauth.c share.
 */
#ifndef SSH_LOGIN_PRIVATE_H
#define SSH_LOGIN_PRIVATE_H

#include "ssh/login.h"
#include "ssh/transport_private.h"

/* Waits for exactly this message; `name` is for the log when another one comes. */
MUST int login_expect(
    struct ssh_transport *t, enum ssh_message type, const char *name, struct view *payload_out);

/* Reads a whole USERAUTH_REQUEST payload (RFC 4252 section 5) of any service and method. */
MUST int userauth_parse(
    struct view payload, struct view *service_out, struct ssh_userauth_request *out);

#endif
