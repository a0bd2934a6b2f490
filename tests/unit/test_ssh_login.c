/* The straight line from the first byte to the success of authentication. */
#include "ssh_test_client.h"

#include "ssh/login_private.h"

#include "base/clock.h"
#include "base/fd.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct login {
	int fds[2];
	struct test_server server;
	struct test_client client;
};

static void
login_open(struct login *l, const struct test_offer *offer)
{
	*l = (struct login){ 0 };
	test_socketpair(l->fds);
	l->server.fd = l->fds[0];
	l->server.config = test_config();
	assert_int_equal(test_client_init(&l->client, l->fds[1], offer), 0);
}

static void
login_close(struct login *l)
{
	ssh_transport_free(&l->server.transport);
	test_client_free(&l->client);
	free(l->server.config);
	close(l->fds[0]);
	close(l->fds[1]);
}

/* The client has done its worst: the server must end with this. */
static void
expect_end(struct login *l, int result)
{
	shutdown(l->fds[1], SHUT_WR);
	assert_int_equal(test_server_join(&l->server), result);
	login_close(l);
}

/* The next message is a DISCONNECT with this reason. */
static void
expect_disconnect(struct login *l, uint32_t reason)
{
	struct view payload;
	struct rd r;

	do
		assert_int_equal(test_client_recv(&l->client, &payload), 0);
	while (payload.p[0] != SSH_MSG_DISCONNECT);
	r = rd_of(payload);
	rd_u8(&r);
	assert_int_equal(rd_u32(&r), reason);
}

static void
every_combination(void **state)
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;
	const struct key_agreement_algorithm *kex;
	struct test_offer offer = test_offer_usual;
	struct login l;
	unsigned count = 0;

	(void)state;
	/* Each key exchange once with each host key, each cipher with each MAC. */
	for (size_t i = 0; (kex = key_agreement_at(i)) != NULL; i++) {
		for (int key = 0; key < 2; key++) {
			offer.kex = kex->name;
			offer.host_key = key == 0 ? "ssh-ed25519" : "ecdsa-sha2-nistp256";
			offer.strict = key == 0;
			login_open(&l, &offer);
			test_server_start(&l.server);
			assert_int_equal(test_client_login(&l.client), 0);
			expect_end(&l, 0);
		}
	}
	offer = test_offer_usual;
	for (size_t i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++) {
		for (size_t k = 0; (mac = packet_mac_algorithm_at(k)) != NULL; k++) {
			offer.cipher = cipher->name;
			offer.mac = mac->name;
			offer.strict = (i + k) % 2 == 0;
			login_open(&l, &offer);
			test_server_start(&l.server);
			assert_int_equal(test_client_login(&l.client), 0);
			expect_end(&l, 0);
			count++;
		}
	}
	assert_true(count >= 30);
}

/* Before a word of the client: a client that waits for it has to wait once and not twice. */
static void
kexinit_comes_with_the_version(void **state)
{
	uint8_t bytes[4096];
	const uint8_t *packet;
	struct login l;
	ssize_t n;

	(void)state;
	login_open(&l, &test_offer_usual);
	test_server_start(&l.server);
	assert_int_equal(fd_wait(l.fds[1], POLLIN, clock_mono_ms() + 10000), 0);
	n = recv(l.fds[1], bytes, sizeof(bytes), 0);
	assert_true(n > 0);
	packet = memchr(bytes, '\n', (size_t)n);
	assert_non_null(packet);
	packet++;
	assert_true(bytes + n > packet + 5);
	assert_int_equal(4 + get_u32(packet), bytes + n - packet);
	assert_int_equal(packet[5], SSH_MSG_KEXINIT);
	expect_end(&l, ERR_EOF);
}

