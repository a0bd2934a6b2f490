/*
 * master_link.h - a worker's end of its socket pair to the master.
 *
 * Keeps the receive buffer, the gate and one message that is being built. The first failure stays:
 * later sends do nothing, so that code deep in a callback need not carry the error out; its loop
 * asks master_link_error(). Used by the nursery and by every worker.
 */
#ifndef WORKER_MASTER_LINK_H
#define WORKER_MASTER_LINK_H

#include "base/log_line.h"
#include "ipc/ipc.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct master_link {
	int fd; /* borrowed */
	struct ipc_inbox inbox;
	struct ipc_gate gate;
	struct buf out; /* the message to send next, as its ipc_encode_*() left it */
	struct buf reports;      /* the records of a TRANSFERS_DONE that waits */
	uint64_t reports_due_ms; /* when it goes out; 0: there are none */
	STAILQ_HEAD(, kept_message) kept; /* that came while another was waited for */
	struct kept_message *handed; /* the one of them that the last poll gave */
	unsigned kept_count;
	uint32_t logs;
	int error;
};

void master_link_init(struct master_link *link, int fd, enum ipc_phase phase);
/* Wipes and frees the buffers. */
void master_link_free(struct master_link *link);
int master_link_error(const struct master_link *link);
/*
 * Sends link->out and wipes it. Waits for a slow master, but not for one that takes nothing at all
 * for half a minute. 0 or the link's error. A message that breaks its own limits is not sent and
 * is returned as the buffer's error, which is no error of the link.
 */
int master_link_send(struct master_link *link);
/*
 * Keeps the TRANSFER_DONE in link->out back, for a few milliseconds, so that many small files cost
 * one message. Any other message goes out behind it. The owner calls master_link_flush() when
 * reports_due_ms has come.
 */
void master_link_report_transfer(struct master_link *link, uint64_t now_ms);
/* Sends what was kept back. */
void master_link_flush(struct master_link *link);
/*
 * The next message that the gate lets through, waiting until the deadline (0: without end). 0,
 * ERR_TIMEOUT, ERR_EOF, or what the gate said. Descriptors are the caller's to close.
 */
MUST int master_link_receive(
    struct master_link *link, uint64_t deadline_ms, struct ipc_message *out);
/* The same without waiting: ERR_AGAIN when there is none. */
MUST int master_link_poll(struct master_link *link, struct ipc_message *out);
/*
 * Hands every message that is there to the handler, and closes the descriptors that it left. 0 when
 * none is left, else the first error, of the link or of the handler.
 */
typedef int master_link_handler(void *ctx, struct ipc_message *message);
MUST int master_link_dispatch(struct master_link *link, master_link_handler *handler, void *ctx);
/*
 * In the middle of something: hands what comes to the handler until it has set *done, or the
 * deadline has passed. What the handler answers with ERR_AGAIN is kept for the next poll. 0,
 * ERR_TIMEOUT, or the first other error.
 */
MUST int master_link_await(struct master_link *link, uint64_t deadline_ms,
    master_link_handler *handler, void *ctx, const bool *done);
/* True when something was kept: the next poll gives it, and no descriptor tells. */
bool master_link_has_kept(const struct master_link *link);
/* A line for the master's log. What is above the number that the table allows is left out. */
void master_link_log(
    struct master_link *link, enum log_level level, const char *sender, const char *text);

#endif
