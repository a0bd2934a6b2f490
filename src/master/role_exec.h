/*
 * role_exec.h - this server's program, executed anew for one role, with one end of a socket pair.
 *
 * The process finds its end as descriptor 3, has no environment of ours and no signal blocked, and
 * is a child of the master, which reaps it. Private to master/.
 */
#ifndef MASTER_ROLE_EXEC_H
#define MASTER_ROLE_EXEC_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * `role` is the hidden argument: "parking". One that `forks_workers` keeps the capabilities that
 * their ids need, and has its symbols bound at the start, so that no worker looks them up. *fd_out
 * is the master's end, non-blocking. ERR_IO, with errno set.
 */
MUST int role_exec(const char *role, bool forks_workers, pid_t *pid_out, int *fd_out);

#endif
