#include "ssh/transport_private.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t rekey_bytes_chacha = UINT64_C(1) << 30;
/* RFC 4344 section 3.2: 2^32 blocks of 16 bytes. */
static const uint64_t rekey_bytes_aes = UINT64_C(1) << 36;
static const uint64_t rekey_packets = UINT64_C(1) << 31;

int
ssh_transport_new(
    struct ssh_transport **out, int fd, const struct ssh_config *config, uint64_t deadline_ms)
{
	struct ssh_transport *t = calloc(1, sizeof(*t));
	int err;

	*out = NULL;
	if (t == NULL)
		return ERR_MEMORY;
	t->fd = fd;
	t->config = config;
	t->deadline_ms = deadline_ms;
	t->message = buf_init(MESSAGE_BYTES_MAX);
	t->held = buf_init(HELD_BYTES_MAX);
	exchange_init(&t->exchange);
	if ((err = packet_input_init(&t->in)) != 0 || (err = packet_output_init(&t->out)) != 0) {
		ssh_transport_free(&t);
		return err;
	}
	t->in.wipe = true;
	*out = t;
	return 0;
}

void
ssh_transport_free(struct ssh_transport **transport)
{
	struct ssh_transport *t = *transport;

	if (t == NULL)
		return;
	packet_input_free(&t->in);
	packet_output_free(&t->out);
	exchange_free(&t->exchange);
	buf_free(&t->message);
	buf_free(&t->held);
	secret_free(t, sizeof(*t));
	*transport = NULL;
}

const char *
ssh_transport_error(const struct ssh_transport *transport)
{
	return transport->error;
}

uint32_t
ssh_transport_client_reason(const struct ssh_transport *transport)
{
	return transport->client_reason;
}

struct view
ssh_transport_client_version(const struct ssh_transport *t)
{
	return (struct view){ .p = t->client_version, .n = t->client_version_bytes };
}

struct view
ssh_transport_session_id(const struct ssh_transport *t)
{
	return (struct view){ .p = t->session_id, .n = t->session_id_bytes };
}

const char *
ssh_transport_agreed(const struct ssh_transport *transport)
{
	return transport->agreed_text;
}

uint64_t
ssh_transport_bytes_in(const struct ssh_transport *transport)
{
	return transport->in.total_bytes;
}

uint64_t
ssh_transport_bytes_out(const struct ssh_transport *transport)
{
	return transport->out.total_bytes;
}

static void
add_direction(struct buf *text, const char *name, const struct packet_cipher_algorithm *cipher,
    const struct packet_mac_algorithm *mac, bool compressed)
{
	buf_text(text, name);
	buf_text(text, cipher->name);
	buf_u8(text, ' ');
	buf_text(text, mac == NULL ? "(AEAD)" : mac->name);
	if (compressed)
		buf_text(text, " zlib");
}

void
transport_note_agreed(struct ssh_transport *t)
{
	const struct kex_choice *c = &t->agreed;
	struct buf text = buf_init(sizeof(t->agreed_text) - 1);

	buf_text(&text, c->kex->name);
	buf_u8(&text, ' ');
	buf_raw(&text, c->key_algorithm.p, c->key_algorithm.n);
	add_direction(&text, " in ", c->cipher_in, c->mac_in, c->compress_in);
	add_direction(&text, ", out ", c->cipher_out, c->mac_out, c->compress_out);
	if (t->strict)
		buf_text(&text, ", strict");
	if (text.n > 0)
		memcpy(t->agreed_text, text.p, text.n);
	t->agreed_text[text.n] = '\0';
	buf_free(&text);
}

struct buf *
transport_message(struct ssh_transport *t, enum ssh_message type)
{
	buf_clear(&t->message);
	buf_u8(&t->message, (uint8_t)type);
	return &t->message;
}

/* RFC 4253 section 7.1: what may be sent between KEXINIT and NEWKEYS. */
static bool
passes_exchange(uint8_t type)
{
	return (type >= SSH_MSG_DISCONNECT && type <= SSH_MSG_DEBUG) ||
	       (type >= SSH_MSG_KEXINIT && type < SSH_MSG_USERAUTH_REQUEST);
}

