/*
 * sqlite_store.h - the open database of the sqlite driver: connection, lock, prepared statements.
 *
 * sqlite_store.c opens it and prepares the statements; provider_sqlite.c runs them.
 */
#ifndef ACCOUNTS_SQLITE_STORE_H
#define ACCOUNTS_SQLITE_STORE_H

#include "accounts/failure.h"
#include "accounts/provider.h"
#include "accounts/sql_statement.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

struct sqlite_store {
	pthread_mutex_t lock; /* over everything below */
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
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

#endif
