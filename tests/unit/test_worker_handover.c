/* The connection on its way between two processes: what may come, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "ssh/ssh.h"
#include "worker/children.h"
#include "worker/handover.h"
#include "worker/master_link.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

struct wire {
	int pair[2];
	int client;
	size_t descriptors_before;
};

static int
set_up(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->descriptors_before = open_descriptors();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->pair), 0);
	w->client = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_true(w->client >= 0);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct wire *w = *state;

	fd_close(&w->pair[0]);
	fd_close(&w->pair[1]);
	fd_close(&w->client);
	assert_int_equal(open_descriptors(), w->descriptors_before);
	free(w);
	return 0;
}

static void
send_raw(struct wire *w, const void *bytes, size_t n, size_t fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
		control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int) * fds) };
		for (size_t i = 0; i < fds; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &w->client,
			    sizeof(w->client));
	}
	assert_int_equal(sendmsg(w->pair[0], &msg, MSG_NOSIGNAL), (ssize_t)n);
}

/* What the receiver says; nothing of a refused hand-over may be left. */
static int
received(struct wire *w)
{
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	int client = 12345, err;

	err = handover_receive(w->pair[1], clock_mono_ms() + 60000, &state, &client);
	if (err != 0)
		assert_int_equal(client, -1);
	fd_close(&client);
	buf_free(&state);
	return err;
}

static void
round_trip(struct wire *w, size_t n)
{
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	uint8_t *bytes = malloc(n + 1);
	struct stat sent, got;
	int client = -1, status;
	pid_t pid;

	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7);
	/* from another process: it may be more than the socket takes at once */
	pid = fork();
	if (pid == 0)
		_exit(handover_send(w->pair[0], w->client, (struct view){ bytes, n }) == 0 ? 0 : 1);
	assert_int_equal(handover_receive(w->pair[1], 0, &state, &client), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(state.n, n);
	assert_memory_equal(state.p, bytes, n);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(w->client, &sent), 0);
	assert_int_equal(fstat(client, &got), 0);
	assert_int_equal(sent.st_rdev, got.st_rdev);
	fd_close(&client);
	buf_free(&state);
	free(bytes);
}

static void
test_round_trip(void **state)
{
	round_trip(*state, 1);
	round_trip(*state, 3000);
	round_trip(*state, SSH_STATE_BYTES_MAX);
}

static void
test_too_long_to_send(void **state)
{
	struct wire *w = *state;
	uint8_t *bytes = calloc(1, SSH_STATE_BYTES_MAX + 1);

	assert_non_null(bytes);
	assert_int_equal(
	    handover_send(w->pair[0], w->client, (struct view){ bytes, SSH_STATE_BYTES_MAX + 1 }),
	    ERR_LIMIT);
	free(bytes);
}

static void
test_nobody_there(void **state)
{
	struct wire *w = *state;

	fd_close(&w->pair[1]);
	assert_int_equal(handover_send(w->pair[0], w->client, view_of("x")), ERR_EOF);
}

static void
test_no_message(void **state)
{
	struct wire *w = *state;

	fd_close(&w->pair[0]);
	assert_int_equal(received(w), ERR_EOF);
}

static void
test_deadline(void **state)
{
	struct wire *w = *state;
	struct buf bytes = buf_init(64);
	int client;

	assert_int_equal(handover_receive(w->pair[1], 1, &bytes, &client), ERR_TIMEOUT);
	assert_int_equal(client, -1);
}

static void
test_every_truncation(void **state)
{
	const uint8_t message[] = { 0, 0, 0, 4, 'a', 'b', 'c', 'd' };

	(void)state;
	for (size_t n = 1; n < sizeof(message); n++) {
		void *fresh;
		struct wire *w;

		assert_int_equal(set_up(&fresh), 0);
		w = fresh;
		send_raw(w, message, n, 1);
		fd_close(&w->pair[0]);
		assert_int_equal(received(w), ERR_EOF);
		assert_int_equal(tear_down(&fresh), 0);
	}
}

static void
test_wrong_descriptors(void **state)
{
	const uint8_t message[] = { 0, 0, 0, 1, 'a' };

	(void)state;
	for (size_t fds = 0; fds <= 8; fds++) {
		void *fresh;

		assert_int_equal(set_up(&fresh), 0);
		send_raw(fresh, message, sizeof(message), fds);
		assert_int_equal(received(fresh), fds == 1 ? 0 : ERR_PROTOCOL);
		assert_int_equal(tear_down(&fresh), 0);
	}
}

