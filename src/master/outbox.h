/*
 * outbox.h - messages for one process, in order, for a sender that must not wait.
 *
 * The kernel holds only so much for a socket. Two processes that both wait for room at the other's
 * side would wait for ever, so the master keeps what does not fit and sends it when there is room.
 * Private to master/.
 */
#ifndef MASTER_OUTBOX_H
#define MASTER_OUTBOX_H

#include "base/buf.h"
#include "base/err.h"
#include "ipc/ipc.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

struct outbox_message;

struct outbox {
	STAILQ_HEAD(, outbox_message) list;
	int watched; /* the events that outbox_flush() has asked for */
};

void outbox_init(struct outbox *outbox);
/* Forgets what is left and closes its descriptors. */
void outbox_free(struct outbox *outbox);
bool outbox_is_empty(const struct outbox *outbox);
/*
 * Puts an encoded message at the end; takes it and its descriptors, also when it fails: ERR_MEMORY,
 * or the buffer's own error.
 */
MUST int outbox_put(struct outbox *outbox, struct buf *message, const int *fds, size_t fd_count);
/*
 * Sends what the socket takes. 0 when nothing is left, ERR_AGAIN when the rest waits for room,
 * else the error of the socket.
 */
MUST int outbox_send(struct outbox *outbox, int fd);
/*
 * Sends what the socket takes and has the loop call back when there is something to read, and
 * when there is room for what is left. `poll` watches the socket, and nobody else starts it until
 * outbox_free(). 0, or the error of the socket.
 */
MUST int outbox_flush(struct outbox *outbox, int fd, uv_poll_t *poll, uv_poll_cb on_event);
/*
 * Moves the messages that carry descriptors to the end of another one: whoever was to get them will
 * not, and somebody else may. The others are forgotten.
 */
void outbox_rescue(struct outbox *from, struct outbox *to);

#endif