int
transport_send(struct ssh_transport *t)
{
	struct view payload = buf_view(&t->message);
	int err = buf_error(&t->message);

	if (err == 0 && t->exchange.announced && !passes_exchange(payload.p[0])) {
		/* A client that makes us answer while it does not go on with the exchange would
		 * otherwise fill our memory (CVE-2025-26466). */
		buf_str(&t->held, payload);
		if ((err = buf_error(&t->held)) != 0)
			return transport_fail(t, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR,
			    "too many requests during a key exchange");
		return 0;
	}
	if (err == 0)
		err = packet_output_send(&t->out, payload);
	return err == 0 ? 0 : transport_output_fault(t, err);
}

int
transport_send_held(struct ssh_transport *t)
{
	struct rd r = rd_of(buf_view(&t->held));
	int err = 0;

	while (err == 0 && r.n > 0)
		err = packet_output_send(&t->out, rd_str(&r, HELD_BYTES_MAX));
	buf_clear(&t->held);
	return err == 0 ? 0 : transport_output_fault(t, err);
}

void
ssh_transport_disconnect(struct ssh_transport *t, enum ssh_disconnect reason, const char *text)
{
	struct buf *m;

	if (t->told)
		return;
	t->told = true;
	m = transport_message(t, SSH_MSG_DISCONNECT);
	buf_u32(m, reason);
	buf_cstr(m, text);
	buf_cstr(m, "");
	/* Whether it arrives is beyond us, and of no consequence. */
	if (buf_error(m) == 0 && packet_output_send(&t->out, buf_view(m)) == 0 &&
	    packet_output_flush(&t->out, t->fd) != 0)
		return;
}

int
transport_fail(
    struct ssh_transport *t, int err, enum ssh_disconnect reason, const char *format, ...)
{
	va_list ap;

	if (t->error[0] == '\0') {
		va_start(ap, format);
		vsnprintf(t->error, sizeof(t->error), format, ap);
		va_end(ap);
		for (char *c = t->error; *c != '\0'; c++)
			if (*c < 0x20 || *c > 0x7e)
				*c = '?';
	}
	if (reason != 0)
		ssh_transport_disconnect(t, reason, t->error);
	return err;
}

int
transport_input_fault(struct ssh_transport *t, int err)
{
	if (err == ERR_EOF)
		return transport_fail(t, err, 0, "the client closed the connection");
	if (err == ERR_IO)
		return transport_fail(t, err, 0, "reading from the client failed");
	if (err == ERR_MEMORY)
		return transport_fail(t, err, SSH_DISCONNECT_BY_APPLICATION, "no memory");
	if (t->in.reason == SSH_DISCONNECT_MAC_ERROR)
		return transport_fail(t, err, t->in.reason, "a packet is damaged");
	if (t->in.reason == SSH_DISCONNECT_COMPRESSION_ERROR)
		return transport_fail(t, err, t->in.reason, "a packet cannot be decompressed");
	return transport_fail(
	    t, err, SSH_DISCONNECT_PROTOCOL_ERROR, "a packet has an impossible length");
}

int
transport_output_fault(struct ssh_transport *t, int err)
{
	if (err == ERR_EOF)
		return transport_fail(t, err, 0, "the client closed the connection");
	if (err == ERR_AGAIN)
		return transport_fail(t, ERR_LIMIT, 0, "the output is full");
	return transport_fail(t, err, 0, "sending to the client failed: %s", err_text(err));
}

int
transport_client_left(struct ssh_transport *t, struct view payload)
{
	struct rd r = rd_of(payload);
	struct view text;

	rd_u8(&r);
	t->client_reason = rd_u32(&r);
	text = rd_str(&r, SSH_PACKET_MAX);
	if (r.bad != 0)
		text.n = 0; /* it is leaving: no point in arguing about form */
	t->told = true;
	return transport_fail(t, ERR_EOF, 0, "the client disconnected, reason %u: %.*s",
	    (unsigned)t->client_reason, (int)(text.n > 256 ? 256 : text.n),
	    text.n > 0 ? (const char *)text.p : "");
}

