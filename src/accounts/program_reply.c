#include "accounts/program_reply.h"

#include "accounts/user_changes.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

/* ERR_DENIED with `what` in front of the inner text, for what is the program's fault. */
static int
blame(int err, const char *what, const struct failure *inner, struct failure *failure)
{
	if (err != ERR_FORMAT && err != ERR_INVALID && err != ERR_LIMIT && err != ERR_EXISTS)
		return failure_set(failure, err, "%s", inner->text);
	return failure_set(failure, ERR_DENIED, "%s: %s", what, inner->text);
}

static void
keep_counted(struct user *user, const struct user *stored)
{
	user->id = stored->id;
	user->used_quota_size = stored->used_quota_size;
	user->used_quota_files = stored->used_quota_files;
	user->last_quota_update = stored->last_quota_update;
	user->last_login = stored->last_login;
}

/* --- the external authentication program --- */

/* An account of the kind that user_new() makes, with what SFTPGo's programs do not know. */
static int
begin_from(const struct user *stored, struct user **out)
{
	struct user *copy = NULL;
	struct user_totp totp;
	struct text_list required;
	int err = user_new(out);

	if (err != 0 || stored == NULL || (err = user_copy(stored, &copy)) != 0)
		return err;
	/* the copy gets the empty ones, to free */
	totp = (*out)->filters.totp;
	required = (*out)->filters.required_methods;
	(*out)->filters.totp = copy->filters.totp;
	(*out)->filters.required_methods = copy->filters.required_methods;
	copy->filters.totp = totp;
	copy->filters.required_methods = required;
	user_free(&copy);
	return 0;
}

static int
add_offered(struct user *user, const struct external_login *login, char *hash)
{
	struct buf blob = buf_init(CERTIFICATE_BLOB_MAX);
	struct public_key_line line;
	int err = 0;

	if (hash != NULL)
		err = user_set_text(&user->password, hash);
	if (err == 0 && login->key_line != NULL) {
		err = public_key_parse_line(view_of(login->key_line), &line, &blob);
		/* what lets a certificate in is its authority, not that it is stored */
		if (err == 0 && !line.is_certificate && !user_find_key(user, buf_view(&blob), NULL))
			err = text_list_add(&user->public_keys, login->key_line);
	}
	buf_free(&blob);
	return err;
}

static int
read_reply(struct user *user, const struct external_login *login, struct view reply,
    struct failure *failure)
{
	struct failure inner = { 0 };
	int err = user_from_text(user, reply, &inner);

	if (err != 0)
		return blame(err, "Invalid external auth response", &inner, failure);
	if (user->username[0] == '\0')
		return failure_set(failure, ERR_DENIED, "Invalid credentials");
	if (strcmp(user->username, login->username) != 0)
		return failure_set(failure, ERR_DENIED,
		    "Invalid external auth response: the username is another than that of the login");
	return 0;
}

static int
store_reply(struct provider *provider, const struct external_login *login, struct view reply,
    char *hash, struct failure *failure)
{
	struct failure inner = { 0 };
	struct user *stored = NULL, *user = NULL;
	int err = provider_find(provider, login->username, &stored, &inner);

	if (err == ERR_NOT_FOUND)
		err = 0;
	if (err == 0)
		err = begin_from(stored, &user);
	if (err == 0 && (err = read_reply(user, login, reply, failure)) != 0)
		goto out;
	if (err == 0) {
		user->id = 0;
		if (stored != NULL)
			keep_counted(user, stored);
		err = add_offered(user, login, hash);
	}
	if (err == 0)
		err = provider_store(provider, user, stored == NULL, &inner);
	if (err != 0)
		err = blame(err, "External auth error", &inner, failure);
out:
	user_free(&stored);
	user_free(&user);
	return err;
}

int
external_reply_store(struct provider *provider, const struct external_login *login,
    struct view reply, struct failure *failure)
{
	char *hash = NULL;
	int err = 0;

	/*
	 * Made here, and not by validation, which would take a password that looks like a hash for
	 * one; and before the lock, for it takes its time.
	 */
	if (login->password.n > 0)
		err = password_hash(login->password, provider_rules(provider)->cost, &hash);
	if (err == ERR_INVALID)
		return failure_set(failure, ERR_DENIED, "External auth error: %s",
		    password_result_text(PASSWORD_TOO_LONG));
	if (err != 0)
		return err;
	user_changes_lock();
	err = store_reply(provider, login, reply, hash, failure);
	user_changes_unlock();
	free(hash);
	return err;
}

/* --- the program before a login --- */

static bool
is_blank(struct view text)
{
	while (text.n > 0 && strchr(" \t\r\n", text.p[0]) != NULL && text.p[0] != '\0') {
		text.p++;
		text.n--;
	}
	return text.n == 0;
}

static int
merge_reply(struct provider *provider, const char *username, struct view reply,
    struct failure *inner)
{
	struct user *stored = NULL, *user = NULL;
	int err = provider_find(provider, username, &stored, inner);

	if (err == 0 && (err = user_copy(stored, &user)) == 0)
		err = user_merge_text(&user, reply, inner);
	if (err == 0 && strcmp(user->username, username) != 0)
		err = failure_set(inner, ERR_INVALID, "a login cannot change the username");
	if (err == 0) {
		keep_counted(user, stored);
		err = provider_store(provider, user, false, inner);
	}
	user_free(&stored);
	user_free(&user);
	return err;
}

int
pre_login_reply_store(struct provider *provider, const char *username, struct view reply,
    struct failure *failure)
{
	struct failure inner = { 0 };
	int err;

	if (is_blank(reply))
		return 0;
	user_changes_lock();
	err = merge_reply(provider, username, reply, &inner);
	user_changes_unlock();
	return err == 0 ? 0 : blame(err, "Invalid pre-login program response", &inner, failure);
}
