/* What a channel is given in one turn shares packets, and nothing else changes by that. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOW = 1024 * 1024, PACKET = 1000, NUMBER = 7 };

static uint8_t pattern[64 * 1024];

static int
setup(void **state)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return test_setup(state);
}

static uint32_t
open_pair(struct test_pair *p, const struct test_offer *offer, uint32_t window)
{
	uint32_t channel;

	test_pair_open(p, offer, NULL);
	assert_int_equal(test_pair_subsystem(p, NUMBER, window, PACKET, &channel), 0);
	return channel;
}

/* Gives the channel bytes, of the room that it reserved for more. */
static int
put(struct ssh_channel *channel, const void *bytes, size_t reserve, size_t commit)
{
	struct iovec iov[SSH_RESERVE_PIECES];
	int count = SSH_RESERVE_PIECES, err;
	const uint8_t *from = bytes;
	size_t left = commit;

	if ((err = ssh_channel_reserve(channel, reserve, iov, &count)) != 0)
		return err;
	for (int i = 0; i < count; i++) {
		size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;

		memset(iov[i].iov_base, 0xee, iov[i].iov_len);
		memcpy(iov[i].iov_base, from, n);
		from += n;
		left -= n;
	}
	ssh_channel_commit(channel, commit);
	return 0;
}

static void
put_text(struct ssh_channel *channel, const char *text)
{
	assert_int_equal(put(channel, text, strlen(text), strlen(text)), 0);
}

static size_t
open_bytes(const struct test_pair *p)
{
	return p->connection->t->out.open;
}

/* The next packet is data of the channel with this number: these n bytes. */
static void
expect_data(struct test_pair *p, uint32_t number, const void *bytes, size_t n)
{
	struct view payload, data;
	struct rd r;

	assert_int_equal(test_client_expect(&p->client, SSH_MSG_CHANNEL_DATA, &payload), 0);
	r = rd_of(payload);
	rd_u8(&r);
	assert_int_equal(rd_u32(&r), number);
	data = rd_str(&r, SSH_PACKET_MAX);
	assert_int_equal(rd_end(&r), 0);
	assert_int_equal(data.n, n);
	assert_memory_equal(data.p, bytes, n);
}

static void
expect_text(struct test_pair *p, uint32_t number, const char *text)
{
	expect_data(p, number, text, strlen(text));
}

static void
expect(struct test_pair *p, uint8_t type)
{
	struct view payload;

	assert_int_equal(test_client_expect(&p->client, type, &payload), 0);
}

static void
expect_silence(struct test_pair *p)
{
	struct view payload;

	assert_int_equal(test_client_recv(&p->client, &payload), ERR_TIMEOUT);
	assert_int_equal(p->result, 0);
}

static void
send_adjust(struct test_pair *p, uint32_t channel, uint32_t n)
{
	struct buf m = test_channel_message(SSH_MSG_CHANNEL_WINDOW_ADJUST, channel);

	buf_u32(&m, n);
	assert_int_equal(test_client_send_buf(&p->client, &m), 0);
}

static void
one_packet(const struct test_offer *offer)
{
	const struct packet_output *out;
	uint64_t packets, bytes;
	struct test_pair p;

	open_pair(&p, offer, WINDOW);
	out = &p.connection->t->out;
	packets = out->key_packets;
	bytes = out->key_bytes;
	for (size_t n = 0; n < 300; n += 30)
		assert_int_equal(put(p.channel, pattern + n, 30, 30), 0);
	/* what has not been sealed is not encrypted, and waits all the same */
	assert_int_equal(out->key_packets, packets);
	assert_true(packet_output_pending(out) > 300);
	assert_true(ssh_connection_wants_write(p.connection));
	assert_int_equal(p.channel->client_window, WINDOW - 300);
	expect_data(&p, NUMBER, pattern, 300);
	expect_silence(&p);
	assert_int_equal(out->key_packets, packets + 1);
	assert_int_equal(out->key_bytes, bytes +
	    packet_output_slot_bytes(out, CHANNEL_DATA_HEAD + 300));
	assert_int_equal(packet_output_pending(out), 0);
	test_pair_close(&p);
}

static void
one_packet_a_turn(void **state)
{
	(void)state;
	test_each_cipher(one_packet);
}

