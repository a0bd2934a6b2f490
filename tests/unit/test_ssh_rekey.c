/* Key exchanges after login: by either side, under load, by volume and by time. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOW = 16 * 1024 * 1024, PACKET = 32 * 1024 };

static void
open_usual(struct test_pair *p, uint32_t *channel)
{
	test_pair_open(p, &test_offer_usual, NULL);
	assert_int_equal(test_pair_subsystem(p, 4, WINDOW, PACKET, channel), 0);
}

static int
send_ping(struct test_pair *p, size_t n)
{
	static const uint8_t zeros[PING_BYTES_MAX];
	struct buf m = test_message(SSH_MSG_PING);

	buf_str(&m, (struct view){ zeros, n });
	return test_client_send_buf(&p->client, &m);
}

static void
expect(struct test_pair *p, uint8_t type)
{
	struct view payload;

	assert_int_equal(test_client_expect(&p->client, type, &payload), 0);
}

static void
client_starts(void **state)
{
	static const char *const ciphers[] = { "chacha20-poly1305@openssh.com", "aes256-ctr",
		"aes256-gcm@openssh.com", "aes128-cbc" };
	const struct key_agreement_algorithm *kex;
	struct test_pair p;
	uint32_t channel;
	uint8_t first[SSH_HASH_MAX];

	(void)state;
	open_usual(&p, &channel);
	memcpy(first, p.client.session_id, p.client.session_id_bytes);
	for (size_t i = 0; (kex = key_agreement_at(i)) != NULL; i++) {
		p.client.offer.kex = kex->name;
		p.client.offer.cipher = ciphers[i % 4];
		p.client.offer.host_key = i % 2 == 0 ? "ssh-ed25519" : "ecdsa-sha2-nistp256";
		assert_int_equal(test_client_kex(&p.client), 0);
		assert_int_equal(p.signs, i + 1);
		assert_string_equal(p.algorithm, p.client.offer.host_key);
		assert_int_equal(test_pair_data(&p, channel, "x", 1), 0);
		assert_int_equal(send_ping(&p, 1), 0);
		expect(&p, SSH_MSG_PONG);
		assert_int_equal(p.received.n, i + 1);
	}
	/* the session id is that of the first exchange for ever */
	assert_memory_equal(
	    ssh_transport_session_id(p.connection->t).p, first, p.client.session_id_bytes);
	assert_memory_not_equal(p.hash, first, p.client.session_id_bytes);
	assert_non_null(strstr(ssh_transport_agreed(p.connection->t), p.client.offer.cipher));
	test_pair_close(&p);
}

static void
server_starts(void **state)
{
	struct iovec iov[SSH_RESERVE_PIECES];
	int count = SSH_RESERVE_PIECES;
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p, &channel);
	assert_int_equal(ssh_connection_rekey(p.connection), 0);
	assert_int_equal(ssh_connection_rekey(p.connection), 0); /* is running */
	/* data of the client still counts, answers and output wait */
	assert_int_equal(test_pair_data(&p, channel, "under way", 9), 0);
	assert_int_equal(send_ping(&p, 10), 0);
	test_pair_run(&p);
	assert_true(view_is(buf_view(&p.received), "under way"));
	assert_int_equal(ssh_channel_reserve(p.channel, 100, iov, &count), ERR_AGAIN);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
	test_client_take_kexinit(&p.client, payload);
	assert_int_equal(test_client_recv(&p.client, &payload), ERR_TIMEOUT);
	assert_int_equal(test_client_send_kexinit(&p.client), 0);
	p.sign_later = true;
	{
		/* the answer takes its time, and empty messages may come meanwhile */
		struct buf signature = buf_init(SSH_SIGNATURE_MAX),
			   m = test_message(SSH_MSG_IGNORE);
		const struct key_agreement_algorithm *a =
		    key_agreement_find(view_of(p.client.offer.kex));
		struct key_agreement *agreement;
		struct buf value = buf_init(4096), init = test_message(SSH_MSG_KEX_INIT);

		assert_int_equal(key_agreement_start(a, &value, &agreement), 0);
		buf_str(&init, buf_view(&value));
		assert_int_equal(test_client_send_buf(&p.client, &init), 0);
		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		test_pair_run(&p);
		assert_int_equal(p.result, 0);
		assert_int_equal(p.signs, 1);
		assert_int_equal(p.rooms, 0);
		assert_int_equal(test_sign(NULL, view_of(p.algorithm),
				     (struct view){ p.hash, p.hash_bytes }, &signature),
		    0);
		assert_int_equal(ssh_connection_signed(p.connection, buf_view(&signature)), 0);
		/* new keys: what had waited is on its way */
		assert_int_equal(p.rooms, 1);
		count = SSH_RESERVE_PIECES;
		assert_int_equal(ssh_channel_reserve(p.channel, 100, iov, &count), 0);
		ssh_channel_commit(p.channel, 0);
		/* once is enough */
		assert_int_equal(
		    ssh_connection_signed(p.connection, buf_view(&signature)), ERR_PROTOCOL);
		key_agreement_free(&agreement);
		buf_free(&value);
		buf_free(&signature);
	}
	test_pair_close(&p);
}

