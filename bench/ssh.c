#include "ssh.h"

#include "cipher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	MSG_DISCONNECT = 1, MSG_IGNORE = 2, MSG_UNIMPLEMENTED = 3, MSG_DEBUG = 4,
	MSG_SERVICE_REQUEST = 5, MSG_SERVICE_ACCEPT = 6, MSG_EXT_INFO = 7, MSG_KEXINIT = 20,
	MSG_NEWKEYS = 21, MSG_ECDH_INIT = 30, MSG_ECDH_REPLY = 31, MSG_USERAUTH_REQUEST = 50,
	MSG_USERAUTH_SUCCESS = 52, MSG_USERAUTH_BANNER = 53, MSG_GLOBAL_REQUEST = 80,
	MSG_REQUEST_FAILURE = 82, MSG_CHANNEL_OPEN = 90, MSG_CHANNEL_CONFIRMATION = 91,
	MSG_WINDOW_ADJUST = 93, MSG_CHANNEL_DATA = 94, MSG_EXTENDED_DATA = 95, MSG_CHANNEL_EOF = 96,
	MSG_CHANNEL_CLOSE = 97, MSG_CHANNEL_REQUEST = 98, MSG_CHANNEL_SUCCESS = 99,
	SFTP_INIT = 1, SFTP_VERSION = 2, SFTP_DATA = 103,

	HASH_BYTES = 32,
	SIGNATURE_BYTES = 64,
	PACKET_MAX = 300000,
	INPUT_BYTES = 1 << 20,
	OUTPUT_MAX = 1 << 20, /* requests wait when so much is not sent */
	WINDOW_BYTES = 32 << 20,
	CHANNEL_PACKET_BYTES = 32768,
};

static const char own_version[] = "SSH-2.0-postern_bench";
static const char marker_strict[] = "kex-strict-s-v00@openssh.com";

struct ssh {
	struct ssh_options options;
	int fd;
	bool closed, strict, channel_ready;
	struct cipher out, in;
	uint32_t out_sequence, in_sequence;
	struct bytes input, output;
	size_t input_read, output_sent;
	char *peer_version;
	uint8_t session_id[HASH_BYTES];
	bool have_session_id;

	uint32_t channel, packet_max;
	uint64_t window;
	uint64_t consumed; /* of our window, not given back yet */

	struct bytes requests; /* SFTP stream out */
	size_t requests_sent;
	struct bytes reply; /* SFTP message in, gathered */
	uint32_t skip, data_id, data_bytes; /* the rest of a DATA reply, thrown away */
	ssh_on_reply *on_reply;
	void *ctx;
};

/* ---- packets */

static void
output_room(struct ssh *ssh, size_t n)
{
	struct bytes *out = &ssh->output;

	if (ssh->output_sent > 0) {
		memmove(out->p, out->p + ssh->output_sent, out->n - ssh->output_sent);
		out->n -= ssh->output_sent;
		ssh->output_sent = 0;
	}
	if (out->n + n > out->capacity) {
		out->capacity = (out->n + n) * 2;
		out->p = realloc(out->p, out->capacity);
		if (out->p == NULL)
			die("no memory");
	}
}

/* Room for a payload of `n` bytes in place; packet_finish() with the same n makes it a packet. */
static uint8_t *
packet_begin(struct ssh *ssh, size_t n)
{
	if (ssh->output.n + n + 64 > ssh->output.capacity || ssh->output_sent == ssh->output.n)
		output_room(ssh, n + 64);
	return ssh->output.p + ssh->output.n + 5;
}

