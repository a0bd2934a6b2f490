#include "master/nurseries.h"

#include "ipc/ipc.h"
#include "master/nursery_process.h"
#include "master/outbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>

/* Nurseries that end before they are ready, one after the other, before we give up. */
enum { FAILED_STARTS_MAX = 5 };
enum { WORKER_BUCKETS = 1024 };

enum nursery_state { NURSERY_STARTING, NURSERY_SERVING, NURSERY_RETIRED };

struct nursery {
	LIST_ENTRY(nursery) link;
	struct nurseries *owner;
	enum nursery_state state;
	struct nursery_process process;
};

struct worker_process {
	LIST_ENTRY(worker_process) link; /* of its bucket */
	struct nursery *nursery; /* NULL: its nursery died, so it is our child now */
	uint64_t connection;
	pid_t pid;
	bool killed;
};

LIST_HEAD(worker_list, worker_process);

struct nurseries {
	uv_loop_t *loop;
	struct nurseries_events events;
	struct buf config;
	struct nursery *serving; /* STARTING or SERVING; NULL only while none can be started */
	LIST_HEAD(, nursery) all;
	struct worker_list workers[WORKER_BUCKETS]; /* by process id */
	unsigned worker_count;
	struct outbox waiting; /* requests to fork, while no nursery serves */
	uv_signal_t *child_signal;
	unsigned failed_starts;
	bool closing;
};

static void start_nursery(struct nurseries *n);

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
warn(struct nurseries *n, const char *text, int err)
{
	char line[256];

	snprintf(line, sizeof(line), "nursery: %s: %s", text, err_text(err));
	n->events.warn(n->events.ctx, line);
}

static struct worker_list *
bucket_of(struct nurseries *n, pid_t pid)
{
	return &n->workers[(unsigned)pid % WORKER_BUCKETS];
}

static struct worker_process *
find_worker(struct nurseries *n, pid_t pid)
{
	struct worker_process *w;

	LIST_FOREACH(w, bucket_of(n, pid), link) {
		if (w->pid == pid)
			return w;
	}
	return NULL;
}

static void
worker_free(struct nurseries *n, struct worker_process *w)
{
	LIST_REMOVE(w, link);
	free(w);
	n->worker_count--;
}

static void
close_socket(struct nursery *nursery)
{
	nursery_process_close(&nursery->process, &nursery->owner->waiting);
}

/* No more forks from this one; it ends after its last worker. */
static void
retire(struct nursery *nursery)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (nursery->state == NURSERY_RETIRED)
		return;
	nursery->state = NURSERY_RETIRED;
	outbox_rescue(&nursery->process.out, &nursery->owner->waiting);
	ipc_encode_nursery_retire(&message, &(struct ipc_nursery_retire){});
	if (nursery_process_send(&nursery->process, &message, NULL, 0) != 0)
		close_socket(nursery);
}

static void
replace_serving(struct nurseries *n)
{
	struct nursery *old = n->serving;

	n->serving = NULL;
	if (old != NULL)
		retire(old);
	if (n->closing)
		return;
	n->events.ready(n->events.ctx, false);
	start_nursery(n);
}

static void
nursery_lost(struct nursery *nursery)
{
	struct nurseries *n = nursery->owner;
	bool was_serving = n->serving == nursery;

	close_socket(nursery);
	if (!was_serving)
		return;
	if (nursery->state == NURSERY_STARTING)
		n->failed_starts++;
	nursery->state = NURSERY_RETIRED;
	n->serving = NULL;
	replace_serving(n);
}

static int
on_ready(struct nursery *nursery, struct rd fields)
{
	struct nurseries *n = nursery->owner;
	struct ipc_nursery_ready message;
	int err = ipc_decode_nursery_ready(fields, &message);

	if (err != 0)
		return err;
	if (message.version != IPC_VERSION)
		return ERR_PROTOCOL;
	nursery->process.gate.phase = PHASE_RUN;
	if (n->serving != nursery)
		return 0;
	nursery->state = NURSERY_SERVING;
	n->failed_starts = 0;
	outbox_rescue(&n->waiting, &nursery->process.out);
	n->events.ready(n->events.ctx, true);
	return nursery_process_flush(&nursery->process);
}

static int
on_forked(struct nursery *nursery, struct rd fields)
{
	struct nurseries *n = nursery->owner;
	struct ipc_nursery_forked message;
	struct worker_process *w;
	int err = ipc_decode_nursery_forked(fields, &message);

	if (err != 0)
		return err;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return ERR_MEMORY;
	w->nursery = nursery;
	w->connection = message.connection;
	w->pid = (pid_t)message.pid;
	LIST_INSERT_HEAD(bucket_of(n, w->pid), w, link);
	n->worker_count++;
	n->events.worker_forked(n->events.ctx, w->connection, w->pid);
	return 0;
}

