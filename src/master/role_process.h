/*
 * role_process.h - a process of our own program, executed anew for one role: starting it, feeding
 * it, and noticing its end. One lives at a time; its owner decides when there is to be another.
 *
 * What it is told waits here while its socket is full, so that the master never waits for it. What
 * it says has passed the gate of messages.def before its owner sees it, and what breaks a rule ends
 * it. Private to master/.
 */
#ifndef MASTER_ROLE_PROCESS_H
#define MASTER_ROLE_PROCESS_H

#include "base/buf.h"
#include "base/err.h"
#include "ipc/ipc.h"

#include <stdbool.h>
#include <uv.h>

struct role_process_settings {
	uv_loop_t *loop;
	const char *role; /* the hidden argument: "parking" */
	enum ipc_role peer;
	void *ctx;
	/* A message; an error ends the process. Its descriptors are closed afterwards. */
	int (*said)(void *ctx, struct ipc_message *message);
	/* It has ended, and with it all that it held or was to hold; the text says why. */
	void (*ended)(void *ctx, const char *text);
};

struct role_process;

/* ERR_MEMORY. Starts nothing yet; `role` must outlive it. */
MUST int role_process_new(struct role_process **out, const struct role_process_settings *settings);
/* Closes its socket, at which it ends. */
void role_process_free(struct role_process **process);
/* ERR_UNAVAILABLE when it cannot be started, or the last one is not reaped yet. */
MUST int role_process_start(struct role_process *process);
/* There is one that can be told something. */
bool role_process_is_there(const struct role_process *process);
/* It has said that it is ready: from now on it may say what belongs to PHASE_RUN. */
void role_process_ready(struct role_process *process);
/* How many have ended before they were ready, one after the other. */
unsigned role_process_failed_starts(const struct role_process *process);
/*
 * Takes an encoded message and, unless it is -1, a descriptor, in any case. ERR_UNAVAILABLE when
 * there is no process, ERR_MEMORY, or the buffer's own error. The process may have ended after it.
 */
MUST int role_process_send(struct role_process *process, struct buf *message, int fd);
/* Of no use any more: its end is waited for. */
void role_process_give_up(struct role_process *process, const char *text);

#endif