static void
packet_finish(struct ssh *ssh, size_t n)
{
	uint8_t *packet = ssh->output.p + ssh->output.n;
	bool clear = ssh->out.kind == CIPHER_NONE;
	size_t block = ssh->out.kind == CIPHER_GCM || ssh->out.kind == CIPHER_CTR ? 16 : 8;
	size_t counted = n + 1 + (clear ? 4 : 0), padding = block - counted % block, body;

	if (padding < 4)
		padding += block;
	body = 1 + n + padding;
	packet[0] = (uint8_t)(body >> 24);
	packet[1] = (uint8_t)(body >> 16);
	packet[2] = (uint8_t)(body >> 8);
	packet[3] = (uint8_t)body;
	packet[4] = (uint8_t)padding;
	memset(packet + 5 + n, 0, padding);
	cipher_seal(&ssh->out, ssh->out_sequence++, packet, body);
	ssh->output.n += 4 + body + cipher_tag_bytes(&ssh->out);
}

static void
packet_send(struct ssh *ssh, struct bytes *payload)
{
	memcpy(packet_begin(ssh, payload->n), payload->p, payload->n);
	packet_finish(ssh, payload->n);
	payload->n = 0;
}

static bool
flush(struct ssh *ssh)
{
	size_t left = ssh->output.n - ssh->output_sent;
	ssize_t sent;

	if (left == 0)
		return false;
	sent = send(ssh->fd, ssh->output.p + ssh->output_sent, left, MSG_NOSIGNAL);
	if (sent < 0 && errno == EAGAIN)
		return false;
	if (sent < 0)
		die("send: %s", strerror(errno));
	ssh->output_sent += (size_t)sent;
	return true;
}

static bool
fill(struct ssh *ssh)
{
	struct bytes *in = &ssh->input;
	ssize_t got;

	if (in->p == NULL) {
		in->p = malloc(INPUT_BYTES);
		in->capacity = INPUT_BYTES;
	}
	if (ssh->input_read == in->n)
		ssh->input_read = in->n = 0;
	if (in->capacity - in->n < PACKET_MAX) {
		memmove(in->p, in->p + ssh->input_read, in->n - ssh->input_read);
		in->n -= ssh->input_read;
		ssh->input_read = 0;
	}
	got = recv(ssh->fd, in->p + in->n, in->capacity - in->n, 0);
	if (got == 0)
		ssh->closed = true;
	if (got < 0 && errno != EAGAIN)
		die("recv: %s", strerror(errno));
	in->n += got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* Moves bytes; waits when there is nothing to move. */
static void
move(struct ssh *ssh)
{
	bool moved = flush(ssh);

	moved = fill(ssh) || moved;
	if (!moved && !ssh->closed) {
		struct pollfd wait = { .fd = ssh->fd, .events = POLLIN };

		if (ssh->output_sent < ssh->output.n)
			wait.events |= POLLOUT;
		if (poll(&wait, 1, 30000) == 0)
			die("nothing for 30 seconds");
	}
}

/* The payload of the next packet if it is here, else NULL. */
static uint8_t *
packet_try(struct ssh *ssh, size_t *n)
{
	uint8_t *packet = ssh->input.p + ssh->input_read;
	size_t here = ssh->input.n - ssh->input_read, tag = cipher_tag_bytes(&ssh->in);
	uint32_t body;

	if (here < 4)
		return NULL;
	body = cipher_length(&ssh->in, ssh->in_sequence, packet);
	if (body < 2 || body > PACKET_MAX)
		die("a packet of %u bytes", body);
	if (here < 4 + body + tag)
		return NULL;
	cipher_unseal(&ssh->in, ssh->in_sequence++, packet, body);
	ssh->input_read += 4 + body + tag;
	*n = body - 1 - packet[4];
	return packet + 5;
}

/* The next packet that is not transport noise, which has to be of this type. */
static uint8_t *
packet_expect(struct ssh *ssh, uint8_t type, size_t *n)
{
	for (;;) {
		uint8_t *payload = ssh->input.p != NULL ? packet_try(ssh, n) : NULL;

		if (payload == NULL) {
			move(ssh);
			if (ssh->closed)
				die("the server closed the connection");
			continue;
		}
		if (payload[0] == type)
			return payload;
		if (payload[0] == MSG_DISCONNECT)
			die("disconnected: %.*s", (int)read_u32(payload + 5), payload + 9);
		if (payload[0] != MSG_IGNORE && payload[0] != MSG_UNIMPLEMENTED &&
		    payload[0] != MSG_DEBUG && payload[0] != MSG_EXT_INFO &&
		    payload[0] != MSG_USERAUTH_BANNER && payload[0] != MSG_GLOBAL_REQUEST)
			die("expected message %u, got %u", type, payload[0]);
	}
}

/* ---- key exchange (RFC 4253 section 7, RFC 8731) */

static void
add_mpint(struct bytes *b, const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	bytes_u32(b, (uint32_t)n + (n > 0 && (*p & 0x80) != 0));
	if (n > 0 && (*p & 0x80) != 0)
		bytes_u8(b, 0);
	bytes_add(b, p, n);
}

static void
hash(const struct bytes *b, uint8_t *out)
{
	if (EVP_Digest(b->p, b->n, out, NULL, EVP_sha256(), NULL) != 1)
		die("sha256");
}

static void
make_kexinit(const struct ssh *ssh, struct bytes *out)
{
	uint8_t cookie[16];
	const char *cipher = ssh->options.cipher, *mac = "hmac-sha2-256-etm@openssh.com";
	const char *kex = ssh->have_session_id ? "curve25519-sha256" :
		"curve25519-sha256,kex-strict-c-v00@openssh.com";
	const char *lists[] = { kex, "ssh-ed25519", cipher, cipher, mac, mac, "none", "none", "", "" };

	RAND_bytes(cookie, sizeof(cookie));
	bytes_u8(out, MSG_KEXINIT);
	bytes_add(out, cookie, sizeof(cookie));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		bytes_text(out, lists[i]);
	bytes_u8(out, 0);
	bytes_u32(out, 0);
}

static void
derive(const struct bytes *secret_and_hash, char letter, const uint8_t *session_id, uint8_t *out)
{
	struct bytes b = { 0 };

	bytes_add(&b, secret_and_hash->p, secret_and_hash->n);
	bytes_u8(&b, (uint8_t)letter);
	bytes_add(&b, session_id, HASH_BYTES);
	hash(&b, out);
	/* The second half of a 64-byte key. */
	b.n = secret_and_hash->n;
	bytes_add(&b, out, HASH_BYTES);
	hash(&b, out + HASH_BYTES);
	bytes_free(&b);
}

static EVP_PKEY *
x25519_make(uint8_t *public_out)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	size_t n = 32;

	if (key == NULL || EVP_PKEY_get_raw_public_key(key, public_out, &n) != 1)
		die("x25519 key");
	return key;
}

