/* A real nursery and its workers, with this test in the master's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fd.h"
#include "crypto/crypto.h"
#include "ipc/ipc.h"
#include "ssh/ssh.h"
#include "vfs/vfs.h"
#include "worker/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct nursery {
	pid_t pid;
	int fd;
	struct ipc_inbox inbox;
};

/* What one worker was given, and our ends of it. */
struct worker {
	pid_t pid;
	int ipc, other;
	struct ipc_inbox inbox;
};

static void
launch(struct nursery *n)
{
	static char name[] = "postern", role[] = "nursery";
	char *argv[] = { name, role, NULL };
	int pair[2];

	*n = (struct nursery){ .fd = -1 };
	assert_int_equal(ipc_pair(pair), 0);
	n->pid = fork();
	assert_true(n->pid >= 0);
	if (n->pid == 0) {
		/* as the master starts it: without the test library's handler */
		(void)signal(SIGSEGV, SIG_DFL);
		/* a descriptor that a nursery must not keep */
		(void)fcntl(pair[0], F_DUPFD, 100);
		if (dup2(pair[1], WORKER_IPC_FD) != WORKER_IPC_FD)
			_exit(1);
		_exit(nursery_main(2, argv));
	}
	close(pair[1]);
	n->fd = pair[0];
}

static void
send_message(int fd, struct buf *message, const int *fds, size_t count)
{
	assert_int_equal(ipc_send(fd, message, fds, count, true), 0);
	buf_free(message);
}

static void
set_up_nursery(struct nursery *n, uint32_t version)
{
	struct ssh_config *config = calloc(1, sizeof(*config));
	struct buf encoded = buf_init(IPC_BYTES_MAX), message = buf_init(IPC_BYTES_MAX);

	assert_non_null(config);
	ssh_config_init(config);
	assert_int_equal(ssh_config_set_software(config, "Test_1"), 0);
	ssh_config_encode(&encoded, config);
	ipc_encode_nursery_setup(&message,
	    &(struct ipc_nursery_setup){ .version = version, .config = buf_view(&encoded) });
	send_message(n->fd, &message, NULL, 0);
	buf_free(&encoded);
	free(config);
}

static void
expect_type(int fd, struct ipc_inbox *inbox, enum ipc_type type, struct ipc_message *out)
{
	assert_int_equal(fd_wait(fd, POLLIN, 0), 0);
	assert_int_equal(ipc_receive(fd, inbox, out), 0);
	assert_int_equal(out->type, type);
	assert_int_equal(out->fd_count, 0);
}

static void
expect_end(int fd, struct ipc_inbox *inbox)
{
	struct ipc_message message;

	assert_int_equal(fd_wait(fd, POLLIN, 0), 0);
	assert_int_equal(ipc_receive(fd, inbox, &message), ERR_EOF);
}

static void
start(struct nursery *n)
{
	struct ipc_nursery_ready ready;
	struct ipc_message message;

	launch(n);
	set_up_nursery(n, IPC_VERSION);
	expect_type(n->fd, &n->inbox, IPC_NURSERY_READY, &message);
	assert_int_equal(ipc_decode_nursery_ready(message.fields, &ready), 0);
	assert_int_equal(ready.version, IPC_VERSION);
}

static int
status_of(struct nursery *n)
{
	int status = -1;

	assert_int_equal(waitpid(n->pid, &status, 0), n->pid);
	fd_close(&n->fd);
	ipc_inbox_free(&n->inbox);
	return status;
}

static void
stop(struct nursery *n)
{
	int status;

	fd_close(&n->fd);
	status = status_of(n);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), WORKER_EXIT_MASTER);
}

/* ---- workers */

/* Both pairs; the far ends are in fds, in the order of the message. */
static void
make_pairs(struct worker *w, int *ipc_out, int *other_out)
{
	int ipc[2], other[2];

	*w = (struct worker){ .ipc = -1 };
	assert_int_equal(ipc_pair(ipc), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, other), 0);
	w->ipc = ipc[0];
	w->other = other[0];
	*ipc_out = ipc[1];
	*other_out = other[1];
}

static void
take_forked(struct nursery *n, struct worker *w, uint64_t connection)
{
	struct ipc_nursery_forked forked;
	struct ipc_message message;

	expect_type(n->fd, &n->inbox, IPC_NURSERY_FORKED, &message);
	assert_int_equal(ipc_decode_nursery_forked(message.fields, &forked), 0);
	assert_int_equal(forked.connection, connection);
	w->pid = (pid_t)forked.pid;
}

