#include "master/parking_process.h"

#include "base/fd.h"
#include "base/process_title.h"
#include "ipc/ipc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* Where the process finds its socket. */
	PARKING_FD = 3,
	/* Ends before it is ready, one after the other, before it is not started any more. */
	FAILED_STARTS_MAX = 5,
	/* Messages taken before others have their turn. */
	MESSAGES_AT_ONCE = 64,
};

/* A message that waits until the process takes it. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct buf message;
	int fd; /* -1: none */
};

struct parking_process {
	uv_loop_t *loop;
	struct parking_events events;
	pid_t pid; /* 0: there is none */
	int fd;
	uv_poll_t *poll;
	uv_signal_t *child_signal;
	struct ipc_inbox inbox;
	struct ipc_gate gate;
	STAILQ_HEAD(, waiting) waiting;
	unsigned failed_starts;
	bool closing;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
waiting_free(struct waiting *w)
{
	fd_close(&w->fd);
	buf_free(&w->message);
	free(w);
}

static void
close_socket(struct parking_process *p)
{
	struct waiting *w;

	if (p->poll != NULL) {
		uv_poll_stop(p->poll);
		uv_close((uv_handle_t *)p->poll, free_handle);
		p->poll = NULL;
	}
	fd_close(&p->fd);
	while ((w = STAILQ_FIRST(&p->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->waiting, link);
		waiting_free(w);
	}
}

/* Of no use any more: its end is waited for, a new one comes when one is wanted. */
static void
give_up(struct parking_process *p, const char *text)
{
	if (p->fd < 0)
		return;
	if (p->gate.phase == PHASE_START)
		p->failed_starts++;
	close_socket(p);
	if (p->pid != 0)
		kill(p->pid, SIGKILL);
	p->events.ended(p->events.ctx, text);
}

static bool
is_ready(const struct parking_process *p)
{
	return p->fd >= 0 && p->gate.phase == PHASE_RUN;
}

static void on_ready_for_something(uv_poll_t *poll, int status, int events);

/* Sends what can be sent, and asks to be called again when something is left. */
static void
flush(struct parking_process *p)
{
	struct waiting *w;
	int err = 0;

	while (is_ready(p) && err == 0 && (w = STAILQ_FIRST(&p->waiting)) != NULL) {
		err = ipc_send(p->fd, &w->message, &w->fd, w->fd >= 0 ? 1 : 0, false);
		/* its end is on the way, and with it why */
		if (err == ERR_EOF)
			return;
		if (err != 0)
			break;
		STAILQ_REMOVE_HEAD(&p->waiting, link);
		waiting_free(w);
	}
	if (err != 0 && err != ERR_AGAIN)
		give_up(p, err_text(err));
	else if (p->poll != NULL)
		uv_poll_start(p->poll, err == ERR_AGAIN ? UV_READABLE | UV_WRITABLE : UV_READABLE,
		    on_ready_for_something);
}

/* Takes the message and the descriptor. */
static int
queue(struct parking_process *p, struct buf *message, int fd)
{
	struct waiting *w = NULL;
	int err = buf_error(message);

	if (err == 0 && (w = calloc(1, sizeof(*w))) == NULL)
		err = ERR_MEMORY;
	if (err != 0) {
		fd_close(&fd);
		buf_free(message);
		return err;
	}
	w->message = *message;
	w->fd = fd;
	STAILQ_INSERT_TAIL(&p->waiting, w, link);
	flush(p);
	return 0;
}

/* ---- what it says */

static int
on_parking_ready(struct parking_process *p, struct rd fields)
{
	struct ipc_parking_ready message;
	int err = ipc_decode_parking_ready(fields, &message);

	if (err != 0)
		return err;
	if (message.version != IPC_VERSION)
		return ERR_PROTOCOL;
	p->gate.phase = PHASE_RUN;
	p->failed_starts = 0;
	flush(p);
	return 0;
}

static int
on_park_held(struct parking_process *p, struct rd fields)
{
	struct ipc_park_held message;
	int err = ipc_decode_park_held(fields, &message);

	if (err == 0)
		p->events.held(p->events.ctx, message.connection);
	return err;
}

static int
on_park_lost(struct parking_process *p, struct rd fields)
{
	struct ipc_park_lost message;
	int err = ipc_decode_park_lost(fields, &message);

	if (err == 0)
		p->events.lost(p->events.ctx, message.connection);
	return err;
}

static int
on_park_woken(struct parking_process *p, struct rd fields)
{
	struct ipc_park_woken message;
	int err = ipc_decode_park_woken(fields, &message);

	if (err == 0)
		p->events.woken(p->events.ctx, message.connection);
	return err;
}

static int
dispatch(struct parking_process *p, const struct ipc_message *message)
{
	int err = ipc_gate_check(&p->gate, message);

	if (err != 0)
		return err;
	switch (message->type) {
	case IPC_PARKING_READY: return on_parking_ready(p, message->fields);
	case IPC_PARK_HELD: return on_park_held(p, message->fields);
	case IPC_PARK_LOST: return on_park_lost(p, message->fields);
	case IPC_PARK_WOKEN: return on_park_woken(p, message->fields);
	default: return ERR_PROTOCOL;
	}
}

static void
take_messages(struct parking_process *p)
{
	for (int i = 0; i < MESSAGES_AT_ONCE && p->fd >= 0; i++) {
		struct ipc_message message;
		int err = ipc_receive(p->fd, &p->inbox, &message);

		if (err == ERR_AGAIN)
			return;
		if (err == ERR_EOF) {
			/* on_child() knows more */
			uv_poll_stop(p->poll);
			if (p->pid != 0)
				kill(p->pid, SIGKILL);
			return;
		}
		if (err == 0) {
			err = dispatch(p, &message);
			ipc_message_close_fds(&message);
		}
		if (err != 0)
			give_up(p, err_text(err));
	}
}

static void
on_ready_for_something(uv_poll_t *poll, int status, int events)
{
	struct parking_process *p = poll->data;

	(void)status;
	if (events & UV_WRITABLE)
		flush(p);
	take_messages(p);
}

/* ---- its life */

/* What the child does between fork and exec: async-signal-safe calls only. */
static _Noreturn void
become_parking(int fd)
{
	static char name[] = "postern", role[] = "parking", room[] = PROCESS_TITLE_ROOM;
	char *const argv[] = { name, role, room, NULL };
	char *const envp[] = { NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fd, PARKING_FD) < 0)
		_exit(127);
	/* this is the file that runs now, also after an upgrade replaced it on disk */
	execve("/proc/self/exe", argv, envp);
	_exit(127);
}

static int
start(struct parking_process *p)
{
	int pair[2] = { -1, -1 }, high = -1;

	/* the last one is not reaped yet, or there is no point in trying */
	if (p->pid != 0 || p->closing || p->failed_starts >= FAILED_STARTS_MAX)
		return ERR_UNAVAILABLE;
	if (ipc_pair(pair) != 0 || (high = fcntl(pair[1], F_DUPFD_CLOEXEC, PARKING_FD + 1)) < 0 ||
	    (p->poll = malloc(sizeof(*p->poll))) == NULL)
		goto fail;
	if (uv_poll_init(p->loop, p->poll, pair[0]) != 0) {
		free(p->poll);
		p->poll = NULL;
		goto fail;
	}
	p->poll->data = p;
	p->fd = pair[0];
	p->gate = (struct ipc_gate){ .peer = IPC_ROLE_PARKING, .phase = PHASE_START };
	p->pid = fork();
	if (p->pid == 0)
		become_parking(high);
	fd_close(&pair[1]);
	fd_close(&high);
	if (p->pid < 0) {
		p->pid = 0;
		close_socket(p);
		return ERR_UNAVAILABLE;
	}
	uv_poll_start(p->poll, UV_READABLE, on_ready_for_something);
	return 0;
fail:
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	fd_close(&high);
	return ERR_UNAVAILABLE;
}

static void
on_child(uv_signal_t *handle, int number)
{
	struct parking_process *p = handle->data;
	char text[128];
	int status;

	(void)number;
	if (p->pid == 0 || waitpid(p->pid, &status, WNOHANG) != p->pid)
		return;
	p->pid = 0;
	/* what it had still to say comes before its end */
	if (p->fd >= 0)
		take_messages(p);
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "it died by signal %d (%s)%s", WTERMSIG(status),
		    strsignal(WTERMSIG(status)), WTERMSIG(status) == SIGSYS ?
			": it made a system call that its sandbox forbids" : "");
	else
		snprintf(text, sizeof(text), "it ended with status %d", WEXITSTATUS(status));
	give_up(p, text);
}

