/*
 * The channels of a written-down session, by somebody who has taken a session over; behind the
 * state, framed messages of its client.
 */
#include "ssh_fuzz.h"

static bool
on_subsystem(void *ctx, struct ssh_channel *channel, struct view name)
{
	(void)ctx;
	(void)channel;
	return name.n % 2 == 0;
}

static size_t
on_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	(void)ctx;
	(void)channel;
	(void)bytes;
	return n / 2;
}

static int
on_sign(void *ctx, struct view algorithm, struct view hash)
{
	(void)ctx;
	(void)algorithm;
	(void)hash;
	return ERR_DENIED;
}

static void
check_limits(const struct ssh_connection *c)
{
	uint64_t targets = 0;
	size_t found = 0;

	FUZZ_CHECK(c->keys_ms <= c->now_ms);
	for (uint32_t i = 0; i < ssh_connection_channels_max(c); i++) {
		const struct ssh_channel *channel = ssh_connection_channel(c, i);

		if (channel == NULL)
			continue;
		found++;
		targets += channel->window_target;
		FUZZ_CHECK(channel->number == i && channel->connection == c);
		FUZZ_CHECK(channel->window <= channel->window_target);
		FUZZ_CHECK(channel->client_packet >= CHANNEL_CLIENT_PACKET_MIN);
		FUZZ_CHECK(channel->client_packet <= CHANNEL_SEND_MAX);
	}
	FUZZ_CHECK(found == ssh_connection_channels(c));
	FUZZ_CHECK(targets <= CHANNEL_WINDOW_BUDGET + found * (uint64_t)CHANNEL_WINDOW_FIRST);
}

/* What was taken up is written down as the bytes that it came from. */
static void
check_written(const struct ssh_connection *c, struct view came)
{
	struct buf again = buf_init(SSH_STATE_BYTES_MAX);

	connection_write_state(c, &again);
	FUZZ_CHECK(buf_error(&again) == 0 && view_eq(buf_view(&again), came));
	buf_free(&again);
}

static void
serve(struct ssh_connection *c, struct rd *r, int client_fd)
{
	struct view payload;
	int err = 0;

	while (err == 0 && fuzz_frame(r, &payload)) {
		struct packet_output out = { 0 };

		FUZZ_CHECK(packet_output_init(&out) == 0);
		out.capacity = PACKET_OUTPUT_LOGIN;
		if (packet_output_send(&out, payload) == 0 &&
		    packet_output_flush(&out, client_fd) == 0)
			err = ssh_connection_readable(c);
		packet_output_free(&out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ssh_connection_events events = { .subsystem = on_subsystem, .data = on_data,
		.sign = on_sign };
	struct rd r = rd_init(data, size);
	struct ssh_connection *c;
	struct ssh_transport *t;
	int fds[2];

	t = fuzz_transport(fds);
	t->in.capacity = PACKET_INPUT_SESSION;
	t->out.capacity = PACKET_OUTPUT_SESSION;
	FUZZ_CHECK(transport_enter_session(t) == 0);
	FUZZ_CHECK(ssh_connection_new(&c, &t, &events, 1000) == 0);
	if (ssh_connection_import(c, &r) == 0) {
		check_limits(c);
		check_written(c, (struct view){ data, size - r.n });
		serve(c, &r, fds[1]);
		check_limits(c);
	}
	ssh_connection_free(&c);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
