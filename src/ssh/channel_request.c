/* What a client asks of a channel (RFC 4254 sections 6.2 to 6.10). */
#include "ssh/connection_private.h"

struct request {
	struct view name;
	bool want_reply;
	struct view text; /* of "subsystem" and "exec" */
	bool is_subsystem, is_exec;
};

static int
parse_request(struct rd *r, struct request *out)
{
	*out = (struct request){ 0 };
	out->name = rd_str(r, SSH_PACKET_MAX);
	out->want_reply = rd_bool(r);
	out->is_subsystem = view_is(out->name, "subsystem");
	out->is_exec = view_is(out->name, "exec");
	if (out->is_subsystem || out->is_exec)
		out->text = rd_str(r, SSH_PACKET_MAX);
	else
		rd_rest(r); /* terminals, environment, signals: nothing here can use them */
	return rd_end(r);
}

static bool
start_program(struct ssh_channel *channel, const struct request *request)
{
	struct ssh_connection *c = channel->connection;
	bool (*ask)(void *, struct ssh_channel *, struct view);

	ask = request->is_exec        ? c->events.exec
	      : request->is_subsystem ? c->events.subsystem
				      : NULL;
	/* RFC 4254 section 6.5: one program a channel. */
	if (ask == NULL || channel->has_program)
		return false;
	/* Nothing may overtake the answer. */
	channel->starting = true;
	channel->has_program = ask(c->events.ctx, channel, request->text);
	return channel->has_program;
}

int
channel_on_request(struct ssh_connection *c, struct view payload)
{
	struct rd r = rd_of(payload);
	struct ssh_channel *channel = channel_named(c, &r);
	struct request request;
	bool started;
	int err;

	if ((err = parse_request(&r, &request)) != 0)
		return transport_fail(c->t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "CHANNEL_REQUEST is malformed: %s", err_text(err));
	if (channel->close_sent)
		return 0; /* nothing may follow our CLOSE (RFC 4254 section 5.3) */
	started = start_program(channel, &request);
	if (request.want_reply) {
		buf_u32(transport_message(
			    c->t, started ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE),
		    channel->client_number);
		if ((err = transport_send(c->t)) != 0)
			return err;
	}
	channel->starting = false;
	if (!started)
		return 0;
	ssh_channel_resume(channel); /* a hasty client's data may be here */
	return c->failed != 0 ? c->failed : channel_pump(channel);
}