static void
version_lines(void **state)
{
	static const struct {
		const char *line;
		int result;
	} cases[] = {
		{ "SSH-2.0-x", ERR_EOF },
		{ "SSH-1.99-x", ERR_EOF },
		{ "SSH-1.5-x", ERR_PROTOCOL },
		{ "GET / HTTP/1.1", ERR_PROTOCOL },
		{ "", ERR_PROTOCOL },
		{ "SSH-2.0-a\tb", ERR_PROTOCOL },
	};
	struct login l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		login_open(&l, &test_offer_usual);
		test_server_start(&l.server);
		assert_int_equal(test_client_version(&l.client, cases[i].line), 0);
		expect_end(&l, cases[i].result);
	}
}

static void
version_length(void **state)
{
	char line[300];
	struct login l;

	(void)state;
	for (int extra = 0; extra <= 1; extra++) {
		memset(line, 'x', sizeof(line));
		memcpy(line, "SSH-2.0-", 8);
		line[SSH_VERSION_MAX + extra] = '\0';
		login_open(&l, &test_offer_usual);
		test_server_start(&l.server);
		test_client_raw(&l.client, line, strlen(line));
		test_client_raw(&l.client, "\r\n", 2);
		expect_end(&l, extra == 0 ? ERR_EOF : ERR_PROTOCOL);
	}
	/* a line that never ends */
	memset(line, 'S', sizeof(line));
	login_open(&l, &test_offer_usual);
	test_server_start(&l.server);
	test_client_raw(&l.client, line, sizeof(line));
	expect_end(&l, ERR_PROTOCOL);
}

static void
version_in_pieces(void **state)
{
	const char *line = "SSH-2.0-slow\n";
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	test_server_start(&l.server);
	for (const char *c = line; *c != '\0'; c++)
		assert_int_equal(test_client_raw(&l.client, c, 1), 0);
	shutdown(l.fds[1], SHUT_WR);
	assert_int_equal(test_server_join(&l.server), ERR_EOF);
	assert_true(view_is(ssh_transport_client_version(l.server.transport), "SSH-2.0-slow"));
	login_close(&l);
}

