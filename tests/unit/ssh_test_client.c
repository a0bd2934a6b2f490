#include "ssh_test_client.h"

#include "base/clock.h"
#include "base/fd.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 20 * 1000, IDLE_RUNS_MAX = 64 };

const struct test_offer test_offer_usual = {
	.kex = "curve25519-sha256",
	.host_key = "ssh-ed25519",
	.cipher = "aes128-gcm@openssh.com",
	.mac = "hmac-sha2-256",
	.compression = "none",
	.strict = true,
	.ext_info = true,
};

void
test_each_cipher(void (*each)(const struct test_offer *offer))
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;

	for (size_t i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++) {
		for (size_t k = 0; (mac = packet_mac_algorithm_at(k)) != NULL; k++) {
			struct test_offer offer = test_offer_usual;

			offer.cipher = cipher->name;
			offer.mac = mac->name;
			if (!cipher->is_aead || k == 0)
				each(&offer);
		}
	}
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			bug("test support: %s", #condition);                                       \
	} while (0)

int
test_client_init(struct test_client *c, int fd, const struct test_offer *offer)
{
	int err;

	*c = (struct test_client){ .fd = fd, .offer = *offer };
	c->ours = buf_init(64 * 1024);
	c->theirs = buf_init(64 * 1024);
	if ((err = packet_input_init(&c->in)) != 0)
		return err;
	c->in.capacity = PACKET_INPUT_SESSION;
	c->in.packet_max = SSH_PACKET_MAX;
	if ((err = packet_output_init(&c->out)) != 0)
		return err;
	c->out.capacity = 2 * PACKET_OUTPUT_SESSION;
	return 0;
}

void
test_client_free(struct test_client *c)
{
	packet_input_free(&c->in);
	packet_output_free(&c->out);
	buf_free(&c->ours);
	buf_free(&c->theirs);
}

static int
flush(struct test_client *c)
{
	int err, idle = 0;

	while ((err = packet_output_flush(&c->out, c->fd)) == ERR_AGAIN) {
		if (c->pump == NULL) {
			if ((err = fd_wait(c->fd, POLLOUT, clock_mono_ms() + WAIT_MS)) != 0)
				return err;
		} else if (++idle > IDLE_RUNS_MAX) {
			return ERR_AGAIN;
		} else {
			c->pump(c->pump_ctx);
		}
	}
	return err;
}

int
test_client_send(struct test_client *c, struct view payload)
{
	int err = packet_output_send(&c->out, payload);

	return err != 0 ? err : flush(c);
}

int
test_client_send_buf(struct test_client *c, struct buf *payload)
{
	int err = buf_error(payload);

	if (err == 0)
		err = test_client_send(c, buf_view(payload));
	buf_free(payload);
	return err;
}

int
test_client_raw(struct test_client *c, const void *bytes, size_t n)
{
	return fd_write_all(c->fd, bytes, n);
}

int
test_client_recv(struct test_client *c, struct view *payload_out)
{
	int err, idle = 0;

	while ((err = packet_input_next(&c->in, payload_out)) == ERR_AGAIN) {
		if ((err = packet_input_fill(&c->in, c->fd)) == 0)
			continue;
		if (err != ERR_AGAIN)
			return err;
		if (c->pump == NULL) {
			if ((err = fd_wait(c->fd, POLLIN, clock_mono_ms() + WAIT_MS)) != 0)
				return err;
		} else if (++idle > 2) {
			return ERR_TIMEOUT;
		} else {
			c->pump(c->pump_ctx);
		}
	}
	return err;
}

int
test_client_expect(struct test_client *c, uint8_t type, struct view *payload_out)
{
	int err = test_client_recv(c, payload_out);

	return err != 0 ? err : payload_out->p[0] == type ? 0 : ERR_PROTOCOL;
}

int
test_client_version(struct test_client *c, const char *version)
{
	uint8_t byte = 0;
	size_t n = 0;
	int err;

	strcpy(c->version, version);
	if ((err = test_client_raw(c, version, strlen(version))) != 0 ||
	    (err = test_client_raw(c, "\r\n", 2)) != 0)
		return err;
	while (byte != '\n' && n < sizeof(c->server_version)) {
		if ((err = fd_wait(c->fd, POLLIN, clock_mono_ms() + WAIT_MS)) != 0)
			return err;
		if (read(c->fd, &byte, 1) != 1)
			return ERR_EOF;
		c->server_version[n++] = (char)byte;
	}
	CHECK(n >= 2);
	c->server_version[n - 2] = '\0';
	return 0;
}

