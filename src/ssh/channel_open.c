/* Channels come and go. */
#include "ssh/connection_private.h"

#include "base/secret.h"

#include <stdlib.h>

struct open_request {
	struct view type;
	uint32_t client_number, window, packet;
	bool is_session;
};

static int
parse_open(struct view payload, struct open_request *out)
{
	struct rd r = rd_of(payload);

	rd_u8(&r);
	out->type = rd_str(&r, SSH_PACKET_MAX);
	out->client_number = rd_u32(&r);
	out->window = rd_u32(&r);
	out->packet = rd_u32(&r);
	out->is_session = view_is(out->type, "session");
	if (!out->is_session)
		rd_rest(&r); /* the fields of its type */
	return rd_end(&r);
}

static int
refuse(
    struct ssh_connection *c, uint32_t client_number, enum ssh_open_failure reason, const char *why)
{
	struct buf *m = transport_message(c->t, SSH_MSG_CHANNEL_OPEN_FAILURE);

	buf_u32(m, client_number);
	buf_u32(m, reason);
	buf_cstr(m, why);
	buf_cstr(m, "");
	return transport_send(c->t);
}

static int
accept(struct ssh_connection *c, const struct open_request *open)
{
	struct ssh_channel *channel = calloc(1, sizeof(*channel));
	uint32_t number = 0;
	struct buf *m;

	if (channel == NULL)
		return refuse(c, open->client_number, SSH_OPEN_RESOURCE_SHORTAGE, "no memory");
	while (c->channels[number] != NULL)
		number++;
	channel->connection = c;
	channel->number = number;
	channel->client_number = open->client_number;
	channel->client_window = open->window;
	channel->client_packet = open->packet > CHANNEL_SEND_MAX ? CHANNEL_SEND_MAX : open->packet;
	channel->window = channel->window_target = CHANNEL_WINDOW_FIRST;
	c->channels[number] = channel;
	c->channel_count++;
	if (number >= c->channels_end)
		c->channels_end = number + 1;
	m = transport_message(c->t, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	buf_u32(m, channel->client_number);
	buf_u32(m, channel->number);
	buf_u32(m, channel->window);
	buf_u32(m, SSH_CHANNEL_PACKET_MAX);
	return transport_send(c->t);
}

int
channel_on_open(struct ssh_connection *c, struct view payload)
{
	struct open_request open;
	int err;

	if ((err = parse_open(payload, &open)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_OPEN is malformed: %s", err_text(err));
	if (!open.is_session)
		return refuse(c, open.client_number, SSH_OPEN_UNKNOWN_CHANNEL_TYPE,
		    "there are session channels only");
	if (c->no_more_sessions)
		return refuse(c, open.client_number, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    "no more sessions were wanted");
	if (c->channel_count >= c->t->config->max_channels)
		return refuse(
		    c, open.client_number, SSH_OPEN_RESOURCE_SHORTAGE, "too many channels");
	if (open.packet < CHANNEL_CLIENT_PACKET_MIN)
		return refuse(c, open.client_number, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    "the maximum packet size is too small");
	return accept(c, &open);
}

struct ssh_channel *
channel_named(struct ssh_connection *c, struct rd *r)
{
	uint32_t number;

	rd_u8(r);
	number = rd_u32(r);
	if (r->bad == 0 && number < c->t->config->max_channels && c->channels[number] != NULL)
		return c->channels[number];
	rd_fail(r, ERR_NOT_FOUND);
	return NULL;
}

void
channel_remove(struct ssh_channel *channel)
{
	struct ssh_connection *c = channel->connection;

	if (channel->has_program && c->events.closed != NULL)
		c->events.closed(c->events.ctx, channel);
	c->channels[channel->number] = NULL;
	c->channel_count--;
	while (c->channels_end > 0 && c->channels[c->channels_end - 1] == NULL)
		c->channels_end--;
	secret_free(channel->kept, channel->kept_capacity);
	secret_free(channel->overflow, channel->overflow_capacity);
	free(channel);
}

uint32_t
ssh_channel_number(const struct ssh_channel *channel)
{
	return channel->number;
}

void
ssh_channel_set_owner(struct ssh_channel *channel, void *owner)
{
	channel->owner = owner;
}

void *
ssh_channel_owner(const struct ssh_channel *channel)
{
	return channel->owner;
}
