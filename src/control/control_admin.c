/*
 * Administrators, over their database: every function here runs on the thread pool and may block.
 */
#include "control/control_admin.h"

#include "base/clock.h"
#include "control/control_actor.h"

#include <string.h>

void
control_admin_failure(struct control_answer *answer, int err, const struct failure *failure)
{
	if (err == ERR_EXISTS)
		control_answer_set(answer, 409, "%s", failure->text);
	else
		control_answer_failure(answer, err, failure);
}

void
control_answer_list(
	struct control_answer *answer, json_t *list, int err, const struct failure *failure)
{
	if (err == 0) {
		control_answer_give(answer, list);
		return;
	}
	json_decref(list);
	control_admin_failure(answer, err, failure);
}

bool
control_find_admin(struct control_context *context, const json_t *body, struct admin **out,
	struct control_answer *answer)
{
	const char *username = control_body_text(body, "username", answer);
	struct failure failure = { 0 };
	int err;

	*out = NULL;
	if (username == NULL)
		return false;
	control_answer_subject(answer, username);
	err = admin_store_find(context->admins, username, out, &failure);
	if (err != 0)
		control_admin_failure(answer, err, &failure);
	return err == 0;
}

bool
control_areas_are_known(const json_t *object, struct control_answer *answer)
{
	const json_t *areas = json_object_get(object, "areas");
	uint32_t unused;

	if (areas == NULL || control_areas_from_json(areas, &unused) == 0)
		return true;
	control_answer_set(answer, 400, "\"areas\" is not a list of names of areas");
	return false;
}

json_t *
control_admin_changes(const json_t *body)
{
	json_t *changes = json_copy((json_t *)body);

	json_object_del(changes, "username");
	return changes;
}

/* Nobody gives what the asker does not have, else the area administrators would be all of them. */
static bool
may_give(struct control_context *context, const json_t *areas, struct control_answer *answer)
{
	uint32_t given = 0;

	if (areas == NULL || control_areas_from_json(areas, &given) != 0 ||
	    (given & ~context->actor->areas) == 0)
		return true;
	control_answer_set(answer, 403, "%s may not give areas that it does not have",
	    context->actor->name);
	return false;
}

/* Nor takes away or changes what belongs to somebody who may do more. */
static bool
may_touch(struct control_context *context, const struct admin *admin,
	struct control_answer *answer)
{
	return may_give(context, admin->areas, answer);
}

static const struct password_cost *
cost_of(const struct control_context *context)
{
	return provider_rules(context->provider)->cost;
}

void
control_admin_add(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	const char *username = control_body_text(body, "username", answer);
	json_t *changes = control_admin_changes(body);
	struct failure failure = { 0 };
	struct admin *admin = NULL;
	int err = ERR_MEMORY;

	if (username == NULL || !control_areas_are_known(body, answer) ||
	    !may_give(context, json_object_get(body, "areas"), answer))
		goto out;
	control_answer_subject(answer, username);
	if (changes != NULL && (err = admin_new(&admin)) == 0)
		err = user_set_text(&admin->login->username, username);
	if (err == 0)
		err = admin_from_json(admin, changes, cost_of(context), &failure);
	if (err == 0)
		err = admin_validate(admin, &failure);
	if (err == 0) {
		admin->created = clock_wall_ms();
		err = admin_store_add(context->admins, admin, &failure);
	}
	if (err != 0) {
		control_admin_failure(answer, err, &failure);
		goto out;
	}
	answer->after = admin_to_json(admin);
	control_answer_give(answer, json_incref(answer->after));
out:
	json_decref(changes);
	admin_free(&admin);
}

static int
add_to_list(void *data, const struct admin *admin)
{
	return json_array_append_new(data, admin_to_json(admin)) == 0 ? 0 : ERR_MEMORY;
}

void
control_admin_list(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct failure failure = { 0 };
	json_t *list = json_array();
	int err = admin_store_each(context->admins, add_to_list, list, &failure);

	(void)body;
	control_answer_list(answer, list, err, &failure);
}

