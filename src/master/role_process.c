#include "master/role_process.h"

#include "base/fd.h"
#include "master/outbox.h"
#include "master/role_exec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Messages taken before others have their turn. */
enum { MESSAGES_AT_ONCE = 64 };

struct role_process {
	struct role_process_settings settings;
	pid_t pid; /* 0: there is none */
	int fd;
	uv_poll_t *poll;
	uv_signal_t *child_signal;
	struct ipc_inbox inbox;
	struct ipc_gate gate;
	struct outbox out;
	unsigned failed_starts;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
close_socket(struct role_process *p)
{
	if (p->poll != NULL) {
		uv_close((uv_handle_t *)p->poll, free_handle);
		p->poll = NULL;
	}
	fd_close(&p->fd);
	outbox_free(&p->out);
}

void
role_process_give_up(struct role_process *p, const char *text)
{
	if (p->fd < 0)
		return;
	if (p->gate.phase == PHASE_START)
		p->failed_starts++;
	close_socket(p);
	if (p->pid != 0)
		kill(p->pid, SIGKILL);
	p->settings.ended(p->settings.ctx, text);
}

static void on_event(uv_poll_t *poll, int status, int events);

/* Sends what can be sent, and asks to be called again when something is left. */
static void
flush(struct role_process *p)
{
	int err = outbox_flush(&p->out, p->fd, p->poll, on_event);

	/* after ERR_EOF its end is on the way, and with it why */
	if (err != 0 && err != ERR_EOF)
		role_process_give_up(p, err_text(err));
}

static void
take_messages(struct role_process *p)
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
			err = ipc_gate_check(&p->gate, &message);
			if (err == 0)
				err = p->settings.said(p->settings.ctx, &message);
			ipc_message_close_fds(&message);
		}
		if (err != 0)
			role_process_give_up(p, err_text(err));
	}
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct role_process *p = poll->data;

	(void)status;
	if (events & UV_WRITABLE)
		flush(p);
	take_messages(p);
}

/* ---- its life */

int
role_process_start(struct role_process *p)
{
	/* the last one is not reaped yet */
	if (p->pid != 0)
		return ERR_UNAVAILABLE;
	if ((p->poll = malloc(sizeof(*p->poll))) == NULL)
		return ERR_UNAVAILABLE;
	if (role_exec(p->settings.role, false, &p->pid, &p->fd) != 0 ||
	    uv_poll_init(p->settings.loop, p->poll, p->fd) != 0) {
		free(p->poll);
		p->poll = NULL;
		fd_close(&p->fd);
		return ERR_UNAVAILABLE;
	}
	p->poll->data = p;
	p->gate = (struct ipc_gate){ .peer = p->settings.peer, .phase = PHASE_START };
	flush(p);
	return 0;
}

static void
on_child(uv_signal_t *handle, int number)
{
	struct role_process *p = handle->data;
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
	role_process_give_up(p, text);
}

int
role_process_new(struct role_process **out, const struct role_process_settings *settings)
{
	struct role_process *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return ERR_MEMORY;
	p->settings = *settings;
	p->fd = -1;
	outbox_init(&p->out);
	p->child_signal = malloc(sizeof(*p->child_signal));
	if (p->child_signal == NULL || uv_signal_init(settings->loop, p->child_signal) != 0) {
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
role_process_free(struct role_process **process)
{
	struct role_process *p = *process;

	if (p == NULL)
		return;
	uv_signal_stop(p->child_signal);
	uv_close((uv_handle_t *)p->child_signal, free_handle);
	close_socket(p);
	ipc_inbox_free(&p->inbox);
	free(p);
	*process = NULL;
}

bool
role_process_is_there(const struct role_process *p)
{
	return p->fd >= 0;
}

void
role_process_ready(struct role_process *p)
{
	p->gate.phase = PHASE_RUN;
	p->failed_starts = 0;
}

unsigned
role_process_failed_starts(const struct role_process *p)
{
	return p->failed_starts;
}

int
role_process_send(struct role_process *p, struct buf *message, int fd)
{
	int err;

	if (p->fd < 0) {
		fd_close(&fd);
		buf_free(message);
		return ERR_UNAVAILABLE;
	}
	err = outbox_put(&p->out, message, &fd, fd >= 0 ? 1 : 0);
	if (err == 0)
		flush(p);
	return err;
}