static void
write_kexinit(struct test_client *c, struct buf *m)
{
	const struct test_offer *o = &c->offer;
	struct buf kex = buf_init(1024);
	uint8_t cookie[16];

	crypto_random(cookie, sizeof(cookie));
	if (o->wrong_kex != NULL)
		buf_printf(&kex, "%s,", o->wrong_kex);
	buf_text(&kex, o->kex);
	if (c->session_id_bytes == 0 && o->ext_info)
		buf_text(&kex, ",ext-info-c");
	if (c->session_id_bytes == 0 && o->strict)
		buf_text(&kex, ",kex-strict-c-v00@openssh.com");
	buf_u8(m, SSH_MSG_KEXINIT);
	buf_raw(m, cookie, sizeof(cookie));
	buf_str(m, buf_view(&kex));
	buf_cstr(m, o->host_key);
	buf_cstr(m, o->cipher);
	buf_cstr(m, o->cipher);
	buf_cstr(m, o->mac);
	buf_cstr(m, o->mac);
	buf_cstr(m, o->compression);
	buf_cstr(m, o->compression);
	buf_cstr(m, "");
	buf_cstr(m, "");
	buf_bool(m, o->follows);
	buf_u32(m, 0);
	buf_free(&kex);
}

int
test_client_send_kexinit(struct test_client *c)
{
	buf_clear(&c->ours);
	write_kexinit(c, &c->ours);
	return test_client_send(c, buf_view(&c->ours));
}

void
test_client_take_kexinit(struct test_client *c, struct view payload)
{
	buf_clear(&c->theirs);
	buf_raw(&c->theirs, payload.p, payload.n);
}

/* HASH(V_C, V_S, I_C, I_S, K_S, Q_C, Q_S, K) and the keys from it, all at once from one buffer. */
static void
derive(const struct test_client *c, enum digest_algorithm digest, struct view k, struct view h,
    char letter, uint8_t *out, size_t n)
{
	struct buf text = buf_init(16 * 1024);
	size_t step = digest_bytes(digest), have = 0;
	uint8_t blocks[4 * DIGEST_BYTES_MAX];

	while (have < n) {
		buf_clear(&text);
		buf_raw(&text, k.p, k.n);
		buf_raw(&text, h.p, h.n);
		if (have == 0) {
			buf_u8(&text, (uint8_t)letter);
			buf_raw(&text, c->session_id, c->session_id_bytes);
		} else {
			buf_raw(&text, blocks, have);
		}
		CHECK(digest_once(digest, buf_view(&text), blocks + have) == 0);
		have += step;
	}
	memcpy(out, blocks, n);
	buf_free(&text);
}

static struct packet_cipher *
make_cipher(struct test_client *c, enum digest_algorithm digest, struct view k, struct view h,
    const char *letters, bool encrypt)
{
	const struct packet_cipher_algorithm *cipher = packet_cipher_find(view_of(c->offer.cipher));
	const struct packet_mac_algorithm *mac = packet_mac_find(view_of(c->offer.mac));
	uint8_t iv[64], key[64], mac_key[64];
	struct packet_cipher *out;

	if (cipher->is_aead)
		mac = NULL;
	derive(c, digest, k, h, letters[0], iv, cipher->iv_bytes);
	derive(c, digest, k, h, letters[1], key, cipher->key_bytes);
	derive(c, digest, k, h, letters[2], mac_key, mac == NULL ? 0 : mac->key_bytes);
	CHECK(packet_cipher_new(cipher, mac, (struct view){ iv, cipher->iv_bytes },
		  (struct view){ key, cipher->key_bytes },
		  (struct view){ mac_key, mac == NULL ? 0 : mac->key_bytes }, encrypt, &out) == 0);
	return out;
}

static void
exchange_hash_of(struct test_client *c, enum digest_algorithm digest, struct view blob,
    struct view ours, struct view theirs, struct view k, uint8_t *out)
{
	struct buf text = buf_init(256 * 1024);

	buf_cstr(&text, c->version);
	buf_cstr(&text, c->server_version);
	buf_str(&text, buf_view(&c->ours));
	buf_str(&text, buf_view(&c->theirs));
	buf_str(&text, blob);
	buf_str(&text, ours);
	buf_str(&text, theirs);
	buf_raw(&text, k.p, k.n);
	CHECK(digest_once(digest, buf_view(&text), out) == 0);
	buf_free(&text);
}