static void
ask_for_login(struct nursery *n, struct worker *w, uint64_t connection)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int fds[2];

	make_pairs(w, &fds[1], &fds[0]);
	ipc_encode_fork_login(&message,
	    &(struct ipc_fork_login){ .connection = connection, .address = view_of("192.0.2.1") });
	send_message(n->fd, &message, fds, 2);
	close(fds[0]);
	close(fds[1]);
}

static void
fork_login(struct nursery *n, struct worker *w, uint64_t connection)
{
	ask_for_login(n, w, connection);
	take_forked(n, w, connection);
}

static void
fork_session(struct nursery *n, struct worker *w, struct ipc_fork_session request)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int fds[2];

	make_pairs(w, &fds[0], &fds[1]);
	request.username = view_of("bob");
	ipc_encode_fork_session(&message, &request);
	send_message(n->fd, &message, fds, 2);
	close(fds[0]);
	close(fds[1]);
	take_forked(n, w, request.connection);
}

/* The wait status that the nursery reports. */
static int
take_exited(struct nursery *n, const struct worker *w, uint64_t connection)
{
	struct ipc_nursery_exited exited;
	struct ipc_message message;

	expect_type(n->fd, &n->inbox, IPC_NURSERY_EXITED, &message);
	assert_int_equal(ipc_decode_nursery_exited(message.fields, &exited), 0);
	assert_int_equal(exited.connection, connection);
	assert_int_equal(exited.pid, w->pid);
	return (int)exited.status;
}

static void
worker_close(struct worker *w)
{
	fd_close(&w->ipc);
	fd_close(&w->other);
	ipc_inbox_free(&w->inbox);
}

/* The worker has greeted its client, so it is where it should be. */
static void
take_greeting(const struct worker *w)
{
	char text[16];

	assert_int_equal(fd_read_all(w->other, text, sizeof(text)), 0);
	assert_memory_equal(text, "SSH-2.0-Test_1\r\n", sizeof(text));
}

static void
kill_worker(struct nursery *n, pid_t pid)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_kill_worker(&message, &(struct ipc_kill_worker){ .pid = (uint32_t)pid });
	send_message(n->fd, &message, NULL, 0);
}

/* ---- what a worker has */

/* Standard three on nothing, master and client, and not one more. */
static void
assert_descriptors(pid_t pid)
{
	char path[64], target[64];
	struct dirent *entry;
	unsigned seen = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		ssize_t n;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = atoi(entry->d_name);
		assert_in_range(fd, 0, 4);
		seen |= 1u << fd;
		n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		assert_true(n > 0);
		target[n] = '\0';
		if (fd >= WORKER_IPC_FD)
			assert_memory_equal(target, "socket:", 7);
#ifdef POSTERN_SANITIZED
		else if (fd == STDERR_FILENO)
			continue;
#endif
		else
			assert_string_equal(target, "/dev/null");
	}
	closedir(directory);
	assert_int_equal(seen, 31);
}

static void
test_login_worker(void **state)
{
	struct nursery n;
	struct worker w;
	int status;

	(void)state;
	start(&n);
	fork_login(&n, &w, 7);
	take_greeting(&w);
	assert_descriptors(w.pid);
	kill_worker(&n, w.pid);
	status = take_exited(&n, &w, 7);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	worker_close(&w);
	stop(&n);
}

static void
test_client_that_leaves(void **state)
{
	struct ipc_message message;
	struct nursery n;
	struct worker w;
	int status;

	(void)state;
	start(&n);
	fork_login(&n, &w, 1);
	take_greeting(&w);
	fd_close(&w.other);
	expect_type(w.ipc, &w.inbox, IPC_LOGIN_FAILED, &message);
	expect_end(w.ipc, &w.inbox);
	status = take_exited(&n, &w, 1);
	assert_int_equal(WEXITSTATUS(status), WORKER_EXIT_CLIENT);
	worker_close(&w);
	stop(&n);
}

static void
test_worker_that_crashes(void **state)
{
	struct nursery n;
	struct worker one, two;
	int status;

	(void)state;
	start(&n);
	fork_login(&n, &one, 1);
	fork_login(&n, &two, 2);
	take_greeting(&one);
	take_greeting(&two);
	assert_int_equal(kill(one.pid, SIGSEGV), 0);
	status = take_exited(&n, &one, 1);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	/* the other one does not notice */
	assert_int_equal(write(two.other, "SSH-2.0-x\r\n", 11), 11);
	expect_type(two.ipc, &two.inbox, IPC_CLIENT_VERSION, &(struct ipc_message){ 0 });
	worker_close(&one);
	worker_close(&two);
	stop(&n);
}

