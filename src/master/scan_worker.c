#include "master/scan_worker.h"

#include "base/fd.h"
#include "ipc/ipc.h"
#include "master/home.h"
#include "master/state.h"

#include <stdlib.h>
#include <uv.h>

struct scan_worker {
	struct master *master;
	struct scan_worker_events events;
	uint64_t number;
	pid_t pid; /* 0: not forked yet */
	int fd;
	uv_poll_t *poll;
	struct ipc_gate gate;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static int
on_scan_progress(struct scan_worker *w, struct rd fields)
{
	struct ipc_scan_progress message;
	int err = ipc_decode_scan_progress(fields, &message);

	if (err == 0)
		w->events.progress(w->events.ctx,
		    (struct amount){ (int64_t)message.bytes, (int64_t)message.files });
	return err;
}

/* The worker is gone afterwards. */
static int
on_scan_done(struct scan_worker *w, struct rd fields)
{
	struct ipc_scan_done message;
	char error[256];
	int err = ipc_decode_scan_done(fields, &message);

	if (err == 0)
		err = view_copy(message.error, error, sizeof(error));
	if (err == 0)
		w->events.done(w->events.ctx,
		    (struct amount){ (int64_t)message.bytes, (int64_t)message.files },
		    error[0] != '\0' ? error : NULL);
	return err;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct scan_worker *w = poll->data;
	struct ipc_message message;
	int err = ipc_receive(w->fd, &w->master->inbox, &message);

	(void)status;
	(void)events;
	if (err == ERR_AGAIN)
		return;
	if (err == 0)
		err = ipc_gate_check(&w->gate, &message);
	if (err == 0 && message.type == IPC_SCAN_DONE)
		err = on_scan_done(w, message.fields);
	else if (err == 0)
		err = on_scan_progress(w, message.fields);
	ipc_message_close_fds(&message);
	if (err != 0)
		w->events.done(w->events.ctx, (struct amount){ 0 },
		    err == ERR_EOF ? "its process has ended" : err_text(err));
}

static int
watch(struct scan_worker *w, int *worker_fd_out)
{
	int pair[2];

	if (ipc_pair(pair) != 0)
		return ERR_IO;
	w->fd = pair[0];
	*worker_fd_out = pair[1];
	w->gate = (struct ipc_gate){ .peer = IPC_ROLE_SCAN, .phase = PHASE_RUN };
	w->poll = malloc(sizeof(*w->poll));
	if (w->poll == NULL || uv_poll_init(&w->master->loop, w->poll, w->fd) != 0) {
		free(w->poll);
		w->poll = NULL;
		return ERR_MEMORY;
	}
	w->poll->data = w;
	uv_poll_start(w->poll, UV_READABLE, on_readable);
	return 0;
}

int
scan_worker_start(struct scan_worker **out, struct master *m, const struct user *user,
	int root_fd, const struct scan_worker_events *events)
{
	struct scan_worker *w = calloc(1, sizeof(*w));
	struct nurseries_session scan = { .connection = ++m->last_connection,
		.username = user->username };
	int worker_fd = -1, err = w == NULL ? ERR_MEMORY : 0;

	*out = NULL;
	scan.change_ids = home_ids(user, m->map_ids, &scan.uid, &scan.gid);
	if (err == 0) {
		*w = (struct scan_worker){ .master = m, .events = *events,
			.number = scan.connection, .fd = -1 };
		err = watch(w, &worker_fd);
	}
	if (err == 0)
		err = nurseries_fork_scan(m->nurseries, &scan, fd_take(&worker_fd),
		    fd_take(&root_fd));
	fd_close(&worker_fd);
	fd_close(&root_fd);
	if (err == 0)
		*out = w;
	else
		scan_worker_free(&w);
	return err;
}

void
scan_worker_free(struct scan_worker **worker)
{
	struct scan_worker *w = *worker;

	*worker = NULL;
	if (w == NULL)
		return;
	if (w->poll != NULL)
		uv_close((uv_handle_t *)w->poll, free_handle);
	fd_close(&w->fd);
	/* of one that has ended, and of one whose number will come, others see to it */
	if (w->pid != 0)
		nurseries_kill(w->master->nurseries, w->pid);
	free(w);
}

uint64_t
scan_worker_number(const struct scan_worker *worker)
{
	return worker->number;
}

void
scan_worker_forked(struct scan_worker *worker, pid_t pid)
{
	worker->pid = pid;
}