static int
finish_exchange(struct test_client *c, struct key_agreement *agreement,
    enum digest_algorithm digest, struct view client_public, struct view reply)
{
	struct rd r = rd_of(reply);
	struct buf k = buf_init(KEY_AGREEMENT_SHARED_MAX);
	struct view blob, server_public, signature, payload, hash;
	uint8_t h[DIGEST_BYTES_MAX];
	struct packet_cipher *in = NULL, *out = NULL;
	int err;

	rd_u8(&r);
	blob = rd_str(&r, 4096);
	server_public = rd_str(&r, 4096);
	signature = rd_str(&r, 4096);
	if ((err = rd_end(&r)) != 0 ||
	    (err = key_agreement_finish(agreement, server_public, &k)) != 0)
		goto out;
	exchange_hash_of(c, digest, blob, client_public, server_public, buf_view(&k), h);
	hash = (struct view){ h, digest_bytes(digest) };
	if ((err = public_key_verify(
		 blob, view_of(c->offer.host_key), hash, signature, PUBLIC_KEY_ALLOW_SHA1)) != 0)
		goto out;
	if (c->session_id_bytes == 0) {
		memcpy(c->session_id, h, hash.n);
		c->session_id_bytes = hash.n;
	}
	out = make_cipher(c, digest, buf_view(&k), hash, "ACE", true);
	in = make_cipher(c, digest, buf_view(&k), hash, "BDF", false);
	if ((err = test_client_send(c, (struct view){ (const uint8_t *)"\x15", 1 })) != 0)
		goto out;
	packet_output_rekey(&c->out, out, c->offer.strict);
	out = NULL;
	if ((err = test_client_expect(c, SSH_MSG_NEWKEYS, &payload)) != 0)
		goto out;
	packet_input_rekey(&c->in, in, c->offer.strict);
	in = NULL;
	if (c->zlib && ((err = packet_input_compress(&c->in, true)) != 0 ||
			   (err = packet_output_compress(&c->out, true)) != 0))
		goto out;
out:
	packet_cipher_free(&in);
	packet_cipher_free(&out);
	buf_free(&k);
	return err;
}

int
test_client_exchange(struct test_client *c)
{
	const struct key_agreement_algorithm *a = key_agreement_find(view_of(c->offer.kex));
	struct buf client_public = buf_init(4096), m = test_message(SSH_MSG_KEX_INIT);
	struct key_agreement *agreement = NULL;
	struct view payload;
	int err;

	CHECK(a != NULL);
	if ((err = key_agreement_start(a, &client_public, &agreement)) != 0)
		goto out;
	buf_str(&m, buf_view(&client_public));
	if ((err = test_client_send(c, buf_view(&m))) != 0)
		goto out;
	if ((err = test_client_expect(c, SSH_MSG_KEX_REPLY, &payload)) == 0)
		err = finish_exchange(c, agreement, a->digest, buf_view(&client_public), payload);
out:
	key_agreement_free(&agreement);
	buf_free(&client_public);
	buf_free(&m);
	return err;
}

int
test_client_kex(struct test_client *c)
{
	struct view payload;
	int err;

	if ((err = test_client_send_kexinit(c)) != 0 ||
	    (err = test_client_expect(c, SSH_MSG_KEXINIT, &payload)) != 0)
		return err;
	test_client_take_kexinit(c, payload);
	return test_client_exchange(c);
}

int
test_client_service(struct test_client *c)
{
	struct buf m = test_message(SSH_MSG_SERVICE_REQUEST);
	struct view payload;
	int err;

	buf_cstr(&m, "ssh-userauth");
	if ((err = test_client_send_buf(c, &m)) != 0)
		return err;
	if (c->offer.ext_info && (err = test_client_expect(c, SSH_MSG_EXT_INFO, &payload)) != 0)
		return err;
	return test_client_expect(c, SSH_MSG_SERVICE_ACCEPT, &payload);
}

int
test_client_password(struct test_client *c, const char *user, const char *password)
{
	struct buf m = test_message(SSH_MSG_USERAUTH_REQUEST);

	buf_cstr(&m, user);
	buf_cstr(&m, "ssh-connection");
	buf_cstr(&m, "password");
	buf_bool(&m, false);
	buf_cstr(&m, password);
	return test_client_send_buf(c, &m);
}

