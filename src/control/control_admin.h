/*
 * control_admin.h - what the handlers over administrators share. Private to control*.c.
 */
#ifndef CONTROL_CONTROL_ADMIN_H
#define CONTROL_CONTROL_ADMIN_H

#include "control/control_user.h"

/* The answer for a failure of the administrators' database. */
void control_admin_failure(
	struct control_answer *answer, int err, const struct failure *failure);
/* Takes the list, and answers with it, or with the failure that made it incomplete. */
void control_answer_list(
	struct control_answer *answer, json_t *list, int err, const struct failure *failure);
/* The administrator that the body's "username" names; false, with the answer set, if none. */
bool control_find_admin(struct control_context *context, const json_t *body, struct admin **out,
	struct control_answer *answer);
/*
 * A copy of the body without its names, which are not for admin_from_json(): the caller's.
 * NULL when memory is short.
 */
json_t *control_admin_changes(const json_t *body);
/* False, with the answer set, when "areas" of the object is there and has an unknown name. */
bool control_areas_are_known(const json_t *object, struct control_answer *answer);

#endif