static void
no_common_algorithm(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct login l;

	(void)state;
	offer.cipher = "3des-cbc";
	login_open(&l, &offer);
	test_server_start(&l.server);
	assert_int_equal(test_client_version(&l.client, "SSH-2.0-old"), 0);
	assert_int_equal(test_client_send_kexinit(&l.client), 0);
	expect_disconnect(&l, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
	assert_int_equal(test_server_join(&l.server), ERR_NO_MATCH);
	assert_string_equal(ssh_transport_error(l.server.transport),
	    "no common cipher; the client offers 3des-cbc");
	login_close(&l);
}

static void
wrong_guess_is_skipped(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct buf m = test_message(SSH_MSG_KEX_INIT);
	struct view payload;
	struct login l;

	(void)state;
	offer.wrong_kex = "diffie-hellman-group-exchange-sha256";
	offer.follows = true;
	login_open(&l, &offer);
	test_server_start(&l.server);
	assert_int_equal(test_client_version(&l.client, "SSH-2.0-guess"), 0);
	assert_int_equal(test_client_send_kexinit(&l.client), 0);
	buf_text(&m, "no sense in this method");
	assert_int_equal(test_client_send_buf(&l.client, &m), 0);
	assert_int_equal(test_client_expect(&l.client, SSH_MSG_KEXINIT, &payload), 0);
	test_client_take_kexinit(&l.client, payload);
	assert_int_equal(test_client_exchange(&l.client), 0);
	assert_int_equal(test_client_service(&l.client), 0);
	expect_end(&l, ERR_EOF);
}

static void
right_guess_counts(void **state)
{
	struct test_offer offer = test_offer_usual;
	struct login l;

	(void)state;
	offer.follows = true;
	login_open(&l, &offer);
	/* our first names are what is guessed */
	strcpy(l.server.config->algorithms.list[SSH_ALGORITHM_KEX], "curve25519-sha256");
	test_server_start(&l.server);
	assert_int_equal(test_client_login(&l.client), 0);
	expect_end(&l, 0);
}

/* CVE-2023-48795: nothing may stand before or in a strict first key exchange. */
static void
strict_exchange(void **state)
{
	static const uint8_t noise[] = { SSH_MSG_IGNORE, SSH_MSG_DEBUG, SSH_MSG_UNIMPLEMENTED };

	(void)state;
	for (size_t i = 0; i < sizeof(noise) * 2 * 2; i++) {
		struct test_offer offer = test_offer_usual;
		struct buf m = test_message(noise[i % sizeof(noise)]);
		bool before = (i / sizeof(noise)) % 2 == 0;
		struct view payload;
		struct login l;

		offer.strict = i >= sizeof(noise) * 2;
		buf_u32(&m, 0);
		login_open(&l, &offer);
		test_server_start(&l.server);
		assert_int_equal(test_client_version(&l.client, "SSH-2.0-terrapin"), 0);
		if (before)
			assert_int_equal(test_client_send_buf(&l.client, &m), 0);
		assert_int_equal(test_client_send_kexinit(&l.client), 0);
		if (!before)
			assert_int_equal(test_client_send_buf(&l.client, &m), 0);
		assert_int_equal(test_client_expect(&l.client, SSH_MSG_KEXINIT, &payload), 0);
		if (offer.strict) {
			expect_disconnect(&l, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
			expect_end(&l, ERR_PROTOCOL);
		} else {
			test_client_take_kexinit(&l.client, payload);
			assert_int_equal(test_client_exchange(&l.client), 0);
			expect_end(&l, ERR_EOF);
		}
	}
}

/* Where a login can stand when a message comes. */
enum place { BEFORE_KEXINIT, BEFORE_VALUE, BEFORE_NEWKEYS, BEFORE_SERVICE, BEFORE_REQUEST, PLACES };

static bool
may_come(enum place place, unsigned type, bool strict)
{
	if (type == SSH_MSG_IGNORE || type == SSH_MSG_DEBUG || type == SSH_MSG_UNIMPLEMENTED)
		/* that a client is strict is known from its KEXINIT on; strict_exchange() has the
		 * rest */
		return place == BEFORE_KEXINIT || place >= BEFORE_SERVICE || !strict;
	/* in the middle of its bytes it would be malformed; only its turn is tested here */
	switch (place) {
	case BEFORE_KEXINIT:
	case BEFORE_VALUE:
	case BEFORE_NEWKEYS: return false;
	case BEFORE_SERVICE:
	case BEFORE_REQUEST:
	case PLACES: break;
	}
	return transport_is_unrecognised((uint8_t)type);
}

/* Goes to the place; nothing of it may fail. */
static void
go_to(struct login *l, enum place place)
{
	struct view payload;

	test_server_start(&l->server);
	assert_int_equal(test_client_version(&l->client, "SSH-2.0-matrix"), 0);
	if (place >= BEFORE_VALUE)
		assert_int_equal(test_client_send_kexinit(&l->client), 0);
	assert_int_equal(test_client_expect(&l->client, SSH_MSG_KEXINIT, &payload), 0);
	test_client_take_kexinit(&l->client, payload);
	if (place == BEFORE_NEWKEYS) {
		const struct key_agreement_algorithm *a =
		    key_agreement_find(view_of(l->client.offer.kex));
		struct key_agreement *agreement;
		struct buf value = buf_init(4096), m = test_message(SSH_MSG_KEX_INIT);

		assert_int_equal(key_agreement_start(a, &value, &agreement), 0);
		buf_str(&m, buf_view(&value));
		assert_int_equal(test_client_send_buf(&l->client, &m), 0);
		assert_int_equal(test_client_expect(&l->client, SSH_MSG_KEX_REPLY, &payload), 0);
		key_agreement_free(&agreement);
		buf_free(&value);
	}
	if (place >= BEFORE_SERVICE)
		assert_int_equal(test_client_exchange(&l->client), 0);
	if (place >= BEFORE_REQUEST)
		assert_int_equal(test_client_service(&l->client), 0);
}

static void
every_message_everywhere(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		for (enum place place = 0; place < PLACES; place++) {
			for (unsigned type = 0; type < 256; type++) {
				struct test_offer offer = test_offer_usual;
				struct buf m = test_message((uint8_t)type);
				struct login l;

				offer.strict = strict;
				offer.ext_info = false;
				/* the expected type, but with nothing behind it, is a fault too */
				buf_u32(&m, 0xffffffff);
				login_open(&l, &offer);
				go_to(&l, place);
				assert_int_equal(test_client_send_buf(&l.client, &m), 0);
				shutdown(l.fds[1], SHUT_WR);
				test_server_join(&l.server);
				assert_int_not_equal(l.server.result, 0);
				if (may_come(place, type, strict) || type == SSH_MSG_DISCONNECT)
					assert_int_equal(l.server.result, ERR_EOF);
				else
					assert_int_not_equal(l.server.result, ERR_EOF);
				assert_false(l.server.transport->authenticated);
				login_close(&l);
			}
		}
	}
}

static void
noise_is_limited(void **state)
{
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	go_to(&l, BEFORE_REQUEST);
	for (int i = 0; i < 64; i++) {
		struct buf m = test_message(SSH_MSG_IGNORE);

		if (test_client_send_buf(&l.client, &m) != 0)
			break;
	}
	expect_end(&l, ERR_LIMIT);
}

static void
send_request(struct login *l, const char *user, const char *service, const char *method)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);

	buf_cstr(&m, user);
	buf_cstr(&m, service);
	buf_cstr(&m, method);
	assert_int_equal(test_client_send_buf(&l->client, &m), 0);
}