void
control_admin_show(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct admin *admin;

	if (control_find_admin(context, body, &admin, answer))
		control_answer_give(answer, admin_to_json(admin));
	admin_free(&admin);
}

/* With a new password, or when it may not come any more, it has to log in again. */
static int
end_sessions(struct control_context *context, const struct admin *admin, const json_t *changes,
	struct failure *failure)
{
	if (json_object_get(changes, "password") == NULL && admin->login->status == USER_ACTIVE)
		return 0;
	return admin_sessions_remove(context->admins, admin->login->username, failure);
}

static void
update(struct control_context *context, struct admin *admin, const json_t *changes,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	int err;

	answer->before = admin_to_json(admin);
	err = admin_from_json(admin, changes, cost_of(context), &failure);
	if (err == 0)
		err = admin_validate(admin, &failure);
	if (err == 0)
		err = admin_store_update(context->admins, admin, &failure);
	if (err == 0)
		err = end_sessions(context, admin, changes, &failure);
	if (err != 0) {
		control_admin_failure(answer, err, &failure);
		return;
	}
	answer->after = admin_to_json(admin);
	if (json_object_get(changes, "password") != NULL)
		json_object_set_new(answer->after, "password", json_string("(another)"));
	control_answer_give(answer, admin_to_json(admin));
}

void
control_admin_update(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	json_t *changes = control_admin_changes(body);
	struct admin *admin = NULL;

	user_changes_lock();
	if (control_areas_are_known(body, answer) &&
	    may_give(context, json_object_get(body, "areas"), answer) &&
	    control_find_admin(context, body, &admin, answer) && may_touch(context, admin, answer))
		update(context, admin, changes, answer);
	user_changes_unlock();
	json_decref(changes);
	admin_free(&admin);
}

/* A change that the body says nothing more about. */
static void
change(struct control_context *context, const json_t *body, struct control_answer *answer,
	int (*apply)(struct control_context *context, struct admin *admin,
	    struct failure *failure), const char *done)
{
	struct failure failure = { 0 };
	struct admin *admin = NULL;
	int err;

	user_changes_lock();
	if (control_find_admin(context, body, &admin, answer) &&
	    may_touch(context, admin, answer)) {
		answer->before = admin_to_json(admin);
		err = apply(context, admin, &failure);
		if (err == 0)
			control_answer_set(answer, 200, "%s", done);
		else
			control_admin_failure(answer, err, &failure);
	}
	user_changes_unlock();
	admin_free(&admin);
}

static int
apply_removal(struct control_context *context, struct admin *admin, struct failure *failure)
{
	return admin_store_remove(context->admins, admin->login->username, failure);
}

void
control_admin_delete(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	change(context, body, answer, apply_removal, "Administrator deleted");
}

/* ---- one-time codes */

void
control_admin_totp_enrol(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct user_totp_enrolment enrolment = { 0 };
	struct failure failure = { 0 };
	struct admin *admin = NULL;
	int err;

	user_changes_lock();
	if (!control_find_admin(context, body, &admin, answer) ||
	    !may_touch(context, admin, answer))
		goto out;
	if (user_totp_is_on(admin->login)) {
		control_answer_set(answer, 409,
		    "\"%s\" has one-time codes already; disable them first",
		    admin->login->username);
		goto out;
	}
	err = user_totp_enrol(admin->login, "SHA1", 6, &enrolment, &failure);
	if (err == 0)
		err = admin_store_update(context->admins, admin, &failure);
	if (err == 0)
		control_totp_answer(answer, admin->login->username, &enrolment);
	else
		control_admin_failure(answer, err, &failure);
out:
	user_changes_unlock();
	user_totp_enrolment_free(&enrolment);
	admin_free(&admin);
}

static int
apply_no_codes(struct control_context *context, struct admin *admin, struct failure *failure)
{
	int err = user_totp_disable(admin->login);

	return err == 0 ? admin_store_update(context->admins, admin, failure) : err;
}

void
control_admin_totp_disable(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	change(context, body, answer, apply_no_codes, "One-time codes disabled");
}