static void
x25519_agree(EVP_PKEY *key, const uint8_t *peer, uint8_t *secret_out)
{
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, 32);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	size_t n = 32;

	if (EVP_PKEY_derive_init(context) != 1 || EVP_PKEY_derive_set_peer(context, other) != 1 ||
	    EVP_PKEY_derive(context, secret_out, &n) != 1)
		die("x25519");
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
}

static void
keys_take(struct ssh *ssh, const uint8_t *secret, const uint8_t *exchange_hash)
{
	uint8_t out_key[KEY_BYTES_MAX], out_iv[KEY_BYTES_MAX], in_key[KEY_BYTES_MAX],
	    in_iv[KEY_BYTES_MAX], out_mac[KEY_BYTES_MAX], in_mac[KEY_BYTES_MAX];
	struct bytes seed = { 0 };
	size_t n;

	add_mpint(&seed, secret, 32);
	bytes_add(&seed, exchange_hash, HASH_BYTES);
	derive(&seed, 'A', ssh->session_id, out_iv);
	derive(&seed, 'B', ssh->session_id, in_iv);
	derive(&seed, 'C', ssh->session_id, out_key);
	derive(&seed, 'D', ssh->session_id, in_key);
	derive(&seed, 'E', ssh->session_id, out_mac);
	derive(&seed, 'F', ssh->session_id, in_mac);
	bytes_free(&seed);

	*packet_begin(ssh, 1) = MSG_NEWKEYS;
	packet_finish(ssh, 1);
	cipher_start(&ssh->out, ssh->options.cipher, out_key, out_iv, out_mac, 1);
	packet_expect(ssh, MSG_NEWKEYS, &n);
	cipher_start(&ssh->in, ssh->options.cipher, in_key, in_iv, in_mac, 0);
	if (ssh->strict)
		ssh->out_sequence = ssh->in_sequence = 0;
}

