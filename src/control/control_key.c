/*
 * API keys of administrators: on the thread pool.
 */
#include "control/control_admin.h"

#include "base/clock.h"
#include "base/secret.h"
#include "control/control_actor.h"

#include <stdio.h>
#include <string.h>

static json_t *
key_json(const struct admin_key *key)
{
	return json_pack("{s:s, s:s, s:O, s:I, s:I}", "username", key->username, "name", key->name,
	    "areas", key->areas, "created", (json_int_t)key->created, "expires",
	    (json_int_t)key->expires);
}

/* A key's areas are at most those of whoever asks for it, and of its administrator. */
static bool
key_areas(struct control_context *context, const json_t *body, const struct admin *admin,
	struct admin_key *key, struct control_answer *answer)
{
	uint32_t wanted, has = 0;

	key->areas = json_object_get(body, "areas");
	if (key->areas == NULL)
		key->areas = admin->areas;
	if (!control_areas_are_known(body, answer))
		return false;
	if (control_areas_from_json(key->areas, &wanted) == 0 &&
	    control_areas_from_json(admin->areas, &has) == 0 &&
	    (wanted & ~(has & context->actor->areas)) == 0)
		return true;
	control_answer_set(answer, 403,
	    "a key may only have areas that its administrator and whoever asks for it have");
	return false;
}

static bool
key_from_body(struct control_context *context, const json_t *body, const struct admin *admin,
	struct admin_key *key, struct control_answer *answer)
{
	const char *name = control_body_text(body, "name", answer);

	*key = (struct admin_key){ .created = clock_wall_ms() };
	if (name == NULL || !key_areas(context, body, admin, key, answer) ||
	    !control_body_number(body, "expires", 0, &key->expires, answer))
		return false;
	if (strlen(name) > ADMIN_KEY_NAME_MAX) {
		control_answer_set(answer, 400, "the name of a key has at most %d bytes",
		    ADMIN_KEY_NAME_MAX);
		return false;
	}
	if (key->expires != 0 && key->expires <= key->created) {
		control_answer_set(answer, 400, "Invalid expires: it is past");
		return false;
	}
	snprintf(key->name, sizeof(key->name), "%s", name);
	snprintf(key->username, sizeof(key->username), "%s", admin->login->username);
	return true;
}

void
control_key_add(struct control_context *context, const json_t *body, struct control_answer *answer)
{
	char token[ADMIN_TOKEN_MAX];
	struct failure failure = { 0 };
	struct admin *admin = NULL;
	struct admin_key key;
	int err;

	if (control_find_admin(context, body, &admin, answer) &&
	    key_from_body(context, body, admin, &key, answer)) {
		err = admin_key_add(context->admins, &key, token, &failure);
		if (err == 0) {
			answer->after = key_json(&key);
			control_answer_give(answer, key_json(&key));
			json_object_set_new(answer->body, "key", json_string(token));
			secret_wipe(token, sizeof(token));
		} else {
			control_admin_failure(answer, err, &failure);
		}
	}
	admin_free(&admin);
}

static int
add_to_list(void *data, const struct admin_key *key)
{
	return json_array_append_new(data, key_json(key)) == 0 ? 0 : ERR_MEMORY;
}

void
control_key_list(struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct failure failure = { 0 };
	const char *username;
	json_t *list;
	int err;

	if (!control_body_filter(body, "username", &username, answer))
		return;
	list = json_array();
	err = admin_key_each(context->admins, username, add_to_list, list, &failure);
	control_answer_list(answer, list, err, &failure);
}

void
control_key_revoke(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	const char *username = control_body_text(body, "username", answer);
	const char *name = username != NULL ? control_body_text(body, "name", answer) : NULL;
	struct failure failure = { 0 };
	int err;

	if (name == NULL)
		return;
	control_answer_subject(answer, username);
	answer->before = json_pack("{s:s}", "name", name);
	err = admin_key_remove(context->admins, username, name, &failure);
	if (err == 0)
		control_answer_set(answer, 200, "Key revoked");
	else
		control_admin_failure(answer, err, &failure);
}
