/*
 * user_sessions.h - the sessions that are logged in, by user: how many each has, and which.
 *
 * For what is asked at every login, or when one account changes: it must not take the longer the
 * more others are connected. Knows of no process and no message. Private to master/.
 */
#ifndef MASTER_USER_SESSIONS_H
#define MASTER_USER_SESSIONS_H

#include "base/err.h"

#include <stddef.h>
#include <sys/queue.h>

struct bandwidth_account;
struct connection;

enum { USER_SESSIONS_BUCKETS = 4096 };

/* Those of one user, while there are any. */
struct user_sessions {
	LIST_ENTRY(user_sessions) link; /* of its bucket */
	LIST_HEAD(, connection) list;
	size_t count;
	struct bandwidth_account *bandwidth; /* of bandwidth.c; NULL: none of them has wanted any */
	char username[];
};

/* Zeroed it is empty; it is empty again when all have left. */
struct user_sessions_table {
	LIST_HEAD(, user_sessions) buckets[USER_SESSIONS_BUCKETS];
	size_t users; /* that have a session */
};

/* The connection has logged in as this user, and belongs to nobody yet. ERR_MEMORY. */
MUST int user_sessions_join(
	struct user_sessions_table *table, struct connection *connection, const char *username);
/* It ends; nothing is done for one that has not joined. */
void user_sessions_leave(struct user_sessions_table *table, struct connection *connection);
/* NULL: the user has none. */
struct user_sessions *user_sessions_find(
	const struct user_sessions_table *table, const char *username);
size_t user_sessions_count(const struct user_sessions_table *table, const char *username);
/*
 * Every one of them, in no order; of NULL, none. `each` may end the session that it is given, with
 * the last of them this struct, and no other session.
 */
void user_sessions_each(struct user_sessions *sessions,
	void (*each)(void *ctx, struct connection *connection), void *ctx);
/* The name of every user with a session, once, in no order. `each` ends nothing. */
void user_sessions_names(const struct user_sessions_table *table,
	void (*each)(void *ctx, const char *username), void *ctx);

#endif