static void
expect_failure(struct login *l)
{
	struct view payload;
	struct rd r;

	assert_int_equal(test_client_expect(&l->client, SSH_MSG_USERAUTH_FAILURE, &payload), 0);
	r = rd_of(payload);
	rd_u8(&r);
	assert_true(view_is(rd_str(&r, 100), "publickey,password"));
	assert_false(rd_bool(&r));
	assert_int_equal(rd_end(&r), 0);
}

static void
tries_are_limited(void **state)
{
	static const struct {
		int32_t configured;
		int limit;
	} cases[] = { { 0, 6 }, { 1, 1 }, { 3, 3 }, { -1, 20 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login l;

		login_open(&l, &test_offer_usual);
		l.server.config->max_auth_tries = cases[i].configured;
		go_to(&l, BEFORE_REQUEST);
		/* the first "none" is free */
		send_request(&l, "demo", "ssh-connection", "none");
		expect_failure(&l);
		for (int try = 1; try < cases[i].limit; try++) {
			if (try % 2 == 1)
				send_request(&l, "demo", "ssh-connection", "none");
			else
				assert_int_equal(
				    test_client_password(&l.client, "demo", "wrong"), 0);
			expect_failure(&l);
		}
		assert_int_equal(test_client_password(&l.client, "demo", "wrong"), 0);
		if (cases[i].configured >= 0) {
			expect_disconnect(&l, SSH_DISCONNECT_PROTOCOL_ERROR);
			expect_end(&l, ERR_LIMIT);
		} else {
			expect_failure(&l);
			expect_end(&l, ERR_EOF);
		}
	}
}

static void
banner_comes_once_and_first(void **state)
{
	struct view payload;
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	assert_int_equal(ssh_config_set_banner(l.server.config, view_of("hello\n")), 0);
	go_to(&l, BEFORE_REQUEST);
	send_request(&l, "demo", "ssh-connection", "none");
	assert_int_equal(test_client_expect(&l.client, SSH_MSG_USERAUTH_BANNER, &payload), 0);
	expect_failure(&l);
	assert_int_equal(test_client_password(&l.client, "demo", "wrong"), 0);
	expect_failure(&l);
	assert_int_equal(test_client_password(&l.client, "demo", "secret"), 0);
	assert_int_equal(test_client_expect(&l.client, SSH_MSG_USERAUTH_SUCCESS, &payload), 0);
	expect_end(&l, 0);
}

static void
key_query(void **state)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);
	struct view payload;
	struct login l;
	struct rd r;

	(void)state;
	login_open(&l, &test_offer_usual);
	go_to(&l, BEFORE_REQUEST);
	buf_cstr(&m, "demo");
	buf_cstr(&m, "ssh-connection");
	buf_cstr(&m, "publickey");
	buf_bool(&m, false);
	buf_cstr(&m, "ssh-ed25519");
	buf_cstr(&m, "good");
	assert_int_equal(test_client_send_buf(&l.client, &m), 0);
	assert_int_equal(test_client_expect(&l.client, SSH_MSG_USERAUTH_PK_OK, &payload), 0);
	r = rd_of(payload);
	rd_u8(&r);
	assert_true(view_is(rd_str(&r, 100), "ssh-ed25519"));
	assert_true(view_is(rd_str(&r, 100), "good"));
	assert_int_equal(rd_end(&r), 0);
	expect_end(&l, ERR_EOF);
}

