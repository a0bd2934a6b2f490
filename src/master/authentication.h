/*
 * authentication.h - is the user who the client says: accounts, passwords and signatures, looked
 * up and checked on the thread pool.
 *
 * A job copies all that it needs, runs without the connection, and finds it again by its id when
 * it is done: a connection that ended meanwhile is simply not there. Password hashes are made one
 * by one up to a cap, since each takes much memory; the rest wait in line. An account may need
 * several methods one after the other: what was proved is kept in the connection. Private to
 * master/.
 */
#ifndef MASTER_AUTHENTICATION_H
#define MASTER_AUTHENTICATION_H

#include "accounts/accounts.h"
#include "base/address.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

struct master;
struct connection;

enum auth_kind {
	AUTH_PASSWORD_CHECK,
	AUTH_KEY_WANTED,
	AUTH_KEY_SIGNATURE,
	AUTH_DIALOGUE_PASSWORD, /* the account's password, as an answer in a dialogue */
	AUTH_DIALOGUE_CODE,     /* the one-time code, likewise */
	/* of dialogues that a program holds; see login_dialogue.h */
	AUTH_DIALOGUE_BEGIN,  /* may this account log in so: nothing is proved by it */
	AUTH_DIALOGUE_CHECK,  /* the account's password, as one of its answers: no proof either */
	AUTH_DIALOGUE_PASSED, /* the program has let the client in */
};

/* What the client offered; copied by authentication_start(). */
struct auth_offer {
	enum auth_kind kind;
	struct view user;
	struct view password; /* or the answer in a dialogue */
	struct view algorithm;
	struct view key;
	struct view signature;
};

/* Begins a job; the answer goes to the connection's login worker. ERR_MEMORY. */
MUST int authentication_start(struct connection *connection, const struct auth_offer *offer);
/* Answers "no", with the methods that there are. The connection may have ended afterwards. */
void authentication_refuse(struct connection *connection);
/* A login of this name that is being worked on must not end with the account as it was. */
void authentication_account_changed(struct master *master, const char *username);

#endif
