/*
 * login.h - the login worker: key exchange and user authentication, and nothing else.
 *
 * A straight line from the first byte to success. It decides nothing: the master signs, and the
 * master says whether a password or a signature is good. Called in a child of the nursery.
 */
#ifndef WORKER_LOGIN_H
#define WORKER_LOGIN_H

#include "ssh/ssh.h"
#include "worker/worker.h"

/* Serves one client; the caller ends the process with the result. */
enum worker_exit login_main(
    const struct ssh_config *config, enum proxy_use proxy, int ipc_fd, int client_fd);

#endif