static void
test_kills_only_its_own(void **state)
{
	struct nursery n;
	struct worker w;
	int status;
	pid_t other = fork();

	(void)state;
	if (other == 0) {
		for (;;)
			pause();
	}
	start(&n);
	kill_worker(&n, other);
	/* what is asked for next has been answered, so that was looked at before */
	fork_login(&n, &w, 1);
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, &status, 0), other);
	worker_close(&w);
	stop(&n);
}

/* ---- beginning and end of a nursery */

static void
retire(struct nursery *n)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_nursery_retire(&message, &(struct ipc_nursery_retire){});
	send_message(n->fd, &message, NULL, 0);
}

static void
test_retires_after_its_last_child(void **state)
{
	struct nursery n;
	struct worker w, late;
	int status;

	(void)state;
	start(&n);
	fork_login(&n, &w, 1);
	take_greeting(&w);
	retire(&n);
	/* no more forks: both sockets of this one are closed */
	ask_for_login(&n, &late, 2);
	expect_end(late.ipc, &late.inbox);
	worker_close(&late);
	assert_int_equal(waitpid(n.pid, &status, WNOHANG), 0);
	fd_close(&w.other);
	(void)take_exited(&n, &w, 1);
	assert_int_equal(status_of(&n), 0);
	worker_close(&w);
}

static void
test_retires_at_once(void **state)
{
	struct nursery n;

	(void)state;
	start(&n);
	retire(&n);
	assert_int_equal(status_of(&n), 0);
}

static void
assert_gives_up(struct nursery *n)
{
	int status = status_of(n);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), WORKER_EXIT_FAILED);
}

static void
test_refuses_another_version(void **state)
{
	struct nursery n;

	(void)state;
	launch(&n);
	set_up_nursery(&n, IPC_VERSION + 1);
	assert_gives_up(&n);
}

static void
test_refuses_a_second_setup(void **state)
{
	struct nursery n;

	(void)state;
	start(&n);
	set_up_nursery(&n, IPC_VERSION);
	assert_gives_up(&n);
}

static void
test_refuses_damaged_setup(void **state)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	struct nursery n;

	(void)state;
	launch(&n);
	ipc_encode_nursery_setup(&message, &(struct ipc_nursery_setup){ .version = IPC_VERSION,
					       .config = view_of("this is no configuration") });
	send_message(n.fd, &message, NULL, 0);
	assert_gives_up(&n);
}

/* Every message that a master may not send to a nursery that runs. */
static void
test_refuses_other_messages(void **state)
{
	(void)state;
	for (int type = 1; type < IPC_TYPE_COUNT; type++) {
		const struct ipc_row *row = &ipc_rows[type];
		struct buf message = buf_init(IPC_BYTES_MAX);
		struct nursery n;

		if (row->from == IPC_ROLE_MASTER && (row->phases & PHASE_RUN) &&
		    type != IPC_HOST_KEY_SIGNED && type != IPC_SESSION_CLOSE)
			continue;
		start(&n);
		buf_u8(&message, (uint8_t)type);
		send_message(n.fd, &message, &n.fd, row->descriptors > 0 ? 1 : 0);
		assert_gives_up(&n);
	}
}

/* ---- sessions */

static struct buf
policy_bytes(uint32_t permissions)
{
	struct vfs_policy policy = { 0 };
	struct buf encoded = buf_init(IPC_BYTES_MAX);

	assert_int_equal(vfs_policy_add(&policy, view_of("/"), permissions), 0);
	vfs_policy_encode(&encoded, &policy);
	vfs_policy_free(&policy);
	return encoded;
}

static void
send_policy(struct worker *w, struct view policy)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int root = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(root >= 0);
	ipc_encode_session_policy(
	    &message, &(struct ipc_session_policy){ .username = view_of("bob"),
			  .connection_id = view_of("1"),
			  .root_path = view_of("/tmp"),
			  .umask = 022,
			  .policy = policy });
	send_message(w->ipc, &message, &root, 1);
	close(root);
}

