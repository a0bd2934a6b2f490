/* A connection that idles, written down to be taken up by another process. */
#include "ssh/connection_private.h"

#include <stdlib.h>

enum { CONNECTION_STATE_VERSION = 1 };

/* Nothing of the channel is under way, and neither side has begun to end it. */
static bool
channel_is_settled(const struct ssh_channel *channel)
{
	return ssh_channel_kept(channel) == 0 && channel->overflow_start == channel->overflow_end &&
	       !channel->starting && !channel->in_data && !channel->want_room &&
	       !channel->client_eof && !channel->exit_wanted && !channel->eof_wanted &&
	       !channel->close_wanted;
}

/*
 * A packet that came in part is not written down: with some ciphers its first bytes are decrypted
 * already. A compression stream is a window of what was said before, which nobody can write down.
 */
static bool
transport_is_settled(const struct ssh_transport *t)
{
	return t->exchange.stage == EXCHANGE_IDLE && !t->exchange.announced && !t->told &&
	       t->held.n == 0 && packet_output_pending(&t->out) == 0 && t->in.start == t->in.end &&
	       t->in.inflate == NULL && t->out.deflate == NULL;
}

bool
ssh_connection_can_export(const struct ssh_connection *c)
{
	if (c->failed != 0 || c->keys_are_new || !transport_is_settled(c->t))
		return false;
	for (uint32_t i = 0; i < c->channels_end; i++)
		if (c->channels[i] != NULL && !channel_is_settled(c->channels[i]))
			return false;
	return true;
}

static void
write_channel(struct buf *out, const struct ssh_channel *channel)
{
	buf_u32(out, channel->number);
	buf_u32(out, channel->client_number);
	buf_bool(out, channel->has_program);
	buf_u32(out, channel->window);
	buf_u32(out, channel->window_target);
	buf_u64(out, channel->window_used);
	buf_u32(out, channel->client_window);
	buf_u32(out, channel->client_packet);
}

void
connection_write_state(const struct ssh_connection *c, struct buf *out)
{
	buf_u8(out, CONNECTION_STATE_VERSION);
	buf_bool(out, c->no_more_sessions);
	buf_u64(out, c->keys_ms);
	buf_u32(out, (uint32_t)c->channel_count);
	for (uint32_t i = 0; i < c->channels_end; i++)
		if (c->channels[i] != NULL)
			write_channel(out, c->channels[i]);
}

int
ssh_connection_export(struct ssh_connection *c, struct buf *out)
{
	int err;

	if (!ssh_connection_can_export(c))
		bug("a connection is written down in the middle of something");
	if ((err = ssh_transport_export(c->t, out)) != 0)
		return err;
	connection_write_state(c, out);
	connection_fail(c, ERR_EOF); /* it speaks no more */
	return buf_error(out);
}

static void
read_channel(struct rd *r, struct ssh_channel *out)
{
	*out = (struct ssh_channel){ .number = rd_u32(r) };
	out->client_number = rd_u32(r);
	out->has_program = rd_flag(r);
	out->window = rd_u32(r);
	out->window_target = rd_u32(r);
	out->window_used = rd_u64(r);
	out->client_window = rd_u32(r);
	out->client_packet = rd_u32(r);
}

/* Every limit that a channel has when it is opened and that it keeps while it grows. */
static int
check_channel(const struct ssh_channel *channel, uint32_t first_number, uint32_t max_channels)
{
	if (channel->number < first_number || channel->number >= max_channels)
		return ERR_INVALID;
	if (channel->window_target < CHANNEL_WINDOW_FIRST ||
	    channel->window_target > CHANNEL_WINDOW_LARGEST ||
	    channel->window > channel->window_target ||
	    channel->window_used > channel->window_target)
		return ERR_LIMIT;
	if (channel->client_packet < CHANNEL_CLIENT_PACKET_MIN ||
	    channel->client_packet > CHANNEL_SEND_MAX)
		return ERR_LIMIT;
	return 0;
}

static int
add_channel(struct ssh_connection *c, const struct ssh_channel *fields)
{
	struct ssh_channel *channel = malloc(sizeof(*channel));

	if (channel == NULL)
		return ERR_MEMORY;
	*channel = *fields;
	channel->connection = c;
	c->channels[channel->number] = channel;
	c->channel_count++;
	c->channels_end = channel->number + 1; /* they come in their order */
	return 0;
}

static int
read_channels(struct rd *r, struct ssh_connection *c)
{
	uint32_t count = rd_u32(r), next = 0;
	uint64_t targets = 0;

	if (r->bad == 0 && count > c->t->config->max_channels)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < count && r->bad == 0; i++) {
		struct ssh_channel fields;
		int err;

		read_channel(r, &fields);
		if (r->bad != 0)
			break;
		if ((err = check_channel(&fields, next, c->t->config->max_channels)) != 0 ||
		    (err = add_channel(c, &fields)) != 0)
			return err;
		next = fields.number + 1;
		targets += fields.window_target;
	}
	/* Windows grow within the budget; that each channel begins with one comes on top. */
	if (targets > CHANNEL_WINDOW_BUDGET + (uint64_t)count * CHANNEL_WINDOW_FIRST)
		return ERR_LIMIT;
	return r->bad;
}

int
ssh_connection_import(struct ssh_connection *c, struct rd *r)
{
	int err;

	if (c->channel_count > 0)
		bug("a state is taken up by a connection that has begun");
	if (rd_u8(r) != CONNECTION_STATE_VERSION)
		rd_fail(r, ERR_FORMAT);
	c->no_more_sessions = rd_flag(r);
	c->keys_ms = rd_u64(r);
	/* Keys from the future would never be old. */
	if (r->bad == 0 && c->keys_ms > c->now_ms)
		return connection_fail(c, ERR_INVALID);
	if ((err = read_channels(r, c)) != 0)
		return connection_fail(c, err);
	return 0;
}

struct ssh_channel *
ssh_connection_channel(const struct ssh_connection *c, uint32_t number)
{
	return number < c->t->config->max_channels ? c->channels[number] : NULL;
}

uint32_t
ssh_connection_channels_max(const struct ssh_connection *c)
{
	return c->t->config->max_channels;
}

bool
ssh_channel_has_program(const struct ssh_channel *channel)
{
	return channel->has_program;
}
