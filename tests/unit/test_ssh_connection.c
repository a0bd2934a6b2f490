/* Channels after login: both ends in one thread, every number at its edge. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WINDOW = 1024 * 1024, PACKET = 32 * 1024 };

static uint8_t pattern[4 * 1024 * 1024];

static int
setup(void **state)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return test_setup(state);
}

static void
open_usual(struct test_pair *p)
{
	test_pair_open(p, &test_offer_usual, NULL);
}

/* The server must have ended the connection with this reason. */
static void
expect_end(struct test_pair *p, uint32_t reason)
{
	struct view payload;
	struct rd r;

	test_pair_run(p);
	assert_int_not_equal(p->result, 0);
	do
		assert_int_equal(test_client_recv(&p->client, &payload), 0);
	while (payload.p[0] != SSH_MSG_DISCONNECT);
	r = rd_of(payload);
	rd_u8(&r);
	assert_int_equal(rd_u32(&r), reason);
}

static void
expect_silence(struct test_pair *p)
{
	struct view payload;

	assert_int_equal(test_client_recv(&p->client, &payload), ERR_TIMEOUT);
	assert_int_equal(p->result, 0);
}

/* Reads channel data until n bytes have come, or nothing comes any more. */
static size_t
collect(struct test_pair *p, uint32_t number, struct buf *out, size_t n, size_t largest)
{
	size_t have = 0;

	while (have < n) {
		struct view payload, data;
		struct rd r;

		if (test_client_recv(&p->client, &payload) != 0)
			break;
		if (payload.p[0] != SSH_MSG_CHANNEL_DATA)
			continue;
		r = rd_of(payload);
		rd_u8(&r);
		assert_int_equal(rd_u32(&r), number);
		data = rd_str(&r, SSH_PACKET_MAX);
		assert_int_equal(rd_end(&r), 0);
		assert_true(data.n > 0 && data.n <= largest);
		buf_raw(out, data.p, data.n);
		have += data.n;
	}
	return have;
}

static int
adjust(struct test_pair *p, uint32_t channel, uint32_t n)
{
	struct buf m = test_channel_message(SSH_MSG_CHANNEL_WINDOW_ADJUST, channel);

	buf_u32(&m, n);
	return test_client_send_buf(&p->client, &m);
}

static int
simple(struct test_pair *p, uint8_t type, uint32_t channel)
{
	struct buf m = test_channel_message(type, channel);

	return test_client_send_buf(&p->client, &m);
}

/* Writes through reserve and commit; the sizes are the caller's. */
static int
put(struct test_pair *p, const uint8_t *bytes, size_t reserve, size_t commit)
{
	struct iovec iov[SSH_RESERVE_PIECES];
	int count = SSH_RESERVE_PIECES, err;
	size_t done = 0, room = 0;

	if ((err = ssh_channel_reserve(p->channel, reserve, iov, &count)) != 0)
		return err;
	for (int i = 0; i < count; i++) {
		memcpy(iov[i].iov_base, bytes + done, iov[i].iov_len);
		done += iov[i].iov_len;
		room += iov[i].iov_len;
	}
	assert_int_equal(room, reserve);
	ssh_channel_commit(p->channel, commit);
	return 0;
}

static void
whole_life_of_a_channel(void **state)
{
	struct test_pair p;
	struct view payload;
	struct rd r;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	p.finish_on_eof = true;
	assert_int_equal(test_pair_subsystem(&p, 77, WINDOW, PACKET, &channel), 0);
	assert_string_equal(p.started, "sftp");
	assert_int_equal(ssh_connection_channels(p.connection), 1);
	assert_int_equal(test_pair_data(&p, channel, "hello", 5), 0);
	test_pair_run(&p);
	assert_true(view_is(buf_view(&p.received), "hello"));
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_EOF, channel), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_REQUEST, &payload), 0);
	r = rd_of(payload);
	rd_u8(&r);
	assert_int_equal(rd_u32(&r), 77);
	assert_true(view_is(rd_str(&r, 100), "exit-status"));
	assert_false(rd_bool(&r));
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_end(&r), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_EOF, &payload), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_CLOSE, &payload), 0);
	assert_int_equal(p.closes, 0);
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_CLOSE, channel), 0);
	expect_silence(&p);
	assert_int_equal(p.closes, 1);
	assert_int_equal(p.eofs, 1);
	assert_int_equal(ssh_connection_channels(p.connection), 0);
	/* the number is free again */
	assert_int_equal(test_pair_subsystem(&p, 78, WINDOW, PACKET, &channel), 0);
	assert_int_equal(channel, 0);
	test_pair_close(&p);
	assert_int_equal(p.closes, 2);
}