/* A packet is as large as the client takes, and not a byte larger. */
static void
full_packets(void **state)
{
	static const struct {
		size_t first, second;
	} cases[] = {
		{ 1, PACKET - 2 }, { 1, PACKET - 1 }, { 1, PACKET }, { PACKET - 1, 1 },
		{ PACKET - 1, 2 }, { PACKET, 1 }, { 600, 400 }, { 600, 401 }, { 600, 1400 },
		{ 600, 1401 }, { 1600, 5000 }, { 600, 62 * PACKET }, { 600, 63 * PACKET },
		{ 600, 64 * PACKET - 600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t sent = cases[i].first + cases[i].second, got, n;
		struct test_pair p;

		open_pair(&p, &test_offer_usual, WINDOW);
		assert_int_equal(put(p.channel, pattern, cases[i].first, cases[i].first), 0);
		assert_int_equal(
		    put(p.channel, pattern + cases[i].first, cases[i].second, cases[i].second), 0);
		assert_int_equal(open_bytes(&p),
		    sent % PACKET == 0 ? 0 : CHANNEL_DATA_HEAD + sent % PACKET);
		for (got = 0; got < sent; got += n) {
			n = sent - got < PACKET ? sent - got : PACKET;
			expect_data(&p, NUMBER, pattern + got, n);
		}
		expect_silence(&p);
		test_pair_close(&p);
	}
}

/* Room that was not used is nobody's, and nothing but what was committed is sent. */
static void
less_than_was_reserved(void **state)
{
	struct test_pair p;

	(void)state;
	open_pair(&p, &test_offer_usual, WINDOW);
	assert_int_equal(put(p.channel, pattern, 5000, 0), 0);
	assert_int_equal(open_bytes(&p), 0);
	assert_int_equal(put(p.channel, pattern, 5000, 100), 0);
	assert_int_equal(put(p.channel, pattern, 5000, 0), 0);
	assert_int_equal(put(p.channel, pattern + 100, 5000, 899), 0);
	assert_int_equal(put(p.channel, pattern, 5000, 0), 0);
	assert_int_equal(open_bytes(&p), CHANNEL_DATA_HEAD + 999);
	assert_int_equal(put(p.channel, pattern + 999, 5000, 1), 0);
	assert_int_equal(open_bytes(&p), 0);
	expect_data(&p, NUMBER, pattern, PACKET);
	expect_silence(&p);
	test_pair_close(&p);
}

static void
window_smaller_than_an_answer(void **state)
{
	(void)state;
	for (uint32_t window = 99; window <= 101; window++) {
		struct test_pair p;
		uint32_t channel = open_pair(&p, &test_offer_usual, window);

		assert_int_equal(put(p.channel, pattern, 60, 60), 0);
		assert_int_equal(put(p.channel, pattern + 60, 5000, 40), 0);
		assert_int_equal(open_bytes(&p), CHANNEL_DATA_HEAD + (window < 100 ? 99 : 100));
		assert_int_equal(put(p.channel, pattern + 100, 1, 1), window < 100 ? ERR_AGAIN : 0);
		expect_data(&p, NUMBER, pattern, window);
		expect_silence(&p);
		send_adjust(&p, channel, 7);
		test_pair_run(&p);
		if (window < 101)
			expect_data(&p, NUMBER, pattern + window, 1);
		expect_silence(&p);
		assert_int_equal(p.channel->client_window, window < 101 ? 6 : 7);
		test_pair_close(&p);
	}
}

/* What had waited for the window goes on in the packet that is open already. */
static void
window_that_opens_in_time(void **state)
{
	struct test_pair p;

	(void)state;
	open_pair(&p, &test_offer_usual, 100);
	assert_int_equal(put(p.channel, pattern, 3000, 3000), 0);
	assert_int_equal(open_bytes(&p), CHANNEL_DATA_HEAD + 100);
	p.channel->client_window += 50;
	assert_int_equal(channel_pump(p.channel), 0);
	assert_int_equal(open_bytes(&p), CHANNEL_DATA_HEAD + 150);
	p.channel->client_window += 2849;
	assert_int_equal(channel_pump(p.channel), 0);
	assert_int_equal(open_bytes(&p), CHANNEL_DATA_HEAD + 999);
	assert_int_equal(put(p.channel, pattern, 1, 1), ERR_AGAIN);
	p.channel->client_window += 1;
	assert_int_equal(channel_pump(p.channel), 0);
	assert_int_equal(open_bytes(&p), 0);
	for (size_t got = 0; got < 3000; got += PACKET)
		expect_data(&p, NUMBER, pattern + got, PACKET);
	expect_silence(&p);
	test_pair_close(&p);
}

/* All in one turn: the client's bytes are there before the server looks. */
static void
other_messages_between(void **state)
{
	struct test_pair p;
	struct buf m;
	uint32_t channel;

	(void)state;
	channel = open_pair(&p, &test_offer_usual, WINDOW);
	p.echo = true;
	assert_int_equal(test_pair_data(&p, channel, "one ", 4), 0);
	assert_int_equal(test_pair_data(&p, channel, "two", 3), 0);
	m = test_message(SSH_MSG_PING);
	buf_cstr(&m, "?");
	assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	assert_int_equal(test_pair_data(&p, channel, "three ", 6), 0);
	m = test_message(SSH_MSG_IGNORE);
	buf_cstr(&m, "");
	assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	assert_int_equal(test_pair_data(&p, channel, "four", 4), 0);
	expect_text(&p, NUMBER, "one two");
	expect(&p, SSH_MSG_PONG);
	expect_text(&p, NUMBER, "three four");
	expect_silence(&p);
	/* the end of the channel, too, comes behind its data */
	put_text(p.channel, "the ");
	put_text(p.channel, "last");
	ssh_channel_exit_status(p.channel, 0);
	ssh_channel_eof(p.channel);
	ssh_channel_close(p.channel);
	expect_text(&p, NUMBER, "the last");
	expect(&p, SSH_MSG_CHANNEL_REQUEST);
	expect(&p, SSH_MSG_CHANNEL_EOF);
	expect(&p, SSH_MSG_CHANNEL_CLOSE);
	test_pair_close(&p);
}

static void
told_before_the_end(void **state)
{
	struct test_pair p;

	(void)state;
	open_pair(&p, &test_offer_usual, WINDOW);
	put_text(p.channel, "said");
	ssh_connection_disconnect(p.connection, SSH_DISCONNECT_BY_APPLICATION, "enough");
	p.client.pump = NULL;
	expect_text(&p, NUMBER, "said");
	expect(&p, SSH_MSG_DISCONNECT);
	test_pair_close(&p);
}

/* Channels never share a packet, not even those of a client that gives two the same number. */
static void
each_channel_its_own(void **state)
{
	static const uint32_t numbers[] = { NUMBER, NUMBER + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct ssh_channel *first, *second;
		struct test_pair p;
		uint32_t channel;

		open_pair(&p, &test_offer_usual, WINDOW);
		first = p.channel;
		/* what the first one has in its packet is more than the second one may send */
		assert_int_equal(
		    test_pair_subsystem(&p, numbers[i], WINDOW, 300, &channel), 0);
		second = p.channel;
		assert_int_equal(put(first, pattern, 400, 400), 0);
		assert_int_equal(put(second, pattern, 299, 299), 0);
		assert_int_equal(put(second, pattern + 299, 2, 2), 0);
		assert_int_equal(put(first, pattern + 400, 1, 1), 0);
		expect_data(&p, NUMBER, pattern, 400);
		expect_data(&p, numbers[i], pattern, 300);
		expect_data(&p, numbers[i], pattern + 300, 1);
		expect_data(&p, NUMBER, pattern + 400, 1);
		expect_silence(&p);
		/* one that comes to where another one was begins a packet of its own */
		put_text(second, "bye");
		ssh_channel_close(second);
		expect_text(&p, numbers[i], "bye");
		expect(&p, SSH_MSG_CHANNEL_CLOSE);
		{
			struct buf m = test_channel_message(SSH_MSG_CHANNEL_CLOSE, channel);

			assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		}
		assert_int_equal(test_pair_subsystem(&p, 99, WINDOW, PACKET, &channel), 0);
		put_text(p.channel, "new");
		expect_text(&p, 99, "new");
		test_pair_close(&p);
	}
}

static void
key_exchange_between(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	channel = open_pair(&p, &test_offer_usual, WINDOW);
	for (int round = 0; round < 3; round++) {
		put_text(p.channel, "old ");
		put_text(p.channel, "keys");
		assert_int_equal(ssh_connection_rekey(p.connection), 0);
		assert_int_equal(put(p.channel, "x", 1, 1), ERR_AGAIN);
		expect_text(&p, NUMBER, "old keys");
		assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
		test_client_take_kexinit(&p.client, payload);
		assert_int_equal(test_client_send_kexinit(&p.client), 0);
		assert_int_equal(test_client_exchange(&p.client), 0);
		put_text(p.channel, "new ");
		put_text(p.channel, "keys");
		expect_text(&p, NUMBER, "new keys");
		/* and one that the client begins */
		put_text(p.channel, "again");
		assert_int_equal(test_client_send_kexinit(&p.client), 0);
		expect_text(&p, NUMBER, "again");
		assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
		test_client_take_kexinit(&p.client, payload);
		assert_int_equal(test_client_exchange(&p.client), 0);
		expect_silence(&p);
	}
	assert_int_equal(test_pair_data(&p, channel, "in", 2), 0);
	expect_silence(&p);
	test_pair_close(&p);
}

/* Keys that have done enough are not kept busy by a packet that is never sealed. */
static void
key_exchange_by_volume(void **state)
{
	struct ssh_config *config = test_config();
	struct test_pair p;
	struct view payload;
	uint32_t channel;
	int puts = 0, err;

	(void)state;
	config->rekey_bytes = 20000;
	test_pair_open(&p, &test_offer_usual, config);
	assert_int_equal(test_pair_subsystem(&p, NUMBER, WINDOW, PACKET, &channel), 0);
	while ((err = put(p.channel, pattern, 100, 100)) == 0)
		puts++;
	assert_int_equal(err, ERR_AGAIN);
	assert_in_range(p.connection->t->out.key_bytes, 20000, 20000 + 2 * PACKET + 4096);
	for (; puts >= PACKET / 100; puts -= PACKET / 100)
		assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_DATA, &payload), 0);
	if (puts > 0)
		expect_data(&p, NUMBER, pattern, 100);
	expect(&p, SSH_MSG_KEXINIT);
	test_pair_close(&p);
}

