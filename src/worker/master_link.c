#include "worker/master_link.h"

#include "base/clock.h"
#include "base/fd.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	SEND_MS_MAX = 30 * 1000,
	/* Short enough that a line of the log does not seem late. */
	REPORTS_MS = 10,
	REPORTS_BYTES_MAX = 32 * 1024,
	TYPE_BYTES = 1,
	KEPT_MAX = 64,
};

/* A message that came at the wrong moment. */
struct kept_message {
	STAILQ_ENTRY(kept_message) link;
	struct ipc_message message;
	uint8_t bytes[];
};

void
master_link_init(struct master_link *link, int fd, enum ipc_phase phase)
{
	*link = (struct master_link){ .fd = fd,
		.gate = { .peer = IPC_ROLE_MASTER, .phase = phase },
		.out = buf_init(IPC_BYTES_MAX), .reports = buf_init(REPORTS_BYTES_MAX) };
	STAILQ_INIT(&link->kept);
}

void
master_link_free(struct master_link *link)
{
	struct kept_message *kept;

	while ((kept = STAILQ_FIRST(&link->kept)) != NULL) {
		STAILQ_REMOVE_HEAD(&link->kept, link);
		ipc_message_close_fds(&kept->message);
		free(kept);
	}
	free(link->handed);
	link->handed = NULL;
	ipc_inbox_free(&link->inbox);
	buf_free(&link->out);
	buf_free(&link->reports);
}

int
master_link_error(const struct master_link *link)
{
	return link->error;
}

static int
send_message(struct master_link *link, const struct buf *message)
{
	int err = buf_error(message);

	if (err == 0 && (err = link->error) == 0) {
		uint64_t deadline_ms = clock_mono_ms() + SEND_MS_MAX;

		while ((err = ipc_send(link->fd, message, NULL, 0, false)) == ERR_AGAIN) {
			if ((err = fd_wait(link->fd, POLLOUT, deadline_ms)) != 0)
				break;
		}
		link->error = err;
	}
	return err;
}

void
master_link_flush(struct master_link *link)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (link->reports_due_ms == 0)
		return;
	ipc_encode_transfers_done(
	    &message, &(struct ipc_transfers_done){ .records = buf_view(&link->reports) });
	(void)send_message(link, &message);
	buf_free(&message);
	buf_clear(&link->reports);
	link->reports_due_ms = 0;
}

void
master_link_report_transfer(struct master_link *link, uint64_t now_ms)
{
	struct view record = buf_view(&link->out);

	/* a path that no message can carry is not reported, as in master_link_send() */
	if (record.n > TYPE_BYTES) {
		record.p += TYPE_BYTES;
		record.n -= TYPE_BYTES;
		if (link->reports.n + 4 + record.n > REPORTS_BYTES_MAX)
			master_link_flush(link);
		buf_str(&link->reports, record);
		if (link->reports_due_ms == 0)
			link->reports_due_ms = now_ms + REPORTS_MS;
	}
	buf_clear(&link->out);
}

int
master_link_send(struct master_link *link)
{
	int err;

	master_link_flush(link);
	err = send_message(link, &link->out);
	/* it may have held a password */
	buf_free(&link->out);
	return err;
}

static int
poll_socket(struct master_link *link, struct ipc_message *out)
{
	int err = ipc_receive(link->fd, &link->inbox, out);

	if (err == 0 && (err = ipc_gate_check(&link->gate, out)) != 0)
		ipc_message_close_fds(out);
	if (err != 0 && err != ERR_AGAIN && link->error == 0)
		link->error = err;
	return err;
}

int
master_link_poll(struct master_link *link, struct ipc_message *out)
{
	free(link->handed);
	if ((link->handed = STAILQ_FIRST(&link->kept)) == NULL)
		return poll_socket(link, out);
	STAILQ_REMOVE_HEAD(&link->kept, link);
	link->kept_count--;
	*out = link->handed->message;
	return 0;
}

/* Takes the descriptors. */
static int
keep(struct master_link *link, struct ipc_message *message)
{
	struct kept_message *kept;

	if (link->kept_count == KEPT_MAX)
		return ERR_LIMIT;
	if ((kept = malloc(sizeof(*kept) + message->fields.n)) == NULL)
		return ERR_MEMORY;
	memcpy(kept->bytes, message->fields.p, message->fields.n);
	kept->message = *message;
	kept->message.fields = rd_init(kept->bytes, message->fields.n);
	for (size_t i = 0; i < IPC_DESCRIPTORS_MAX; i++)
		message->fds[i] = -1;
	STAILQ_INSERT_TAIL(&link->kept, kept, link);
	link->kept_count++;
	return 0;
}

bool
master_link_has_kept(const struct master_link *link)
{
	return !STAILQ_EMPTY(&link->kept);
}

int
master_link_await(struct master_link *link, uint64_t deadline_ms, master_link_handler *handler,
    void *ctx, const bool *done)
{
	int err = 0;

	while (err == 0 && !*done) {
		struct ipc_message message;

		if ((err = poll_socket(link, &message)) == ERR_AGAIN) {
			err = fd_wait(link->fd, POLLIN, deadline_ms);
			continue;
		}
		if (err == 0 && (err = handler(ctx, &message)) == ERR_AGAIN)
			err = keep(link, &message);
		ipc_message_close_fds(&message);
	}
	return err;
}

int
master_link_receive(struct master_link *link, uint64_t deadline_ms, struct ipc_message *out)
{
	for (;;) {
		int err = master_link_poll(link, out);

		if (err != ERR_AGAIN)
			return err;
		if ((err = fd_wait(link->fd, POLLIN, deadline_ms)) != 0)
			return err;
	}
}

int
master_link_dispatch(struct master_link *link, master_link_handler *handler, void *ctx)
{
	for (;;) {
		struct ipc_message message;
		int err = master_link_poll(link, &message);

		if (err != 0)
			return err == ERR_AGAIN ? 0 : err;
		err = handler(ctx, &message);
		ipc_message_close_fds(&message);
		if (err != 0)
			return err;
	}
}

void
master_link_log(
    struct master_link *link, enum log_level level, const char *sender, const char *text)
{
	struct view message = view_of(text);

	if (link->logs >= ipc_rows[IPC_LOG].max_count)
		return;
	link->logs++;
	if (message.n > 2048)
		message.n = 2048;
	ipc_encode_log(&link->out,
	    &(struct ipc_log){
		.level = (uint8_t)level, .sender = view_of(sender), .message = message });
	(void)master_link_send(link);
}