int
parking_process_new(struct parking_process **out, uv_loop_t *loop,
    const struct parking_events *events)
{
	struct parking_process *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return ERR_MEMORY;
	p->loop = loop;
	p->events = *events;
	p->fd = -1;
	STAILQ_INIT(&p->waiting);
	p->child_signal = malloc(sizeof(*p->child_signal));
	if (p->child_signal == NULL || uv_signal_init(loop, p->child_signal) != 0) {
		free(p->child_signal);
		free(p);
		return ERR_MEMORY;
	}
	p->child_signal->data = p;
	uv_signal_start(p->child_signal, on_child, SIGCHLD);
	*out = p;
	return 0;
}

void
parking_process_free(struct parking_process **process)
{
	struct parking_process *p = *process;

	if (p == NULL)
		return;
	p->closing = true;
	uv_signal_stop(p->child_signal);
	uv_close((uv_handle_t *)p->child_signal, free_handle);
	close_socket(p);
	ipc_inbox_free(&p->inbox);
	free(p);
	*process = NULL;
}

int
parking_process_take(struct parking_process *p, uint64_t connection, int fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int err;

	if (p->fd < 0 && (err = start(p)) != 0) {
		fd_close(&fd);
		return err;
	}
	ipc_encode_park_take(&message, &(struct ipc_park_take){ .connection = connection });
	return queue(p, &message, fd);
}

int
parking_process_give(struct parking_process *p, uint64_t connection, int fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (p->fd < 0) {
		fd_close(&fd);
		return ERR_UNAVAILABLE;
	}
	ipc_encode_park_give(&message, &(struct ipc_park_give){ .connection = connection });
	return queue(p, &message, fd);
}

void
parking_process_drop(struct parking_process *p, uint64_t connection)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (p == NULL || p->fd < 0)
		return;
	ipc_encode_park_drop(&message, &(struct ipc_park_drop){ .connection = connection });
	/* without memory for it the socket would stay open: the whole process goes rather */
	if (queue(p, &message, -1) != 0)
		give_up(p, "no memory");
}
