/* The supervisor: runs one program of the administrator, and ends all that came of it. */
#include "worker/worker.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/process_title.h"
#include "sandbox/sandbox.h"
#include "worker/master_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	OUTPUT_AT_ONCE = 64 * 1024,
	ERRORS_MAX = 1024,
	INPUT_MAX = 256 * 1024, /* that the program has not read yet */
	CHILDREN_BYTES = 4096,  /* of the kernel's list; the rest has its turn afterwards */
	REAP_MS = 10,
	MASTER_MS = 60 * 1000, /* a master that does not close its end in time is not waited for */
	DESCRIPTORS = 1024, /* what programs expect; ours is the master's, which is huge */
	ARGUMENTS_BEFORE_PATH = 3,
};

struct supervisor {
	struct master_link link;
	uint64_t deadline_ms;
	pid_t pid;
	int pid_fd;      /* readable when the program has ended */
	int children_fd; /* the kernel's list of our children */
	int status;      /* of the program, when it is known */
	int input, output, errors; /* our ends of its pipes */
	struct buf pending;        /* what it has not taken yet */
	bool input_over;
	uint8_t said[ERRORS_MAX]; /* the end of what it wrote to standard error */
	size_t said_bytes;
	uint8_t bytes[OUTPUT_AT_ONCE];
};

/* ---- starting */

/* What the program does before it is one. Only async-signal-safe calls, no message. */
static _Noreturn void
become_program(char *const *argv, const int standard[3], int failure_fd)
{
	struct rlimit limit;
	int error;

	/* it goes with us when we are killed; whoever it starts we kill ourselves */
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL) != 0)
		goto fail;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > DESCRIPTORS) {
		limit.rlim_cur = DESCRIPTORS;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(standard[i], i) < 0)
			goto fail;
	}
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
		goto fail;
	execve(argv[0], argv, environ);
fail:
	error = errno;
	(void)!write(failure_fd, &error, sizeof(error));
	_exit(127);
}

/* 0, or the errno of what failed. */
static int
start(struct supervisor *s, char *const *argv)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, failure[2] = { -1, -1 };
	int error = 0;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
	    pipe2(failure, O_CLOEXEC) != 0 || (s->pid = fork()) < 0)
		error = errno;
	else if (s->pid == 0)
		become_program(argv, (const int[]){ in[0], out[1], err[1] }, failure[1]);
	fd_close(&failure[1]);
	if (error == 0 && fd_read_all(failure[0], &error, sizeof(error)) != 0)
		error = 0; /* it was closed by the execve() */
	if (error == 0 && (s->pid_fd = (int)syscall(SYS_pidfd_open, s->pid, 0)) < 0)
		error = errno;
	s->input = fd_take(&in[1]);
	s->output = fd_take(&out[0]);
	s->errors = fd_take(&err[0]);
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&err[1]);
	fd_close(&failure[0]);
	if (error == 0 && (fd_set_nonblock(s->input, true) != 0 ||
	    fd_set_nonblock(s->output, true) != 0 || fd_set_nonblock(s->errors, true) != 0))
		error = errno;
	return error;
}

/* ---- ending */

static void
reap(struct supervisor *s, bool *left_out)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->pid)
			s->status = status;
	}
	*left_out = pid == 0;
}

