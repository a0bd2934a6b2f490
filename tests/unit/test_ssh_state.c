/* The state on its way from the login worker to the session worker. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct handed {
	int fds[2];
	struct test_server server;
	struct test_client client;
	struct buf state;
};

/*
 * Logs in; before the answer the client sends the first `ahead` bytes of what follows, so that the
 * state holds unread bytes.
 */
static void
hand_over(struct handed *h, const struct test_offer *offer, struct view ahead_message, size_t ahead)
{
	struct view payload;

	*h = (struct handed){ 0 };
	h->state = buf_init(SSH_STATE_BYTES_MAX);
	test_socketpair(h->fds);
	h->server.fd = h->fds[0];
	h->server.config = test_config();
	assert_int_equal(test_client_init(&h->client, h->fds[1], offer), 0);
	test_server_start(&h->server);
	assert_int_equal(test_client_version(&h->client, "SSH-2.0-test"), 0);
	assert_int_equal(test_client_kex(&h->client), 0);
	assert_int_equal(test_client_service(&h->client), 0);
	/* all in one write, so that one read takes it */
	{
		struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);
		size_t request;

		buf_cstr(&m, "demo");
		buf_cstr(&m, "ssh-connection");
		buf_cstr(&m, "password");
		buf_bool(&m, false);
		buf_cstr(&m, "secret");
		assert_int_equal(packet_output_send(&h->client.out, buf_view(&m)), 0);
		request = packet_output_pending(&h->client.out);
		assert_int_equal(packet_output_send(&h->client.out, ahead_message), 0);
		if (ahead > packet_output_pending(&h->client.out) - request)
			ahead = packet_output_pending(&h->client.out) - request;
		assert_int_equal(test_client_raw(&h->client,
				     h->client.out.bytes + h->client.out.start, request + ahead),
		    0);
		h->client.out.start += request + ahead;
		buf_free(&m);
	}
	assert_int_equal(test_client_expect(&h->client, SSH_MSG_USERAUTH_SUCCESS, &payload), 0);
	assert_int_equal(test_server_join(&h->server), 0);
	assert_int_equal(ssh_transport_export(h->server.transport, &h->state), 0);
	ssh_transport_free(&h->server.transport);
}

static void
hand_close(struct handed *h)
{
	test_client_free(&h->client);
	buf_free(&h->state);
	free(h->server.config);
	close(h->fds[0]);
	close(h->fds[1]);
}

static int
import(struct handed *h, struct view state, struct ssh_transport **out)
{
	struct rd r = rd_of(state);
	int err = ssh_transport_import(out, &r, h->fds[0], h->server.config);

	if (err == 0 && (err = rd_end(&r)) != 0)
		ssh_transport_free(out);
	return err;
}

static size_t
no_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	(void)ctx;
	(void)channel;
	(void)bytes;
	return n;
}

static void
middle_of_a_packet(const struct test_offer *offer)
{
	const struct ssh_connection_events events = { .data = no_data };

	for (size_t ahead = 0; ahead < 120; ahead += 13) {
		struct buf m = test_open("session", 6, 1000, 1000);
		struct ssh_transport *t;
		struct ssh_connection *c;
		struct view payload;
		struct handed h;

		hand_over(&h, offer, buf_view(&m), ahead);
		assert_int_equal(import(&h, buf_view(&h.state), &t), 0);
		assert_true(
		    view_is(ssh_transport_client_version(t), "SSH-2.0-test"));
		assert_memory_equal(ssh_transport_session_id(t).p,
		    h.client.session_id, h.client.session_id_bytes);
		assert_non_null(strstr(ssh_transport_agreed(t), offer->cipher));
		assert_int_equal(ssh_connection_new(&c, &t, &events, 1), 0);
		assert_int_equal(packet_output_flush(&h.client.out, h.fds[1]), 0);
		assert_int_equal(ssh_connection_readable(c), 0);
		assert_int_equal(test_client_expect(&h.client,
				     SSH_MSG_CHANNEL_OPEN_CONFIRMATION, &payload),
		    0);
		ssh_connection_free(&c);
		buf_free(&m);
		hand_close(&h);
	}
}

