/*
 * parking_process.h - the process that holds sessions that idle: starting, feeding, replacing it.
 *
 * It is executed when the first session wants to be parked, and again after it has died; one lives
 * at a time. What it is told waits here while its socket is full, so that the master never waits
 * for it. Knows connections by number only. Private to master/.
 */
#ifndef MASTER_PARKING_PROCESS_H
#define MASTER_PARKING_PROCESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct parking_events {
	void *ctx;
	/* Socket and state have come to it. */
	void (*held)(void *ctx, uint64_t connection);
	/* Nothing came, or the client has hung up: it has nothing of this connection any more. */
	void (*lost)(void *ctx, uint64_t connection);
	/* The client has sent something. */
	void (*woken)(void *ctx, uint64_t connection);
	/* It has ended, and with it everything it held or was to hold; the text says why. */
	void (*ended)(void *ctx, const char *text);
};

struct parking_process;

/* ERR_MEMORY. Starts nothing yet. */
MUST int parking_process_new(struct parking_process **out, uv_loop_t *loop,
    const struct parking_events *events);
/* Closes its socket: it ends, and its connections with it. */
void parking_process_free(struct parking_process **process);

/*
 * A state and a socket will come over this descriptor, which is taken in any case. Starts the
 * process when there is none. ERR_UNAVAILABLE when it cannot be started, ERR_MEMORY.
 */
MUST int parking_process_take(struct parking_process *process, uint64_t connection, int fd);
/* They are to go over this descriptor, which is taken in any case. ERR_UNAVAILABLE, ERR_MEMORY. */
MUST int parking_process_give(struct parking_process *process, uint64_t connection, int fd);
/* The connection has ended. */
void parking_process_drop(struct parking_process *process, uint64_t connection);

#endif
