/*
 * admin_login.h - is it the administrator that it says it is: by password and one-time code, by an
 * API key, or by the token of a session.
 *
 * Blocks, for the thread pool; whoever calls it limits how many hashes run at once, and counts what
 * is refused against the address.
 */
#ifndef ACCOUNTS_ADMIN_LOGIN_H
#define ACCOUNTS_ADMIN_LOGIN_H

#include "accounts/admin_store.h"

#include "base/address.h"

enum admin_verdict {
	ADMIN_REFUSED = 0,
	ADMIN_WELCOME,     /* the only success */
	ADMIN_CODE_WANTED, /* the password was right, and a one-time code must come with it */
	ADMIN_FOREIGN,     /* a change over a session, without its CSRF token */
	ADMIN_UNAVAILABLE, /* the database does not answer; the failure says why */
};

struct admin_claim {
	/* A password; `code` is empty when none was sent. */
	struct view username, password, code;
	/* Or a token: of a key, or of a session. With a session's a change needs `csrf`. */
	struct view token, csrf;
	bool changes;
	struct address address;
	int64_t now_ms; /* wall clock */
};

struct admin_login {
	char username[USER_NAME_MAX + 1];
	char key[ADMIN_KEY_NAME_MAX + 1]; /* its name; "" when it was no key */
	json_t *areas, *key_areas; /* owned: the second NULL when it was no key */
};

/*
 * Costs the same whether the administrator exists or not. A code that was used is stored as used
 * before this says welcome. *out is to be freed in any case.
 */
enum admin_verdict admin_login(struct admin_store *store, const struct admin_claim *claim,
    const struct password_cost *cost, struct admin_login *out, struct failure *failure);
void admin_login_free(struct admin_login *login);

#endif
