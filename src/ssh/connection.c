#include "ssh/connection_private.h"

#include <stdlib.h>

int
ssh_connection_new(struct ssh_connection **out, struct ssh_transport **transport,
    const struct ssh_connection_events *events, uint64_t now_ms)
{
	struct ssh_connection *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->channels = calloc((*transport)->config->max_channels, sizeof(*c->channels));
	if (c->channels == NULL) {
		free(c);
		return ERR_MEMORY;
	}
	c->t = *transport;
	*transport = NULL;
	c->events = *events;
	c->now_ms = c->keys_ms = now_ms;
	*out = c;
	return 0;
}

void
ssh_connection_free(struct ssh_connection **connection)
{
	struct ssh_connection *c = *connection;

	if (c == NULL)
		return;
	connection_fail(c, ERR_EOF); /* nothing that the owner asks for in `closed` goes out */
	for (uint32_t i = 0; i < c->channels_end; i++)
		if (c->channels[i] != NULL)
			channel_remove(c->channels[i]);
	free(c->channels);
	ssh_transport_free(&c->t);
	free(c);
	*connection = NULL;
}

int
connection_fail(struct ssh_connection *c, int err)
{
	if (c->failed == 0)
		c->failed = err;
	return c->failed;
}

bool
connection_is_held(const struct ssh_connection *c)
{
	return c->t->exchange.announced;
}

void
connection_flush(struct ssh_connection *c)
{
	int err;

	if (c->blocked || c->failed != 0 || packet_output_pending(&c->t->out) == 0)
		return;
	err = packet_output_flush(&c->t->out, c->t->fd);
	if (err == ERR_AGAIN)
		c->blocked = true;
	else if (err != 0)
		connection_fail(c, transport_output_fault(c->t, err));
}

static int
on_disconnect(struct ssh_connection *c, struct view payload)
{
	return transport_client_left(c->t, payload);
}

static int
on_nothing(struct ssh_connection *c, struct view payload)
{
	(void)c;
	(void)payload;
	return 0;
}

static int
on_unrecognised(struct ssh_connection *c, struct view payload)
{
	(void)payload;
	return transport_unimplemented(c->t);
}

static int
malformed(struct ssh_connection *c, int err, const char *name)
{
	return transport_fail(
	    c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR, "%s is malformed: %s", name, err_text(err));
}

/* Answered in the order of arrival, as every message that wants an answer (RFC 4254 section 4). */
static int
on_global_request(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	bool known, want_reply;
	struct view name;

	rd_u8(&r);
	name = rd_str(&r, SSH_PACKET_MAX);
	want_reply = rd_bool(&r);
	if (r.bad != 0)
		return malformed(c, r.bad, "GLOBAL_REQUEST");
	known = view_is(name, "no-more-sessions@openssh.com");
	if (known)
		c->no_more_sessions = true;
	if (!want_reply)
		return 0;
	transport_message(c->t, known ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE);
	return transport_send(c->t);
}

static int
on_ping(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct view data;
	int err;

	rd_u8(&r);
	data = rd_str(&r, PING_BYTES_MAX);
	if ((err = rd_end(&r)) != 0)
		return malformed(c, err, "PING");
	buf_str(transport_message(c->t, SSH_MSG_PONG), data);
	return transport_send(c->t);
}

/*
 * Where in a key exchange a message may come. Its own messages have one place each. The rest may
 * not be sent between a client's KEXINIT and NEWKEYS (RFC 4253 sections 7.1 and 9), but widely used
 * clients do, in the middle of large uploads; the old keys still protect it, our answers wait for
 * the new ones, and nothing but an ended transfer would be won by refusing it.
 */
enum {
	IDLE = 1u << EXCHANGE_IDLE,
	INIT = 1u << EXCHANGE_INIT,
	SIGN = 1u << EXCHANGE_SIGN,
	NEWKEYS = 1u << EXCHANGE_NEWKEYS,
	ALWAYS = IDLE | INIT | SIGN | NEWKEYS,
};

struct row {
	unsigned stages;
	int (*handle)(struct ssh_connection *c, struct view payload);
};

/*
 * Every message that a client may send after login. What has no row is a server's message, one of
 * the login, or an answer to something that we never ask.
 */
