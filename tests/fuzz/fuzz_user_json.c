/*
 * The JSON of a user and of a dump, as bodies of requests, files and answers of programs bring it.
 * What is accepted must come out again, be accepted again, and be the same then.
 */
#include "accounts/accounts.h"
#include "crypto/crypto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_user(const struct user *user, struct buf *out)
{
	json_t *json = user_to_json(user, USER_FORM_DUMP);

	buf_clear(out);
	if (json == NULL)
		abort();
	accounts_json_write(json, false, out);
	json_decref(json);
}

static void
round_trip(const struct user *user)
{
	struct buf first = buf_init(4 * USER_JSON_MAX), second = buf_init(4 * USER_JSON_MAX);
	struct user *again, *copy;

	if (user_new(&again) != 0 || user_copy(user, &copy) != 0)
		abort();
	write_user(user, &first);
	if (user_from_text(again, buf_view(&first), NULL) == 0) {
		write_user(again, &second);
		if (!view_eq(buf_view(&first), buf_view(&second)))
			abort();
	} else if (first.n <= USER_JSON_MAX) {
		abort();
	}
	write_user(copy, &second);
	if (!view_eq(buf_view(&first), buf_view(&second)))
		abort();
	user_free(&again);
	user_free(&copy);
	buf_free(&first);
	buf_free(&second);
}

static void
check_public(const struct user *user)
{
	json_t *json = user_to_json(user, USER_FORM_PUBLIC);

	if (json == NULL || json_object_get(json, "password") != NULL)
		abort();
	json_decref(json);
}

static void
check_valid(struct user *user)
{
	static const struct password_cost cheap = { .memory_kib = 8, .passes = 1, .lanes = 1 };
	/* Without a directory for credentials, so that no file is written. */
	const struct user_rules rules = { .users_base_dir = "/base", .cost = &cheap };
	struct failure failure = { 0 };

	if (user_validate(user, &rules, &failure) != 0) {
		if (failure.text[0] == '\0')
			abort();
		return;
	}
	if (user->username[0] == '\0' || user->home_dir[0] != '/' || user->permissions.count == 0 ||
	    user->permissions.items[0].path[0] != '/')
		abort();
	if (user->password[0] != '\0' && !password_is_hash(user->password))
		abort();
	/* What is valid stays so. */
	if (user_validate(user, &rules, &failure) != 0)
		abort();
	round_trip(user);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { .p = data, .n = size };
	struct user_list list;
	struct user *user;

	if (crypto_init() != 0 || user_new(&user) != 0)
		abort();
	if (user_from_text(user, text, NULL) == 0) {
		round_trip(user);
		check_public(user);
		if (user_merge_text(&user, text, NULL) == 0)
			round_trip(user);
		check_valid(user);
	}
	user_free(&user);
	if (dump_parse(text, &list, NULL) == 0)
		user_list_free(&list);
	return 0;
}
