/* The nursery: forks a confined worker for each job that the master sends. */
#include "worker/worker.h"

#include "base/fd.h"
#include "base/heap.h"
#include "base/libraries.h"
#include "base/process_title.h"
#include "crypto/crypto.h"
#include "sandbox/sandbox.h"
#include "ssh/ssh.h"
#include "worker/children.h"
#include "worker/login.h"
#include "worker/master_link.h"
#include "worker/role.h"
#include "worker/scan.h"
#include "worker/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where a worker finds the client's socket (login), the hand-over socket (session), or its tree. */
enum { WORKER_OTHER_FD = WORKER_IPC_FD + 1 };

/* What the workers call, and what libcrypto is linked to. */
static const char *const libraries[] = { "libcrypto.", "libz.", "libzstd.", NULL };

struct nursery {
	struct master_link link;
	struct ssh_config *config;
	struct children children;
	int child_signal_fd; /* signalfd of SIGCHLD */
	int null_fd;
	bool retiring;
	bool done;
};

#ifdef POSTERN_SANITIZED
/* A fault that the sanitizers find ends a worker by a signal, as a crash does. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "abort_on_error=1";
}
#endif

/* ---- in the child */

/*
 * Leaves the child with exactly these descriptors. All three are moved out of the way first: any
 * of them may have a number that another one is to get.
 */
static int
arrange_descriptors(int null_fd, int ipc_fd, int other_fd)
{
	int ipc = fcntl(ipc_fd, F_DUPFD_CLOEXEC, WORKER_OTHER_FD + 1);
	int other = fcntl(other_fd, F_DUPFD_CLOEXEC, WORKER_OTHER_FD + 1);
	int null = fcntl(null_fd, F_DUPFD_CLOEXEC, WORKER_OTHER_FD + 1);
	int last_standard = STDERR_FILENO;

#ifdef POSTERN_SANITIZED
	last_standard = STDOUT_FILENO; /* a report has to be read by somebody */
#endif
	if (ipc < 0 || other < 0 || null < 0)
		return ERR_IO;
	/* nor may a worker write to the terminal or the log of whoever started the server */
	for (int fd = STDIN_FILENO; fd <= last_standard; fd++) {
		if (dup3(null, fd, O_CLOEXEC) < 0)
			return ERR_IO;
	}
	if (dup3(ipc, WORKER_IPC_FD, O_CLOEXEC) < 0 || dup3(other, WORKER_OTHER_FD, O_CLOEXEC) < 0)
		return ERR_IO;
	return close_range(WORKER_OTHER_FD + 1, ~0u, 0) == 0 ? 0 : ERR_IO;
}

static void
unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
child_login(struct nursery *n, const struct ipc_fork_login *request, const int *fds)
{
	char address[65];

	if (view_copy(request->address, address, sizeof(address)) != 0 ||
	    arrange_descriptors(n->null_fd, fds[1], fds[0]) != 0 ||
	    fd_set_nonblock(WORKER_OTHER_FD, true) != 0)
		_exit(WORKER_EXIT_FAILED);
	process_title_set("login", address);
	unblock_signals();
	_exit(login_main(n->config, (enum proxy_use)request->proxy, WORKER_IPC_FD, WORKER_OTHER_FD));
}

static _Noreturn void
child_session(struct nursery *n, const struct ipc_fork_session *request, const int *fds)
{
	char user[256];

	if (view_copy(request->username, user, sizeof(user)) != 0 ||
	    arrange_descriptors(n->null_fd, fds[0], fds[1]) != 0 ||
	    fd_set_nonblock(WORKER_OTHER_FD, true) != 0)
		_exit(WORKER_EXIT_FAILED);
	if (request->change_ids && sandbox_set_ids(request->uid, request->gid) != 0)
		_exit(WORKER_EXIT_SANDBOX);
	process_title_set("session", user);
	unblock_signals();
	_exit(session_main(n->config, WORKER_IPC_FD, WORKER_OTHER_FD));
}