static void
client_closes_first(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 5, WINDOW, PACKET, &channel), 0);
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_CLOSE, channel), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_CLOSE, &payload), 0);
	assert_int_equal(p.closes, 1);
	/* what follows for that number is for nobody */
	assert_int_equal(test_pair_data(&p, channel, "late", 4), 0);
	expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
	test_pair_close(&p);
}

static void
data_after_our_close_is_dropped(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 5, WINDOW, PACKET, &channel), 0);
	ssh_channel_close(p.channel);
	assert_int_equal(test_pair_data(&p, channel, "crossed", 7), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_CLOSE, &payload), 0);
	{
		struct buf m = test_request(channel, "subsystem", true, "sftp");

		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	}
	assert_int_equal(adjust(&p, channel, 5), 0);
	expect_silence(&p);
	assert_int_equal(p.received.n, 0);
	assert_int_equal(put(&p, pattern, 10, 10), ERR_EOF);
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_CLOSE, channel), 0);
	expect_silence(&p);
	assert_int_equal(p.closes, 1);
	test_pair_close(&p);
}

static void
data_after_eof(void **state)
{
	struct test_pair p;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 5, WINDOW, PACKET, &channel), 0);
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_EOF, channel), 0);
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_EOF, channel), 0);
	expect_silence(&p);
	assert_int_equal(p.eofs, 1);
	assert_int_equal(test_pair_data(&p, channel, "more", 4), 0);
	expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
	test_pair_close(&p);
}

static void
every_request_is_answered_once(void **state)
{
	static const struct {
		const char *name, *text;
		bool success;
	} cases[] = {
		{ "env", "x", false },
		{ "pty-req", "x", false },
		{ "shell", NULL, false },
		{ "x11-req", "x", false },
		{ "auth-agent-req@openssh.com", NULL, false },
		{ "subsystem", "refused", false },
		{ "signal", "TERM", false },
		{ "window-change", NULL, false },
		{ "", NULL, false },
		{ "exec", "ls", true },
		{ "exec", "ls", false },
		{ "subsystem", "sftp", false },
	};
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_channel(&p, 9, WINDOW, PACKET, &channel), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf m = test_request(channel, cases[i].name, true, cases[i].text);
		struct rd r;

		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		assert_int_equal(
		    test_client_expect(&p.client,
			cases[i].success ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE,
			&payload),
		    0);
		r = rd_of(payload);
		rd_u8(&r);
		assert_int_equal(rd_u32(&r), 9);
		assert_int_equal(rd_end(&r), 0);
		m = test_request(channel, "env", false, "x");
		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		expect_silence(&p);
	}
	assert_int_equal(p.starts, 2); /* "refused" and "ls" */
	test_pair_close(&p);
	assert_int_equal(p.closes, 1);
}

static void
global_requests(void **state)
{
	static const char *const names[] = { "keepalive@openssh.com", "tcpip-forward", "" };
	struct test_pair p;
	struct view payload;
	uint32_t channel;
	struct buf m;

	(void)state;
	open_usual(&p);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) * 2; i++) {
		m = test_message(SSH_MSG_GLOBAL_REQUEST);
		buf_cstr(&m, names[i / 2]);
		buf_bool(&m, i % 2 == 0);
		buf_text(&m, "whatever it has");
		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		if (i % 2 == 0)
			assert_int_equal(
			    test_client_expect(&p.client, SSH_MSG_REQUEST_FAILURE, &payload), 0);
		else
			expect_silence(&p);
	}
	assert_int_equal(test_pair_channel(&p, 1, WINDOW, PACKET, &channel), 0);
	m = test_message(SSH_MSG_GLOBAL_REQUEST);
	buf_cstr(&m, "no-more-sessions@openssh.com");
	buf_bool(&m, false);
	assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	m = test_open("session", 2, WINDOW, PACKET);
	assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_OPEN_FAILURE, &payload), 0);
	test_pair_close(&p);
}