static void
worker_exited(struct nurseries *n, struct worker_process *w, int status)
{
	struct worker_process copy = *w;

	/* it may have died of something else before our signal came */
	copy.killed = copy.killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	worker_free(n, w);
	/* A guess at addresses or at a canary ends in a signal: the next one meets another layout. */
	if (WIFSIGNALED(status) && !copy.killed && copy.nursery != NULL &&
	    copy.nursery == n->serving)
		replace_serving(n);
	n->events.worker_exited(n->events.ctx, copy.connection, copy.pid, status, copy.killed);
}

static int
on_exited(struct nursery *nursery, struct rd fields)
{
	struct ipc_nursery_exited message;
	struct worker_process *w;
	int err = ipc_decode_nursery_exited(fields, &message);

	if (err != 0)
		return err;
	w = find_worker(nursery->owner, (pid_t)message.pid);
	if (w == NULL || w->nursery != nursery || w->connection != message.connection)
		return ERR_PROTOCOL;
	worker_exited(nursery->owner, w, (int)message.status);
	return 0;
}

static int
on_said(void *ctx, const struct ipc_message *message)
{
	struct nursery *nursery = ctx;

	switch (message->type) {
	case IPC_NURSERY_READY: return on_ready(nursery, message->fields);
	case IPC_NURSERY_FORKED: return on_forked(nursery, message->fields);
	case IPC_NURSERY_EXITED: return on_exited(nursery, message->fields);
	default: return ERR_PROTOCOL;
	}
}

static void
on_lost(void *ctx, int err)
{
	struct nursery *nursery = ctx;

	if (err != ERR_EOF)
		warn(nursery->owner, "dropped", err);
	nursery_lost(nursery);
}

static void
start_nursery(struct nurseries *n)
{
	static const struct nursery_process_events events = { .said = on_said, .lost = on_lost };
	struct buf message = buf_init(IPC_BYTES_MAX);
	struct nursery *nursery;
	char text[160];

	if (n->failed_starts >= FAILED_STARTS_MAX) {
		n->events.failed(n->events.ctx, "the worker processes end before they are ready");
		return;
	}
	if ((nursery = calloc(1, sizeof(*nursery))) == NULL ||
	    nursery_process_start(&nursery->process, n->loop, &events, nursery) != 0) {
		snprintf(text, sizeof(text), "cannot start a worker process: %s", strerror(errno));
		free(nursery);
		n->events.failed(n->events.ctx, text);
		return;
	}
	nursery->owner = n;
	LIST_INSERT_HEAD(&n->all, nursery, link);
	n->serving = nursery;
	ipc_encode_nursery_setup(&message, &(struct ipc_nursery_setup){
		.version = IPC_VERSION, .config = buf_view(&n->config) });
	if (nursery_process_send(&nursery->process, &message, NULL, 0) != 0)
		nursery_lost(nursery);
}

static void
nursery_free(struct nursery *nursery)
{
	close_socket(nursery);
	LIST_REMOVE(nursery, link);
	free(nursery);
}

/* The nursery process ended: what it had forked is ours now (we are the subreaper). */
static void
nursery_reaped(struct nursery *nursery, int status)
{
	struct nurseries *n = nursery->owner;
	struct worker_process *w;

	/* what it had still to say comes before its end */
	nursery_process_read(&nursery->process);
	for (size_t i = 0; i < WORKER_BUCKETS; i++) {
		LIST_FOREACH(w, &n->workers[i], link) {
			if (w->nursery == nursery)
				w->nursery = NULL;
		}
	}
	if (WIFSIGNALED(status) && !n->closing)
		warn(n, strsignal(WTERMSIG(status)), ERR_EOF);
	nursery_lost(nursery);
	nursery_free(nursery);
}

static void
on_child(uv_signal_t *signal_handle, int number)
{
	struct nurseries *n = signal_handle->data;
	struct nursery *nursery, *next_nursery;
	struct worker_process *w, *next_worker;
	int status;

	(void)number;
	for (nursery = LIST_FIRST(&n->all); nursery != NULL; nursery = next_nursery) {
		next_nursery = LIST_NEXT(nursery, link);
		if (waitpid(nursery->process.pid, &status, WNOHANG) == nursery->process.pid)
			nursery_reaped(nursery, status);
	}
	for (size_t i = 0; i < WORKER_BUCKETS; i++) {
		for (w = LIST_FIRST(&n->workers[i]); w != NULL; w = next_worker) {
			next_worker = LIST_NEXT(w, link);
			if (w->nursery == NULL && waitpid(w->pid, &status, WNOHANG) == w->pid)
				worker_exited(n, w, status);
		}
	}
}

