/*
 * login.h - may this account log in now: the order of the questions, and the words for the log.
 *
 * A pure function over facts that the master gathered. The verdict is for the master and its log;
 * the client never learns which it was.
 */
#ifndef ACCOUNTS_LOGIN_H
#define ACCOUNTS_LOGIN_H

#include "accounts/user.h"

#include "base/address.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum login_verdict {
	LOGIN_BAD_CREDENTIAL = 0,
	LOGIN_ALLOWED, /* the only success */
	LOGIN_UNKNOWN_USER,
	LOGIN_DISABLED,
	LOGIN_EXPIRED,
	LOGIN_HOME_NOT_ABSOLUTE,
	LOGIN_TOO_MANY_SESSIONS,
	LOGIN_METHOD_DENIED,
	LOGIN_ADDRESS_DENIED,
	LOGIN_TIME_DENIED,
};

struct login_facts {
	const char *username;        /* as the client gave it */
	const struct user *user;     /* NULL: there is none */
	bool credential_good;        /* password right, or key listed and signature good */
	const char *credential_text; /* why it is not, for the text; NULL: "Invalid credentials" */
	const char *method;          /* "password", "publickey" or "keyboard-interactive" */
	const struct address *address;
	uint64_t open_sessions; /* of this user, not counting this one */
	int64_t now_ms;         /* wall clock */
};

/*
 * Asks in the contract's order: account, status, expiry, credential, home directory, sessions,
 * method, address, hour. The credential must have been checked before, whatever the other answers.
 */
enum login_verdict login_decide(const struct login_facts *facts);
/* Appends the text for the log to the buffer; it holds the client's username unescaped. */
void login_text(enum login_verdict verdict, const struct login_facts *facts, struct buf *out);

#endif
