/*
 * control_user.h - what the handlers over accounts share. Private to control*.c.
 */
#ifndef MASTER_CONTROL_USER_H
#define MASTER_CONTROL_USER_H

#include "accounts/accounts.h"
#include "master/control_request.h"

/* The answer for a failure of accounts/: its status and text. */
void control_answer_failure(
	struct control_answer *answer, int err, const struct failure *failure);
/* Says which account was changed: its sessions are looked at. */
void control_set_subject(struct control_answer *answer, const char *username);
/* The account that the body names; false, with the answer set, when there is none. */
bool control_find_user(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer);

#endif