static _Noreturn void
child_scan(struct nursery *n, const struct ipc_fork_scan *request, const int *fds)
{
	char user[256];

	if (view_copy(request->username, user, sizeof(user)) != 0 ||
	    arrange_descriptors(n->null_fd, fds[0], fds[1]) != 0)
		_exit(WORKER_EXIT_FAILED);
	if (request->change_ids && sandbox_set_ids(request->uid, request->gid) != 0)
		_exit(WORKER_EXIT_SANDBOX);
	process_title_set("scan", user);
	unblock_signals();
	_exit(scan_main(WORKER_IPC_FD, WORKER_OTHER_FD));
}

/* ---- what the master asks for */

static void
report_forked(struct nursery *n, uint64_t connection, pid_t pid)
{
	ipc_encode_nursery_forked(&n->link.out,
	    &(struct ipc_nursery_forked){ .connection = connection, .pid = (uint32_t)pid });
	(void)master_link_send(&n->link);
}

/* In the parent. A fork that failed shows to the master as the end of the worker's socket. */
static int
remember(struct nursery *n, uint64_t connection, pid_t pid)
{
	int err;

	if (pid < 0)
		return 0;
	if ((err = children_add(&n->children, pid, connection)) != 0)
		return err;
	report_forked(n, connection, pid);
	return 0;
}

static int
on_fork_login(struct nursery *n, const struct ipc_message *message)
{
	struct ipc_fork_login request;
	int err = ipc_decode_fork_login(message->fields, &request);
	pid_t pid;

	if (err != 0 || n->retiring)
		return err;
	pid = fork();
	if (pid == 0)
		child_login(n, &request, message->fds);
	return remember(n, request.connection, pid);
}

static int
on_fork_session(struct nursery *n, const struct ipc_message *message)
{
	struct ipc_fork_session request;
	int err = ipc_decode_fork_session(message->fields, &request);
	pid_t pid;

	if (err != 0 || n->retiring)
		return err;
	pid = fork();
	if (pid == 0)
		child_session(n, &request, message->fds);
	return remember(n, request.connection, pid);
}

static int
on_fork_scan(struct nursery *n, const struct ipc_message *message)
{
	struct ipc_fork_scan request;
	int err = ipc_decode_fork_scan(message->fields, &request);
	pid_t pid;

	if (err != 0 || n->retiring)
		return err;
	pid = fork();
	if (pid == 0)
		child_scan(n, &request, message->fds);
	return remember(n, request.scan, pid);
}

static int
on_kill_worker(struct nursery *n, const struct ipc_message *message)
{
	struct ipc_kill_worker request;
	int err = ipc_decode_kill_worker(message->fields, &request);

	if (err != 0)
		return err;
	/* a child of ours that we have not reaped: the number is that process and no other */
	if (children_has(&n->children, (pid_t)request.pid))
		(void)kill((pid_t)request.pid, SIGKILL);
	return 0;
}

static int
on_nursery_retire(struct nursery *n, const struct ipc_message *message)
{
	struct ipc_nursery_retire request;

	n->retiring = true;
	return ipc_decode_nursery_retire(message->fields, &request);
}

static int
dispatch(void *ctx, struct ipc_message *message)
{
	struct nursery *n = ctx;

	switch (message->type) {
	case IPC_FORK_LOGIN: return on_fork_login(n, message);
	case IPC_FORK_SESSION: return on_fork_session(n, message);
	case IPC_FORK_SCAN: return on_fork_scan(n, message);
	case IPC_KILL_WORKER: return on_kill_worker(n, message);
	case IPC_NURSERY_RETIRE: return on_nursery_retire(n, message);
	default: return ERR_PROTOCOL;
	}
}

/* ---- children that ended */

static int
reap(struct nursery *n)
{
	struct signalfd_siginfo ignored;
	uint64_t connection;
	pid_t pid;
	int status;

	/* one notice may stand for many children */
	if (read(n->child_signal_fd, &ignored, sizeof(ignored)) < 0)
		return 0;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!children_take(&n->children, pid, &connection))
			continue;
		ipc_encode_nursery_exited(
		    &n->link.out, &(struct ipc_nursery_exited){ .connection = connection,
				      .pid = (uint32_t)pid,
				      .status = (uint32_t)status });
		(void)master_link_send(&n->link);
	}
	return master_link_error(&n->link);
}

