/*
 * Data to the client: straight into packets, and what the window does not let through.
 *
 * A channel's data is a stream, and a packet need not be one answer: the last packet stays open,
 * and the next answer of the channel goes on in it until it is as large as the client takes.
 */
#include "ssh/connection_private.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

static size_t
overflow_bytes(const struct ssh_channel *channel)
{
	return channel->overflow_end - channel->overflow_start;
}

static size_t
slot_bytes(const struct ssh_channel *channel, size_t n)
{
	return packet_output_slot_bytes(&channel->connection->t->out, CHANNEL_DATA_HEAD + n);
}

/* The header of a packet with n bytes, which lie behind it already; a full one is sealed. */
static int
put_data(struct ssh_channel *channel, uint8_t *payload, size_t n)
{
	struct ssh_transport *t = channel->connection->t;
	int err;

	payload[0] = SSH_MSG_CHANNEL_DATA;
	put_u32(payload + 1, channel->client_number);
	put_u32(payload + 5, (uint32_t)n);
	if (n < channel->client_packet)
		err = packet_output_open(&t->out, payload, CHANNEL_DATA_HEAD + n);
	else
		err = packet_output_seal(&t->out, payload, CHANNEL_DATA_HEAD + n);
	return err == 0 ? 0 : transport_output_fault(t, err);
}

/* Makes the open packet the channel's, or sees that there is none. */
static int
take_open(struct ssh_channel *channel)
{
	struct ssh_connection *c = channel->connection;
	int err;

	if (c->open_channel == channel)
		return 0;
	c->open_channel = channel;
	err = packet_output_close(&c->t->out);
	return err == 0 ? 0 : transport_output_fault(c->t, err);
}

/* How much data of the channel, whose open packet it is, is in that. */
static size_t
begun_bytes(const struct ssh_channel *channel)
{
	size_t open = channel->connection->t->out.open;

	return open > 0 ? open - CHANNEL_DATA_HEAD : 0;
}

/* Room for bulk data, with a write in between where that helps. */
static int
bulk_room(struct ssh_connection *c, size_t n)
{
	struct packet_output *out = &c->t->out;
	int err;

	if (packet_output_pending(out) >= PACKET_OUTPUT_BATCH)
		connection_flush(c);
	if ((err = packet_output_room(out, n, PACKET_OUTPUT_SPARE)) == ERR_AGAIN && !c->blocked) {
		connection_flush(c);
		err = packet_output_room(out, n, PACKET_OUTPUT_SPARE);
	}
	return c->failed != 0 ? c->failed : err;
}

static int
drain_overflow(struct ssh_channel *channel)
{
	struct ssh_connection *c = channel->connection;
	uint8_t *payload;
	size_t n, begun;
	int err;

	while (overflow_bytes(channel) > 0 && channel->client_window > 0) {
		if ((err = take_open(channel)) != 0)
			return err;
		begun = begun_bytes(channel);
		n = overflow_bytes(channel);
		if (n > channel->client_window)
			n = channel->client_window;
		if (n > channel->client_packet - begun)
			n = channel->client_packet - begun;
		if ((err = bulk_room(c, slot_bytes(channel, begun + n))) != 0)
			return err == ERR_AGAIN ? 0 : err;
		begun = begun_bytes(channel); /* a write in between has sealed it */
		payload = packet_output_payload(&c->t->out);
		memcpy(payload + CHANNEL_DATA_HEAD + begun,
		    channel->overflow + channel->overflow_start, n);
		if ((err = put_data(channel, payload, begun + n)) != 0)
			return err;
		channel->client_window -= (uint32_t)n;
		channel->overflow_start += n;
	}
	return 0;
}

static int
send_simple(struct ssh_channel *channel, enum ssh_message type)
{
	buf_u32(transport_message(channel->connection->t, type), channel->client_number);
	return transport_send(channel->connection->t);
}

static int
send_exit_status(struct ssh_channel *channel)
{
	struct buf *m = transport_message(channel->connection->t, SSH_MSG_CHANNEL_REQUEST);

	buf_u32(m, channel->client_number);
	buf_cstr(m, "exit-status");
	buf_bool(m, false);
	buf_u32(m, channel->exit_status);
	return transport_send(channel->connection->t);
}