/* Some clients go on with their data in the middle of an exchange that they have begun. */
static void
data_between_kexinit_and_newkeys(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p, &channel);
	assert_int_equal(test_client_send_kexinit(&p.client), 0);
	assert_int_equal(test_pair_data(&p, channel, "against", 7), 0);
	assert_int_equal(send_ping(&p, 10), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
	assert_int_equal(test_pair_data(&p, channel, " the rules", 10), 0);
	test_client_take_kexinit(&p.client, payload);
	assert_int_equal(test_client_exchange(&p.client), 0);
	expect(&p, SSH_MSG_PONG);
	assert_true(view_is(buf_view(&p.received), "against the rules"));
	assert_int_equal(p.result, 0);
	test_pair_close(&p);
}

/* The exchange's own messages have their places, and each comes once. */
static void
exchange_out_of_order(void **state)
{
	(void)state;
	for (int which = 0; which < 4; which++) {
		struct buf m = test_message(which == 1 ? SSH_MSG_NEWKEYS : SSH_MSG_KEX_INIT);
		struct test_pair p;
		uint32_t channel;

		open_usual(&p, &channel);
		if (which >= 1)
			assert_int_equal(test_client_send_kexinit(&p.client), 0);
		if (which == 3) {
			test_pair_run(&p);
			buf_clear(&m);
			buf_raw(&m, p.client.ours.p, p.client.ours.n);
		}
		if (which == 2)
			buf_cstr(&m, "not a public value");
		assert_int_equal(test_client_send_buf(&p.client, &m), 0);
		test_pair_run(&p);
		assert_int_not_equal(p.result, 0);
		assert_int_not_equal(p.result, ERR_EOF);
		test_pair_close(&p);
	}
}

static void
held_answers_come_after(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p, &channel);
	assert_int_equal(ssh_connection_rekey(p.connection), 0);
	assert_int_equal(send_ping(&p, 10), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
	test_client_take_kexinit(&p.client, payload);
	assert_int_equal(test_client_send_kexinit(&p.client), 0);
	assert_int_equal(test_client_exchange(&p.client), 0);
	expect(&p, SSH_MSG_PONG);
	assert_int_equal(p.result, 0);
	test_pair_close(&p);
}

/* CVE-2025-26466: what waits for the end of an exchange is bounded. */
static void
held_answers_are_bounded(void **state)
{
	struct test_pair p;
	uint32_t channel;
	int sent = 0;

	(void)state;
	open_usual(&p, &channel);
	assert_int_equal(ssh_connection_rekey(p.connection), 0);
	while (p.result == 0 && sent < 1000) {
		send_ping(&p, 1000);
		test_pair_run(&p);
		sent++;
	}
	assert_int_equal(p.result, ERR_LIMIT);
	assert_true(sent < HELD_BYTES_MAX / 1000 + 2);
	test_pair_close(&p);
}