static void
ping(void **state)
{
	struct test_pair p;
	struct view payload;
	struct rd r;

	(void)state;
	open_usual(&p);
	for (size_t extra = 0; extra < 2; extra++) {
		struct buf m = test_message(SSH_MSG_PING);

		buf_str(&m, (struct view){ pattern, PING_BYTES_MAX + extra });
		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		if (extra > 0) {
			expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
			break;
		}
		assert_int_equal(test_client_expect(&p.client, SSH_MSG_PONG, &payload), 0);
		r = rd_of(payload);
		rd_u8(&r);
		assert_true(
		    view_eq(rd_str(&r, PING_BYTES_MAX), (struct view){ pattern, PING_BYTES_MAX }));
	}
	test_pair_close(&p);
}

static void
channel_opens_are_judged(void **state)
{
	static const struct {
		const char *type;
		uint32_t packet, reason;
	} cases[] = {
		{ "direct-tcpip", PACKET, SSH_OPEN_UNKNOWN_CHANNEL_TYPE },
		{ "x11", PACKET, SSH_OPEN_UNKNOWN_CHANNEL_TYPE },
		{ "", PACKET, SSH_OPEN_UNKNOWN_CHANNEL_TYPE },
		{ "session", 0, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED },
		{ "session", 1, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED },
		{ "session", CHANNEL_CLIENT_PACKET_MIN - 1, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED },
		{ "session", CHANNEL_CLIENT_PACKET_MIN, 0 },
		{ "session", UINT32_MAX, 0 },
	};
	struct test_pair p;
	struct view payload;

	(void)state;
	open_usual(&p);
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf m = test_open(cases[i].type, i, WINDOW, cases[i].packet);
		struct rd r;

		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		assert_int_equal(test_client_recv(&p.client, &payload), 0);
		r = rd_of(payload);
		assert_int_equal(rd_u8(&r), cases[i].reason == 0 ? SSH_MSG_CHANNEL_OPEN_CONFIRMATION
								 : SSH_MSG_CHANNEL_OPEN_FAILURE);
		assert_int_equal(rd_u32(&r), i);
		if (cases[i].reason != 0)
			assert_int_equal(rd_u32(&r), cases[i].reason);
	}
	test_pair_close(&p);
}

static void
channels_are_limited(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel, limit;

	(void)state;
	open_usual(&p);
	limit = p.config->max_channels;
	assert_int_equal(limit, 16);
	for (uint32_t i = 0; i < limit; i++) {
		assert_int_equal(test_pair_subsystem(&p, i, WINDOW, PACKET, &channel), 0);
		assert_int_equal(channel, i);
	}
	for (int again = 0; again < 40; again++) {
		struct buf m = test_open("session", 99, WINDOW, PACKET);

		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		assert_int_equal(
		    test_client_expect(&p.client, SSH_MSG_CHANNEL_OPEN_FAILURE, &payload), 0);
	}
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_CLOSE, 3), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_CLOSE, &payload), 0);
	assert_int_equal(test_pair_subsystem(&p, 100, WINDOW, PACKET, &channel), 0);
	assert_int_equal(channel, 3);
	test_pair_close(&p);
	assert_int_equal(p.closes, limit + 1);
}