int
channel_pump(struct ssh_channel *channel)
{
	int err;

	if (channel->starting || channel->close_sent || connection_is_held(channel->connection))
		return 0;
	if ((err = drain_overflow(channel)) != 0)
		return err;
	if (overflow_bytes(channel) > 0)
		return 0;
	if (channel->exit_wanted && !channel->exit_sent) {
		channel->exit_sent = true;
		if ((err = send_exit_status(channel)) != 0)
			return err;
	}
	if (channel->eof_wanted && !channel->eof_sent) {
		channel->eof_sent = true;
		if ((err = send_simple(channel, SSH_MSG_CHANNEL_EOF)) != 0)
			return err;
	}
	if (channel->close_wanted) {
		channel->close_sent = true;
		return send_simple(channel, SSH_MSG_CHANNEL_CLOSE);
	}
	return 0;
}

static void
pump(struct ssh_channel *channel)
{
	struct ssh_connection *c = channel->connection;
	int err;

	if (c->failed == 0 && (err = channel_pump(channel)) != 0)
		connection_fail(c, err);
}

void
ssh_channel_exit_status(struct ssh_channel *channel, uint32_t status)
{
	if (channel->exit_wanted || channel->close_wanted)
		return;
	channel->exit_wanted = true;
	channel->exit_status = status;
	pump(channel);
}

void
ssh_channel_eof(struct ssh_channel *channel)
{
	channel->eof_wanted = true;
	pump(channel);
}

void
ssh_channel_close(struct ssh_channel *channel)
{
	channel->close_wanted = true;
	pump(channel);
}

