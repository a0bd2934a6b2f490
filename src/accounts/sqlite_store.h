/*
 * sqlite_store.h - the open database of the sqlite driver: connection, lock, prepared statements.
 *
 * sqlite_store.c opens it and knows all SQL; provider_sqlite.c runs the statements.
 */
#ifndef ACCOUNTS_SQLITE_STORE_H
#define ACCOUNTS_SQLITE_STORE_H

#include "accounts/failure.h"
#include "accounts/provider.h"
#include "accounts/sqlite_schema.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

enum sqlite_statement {
	FIND_NAME,
	FIND_ID,
	LIST_ASCENDING,
	LIST_DESCENDING,
	LIST_NAME,
	ALL,
	CHECK,
	/* From here on: not prepared when users are not managed, as the table may be a view. */
	ADD,
	UPDATE,
	REMOVE,
	TOUCH_LOGIN,
	QUOTA_ADD,
	QUOTA_SET,
	STATEMENT_COUNT,
};

struct sqlite_store {
	pthread_mutex_t lock; /* over everything below */
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	char *name; /* of the file, for messages */
	char *table;
	bool has_wal;              /* write-ahead mode is on */
	bool must_restore_journal; /* it was off before */
	int busy_ms;
};

/* Opens, makes or upgrades the database that the configuration names. See provider_open(). */
MUST int sqlite_store_open(
    const struct provider_config *config, struct sqlite_store **out, struct failure *failure);
/* *store may be NULL, and is NULL afterwards. */
void sqlite_store_close(struct sqlite_store **store);
/* Writes what SQLite's result means for the person who can do something about it, and gives the
 * code of provider.h for it. */
MUST int sqlite_store_failure(const struct sqlite_store *store, int rc, struct failure *failure);
/* True for columns that an account brings along; used quota and the like start at 0. */
bool sqlite_column_is_given(enum user_column column);
/* True for those that an update writes. */
bool sqlite_column_is_updated(enum user_column column);

#endif