static void
window_of_the_client(void **state)
{
	static const struct {
		uint32_t first, more;
		bool good;
	} cases[] = {
		{ 0, 0, true },
		{ 0, 1, true },
		{ 1, UINT32_MAX - 1, true },
		{ 1, UINT32_MAX, false },
		{ 0x80000000, 0x7fffffff, true },
		{ 0x80000000, 0x80000000, false },
		{ UINT32_MAX, 0, true },
		{ UINT32_MAX, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_pair p;
		uint32_t channel;

		open_usual(&p);
		assert_int_equal(test_pair_subsystem(&p, 0, cases[i].first, PACKET, &channel), 0);
		assert_int_equal(adjust(&p, channel, cases[i].more), 0);
		if (cases[i].good)
			expect_silence(&p);
		else
			expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
		test_pair_close(&p);
	}
}

/* All or nothing, whatever the client's window and packet size are. */
static void
output_for_every_window(void **state)
{
	static const uint32_t windows[] = { 0, 1, 255, 4096, 100000, 300000, UINT32_MAX };
	static const uint32_t packets[] = { 256, 1000, 32768, 65536, UINT32_MAX };
	static const size_t sizes[] = { 1, 255, 256, 257, 32768, 261133, SSH_RESERVE_MAX };

	(void)state;
	for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
		for (size_t k = 0; k < sizeof(packets) / sizeof(packets[0]); k++) {
			size_t largest =
			    packets[k] > CHANNEL_SEND_MAX ? CHANNEL_SEND_MAX : packets[k];
			struct buf got = buf_init(16 * 1024 * 1024);
			struct test_pair p;
			uint32_t channel, window = windows[w];
			size_t sent = 0;

			open_usual(&p);
			assert_int_equal(
			    test_pair_subsystem(&p, 4, window, packets[k], &channel), 0);
			for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
				size_t commit = s % 2 == 0 ? sizes[s] : sizes[s] / 2 + 1;

				assert_int_equal(put(&p, pattern + sent, sizes[s], commit), 0);
				sent += commit;
				/* what does not fit is held back until the window opens */
				assert_int_equal(
				    collect(&p, 4, &got, sent - got.n, largest) <= window, true);
				if (got.n < sent) {
					assert_int_equal(put(&p, pattern, 1, 1), ERR_AGAIN);
					assert_true(got.n <= windows[w] || windows[w] < sent);
				}
				while (got.n < sent) {
					unsigned rooms = p.rooms;

					assert_int_equal(adjust(&p, channel, 50000), 0);
					if (collect(&p, 4, &got, sent - got.n, largest) == 0)
						fail();
					if (got.n == sent)
						assert_true(p.rooms > rooms);
				}
				window = UINT32_MAX; /* not followed any further */
			}
			assert_int_equal(got.n, sent);
			assert_memory_equal(got.p, pattern, sent);
			assert_int_equal(put(&p, pattern, SSH_RESERVE_MAX + 1, 0), ERR_LIMIT);
			assert_int_equal(put(&p, pattern, 0, 0), ERR_LIMIT);
			buf_free(&got);
			test_pair_close(&p);
		}
	}
}

static void
end_waits_for_data(void **state)
{
	struct buf got = buf_init(1024 * 1024);
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, 10, PACKET, &channel), 0);
	assert_int_equal(put(&p, pattern, 1000, 1000), 0);
	ssh_channel_exit_status(p.channel, 3);
	ssh_channel_eof(p.channel);
	ssh_channel_close(p.channel);
	assert_int_equal(collect(&p, 4, &got, 1000, PACKET), 10);
	expect_silence(&p);
	assert_int_equal(adjust(&p, channel, 990), 0);
	assert_int_equal(collect(&p, 4, &got, 990, PACKET), 990);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_REQUEST, &payload), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_EOF, &payload), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_CLOSE, &payload), 0);
	buf_free(&got);
	test_pair_close(&p);
}

static void
data_beyond_our_window(void **state)
{
	(void)state;
	for (uint32_t extra = 0; extra < 2; extra++) {
		struct test_pair p;
		uint32_t channel, left = CHANNEL_WINDOW_FIRST + extra;

		open_usual(&p);
		p.take_at_most = 0; /* nothing is given back */
		assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
		while (left > 0) {
			uint32_t n = left > 200000 ? 200000 : left;

			assert_int_equal(test_pair_data(&p, channel, pattern, n), 0);
			test_pair_run(&p);
			left -= n;
		}
		if (extra > 0) {
			expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
		} else {
			expect_silence(&p);
			assert_int_equal(ssh_channel_kept(p.channel), CHANNEL_WINDOW_FIRST);
			p.take_at_most = SIZE_MAX;
			ssh_channel_resume(p.channel);
			assert_int_equal(ssh_channel_kept(p.channel), 0);
			assert_int_equal(p.received.n, CHANNEL_WINDOW_FIRST);
		}
		test_pair_close(&p);
	}
}

static void
largest_data_message(void **state)
{
	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		struct test_pair p;
		uint32_t channel;

		open_usual(&p);
		assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
		assert_int_equal(
		    test_pair_data(&p, channel, pattern, SSH_CHANNEL_PACKET_MAX + extra), 0);
		test_pair_run(&p);
		if (extra > 0)
			expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
		else
			assert_int_equal(p.received.n, SSH_CHANNEL_PACKET_MAX);
		test_pair_close(&p);
	}
}

/* What the server has given back of a channel's window, and nothing else came. */
static uint32_t
take_grants(struct test_pair *p, uint32_t client_number)
{
	struct view payload;
	uint32_t sum = 0;

	while (test_client_recv(&p->client, &payload) == 0) {
		struct rd r = rd_of(payload);

		assert_int_equal(rd_u8(&r), SSH_MSG_CHANNEL_WINDOW_ADJUST);
		assert_int_equal(rd_u32(&r), client_number);
		sum += rd_u32(&r);
	}
	return sum;
}