/* --- keyboard-interactive --- */

static void
begin_dialogue(struct login *l)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);
	struct view payload;
	struct rd r;

	buf_cstr(&m, "talker");
	buf_cstr(&m, "ssh-connection");
	buf_cstr(&m, "keyboard-interactive");
	buf_cstr(&m, "");
	buf_cstr(&m, "");
	assert_int_equal(test_client_send_buf(&l->client, &m), 0);
	assert_int_equal(
	    test_client_expect(&l->client, SSH_MSG_USERAUTH_INFO_REQUEST, &payload), 0);
	r = rd_of(payload);
	rd_u8(&r);
	assert_true(view_is(rd_str(&r, 100), "name"));
	assert_true(view_is(rd_str(&r, 100), "instruction"));
	assert_true(view_is(rd_str(&r, 100), ""));
	assert_int_equal(rd_u32(&r), 2);
	assert_true(view_is(rd_str(&r, 100), "Word: "));
	assert_false(rd_bool(&r));
	assert_true(view_is(rd_str(&r, 100), "Number: "));
	assert_true(rd_bool(&r));
	assert_int_equal(rd_end(&r), 0);
}

static void
send_answers(struct login *l, uint32_t count, const char *first, const char *second)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_INFO_RESPONSE);

	buf_u32(&m, count);
	if (first != NULL)
		buf_cstr(&m, first);
	if (second != NULL)
		buf_cstr(&m, second);
	assert_int_equal(test_client_send_buf(&l->client, &m), 0);
}

static void
dialogue(void **state)
{
	struct view payload;
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	go_to(&l, BEFORE_REQUEST);
	begin_dialogue(&l);
	send_answers(&l, 2, "secret", "41");
	expect_failure(&l);
	begin_dialogue(&l);
	send_answers(&l, 1, "secret", NULL);
	expect_failure(&l);
	begin_dialogue(&l);
	send_answers(&l, 0, NULL, NULL);
	expect_failure(&l);
	/* A new request ends it, also one of the same kind. */
	begin_dialogue(&l);
	begin_dialogue(&l);
	assert_int_equal(test_client_password(&l.client, "demo", "wrong"), 0);
	expect_failure(&l);
	begin_dialogue(&l);
	send_answers(&l, 2, "secret", "42");
	assert_int_equal(test_client_expect(&l.client, SSH_MSG_USERAUTH_SUCCESS, &payload), 0);
	expect_end(&l, 0);
}

