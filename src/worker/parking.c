/* The parking worker: holds sessions that idle, and hands back what has something to read. */
#include "worker/worker.h"

#include "base/fd.h"
#include "base/secret.h"
#include "sandbox/sandbox.h"
#include "worker/handover.h"
#include "worker/master_link.h"
#include "worker/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BUCKETS = 8192,
	EVENTS_AT_ONCE = 64,
	/* It is some hundred bytes, and some dozen for each channel. */
	STATE_BYTES_MAX = HANDOVER_WHOLE_MAX,
	/* The number of no connection: the master's own socket. */
	MASTER = 0,
};

/* One session, or the place for one that is on its way. */
struct parked {
	LIST_ENTRY(parked) link;
	uint64_t connection;
	int fd;    /* the client's socket; before that, where it will come from */
	bool held; /* socket and state have come */
	uint32_t state_bytes;
	uint8_t state[];
};

struct parking {
	struct master_link link;
	int epoll_fd;
	LIST_HEAD(, parked) buckets[BUCKETS];
};

static struct parked *
find(struct parking *p, uint64_t connection)
{
	struct parked *one;

	LIST_FOREACH (one, &p->buckets[connection % BUCKETS], link) {
		if (one->connection == connection)
			return one;
	}
	return NULL;
}

/*
 * One event, then silence until it is asked for again. Events name the connection and not its
 * memory: an earlier event of the same round may have ended it.
 */
static int
watch(struct parking *p, const struct parked *one, int operation)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
		.data.u64 = one->connection };

	return epoll_ctl(p->epoll_fd, operation, one->fd, &event) == 0 ? 0 : ERR_IO;
}

static void
forget(struct parking *p, struct parked *one)
{
	/* others may hold the socket too, so closing it would not end the watch */
	(void)epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, one->fd, NULL);
	fd_close(&one->fd);
	LIST_REMOVE(one, link);
	secret_free(one, sizeof(*one) + one->state_bytes);
}

static void
say_lost(struct parking *p, uint64_t connection)
{
	ipc_encode_park_lost(
	    &p->link.out, &(struct ipc_park_lost){ .connection = connection });
	(void)master_link_send(&p->link);
}

static void
lose(struct parking *p, struct parked *one)
{
	uint64_t connection = one->connection;

	forget(p, one);
	say_lost(p, connection);
}

/* Takes the descriptor, also when it fails. */
static int
add(struct parking *p, uint64_t connection, int fd, struct view state, bool held)
{
	struct parked *one = malloc(sizeof(*one) + state.n);

	if (one == NULL) {
		close(fd);
		return ERR_MEMORY;
	}
	*one = (struct parked){ .connection = connection, .fd = fd, .held = held,
		.state_bytes = (uint32_t)state.n };
	if (state.n > 0)
		memcpy(one->state, state.p, state.n);
	LIST_INSERT_HEAD(&p->buckets[connection % BUCKETS], one, link);
	if (watch(p, one, EPOLL_CTL_ADD) != 0) {
		forget(p, one);
		return ERR_IO;
	}
	return 0;
}

/* ---- what the descriptors say */

/*
 * The whole state comes in one message, or it does not come: the deadline is over already, and a
 * session worker that stops in the middle holds nobody else up.
 */
static void
arrived(struct parking *p, struct parked *one)
{
	struct buf state = buf_init(STATE_BYTES_MAX);
	uint64_t connection = one->connection;
	int client = -1, err = handover_receive(one->fd, 1, &state, &client);

	forget(p, one);
	if (err == 0)
		err = add(p, connection, fd_take(&client), buf_view(&state), true);
	buf_free(&state);
	if (err != 0) {
		say_lost(p, connection);
		return;
	}
	ipc_encode_park_held(
	    &p->link.out, &(struct ipc_park_held){ .connection = connection });
	(void)master_link_send(&p->link);
}

