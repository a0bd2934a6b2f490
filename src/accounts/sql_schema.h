/*
 * sql_schema.h - the users table of the SQL drivers: its columns, making it, and bringing older
 * ones up to date.
 *
 * The table is the one of SFTPGo 0.9 (schema version 2), so that either program can open the
 * database. Nothing here talks to a database: it writes SQL, for the drivers alone.
 */
#ifndef ACCOUNTS_SQL_SCHEMA_H
#define ACCOUNTS_SQL_SCHEMA_H

#include "accounts/failure.h"

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum sql_dialect { SQL_SQLITE, SQL_POSTGRESQL, SQL_MYSQL };

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
/* True for columns that an account brings along; used quota and the like start at 0. */
bool user_column_is_given(enum user_column column);
/* True for those that an update writes. */
bool user_column_is_updated(enum user_column column);

/* A name that may stand between quotes in SQL: a letter or _, then digits too; at most 63. */
bool schema_name_is_good(const char *name);
/*
 * The name of the users table, from the setting, which may be NULL or "" for the usual one. On a
 * server it may be in a schema: "sftp.users". A copy for the caller to free; ERR_INVALID when it is
 * not good, ERR_MEMORY.
 */
MUST int schema_table_name(
    enum sql_dialect dialect, const char *setting, char **out, struct failure *failure);
/* Appends a name between the dialect's quotes, each part for itself. */
void sql_name(enum sql_dialect dialect, const char *name, struct buf *out);

struct schema_state {
	bool has_table;
	bool has_other_tables; /* only looked for by sqlite */
	bool has_column[COLUMN_COUNT];
	bool has_version; /* the table schema_version, with a row */
	int version;
};

/* Notes that the table has a column with this name; others than ours are passed over. */
void schema_note_column(struct schema_state *state, const char *name);
/*
 * ERR_FORMAT when this is no table of users, or one of a later version. `database` is its
 * description for the text: "the user database /srv/users.db".
 */
MUST int schema_check(const struct schema_state *state, const char *table, const char *database,
    struct failure *failure);
/* True when there is something to make or to complete. */
bool schema_is_old(const struct schema_state *state);

/* Gives the statements that make or complete the tables, one after the other. */
struct schema_upgrade {
	enum sql_dialect dialect;
	const char *table;
	const struct schema_state *state;
	unsigned step; /* 0 at first */
};

/* Appends the next statement, terminated by a NUL; false when there is none left. */
bool schema_upgrade_next(struct schema_upgrade *upgrade, struct buf *sql);
/*
 * Appends the list for SELECT; a column that the table has not is given by the value that its
 * absence means.
 */
void schema_select_list(
    enum sql_dialect dialect, const struct schema_state *state, struct buf *out);

#endif