/* `offer` is the server's KEXINIT when it came already, else NULL. */
static void
key_exchange(struct ssh *ssh, const uint8_t *offer, size_t offer_n)
{
	struct bytes mine = { 0 }, theirs = { 0 }, b = { 0 };
	uint8_t public[32], secret[32], exchange_hash[HASH_BYTES];
	const uint8_t *reply, *host_key, *peer;
	EVP_PKEY *key = x25519_make(public);
	size_t n;

	make_kexinit(ssh, &mine);
	bytes_add(&b, mine.p, mine.n);
	if (offer != NULL)
		bytes_add(&theirs, offer, offer_n);
	packet_send(ssh, &b);
	if (offer == NULL) {
		offer = packet_expect(ssh, MSG_KEXINIT, &offer_n);
		bytes_add(&theirs, offer, offer_n);
		ssh->strict = memmem(offer, offer_n, marker_strict, strlen(marker_strict)) != NULL;
	}
	bytes_u8(&b, MSG_ECDH_INIT);
	bytes_string(&b, public, sizeof(public));
	packet_send(ssh, &b);

	reply = packet_expect(ssh, MSG_ECDH_REPLY, &n);
	host_key = reply + 1;
	peer = host_key + 4 + read_u32(host_key);
	if (n < 100 || read_u32(peer) != 32)
		die("a strange key exchange reply");
	x25519_agree(key, peer + 4, secret);
	bytes_text(&b, own_version);
	bytes_text(&b, ssh->peer_version);
	bytes_string(&b, mine.p, mine.n);
	bytes_string(&b, theirs.p, theirs.n);
	bytes_string(&b, host_key + 4, read_u32(host_key));
	bytes_string(&b, public, sizeof(public));
	bytes_string(&b, peer + 4, 32);
	add_mpint(&b, secret, sizeof(secret));
	hash(&b, exchange_hash);
	if (!ssh->have_session_id)
		memcpy(ssh->session_id, exchange_hash, HASH_BYTES);
	ssh->have_session_id = true;
	keys_take(ssh, secret, exchange_hash);
	bytes_free(&mine);
	bytes_free(&theirs);
	bytes_free(&b);
}

/* ---- authentication (RFC 4252 section 7) */

static int
base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* The key of an OpenSSH file: "openssh-key-v1", no encryption, one ed25519 key. */
static EVP_PKEY *
key_load(const char *path, uint8_t *public_out)
{
	FILE *file = fopen(path, "r");
	struct bytes b = { 0 };
	uint32_t bits = 0;
	int held = 0;
	char line[512];
	uint8_t *p;
	EVP_PKEY *key;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		for (const char *c = line[0] == '-' ? "" : line; *c != '\0'; c++) {
			if (base64_value(*c) < 0)
				continue;
			bits = bits << 6 | (uint32_t)base64_value(*c);
			held += 6;
			if (held >= 8)
				bytes_u8(&b, (uint8_t)(bits >> (held -= 8)));
		}
	}
	if (file == NULL || b.n < 200 || memcmp(b.p, "openssh-key-v1", 15) != 0 ||
	    read_u32(b.p + 15) != 4)
		die("%s is no unencrypted key in OpenSSH's format", path);
	fclose(file);
	p = b.p + 15;
	for (int i = 0; i < 3; i++) /* cipher, kdf, kdf options */
		p += 4 + read_u32(p);
	p += 4;                   /* number of keys */
	p += 4 + read_u32(p);     /* public key */
	p += 4 + 8;               /* length of the private part, its check numbers */
	if (read_u32(p) != 11 || memcmp(p + 4, "ssh-ed25519", 11) != 0)
		die("%s is no ed25519 key", path);
	memcpy(public_out, p + 19, 32);
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, p + 55, 32);
	bytes_free(&b);
	return key;
}

