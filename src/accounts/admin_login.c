#include "accounts/admin_login.h"

#include "accounts/user_changes.h"
#include "accounts/user_totp.h"

#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

/* A later login than the last one stored by at least so much is stored. */
enum { TOUCH_MS = 60 * 1000 };

static bool
may_come(const struct admin *admin, const struct admin_claim *claim)
{
	const struct user *login = admin->login;

	return login->status == USER_ACTIVE &&
	       (login->expiration_date <= 0 || login->expiration_date > claim->now_ms) &&
	       user_address_allowed(login, &claim->address);
}

static enum admin_verdict
welcome(const struct admin *admin, struct admin_login *out)
{
	snprintf(out->username, sizeof(out->username), "%s", admin->login->username);
	out->areas = json_incref(admin->areas);
	return ADMIN_WELCOME;
}

static enum admin_verdict
verdict_of(int err)
{
	return err == ERR_NOT_FOUND ? ADMIN_REFUSED : ADMIN_UNAVAILABLE;
}

/* --- by password --- */

/* With the changes locked: each code is good for once, and only when that has been stored. */
static enum admin_verdict
check_code(struct admin *admin, const struct admin_claim *claim)
{
	if (!user_totp_is_on(admin->login))
		return ADMIN_WELCOME;
	if (claim->code.n == 0)
		return ADMIN_CODE_WANTED;
	return user_totp_check(admin->login, claim->code, claim->now_ms) == USER_TOTP_RIGHT
		   ? ADMIN_WELCOME
		   : ADMIN_REFUSED;
}

/* The password was right. Reads the administrator again: a code may have been used since. */
static enum admin_verdict
finish_password(struct admin_store *store, const struct admin_claim *claim, const char *username,
    struct admin_login *out, struct failure *failure)
{
	struct admin *admin = NULL;
	enum admin_verdict verdict;
	int err;

	user_changes_lock();
	err = admin_store_find(store, username, &admin, failure);
	verdict = err == 0 ? check_code(admin, claim) : verdict_of(err);
	if (verdict == ADMIN_WELCOME && (user_totp_is_on(admin->login) ||
	    claim->now_ms - admin->login->last_login >= TOUCH_MS)) {
		admin->login->last_login = claim->now_ms;
		if (admin_store_update(store, admin, failure) != 0)
			verdict = ADMIN_UNAVAILABLE;
	}
	if (verdict == ADMIN_WELCOME)
		verdict = welcome(admin, out);
	user_changes_unlock();
	admin_free(&admin);
	return verdict;
}

static enum admin_verdict
by_password(struct admin_store *store, const struct admin_claim *claim,
    const struct password_cost *cost, struct admin_login *out, struct failure *failure)
{
	char username[USER_NAME_MAX + 1];
	struct admin *admin = NULL;
	bool good;
	int err = view_copy(claim->username, username, sizeof(username));

	if (err == 0)
		err = admin_store_find(store, username, &admin, failure);
	else
		err = ERR_NOT_FOUND;
	good = user_check_password(admin != NULL ? admin->login : NULL, claim->password, cost) ==
		   PASSWORD_RIGHT && err == 0 && may_come(admin, claim);
	admin_free(&admin);
	if (good)
		return finish_password(store, claim, username, out, failure);
	return err == 0 ? ADMIN_REFUSED : verdict_of(err);
}

/* --- by token --- */

/* Of whom the token is, and may that administrator come. */
static enum admin_verdict
come_in(struct admin_store *store, const struct admin_claim *claim, const char *username,
    struct admin_login *out, struct failure *failure)
{
	struct admin *admin = NULL;
	int err = admin_store_find(store, username, &admin, failure);
	enum admin_verdict verdict = err == 0 ? ADMIN_REFUSED : verdict_of(err);

	if (err == 0 && may_come(admin, claim))
		verdict = welcome(admin, out);
	admin_free(&admin);
	return verdict;
}

static enum admin_verdict
by_key(struct admin_store *store, const struct admin_claim *claim, struct admin_login *out,
    struct failure *failure)
{
	struct admin_key key;
	int err = admin_key_find(store, claim->token, claim->now_ms, &key, failure);
	enum admin_verdict verdict = verdict_of(err);

	if (err == 0)
		verdict = come_in(store, claim, key.username, out, failure);
	if (verdict == ADMIN_WELCOME) {
		memcpy(out->key, key.name, sizeof(out->key));
		out->key_areas = json_incref(key.areas);
	}
	json_decref(key.areas);
	return verdict;
}

static bool
is_foreign(const struct admin_claim *claim)
{
	char csrf[ADMIN_TOKEN_MAX];

	return claim->changes &&
	       (admin_session_csrf(claim->token, csrf) != 0 || strlen(csrf) != claim->csrf.n ||
		   !crypto_equal(csrf, claim->csrf.p, claim->csrf.n));
}

static enum admin_verdict
by_session(struct admin_store *store, const struct admin_claim *claim, struct admin_login *out,
    struct failure *failure)
{
	char username[USER_NAME_MAX + 1];
	int err = admin_session_find(store, claim->token, claim->now_ms, username, failure);

	if (err != 0)
		return verdict_of(err);
	if (is_foreign(claim))
		return ADMIN_FOREIGN;
	return come_in(store, claim, username, out, failure);
}

enum admin_verdict
admin_login(struct admin_store *store, const struct admin_claim *claim,
    const struct password_cost *cost, struct admin_login *out, struct failure *failure)
{
	*out = (struct admin_login){ 0 };
	if (claim->token.n == 0)
		return by_password(store, claim, cost, out, failure);
	if (admin_token_is_session(claim->token))
		return by_session(store, claim, out, failure);
	return by_key(store, claim, out, failure);
}

void
admin_login_free(struct admin_login *login)
{
	json_decref(login->areas);
	json_decref(login->key_areas);
	*login = (struct admin_login){ 0 };
}
