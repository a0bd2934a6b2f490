/*
 * Accounts, over the provider: every function here runs on the thread pool and may block.
 */
#include "master/control_user.h"

#include <stdio.h>
#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 500 };

void
control_answer_failure(struct control_answer *answer, int err, const struct failure *failure)
{
	int status = 500;

	if (err == ERR_INVALID || err == ERR_FORMAT || err == ERR_LIMIT)
		status = 400;
	else if (err == ERR_DENIED)
		status = 403;
	else if (err == ERR_NOT_FOUND)
		status = 404;
	else if (err == ERR_EXISTS)
		status = 409;
	else if (err == ERR_UNAVAILABLE)
		status = 503;
	control_answer_set(answer, status, "%s",
	    failure->text[0] != '\0' ? failure->text : err_text(err));
}

static void
answer_user(struct control_answer *answer, const struct user *user)
{
	answer->body = user_to_json(user, USER_FORM_PUBLIC);
	answer->status = answer->body != NULL ? 200 : 500;
}

void
control_set_subject(struct control_answer *answer, const char *username)
{
	snprintf(answer->subject, sizeof(answer->subject), "%s", username);
}

void
control_user_add(struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct failure failure = { 0 };
	struct user *user = NULL;
	int err = user_new(&user);

	if (err == 0)
		err = user_from_json(user, body, &failure);
	if (err == 0)
		err = provider_add(context->provider, user, &failure);
	if (err == 0) {
		control_set_subject(answer, user->username);
		answer_user(answer, user);
	} else {
		control_answer_failure(answer, err, &failure);
	}
	user_free(&user);
}

/* A whole number of the body, or `preset` when it is absent. */
static bool
body_number(const json_t *body, const char *key, int64_t preset, int64_t *out,
	struct control_answer *answer)
{
	const json_t *member = json_object_get(body, key);

	*out = member != NULL ? json_integer_value(member) : preset;
	if (member == NULL || (json_is_integer(member) && *out >= 0))
		return true;
	control_answer_set(answer, 400, "Invalid %s", key);
	return false;
}

static bool
list_query(const json_t *body, struct provider_query *query, struct control_answer *answer)
{
	const json_t *order = json_object_get(body, "order");
	const json_t *username = json_object_get(body, "username");

	*query = (struct provider_query){ 0 };
	if (!body_number(body, "limit", LIST_DEFAULT, &query->limit, answer) ||
	    !body_number(body, "offset", 0, &query->offset, answer))
		return false;
	if (query->limit > LIST_MAX)
		query->limit = LIST_MAX;
	if (order != NULL) {
		const char *text = json_is_string(order) ? json_string_value(order) : "";

		query->descending = strcmp(text, "DESC") == 0;
		if (!query->descending && strcmp(text, "ASC") != 0) {
			control_answer_set(answer, 400, "Invalid order");
			return false;
		}
	}
	if (username != NULL && !json_is_string(username)) {
		control_answer_set(answer, 400, "Invalid username");
		return false;
	}
	query->username = json_string_value(username);
	return true;
}

void
control_user_list(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	struct provider_query query;
	struct user_list list = { 0 };
	int err;

	if (!list_query(body, &query, answer))
		return;
	err = provider_list(context->provider, &query, &list, &failure);
	if (err != 0) {
		control_answer_failure(answer, err, &failure);
		return;
	}
	answer->status = 200;
	answer->body = json_array();
	for (size_t i = 0; i < list.count; i++) {
		if (json_array_append_new(answer->body,
			user_to_json(list.items[i], USER_FORM_PUBLIC)) != 0)
			control_answer_set(answer, 500, "%s", err_text(ERR_MEMORY));
	}
	user_list_free(&list);
}

bool
control_find_user(struct control_context *context, const json_t *body, struct user **out,
	struct control_answer *answer)
{
	const char *username = control_body_text(body, "username", answer);
	struct failure failure = { 0 };
	int err;

	*out = NULL;
	if (username == NULL)
		return false;
	err = provider_find(context->provider, username, out, &failure);
	if (err == ERR_NOT_FOUND)
		control_answer_set(answer, 404, "there is no user \"%s\"", username);
	else if (err != 0)
		control_answer_failure(answer, err, &failure);
	return err == 0;
}

void
control_user_show(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct user *user;

	if (control_find_user(context, body, &user, answer))
		answer_user(answer, user);
	user_free(&user);
}

/* Finds, changes and writes back an account, with no other change in between. */
static void
change_user(struct control_context *context, const json_t *body, struct control_answer *answer,
	int (*change)(struct user **user, const json_t *body, struct failure *failure))
{
	struct failure failure = { 0 };
	struct user *user;
	int err;

	user_changes_lock();
	if (control_find_user(context, body, &user, answer)) {
		err = change(&user, body, &failure);
		if (err == 0)
			err = provider_update(context->provider, user, &failure);
		if (err == 0) {
			control_set_subject(answer, user->username);
			answer_user(answer, user);
		} else {
			control_answer_failure(answer, err, &failure);
		}
	}
	user_changes_unlock();
	user_free(&user);
}

static int
apply_changes(struct user **user, const json_t *body, struct failure *failure)
{
	const json_t *changes = json_object_get(body, "changes");
	const json_t *username = json_object_get(changes, "username");

	if (!json_is_object(changes))
		return failure_set(failure, ERR_INVALID, "the request needs an object \"changes\"");
	if (username != NULL && (!json_is_string(username) ||
		strcmp(json_string_value(username), (*user)->username) != 0))
		return failure_set(failure, ERR_INVALID, "a username cannot be changed");
	return user_merge_json(user, changes, failure);
}

void
control_user_update(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	change_user(context, body, answer, apply_changes);
}

static int
apply_key(struct user **user, const json_t *body, struct failure *failure)
{
	const json_t *key = json_object_get(body, "key");
	const char *text = json_string_value(key);

	if (text == NULL || text[0] == '\0' || strlen(text) != json_string_length(key))
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
	change_user(context, body, answer, apply_key);
}

static int
apply_password(struct user **user, const json_t *body, struct failure *failure)
{
	const json_t *password = json_object_get(body, "password");
	const char *text = json_string_value(password);

	if (text == NULL || text[0] == '\0' || strlen(text) != json_string_length(password))
		return failure_set(failure, ERR_INVALID, "the request needs a text \"password\"");
	return user_set_text(&(*user)->password, text);
}

void
control_user_passwd(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	change_user(context, body, answer, apply_password);
}

void
control_user_delete(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	struct user *user;
	int err;

	user_changes_lock();
	if (control_find_user(context, body, &user, answer)) {
		err = provider_delete(context->provider, user->id, &failure);
		if (err == 0) {
			control_set_subject(answer, user->username);
			control_answer_set(answer, 200, "User deleted");
		} else {
			control_answer_failure(answer, err, &failure);
		}
	}
	user_changes_unlock();
	user_free(&user);
}