static void
authenticate(struct ssh *ssh)
{
	uint8_t public[32], signature[SIGNATURE_BYTES];
	EVP_PKEY *key = key_load(ssh->options.key, public);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct bytes b = { 0 }, blob = { 0 };
	size_t n = sizeof(signature), head;

	bytes_u8(&b, MSG_SERVICE_REQUEST);
	bytes_text(&b, "ssh-userauth");
	packet_send(ssh, &b);
	packet_expect(ssh, MSG_SERVICE_ACCEPT, &n);

	bytes_text(&blob, "ssh-ed25519");
	bytes_string(&blob, public, sizeof(public));
	bytes_string(&b, ssh->session_id, HASH_BYTES);
	head = b.n;
	bytes_u8(&b, MSG_USERAUTH_REQUEST);
	bytes_text(&b, ssh->options.user);
	bytes_text(&b, "ssh-connection");
	bytes_text(&b, "publickey");
	bytes_u8(&b, 1);
	bytes_text(&b, "ssh-ed25519");
	bytes_string(&b, blob.p, blob.n);
	n = sizeof(signature);
	if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(context, signature, &n, b.p, b.n) != 1)
		die("signing");
	memmove(b.p, b.p + head, b.n - head);
	b.n -= head;
	blob.n = 0;
	bytes_text(&blob, "ssh-ed25519");
	bytes_string(&blob, signature, n);
	bytes_string(&b, blob.p, blob.n);
	packet_send(ssh, &b);
	packet_expect(ssh, MSG_USERAUTH_SUCCESS, &n);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	bytes_free(&b);
	bytes_free(&blob);
}

/* ---- the channel and the SFTP stream */

/* Cuts the stream into messages; the bytes of DATA are counted and thrown away. */
static void
stream_take(struct ssh *ssh, const uint8_t *data, size_t n)
{
	while (n > 0) {
		struct bytes *reply = &ssh->reply;
		size_t want = 13, whole, part;

		if (ssh->skip > 0) {
			part = n < ssh->skip ? n : ssh->skip;
			data += part;
			n -= part;
			ssh->skip -= (uint32_t)part;
			if (ssh->skip == 0)
				ssh->on_reply(ssh->ctx, SFTP_DATA, ssh->data_id, NULL,
				    ssh->data_bytes);
			continue;
		}
		whole = reply->n >= 4 ? 4 + (size_t)read_u32(reply->p) : 0;
		if (whole > PACKET_MAX)
			die("an SFTP message of %zu bytes", whole);
		if (reply->n < 4)
			want = 4;
		else if (reply->n >= 13 || whole < 13)
			want = whole;
		part = want - reply->n < n ? want - reply->n : n;
		bytes_add(reply, data, part);
		data += part;
		n -= part;
		whole = reply->n >= 4 ? 4 + (size_t)read_u32(reply->p) : 0;
		if (reply->n == 13 && reply->p[4] == SFTP_DATA && whole > 13) {
			ssh->data_id = read_u32(reply->p + 5);
			ssh->skip = ssh->data_bytes = read_u32(reply->p + 9);
			reply->n = 0;
		} else if (whole > 4 && reply->n == whole) {
			uint32_t id = whole >= 9 ? read_u32(reply->p + 5) : 0;

			reply->n = 0;
			ssh->on_reply(ssh->ctx, reply->p[4], id, reply->p + 9,
			    whole >= 9 ? whole - 9 : 0);
		}
	}
}