static void
never_parked_with_it(void **state)
{
	struct buf written = buf_init(SSH_STATE_BYTES_MAX);
	struct test_pair p;

	(void)state;
	open_pair(&p, &test_offer_usual, WINDOW);
	assert_true(ssh_connection_can_export(p.connection));
	put_text(p.channel, "not yet ");
	assert_false(ssh_connection_can_export(p.connection));
	assert_int_equal(ssh_transport_export(p.connection->t, &written), ERR_AGAIN);
	/* buffers that are given back hold nothing */
	ssh_connection_idle_release(p.connection);
	put_text(p.channel, "sent");
	assert_int_equal(ssh_connection_writable(p.connection), 0);
	assert_true(ssh_connection_can_export(p.connection));
	assert_int_equal(ssh_connection_export(p.connection, &written), 0);
	ssh_connection_free(&p.connection);
	assert_int_equal(test_pair_import(&p, buf_view(&written)), 0);
	p.channel = ssh_connection_channel(p.connection, 0);
	put_text(p.channel, "woken ");
	put_text(p.channel, "up");
	expect_text(&p, NUMBER, "not yet sent");
	expect_text(&p, NUMBER, "woken up");
	buf_free(&written);
	test_pair_close(&p);
}

/* A compressed packet ends where its stream says, and none grows. */
static void
compressed(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct test_pair p;

	(void)state;
	offer.compression = "zlib@openssh.com";
	open_pair(&p, &offer, WINDOW);
	put_text(p.channel, "one");
	assert_int_equal(open_bytes(&p), 0);
	put_text(p.channel, "two");
	assert_int_equal(put(p.channel, pattern, PACKET + 500, PACKET + 500), 0);
	put_text(p.channel, "three");
	expect_text(&p, NUMBER, "one");
	expect_text(&p, NUMBER, "two");
	expect_data(&p, NUMBER, pattern, PACKET);
	expect_data(&p, NUMBER, pattern + PACKET, 500);
	expect_text(&p, NUMBER, "three");
	test_pair_close(&p);
}

