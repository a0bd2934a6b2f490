/* A connection that idles is written down, and another one goes on where it was. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOW = 1024 * 1024, PACKET = 32 * 1024 };

/* Writes down and frees; the state is the caller's. */
static struct buf
write_down(struct test_pair *p)
{
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);

	assert_true(ssh_connection_can_export(p->connection));
	assert_int_equal(ssh_connection_export(p->connection, &state), 0);
	assert_false(ssh_connection_can_export(p->connection));
	ssh_connection_free(&p->connection);
	return state;
}

static void
park_and_wake(struct test_pair *p)
{
	struct buf state = write_down(p);

	assert_int_equal(test_pair_import(p, buf_view(&state)), 0);
	buf_free(&state);
}

/* Data there and back on the channel. */
static void
talk(struct test_pair *p, uint32_t channel, const char *text)
{
	struct view payload, data;
	size_t had = p->received.n;
	struct rd r;

	p->echo = true;
	assert_int_equal(test_pair_data(p, channel, text, strlen(text)), 0);
	assert_int_equal(test_client_expect(&p->client, SSH_MSG_CHANNEL_DATA, &payload), 0);
	r = rd_of(payload);
	rd_u8(&r);
	rd_u32(&r);
	data = rd_str(&r, PACKET);
	assert_int_equal(rd_end(&r), 0);
	assert_true(view_is(data, text));
	assert_int_equal(p->received.n, had + strlen(text));
}

static void
goes_on(const struct test_offer *offer)
{
	struct test_pair p;
	uint32_t first, second;

	test_pair_open(&p, offer, NULL);
	assert_int_equal(test_pair_subsystem(&p, 7, WINDOW, PACKET, &first), 0);
	assert_int_equal(test_pair_subsystem(&p, 9, WINDOW, PACKET, &second), 0);
	talk(&p, first, "before");
	for (unsigned turn = 0; turn < 3; turn++) {
		park_and_wake(&p);
		assert_int_equal(ssh_connection_channels(p.connection), 2);
		talk(&p, first, "on the first");
		talk(&p, second, "on the second");
	}
	assert_int_equal(test_client_kex(&p.client), 0);
	test_pair_run(&p);
	/* the tick dates the new keys */
	assert_false(ssh_connection_can_export(p.connection));
	assert_int_equal(ssh_connection_tick(p.connection, p.now_ms), 0);
	park_and_wake(&p);
	talk(&p, second, "with new keys");
	test_pair_close(&p);
}

static void
goes_on_with_every_cipher(void **state)
{
	(void)state;
	test_each_cipher(goes_on);
}

static void
channels_keep_their_limits(void **state)
{
	struct ssh_channel before, after;
	struct test_pair p;
	uint32_t first, second, third;

	(void)state;
	test_pair_open(&p, &test_offer_usual, NULL);
	assert_int_equal(test_pair_subsystem(&p, 7, WINDOW, PACKET, &first), 0);
	assert_int_equal(test_pair_channel(&p, 8, 12345, 300, &second), 0);
	talk(&p, first, "something");
	before = *p.connection->channels[first];
	park_and_wake(&p);
	after = *p.connection->channels[first];
	assert_int_equal(after.window, before.window);
	assert_int_equal(after.window_target, before.window_target);
	assert_int_equal(after.window_used, before.window_used);
	assert_int_equal(after.client_window, before.client_window);
	assert_int_equal(after.client_packet, before.client_packet);
	assert_int_equal(after.client_number, 7);
	assert_true(ssh_channel_has_program(ssh_connection_channel(p.connection, first)));
	assert_false(ssh_channel_has_program(ssh_connection_channel(p.connection, second)));
	assert_null(ssh_connection_channel(p.connection, second + 1));
	assert_null(ssh_connection_channel(p.connection,
	    ssh_connection_channels_max(p.connection)));
	/* the next one gets the next number, and a window is still a window */
	assert_int_equal(test_pair_channel(&p, 9, WINDOW, PACKET, &third), 0);
	assert_int_equal(third, second + 1);
	test_pair_close(&p);
}