static void
channel_data(struct ssh *ssh, const uint8_t *payload)
{
	uint32_t n = read_u32(payload + 5);

	ssh->consumed += n;
	stream_take(ssh, payload + 9, n);
	if (ssh->consumed >= WINDOW_BYTES / 2) {
		struct bytes b = { 0 };

		bytes_u8(&b, MSG_WINDOW_ADJUST);
		bytes_u32(&b, ssh->channel);
		bytes_u32(&b, (uint32_t)ssh->consumed);
		packet_send(ssh, &b);
		bytes_free(&b);
		ssh->consumed = 0;
	}
}

static void
handle(struct ssh *ssh, const uint8_t *payload, size_t n)
{
	switch (payload[0]) {
	case MSG_CHANNEL_DATA: channel_data(ssh, payload); break;
	case MSG_WINDOW_ADJUST: ssh->window += read_u32(payload + 5); break;
	case MSG_CHANNEL_SUCCESS: ssh->channel_ready = true; break;
	case MSG_KEXINIT: key_exchange(ssh, payload, n); break;
	case MSG_CHANNEL_EOF:
	case MSG_CHANNEL_CLOSE: ssh->closed = true; break;
	case MSG_GLOBAL_REQUEST:
		if (payload[5 + read_u32(payload + 1)] != 0) {
			*packet_begin(ssh, 1) = MSG_REQUEST_FAILURE;
			packet_finish(ssh, 1);
		}
		break;
	case MSG_IGNORE:
	case MSG_UNIMPLEMENTED:
	case MSG_DEBUG:
	case MSG_EXT_INFO:
	case MSG_EXTENDED_DATA: break;
	default: die("message %u", payload[0]);
	}
}

static void
put_u32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

static void
requests_send(struct ssh *ssh)
{
	struct bytes *requests = &ssh->requests;

	while (ssh->requests_sent < requests->n && ssh->window > 0 &&
	    ssh->output.n - ssh->output_sent < OUTPUT_MAX) {
		size_t n = requests->n - ssh->requests_sent;
		uint8_t *payload;

		if (n > ssh->packet_max)
			n = ssh->packet_max;
		if (n > ssh->window)
			n = (size_t)ssh->window;
		payload = packet_begin(ssh, 9 + n);
		payload[0] = MSG_CHANNEL_DATA;
		put_u32(payload + 1, ssh->channel);
		put_u32(payload + 5, (uint32_t)n);
		memcpy(payload + 9, requests->p + ssh->requests_sent, n);
		packet_finish(ssh, 9 + n);
		ssh->requests_sent += n;
		ssh->window -= n;
	}
	if (ssh->requests_sent == requests->n || ssh->requests_sent > OUTPUT_MAX) {
		memmove(requests->p, requests->p + ssh->requests_sent,
		    requests->n - ssh->requests_sent);
		requests->n -= ssh->requests_sent;
		ssh->requests_sent = 0;
	}
}

static void
channel_open(struct ssh *ssh)
{
	struct bytes b = { 0 };
	const uint8_t *reply;
	size_t n;

	bytes_u8(&b, MSG_CHANNEL_OPEN);
	bytes_text(&b, "session");
	bytes_u32(&b, 0);
	bytes_u32(&b, WINDOW_BYTES);
	bytes_u32(&b, CHANNEL_PACKET_BYTES);
	packet_send(ssh, &b);
	reply = packet_expect(ssh, MSG_CHANNEL_CONFIRMATION, &n);
	ssh->channel = read_u32(reply + 5);
	ssh->window = read_u32(reply + 9);
	ssh->packet_max = read_u32(reply + 13);
	if (ssh->packet_max > 200000)
		ssh->packet_max = 200000;
	bytes_u8(&b, MSG_CHANNEL_REQUEST);
	bytes_u32(&b, ssh->channel);
	bytes_text(&b, "subsystem");
	bytes_u8(&b, 1);
	bytes_text(&b, "sftp");
	packet_send(ssh, &b);
	bytes_free(&b);
	while (!ssh->channel_ready) {
		uint8_t *payload = packet_try(ssh, &n);

		if (payload != NULL)
			handle(ssh, payload, n);
		else
			move(ssh);
		if (ssh->closed)
			die("the subsystem was refused");
	}
}

