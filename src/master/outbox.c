#include "master/outbox.h"

#include "base/fd.h"

#include <stdlib.h>

struct outbox_message {
	STAILQ_ENTRY(outbox_message) link;
	struct buf bytes;
	int fds[IPC_DESCRIPTORS_MAX];
	size_t fd_count;
};

static void
message_free(struct outbox_message *m)
{
	for (size_t i = 0; i < m->fd_count; i++)
		fd_close(&m->fds[i]);
	buf_free(&m->bytes);
	free(m);
}

void
outbox_init(struct outbox *outbox)
{
	STAILQ_INIT(&outbox->list);
	outbox->watched = 0;
}

void
outbox_free(struct outbox *outbox)
{
	struct outbox_message *m;

	while ((m = STAILQ_FIRST(&outbox->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&outbox->list, link);
		message_free(m);
	}
	outbox->watched = 0;
}

bool
outbox_is_empty(const struct outbox *outbox)
{
	return STAILQ_EMPTY(&outbox->list);
}

int
outbox_put(struct outbox *outbox, struct buf *message, const int *fds, size_t fd_count)
{
	struct outbox_message *m = NULL;
	int err = buf_error(message);

	if (fd_count > IPC_DESCRIPTORS_MAX)
		bug("%zu descriptors", fd_count);
	if (err == 0 && (m = calloc(1, sizeof(*m))) == NULL)
		err = ERR_MEMORY;
	if (err != 0) {
		for (size_t i = 0; i < fd_count; i++)
			fd_close(&(int){ fds[i] });
		buf_free(message);
		return err;
	}
	m->bytes = *message;
	*message = buf_init(message->max);
	for (size_t i = 0; i < fd_count; i++)
		m->fds[i] = fds[i];
	m->fd_count = fd_count;
	STAILQ_INSERT_TAIL(&outbox->list, m, link);
	return 0;
}

int
outbox_send(struct outbox *outbox, int fd)
{
	struct outbox_message *m;

	while ((m = STAILQ_FIRST(&outbox->list)) != NULL) {
		int err = ipc_send(fd, &m->bytes, m->fds, m->fd_count, false);

		if (err != 0)
			return err;
		STAILQ_REMOVE_HEAD(&outbox->list, link);
		message_free(m);
	}
	return 0;
}

int
outbox_flush(struct outbox *outbox, int fd, uv_poll_t *poll, uv_poll_cb on_event)
{
	int err = outbox_send(outbox, fd), events = UV_READABLE;

	if (err == ERR_AGAIN) {
		events |= UV_WRITABLE;
		err = 0;
	}
	/* it costs two system calls, also when it changes nothing */
	if (err == 0 && events != outbox->watched) {
		uv_poll_start(poll, events, on_event);
		outbox->watched = events;
	}
	return err;
}

void
outbox_rescue(struct outbox *from, struct outbox *to)
{
	struct outbox_message *m;

	while ((m = STAILQ_FIRST(&from->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&from->list, link);
		if (m->fd_count > 0)
			STAILQ_INSERT_TAIL(&to->list, m, link);
		else
			message_free(m);
	}
}
