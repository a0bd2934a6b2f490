/*
 * Sessions of administrators who log in, on the thread pool; and who the asker is.
 */
#include "control/control_admin.h"

#include "base/clock.h"
#include "base/secret.h"
#include "control/control_actor.h"

/* How long a session lasts, whatever is done in it. */
enum { SESSION_MS = 12 * 60 * 60 * 1000 };

/* For an administrator who has just proved a password: a token in place of it. */
void
control_login_open(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	char token[ADMIN_TOKEN_MAX], csrf[ADMIN_TOKEN_MAX];
	int64_t now_ms = clock_wall_ms();
	struct failure failure = { 0 };
	int err;

	(void)body;
	if (context->actor->kind != ACTOR_ADMINISTRATOR) {
		control_answer_set(answer, 403, "only administrators have sessions");
		return;
	}
	control_answer_subject(answer, context->actor->name);
	err = admin_session_add(context->admins, context->actor->name, now_ms, now_ms + SESSION_MS,
	    token, &failure);
	if (err == 0)
		err = admin_session_csrf(view_of(token), csrf);
	if (err == 0)
		control_answer_give(answer, json_pack("{s:s, s:s, s:I}", "token", token, "csrf",
			csrf, "expires", (json_int_t)(now_ms + SESSION_MS)));
	else
		control_admin_failure(answer, err, &failure);
	secret_wipe(token, sizeof(token));
}

void
control_login_close(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	const char *token = control_body_text(body, "token", answer);
	struct failure failure = { 0 };
	int err;

	if (token == NULL)
		return;
	control_answer_subject(answer, context->actor->name);
	err = admin_session_remove(context->admins, view_of(token), &failure);
	if (err == 0)
		control_answer_set(answer, 200, "Logged out");
	else if (err == ERR_NOT_FOUND)
		control_answer_set(answer, 404, "there is no such session");
	else
		control_admin_failure(answer, err, &failure);
}

/* Who the server takes the asker for: what a page shows, and which of its parts. */
void
control_self_show(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	const struct control_actor *actor = context->actor;

	(void)body;
	control_answer_give(answer, json_pack("{s:s, s:s, s:s, s:s, s:o}", "kind",
		control_actor_kind_text(actor->kind), "name", actor->name, "key", actor->key,
		"origin", actor->origin, "areas", control_areas_to_json(actor->areas)));
}
