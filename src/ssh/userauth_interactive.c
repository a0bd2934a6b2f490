/* RFC 4256: questions of a dialogue, and the client's answers. */
#include "ssh/login.h"
#include "ssh/login_private.h"

int
ssh_userauth_ask(struct ssh_transport *t, struct view name, struct view instruction,
    const struct ssh_question *questions, size_t count)
{
	struct buf *m;
	int err;

	if (count > SSH_QUESTIONS_MAX)
		bug("%zu questions at once", count);
	packet_input_wipe(&t->in);
	if ((err = userauth_banner(t)) != 0)
		return err;
	m = transport_message(t, SSH_MSG_USERAUTH_INFO_REQUEST);
	buf_str(m, name);
	buf_str(m, instruction);
	buf_cstr(m, ""); /* the language tag is deprecated */
	buf_u32(m, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		buf_str(m, questions[i].text);
		buf_bool(m, questions[i].echo);
	}
	if ((err = transport_send(t)) != 0)
		return err;
	return transport_wait_sent(t);
}

static int
parse_answers(struct view payload, struct ssh_answers *out)
{
	struct rd r = rd_of(payload);
	uint32_t count;

	rd_u8(&r);
	count = rd_u32(&r);
	if (count > SSH_QUESTIONS_MAX)
		rd_fail(&r, ERR_LIMIT);
	while (r.bad == 0 && out->count < count)
		out->items[out->count++] = rd_str(&r, SSH_ANSWER_MAX);
	return rd_end(&r);
}

int
ssh_userauth_read_answers(struct ssh_transport *t, struct ssh_answers *out, bool *given_up_out,
    struct ssh_userauth_request *request_out)
{
	struct view payload;
	int err;

	*out = (struct ssh_answers){ 0 };
	*request_out = (struct ssh_userauth_request){ 0 };
	*given_up_out = false;
	err = login_expect_either(t, SSH_MSG_USERAUTH_INFO_RESPONSE, SSH_MSG_USERAUTH_REQUEST,
	    "USERAUTH_INFO_RESPONSE", &payload);
	if (err != 0)
		return err;
	if (payload.p[0] == SSH_MSG_USERAUTH_REQUEST) {
		*given_up_out = true;
		return userauth_take(t, payload, request_out);
	}
	if ((err = parse_answers(payload, out)) != 0)
		return transport_fail(t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "USERAUTH_INFO_RESPONSE is malformed: %s", err_text(err));
	return 0;
}