int
test_client_login(struct test_client *c)
{
	struct view payload;
	int err;

	if ((err = test_client_version(c, "SSH-2.0-test")) != 0 ||
	    (err = test_client_kex(c)) != 0 || (err = test_client_service(c)) != 0 ||
	    (err = test_client_password(c, "demo", "secret")) != 0 ||
	    (err = test_client_expect(c, SSH_MSG_USERAUTH_SUCCESS, &payload)) != 0)
		return err;
	c->zlib = strcmp(c->offer.compression, "zlib@openssh.com") == 0;
	if (c->zlib && ((err = packet_input_compress(&c->in, true)) != 0 ||
			   (err = packet_output_compress(&c->out, true)) != 0))
		return err;
	return 0;
}

/* ---- server */

static struct private_key *keys[2];

static void
make_keys(void)
{
	static const enum key_type types[2] = { KEY_ED25519, KEY_ECDSA_P256 };

	CHECK(crypto_init() == 0);
	for (size_t i = 0; i < 2; i++)
		if (keys[i] == NULL)
			CHECK(private_key_generate(types[i], &keys[i]) == 0);
}

int
test_setup(void **state)
{
	(void)state;
	make_keys();
	return 0;
}

int
test_sign(void *ctx, struct view algorithm, struct view hash, struct buf *signature_out)
{
	(void)ctx;
	make_keys();
	for (size_t i = 0; i < 2; i++)
		if (private_key_sign(keys[i], algorithm, hash, 0, signature_out) == 0)
			return 0;
	return ERR_NOT_FOUND;
}

struct ssh_config *
test_config(void)
{
	struct ssh_config *config = calloc(1, sizeof(*config));

	CHECK(config != NULL);
	make_keys();
	ssh_config_init(config);
	ssh_algorithms_preset(SSH_PRESET_LEGACY, &config->algorithms);
	for (size_t i = 0; i < 2; i++)
		CHECK(ssh_config_add_host_key(config, private_key_blob(keys[i])) == 0);
	return config;
}

void
test_socketpair(int pair_out[2])
{
	signal(SIGPIPE, SIG_IGN);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair_out) == 0);
}

/* Two questions to "talker"; "secret" and "42" are the answers. *good_out, or a new request. */
static int
converse(struct ssh_transport *t, bool *good_out, bool *given_up_out,
    struct ssh_userauth_request *request)
{
	static const struct ssh_question questions[] = {
		{ .text = { .p = (const uint8_t *)"Word: ", .n = 6 }, .echo = false },
		{ .text = { .p = (const uint8_t *)"Number: ", .n = 8 }, .echo = true },
	};
	struct ssh_answers answers;
	int err = ssh_userauth_ask(t, view_of("name"), view_of("instruction"), questions, 2);

	if (err == 0)
		err = ssh_userauth_read_answers(t, &answers, given_up_out, request);
	*good_out = err == 0 && !*given_up_out && answers.count == 2 &&
		    view_is(answers.items[0], "secret") && view_is(answers.items[1], "42");
	return err;
}

static int
authenticate(struct ssh_transport *t)
{
	struct ssh_userauth_request request;
	bool kept = false, good = false;
	int err;

	for (;;) {
		if (!kept && (err = ssh_userauth_read(t, &request)) != 0)
			return err;
		kept = false;
		if (request.method == SSH_USERAUTH_KEYBOARD_INTERACTIVE &&
		    view_is(request.user, "talker")) {
			if ((err = converse(t, &good, &kept, &request)) != 0)
				return err;
			if (good)
				return ssh_userauth_success(t);
			if (kept)
				continue;
		}
		if (request.method == SSH_USERAUTH_PASSWORD && view_is(request.user, "twice")) {
			err = ssh_userauth_failure(t, view_of("password"), true);
			if (err != 0)
				return err;
			continue;
		}
		if (request.method == SSH_USERAUTH_PASSWORD && view_is(request.password, "secret"))
			return ssh_userauth_success(t);
		if (request.method == SSH_USERAUTH_KEY_QUERY && view_is(request.key, "good"))
			err = ssh_userauth_key_ok(t, &request);
		else
			err = ssh_userauth_failure(t, view_of("publickey,password"), false);
		if (err != 0)
			return err;
	}
}

static void *
serve(void *ctx)
{
	struct test_server *s = ctx;

	if ((s->result = ssh_transport_new(&s->transport, s->fd, s->config, s->deadline_ms)) == 0 &&
	    (s->result = ssh_announce(s->transport)) == 0 &&
	    (s->result = ssh_version_read(s->transport)) == 0 &&
	    (s->result = ssh_key_exchange(s->transport, test_sign, NULL)) == 0 &&
	    (s->result = ssh_service_accept(s->transport)) == 0)
		s->result = authenticate(s->transport);
	/* The client must see the end of a failed login, as when the process ends. */
	if (s->result != 0)
		shutdown(s->fd, SHUT_WR);
	return NULL;
}

