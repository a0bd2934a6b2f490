/*
 * handover.h - the connection on its way from the login worker to the session worker.
 *
 * Over a private socket pair that the master made and keeps no end of: the TCP socket as a
 * descriptor, and the transport's state as bytes, which the receiver treats as an enemy's.
 */
#ifndef WORKER_HANDOVER_H
#define WORKER_HANDOVER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* A state of so many bytes is received by one call: over a packet socket it comes whole. */
enum { HANDOVER_WHOLE_MAX = 4092 };

/* Sends the socket and the state; both stay the caller's. 0, ERR_LIMIT, ERR_EOF or ERR_IO. */
MUST int handover_send(int fd, int client_fd, struct view state);
/*
 * Receives them into an empty buffer and a descriptor of the caller. 0, ERR_EOF when the login
 * worker ended without sending, ERR_TIMEOUT, ERR_PROTOCOL for anything but one socket and one
 * state, ERR_LIMIT, ERR_MEMORY, ERR_IO.
 */
MUST int handover_receive(int fd, uint64_t deadline_ms, struct buf *state_out, int *client_out);

#endif
