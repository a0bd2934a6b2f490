/*
 * nursery_process.h - one nursery: its process, its socket, and what passes over it. What its
 * messages mean, and when there is to be another one, is for nurseries.c, which alone uses this.
 */
#ifndef MASTER_NURSERY_PROCESS_H
#define MASTER_NURSERY_PROCESS_H

#include "base/err.h"
#include "ipc/ipc.h"
#include "master/outbox.h"

#include <sys/types.h>
#include <uv.h>

struct nursery_process_events {
	/* A message that has passed the gate; an error loses the nursery. */
	int (*said)(void *ctx, const struct ipc_message *message);
	/*
	 * No message can be sent or read any more. ERR_EOF: because it is gone; why is known when it
	 * is reaped.
	 */
	void (*lost)(void *ctx, int err);
};

struct nursery_process {
	pid_t pid;
	int fd; /* -1: closed */
	uv_poll_t *poll;
	struct ipc_inbox inbox;
	struct ipc_gate gate;
	struct outbox out;
	const struct nursery_process_events *events;
	void *ctx;
};

/* Executes it; the place is not moved afterwards. ERR_IO, with errno set. */
MUST int nursery_process_start(struct nursery_process *process, uv_loop_t *loop,
	const struct nursery_process_events *events, void *ctx);
/*
 * Takes the message and its descriptors; what the socket does not take waits. An error, ERR_EOF
 * where the socket is closed, means that the nursery is lost; the event is not called for it.
 */
MUST int nursery_process_send(struct nursery_process *process, struct buf *message, const int *fds,
	size_t fd_count);
/* Sends what waits; the same errors. */
MUST int nursery_process_flush(struct nursery_process *process);
/* Takes the messages that are there, but no more than lets others have their turn. */
void nursery_process_read(struct nursery_process *process);
/* Closes the socket. What was not sent and is for another nursery to do goes to `rescued`. */
void nursery_process_close(struct nursery_process *process, struct outbox *rescued);

#endif
