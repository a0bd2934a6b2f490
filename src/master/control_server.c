/*
 * Sessions and status: what only the master knows, asked on its own thread.
 */
#include "master/control_request.h"

static void
give(struct control_answer *answer, json_t *body)
{
	if (body == NULL) {
		control_answer_set(answer, 500, "%s", err_text(ERR_MEMORY));
		return;
	}
	answer->status = 200;
	answer->body = body;
}

void
control_session_list(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	(void)body;
	give(answer, context->hooks->sessions(context->hooks->ctx));
}

void
control_session_close(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const char *id = control_body_text(body, "connection_id", answer);

	if (id == NULL)
		return;
	if (context->hooks->close_session(context->hooks->ctx, id) == 0)
		control_answer_set(answer, 200, "Connection closed");
	else
		control_answer_set(answer, 404, "there is no connection \"%.128s\"", id);
}

void
control_status_show(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	(void)body;
	give(answer, context->hooks->status(context->hooks->ctx));
}