int
channel_on_close(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct ssh_channel *channel = channel_named(c, &r);
	int err;

	if ((err = rd_end(&r)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_CLOSE is malformed: %s", err_text(err));
	/* RFC 4254 section 5.3: answered by the same, and then the number is free. */
	if (!channel->close_sent) {
		channel->close_wanted = channel->close_sent = true;
		if ((err = send_simple(channel, SSH_MSG_CHANNEL_CLOSE)) != 0)
			return err;
	}
	channel_remove(channel);
	return c->failed;
}

int
channel_on_window_adjust(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct ssh_channel *channel = channel_named(c, &r);
	uint32_t more = rd_u32(&r);
	int err;

	if ((err = rd_end(&r)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_WINDOW_ADJUST is malformed: %s", err_text(err));
	if (more > UINT32_MAX - channel->client_window)
		return transport_fail(c->t, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "the window grew beyond 2^32 - 1");
	channel->client_window += more;
	return channel_pump(channel);
}

bool
channel_can_reserve(const struct ssh_channel *channel)
{
	const struct ssh_connection *c = channel->connection;
	const struct packet_output *out = &c->t->out;

	return c->failed == 0 && !channel->starting && !connection_is_held(c) &&
	       overflow_bytes(channel) == 0 && packet_output_pending(out) <= out->capacity / 4;
}

/* Splits `bytes` into what goes out now and what has to wait for the window. */
static struct reservation
plan(struct ssh_channel *channel, size_t bytes, int pieces)
{
	size_t packet = channel->client_packet, direct = bytes, most;

	if (direct > channel->client_window)
		direct = channel->client_window;
	most = (size_t)pieces * packet - begun_bytes(channel);
	if (direct < bytes || direct > most) {
		most -= packet; /* one piece is for the rest */
		if (direct > most)
			direct = most;
	}
	return (struct reservation){
		.channel = channel,
		.direct = direct,
		.packet_bytes = packet,
		.overflow = bytes - direct,
	};
}

static size_t
plan_bytes(const struct reservation *p)
{
	size_t all = begun_bytes(p->channel) + p->direct;
	size_t whole = all / p->packet_bytes, rest = all % p->packet_bytes;

	return (whole > 0 ? whole * slot_bytes(p->channel, p->packet_bytes) : 0) +
	       (rest > 0 ? slot_bytes(p->channel, rest) : 0);
}

static int
overflow_room(struct ssh_channel *channel, size_t n)
{
	if (channel->overflow_capacity >= n)
		return 0;
	secret_free(channel->overflow, channel->overflow_capacity);
	channel->overflow_capacity = 0;
	if ((channel->overflow = malloc(n)) == NULL)
		return ERR_MEMORY;
	channel->overflow_capacity = n;
	return 0;
}

void
channel_output_release(struct ssh_channel *channel)
{
	if (overflow_bytes(channel) > 0)
		return;
	secret_free(channel->overflow, channel->overflow_capacity);
	channel->overflow = NULL;
	channel->overflow_start = channel->overflow_end = channel->overflow_capacity = 0;
}

/* The payload behind one that fills its slot. Sealing moves the end of the output, not the slots. */
static uint8_t *
next_payload(const struct reservation *p, uint8_t *payload)
{
	return payload + slot_bytes(p->channel, p->packet_bytes);
}

/* The pieces of a plan, the room for which is there; the first goes on in the open packet. */
static int
fill_pieces(const struct reservation *p, struct iovec *iov)
{
	uint8_t *payload = packet_output_payload(&p->channel->connection->t->out);
	size_t left = p->direct, begun = begun_bytes(p->channel);
	int count = 0;

	while (left > 0) {
		size_t n = p->packet_bytes - begun;

		if (n > left)
			n = left;
		iov[count].iov_base = payload + CHANNEL_DATA_HEAD + begun;
		iov[count++].iov_len = n;
		begun = 0;
		if ((left -= n) > 0)
			payload = next_payload(p, payload);
	}
	if (p->overflow > 0) {
		iov[count].iov_base = p->channel->overflow;
		iov[count++].iov_len = p->overflow;
	}
	return count;
}

static int
reserve_later(struct ssh_channel *channel)
{
	channel->want_room = true;
	return ERR_AGAIN;
}

int
ssh_channel_reserve(struct ssh_channel *channel, size_t bytes, struct iovec *iov, int *iov_count)
{
	struct ssh_connection *c = channel->connection;
	struct reservation p;
	int err;

	if (c->reservation.channel != NULL)
		bug("two reservations at once");
	if (c->failed != 0 || channel->eof_wanted || channel->close_wanted)
		return ERR_EOF;
	if (bytes == 0 || bytes > SSH_RESERVE_MAX || *iov_count < 2)
		return ERR_LIMIT;
	if ((err = connection_rekey_if_due(c)) != 0)
		return ERR_EOF;
	if (channel->starting || connection_is_held(c) || overflow_bytes(channel) > 0)
		return reserve_later(channel);
	if ((err = take_open(channel)) != 0) {
		connection_fail(c, err);
		return ERR_EOF;
	}
	p = plan(channel, bytes, *iov_count > SSH_RESERVE_PIECES ? SSH_RESERVE_PIECES : *iov_count);
	if ((err = bulk_room(c, plan_bytes(&p))) == ERR_AGAIN)
		return reserve_later(channel);
	if (err == 0 && p.overflow > 0)
		err = overflow_room(channel, p.overflow);
	if (err != 0)
		return c->failed != 0 ? ERR_EOF : err;
	*iov_count = fill_pieces(&p, iov);
	c->reservation = p;
	return 0;
}

void
ssh_channel_commit(struct ssh_channel *channel, size_t bytes)
{
	struct ssh_connection *c = channel->connection;
	struct reservation p = c->reservation;
	size_t direct, all;
	uint8_t *payload;
	int err = 0;

	if (p.channel != channel || bytes > p.direct + p.overflow)
		bug("a commit of %zu bytes does not fit its reservation", bytes);
	c->reservation.channel = NULL;
	direct = bytes < p.direct ? bytes : p.direct;
	channel->client_window -= (uint32_t)direct;
	channel->overflow_start = 0;
	channel->overflow_end = bytes - direct;
	all = direct > 0 ? begun_bytes(channel) + direct : 0;
	payload = all > 0 ? packet_output_payload(&c->t->out) : NULL;
	while (err == 0 && all > 0) {
		size_t n = all < p.packet_bytes ? all : p.packet_bytes;

		err = put_data(channel, payload, n);
		if ((all -= n) > 0)
			payload = next_payload(&p, payload);
	}
	if (err != 0)
		connection_fail(c, err);
	else if (overflow_bytes(channel) > 0)
		pump(channel);
}
