#include "master/program.h"

#include "base/fd.h"
#include "base/secret.h"
#include "ipc/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* Where a supervisor finds its socket. */
	SUPERVISOR_FD = 3,
	/* Messages taken before others have their turn: each may be 64 KiB. */
	MESSAGES_AT_ONCE = 16,
};

/* In line, running, or told to be over and waiting for the end of its supervisor. */
struct program {
	TAILQ_ENTRY(program) link;
	struct programs *owner;
	struct program_request request; /* path and variables are below */
	char *path;
	char **environment;
	pid_t pid; /* of the supervisor; 0: in line */
	int fd;
	uv_poll_t *poll;
	struct ipc_gate gate;
	uint64_t output_bytes;
	bool over; /* `ended` was called */
};

TAILQ_HEAD(program_list, program);

struct programs {
	uv_loop_t *loop;
	struct program_list waiting, running;
	unsigned running_count, at_once;
	uv_signal_t *child_signal;
	uv_timer_t *launch; /* fires at once: programs are started from the loop */
	struct ipc_inbox inbox;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

/* ---- what a program is given */

static bool
is_ours(const char *variable)
{
	return strncmp(variable, "SFTPGO_", strlen("SFTPGO_")) == 0;
}

static void
free_environment(char **environment)
{
	for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
		secret_free_str(environment[i]);
	free(environment);
}

static int
make_environment(const char *const *variables, char ***out)
{
	size_t room = 1, n = 0;

	for (size_t i = 0; environ[i] != NULL; i++)
		room++;
	for (size_t i = 0; variables[i] != NULL; i++)
		room++;
	if ((*out = calloc(room, sizeof(**out))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; environ[i] != NULL; i++) {
		if (!is_ours(environ[i]) && ((*out)[n++] = strdup(environ[i])) == NULL)
			return ERR_MEMORY;
	}
	for (size_t i = 0; variables[i] != NULL; i++) {
		if (((*out)[n++] = strdup(variables[i])) == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

static void
program_free(struct program *p)
{
	free_environment(p->environment);
	free(p->path);
	free(p);
}

/* ---- ending */

/* The supervisor kills the program, and then it ends, when it sees this. */
static void
close_socket(struct program *p)
{
	if (p->poll != NULL) {
		uv_close((uv_handle_t *)p->poll, free_handle);
		p->poll = NULL;
	}
	fd_close(&p->fd);
}

static void
tell_end(struct program *p, const struct program_end *end)
{
	if (p->over)
		return;
	p->over = true;
	close_socket(p);
	p->request.ended(p->request.ctx, end);
}

static void
tell_outcome(struct program *p, enum program_outcome outcome, int status)
{
	tell_end(p, &(struct program_end){ .outcome = outcome, .status = status });
}

/* ---- what its supervisor says */

static int
on_output(struct program *p, struct rd fields)
{
	struct ipc_program_output message;
	int err = ipc_decode_program_output(fields, &message);

	if (err != 0)
		return err;
	p->output_bytes += message.bytes.n;
	if (p->output_bytes > p->request.output_max)
		tell_outcome(p, PROGRAM_TALKED, 0);
	else
		p->request.output(p->request.ctx, message.bytes);
	return 0;
}

static int
on_ended(struct program *p, struct rd fields)
{
	static const enum program_outcome outcomes[] = { [IPC_PROGRAM_EXITED] = PROGRAM_EXITED,
		[IPC_PROGRAM_TIMED_OUT] = PROGRAM_TIMED_OUT,
		[IPC_PROGRAM_NOT_STARTED] = PROGRAM_FAILED };
	struct ipc_program_ended message;
	int err = ipc_decode_program_ended(fields, &message);

	if (err != 0)
		return err;
	tell_end(p, &(struct program_end){ .outcome = outcomes[message.ending],
		.status = (int)message.status, .errors = message.errors });
	return 0;
}

static int
dispatch(struct program *p, const struct ipc_message *message)
{
	int err = ipc_gate_check(&p->gate, message);

	if (err != 0)
		return err;
	switch (message->type) {
	case IPC_PROGRAM_OUTPUT: return on_output(p, message->fields);
	case IPC_PROGRAM_ENDED: return on_ended(p, message->fields);
	default: return ERR_PROTOCOL;
	}
}

static void
take_messages(struct program *p, int most)
{
	for (int i = 0; i < most && p->fd >= 0; i++) {
		struct ipc_message message;
		int err = ipc_receive(p->fd, &p->owner->inbox, &message);

		if (err == ERR_AGAIN)
			return;
		if (err == 0) {
			err = dispatch(p, &message);
			ipc_message_close_fds(&message);
		}
		if (err != 0)
			tell_outcome(p, PROGRAM_FAILED, 0);
	}
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	take_messages(poll->data, MESSAGES_AT_ONCE);
}

/* ---- starting */

/* 0, or an errno. posix_spawn(3) copies no page table of this process, which may be large. */
static int
spawn_supervisor(struct program *p, int fd)
{
	static char name[] = "postern", role[] = "supervisor";
	char limit[16];
	char *const argv[] = { name, role, limit, p->path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	if ((error = posix_spawnattr_init(&attributes)) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	snprintf(limit, sizeof(limit), "%u", (unsigned)p->request.limit_ms);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	error = posix_spawn_file_actions_adddup2(&actions, fd, SUPERVISOR_FD);
	/* this is the file that runs now, also after an upgrade replaced it on disk */
	if (error == 0)
		error = posix_spawn(&p->pid, "/proc/self/exe", &actions, &attributes, argv,
		    p->environment);
	if (error != 0)
		p->pid = 0;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* 0, or an errno. */
static int
launch(struct program *p)
{
	int pair[2] = { -1, -1 }, high = -1, error = EAGAIN;

	if (ipc_pair(pair) != 0 ||
	    (high = fcntl(pair[1], F_DUPFD_CLOEXEC, SUPERVISOR_FD + 1)) < 0 ||
	    (p->poll = malloc(sizeof(*p->poll))) == NULL)
		goto out;
	if (uv_poll_init(p->owner->loop, p->poll, pair[0]) != 0) {
		free(p->poll);
		p->poll = NULL;
		goto out;
	}
	p->poll->data = p;
	p->fd = fd_take(&pair[0]);
	p->gate = (struct ipc_gate){ .peer = IPC_ROLE_SUPERVISOR, .phase = PHASE_RUN };
	error = spawn_supervisor(p, high);
	/* what it may inherit is in its hands now; the password among it is not for us to keep */
	free_environment(p->environment);
	p->environment = NULL;
	if (error == 0)
		uv_poll_start(p->poll, UV_READABLE, on_readable);
out:
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	fd_close(&high);
	return error;
}

static unsigned
running_for(const struct programs *programs, const struct address *source)
{
	const struct program *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, &programs->running, link)
		n += address_eq(&p->request.source, source);
	return n;
}

/* The first whose client does not hold its share of the places already. */
static struct program *
first_in_line(const struct programs *programs)
{
	unsigned share = programs->at_once > 1 ? programs->at_once / 2 : 1;
	struct program *p;

	TAILQ_FOREACH(p, &programs->waiting, link) {
		if (running_for(programs, &p->request.source) < share)
			return p;
	}
	return NULL;
}

static void
on_launch(uv_timer_t *timer)
{
	struct programs *programs = timer->data;
	struct program *p;

	while (programs->running_count < programs->at_once &&
	    (p = first_in_line(programs)) != NULL) {
		int error;

		TAILQ_REMOVE(&programs->waiting, p, link);
		if ((error = launch(p)) != 0) {
			tell_outcome(p, PROGRAM_FAILED, error);
			program_free(p);
			continue;
		}
		TAILQ_INSERT_TAIL(&programs->running, p, link);
		programs->running_count++;
		if (p->request.without_input && program_write(p, (struct view){ 0 }, true) != 0)
			tell_outcome(p, PROGRAM_FAILED, 0);
	}
}

static void
launch_soon(struct programs *programs)
{
	if (!TAILQ_EMPTY(&programs->waiting))
		uv_timer_start(programs->launch, on_launch, 0, 0);
}

/* A supervisor ended: its place is free, and what it had still to say comes first. */
static void
on_child(uv_signal_t *handle, int number)
{
	struct programs *programs = handle->data;
	struct program *p, *next;
	int status;

	(void)number;
	for (p = TAILQ_FIRST(&programs->running); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (waitpid(p->pid, &status, WNOHANG) != p->pid)
			continue;
		/* all of it fits into a socket */
		take_messages(p, INT32_MAX);
		tell_outcome(p, PROGRAM_FAILED, 0);
		TAILQ_REMOVE(&programs->running, p, link);
		programs->running_count--;
		program_free(p);
	}
	launch_soon(programs);
}

/* ---- the interface */

int
programs_new(struct programs **out, uv_loop_t *loop, unsigned at_once)
{
	struct programs *programs = calloc(1, sizeof(*programs));

	*out = NULL;
	if (programs == NULL)
		return ERR_MEMORY;
	programs->child_signal = malloc(sizeof(*programs->child_signal));
	programs->launch = malloc(sizeof(*programs->launch));
	if (programs->child_signal == NULL || programs->launch == NULL) {
		free(programs->child_signal);
		free(programs->launch);
		free(programs);
		return ERR_MEMORY;
	}
	programs->loop = loop;
	programs->at_once = at_once;
	TAILQ_INIT(&programs->waiting);
	TAILQ_INIT(&programs->running);
	if (uv_signal_init(loop, programs->child_signal) != 0 ||
	    uv_timer_init(loop, programs->launch) != 0)
		bug("cannot watch programs");
	programs->child_signal->data = programs->launch->data = programs;
	uv_signal_start(programs->child_signal, on_child, SIGCHLD);
	*out = programs;
	return 0;
}

void
programs_set_limit(struct programs *programs, unsigned at_once)
{
	programs->at_once = at_once;
	launch_soon(programs);
}

void
programs_free(struct programs **programs)
{
	struct programs *all = *programs;
	struct program *p;

	if (all == NULL)
		return;
	while ((p = TAILQ_FIRST(&all->waiting)) != NULL)
		program_stop(&p);
	while ((p = TAILQ_FIRST(&all->running)) != NULL) {
		TAILQ_REMOVE(&all->running, p, link);
		tell_outcome(p, PROGRAM_STOPPED, 0);
		program_free(p);
	}
	uv_close((uv_handle_t *)all->child_signal, free_handle);
	uv_close((uv_handle_t *)all->launch, free_handle);
	ipc_inbox_free(&all->inbox);
	free(all);
	*programs = NULL;
}

int
program_start(struct programs *programs, const struct program_request *request,
    struct program **out)
{
	struct program *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return ERR_MEMORY;
	p->owner = programs;
	p->request = *request;
	p->request.path = NULL;
	p->request.variables = NULL;
	p->fd = -1;
	if ((p->path = strdup(request->path)) == NULL ||
	    make_environment(request->variables, &p->environment) != 0) {
		program_free(p);
		return ERR_MEMORY;
	}
	TAILQ_INSERT_TAIL(&programs->waiting, p, link);
	launch_soon(programs);
	*out = p;
	return 0;
}

int
program_write(struct program *p, struct view bytes, bool last)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int err = ERR_EOF;

	ipc_encode_program_input(&message, &(struct ipc_program_input){ .last = last,
		.bytes = bytes });
	if (p->fd >= 0)
		err = ipc_send(p->fd, &message, NULL, 0, false);
	buf_free(&message);
	return err;
}

void
program_stop(struct program **program)
{
	struct program *p = *program;

	*program = NULL;
	if (p == NULL)
		return;
	tell_outcome(p, PROGRAM_STOPPED, 0);
	if (p->pid == 0) {
		TAILQ_REMOVE(&p->owner->waiting, p, link);
		program_free(p);
	}
}