static void
answers_that_are_malformed(void **state)
{
	static const struct {
		uint32_t count;
		const char *first, *second;
		int err;
	} cases[] = {
		{ 2, "secret", NULL, ERR_SHORT },
		{ 1, "secret", "42", ERR_TRAILING },
		{ 0, "secret", NULL, ERR_TRAILING },
		{ SSH_QUESTIONS_MAX + 1, "secret", "42", ERR_LIMIT },
		{ UINT32_MAX, "secret", "42", ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login l;

		login_open(&l, &test_offer_usual);
		go_to(&l, BEFORE_REQUEST);
		begin_dialogue(&l);
		send_answers(&l, cases[i].count, cases[i].first, cases[i].second);
		expect_end(&l, cases[i].err);
	}
}

static void
answer_limits(void **state)
{
	(void)state;
	for (size_t n = SSH_ANSWER_MAX; n <= SSH_ANSWER_MAX + 1; n++) {
		char text[SSH_ANSWER_MAX + 2];
		struct login l;

		memset(text, 'x', n);
		text[n] = '\0';
		login_open(&l, &test_offer_usual);
		go_to(&l, BEFORE_REQUEST);
		begin_dialogue(&l);
		send_answers(&l, 2, text, "42");
		if (n > SSH_ANSWER_MAX) {
			expect_end(&l, ERR_LIMIT);
			continue;
		}
		expect_failure(&l);
		expect_end(&l, ERR_EOF);
	}
}

/* Nobody asked anything: the message must not come. */
static void
answers_without_questions(void **state)
{
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	go_to(&l, BEFORE_REQUEST);
	send_answers(&l, 0, NULL, NULL);
	expect_end(&l, ERR_PROTOCOL);
}

/* What was good so far is no try that failed. */
static void
partial_success_is_no_try(void **state)
{
	struct view payload;
	struct login l;
	struct rd r;

	(void)state;
	login_open(&l, &test_offer_usual);
	l.server.config->max_auth_tries = 1;
	go_to(&l, BEFORE_REQUEST);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(test_client_password(&l.client, "twice", "first"), 0);
		assert_int_equal(
		    test_client_expect(&l.client, SSH_MSG_USERAUTH_FAILURE, &payload), 0);
		r = rd_of(payload);
		rd_u8(&r);
		assert_true(view_is(rd_str(&r, 100), "password"));
		assert_true(rd_bool(&r));
	}
	assert_int_equal(test_client_password(&l.client, "demo", "secret"), 0);
	assert_int_equal(test_client_expect(&l.client, SSH_MSG_USERAUTH_SUCCESS, &payload), 0);
	expect_end(&l, 0);
}

static void
other_methods_and_services(void **state)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	go_to(&l, BEFORE_REQUEST);
	send_request(&l, "demo", "ssh-connection", "gssapi-with-mic");
	expect_failure(&l);
	send_request(&l, "", "ssh-connection", "keyboard-interactive");
	expect_failure(&l);
	buf_cstr(&m, "demo");
	buf_cstr(&m, "ssh-connection");
	buf_cstr(&m, "password");
	buf_bool(&m, true);
	buf_cstr(&m, "secret");
	buf_cstr(&m, "new");
	assert_int_equal(test_client_send_buf(&l.client, &m), 0);
	expect_failure(&l);
	send_request(&l, "demo", "ssh-shell", "none");
	expect_disconnect(&l, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE);
	expect_end(&l, ERR_PROTOCOL);
}

static void
key_exchange_before_login_is_refused(void **state)
{
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	go_to(&l, BEFORE_REQUEST);
	assert_int_equal(test_client_send_kexinit(&l.client), 0);
	expect_disconnect(&l, SSH_DISCONNECT_PROTOCOL_ERROR);
	expect_end(&l, ERR_PROTOCOL);
}

static void
deadline(void **state)
{
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	l.server.deadline_ms = 1; /* long ago */
	test_server_start(&l.server);
	expect_end(&l, ERR_TIMEOUT);
}

static void
deadline_while_sending(void **state)
{
	static const uint8_t zeros[4096];
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	while (write(l.fds[0], zeros, sizeof(zeros)) > 0)
		continue;
	l.server.deadline_ms = clock_mono_ms() + 20;
	test_server_start(&l.server);
	expect_end(&l, ERR_TIMEOUT);
}

