/* Messages that wait for room: order, descriptors, and what is left when the other side is gone. */
#include "master/outbox.h"

#include "base/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { MANY = 5000 };

static struct buf
kill_message(uint32_t pid)
{
	struct buf message = buf_init(1024);

	ipc_encode_kill_worker(&message, &(struct ipc_kill_worker){ .pid = pid });
	return message;
}

static void
put(struct outbox *outbox, uint32_t pid)
{
	struct buf message = kill_message(pid);

	assert_int_equal(outbox_put(outbox, &message, NULL, 0), 0);
	assert_int_equal(message.n, 0);
}

/* Takes what is there; the numbers must go on from `next`. */
static uint32_t
drain(int fd, struct ipc_inbox *inbox, uint32_t next)
{
	struct ipc_message message;
	struct ipc_kill_worker fields;

	while (ipc_receive(fd, inbox, &message) == 0) {
		assert_int_equal(ipc_decode_kill_worker(message.fields, &fields), 0);
		assert_int_equal(fields.pid, next);
		next++;
	}
	return next;
}

static void
everything_arrives_in_order(void **state)
{
	struct ipc_inbox inbox = { 0 };
	struct outbox outbox;
	uint32_t next = 0;
	int pair[2], err;

	(void)state;
	assert_int_equal(ipc_pair(pair), 0);
	outbox_init(&outbox);
	assert_true(outbox_is_empty(&outbox));
	for (uint32_t i = 0; i < MANY; i++)
		put(&outbox, i);
	/* more than the kernel holds: the sender is told, and does not wait */
	assert_int_equal(outbox_send(&outbox, pair[0]), ERR_AGAIN);
	assert_false(outbox_is_empty(&outbox));
	for (int round = 0; round < MANY && (err = outbox_send(&outbox, pair[0])) != 0; round++) {
		assert_int_equal(err, ERR_AGAIN);
		next = drain(pair[1], &inbox, next);
	}
	assert_int_equal(err, 0);
	assert_int_equal(drain(pair[1], &inbox, next), MANY);
	assert_true(outbox_is_empty(&outbox));
	outbox_free(&outbox);
	ipc_inbox_free(&inbox);
	close(pair[0]);
	close(pair[1]);
}

struct events {
	struct outbox *outbox;
	int fd;
	unsigned readable, writable;
};

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct events *e = poll->data;
	uint8_t byte;

	assert_int_equal(status, 0);
	if (events & UV_READABLE) {
		e->readable++;
		assert_int_equal(read(e->fd, &byte, 1), 1);
	}
	if (events & UV_WRITABLE) {
		e->writable++;
		assert_int_equal(outbox_flush(e->outbox, e->fd, poll, on_event), 0);
	}
}

/* The loop calls for room only while something waits for it, and for what comes always. */
static void
the_loop_sends_the_rest(void **state)
{
	struct ipc_inbox inbox = { 0 };
	struct outbox outbox;
	struct events events = { .outbox = &outbox };
	uint32_t next = 0;
	uv_loop_t loop;
	uv_poll_t poll;
	int pair[2];

	(void)state;
	assert_int_equal(ipc_pair(pair), 0);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_poll_init(&loop, &poll, pair[0]), 0);
	poll.data = &events;
	events.fd = pair[0];
	outbox_init(&outbox);
	assert_int_equal(outbox_flush(&outbox, pair[0], &poll, on_event), 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(events.writable, 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(events.readable, 1);

	for (uint32_t i = 0; i < MANY; i++)
		put(&outbox, i);
	assert_int_equal(outbox_flush(&outbox, pair[0], &poll, on_event), 0);
	assert_false(outbox_is_empty(&outbox));
	for (int round = 0; round < MANY && !outbox_is_empty(&outbox); round++) {
		next = drain(pair[1], &inbox, next);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(drain(pair[1], &inbox, next), MANY);
	assert_true(events.writable > 0);
	events.writable = 0;
	assert_int_equal(write(pair[1], "x", 1), 1);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(events.writable, 0);
	assert_int_equal(events.readable, 2);

	outbox_free(&outbox);
	uv_close((uv_handle_t *)&poll, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	ipc_inbox_free(&inbox);
	close(pair[0]);
	close(pair[1]);
}

/* After outbox_free() another handle is watched, as at first. */
static void
a_new_handle_is_watched(void **state)
{
	struct outbox outbox;
	struct events events = { .outbox = &outbox };
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	outbox_init(&outbox);
	for (unsigned round = 1; round <= 2; round++) {
		uv_poll_t poll;
		int pair[2];

		assert_int_equal(ipc_pair(pair), 0);
		assert_int_equal(uv_poll_init(&loop, &poll, pair[0]), 0);
		poll.data = &events;
		events.fd = pair[0];
		assert_int_equal(outbox_flush(&outbox, pair[0], &poll, on_event), 0);
		assert_int_equal(write(pair[1], "x", 1), 1);
		uv_run(&loop, UV_RUN_NOWAIT);
		assert_int_equal(events.readable, round);
		uv_close((uv_handle_t *)&poll, NULL);
		uv_run(&loop, UV_RUN_DEFAULT);
		outbox_free(&outbox);
		close(pair[0]);
		close(pair[1]);
	}
	assert_int_equal(uv_loop_close(&loop), 0);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
descriptors_are_rescued_or_closed(void **state)
{
	struct outbox lost, next;
	struct buf message = kill_message(1);
	int fd, pair[2];

	(void)state;
	outbox_init(&lost);
	outbox_init(&next);
	assert_int_equal(ipc_pair(pair), 0);
	close(pair[1]);
	put(&lost, 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(outbox_put(&lost, &message, &fd, 1), 0);
	assert_int_equal(outbox_send(&lost, pair[0]), ERR_EOF);
	outbox_rescue(&lost, &next);
	assert_true(outbox_is_empty(&lost));
	assert_false(outbox_is_empty(&next));
	assert_true(is_open(fd));
	outbox_free(&next);
	assert_false(is_open(fd));
	close(pair[0]);
}

static void
a_broken_message_is_refused_and_closed(void **state)
{
	struct buf message = buf_init(4);
	struct outbox outbox;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	outbox_init(&outbox);
	assert_null(buf_room(&message, 5));
	assert_int_equal(outbox_put(&outbox, &message, &fd, 1), ERR_LIMIT);
	assert_false(is_open(fd));
	assert_true(outbox_is_empty(&outbox));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_arrives_in_order),
		cmocka_unit_test(the_loop_sends_the_rest),
		cmocka_unit_test(a_new_handle_is_watched),
		cmocka_unit_test(descriptors_are_rescued_or_closed),
		cmocka_unit_test(a_broken_message_is_refused_and_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
