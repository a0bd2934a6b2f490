/*
 * control_user.h - what the handlers over accounts share. Private to control*.c.
 */
#ifndef CONTROL_CONTROL_USER_H
#define CONTROL_CONTROL_USER_H

#include "accounts/accounts.h"
#include "control/control_request.h"

/* Says which account was changed, and how: to the log, the audit log and the master. */
void control_user_tell(struct control_answer *answer, enum user_change kind,
	const struct user *before, const struct user *after);
/*
 * The account that the body names by "id" or by "username"; false, with the answer set, when there
 * is none.
 */
bool control_find_user(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer);
/*
 * The same for one that is to be changed: no account changes until control_user_release(), which
 * also frees it, and which is called whatever came back.
 */
bool control_user_hold(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer);
void control_user_release(struct user **user);
/*
 * Finds, changes and writes back the account that the body names, with no other change in between,
 * and answers with the text `done`, or where that is NULL with the account. What `change` refuses
 * is the body's fault.
 */
void control_user_change(struct control_context *context, const json_t *body,
	struct control_answer *answer,
	int (*change)(struct user **user, const json_t *body, struct failure *failure),
	const char *done);
/* Answers with what the owner of new one-time codes is shown once. */
void control_totp_answer(struct control_answer *answer, const char *username,
	const struct user_totp_enrolment *enrolment);

#endif
