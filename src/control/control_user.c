/*
 * Accounts, over the provider: every function here runs on the thread pool and may block.
 */
#include "control/control_user.h"

#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 500 };

/* For the audit log: without secrets, but with the fact that the password is another. */
static json_t *
audit_form(const struct user *user, const struct user *other)
{
	json_t *form = user_to_json(user, USER_FORM_PUBLIC);

	if (user->password[0] != '\0')
		json_object_set_new(form, "password", json_string(
		    other == NULL || strcmp(user->password, other->password) == 0 ? "(set)"
		    : "(another)"));
	return form;
}

void
control_user_tell(struct control_answer *answer, enum user_change kind, const struct user *before,
	const struct user *after)
{
	const struct user *user = after != NULL ? after : before;

	control_answer_subject(answer, user->username);
	control_answer_changed(answer, kind, user);
	if (before != NULL)
		answer->before = audit_form(before, NULL);
	if (after != NULL)
		answer->after = audit_form(after, before);
}

void
control_user_add(struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct failure failure = { 0 };
	struct user *user = NULL;
	int err = user_new(&user);

	if (err == 0 && (err = user_from_json(user, body, &failure)) != 0) {
		control_answer_bad(answer, err, &failure);
	} else if (err == 0 && (err = provider_add(context->provider, user, &failure)) == 0) {
		control_user_tell(answer, USER_ADDED, NULL, user);
		control_answer_give(answer, user_to_json(user, USER_FORM_PUBLIC));
	} else {
		control_answer_failure(answer, err, &failure);
	}
	user_free(&user);
}

static bool
list_query(const json_t *body, struct provider_query *query, struct control_answer *answer)
{
	const char *order;

	*query = (struct provider_query){ 0 };
	if (!control_body_number(body, "limit", LIST_DEFAULT, &query->limit, answer) ||
	    !control_body_number(body, "offset", 0, &query->offset, answer) ||
	    !control_body_filter(body, "order", &order, answer) ||
	    !control_body_filter(body, "username", &query->username, answer) ||
	    !control_body_filter(body, "search", &query->search, answer))
		return false;
	if (query->limit > LIST_MAX)
		query->limit = LIST_MAX;
	query->descending = order != NULL && strcmp(order, "DESC") == 0;
	if (order == NULL || query->descending || strcmp(order, "ASC") == 0)
		return true;
	control_answer_set(answer, 400, "Invalid order");
	return false;
}

void
control_user_list(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	struct provider_query query;
	struct user_list list = { 0 };
	json_t *users;
	int err;

	if (!list_query(body, &query, answer))
		return;
	err = provider_list(context->provider, &query, &list, &failure);
	if (err != 0) {
		control_answer_failure(answer, err, &failure);
		return;
	}
	users = json_array();
	for (size_t i = 0; i < list.count && users != NULL; i++) {
		if (json_array_append_new(users,
			user_to_json(list.items[i], USER_FORM_PUBLIC)) == 0)
			continue;
		json_decref(users);
		users = NULL;
	}
	control_answer_give(answer, users);
	user_list_free(&list);
}

static int
find_by_id(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer, struct failure *failure)
{
	struct control_answer unused = { 0 };
	int64_t id;

	if (control_body_number(body, "id", 0, &id, &unused))
		return provider_find_id(context->provider, id, out, failure);
	control_answer_set(answer, 400, "Invalid userID");
	return ERR_INVALID;
}

bool
control_find_user(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	const char *username;
	int err;

	*out = NULL;
	if (json_object_get(body, "id") != NULL) {
		err = find_by_id(context, body, out, answer, &failure);
	} else {
		username = control_body_text(body, "username", answer);
		if (username == NULL)
			return false;
		err = provider_find(context->provider, username, out, &failure);
		if (err == ERR_NOT_FOUND)
			control_answer_set(answer, 404, "there is no user \"%s\"", username);
	}
	if (err != 0 && answer->status == 0)
		control_answer_failure(answer, err, &failure);
	return err == 0;
}