/* ---- beginning */

static int
take_setup(struct nursery *n)
{
	struct ipc_nursery_setup setup;
	struct ipc_message message;
	struct rd r;
	int err = master_link_receive(&n->link, 0, &message);

	if (err != 0)
		return err;
	if (message.type != IPC_NURSERY_SETUP) {
		ipc_message_close_fds(&message);
		return ERR_PROTOCOL;
	}
	if ((err = ipc_decode_nursery_setup(message.fields, &setup)) != 0)
		return err;
	if (setup.version != IPC_VERSION)
		return ERR_PROTOCOL;
	if ((n->config = calloc(1, sizeof(*n->config))) == NULL)
		return ERR_MEMORY;
	r = rd_of(setup.config);
	if ((err = ssh_config_decode(&r, n->config)) != 0)
		return err;
	return rd_end(&r);
}

/* A child lets signals in again. */
static int
hold_signals(struct nursery *n)
{
	sigset_t child;
	int err = role_hold_signals();

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	/* all children inherit it: a limit of file sizes is an error, not an end */
	if (err != 0 || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return ERR_IO;
	n->child_signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return n->child_signal_fd < 0 ? ERR_IO : 0;
}

/* Everything that opens a file or takes long: a forked child does none of it again. */
static int
initialise(struct nursery *n)
{
	int err;

	tzset();
	n->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (n->null_fd < 0 || hold_signals(n) != 0)
		return ERR_IO;
	if ((err = crypto_init()) != 0 || (err = crypto_warm()) != 0 || (err = take_setup(n)) != 0)
		return err;
	if ((err = sandbox_prepare()) != 0)
		return err;
	err = sandbox_enter(SANDBOX_NURSERY, &(struct sandbox_rules){ 0 });
	if (err != 0)
		return err;
	libraries_keep(libraries);
	heap_settle();
	ipc_encode_nursery_ready(
	    &n->link.out, &(struct ipc_nursery_ready){ .version = IPC_VERSION });
	err = master_link_send(&n->link);
	n->link.gate.phase = PHASE_RUN;
	return err;
}

static int
serve(struct nursery *n)
{
	int err = 0;

	while (err == 0 && !(n->retiring && n->children.count == 0)) {
		struct pollfd fds[] = {
			{ .fd = n->link.fd, .events = POLLIN },
			{ .fd = n->child_signal_fd, .events = POLLIN },
		};

		if (poll(fds, 2, -1) <= 0)
			continue;
		if (fds[1].revents != 0)
			err = reap(n);
		if (err == 0 && fds[0].revents != 0)
			err = master_link_dispatch(&n->link, dispatch, n);
	}
	return err;
}

/*
 * The master is gone, which may have shown when it was to be told something: whom it wanted killed
 * before it went, nobody else would end. A reset comes before what can still be read.
 */
static void
hear_out(struct nursery *n)
{
	n->retiring = true; /* nobody new is forked */
	for (int i = 0; i < 2; i++)
		(void)!master_link_dispatch(&n->link, dispatch, n);
}

int
nursery_main(int argc, char **argv)
{
	struct nursery n = { .child_signal_fd = -1, .null_fd = -1 };
	int err;

	if (role_begin(argc, argv, "nursery") != 0)
		return WORKER_EXIT_FAILED;
	master_link_init(&n.link, WORKER_IPC_FD, PHASE_START);
	err = initialise(&n);
	if (err == 0)
		err = serve(&n);
	if (err != 0)
		hear_out(&n);
	/* without running exit handlers: the sandbox has no room for them */
	_exit(err == 0         ? WORKER_EXIT_DONE
	      : err == ERR_EOF ? WORKER_EXIT_MASTER
			       : WORKER_EXIT_FAILED);
}