static void
by_volume(void **state)
{
	static uint8_t bytes[30000];

	(void)state;
	for (int direction = 0; direction < 2; direction++) {
		struct ssh_config *config = test_config();
		struct test_pair p;
		uint32_t channel;
		unsigned exchanges = 0;

		config->rekey_bytes = 100000;
		test_pair_open(&p, &test_offer_usual, config);
		p.echo = direction == 1;
		assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
		for (int i = 0; i < 50; i++) {
			struct view payload;

			assert_int_equal(test_pair_data(&p, channel, bytes, sizeof(bytes)), 0);
			while (test_client_recv(&p.client, &payload) == 0) {
				if (payload.p[0] != SSH_MSG_KEXINIT)
					continue;
				test_client_take_kexinit(&p.client, payload);
				assert_int_equal(test_client_send_kexinit(&p.client), 0);
				assert_int_equal(test_client_exchange(&p.client), 0);
				exchanges++;
			}
			assert_int_equal(p.result, 0);
		}
		/* all of it has arrived, whatever was exchanged in between */
		assert_int_equal(p.received.n, 50 * sizeof(bytes));
		assert_true(exchanges >= 10 && exchanges <= 25);
		test_pair_close(&p);
	}
}

static void
by_time(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;
	uint64_t start;

	(void)state;
	open_usual(&p, &channel);
	start = p.now_ms;
	assert_int_equal(ssh_connection_deadline_ms(p.connection), start + 3600 * 1000);
	assert_int_equal(ssh_connection_tick(p.connection, start + 3600 * 1000 - 1), 0);
	assert_int_equal(test_client_recv(&p.client, &payload), ERR_TIMEOUT);
	assert_int_equal(ssh_connection_tick(p.connection, start + 3600 * 1000), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
	test_client_take_kexinit(&p.client, payload);
	assert_int_equal(test_client_send_kexinit(&p.client), 0);
	assert_int_equal(test_client_exchange(&p.client), 0);
	test_pair_run(&p);
	/* the clock of the next one starts with these keys */
	assert_int_equal(ssh_connection_tick(p.connection, start + 3600 * 1000 + 500), 0);
	assert_int_equal(ssh_connection_deadline_ms(p.connection), start + 2 * 3600 * 1000 + 500);
	test_pair_close(&p);
}

static void
slow_exchange_ends(void **state)
{
	struct test_pair p;
	uint32_t channel;
	uint64_t t;

	(void)state;
	open_usual(&p, &channel);
	assert_int_equal(ssh_connection_rekey(p.connection), 0);
	t = p.now_ms + 3000 * 1000; /* nobody had looked at the clock for long */
	assert_int_equal(ssh_connection_tick(p.connection, t), 0);
	assert_int_equal(ssh_connection_deadline_ms(p.connection), t + 120 * 1000);
	/* a client whose data is still coming has time */
	assert_int_equal(test_pair_data(&p, channel, "x", 1), 0);
	test_pair_run(&p);
	assert_int_equal(ssh_connection_tick(p.connection, t + 120 * 1000), 0);
	assert_int_equal(ssh_connection_tick(p.connection, t + 240 * 1000 - 1), 0);
	assert_int_equal(ssh_connection_tick(p.connection, t + 240 * 1000), ERR_TIMEOUT);
	test_pair_close(&p);
}

/* Each costs us a signature: those without a reason are counted, at n and n + 1. */
static void
client_starts_too_often(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;
	uint64_t now_ms;

	(void)state;
	open_usual(&p, &channel);
	now_ms = p.now_ms;
	for (int i = 0; i < REKEY_BURST; i++)
		assert_int_equal(test_client_kex(&p.client), 0);
	/* time earns one more, and no second one */
	now_ms += REKEY_EARNED_BY_MS;
	assert_int_equal(ssh_connection_tick(p.connection, now_ms), 0);
	assert_int_equal(test_client_kex(&p.client), 0);
	assert_int_equal(p.result, 0);
	assert_int_equal(test_client_send_kexinit(&p.client), 0);
	test_pair_run(&p);
	assert_int_equal(p.result, ERR_LIMIT);
	assert_int_equal(p.signs, REKEY_BURST + 1);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_DISCONNECT, &payload), 0);
	test_pair_close(&p);
}

/* Clients may be told to change keys after little, and do so under load. */
static void
client_starts_by_volume(void **state)
{
	static uint8_t bytes[REKEY_EARNED_BY_BYTES / 2];
	struct test_pair p;
	struct view payload;
	uint32_t channel;

	(void)state;
	open_usual(&p, &channel);
	for (int i = 0; i < 3 * REKEY_BURST; i++) {
		for (int half = 0; half < 2; half++)
			assert_int_equal(test_pair_data(&p, channel, bytes, sizeof(bytes)), 0);
		while (test_client_recv(&p.client, &payload) == 0)
			assert_int_equal(payload.p[0], SSH_MSG_CHANNEL_WINDOW_ADJUST);
		assert_int_equal(test_client_kex(&p.client), 0);
		p.received.n = 0;
	}
	assert_int_equal(p.result, 0);
	test_pair_close(&p);
}