static void
every_cipher_in_the_middle_of_a_packet(void **state)
{
	(void)state;
	test_each_cipher(middle_of_a_packet);
}

static void
truncations_and_trailing_bytes(void **state)
{
	struct ssh_transport *t;
	struct handed h;

	(void)state;
	hand_over(&h, &test_offer_usual, view_of("x"), 10);
	for (size_t n = 0; n < h.state.n; n++) {
		assert_int_not_equal(import(&h, (struct view){ h.state.p, n }, &t), 0);
		assert_null(t);
	}
	buf_u8(&h.state, 0);
	assert_int_equal(import(&h, buf_view(&h.state), &t), ERR_TRAILING);
	hand_close(&h);
}

static void
bit_flips(void **state)
{
	static const char *const ciphers[] = { "aes256-gcm@openssh.com", "aes128-ctr" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct test_offer offer = test_offer_usual;
		struct ssh_transport *t;
		struct handed h;

		offer.cipher = ciphers[i];
		hand_over(&h, &offer, view_of("x"), 10);
		for (size_t bit = 0; bit < h.state.n * 8; bit++) {
			h.state.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			/* keys and counters are what they are; what is taken must be usable */
			if (import(&h, buf_view(&h.state), &t) == 0) {
				assert_true(t->in.end <= t->in.capacity);
				assert_true(t->session_id_bytes >= 20);
				ssh_transport_free(&t);
			}
			h.state.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		hand_close(&h);
	}
}

static void
replace_in_state(struct handed *h, const char *name, const char *with)
{
	uint8_t *at = memmem(h->state.p, h->state.n, name, strlen(name));

	assert_int_equal(strlen(name), strlen(with));
	assert_non_null(at);
	memcpy(at, with, strlen(with));
}

/* A configuration that changed meanwhile ends no session. */
static void
config_may_change(void **state)
{
	static const struct {
		enum ssh_algorithm_class class;
		const char *list;
	} cases[] = {
		{ SSH_ALGORITHM_KEX, "ecdh-sha2-nistp256" },
		{ SSH_ALGORITHM_CIPHER, "aes128-gcm@openssh.com" },
		{ SSH_ALGORITHM_MAC, "hmac-sha2-512" },
		{ SSH_ALGORITHM_COMPRESSION, "none" },
	};
	struct test_offer offer = test_offer_usual;
	struct ssh_transport *t;
	struct handed h;

	(void)state;
	offer.cipher = "aes128-ctr";
	offer.compression = "zlib@openssh.com";
	hand_over(&h, &offer, view_of("x"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		strcpy(h.server.config->algorithms.list[cases[i].class], cases[i].list);
	h.server.config->host_key_count = 0;
	assert_int_equal(import(&h, buf_view(&h.state), &t), 0);
	ssh_transport_free(&t);
	hand_close(&h);
}

/* Names that the library does not have are not taken over. */
static void
names_are_ours(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct ssh_transport *t;
	struct handed h;

	(void)state;
	offer.cipher = "aes128-ctr";
	hand_over(&h, &offer, view_of("x"), 0);
	replace_in_state(&h, "ssh-ed25519", "ssh-ed25510");
	assert_int_equal(import(&h, buf_view(&h.state), &t), ERR_INVALID);
	replace_in_state(&h, "ssh-ed25510", "ssh-ed25519");
	assert_int_equal(import(&h, buf_view(&h.state), &t), 0);
	ssh_transport_free(&t);
	replace_in_state(&h, "curve25519-sha256", "curve25519-sha250");
	assert_int_equal(import(&h, buf_view(&h.state), &t), ERR_INVALID);
	hand_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cipher_in_the_middle_of_a_packet),
		cmocka_unit_test(truncations_and_trailing_bytes),
		cmocka_unit_test(bit_flips),
		cmocka_unit_test(config_may_change),
		cmocka_unit_test(names_are_ours),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