bool
control_user_hold(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer)
{
	user_changes_lock();
	return control_find_user(context, body, out, answer);
}

void
control_user_release(struct user **user)
{
	user_changes_unlock();
	user_free(user);
}

void
control_user_show(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct user *user;

	if (control_find_user(context, body, &user, answer))
		control_answer_give(answer, user_to_json(user, USER_FORM_PUBLIC));
	user_free(&user);
}

/* Writes a changed account back. An account that was there and is not is no 404. */
static void
store_changed(struct control_context *context, const struct user *before, struct user *after,
	const char *done, struct control_answer *answer)
{
	struct failure failure = { 0 };
	int err = provider_update(context->provider, after, &failure);

	if (err != 0) {
		control_answer_failure(answer, err == ERR_NOT_FOUND ? ERR_IO : err, &failure);
		return;
	}
	/* SQL drivers keep the name that it has, whatever the body says. */
	if (strcmp(before->username, after->username) != 0 &&
	    (err = user_set_text(&after->username, before->username)) != 0) {
		control_answer_failure(answer, err, &failure);
		return;
	}
	control_user_tell(answer, USER_UPDATED, before, after);
	if (done == NULL)
		control_answer_give(answer, user_to_json(after, USER_FORM_PUBLIC));
	if (done != NULL || answer->status == 200)
		control_answer_set(answer, 200, "%s", done != NULL ? done : "User updated");
}

void
control_user_change(struct control_context *context, const json_t *body,
	struct control_answer *answer,
	int (*change)(struct user **user, const json_t *body, struct failure *failure),
	const char *done)
{
	struct user *before = NULL, *user;
	struct failure failure = { 0 };
	int err;

	if (control_user_hold(context, body, &user, answer)) {
		err = user_copy(user, &before);
		if (err == 0)
			err = change(&user, body, &failure);
		if (err == 0)
			store_changed(context, before, user, done, answer);
		else
			control_answer_bad(answer, err, &failure);
	}
	control_user_release(&user);
	user_free(&before);
}

static int
apply_changes(struct user **user, const json_t *body, struct failure *failure)
{
	const json_t *changes = json_object_get(body, "changes");

	if (!json_is_object(changes))
		return failure_set(failure, ERR_INVALID, "the request needs an object \"changes\"");
	return user_merge_json(user, changes, failure);
}

void
control_user_update(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	control_user_change(context, body, answer, apply_changes, NULL);
}

static int
apply_key(struct user **user, const json_t *body, struct failure *failure)
{
	const char *text = control_body_plain(body, "key");

	if (text[0] == '\0')
		return failure_set(failure, ERR_INVALID, "the request needs a text \"key\"");
	for (size_t i = 0; i < (*user)->public_keys.count; i++) {
		if (strcmp((*user)->public_keys.items[i], text) == 0)
			return 0;
	}
	return text_list_add(&(*user)->public_keys, text);
}

void
control_user_authorize_key(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	control_user_change(context, body, answer, apply_key, NULL);
}

static int
apply_password(struct user **user, const json_t *body, struct failure *failure)
{
	const char *text = control_body_plain(body, "password");

	if (text[0] == '\0')
		return failure_set(failure, ERR_INVALID, "the request needs a text \"password\"");
	return user_set_text(&(*user)->password, text);
}

void
control_user_passwd(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	control_user_change(context, body, answer, apply_password, NULL);
}

void
control_user_delete(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	struct user *user;
	int err;

	if (control_user_hold(context, body, &user, answer)) {
		err = provider_delete(context->provider, user->id, &failure);
		if (err == 0) {
			control_user_tell(answer, USER_DELETED, user, NULL);
			control_answer_set(answer, 200, "User deleted");
		} else {
			control_answer_failure(answer, err, &failure);
		}
	}
	control_user_release(&user);
}