static void
expect_session_end(struct nursery *n, struct worker *w, enum worker_exit how)
{
	struct ipc_session_ended ended;
	struct ipc_message message;
	int status;

	expect_type(w->ipc, &w->inbox, IPC_SESSION_ENDED, &message);
	assert_int_equal(ipc_decode_session_ended(message.fields, &ended), 0);
	assert_true(ended.error.n > 0);
	expect_end(w->ipc, &w->inbox);
	status = take_exited(n, w, 1);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), how);
	worker_close(w);
}

static void
test_session_without_connection(void **state)
{
	struct buf policy = policy_bytes(PERMISSION_ALL);
	struct nursery n;
	struct worker w;

	(void)state;
	start(&n);
	fork_session(&n, &w, (struct ipc_fork_session){ .connection = 1 });
	send_policy(&w, buf_view(&policy));
	/* the login worker ends without a word */
	fd_close(&w.other);
	expect_session_end(&n, &w, WORKER_EXIT_HANDOVER);
	stop(&n);
	buf_free(&policy);
}

static void
test_session_with_hostile_state(void **state)
{
	struct buf policy = policy_bytes(PERMISSION_LIST | PERMISSION_DOWNLOAD);
	struct nursery n;
	struct worker w;
	uint8_t state_bytes[260] = { 0, 0, 1, 0, 0xff };

	(void)state;
	start(&n);
	fork_session(&n, &w, (struct ipc_fork_session){ .connection = 1 });
	send_policy(&w, buf_view(&policy));
	assert_int_equal(fd_write_all(w.other, state_bytes, sizeof(state_bytes)), 0);
	expect_session_end(&n, &w, WORKER_EXIT_HANDOVER);
	stop(&n);
	buf_free(&policy);
}

static void
test_session_with_nonsense_policy(void **state)
{
	struct nursery n;
	struct worker w;

	(void)state;
	start(&n);
	fork_session(&n, &w, (struct ipc_fork_session){ .connection = 1 });
	send_policy(&w, view_of("nonsense"));
	expect_session_end(&n, &w, WORKER_EXIT_SANDBOX);
	stop(&n);
}

static void
test_session_without_master(void **state)
{
	struct nursery n;
	struct worker w;
	int status;

	(void)state;
	start(&n);
	fork_session(&n, &w, (struct ipc_fork_session){ .connection = 1 });
	fd_close(&w.ipc);
	status = take_exited(&n, &w, 1);
	assert_int_equal(WEXITSTATUS(status), WORKER_EXIT_MASTER);
	worker_close(&w);
	stop(&n);
}

static bool
status_has(pid_t pid, const char *expected)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strcmp(line, expected) == 0;
	fclose(file);
	return found;
}

static void
test_session_with_ids(void **state)
{
	struct ipc_fork_session request = {
		.connection = 1, .change_ids = true, .uid = 4321, .gid = 4322
	};
	struct nursery n;
	struct worker w;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	start(&n);
	fork_session(&n, &w, request);
	while (!status_has(w.pid, "Uid:\t4321\t4321\t4321\t4321\n"))
		assert_int_equal(kill(w.pid, 0), 0);
	assert_true(status_has(w.pid, "Gid:\t4322\t4322\t4322\t4322\n"));
	assert_true(status_has(w.pid, "Groups:\t \n"));
	worker_close(&w);
	(void)take_exited(&n, &w, 1);
	/* root is nobody's id */
	request.uid = 0;
	fork_session(&n, &w, request);
	status = take_exited(&n, &w, 1);
	assert_int_equal(WEXITSTATUS(status), WORKER_EXIT_SANDBOX);
	worker_close(&w);
	stop(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login_worker),
		cmocka_unit_test(test_client_that_leaves),
		cmocka_unit_test(test_worker_that_crashes),
		cmocka_unit_test(test_kills_only_its_own),
		cmocka_unit_test(test_retires_after_its_last_child),
		cmocka_unit_test(test_retires_at_once),
		cmocka_unit_test(test_refuses_another_version),
		cmocka_unit_test(test_refuses_a_second_setup),
		cmocka_unit_test(test_refuses_damaged_setup),
		cmocka_unit_test(test_refuses_other_messages),
		cmocka_unit_test(test_session_without_connection),
		cmocka_unit_test(test_session_with_hostile_state),
		cmocka_unit_test(test_session_with_nonsense_policy),
		cmocka_unit_test(test_session_without_master),
		cmocka_unit_test(test_session_with_ids),
	};

	/* for the configuration that the test writes */
	assert_int_equal(crypto_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