/* Channel 4 of the client, for data that is not looked at when it has come. */
static void
open_bulk(struct test_pair *p, uint32_t *channel)
{
	open_usual(p);
	p->received.max = 0;
	assert_int_equal(test_pair_subsystem(p, 4, WINDOW, PACKET, channel), 0);
}

/* The window doubles while the client uses it up, and no further than it may. */
static void
window_grows(void **state)
{
	struct test_pair p;
	uint32_t channel;
	uint64_t window = CHANNEL_WINDOW_FIRST;

	(void)state;
	open_bulk(&p, &channel);
	for (int i = 0; i < 600; i++) {
		assert_true(window >= 256 * 1024);
		assert_int_equal(test_pair_data(&p, channel, pattern, 256 * 1024), 0);
		window -= 256 * 1024;
		window += take_grants(&p, 4);
		assert_true(window <= CHANNEL_WINDOW_LARGEST);
	}
	assert_int_equal(p.channel->window_target, CHANNEL_WINDOW_LARGEST);
	assert_int_equal(window, p.channel->window);
	test_pair_close(&p);
}

/* TCP's slow start sends twice as much in each round trip; the window is never what stops it. */
static void
window_keeps_up_with_slow_start(void **state)
{
	struct test_pair p;
	uint32_t channel;
	uint64_t window = CHANNEL_WINDOW_FIRST;

	(void)state;
	open_bulk(&p, &channel);
	for (uint64_t flight = 32 * 1024; flight <= CHANNEL_WINDOW_LARGEST / 2; flight *= 2) {
		assert_true(window >= flight);
		for (uint64_t sent = 0; sent < flight; sent += 32 * 1024)
			assert_int_equal(test_pair_data(&p, channel, pattern, 32 * 1024), 0);
		window -= flight;
		window += take_grants(&p, 4);
	}
	test_pair_close(&p);
}

/* However hard all of them are used: the sum stays within the budget, and opening stays possible.
 */
static void
windows_share_a_budget(void **state)
{
	struct test_pair p;
	uint32_t channel[16];
	uint64_t sum = 0;

	(void)state;
	open_usual(&p);
	p.received.max = 0;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(test_pair_subsystem(&p, i, WINDOW, PACKET, &channel[i]), 0);
	for (int round = 0; round < 400; round++) {
		struct view payload;

		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(test_pair_data(&p, channel[i], pattern, 256 * 1024), 0);
		while (test_client_recv(&p.client, &payload) == 0)
			assert_int_equal(payload.p[0], SSH_MSG_CHANNEL_WINDOW_ADJUST);
	}
	for (uint32_t i = 4; i < 16; i++)
		assert_int_equal(test_pair_subsystem(&p, i, WINDOW, PACKET, &channel[i]), 0);
	for (uint32_t i = 0; i < 16; i++)
		sum += p.connection->channels[i]->window_target;
	assert_true(sum > 32 * 1024 * 1024 && sum <= CHANNEL_WINDOW_BUDGET);
	test_pair_close(&p);
}

static void
half_used_data_is_offered_again(void **state)
{
	struct test_pair p;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
	p.take_at_most = 3;
	assert_int_equal(test_pair_data(&p, channel, "abcdef", 6), 0);
	assert_int_equal(test_pair_data(&p, channel, "ghi", 3), 0);
	assert_int_equal(simple(&p, SSH_MSG_CHANNEL_EOF, channel), 0);
	expect_silence(&p);
	assert_true(view_is(buf_view(&p.received), "abc"));
	assert_int_equal(p.eofs, 0); /* not before the owner has all of it */
	p.take_at_most = 1;
	ssh_channel_resume(p.channel);
	assert_true(view_is(buf_view(&p.received), "abcd"));
	p.take_at_most = SIZE_MAX;
	ssh_channel_resume(p.channel);
	assert_true(view_is(buf_view(&p.received), "abcdefghi"));
	assert_int_equal(p.eofs, 1);
	test_pair_close(&p);
}

