#include "master/nursery_process.h"

#include "base/fd.h"
#include "master/role_exec.h"

#include <stdlib.h>

enum { MESSAGES_AT_ONCE = 64 };

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

void
nursery_process_close(struct nursery_process *p, struct outbox *rescued)
{
	outbox_rescue(&p->out, rescued);
	if (p->poll != NULL) {
		uv_close((uv_handle_t *)p->poll, free_handle);
		p->poll = NULL;
	}
	fd_close(&p->fd);
	ipc_inbox_free(&p->inbox);
}

static void on_event(uv_poll_t *poll, int status, int events);

int
nursery_process_flush(struct nursery_process *p)
{
	return p->fd < 0 ? ERR_EOF : outbox_flush(&p->out, p->fd, p->poll, on_event);
}

int
nursery_process_send(struct nursery_process *p, struct buf *message, const int *fds,
	size_t fd_count)
{
	int err = outbox_put(&p->out, message, fds, fd_count);

	return err != 0 ? err : nursery_process_flush(p);
}

void
nursery_process_read(struct nursery_process *p)
{
	for (int i = 0; i < MESSAGES_AT_ONCE && p->fd >= 0; i++) {
		struct ipc_message message;
		int err = ipc_receive(p->fd, &p->inbox, &message);

		if (err == ERR_AGAIN)
			return;
		if (err == 0) {
			if ((err = ipc_gate_check(&p->gate, &message)) == 0)
				err = p->events->said(p->ctx, &message);
			ipc_message_close_fds(&message);
		}
		if (err != 0) {
			p->events->lost(p->ctx, err);
			return;
		}
	}
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct nursery_process *p = poll->data;

	if ((events & UV_WRITABLE) != 0 && nursery_process_flush(p) != 0)
		p->events->lost(p->ctx, ERR_EOF);
	else if (status != 0 || (events & UV_READABLE) != 0)
		nursery_process_read(p);
}

int
nursery_process_start(struct nursery_process *p, uv_loop_t *loop,
	const struct nursery_process_events *events, void *ctx)
{
	*p = (struct nursery_process){ .fd = -1, .events = events, .ctx = ctx,
		.gate = { .peer = IPC_ROLE_NURSERY, .phase = PHASE_START } };
	outbox_init(&p->out);
	if (role_exec("nursery", true, &p->pid, &p->fd) != 0)
		return ERR_IO;
	p->poll = malloc(sizeof(*p->poll));
	if (p->poll == NULL || uv_poll_init(loop, p->poll, p->fd) != 0)
		bug("cannot watch the nursery");
	p->poll->data = p;
	return nursery_process_flush(p);
}
