/*
 * sqlite_schema.h - the users table: its columns, making it, and bringing older ones up to date.
 *
 * The table is the one of SFTPGo 0.9 (schema version 2), so that either program can open the file.
 * Nothing here takes a lock: the caller holds the connection.
 */
#ifndef ACCOUNTS_SQLITE_SCHEMA_H
#define ACCOUNTS_SQLITE_SCHEMA_H

#include "base/buf.h"
#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>

/* In the order in which they are selected. */
enum user_column {
	COLUMN_ID,
	COLUMN_USERNAME,
	COLUMN_PASSWORD,
	COLUMN_PUBLIC_KEYS,
	COLUMN_HOME_DIR,
	COLUMN_UID,
	COLUMN_GID,
	COLUMN_MAX_SESSIONS,
	COLUMN_QUOTA_SIZE,
	COLUMN_QUOTA_FILES,
	COLUMN_PERMISSIONS,
	COLUMN_USED_QUOTA_SIZE,
	COLUMN_USED_QUOTA_FILES,
	COLUMN_LAST_QUOTA_UPDATE,
	COLUMN_UPLOAD_BANDWIDTH,
	COLUMN_DOWNLOAD_BANDWIDTH,
	COLUMN_EXPIRATION_DATE,
	COLUMN_LAST_LOGIN,
	COLUMN_STATUS,
	COLUMN_FILTERS,
	COLUMN_FILESYSTEM,
	COLUMN_VIRTUAL_FOLDERS,
	COLUMN_COUNT,
};

enum { SCHEMA_VERSION = 2 };

const char *user_column_name(enum user_column column);
/* A name that may stand between double quotes in SQL: a letter or _, then digits too; at most 63.
 */
bool schema_name_is_good(const char *name);

struct schema_state {
	bool has_table;
	bool has_other_tables;
	bool has_column[COLUMN_COUNT];
	bool has_version; /* the table schema_version, with a row */
	int version;
};

/* What is there. Returns an SQLite result code. */
MUST int schema_inspect(sqlite3 *db, const char *table, struct schema_state *out);
/* The first column that is missing and that no version was without; NULL when there is none. */
const char *schema_missing_column(const struct schema_state *state);
/* True when schema_upgrade() has something to do. */
bool schema_is_old(const struct schema_state *state);
/* Makes or completes the tables. To be called in a transaction. An SQLite result code. */
MUST int schema_upgrade(sqlite3 *db, const char *table, const struct schema_state *state);
/*
 * Appends the list for SELECT; a column that the table has not is given by the value that its
 * absence means.
 */
void schema_select_list(const struct schema_state *state, struct buf *out);

#endif