/* Bytes wake the session; the end of them without any ends it here. Nothing is taken away. */
static void
client_stirred(struct parking *p, struct parked *one)
{
	uint8_t byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(one->fd, &msg, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (watch(p, one, EPOLL_CTL_MOD) != 0)
			lose(p, one);
		return;
	}
	if (n <= 0) {
		lose(p, one);
		return;
	}
	ipc_encode_park_woken(
	    &p->link.out, &(struct ipc_park_woken){ .connection = one->connection });
	(void)master_link_send(&p->link);
}

/* ---- what the master says */

static int
on_park_take(struct parking *p, struct ipc_message *message)
{
	struct ipc_park_take request;
	int err = ipc_decode_park_take(message->fields, &request);

	if (err != 0)
		return err;
	if (request.connection == MASTER || find(p, request.connection) != NULL)
		return ERR_PROTOCOL;
	if (add(p, request.connection, fd_take(&message->fds[0]), (struct view){ 0 }, false) != 0)
		say_lost(p, request.connection);
	return 0;
}

static int
on_park_give(struct parking *p, struct ipc_message *message)
{
	struct ipc_park_give request;
	struct parked *one;
	int err = ipc_decode_park_give(message->fields, &request);

	if (err != 0)
		return err;
	/* the client may have hung up in between; the master has been told */
	if ((one = find(p, request.connection)) == NULL)
		return 0;
	if (!one->held)
		return ERR_PROTOCOL;
	/* an empty socket pair has room for all of it, so this never waits */
	err = handover_send(message->fds[0], one->fd,
	    (struct view){ .p = one->state, .n = one->state_bytes });
	if (err != 0)
		lose(p, one);
	else
		forget(p, one);
	return 0;
}

static int
on_park_drop(struct parking *p, struct ipc_message *message)
{
	struct ipc_park_drop request;
	struct parked *one;
	int err = ipc_decode_park_drop(message->fields, &request);

	if (err == 0 && (one = find(p, request.connection)) != NULL)
		forget(p, one);
	return err;
}

static int
dispatch(void *ctx, struct ipc_message *message)
{
	struct parking *p = ctx;

	switch (message->type) {
	case IPC_PARK_TAKE: return on_park_take(p, message);
	case IPC_PARK_GIVE: return on_park_give(p, message);
	case IPC_PARK_DROP: return on_park_drop(p, message);
	default: return ERR_PROTOCOL;
	}
}

/* ---- the loop */

static int
serve(struct parking *p)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int err = 0;

	while (err == 0 && (err = master_link_error(&p->link)) == 0) {
		int count = epoll_wait(p->epoll_fd, events, EVENTS_AT_ONCE, -1);

		for (int i = 0; i < count && err == 0; i++) {
			struct parked *one;

			if (events[i].data.u64 == MASTER)
				err = master_link_dispatch(&p->link, dispatch, p);
			else if ((one = find(p, events[i].data.u64)) == NULL)
				continue;
			else if (one->held)
				client_stirred(p, one);
			else
				arrived(p, one);
		}
	}
	return err;
}

static int
initialise(struct parking *p)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = MASTER };
	int err;

	if ((err = role_hold_signals()) != 0)
		return err;
	/* one for each session */
	role_raise_descriptor_limit();
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll_fd < 0 || epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->link.fd, &event) != 0)
		return ERR_IO;
	err = sandbox_enter(SANDBOX_PARKING, &(struct sandbox_rules){ 0 });
	if (err != 0)
		return err;
	ipc_encode_parking_ready(
	    &p->link.out, &(struct ipc_parking_ready){ .version = IPC_VERSION });
	err = master_link_send(&p->link);
	p->link.gate.phase = PHASE_RUN;
	return err;
}

int
parking_main(int argc, char **argv)
{
	static struct parking p = { .epoll_fd = -1 };
	int err;

	if (role_begin(argc, argv, "parking") != 0)
		return WORKER_EXIT_FAILED;
	master_link_init(&p.link, WORKER_IPC_FD, PHASE_START);
	if (initialise(&p) != 0)
		_exit(WORKER_EXIT_SANDBOX);
	err = serve(&p);
	/* without running exit handlers: the sandbox has no room for them */
	_exit(err == ERR_EOF ? WORKER_EXIT_DONE : WORKER_EXIT_FAILED);
}
