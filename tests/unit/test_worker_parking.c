/* A real parking worker, with this test in the places of master, sessions and clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "ipc/ipc.h"
#include "ssh/ssh.h"
#include "worker/handover.h"
#include "worker/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct parking {
	pid_t pid;
	int fd;
	struct ipc_inbox inbox;
};

static int
set_up(void **state)
{
	static char name[] = "postern", role[] = "parking";
	char *argv[] = { name, role, NULL };
	struct parking *p = calloc(1, sizeof(*p));
	struct ipc_parking_ready ready;
	struct ipc_message message;
	int pair[2];

	assert_non_null(p);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(ipc_pair(pair), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		/* as the master starts it: without the test library's handler */
		(void)signal(SIGSEGV, SIG_DFL);
		if (dup2(pair[1], WORKER_IPC_FD) != WORKER_IPC_FD)
			_exit(1);
		_exit(parking_main(2, argv));
	}
	close(pair[1]);
	p->fd = pair[0];
	assert_int_equal(fd_wait(p->fd, POLLIN, 0), 0);
	assert_int_equal(ipc_receive(p->fd, &p->inbox, &message), 0);
	assert_int_equal(message.type, IPC_PARKING_READY);
	assert_int_equal(ipc_decode_parking_ready(message.fields, &ready), 0);
	assert_int_equal(ready.version, IPC_VERSION);
	*state = p;
	return 0;
}

/* Its end, and the status of it. */
static int
ended(struct parking *p)
{
	int status;

	fd_close(&p->fd);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFEXITED(status));
	p->pid = 0;
	return WEXITSTATUS(status);
}

static int
tear_down(void **state)
{
	struct parking *p = *state;

	if (p->pid != 0)
		assert_int_equal(ended(p), WORKER_EXIT_DONE);
	ipc_inbox_free(&p->inbox);
	free(p);
	return 0;
}

/* Sends; the descriptor is the worker's alone afterwards. -1: none. */
static void
tell(struct parking *p, struct buf *message, int fd)
{
	assert_int_equal(ipc_send(p->fd, message, &fd, fd >= 0 ? 1 : 0, true), 0);
	buf_free(message);
	fd_close(&fd);
}

static void
take(struct parking *p, uint64_t connection, int fd)
{
	struct buf m = buf_init(IPC_BYTES_MAX);

	ipc_encode_park_take(&m, &(struct ipc_park_take){ .connection = connection });
	tell(p, &m, fd);
}

static void
give(struct parking *p, uint64_t connection, int fd)
{
	struct buf m = buf_init(IPC_BYTES_MAX);

	ipc_encode_park_give(&m, &(struct ipc_park_give){ .connection = connection });
	tell(p, &m, fd);
}

static void
drop(struct parking *p, uint64_t connection)
{
	struct buf m = buf_init(IPC_BYTES_MAX);

	ipc_encode_park_drop(&m, &(struct ipc_park_drop){ .connection = connection });
	tell(p, &m, -1);
}

/* The three messages have the same field. */
static void
expect(struct parking *p, enum ipc_type type, uint64_t connection)
{
	struct ipc_message message;
	struct ipc_park_held fields;

	assert_int_equal(fd_wait(p->fd, POLLIN, 0), 0);
	assert_int_equal(ipc_receive(p->fd, &p->inbox, &message), 0);
	assert_int_equal(message.type, type);
	assert_int_equal(ipc_decode_park_held(message.fields, &fields), 0);
	assert_int_equal(fields.connection, connection);
}

static void
way(int pair_out[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair_out), 0);
}

/* A session with this state; returns the client's end of its socket. */
static int
park(struct parking *p, uint64_t connection, struct view state)
{
	int client[2], pair[2];

	way(pair);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client), 0);
	take(p, connection, pair[0]);
	assert_int_equal(handover_send(pair[1], client[0], state), 0);
	close(client[0]);
	close(pair[1]);
	return client[1];
}

/* Takes a session up; returns its socket. */
static int
wake(struct parking *p, uint64_t connection, struct view wanted)
{
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	int pair[2], client = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	give(p, connection, pair[1]);
	assert_int_equal(handover_receive(pair[0], 0, &state, &client), 0);
	assert_true(view_eq(buf_view(&state), wanted));
	buf_free(&state);
	close(pair[0]);
	return client;
}

static void
assert_closed(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

static void
parked_and_woken(void **state)
{
	struct parking *p = *state;
	struct view what = view_of("the state of a session");
	char got[8];
	int client, server;

	for (uint64_t id = 1; id < 4; id++) {
		client = park(p, id, what);
		expect(p, IPC_PARK_HELD, id);
		assert_int_equal(write(client, "hello", 5), 5);
		expect(p, IPC_PARK_WOKEN, id);
		/* said once, whatever else comes, and nothing is taken away */
		assert_int_equal(write(client, "!", 1), 1);
		server = wake(p, id, what);
		assert_int_equal(read(server, got, sizeof(got)), 6);
		assert_memory_equal(got, "hello!", 6);
		close(server);
		assert_closed(client);
	}
}

static void
bytes_that_were_there_before(void **state)
{
	struct parking *p = *state;
	int client[2], pair[2], server;

	way(pair);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client), 0);
	assert_int_equal(write(client[1], "early", 5), 5);
	/* the state comes before the place for it */
	assert_int_equal(handover_send(pair[1], client[0], view_of("s")), 0);
	close(pair[1]);
	close(client[0]);
	take(p, 9, pair[0]);
	expect(p, IPC_PARK_HELD, 9);
	expect(p, IPC_PARK_WOKEN, 9);
	server = wake(p, 9, view_of("s"));
	close(server);
	close(client[1]);
}

