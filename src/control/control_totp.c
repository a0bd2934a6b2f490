/*
 * One-time codes of accounts: enrolled, taken away and looked at. On the thread pool.
 */
#include "control/control_user.h"

void
control_totp_answer(struct control_answer *answer, const char *username,
	const struct user_totp_enrolment *enrolment)
{
	control_answer_give(answer, json_pack("{s:s, s:s, s:s, s:o}", "username", username,
		"secret", enrolment->secret, "uri", enrolment->uri, "recovery_codes",
		text_list_to_json(&enrolment->recovery_codes)));
}

/* A text of the body, `preset` when it is absent; NULL, with the answer set, for all else. */
static const char *
text_or(const json_t *body, const char *key, const char *preset, struct control_answer *answer)
{
	if (json_object_get(body, key) == NULL)
		return preset;
	return control_body_text(body, key, answer);
}

static void
enrol(struct control_context *context, struct user *user, const char *algorithm, int64_t digits,
	struct control_answer *answer)
{
	struct user_totp_enrolment enrolment;
	struct failure failure = { 0 };
	int err;

	if (user_totp_is_on(user)) {
		control_answer_set(answer, 409,
		    "user \"%s\" has one-time codes already; disable them first", user->username);
		return;
	}
	err = user_totp_enrol(user, algorithm, digits, &enrolment, &failure);
	if (err == 0)
		err = provider_update(context->provider, user, &failure);
	if (err == 0) {
		control_user_tell(answer, USER_UPDATED, NULL, user);
		control_totp_answer(answer, user->username, &enrolment);
	} else {
		control_answer_failure(answer, err, &failure);
	}
	user_totp_enrolment_free(&enrolment);
}

void
control_totp_enrol(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const char *algorithm = text_or(body, "algorithm", "SHA1", answer);
	struct user *user;
	int64_t digits;

	if (algorithm == NULL || !control_body_number(body, "digits", 6, &digits, answer))
		return;
	if (control_user_hold(context, body, &user, answer))
		enrol(context, user, algorithm, digits, answer);
	control_user_release(&user);
}

static int
apply_no_codes(struct user **user, const json_t *body, struct failure *failure)
{
	(void)body;
	(void)failure;
	return user_totp_disable(*user);
}

void
control_totp_disable(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	control_user_change(context, body, answer, apply_no_codes, "One-time codes disabled");
}

void
control_totp_show(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const struct user_totp *totp;
	struct user *user;

	if (control_find_user(context, body, &user, answer)) {
		totp = &user->filters.totp;
		control_answer_give(answer, json_pack("{s:s, s:b, s:s, s:I, s:I}", "username",
			user->username, "enabled", user_totp_is_on(user), "algorithm",
			totp->algorithm, "digits", (json_int_t)totp->digits,
			"recovery_codes_left", (json_int_t)totp->recovery_codes.count));
	}
	user_free(&user);
}
