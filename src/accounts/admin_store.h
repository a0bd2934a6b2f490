/*
 * admin_store.h - administrators, their API keys and their sessions, in a database file of their
 * own.
 *
 * Keys and sessions are random tokens of 160 bits and more; what is stored is their SHA-256, so
 * that nobody who reads the file can use them. Every call blocks, and may be made from any thread.
 * Codes are those of provider.h. The audit log lies in the same file: audit_store.h.
 */
#ifndef ACCOUNTS_ADMIN_STORE_H
#define ACCOUNTS_ADMIN_STORE_H

#include "accounts/admin.h"

enum {
	ADMIN_TOKEN_MAX = 96,    /* with the NUL */
	ADMIN_KEY_NAME_MAX = 64, /* bytes */
};

struct admin_store;

/*
 * Opens the file, readable by us alone, made where there is none. Failures name file, reason and
 * remedy.
 */
MUST int admin_store_open(const char *path, struct admin_store **out, struct failure *failure);
/* *store may be NULL, and is NULL afterwards. */
void admin_store_close(struct admin_store **store);

/* --- administrators (admin_store.c) --- */

MUST int admin_store_find(struct admin_store *store, const char *username, struct admin **out,
    struct failure *failure);
/* Calls `each` for all, by name; what it returns other than 0 ends the list. */
MUST int admin_store_each(struct admin_store *store,
    int (*each)(void *data, const struct admin *admin), void *data, struct failure *failure);
/* ERR_EXISTS when the name is taken. */
MUST int admin_store_add(
    struct admin_store *store, const struct admin *admin, struct failure *failure);
MUST int admin_store_update(
    struct admin_store *store, const struct admin *admin, struct failure *failure);
/* With all keys and sessions. */
MUST int admin_store_remove(
    struct admin_store *store, const char *username, struct failure *failure);

/* --- keys and sessions (admin_token.c) --- */

struct admin_key {
	char username[USER_NAME_MAX + 1];
	char name[ADMIN_KEY_NAME_MAX + 1];
	json_t *areas; /* owned by whoever got the key */
	int64_t created, expires; /* wall clock, ms; expires 0: never */
};

/* Makes the token, which is shown this once. ERR_EXISTS, ERR_NOT_FOUND (no such administrator). */
MUST int admin_key_add(struct admin_store *store, const struct admin_key *key,
    char token_out[ADMIN_TOKEN_MAX], struct failure *failure);
/* The keys of one administrator, or with NULL of all. The areas are the callee's for the call. */
MUST int admin_key_each(struct admin_store *store, const char *username,
    int (*each)(void *data, const struct admin_key *key), void *data, struct failure *failure);
MUST int admin_key_remove(struct admin_store *store, const char *username, const char *name,
    struct failure *failure);
/* The key of this token, unless it has expired. ERR_NOT_FOUND. The areas are the caller's. */
MUST int admin_key_find(struct admin_store *store, struct view token, int64_t now_ms,
    struct admin_key *out, struct failure *failure);

/* True when the token looks like that of a session, and not of a key. */
bool admin_token_is_session(struct view token);
MUST int admin_session_add(struct admin_store *store, const char *username, int64_t now_ms,
    int64_t expires_ms, char token_out[ADMIN_TOKEN_MAX], struct failure *failure);
/* The administrator's name for the token of a session that has not expired. ERR_NOT_FOUND. */
MUST int admin_session_find(struct admin_store *store, struct view token, int64_t now_ms,
    char username_out[USER_NAME_MAX + 1], struct failure *failure);
MUST int admin_session_remove(
    struct admin_store *store, struct view token, struct failure *failure);
/* All of an administrator: after a new password, or when it is disabled. */
MUST int admin_sessions_remove(
    struct admin_store *store, const char *username, struct failure *failure);
/*
 * What a page must send back with every change it asks for, so that another site cannot ask in its
 * name: follows from the session's token and from nothing else. ERR_CRYPTO, ERR_MEMORY.
 */
MUST int admin_session_csrf(struct view token, char out[ADMIN_TOKEN_MAX]);

#endif