bool
transport_is_unrecognised(uint8_t type)
{
	static const struct {
		uint8_t first, last;
	} assigned[] = {
		{ SSH_MSG_DISCONNECT, 8 }, /* 8: NEWCOMPRESS of RFC 8308 */
		{ SSH_MSG_KEXINIT, SSH_MSG_NEWKEYS },
		{ 30, 49 }, /* of the key exchange method */
		{ SSH_MSG_USERAUTH_REQUEST, SSH_MSG_USERAUTH_BANNER },
		{ 60, 79 }, /* of the authentication method */
		{ SSH_MSG_GLOBAL_REQUEST, SSH_MSG_REQUEST_FAILURE },
		{ SSH_MSG_CHANNEL_OPEN, SSH_MSG_CHANNEL_FAILURE },
		{ SSH_MSG_PING, SSH_MSG_PONG },
	};

	for (size_t i = 0; i < sizeof(assigned) / sizeof(assigned[0]); i++)
		if (type >= assigned[i].first && type <= assigned[i].last)
			return false;
	return true;
}

int
transport_unimplemented(struct ssh_transport *t)
{
	buf_u32(transport_message(t, SSH_MSG_UNIMPLEMENTED), t->in.sequence - 1);
	return transport_send(t);
}

static uint64_t
rekey_limit(const struct ssh_transport *t, const struct packet_cipher *cipher)
{
	const struct packet_cipher_algorithm *a = packet_cipher_algorithm(cipher);

	if (t->config->rekey_bytes != 0)
		return t->config->rekey_bytes;
	return a != NULL && a->block_bytes >= 16 ? rekey_bytes_aes : rekey_bytes_chacha;
}

bool
transport_rekey_is_due(const struct ssh_transport *t)
{
	return t->in.key_bytes >= rekey_limit(t, t->in.cipher) ||
	       t->out.key_bytes >= rekey_limit(t, t->out.cipher) ||
	       t->in.key_packets >= rekey_packets || t->out.key_packets >= rekey_packets;
}

int
transport_enter_session(struct ssh_transport *t)
{
	int err;

	t->authenticated = true;
	t->in.packet_max = SSH_PACKET_MAX;
	if ((err = packet_input_compress(&t->in, t->agreed.compress_in)) != 0 ||
	    (err = packet_output_compress(&t->out, t->agreed.compress_out)) != 0)
		return err;
	return 0;
}

int
transport_wait_sent(struct ssh_transport *t)
{
	int err;

	while ((err = packet_output_flush(&t->out, t->fd)) == ERR_AGAIN) {
		err = fd_wait(t->fd, POLLOUT, t->deadline_ms);
		if (err == ERR_TIMEOUT)
			return transport_fail(t, err, 0, "the login took too long");
		if (err != 0)
			return transport_fail(t, err, 0, "waiting for the client failed");
	}
	return err == 0 ? 0 : transport_output_fault(t, err);
}

int
transport_wait_bytes(struct ssh_transport *t, const char *late)
{
	int err;

	if (t->deadline_ms != 0 && clock_mono_ms() >= t->deadline_ms)
		return transport_fail(t, ERR_TIMEOUT, 0, "%s", late);
	if ((err = packet_input_fill(&t->in, t->fd)) == ERR_AGAIN)
		err = fd_wait(t->fd, POLLIN, t->deadline_ms);
	return err == 0 || err == ERR_TIMEOUT ? 0 : transport_input_fault(t, err);
}

int
transport_wait_packet(struct ssh_transport *t, struct view *payload_out)
{
	int err;

	while ((err = packet_input_next(&t->in, payload_out)) == ERR_AGAIN) {
		/* A client that keeps sending must not outlive the deadline either. */
		if (t->deadline_ms != 0 && clock_mono_ms() >= t->deadline_ms)
			return transport_fail(t, ERR_TIMEOUT, SSH_DISCONNECT_BY_APPLICATION,
			    "the login took too long");
		if ((err = packet_input_fill(&t->in, t->fd)) == ERR_AGAIN)
			err = fd_wait(t->fd, POLLIN, t->deadline_ms);
		if (err != 0 && err != ERR_TIMEOUT)
			return transport_input_fault(t, err);
	}
	return err == 0 ? 0 : transport_input_fault(t, err);
}