int
nurseries_new(struct nurseries **out, uv_loop_t *loop, struct view config,
	const struct nurseries_events *events)
{
	struct nurseries *n = calloc(1, sizeof(*n));

	*out = NULL;
	if (n == NULL)
		return ERR_MEMORY;
	n->loop = loop;
	n->events = *events;
	n->config = buf_init(IPC_BYTES_MAX);
	LIST_INIT(&n->all);
	for (size_t i = 0; i < WORKER_BUCKETS; i++)
		LIST_INIT(&n->workers[i]);
	outbox_init(&n->waiting);
	buf_raw(&n->config, config.p, config.n);
	n->child_signal = malloc(sizeof(*n->child_signal));
	if (buf_error(&n->config) != 0 || n->child_signal == NULL ||
	    uv_signal_init(loop, n->child_signal) != 0) {
		buf_free(&n->config);
		free(n->child_signal);
		free(n);
		return ERR_MEMORY;
	}
	n->child_signal->data = n;
	uv_signal_start(n->child_signal, on_child, SIGCHLD);
	*out = n;
	start_nursery(n);
	return 0;
}

void
nurseries_free(struct nurseries **nurseries)
{
	struct nurseries *n = *nurseries;
	struct nursery *nursery;
	struct worker_process *w;

	if (n == NULL)
		return;
	n->closing = true;
	uv_signal_stop(n->child_signal);
	uv_close((uv_handle_t *)n->child_signal, free_handle);
	while ((nursery = LIST_FIRST(&n->all)) != NULL)
		nursery_free(nursery);
	for (size_t i = 0; i < WORKER_BUCKETS; i++) {
		while ((w = LIST_FIRST(&n->workers[i])) != NULL)
			worker_free(n, w);
	}
	outbox_free(&n->waiting);
	buf_free(&n->config);
	free(n);
	*nurseries = NULL;
}

int
nurseries_replace(struct nurseries *n, struct view config, bool *replaced_out)
{
	struct buf copy = buf_init(IPC_BYTES_MAX);

	*replaced_out = !n->closing && !view_eq(buf_view(&n->config), config);
	if (!*replaced_out)
		return 0;
	buf_raw(&copy, config.p, config.n);
	if (buf_error(&copy) != 0) {
		buf_free(&copy);
		return ERR_MEMORY;
	}
	buf_free(&n->config);
	n->config = copy;
	replace_serving(n);
	return 0;
}

bool
nurseries_ready(const struct nurseries *n)
{
	return n->serving != NULL && n->serving->state == NURSERY_SERVING;
}

/* Takes the message and both descriptors. */
static int
request_fork(struct nurseries *n, struct buf *message, int first_fd, int second_fd)
{
	const int fds[2] = { first_fd, second_fd };
	struct nursery *nursery = n->serving;
	int err;

	if (!nurseries_ready(n))
		return outbox_put(&n->waiting, message, fds, 2);
	if ((err = outbox_put(&nursery->process.out, message, fds, 2)) != 0)
		return err;
	/* the next nursery will do it */
	if (nursery_process_flush(&nursery->process) != 0)
		nursery_lost(nursery);
	return 0;
}

int
nurseries_fork_login(struct nurseries *n, uint64_t connection, const char *address,
	enum proxy_use proxy, int client_fd, int worker_fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_fork_login(&message, &(struct ipc_fork_login){ .connection = connection,
		.address = view_of(address), .proxy = (uint8_t)proxy });
	return request_fork(n, &message, client_fd, worker_fd);
}

int
nurseries_fork_session(struct nurseries *n, const struct nurseries_session *session, int worker_fd,
	int handover_fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_fork_session(&message, &(struct ipc_fork_session){
		.connection = session->connection, .username = view_of(session->username),
		.change_ids = session->change_ids, .uid = session->uid, .gid = session->gid });
	return request_fork(n, &message, worker_fd, handover_fd);
}

int
nurseries_fork_scan(struct nurseries *n, const struct nurseries_session *scan, int worker_fd,
	int root_fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_fork_scan(&message, &(struct ipc_fork_scan){
		.scan = scan->connection, .username = view_of(scan->username),
		.change_ids = scan->change_ids, .uid = scan->uid, .gid = scan->gid });
	return request_fork(n, &message, worker_fd, root_fd);
}

void
nurseries_kill(struct nurseries *n, pid_t pid)
{
	struct worker_process *w = find_worker(n, pid);
	struct buf message = buf_init(IPC_BYTES_MAX);
	int err;

	if (w == NULL)
		return;
	w->killed = true;
	if (w->nursery == NULL) {
		kill(pid, SIGKILL);
		return;
	}
	/* its parent kills it: only there is the number sure to be this process still */
	ipc_encode_kill_worker(&message, &(struct ipc_kill_worker){ .pid = (uint32_t)pid });
	err = nursery_process_send(&w->nursery->process, &message, NULL, 0);
	/* one that has ended by itself may have told of ends that are still to be read */
	if (err != 0 && err != ERR_EOF)
		nursery_lost(w->nursery);
}

void
nurseries_count(const struct nurseries *n, unsigned *nurseries_out, unsigned *workers_out)
{
	const struct nursery *nursery;

	*nurseries_out = 0;
	*workers_out = n->worker_count;
	LIST_FOREACH(nursery, &n->all, link)
		(*nurseries_out)++;
}