static void
on_version(void *ctx, uint8_t type, uint32_t id, const uint8_t *data, size_t n)
{
	(void)id, (void)data, (void)n;
	if (type != SFTP_VERSION)
		die("no SFTP version");
	*(bool *)ctx = true;
}

static bool
version_seen(void *ctx)
{
	return *(bool *)ctx;
}

/* ---- the life of a connection */

static void
greet(struct ssh *ssh)
{
	char line[300] = "";
	size_t n = 0;

	if (write(ssh->fd, own_version, strlen(own_version)) < 0 || write(ssh->fd, "\r\n", 2) < 0)
		die("greeting: %s", strerror(errno));
	while (n < sizeof(line) - 1 && read(ssh->fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[strcspn(line, "\r\n")] = '\0';
	if (strncmp(line, "SSH-2.0-", 8) != 0)
		die("no SSH server: \"%s\"", line);
	ssh->peer_version = strdup(line);
}

struct ssh *
ssh_open(const struct ssh_options *options)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)options->port) };
	struct ssh *ssh = calloc(1, sizeof(*ssh));
	bool version = false;
	struct ssh_work work = { .ctx = &version, .done = version_seen, .on_reply = on_version };
	int on = 1;

	if (ssh == NULL)
		die("no memory");
	if (inet_pton(AF_INET, options->address, &address.sin_addr) != 1)
		die("%s is no address", options->address);
	ssh->options = *options;
	ssh->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(ssh->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(ssh->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect: %s", strerror(errno));
	greet(ssh);
	fcntl(ssh->fd, F_SETFL, O_NONBLOCK);
	key_exchange(ssh, NULL, 0);
	authenticate(ssh);
	channel_open(ssh);
	bytes_u32(&ssh->requests, 5);
	bytes_u8(&ssh->requests, SFTP_INIT);
	bytes_u32(&ssh->requests, 3);
	ssh_run(ssh, &work);
	return ssh;
}

void
ssh_run(struct ssh *ssh, const struct ssh_work *work)
{
	ssh->on_reply = work->on_reply;
	ssh->ctx = work->ctx;
	while (!work->done(work->ctx)) {
		uint8_t *payload;
		size_t n;

		if (ssh->closed)
			die("the server closed the connection");
		if (work->feed != NULL)
			work->feed(work->ctx);
		requests_send(ssh);
		move(ssh);
		while (ssh->input.p != NULL && (payload = packet_try(ssh, &n)) != NULL)
			handle(ssh, payload, n);
	}
}

struct bytes *
ssh_requests(struct ssh *ssh)
{
	return &ssh->requests;
}

size_t
ssh_pending(const struct ssh *ssh)
{
	return ssh->requests.n - ssh->requests_sent;
}

void
ssh_rest(struct ssh *ssh)
{
	bytes_free(&ssh->input);
	bytes_free(&ssh->output);
	ssh->input_read = ssh->output_sent = 0;
}

void
ssh_close(struct ssh **ssh)
{
	struct ssh *old = *ssh;
	struct timeval patience = { .tv_sec = 10 };
	char rest[4096];

	/* Waits for the server's end, so that a login costs the server all that it costs. */
	shutdown(old->fd, SHUT_WR);
	fcntl(old->fd, F_SETFL, 0);
	setsockopt(old->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (recv(old->fd, rest, sizeof(rest), 0) > 0)
		;
	close(old->fd);
	cipher_end(&old->out);
	cipher_end(&old->in);
	bytes_free(&old->input);
	bytes_free(&old->output);
	bytes_free(&old->requests);
	bytes_free(&old->reply);
	free(old->peer_version);
	free(old);
	*ssh = NULL;
}
