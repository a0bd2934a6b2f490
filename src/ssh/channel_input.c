/* Data from the client: to the owner where it lies, kept when the owner has no use for it yet. */
#include "ssh/connection_private.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

size_t
ssh_channel_kept(const struct ssh_channel *channel)
{
	return channel->kept_end - channel->kept_start;
}

static int
keep(struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	size_t have = ssh_channel_kept(channel), capacity = channel->kept_capacity;
	uint8_t *grown;

	if (channel->kept_start > 0 && capacity - channel->kept_end < n) {
		memmove(channel->kept, channel->kept + channel->kept_start, have);
		channel->kept_start = 0;
		channel->kept_end = have;
	}
	if (capacity - channel->kept_end < n) {
		/* Never above the window that was granted: n has been held against it. */
		capacity = capacity == 0 ? 32 * 1024 : capacity;
		while (capacity - have < n)
			capacity *= 2;
		if ((grown = malloc(capacity)) == NULL)
			return transport_fail(channel->connection->t, ERR_MEMORY,
			    SSH_DISCONNECT_BY_APPLICATION, "no memory");
		if (have > 0)
			memcpy(grown, channel->kept + channel->kept_start, have);
		secret_free(channel->kept, channel->kept_capacity);
		channel->kept = grown;
		channel->kept_capacity = capacity;
		channel->kept_start = 0;
		channel->kept_end = have;
	}
	memcpy(channel->kept + channel->kept_end, bytes, n);
	channel->kept_end += n;
	return 0;
}

/* Shows data to the owner; returns how much was used. */
static size_t
offer(struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	struct ssh_connection *c = channel->connection;
	size_t used;

	channel->in_data = true;
	used = c->events.data(c->events.ctx, channel, bytes, n);
	channel->in_data = false;
	if (used > n)
		bug("the owner of a channel used %zu of %zu bytes", used, n);
	return used;
}

static void
tell_eof(struct ssh_channel *channel)
{
	struct ssh_connection *c = channel->connection;

	if (!channel->client_eof || channel->eof_told || !channel->has_program ||
	    ssh_channel_kept(channel) > 0)
		return;
	channel->eof_told = true;
	if (c->events.eof != NULL)
		c->events.eof(c->events.ctx, channel);
}

void
ssh_channel_resume(struct ssh_channel *channel)
{
	size_t have = ssh_channel_kept(channel);

	if (channel->in_data || channel->starting || !channel->has_program ||
	    channel->connection->failed != 0)
		return;
	if (have > 0)
		channel->kept_start += offer(channel, channel->kept + channel->kept_start, have);
	channel_input_release(channel);
	tell_eof(channel);
}

void
channel_input_release(struct ssh_channel *channel)
{
	if (ssh_channel_kept(channel) > 0)
		return;
	secret_free(channel->kept, channel->kept_capacity);
	channel->kept = NULL;
	channel->kept_start = channel->kept_end = channel->kept_capacity = 0;
}

/*
 * What all channels of the connection may be sent, should `channel` be sent `target`; those that
 * can still be opened are counted in, so that a large window never stands in the way of one.
 */
static uint64_t
budget_with(const struct ssh_channel *channel, uint64_t target)
{
	const struct ssh_connection *c = channel->connection;
	uint64_t sum = target;

	for (uint32_t i = 0; i < c->t->config->max_channels; i++) {
		if (c->channels[i] == NULL)
			sum += CHANNEL_WINDOW_FIRST;
		else if (c->channels[i] != channel)
			sum += c->channels[i]->window_target;
	}
	return sum;
}

/*
 * The window doubles whenever half of it has been used up and nothing is waiting. A TCP sender that
 * starts slowly doubles each round trip as well, and by then has sent as much as in all before: a
 * window that grew by whole ones would always be a step behind it.
 */
static void
grow_window(struct ssh_channel *channel, size_t used)
{
	uint64_t target = (uint64_t)channel->window_target * 2;

	channel->window_used += used;
	if (channel->window_used < channel->window_target / 2 || ssh_channel_kept(channel) > 0)
		return;
	channel->window_used = 0;
	if (target <= CHANNEL_WINDOW_LARGEST &&
	    budget_with(channel, target) <= CHANNEL_WINDOW_BUDGET)
		channel->window_target = (uint32_t)target;
}

int
channel_grant(struct ssh_channel *channel)
{
	size_t outstanding = channel->window + ssh_channel_kept(channel);
	uint32_t step = channel->window_target / 8, grant;
	struct buf *m;

	if (channel->client_eof || channel->close_sent || connection_is_held(channel->connection))
		return 0;
	if (outstanding + step > channel->window_target)
		return 0;
	grant = (uint32_t)(channel->window_target - outstanding);
	channel->window += grant;
	m = transport_message(channel->connection->t, SSH_MSG_CHANNEL_WINDOW_ADJUST);
	buf_u32(m, channel->client_number);
	buf_u32(m, grant);
	return transport_send(channel->connection->t);
}

static int
deliver(struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	size_t used = 0;
	int err = 0;

	if (ssh_channel_kept(channel) == 0 && channel->has_program)
		used = offer(channel, bytes, n);
	if (used < n)
		err = keep(channel, bytes + used, n - used);
	grow_window(channel, n);
	return err != 0 ? err : channel->connection->failed;
}

/* Holds data against what was granted: RFC 4254 section 5.2. */
static int
count_data(struct ssh_channel *channel, struct view data)
{
	struct ssh_transport *t = channel->connection->t;

	if (channel->client_eof)
		return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "data came after the end of it");
	if (data.n > SSH_CHANNEL_PACKET_MAX)
		return transport_fail(t, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "a packet of channel data is too large");
	if (data.n > channel->window)
		return transport_fail(t, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "more channel data came than the window allows");
	channel->window -= (uint32_t)data.n;
	return 0;
}

int
channel_on_data(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct ssh_channel *channel = channel_named(c, &r);
	struct view data = rd_str(&r, SSH_PACKET_MAX);
	int err;

	if ((err = rd_end(&r)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_DATA is malformed: %s", err_text(err));
	if ((err = count_data(channel, data)) != 0)
		return err;
	/* What was under way when we closed has no reader any more. */
	if (channel->close_wanted || data.n == 0)
		return 0;
	return deliver(channel, data.p, data.n);
}

/* No extended data goes this way (RFC 4254 section 5.2); it is counted and dropped. */
int
channel_on_extended_data(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct ssh_channel *channel = channel_named(c, &r);
	struct view data;
	int err;

	rd_u32(&r);
	data = rd_str(&r, SSH_PACKET_MAX);
	if ((err = rd_end(&r)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_EXTENDED_DATA is malformed: %s", err_text(err));
	return count_data(channel, data);
}

int
channel_on_eof(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct ssh_channel *channel = channel_named(c, &r);
	int err;

	if ((err = rd_end(&r)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_EOF is malformed: %s", err_text(err));
	channel->client_eof = true;
	tell_eof(channel);
	return c->failed;
}