static void
data_before_a_program(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;
	struct buf m;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_channel(&p, 4, WINDOW, PACKET, &channel), 0);
	assert_int_equal(test_pair_data(&p, channel, "early", 5), 0);
	expect_silence(&p);
	m = test_request(channel, "subsystem", true, "sftp");
	assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_SUCCESS, &payload), 0);
	assert_true(view_is(buf_view(&p.received), "early"));
	test_pair_close(&p);
}

/* A client that asks without end and never reads: memory stays, and it is not even ended. */
static void
client_that_does_not_listen(void **state)
{
	struct test_pair p;
	size_t most = 0;

	(void)state;
	open_usual(&p);
	for (int i = 0; i < 3000; i++) {
		struct buf m = test_message(SSH_MSG_PING);

		buf_str(&m, (struct view){ pattern, 4000 });
		/* goes no further when the server's input is full */
		if (test_client_send_buf(&p.client, &m) != 0)
			break;
		if (packet_output_pending(&p.connection->t->out) > most)
			most = packet_output_pending(&p.connection->t->out);
	}
	assert_int_equal(p.result, 0);
	assert_true(most > 0 && most <= PACKET_OUTPUT_SESSION);
	assert_false(ssh_connection_wants_read(p.connection));
	test_pair_close(&p);
}

static void
echo_both_ways(void **state)
{
	struct test_offer offer = test_offer_usual;

	(void)state;
	for (int zlib = 0; zlib < 2; zlib++) {
		struct buf got = buf_init(sizeof(pattern));
		struct test_pair p;
		uint32_t channel;
		size_t sent = 0;

		offer.compression = zlib ? "zlib@openssh.com" : "none";
		test_pair_open(&p, &offer, NULL);
		p.echo = true;
		assert_int_equal(test_pair_subsystem(&p, 4, UINT32_MAX, PACKET, &channel), 0);
		while (sent < sizeof(pattern)) {
			size_t n = sent % 3 == 0 ? 30001 : 100000;

			if (n > sizeof(pattern) - sent)
				n = sizeof(pattern) - sent;
			assert_int_equal(test_pair_data(&p, channel, pattern + sent, n), 0);
			sent += n;
			collect(&p, 4, &got, n, PACKET);
		}
		collect(&p, 4, &got, sent - got.n, PACKET);
		assert_int_equal(got.n, sent);
		assert_memory_equal(got.p, pattern, sent);
		buf_free(&got);
		test_pair_close(&p);
	}
}

/* The output fills up while the client is not reading; nothing is lost, doubled or out of order. */
static void
slow_reader(void **state)
{
	static uint8_t expected[24 * 1024 * 1024];
	struct buf got = buf_init(sizeof(expected));
	struct test_pair p;
	uint32_t channel;
	size_t sent = 0;
	unsigned full = 0;

	(void)state;
	crypto_random(expected, sizeof(expected));
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, UINT32_MAX, PACKET, &channel), 0);
	while (sent < sizeof(expected)) {
		size_t n = 1 + (sent * 7919) % SSH_RESERVE_MAX, behind;
		int err;

		if (n > sizeof(expected) - sent)
			n = sizeof(expected) - sent;
		if ((err = put(&p, expected + sent, n, n)) == 0) {
			sent += n;
			continue;
		}
		assert_int_equal(err, ERR_AGAIN);
		assert_true(ssh_connection_wants_write(p.connection));
		full++;
		/* answers find their way in between, and the client takes some of it */
		{
			struct buf m = test_message(SSH_MSG_PING);

			buf_cstr(&m, "still there?");
			assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		}
		behind = sent - got.n;
		collect(&p, 4, &got, full % 3 == 0 ? behind : behind / 2, PACKET);
	}
	collect(&p, 4, &got, sent - got.n, PACKET);
	assert_true(full > 5 && p.rooms > 0);
	assert_int_equal(got.n, sent);
	assert_memory_equal(got.p, expected, sent);
	assert_int_equal(p.result, 0);
	buf_free(&got);
	test_pair_close(&p);
}

/* The same with a window that opens only now and then, so that overflow meets a full output. */
static void
slow_reader_with_a_small_window(void **state)
{
	struct buf got = buf_init(sizeof(pattern) * 2);
	struct test_pair p;
	uint32_t channel;
	size_t sent = 0, limit = 3 * 1024 * 1024, window = 300000;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, (uint32_t)window, 300, &channel), 0);
	while (sent < limit) {
		if (put(&p, pattern + sent, 200000, 200000) == 0) {
			sent += 200000;
			continue;
		}
		while (window < sent) {
			assert_int_equal(adjust(&p, channel, 250001), 0);
			window += 250001;
		}
		collect(&p, 4, &got, sent - got.n, 300);
	}
	assert_int_equal(adjust(&p, channel, 1000000), 0);
	collect(&p, 4, &got, sent - got.n, 300);
	assert_int_equal(got.n, sent);
	assert_memory_equal(got.p, pattern, sent);
	buf_free(&got);
	test_pair_close(&p);
}