/* Kills every child that the kernel lists now. */
static void
kill_children(const struct supervisor *s)
{
	char list[CHILDREN_BYTES], *at = list, *end;
	ssize_t n = pread(s->children_fd, list, sizeof(list) - 1, 0);

	list[n > 0 ? n : 0] = '\0';
	for (;;) {
		long pid = strtol(at, &end, 10);

		/* the last number may be cut: then it is not followed by its blank */
		if (end == at || *end == '\0')
			return;
		if (pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
		at = end;
	}
}

/*
 * Ends the program and all that it started, also what left its session or lost its parent:
 * whatever loses its parent becomes our child (PR_SET_CHILD_SUBREAPER), so nothing is left when we
 * have none.
 */
static void
end_all(struct supervisor *s)
{
	bool left = true;

	while (reap(s, &left), left) {
		kill_children(s);
		reap(s, &left);
		if (left)
			(void)poll(NULL, 0, REAP_MS);
	}
}

static int
say_ended(struct supervisor *s, enum ipc_program_ending ending, int status)
{
	ipc_encode_program_ended(&s->link.out, &(struct ipc_program_ended){
		.ending = (uint8_t)ending, .status = (uint32_t)status,
		.errors = { .p = s->said, .n = s->said_bytes } });
	return master_link_send(&s->link);
}

/*
 * Until the master has read all and closes its end. A socket that is closed with a message unread
 * is an error to its other end, which then would not see what was sent before (unix(7)).
 */
static void
wait_for_master(struct supervisor *s)
{
	struct ipc_message message;

	while (master_link_receive(&s->link, clock_mono_ms() + MASTER_MS, &message) == 0)
		ipc_message_close_fds(&message);
}

/* ---- pipes */

/* ERR_AGAIN when there is nothing to read for now. */
static int
pass_output(struct supervisor *s)
{
	ssize_t n = read(s->output, s->bytes, sizeof(s->bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_AGAIN;
	if (n <= 0) {
		fd_close(&s->output);
		return 0;
	}
	ipc_encode_program_output(&s->link.out, &(struct ipc_program_output){
		.bytes = { .p = s->bytes, .n = (size_t)n } });
	return master_link_send(&s->link);
}

/* Keeps the last of it. */
static int
keep_errors(struct supervisor *s)
{
	ssize_t n = read(s->errors, s->bytes, sizeof(s->bytes));
	size_t new, old;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_AGAIN;
	if (n <= 0) {
		fd_close(&s->errors);
		return 0;
	}
	new = (size_t)n < ERRORS_MAX ? (size_t)n : ERRORS_MAX;
	old = s->said_bytes < ERRORS_MAX - new ? s->said_bytes : ERRORS_MAX - new;
	memmove(s->said, s->said + s->said_bytes - old, old);
	memcpy(s->said + old, s->bytes + n - new, new);
	s->said_bytes = old + new;
	return 0;
}

/* A program that does not read is no fault: what it was given is then forgotten. */
static void
pass_input(struct supervisor *s)
{
	ssize_t n = s->pending.n > 0 ? write(s->input, s->pending.p, s->pending.n) : 0;

	if (n > 0)
		buf_drop(&s->pending, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		buf_clear(&s->pending);
	if (s->pending.n == 0 && s->input_over)
		fd_close(&s->input);
}

static int
on_master(void *ctx, struct ipc_message *message)
{
	struct supervisor *s = ctx;
	struct ipc_program_input input;
	int err;

	if (message->type != IPC_PROGRAM_INPUT)
		return ERR_PROTOCOL;
	if ((err = ipc_decode_program_input(message->fields, &input)) != 0)
		return err;
	if (s->input_over)
		return ERR_PROTOCOL;
	buf_raw(&s->pending, input.bytes.p, input.bytes.n);
	s->input_over = input.last;
	return buf_error(&s->pending);
}

/* ---- the life of the program */

static int
wait_for_something(struct supervisor *s, bool *ended_out)
{
	enum { MASTER, PROGRAM, OUTPUT, ERRORS, INPUT, WATCHED };
	struct pollfd watched[WATCHED] = {
		[MASTER] = { s->link.fd, POLLIN, 0 },
		[PROGRAM] = { s->pid_fd, POLLIN, 0 },
		[OUTPUT] = { s->output, POLLIN, 0 },
		[ERRORS] = { s->errors, POLLIN, 0 },
		[INPUT] = { s->pending.n > 0 ? s->input : -1, POLLOUT, 0 },
	};
	uint64_t now = clock_mono_ms();
	int err = 0;

	if (now >= s->deadline_ms)
		return ERR_TIMEOUT;
	if (poll(watched, WATCHED, (int)(s->deadline_ms - now)) < 0)
		return errno == EINTR ? 0 : ERR_IO;
	if (watched[MASTER].revents != 0)
		err = master_link_dispatch(&s->link, on_master, s);
	if (err == 0 && s->input >= 0 && (s->pending.n > 0 || s->input_over))
		pass_input(s);
	if (err == 0 && watched[OUTPUT].revents != 0)
		err = pass_output(s);
	if ((err == 0 || err == ERR_AGAIN) && watched[ERRORS].revents != 0)
		err = keep_errors(s);
	*ended_out = watched[PROGRAM].revents != 0;
	return err == ERR_AGAIN ? 0 : err;
}

/* What is still in the pipes, now that the program does not write to them any more. */
static int
pass_rest(struct supervisor *s)
{
	int err = 0;

	while (err == 0 && s->output >= 0 && clock_mono_ms() < s->deadline_ms)
		err = pass_output(s);
	while ((err == 0 || err == ERR_AGAIN) && s->errors >= 0 && keep_errors(s) == 0)
		continue;
	return err == ERR_AGAIN ? 0 : err;
}

static enum worker_exit
supervise(struct supervisor *s)
{
	bool ended = false;
	int err = 0;

	while (err == 0 && !ended)
		err = wait_for_something(s, &ended);
	end_all(s);
	if (err == ERR_TIMEOUT)
		err = say_ended(s, IPC_PROGRAM_TIMED_OUT, 0);
	else if (err == 0 && (err = pass_rest(s)) == 0)
		err = say_ended(s, IPC_PROGRAM_EXITED, s->status);
	return err == 0 ? WORKER_EXIT_DONE : WORKER_EXIT_MASTER;
}

/* Descriptors 0 to 2 are somebody's, so that no pipe gets such a number. */
static bool
has_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd < 3);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static enum worker_exit
run(struct supervisor *s, char *const *argv)
{
	int error = start(s, argv);
	char *path = error == 0 ? strdup(argv[0]) : NULL;
	enum worker_exit status = WORKER_EXIT_DONE;

	/* from here on argv is gone */
	process_title_set("supervisor", path);
	free(path);
	signal(SIGPIPE, SIG_IGN);
	if (error == 0 && sandbox_enter(SANDBOX_SUPERVISOR,
	    &(struct sandbox_rules){ 0 }) != 0)
		status = WORKER_EXIT_SANDBOX;
	else if (error == 0)
		status = supervise(s);
	else if (say_ended(s, IPC_PROGRAM_NOT_STARTED, error) != 0)
		status = WORKER_EXIT_MASTER;
	/* whatever went wrong, nothing stays behind */
	end_all(s);
	wait_for_master(s);
	return status;
}

int
supervisor_main(int argc, char **argv)
{
	static struct supervisor s = { .pid_fd = -1, .children_fd = -1, .input = -1, .output = -1,
		.errors = -1 };
	enum worker_exit status = WORKER_EXIT_FAILED;

	if (argc <= ARGUMENTS_BEFORE_PATH || fcntl(WORKER_IPC_FD, F_SETFD, FD_CLOEXEC) != 0)
		return status;
	s.deadline_ms = clock_mono_ms() + strtoul(argv[ARGUMENTS_BEFORE_PATH - 1], NULL, 10);
	s.pending = buf_init(INPUT_MAX);
	master_link_init(&s.link, WORKER_IPC_FD, PHASE_RUN);
	s.children_fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	if (has_standard_descriptors() && s.children_fd >= 0 &&
	    prctl(PR_SET_CHILD_SUBREAPER, 1L) == 0)
		status = run(&s, argv + ARGUMENTS_BEFORE_PATH);
	buf_free(&s.pending);
	master_link_free(&s.link);
	return status;
}