/* A socket that takes no more: the packet grows meanwhile, and is moved with the rest. */
static void
blocked_socket(void **state)
{
	static uint8_t filler[16 * 1024 * 1024];
	struct test_pair p;
	struct ssh_channel *channel;
	uint32_t number;
	size_t filled = 0, got = 0, added = 0;

	(void)state;
	test_pair_open(&p, &test_offer_usual, NULL);
	assert_int_equal(test_pair_subsystem(&p, NUMBER, UINT32_MAX, 32768, &number), 0);
	channel = p.channel;
	while (!p.connection->blocked || packet_output_pending(&p.connection->t->out) < 200000) {
		assert_true(filled + 100000 <= sizeof(filler));
		assert_int_equal(put(channel, filler + filled, 100000, 100000), 0);
		filled += 100000;
	}
	for (; added < sizeof(pattern); added += 64)
		assert_int_equal(put(channel, pattern + added, 64, 64), 0);
	while (got < filled + added) {
		struct view payload, data;
		struct rd r;

		assert_int_equal(test_client_expect(&p.client, SSH_MSG_CHANNEL_DATA, &payload), 0);
		r = rd_of(payload);
		rd_u8(&r);
		assert_int_equal(rd_u32(&r), NUMBER);
		data = rd_str(&r, 32768);
		assert_int_equal(rd_end(&r), 0);
		for (size_t i = 0; i < data.n; i++, got++)
			assert_int_equal(data.p[i],
			    got < filled ? filler[got] : pattern[got - filled]);
	}
	expect_silence(&p);
	test_pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_packet_a_turn),
		cmocka_unit_test(full_packets),
		cmocka_unit_test(less_than_was_reserved),
		cmocka_unit_test(window_smaller_than_an_answer),
		cmocka_unit_test(window_that_opens_in_time),
		cmocka_unit_test(other_messages_between),
		cmocka_unit_test(told_before_the_end),
		cmocka_unit_test(each_channel_its_own),
		cmocka_unit_test(key_exchange_between),
		cmocka_unit_test(key_exchange_by_volume),
		cmocka_unit_test(never_parked_with_it),
		cmocka_unit_test(compressed),
		cmocka_unit_test(blocked_socket),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