static void
client_hangs_up(void **state)
{
	(void)state;
	for (int unread = 0; unread < 2; unread++) {
		struct test_pair p;
		uint32_t channel;

		open_usual(&p);
		assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
		shutdown(p.fds[1], SHUT_RDWR);
		if (unread)
			assert_int_equal(put(&p, pattern, 100, 100), 0);
		test_pair_run(&p);
		assert_int_equal(p.result, ERR_EOF);
		assert_string_equal(ssh_transport_error(ssh_connection_transport(p.connection)),
		    "the client closed the connection");
		/* whoever goes on calling is told again */
		assert_int_equal(ssh_connection_writable(p.connection), ERR_EOF);
		assert_int_equal(put(&p, pattern, 1, 1), ERR_EOF);
		test_pair_close(&p);
		assert_int_equal(p.closes, 1);
	}
}

/* Kept data moves to the front of its buffer when there is no room behind it. */
static void
kept_data_in_small_steps(void **state)
{
	struct test_pair p;
	uint32_t channel;
	size_t sent = 0;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
	for (int round = 0; round < 60; round++) {
		p.take_at_most = round < 2 ? 0 : 9000;
		ssh_channel_resume(p.channel);
		assert_int_equal(test_pair_data(&p, channel, pattern + sent, 10000), 0);
		test_pair_run(&p);
		sent += 10000;
	}
	p.take_at_most = SIZE_MAX;
	ssh_channel_resume(p.channel);
	assert_int_equal(p.received.n, sent);
	assert_memory_equal(p.received.p, pattern, sent);
	test_pair_close(&p);
}

static void
owner_and_numbers(void **state)
{
	struct test_pair p;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
	assert_int_equal(ssh_channel_number(p.channel), channel);
	assert_null(ssh_channel_owner(p.channel));
	ssh_channel_set_owner(p.channel, &p);
	assert_ptr_equal(ssh_channel_owner(p.channel), &p);
	assert_true(ssh_transport_bytes_in(p.connection->t) > 0);
	assert_true(ssh_transport_bytes_out(p.connection->t) > 0);
	ssh_connection_disconnect(p.connection, SSH_DISCONNECT_BY_APPLICATION, "enough");
	p.result = ssh_connection_readable(p.connection);
	expect_end(&p, SSH_DISCONNECT_BY_APPLICATION);
	test_pair_close(&p);
}

static void
idle_gives_memory_back(void **state)
{
	struct test_pair p;
	uint32_t channel;

	(void)state;
	open_usual(&p);
	assert_int_equal(test_pair_subsystem(&p, 4, 0, PACKET, &channel), 0);
	test_pair_run(&p);
	ssh_connection_idle_release(p.connection);
	assert_null(p.connection->t->in.bytes);
	assert_null(p.connection->t->out.bytes);
	/* and everything goes on */
	assert_int_equal(put(&p, pattern, 100, 100), 0);
	ssh_connection_idle_release(p.connection);
	assert_int_equal(adjust(&p, channel, 100), 0);
	{
		struct buf got = buf_init(1000);

		assert_int_equal(collect(&p, 4, &got, 100, PACKET), 100);
		buf_free(&got);
	}
	test_pair_close(&p);
}