static void
no_signature(void **state)
{
	struct test_pair p;
	struct view payload;
	uint32_t channel;
	struct buf m = test_message(SSH_MSG_KEX_INIT), value = buf_init(4096);
	struct key_agreement *agreement;

	(void)state;
	open_usual(&p, &channel);
	p.sign_later = true;
	assert_int_equal(test_client_send_kexinit(&p.client), 0);
	assert_int_equal(test_client_expect(&p.client, SSH_MSG_KEXINIT, &payload), 0);
	assert_int_equal(key_agreement_start(
			     key_agreement_find(view_of(p.client.offer.kex)), &value, &agreement),
	    0);
	buf_str(&m, buf_view(&value));
	assert_int_equal(test_client_send_buf(&p.client, &m), 0);
	test_pair_run(&p);
	assert_int_equal(ssh_connection_signed(p.connection, (struct view){ 0 }), ERR_DENIED);
	expect(&p, SSH_MSG_DISCONNECT);
	key_agreement_free(&agreement);
	buf_free(&value);
	test_pair_close(&p);
}

static void
streams_start_afresh(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct test_pair p;
	uint32_t channel;

	(void)state;
	offer.compression = "zlib@openssh.com";
	test_pair_open(&p, &offer, NULL);
	assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(test_client_kex(&p.client), 0);
		assert_int_equal(test_pair_data(&p, channel, "the same text again", 19), 0);
		assert_int_equal(send_ping(&p, 500), 0);
		expect(&p, SSH_MSG_PONG);
	}
	assert_int_equal(p.received.n, 5 * 19);
	test_pair_close(&p);
}

/* The keys that are in use say so themselves when a bit of the stream is flipped. */
static void
flipped_bits_in_the_stream(void **state)
{
	static const char *const ciphers[] = { "aes128-gcm@openssh.com",
		"chacha20-poly1305@openssh.com", "aes128-ctr" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t bit = 0; bit < 64 * 8; bit += 5) {
			struct test_offer offer = test_offer_usual;
			struct buf m;
			struct test_pair p;
			uint32_t channel;
			static uint8_t rest[SSH_PACKET_MAX];

			offer.cipher = ciphers[i];
			test_pair_open(&p, &offer, NULL);
			assert_int_equal(test_pair_subsystem(&p, 4, WINDOW, PACKET, &channel), 0);
			m = test_channel_message(SSH_MSG_CHANNEL_DATA, channel);
			buf_str(&m, view_of("thirty-two bytes of data, or so."));
			assert_int_equal(packet_output_send(&p.client.out, buf_view(&m)), 0);
			p.client.out.bytes[p.client.out.start + bit / 8] ^=
			    (uint8_t)(1u << bit % 8);
			assert_int_equal(
			    test_client_raw(&p.client, p.client.out.bytes + p.client.out.start,
				packet_output_pending(&p.client.out)),
			    0);
			test_pair_run(&p);
			/* a longer packet may have been announced: here it is */
			for (size_t n = 0; p.result == 0 && n < sizeof(rest); n += 4096) {
				assert_int_equal(test_client_raw(&p.client, rest, 4096), 0);
				test_pair_run(&p);
			}
			assert_int_not_equal(p.result, 0);
			assert_int_equal(p.received.n, 0);
			buf_free(&m);
			test_pair_close(&p);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_starts),
		cmocka_unit_test(server_starts),
		cmocka_unit_test(data_between_kexinit_and_newkeys),
		cmocka_unit_test(exchange_out_of_order),
		cmocka_unit_test(held_answers_come_after),
		cmocka_unit_test(held_answers_are_bounded),
		cmocka_unit_test(by_volume),
		cmocka_unit_test(by_time),
		cmocka_unit_test(slow_exchange_ends),
		cmocka_unit_test(client_starts_too_often),
		cmocka_unit_test(client_starts_by_volume),
		cmocka_unit_test(no_signature),
		cmocka_unit_test(streams_start_afresh),
		cmocka_unit_test(flipped_bits_in_the_stream),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