static void
client_that_has_gone(void **state)
{
	struct login l;

	(void)state;
	login_open(&l, &test_offer_usual);
	shutdown(l.fds[1], SHUT_RDWR);
	test_server_start(&l.server);
	expect_end(&l, ERR_EOF);
}

static struct buf
valid_request(int which)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);

	buf_cstr(&m, "user");
	buf_cstr(&m, "ssh-connection");
	switch (which) {
	case 0: buf_cstr(&m, "none"); break;
	case 1:
	case 2:
		buf_cstr(&m, "password");
		buf_bool(&m, which == 2);
		buf_cstr(&m, "old");
		if (which == 2)
			buf_cstr(&m, "new");
		break;
	default:
		buf_cstr(&m, "publickey");
		buf_bool(&m, which == 4);
		buf_cstr(&m, "ssh-ed25519");
		buf_cstr(&m, "key");
		if (which == 4)
			buf_cstr(&m, "signature");
		break;
	}
	return m;
}

static void
request_parser(void **state)
{
	static const enum ssh_userauth_method methods[] = { SSH_USERAUTH_NONE,
		SSH_USERAUTH_PASSWORD, SSH_USERAUTH_PASSWORD_CHANGE, SSH_USERAUTH_KEY_QUERY,
		SSH_USERAUTH_KEY_PROOF };
	struct ssh_userauth_request out;
	struct view service;

	(void)state;
	for (int which = 0; which < 5; which++) {
		struct buf m = valid_request(which);

		assert_int_equal(userauth_parse(buf_view(&m), &service, &out), 0);
		assert_int_equal(out.method, methods[which]);
		assert_true(view_is(out.user, "user"));
		assert_true(view_is(service, "ssh-connection"));
		for (size_t n = 0; n < m.n; n++)
			assert_int_not_equal(
			    userauth_parse((struct view){ m.p, n }, &service, &out), 0);
		for (size_t bit = 8; bit < m.n * 8; bit++) {
			m.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (userauth_parse(buf_view(&m), &service, &out) == 0)
				assert_true(out.user.n <= SSH_USER_MAX &&
					    out.password.n <= SSH_PASSWORD_MAX);
			m.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		buf_u8(&m, 0);
		assert_int_equal(userauth_parse(buf_view(&m), &service, &out), ERR_TRAILING);
		buf_free(&m);
	}
}

static void
request_limits(void **state)
{
	struct ssh_userauth_request out;
	struct view service;

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);
		static uint8_t long_text[SSH_USER_MAX + 1];

		buf_str(&m, (struct view){ long_text, SSH_USER_MAX + extra });
		buf_cstr(&m, "ssh-connection");
		buf_cstr(&m, "none");
		assert_int_equal(
		    userauth_parse(buf_view(&m), &service, &out), extra == 0 ? 0 : ERR_LIMIT);
		buf_free(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(kexinit_comes_with_the_version),
		cmocka_unit_test(version_lines),
		cmocka_unit_test(version_length),
		cmocka_unit_test(version_in_pieces),
		cmocka_unit_test(no_common_algorithm),
		cmocka_unit_test(wrong_guess_is_skipped),
		cmocka_unit_test(right_guess_counts),
		cmocka_unit_test(strict_exchange),
		cmocka_unit_test(every_message_everywhere),
		cmocka_unit_test(noise_is_limited),
		cmocka_unit_test(tries_are_limited),
		cmocka_unit_test(banner_comes_once_and_first),
		cmocka_unit_test(key_query),
		cmocka_unit_test(other_methods_and_services),
		cmocka_unit_test(key_exchange_before_login_is_refused),
		cmocka_unit_test(dialogue),
		cmocka_unit_test(answers_that_are_malformed),
		cmocka_unit_test(answer_limits),
		cmocka_unit_test(answers_without_questions),
		cmocka_unit_test(partial_success_is_no_try),
		cmocka_unit_test(deadline),
		cmocka_unit_test(deadline_while_sending),
		cmocka_unit_test(client_that_has_gone),
		cmocka_unit_test(request_parser),
		cmocka_unit_test(request_limits),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
