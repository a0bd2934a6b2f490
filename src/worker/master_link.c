#include "worker/master_link.h"

#include "base/clock.h"
#include "base/fd.h"

#include <poll.h>

enum {
	SEND_MS_MAX = 30 * 1000,
	/* Short enough that a line of the log does not seem late. */
	REPORTS_MS = 10,
	REPORTS_BYTES_MAX = 32 * 1024,
	TYPE_BYTES = 1,
};

void
master_link_init(struct master_link *link, int fd, enum ipc_phase phase)
{
	*link = (struct master_link){ .fd = fd,
		.gate = { .peer = IPC_ROLE_MASTER, .phase = phase },
		.out = buf_init(IPC_BYTES_MAX), .reports = buf_init(REPORTS_BYTES_MAX) };
}

void
master_link_free(struct master_link *link)
{
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

int
master_link_poll(struct master_link *link, struct ipc_message *out)
{
	int err = ipc_receive(link->fd, &link->inbox, out);

	if (err == 0 && (err = ipc_gate_check(&link->gate, out)) != 0)
		ipc_message_close_fds(out);
	if (err != 0 && err != ERR_AGAIN && link->error == 0)
		link->error = err;
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
