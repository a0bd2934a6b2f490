/*
 * session.h - the session worker: channels and files of one logged-in user.
 *
 * It reaches one root directory, by the policy that the master sent and again by the kernel's
 * rules, and takes the connection over from the login worker as bytes that it distrusts. Called in
 * a child of the nursery, which has changed the ids already where the account wants that.
 */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include "ssh/ssh.h"
#include "worker/worker.h"

/* Serves one connection; the caller ends the process with the result. */
enum worker_exit session_main(const struct ssh_config *config, int ipc_fd, int handover_fd);

#endif