static void
in_the_middle_of_something(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct test_pair p;
	uint32_t channel;

	(void)state;
	test_pair_open(&p, &offer, NULL);
	assert_int_equal(test_pair_subsystem(&p, 7, WINDOW, PACKET, &channel), 0);
	/* data that the owner has no use for yet */
	p.take_at_most = 0;
	assert_int_equal(test_pair_data(&p, channel, "kept", 4), 0);
	test_pair_run(&p);
	assert_false(ssh_connection_can_export(p.connection));
	p.take_at_most = SIZE_MAX;
	ssh_channel_resume(p.channel);
	assert_true(ssh_connection_can_export(p.connection));
	/* a packet that has come in part */
	{
		struct buf m = test_message(SSH_MSG_IGNORE);

		buf_cstr(&m, "ignored");
		assert_int_equal(packet_output_send(&p.client.out, buf_view(&m)), 0);
		assert_int_equal(
		    test_client_raw(&p.client, p.client.out.bytes + p.client.out.start, 20), 0);
		p.client.out.start += 20;
		test_pair_run(&p);
		assert_false(ssh_connection_can_export(p.connection));
		assert_int_equal(packet_output_flush(&p.client.out, p.fds[1]), 0);
		test_pair_run(&p);
		assert_true(ssh_connection_can_export(p.connection));
		buf_free(&m);
	}
	/* a channel that is ending */
	ssh_channel_close(p.channel);
	assert_false(ssh_connection_can_export(p.connection));
	test_pair_close(&p);
	/* a key exchange that we began */
	test_pair_open(&p, &offer, NULL);
	assert_int_equal(ssh_connection_rekey(p.connection), 0);
	assert_false(ssh_connection_can_export(p.connection));
	test_pair_close(&p);
}

static void
never_with_compression(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct test_pair p;

	(void)state;
	offer.compression = "zlib@openssh.com";
	test_pair_open(&p, &offer, NULL);
	assert_false(ssh_connection_can_export(p.connection));
	test_pair_close(&p);
}

