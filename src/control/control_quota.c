/*
 * What accounts use, and the scans that count it anew.
 */
#include "control/control_user.h"

void
control_quota_show(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const struct control_hooks *hooks = context->hooks;
	struct user *user;

	if (control_find_user(context, body, &user, answer))
		control_answer_give(answer, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			"username", user->username,
			"quota_size", (json_int_t)user->quota_size,
			"quota_files", (json_int_t)user->quota_files,
			"used_quota_size", (json_int_t)user->used_quota_size,
			"used_quota_files", (json_int_t)user->used_quota_files,
			"last_quota_update", (json_int_t)user->last_quota_update,
			"folders", hooks->quota_folders(hooks->ctx, user),
			"last_scan", hooks->scan_result(hooks->ctx, user->username)));
	user_free(&user);
}

void
control_scan_list(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	(void)body;
	control_answer_give(answer, context->hooks->scans(context->hooks->ctx));
}

void
control_scan_start(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct user *user;
	int err;

	if (control_find_user(context, body, &user, answer)) {
		control_answer_subject(answer, user->username);
		err = context->hooks->scan_quota(context->hooks->ctx, user->username);
		if (err == 0)
			control_answer_set(answer, 201, "Scan started");
		else if (err == ERR_EXISTS)
			control_answer_set(answer, 409, "Another scan is already in progress");
		else
			control_answer_set(answer, 500, "%s", err_text(err));
	}
	user_free(&user);
}

void
control_scan_cancel(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const char *username = control_body_text(body, "username", answer);

	if (username == NULL)
		return;
	control_answer_subject(answer, username);
	if (context->hooks->scan_cancel(context->hooks->ctx, username) == 0)
		control_answer_set(answer, 200, "Scan cancelled");
	else
		control_answer_set(answer, 404, "no scan of user \"%s\" is in progress", username);
}