void
test_server_start(struct test_server *s)
{
	if (s->deadline_ms == 0)
		s->deadline_ms = clock_mono_ms() + WAIT_MS;
	CHECK(pthread_create(&s->thread, NULL, serve, s) == 0);
}

int
test_server_join(struct test_server *s)
{
	CHECK(pthread_join(s->thread, NULL) == 0);
	return s->result;
}

/* ---- a pair after login */

static bool
on_start(void *ctx, struct ssh_channel *channel, struct view name)
{
	struct test_pair *p = ctx;

	p->starts++;
	if (view_copy(name, p->started, sizeof(p->started)) != 0 || view_is(name, "refused"))
		return false;
	p->channel = channel;
	return true;
}

/* Sends bytes back; how many found room. */
static size_t
echo(struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	size_t used = 0, step;

	for (; used < n; used += step) {
		struct iovec iov[SSH_RESERVE_PIECES];
		int count = SSH_RESERVE_PIECES;
		const uint8_t *from = bytes + used;

		step = n - used > 65536 ? 65536 : n - used;
		if (ssh_channel_reserve(channel, step, iov, &count) != 0)
			break;
		for (int i = 0; i < count; i++) {
			memcpy(iov[i].iov_base, from, iov[i].iov_len);
			from += iov[i].iov_len;
		}
		CHECK(from == bytes + used + step);
		ssh_channel_commit(channel, step);
	}
	return used;
}

static size_t
on_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	struct test_pair *p = ctx;

	if (n > p->take_at_most)
		n = p->take_at_most;
	if (p->echo)
		n = echo(channel, bytes, n);
	buf_raw(&p->received, bytes, n);
	if (p->take_at_most != SIZE_MAX)
		p->take_at_most -= n;
	return n;
}

static void
on_room(void *ctx, struct ssh_channel *channel)
{
	struct test_pair *p = ctx;

	p->rooms++;
	if (p->echo)
		ssh_channel_resume(channel);
}

static void
on_eof(void *ctx, struct ssh_channel *channel)
{
	struct test_pair *p = ctx;

	p->eofs++;
	if (!p->finish_on_eof)
		return;
	ssh_channel_exit_status(channel, 0);
	ssh_channel_eof(channel);
	ssh_channel_close(channel);
}

static void
on_closed(void *ctx, struct ssh_channel *channel)
{
	struct test_pair *p = ctx;

	p->closes++;
	if (p->channel == channel)
		p->channel = NULL;
}

static int
on_sign(void *ctx, struct view algorithm, struct view hash)
{
	struct test_pair *p = ctx;
	struct buf signature = buf_init(SSH_SIGNATURE_MAX);
	int err;

	p->signs++;
	memcpy(p->hash, hash.p, hash.n);
	p->hash_bytes = hash.n;
	if ((err = view_copy(algorithm, p->algorithm, sizeof(p->algorithm))) != 0 || p->sign_later)
		return err;
	if ((err = test_sign(NULL, algorithm, hash, &signature)) == 0)
		err = ssh_connection_signed(p->connection, buf_view(&signature));
	buf_free(&signature);
	return err;
}

void
test_pair_run(struct test_pair *p)
{
	if (p->result == 0)
		p->result = ssh_connection_readable(p->connection);
	for (int i = 0; i < 8 && p->result == 0 && ssh_connection_wants_write(p->connection); i++)
		p->result = ssh_connection_writable(p->connection);
}

static void
pump(void *ctx)
{
	test_pair_run(ctx);
}

static struct ssh_connection_events
pair_events(struct test_pair *p)
{
	return (struct ssh_connection_events){
		.ctx = p,
		.subsystem = on_start,
		.exec = on_start,
		.data = on_data,
		.room = on_room,
		.eof = on_eof,
		.closed = on_closed,
		.sign = on_sign,
	};
}