/* Each message with each kind of body that is too short, and each truncation of a good one. */
static void
truncated_messages(void **state)
{
	struct test_pair p;
	uint32_t channel;

	(void)state;
	for (int which = 0; which < 7; which++) {
		for (size_t n = 1;; n++) {
			struct buf m;

			open_usual(&p);
			assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
			switch (which) {
			case 0: m = test_open("session", 1, 2, PACKET); break;
			case 1: m = test_request(channel, "exec", true, "ls"); break;
			case 2:
				m = test_channel_message(SSH_MSG_CHANNEL_DATA, channel);
				buf_cstr(&m, "data");
				break;
			case 3:
				m = test_channel_message(SSH_MSG_CHANNEL_EXTENDED_DATA, channel);
				buf_u32(&m, 1);
				buf_cstr(&m, "data");
				break;
			case 4:
				m = test_channel_message(SSH_MSG_CHANNEL_WINDOW_ADJUST, channel);
				buf_u32(&m, 1);
				break;
			case 5: m = test_channel_message(SSH_MSG_CHANNEL_CLOSE, channel); break;
			default: m = test_channel_message(SSH_MSG_CHANNEL_EOF, channel); break;
			}
			if (n >= m.n) {
				assert_int_equal(test_client_send_buf(&p.client, &m), 0);
				test_pair_run(&p);
				assert_int_equal(p.result, 0);
				test_pair_close(&p);
				break;
			}
			m.n = n;
			assert_int_equal(test_client_send_buf(&p.client, &m), 0);
			expect_end(&p, SSH_DISCONNECT_PROTOCOL_ERROR);
			test_pair_close(&p);
		}
	}
}

/*
 * What may come at any stage of a key exchange after login, with a body that makes no sense: the
 * table in connection.c must agree. The messages of the exchange itself are malformed here.
 */
static bool
may_come(unsigned type)
{
	return type == SSH_MSG_IGNORE || type == SSH_MSG_UNIMPLEMENTED || type == SSH_MSG_DEBUG ||
	       type == SSH_MSG_USERAUTH_REQUEST || transport_is_unrecognised((uint8_t)type);
}

static void
every_message_everywhere(void **state)
{
	(void)state;
	for (enum exchange_stage stage = EXCHANGE_IDLE; stage <= EXCHANGE_NEWKEYS; stage++) {
		for (unsigned type = 0; type < 256; type++) {
			struct buf m = test_message((uint8_t)type);
			struct test_pair p;
			struct view payload;

			buf_u32(&m, 0xffffffff);
			open_usual(&p);
			p.connection->t->exchange.stage = stage;
			if (stage == EXCHANGE_INIT)
				p.connection->t->exchange.next = p.connection->t->agreed;
			assert_int_equal(test_client_send_buf(&p.client, &m), 0);
			test_pair_run(&p);
			if (may_come(type)) {
				assert_int_equal(p.result, 0);
				if (transport_is_unrecognised((uint8_t)type))
					assert_int_equal(test_client_expect(&p.client,
							     SSH_MSG_UNIMPLEMENTED, &payload),
					    0);
				else
					expect_silence(&p);
			} else if (type == SSH_MSG_DISCONNECT) {
				assert_int_equal(p.result, ERR_EOF);
				assert_int_equal(
				    ssh_transport_client_reason(p.connection->t), 0xffffffff);
			} else {
				assert_int_not_equal(p.result, 0);
				assert_int_not_equal(p.result, ERR_EOF);
				assert_int_equal(
				    test_client_expect(&p.client, SSH_MSG_DISCONNECT, &payload), 0);
			}
			test_pair_close(&p);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_life_of_a_channel),
		cmocka_unit_test(client_closes_first),
		cmocka_unit_test(data_after_our_close_is_dropped),
		cmocka_unit_test(data_after_eof),
		cmocka_unit_test(every_request_is_answered_once),
		cmocka_unit_test(global_requests),
		cmocka_unit_test(ping),
		cmocka_unit_test(channel_opens_are_judged),
		cmocka_unit_test(channels_are_limited),
		cmocka_unit_test(window_of_the_client),
		cmocka_unit_test(output_for_every_window),
		cmocka_unit_test(end_waits_for_data),
		cmocka_unit_test(data_beyond_our_window),
		cmocka_unit_test(largest_data_message),
		cmocka_unit_test(window_grows),
		cmocka_unit_test(window_keeps_up_with_slow_start),
		cmocka_unit_test(windows_share_a_budget),
		cmocka_unit_test(half_used_data_is_offered_again),
		cmocka_unit_test(data_before_a_program),
		cmocka_unit_test(client_that_does_not_listen),
		cmocka_unit_test(echo_both_ways),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(slow_reader_with_a_small_window),
		cmocka_unit_test(client_hangs_up),
		cmocka_unit_test(kept_data_in_small_steps),
		cmocka_unit_test(owner_and_numbers),
		cmocka_unit_test(idle_gives_memory_back),
		cmocka_unit_test(truncated_messages),
		cmocka_unit_test(every_message_everywhere),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