/* Bytes and then the end: somebody has to read the bytes. Only the end: nobody has to. */
static void
clients_that_hang_up(void **state)
{
	struct parking *p = *state;
	int client = park(p, 1, view_of("s"));

	expect(p, IPC_PARK_HELD, 1);
	close(client);
	expect(p, IPC_PARK_LOST, 1);
	client = park(p, 2, view_of("s"));
	expect(p, IPC_PARK_HELD, 2);
	assert_int_equal(write(client, "bye", 3), 3);
	close(client);
	expect(p, IPC_PARK_WOKEN, 2);
	close(wake(p, 2, view_of("s")));
}

static void
workers_that_stay(void **state)
{
	struct parking *p = *state;
	int pair[2];

	way(pair);
	take(p, 5, pair[0]);
	close(pair[1]);
	expect(p, IPC_PARK_LOST, 5);
	/* and the number is free again */
	close(park(p, 5, view_of("s")));
	expect(p, IPC_PARK_HELD, 5);
	expect(p, IPC_PARK_LOST, 5);
}

static void
sizes(void **state)
{
	struct parking *p = *state;
	uint8_t *bytes = calloc(1, HANDOVER_WHOLE_MAX + 1);
	int client;

	assert_non_null(bytes);
	client = park(p, 1, (struct view){ bytes, HANDOVER_WHOLE_MAX });
	expect(p, IPC_PARK_HELD, 1);
	close(wake(p, 1, (struct view){ bytes, HANDOVER_WHOLE_MAX }));
	assert_closed(client);
	client = park(p, 2, (struct view){ bytes, HANDOVER_WHOLE_MAX + 1 });
	expect(p, IPC_PARK_LOST, 2);
	assert_closed(client);
	free(bytes);
}

/* A session worker that was taken over: half a state, no socket, what is no socket. */
static void
hostile_workers(void **state)
{
	static const uint8_t half[] = { 0, 0, 0, 9, 'h', 'a', 'l', 'f' };
	struct parking *p = *state;
	int pair[2], other[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	way(pair);
	take(p, 1, pair[0]);
	assert_int_equal(send(pair[1], half, sizeof(half), 0), sizeof(half));
	expect(p, IPC_PARK_LOST, 1);
	close(pair[1]);
	way(pair);
	take(p, 2, pair[0]);
	assert_int_equal(handover_send(pair[1], null, view_of("s")), 0);
	expect(p, IPC_PARK_LOST, 2);
	close(pair[1]);
	/* a pipe can be waited for, but nothing can be received from it */
	way(pair);
	assert_int_equal(pipe2(other, O_CLOEXEC), 0);
	take(p, 3, pair[0]);
	assert_int_equal(handover_send(pair[1], other[0], view_of("s")), 0);
	expect(p, IPC_PARK_HELD, 3);
	assert_int_equal(write(other[1], "x", 1), 1);
	expect(p, IPC_PARK_LOST, 3);
	close(pair[1]);
	close(other[0]);
	close(other[1]);
	close(null);
	/* it is none the worse for it */
	close(park(p, 4, view_of("s")));
	expect(p, IPC_PARK_HELD, 4);
	expect(p, IPC_PARK_LOST, 4);
}

static void
dropped(void **state)
{
	struct parking *p = *state;
	int client = park(p, 1, view_of("s")), pair[2];

	expect(p, IPC_PARK_HELD, 1);
	drop(p, 1);
	assert_closed(client);
	/* what is not there is no fault: it may have hung up in between */
	drop(p, 1);
	way(pair);
	give(p, 1, pair[0]);
	assert_closed(pair[1]);
	close(park(p, 2, view_of("s")));
	expect(p, IPC_PARK_HELD, 2);
	expect(p, IPC_PARK_LOST, 2);
}

static void
a_number_twice(void **state)
{
	struct parking *p = *state;
	int pair[2], again[2], status;

	way(pair);
	way(again);
	take(p, 1, pair[0]);
	take(p, 1, again[0]);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == WORKER_EXIT_FAILED);
	p->pid = 0;
	fd_close(&p->fd);
	close(pair[1]);
	close(again[1]);
}

static void
ends_with_the_master(void **state)
{
	struct parking *p = *state;
	int client = park(p, 1, view_of("s"));

	expect(p, IPC_PARK_HELD, 1);
	assert_int_equal(ended(p), WORKER_EXIT_DONE);
	assert_closed(client);
}

static void
hundreds(void **state)
{
	enum { COUNT = 300 };
	struct parking *p = *state;
	int clients[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		clients[i] = park(p, i + 1, view_of("state"));
		expect(p, IPC_PARK_HELD, i + 1);
	}
	for (unsigned i = COUNT; i-- > 0;) {
		assert_int_equal(write(clients[i], "x", 1), 1);
		expect(p, IPC_PARK_WOKEN, i + 1);
		close(wake(p, i + 1, view_of("state")));
		close(clients[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parked_and_woken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_that_were_there_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(clients_that_hang_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(workers_that_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_workers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_number_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_the_master, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hundreds, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