void
test_pair_open(struct test_pair *p, const struct test_offer *offer, struct ssh_config *config)
{
	const struct ssh_connection_events events = pair_events(p);
	struct test_server server = { 0 };
	struct ssh_transport *transport = NULL;
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	struct rd r;

	*p = (struct test_pair){ .config = config != NULL ? config : test_config() };
	p->received = buf_init(64 * 1024 * 1024);
	p->take_at_most = SIZE_MAX;
	test_socketpair(p->fds);
	server.fd = p->fds[0];
	server.config = p->config;
	CHECK(test_client_init(&p->client, p->fds[1], offer) == 0);
	test_server_start(&server);
	CHECK(test_client_login(&p->client) == 0);
	CHECK(test_server_join(&server) == 0);
	CHECK(ssh_transport_export(server.transport, &state) == 0);
	ssh_transport_free(&server.transport);
	r = rd_of(buf_view(&state));
	CHECK(ssh_transport_import(&transport, &r, p->fds[0], p->config) == 0 && rd_end(&r) == 0);
	buf_free(&state);
	p->now_ms = 1000;
	CHECK(ssh_connection_new(&p->connection, &transport, &events, p->now_ms) == 0);
	p->client.pump = pump;
	p->client.pump_ctx = p;
}

int
test_pair_import(struct test_pair *p, struct view state)
{
	const struct ssh_connection_events events = pair_events(p);
	struct ssh_transport *transport = NULL;
	struct rd r = rd_of(state);
	int err = ssh_transport_import(&transport, &r, p->fds[0], p->config);

	if (err != 0)
		return err;
	CHECK(ssh_connection_new(&p->connection, &transport, &events, p->now_ms) == 0);
	if ((err = ssh_connection_import(p->connection, &r)) == 0)
		err = rd_end(&r);
	if (err != 0)
		ssh_connection_free(&p->connection);
	return err;
}

void
test_pair_close(struct test_pair *p)
{
	ssh_connection_free(&p->connection);
	test_client_free(&p->client);
	buf_free(&p->received);
	close(p->fds[0]);
	close(p->fds[1]);
	free(p->config);
}

int
test_pair_channel(struct test_pair *p, uint32_t number, uint32_t window, uint32_t packet,
    uint32_t *server_number_out)
{
	struct buf m = test_open("session", number, window, packet);
	struct view payload;
	struct rd r;
	int err;

	if ((err = test_client_send_buf(&p->client, &m)) != 0 ||
	    (err = test_client_expect(&p->client, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, &payload)) !=
		0)
		return err;
	r = rd_of(payload);
	rd_u8(&r);
	if (rd_u32(&r) != number)
		return ERR_FORMAT;
	*server_number_out = rd_u32(&r);
	if (rd_u32(&r) != CHANNEL_WINDOW_FIRST || rd_u32(&r) != SSH_CHANNEL_PACKET_MAX)
		return ERR_FORMAT;
	return rd_end(&r);
}

int
test_pair_subsystem(struct test_pair *p, uint32_t number, uint32_t window, uint32_t packet,
    uint32_t *server_number_out)
{
	struct view payload;
	struct buf m;
	int err;

	if ((err = test_pair_channel(p, number, window, packet, server_number_out)) != 0)
		return err;
	m = test_request(*server_number_out, "subsystem", true, "sftp");
	if ((err = test_client_send_buf(&p->client, &m)) != 0)
		return err;
	return test_client_expect(&p->client, SSH_MSG_CHANNEL_SUCCESS, &payload);
}

int
test_pair_data(struct test_pair *p, uint32_t server_number, const void *bytes, size_t n)
{
	struct buf m = test_channel_message(SSH_MSG_CHANNEL_DATA, server_number);

	buf_str(&m, (struct view){ bytes, n });
	return test_client_send_buf(&p->client, &m);
}

struct buf
test_message(uint8_t type)
{
	struct buf m = buf_init(1024 * 1024);

	buf_u8(&m, type);
	return m;
}

struct buf
test_channel_message(uint8_t type, uint32_t channel)
{
	struct buf m = test_message(type);

	buf_u32(&m, channel);
	return m;
}

struct buf
test_open(const char *type, uint32_t number, uint32_t window, uint32_t packet)
{
	struct buf m = test_message(SSH_MSG_CHANNEL_OPEN);

	buf_cstr(&m, type);
	buf_u32(&m, number);
	buf_u32(&m, window);
	buf_u32(&m, packet);
	return m;
}

struct buf
test_request(uint32_t channel, const char *name, bool want_reply, const char *text)
{
	struct buf m = test_channel_message(SSH_MSG_CHANNEL_REQUEST, channel);

	buf_cstr(&m, name);
	buf_bool(&m, want_reply);
	if (text != NULL)
		buf_cstr(&m, text);
	return m;
}