static const struct row table[256] = {
	[SSH_MSG_DISCONNECT] = { ALWAYS, on_disconnect },
	[SSH_MSG_IGNORE] = { ALWAYS, on_nothing },
	[SSH_MSG_UNIMPLEMENTED] = { ALWAYS, on_nothing },
	[SSH_MSG_DEBUG] = { ALWAYS, on_nothing },
	[SSH_MSG_KEXINIT] = { IDLE, rekey_on_kexinit },
	[SSH_MSG_NEWKEYS] = { NEWKEYS, rekey_on_newkeys },
	[SSH_MSG_KEX_INIT... 49] = { INIT, rekey_on_value },
	/* RFC 4252 section 5.1: after success, silently. */
	[SSH_MSG_USERAUTH_REQUEST] = { ALWAYS, on_nothing },
	[SSH_MSG_GLOBAL_REQUEST] = { ALWAYS, on_global_request },
	[SSH_MSG_CHANNEL_OPEN] = { ALWAYS, channel_on_open },
	[SSH_MSG_CHANNEL_WINDOW_ADJUST] = { ALWAYS, channel_on_window_adjust },
	[SSH_MSG_CHANNEL_DATA] = { ALWAYS, channel_on_data },
	[SSH_MSG_CHANNEL_EXTENDED_DATA] = { ALWAYS, channel_on_extended_data },
	[SSH_MSG_CHANNEL_EOF] = { ALWAYS, channel_on_eof },
	[SSH_MSG_CHANNEL_CLOSE] = { ALWAYS, channel_on_close },
	[SSH_MSG_CHANNEL_REQUEST] = { ALWAYS, channel_on_request },
	[SSH_MSG_PING] = { ALWAYS, on_ping },
};

/* RFC 4253 section 11.4: numbers that we do not know are answered and otherwise ignored. */
static const struct row unrecognised = { ALWAYS, on_unrecognised };

static int
dispatch(struct ssh_connection *c, struct view payload)
{
	uint8_t type = payload.p[0];
	const struct row *row = transport_is_unrecognised(type) ? &unrecognised : &table[type];

	if ((row->stages & (1u << c->t->exchange.stage)) == 0)
		return transport_fail(c->t, ERR_PROTOCOL, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "message %u must not come from a client now", type);
	return row->handle(c, payload);
}

/* Acts on messages as long as each can be answered. */
static void
process(struct ssh_connection *c)
{
	struct packet_output *out = &c->t->out;
	struct view payload;
	int err;

	while (c->failed == 0) {
		if (out->capacity - packet_output_pending(out) < ANSWER_BYTES) {
			connection_flush(c);
			if (out->capacity - packet_output_pending(out) < ANSWER_BYTES)
				return; /* a client that asks and does not listen waits */
		}
		if ((err = packet_input_next(&c->t->in, &payload)) == ERR_AGAIN)
			return;
		if (err != 0)
			err = transport_input_fault(c->t, err);
		else
			err = dispatch(c, payload);
		if (err != 0)
			connection_fail(c, err);
	}
}

void
connection_settle(struct ssh_connection *c)
{
	struct ssh_channel *channel;
	int err = connection_rekey_if_due(c);

	for (uint32_t i = 0; err == 0 && i < c->channels_end; i++)
		if ((channel = c->channels[i]) != NULL && (err = channel_grant(channel)) == 0)
			err = channel_pump(channel);
	if (err != 0)
		connection_fail(c, err);
	connection_flush(c);
	for (uint32_t i = 0; i < c->channels_end; i++) {
		channel = c->channels[i];
		if (channel == NULL || !channel->want_room || !channel_can_reserve(channel))
			continue;
		channel->want_room = false;
		if (c->events.room != NULL)
			c->events.room(c->events.ctx, channel);
	}
	connection_flush(c);
}

int
ssh_connection_readable(struct ssh_connection *c)
{
	int err;

	if (c->failed != 0)
		return c->failed;
	process(c); /* what is in memory comes first, or there would be no room */
	if (c->failed == 0) {
		err = packet_input_fill(&c->t->in, c->t->fd);
		if (err != 0 && err != ERR_AGAIN)
			connection_fail(c, transport_input_fault(c->t, err));
	}
	process(c);
	connection_settle(c);
	return c->failed;
}

int
ssh_connection_writable(struct ssh_connection *c)
{
	if (c->failed != 0)
		return c->failed;
	c->blocked = false;
	connection_flush(c);
	process(c);
	connection_settle(c);
	return c->failed;
}

bool
ssh_connection_wants_read(const struct ssh_connection *c)
{
	return packet_input_has_room(&c->t->in);
}

bool
ssh_connection_wants_write(const struct ssh_connection *c)
{
	const struct ssh_channel *channel;

	if (packet_output_pending(&c->t->out) > 0)
		return true;
	for (uint32_t i = 0; i < c->channels_end; i++)
		if ((channel = c->channels[i]) != NULL && channel->want_room &&
		    channel_can_reserve(channel))
			return true;
	return false;
}

void
ssh_connection_disconnect(struct ssh_connection *c, enum ssh_disconnect reason, const char *text)
{
	ssh_transport_disconnect(c->t, reason, text);
	connection_fail(c, ERR_EOF);
}

size_t
ssh_connection_channels(const struct ssh_connection *c)
{
	return c->channel_count;
}

const struct ssh_transport *
ssh_connection_transport(const struct ssh_connection *c)
{
	return c->t;
}

void
ssh_connection_idle_release(struct ssh_connection *c)
{
	packet_input_release(&c->t->in);
	packet_output_release(&c->t->out);
	buf_free(&c->t->message);
	if (c->t->held.n == 0)
		buf_free(&c->t->held);
	for (uint32_t i = 0; i < c->channels_end; i++) {
		if (c->channels[i] == NULL)
			continue;
		channel_input_release(c->channels[i]);
		channel_output_release(c->channels[i]);
	}
}