static void
test_wrong_length(void **state)
{
	const uint8_t trailing[] = { 0, 0, 0, 1, 'a', 'b' },
		      huge[] = { 0xff, 0xff, 0xff, 0xff, 'a' };
	struct wire *w = *state;

	send_raw(w, trailing, sizeof(trailing), 1);
	assert_int_equal(received(w), ERR_PROTOCOL);
	send_raw(w, huge, sizeof(huge), 1);
	assert_int_equal(received(w), ERR_LIMIT);
}

/* ---- the link to the master */

static void
test_link_keeps_its_error(void **state)
{
	struct master_link link;
	struct ipc_message message;
	int pair[2];

	(void)state;
	assert_int_equal(ipc_pair(pair), 0);
	master_link_init(&link, pair[1], PHASE_KEX);
	assert_int_equal(master_link_poll(&link, &message), ERR_AGAIN);
	/* a value that no message can carry is no fault of the link */
	ipc_encode_auth_none(
	    &link.out, &(struct ipc_auth_none){ .user = { (const uint8_t *)"", 1 } });
	assert_int_equal(master_link_send(&link), ERR_FORMAT);
	assert_int_equal(master_link_error(&link), 0);
	fd_close(&pair[0]);
	ipc_encode_activity(&link.out, &(struct ipc_activity){});
	assert_int_equal(master_link_send(&link), ERR_EOF);
	assert_int_equal(master_link_error(&link), ERR_EOF);
	ipc_encode_activity(&link.out, &(struct ipc_activity){});
	assert_int_equal(master_link_send(&link), ERR_EOF);
	master_link_free(&link);
	fd_close(&pair[1]);
}

static void
test_link_refuses_what_must_not_come(void **state)
{
	struct buf out = buf_init(IPC_BYTES_MAX);
	struct master_link link;
	struct ipc_message message;
	int pair[2];

	(void)state;
	assert_int_equal(ipc_pair(pair), 0);
	master_link_init(&link, pair[1], PHASE_KEX);
	/* success during the key exchange */
	ipc_encode_auth_accepted(&out, &(struct ipc_auth_accepted){});
	assert_int_equal(ipc_send(pair[0], &out, &pair[0], 1, false), 0);
	assert_int_equal(master_link_receive(&link, 0, &message), ERR_PROTOCOL);
	assert_int_equal(message.fds[0], -1);
	assert_int_equal(master_link_error(&link), ERR_PROTOCOL);
	buf_free(&out);
	master_link_free(&link);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

/* The table lets so many log lines pass: one more would cost the worker its life. */
static void
test_link_counts_its_lines(void **state)
{
	struct ipc_gate gate = { .peer = IPC_ROLE_SESSION, .phase = PHASE_RUN };
	struct ipc_inbox inbox = { 0 };
	struct master_link link;
	struct ipc_message message;
	uint32_t lines = 0;
	char text[3000];
	int pair[2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ipc_pair(pair), 0);
	master_link_init(&link, pair[1], PHASE_RUN);
	for (unsigned i = 0; i < ipc_rows[IPC_LOG].max_count + 10u; i++) {
		master_link_log(&link, LOG_LEVEL_INFO, "sftpd", text);
		while (ipc_receive(pair[0], &inbox, &message) == 0) {
			assert_int_equal(ipc_gate_check(&gate, &message), 0);
			lines++;
		}
	}
	assert_int_equal(lines, ipc_rows[IPC_LOG].max_count);
	assert_int_equal(master_link_error(&link), 0);
	ipc_inbox_free(&inbox);
	master_link_free(&link);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

/* ---- children */

static void
test_children(void **state)
{
	struct children children = { 0 };
	uint64_t connection;

	(void)state;
	assert_false(children_has(&children, 1));
	for (int i = 1; i <= 200; i++)
		assert_int_equal(children_add(&children, i, (uint64_t)i * 10), 0);
	for (int i = 200; i >= 1; i -= 3) {
		assert_true(children_has(&children, i));
		assert_true(children_take(&children, i, &connection));
		assert_int_equal(connection, i * 10);
		assert_false(children_take(&children, i, &connection));
	}
	assert_int_equal(children.count, 200 - 67);
	children_free(&children);
	assert_int_equal(children.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_long_to_send, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_message, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deadline, set_up, tear_down),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_wrong_descriptors),
		cmocka_unit_test_setup_teardown(test_wrong_length, set_up, tear_down),
		cmocka_unit_test(test_link_keeps_its_error),
		cmocka_unit_test(test_link_refuses_what_must_not_come),
		cmocka_unit_test(test_link_counts_its_lines),
		cmocka_unit_test(test_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
