/*
 * The connection protocol after login, without encryption: frames are messages of the client. The
 * first byte says how the owner behaves. What must hold: nothing is answered twice, no more data
 * is sent than the client allowed, what is kept stays within the windows, and every program that
 * was started ends once.
 */
#include "ssh_fuzz.h"

struct owner {
	struct ssh_connection *connection;
	uint8_t mode;
	unsigned started, closed;
};

static bool
on_start(void *ctx, struct ssh_channel *channel, struct view name)
{
	struct owner *o = ctx;

	if (name.n > 0 && name.p[0] == 'x')
		return false;
	if (o->mode & 1)
		ssh_channel_exit_status(channel, 1);
	o->started++;
	return true;
}

static size_t
on_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	struct owner *o = ctx;
	struct iovec iov[SSH_RESERVE_PIECES];
	int count = SSH_RESERVE_PIECES;
	size_t size = n == 0 ? 0 : (size_t)bytes[0] * 1000;

	if (o->mode & 2)
		return n / 2;
	if (size > 0 && ssh_channel_reserve(channel, size, iov, &count) == 0) {
		for (int i = 0; i < count; i++)
			memset(iov[i].iov_base, 'd', iov[i].iov_len);
		ssh_channel_commit(channel, o->mode & 4 ? size : size / 2);
	}
	if (n > 1 && bytes[1] == 'c')
		ssh_channel_close(channel);
	return n;
}

static void
on_room(void *ctx, struct ssh_channel *channel)
{
	(void)ctx;
	ssh_channel_resume(channel);
}

static void
on_eof(void *ctx, struct ssh_channel *channel)
{
	(void)ctx;
	ssh_channel_exit_status(channel, 0);
	ssh_channel_eof(channel);
	ssh_channel_close(channel);
}

static void
on_closed(void *ctx, struct ssh_channel *channel)
{
	struct owner *o = ctx;

	(void)channel;
	o->closed++;
}

static int
on_sign(void *ctx, struct view algorithm, struct view hash)
{
	struct owner *o = ctx;

	(void)algorithm;
	(void)hash;
	if (o->mode & 8)
		return 0;
	return ssh_connection_signed(
	    o->connection, (struct view){ fuzz_signature, sizeof(fuzz_signature) });
}

/* What the client has asked for and got. */
struct ledger {
	struct packet_input in;
	bool blind; /* keys have changed */
	unsigned requests, replies, globals, global_replies, opens, open_replies;
	uint64_t allowed, data; /* bytes of all channels together */
};

static void
note_sent(struct ledger *l, struct view payload)
{
	struct rd r = rd_of(payload);

	switch (rd_u8(&r)) {
	case SSH_MSG_GLOBAL_REQUEST: l->globals++; break;
	case SSH_MSG_CHANNEL_OPEN:
		l->opens++;
		rd_str(&r, SSH_PACKET_MAX);
		rd_u32(&r);
		l->allowed += rd_u32(&r);
		break;
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		rd_u32(&r);
		l->allowed += rd_u32(&r);
		break;
	case SSH_MSG_CHANNEL_REQUEST: l->requests++; break;
	}
}

static void
note_received(struct ledger *l, struct view payload)
{
	struct rd r = rd_of(payload);

	switch (rd_u8(&r)) {
	case SSH_MSG_REQUEST_SUCCESS:
	case SSH_MSG_REQUEST_FAILURE: l->global_replies++; break;
	case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
	case SSH_MSG_CHANNEL_OPEN_FAILURE: l->open_replies++; break;
	case SSH_MSG_CHANNEL_SUCCESS:
	case SSH_MSG_CHANNEL_FAILURE: l->replies++; break;
	case SSH_MSG_CHANNEL_DATA:
		rd_u32(&r);
		l->data += rd_str(&r, CHANNEL_SEND_MAX).n;
		FUZZ_CHECK(rd_end(&r) == 0);
		break;
	case SSH_MSG_NEWKEYS: l->blind = true; break;
	}
}

static void
listen_to(struct ledger *l, int fd)
{
	struct view payload;
	int err = 0;

	while (err == 0 && !l->blind) {
		while (!l->blind && (err = packet_input_next(&l->in, &payload)) == 0)
			note_received(l, payload);
		FUZZ_CHECK(l->blind || err == ERR_AGAIN);
		err = packet_input_fill(&l->in, fd);
	}
	FUZZ_CHECK(l->replies <= l->requests && l->global_replies <= l->globals);
	FUZZ_CHECK(l->open_replies <= l->opens && l->data <= l->allowed);
}

static void
check_kept(const struct ssh_connection *c)
{
	uint64_t kept = 0;

	for (uint32_t i = 0; i < c->t->config->max_channels; i++)
		if (c->channels[i] != NULL)
			kept += c->channels[i]->window + ssh_channel_kept(c->channels[i]);
	FUZZ_CHECK(kept <= CHANNEL_WINDOW_BUDGET);
}

static void
run(struct owner *o, struct rd input, const int fds[2])
{
	struct packet_output out;
	struct ledger ledger = { 0 };
	struct view payload;
	int err = 0;

	FUZZ_CHECK(packet_output_init(&out) == 0 && packet_input_init(&ledger.in) == 0);
	ledger.in.capacity = PACKET_INPUT_SESSION;
	ledger.in.packet_max = SSH_PACKET_MAX;
	while (err == 0 && fuzz_frame(&input, &payload)) {
		note_sent(&ledger, payload);
		if (packet_output_send(&out, payload) != 0 ||
		    packet_output_flush(&out, fds[1]) != 0)
			break;
		err = ssh_connection_readable(o->connection);
		if (err == 0 && ssh_connection_wants_write(o->connection))
			err = ssh_connection_writable(o->connection);
		if (o->mode & 16)
			ssh_connection_idle_release(o->connection);
		check_kept(o->connection);
		if (!(o->mode & 32))
			listen_to(&ledger, fds[1]);
	}
	listen_to(&ledger, fds[1]);
	packet_output_free(&out);
	packet_input_free(&ledger.in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct owner owner = { 0 };
	const struct ssh_connection_events events = {
		.ctx = &owner,
		.subsystem = on_start,
		.exec = on_start,
		.data = on_data,
		.room = on_room,
		.eof = on_eof,
		.closed = on_closed,
		.sign = on_sign,
	};
	struct ssh_transport *t;
	int fds[2];

	if (size < 1)
		return 0;
	owner.mode = data[0];
	t = fuzz_transport(fds);
	memset(t->session_id, 1, 32);
	t->session_id_bytes = 32;
	t->in.capacity = PACKET_INPUT_SESSION;
	t->out.capacity = PACKET_OUTPUT_SESSION;
	t->in.wipe = false;
	t->agreed.compress_in = t->agreed.compress_out = false;
	FUZZ_CHECK(transport_enter_session(t) == 0);
	FUZZ_CHECK(ssh_connection_new(&owner.connection, &t, &events, 1) == 0);
	if (owner.mode & 64)
		FUZZ_CHECK(ssh_connection_rekey(owner.connection) == 0);
	run(&owner, rd_init(data + 1, size - 1), fds);
	ssh_connection_free(&owner.connection);
	FUZZ_CHECK(owner.started == owner.closed);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