static void
keys_keep_their_age(void **state)
{
	struct ssh_config *config = test_config();
	struct test_pair p;
	struct view payload;

	(void)state;
	config->rekey_ms = 5000;
	test_pair_open(&p, &test_offer_usual, config);
	assert_int_equal(ssh_connection_deadline_ms(p.connection), p.now_ms + 5000);
	p.now_ms += 4000;
	park_and_wake(&p);
	assert_int_equal(ssh_connection_deadline_ms(p.connection), p.now_ms + 1000);
	p.now_ms += 1000;
	park_and_wake(&p);
	assert_int_equal(ssh_connection_tick(p.connection, p.now_ms), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
	test_pair_close(&p);
}

/* ---- bytes of an enemy */

struct written {
	struct test_pair pair;
	struct buf state;
	size_t transport_bytes;
};

static void
write_two_channels(struct written *w)
{
	struct buf connection = buf_init(SSH_STATE_BYTES_MAX);
	uint32_t channel;

	test_pair_open(&w->pair, &test_offer_usual, NULL);
	assert_int_equal(test_pair_subsystem(&w->pair, 7, WINDOW, PACKET, &channel), 0);
	assert_int_equal(test_pair_channel(&w->pair, 8, 12345, 300, &channel), 0);
	connection_write_state(w->pair.connection, &connection);
	w->state = write_down(&w->pair);
	w->transport_bytes = w->state.n - connection.n;
	buf_free(&connection);
}

static void
written_free(struct written *w)
{
	buf_free(&w->state);
	test_pair_close(&w->pair);
}

static void
assert_obeys_limits(const struct ssh_connection *c)
{
	size_t found = 0;

	assert_in_range(c->keys_ms, 0, c->now_ms);
	for (uint32_t i = 0; i < ssh_connection_channels_max(c); i++) {
		const struct ssh_channel *channel = ssh_connection_channel(c, i);

		if (channel == NULL)
			continue;
		found++;
		assert_int_equal(channel->number, i);
		assert_in_range(channel->window_target, CHANNEL_WINDOW_FIRST,
		    CHANNEL_WINDOW_LARGEST);
		assert_in_range(channel->window, 0, channel->window_target);
		assert_in_range(channel->client_packet, CHANNEL_CLIENT_PACKET_MIN,
		    CHANNEL_SEND_MAX);
	}
	assert_int_equal(found, ssh_connection_channels(c));
}

static void
truncations_and_trailing_bytes(void **state)
{
	struct written w;

	(void)state;
	write_two_channels(&w);
	for (size_t n = 0; n < w.state.n; n++) {
		assert_int_not_equal(
		    test_pair_import(&w.pair, (struct view){ w.state.p, n }), 0);
		assert_null(w.pair.connection);
	}
	buf_u8(&w.state, 0);
	assert_int_equal(test_pair_import(&w.pair, buf_view(&w.state)), ERR_TRAILING);
	written_free(&w);
}

static void
bit_flips(void **state)
{
	struct written w;

	(void)state;
	write_two_channels(&w);
	for (size_t bit = w.transport_bytes * 8; bit < w.state.n * 8; bit++) {
		w.state.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (test_pair_import(&w.pair, buf_view(&w.state)) == 0) {
			assert_obeys_limits(w.pair.connection);
			ssh_connection_free(&w.pair.connection);
		}
		w.state.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	written_free(&w);
}

/* Where the fields of the first channel are, behind version, flag, age and count. */
enum {
	AT_KEYS = 2,
	AT_COUNT = 10,
	AT_NUMBER = 14,
	AT_WINDOW = AT_NUMBER + 9,
	AT_TARGET = AT_NUMBER + 13,
	AT_USED = AT_NUMBER + 17,
	AT_PACKET = AT_NUMBER + 29,
	CHANNEL_STATE_BYTES = 33,
};

/* The result with this 32-bit number in that place. */
static int
with(struct written *w, size_t at, uint32_t value)
{
	uint8_t *place = w->state.p + w->transport_bytes + at;
	uint32_t was = get_u32(place);
	int err;

	put_u32(place, value);
	err = test_pair_import(&w->pair, buf_view(&w->state));
	ssh_connection_free(&w->pair.connection);
	put_u32(place, was);
	return err;
}

static void
every_limit(void **state)
{
	struct written w;
	uint32_t channels;

	(void)state;
	write_two_channels(&w);
	channels = w.pair.config->max_channels;
	assert_int_equal(with(&w, AT_TARGET, CHANNEL_WINDOW_LARGEST), 0);
	assert_int_equal(with(&w, AT_TARGET, CHANNEL_WINDOW_LARGEST + 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_TARGET, CHANNEL_WINDOW_FIRST - 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_WINDOW, CHANNEL_WINDOW_FIRST), 0);
	assert_int_equal(with(&w, AT_WINDOW, CHANNEL_WINDOW_FIRST + 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_USED + 4, CHANNEL_WINDOW_FIRST), 0);
	assert_int_equal(with(&w, AT_USED + 4, CHANNEL_WINDOW_FIRST + 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_PACKET, CHANNEL_CLIENT_PACKET_MIN), 0);
	assert_int_equal(with(&w, AT_PACKET, CHANNEL_CLIENT_PACKET_MIN - 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_PACKET, CHANNEL_SEND_MAX), 0);
	assert_int_equal(with(&w, AT_PACKET, CHANNEL_SEND_MAX + 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_COUNT, channels + 1), ERR_LIMIT);
	assert_int_equal(with(&w, AT_KEYS + 4, (uint32_t)w.pair.now_ms), 0);
	assert_int_equal(with(&w, AT_KEYS + 4, (uint32_t)w.pair.now_ms + 1), ERR_INVALID);
	/* the second channel: one number twice, and one that no channel has */
	assert_int_equal(with(&w, AT_NUMBER + CHANNEL_STATE_BYTES, 0), ERR_INVALID);
	assert_int_equal(with(&w, AT_NUMBER + CHANNEL_STATE_BYTES, channels - 1), 0);
	assert_int_equal(with(&w, AT_NUMBER + CHANNEL_STATE_BYTES, channels), ERR_INVALID);
	written_free(&w);
}

/* Many channels with grown windows would be more than a client can ever have been given. */
static void
windows_together(void **state)
{
	enum { CHANNELS = 4 };
	struct written w = { 0 };
	uint32_t channel;

	(void)state;
	test_pair_open(&w.pair, &test_offer_usual, NULL);
	for (uint32_t i = 0; i < CHANNELS; i++)
		assert_int_equal(test_pair_channel(&w.pair, i, WINDOW, PACKET, &channel), 0);
	/* 64 MiB of budget and a first window each: 72 MiB in all */
	w.pair.connection->channels[0]->window_target = CHANNEL_WINDOW_LARGEST;
	w.pair.connection->channels[1]->window_target = CHANNEL_WINDOW_LARGEST;
	w.state = write_down(&w.pair);
	w.transport_bytes = w.state.n - (AT_NUMBER + CHANNELS * CHANNEL_STATE_BYTES);
	assert_int_equal(with(&w, AT_TARGET + 2 * CHANNEL_STATE_BYTES, 6 * 1024 * 1024), 0);
	assert_int_equal(
	    with(&w, AT_TARGET + 2 * CHANNEL_STATE_BYTES, 6 * 1024 * 1024 + 1), ERR_LIMIT);
	written_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_with_every_cipher),
		cmocka_unit_test(channels_keep_their_limits),
		cmocka_unit_test(in_the_middle_of_something),
		cmocka_unit_test(never_with_compression),
		cmocka_unit_test(keys_keep_their_age),
		cmocka_unit_test(truncations_and_trailing_bytes),
		cmocka_unit_test(bit_flips),
		cmocka_unit_test(every_limit),
		cmocka_unit_test(windows_together),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
