/*
 * sqlite_schema.h - looking at the tables of an SQLite database, and completing them.
 *
 * Nothing here takes a lock: the caller holds the connection.
 */
#ifndef ACCOUNTS_SQLITE_SCHEMA_H
#define ACCOUNTS_SQLITE_SCHEMA_H

#include "accounts/sql_schema.h"

#include <sqlite3.h>

/* What is there. Returns an SQLite result code. */
MUST int sqlite_schema_inspect(sqlite3 *db, const char *table, struct schema_state *out);
/* Makes or completes the tables. To be called in a transaction. An SQLite result code. */
MUST int sqlite_schema_upgrade(sqlite3 *db, const char *table, const struct schema_state *state);

#endif
