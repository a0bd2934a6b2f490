#include "accounts/sqlite_schema.h"

#include <string.h>

struct column {
	const char *name;
	const char *type;
	const char *absent; /* SQL for what a table without the column means; NULL: never absent */
	const char *default_; /* when it is added to a table with rows; NULL: none is needed */
};

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_ID] = { "id", "integer NOT NULL PRIMARY KEY AUTOINCREMENT", NULL, NULL },
	[COLUMN_USERNAME] = { "username", "varchar(255) NOT NULL UNIQUE", NULL, NULL },
	[COLUMN_PASSWORD] = { "password", "varchar(255) NULL", NULL, NULL },
	[COLUMN_PUBLIC_KEYS] = { "public_keys", "text NULL", NULL, NULL },
	[COLUMN_HOME_DIR] = { "home_dir", "varchar(255) NOT NULL", NULL, NULL },
	[COLUMN_UID] = { "uid", "integer NOT NULL", NULL, NULL },
	[COLUMN_GID] = { "gid", "integer NOT NULL", NULL, NULL },
	[COLUMN_MAX_SESSIONS] = { "max_sessions", "integer NOT NULL", NULL, NULL },
	[COLUMN_QUOTA_SIZE] = { "quota_size", "bigint NOT NULL", NULL, NULL },
	[COLUMN_QUOTA_FILES] = { "quota_files", "integer NOT NULL", NULL, NULL },
	[COLUMN_PERMISSIONS] = { "permissions", "text NOT NULL", NULL, NULL },
	[COLUMN_USED_QUOTA_SIZE] = { "used_quota_size", "bigint NOT NULL", NULL, NULL },
	[COLUMN_USED_QUOTA_FILES] = { "used_quota_files", "integer NOT NULL", NULL, NULL },
	[COLUMN_LAST_QUOTA_UPDATE] = { "last_quota_update", "bigint NOT NULL", NULL, NULL },
	[COLUMN_UPLOAD_BANDWIDTH] = { "upload_bandwidth", "integer NOT NULL", NULL, NULL },
	[COLUMN_DOWNLOAD_BANDWIDTH] = { "download_bandwidth", "integer NOT NULL", NULL, NULL },
	[COLUMN_EXPIRATION_DATE] = { "expiration_date", "bigint NOT NULL", "0", "0" },
	[COLUMN_LAST_LOGIN] = { "last_login", "bigint NOT NULL", "0", "0" },
	/* The default is for programs that forget the column; existing rows are set to 1. */
	[COLUMN_STATUS] = { "status", "integer NOT NULL", "1", "0" },
	[COLUMN_FILTERS] = { "filters", "text NULL", "NULL", NULL },
	[COLUMN_FILESYSTEM] = { "filesystem", "text NULL", "NULL", NULL },
	[COLUMN_VIRTUAL_FOLDERS] = { "virtual_folders", "text NULL", "NULL", NULL },
};

const char *
user_column_name(enum user_column column)
{
	return columns[column].name;
}

bool
schema_name_is_good(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 63 || (name[0] >= '0' && name[0] <= '9'))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

/* Steps through a query whose rows have a name in the given result column. */
static int
each_name(sqlite3 *db, const char *sql, const char *parameter, int result_column,
    void (*seen)(void *data, const char *name), void *data)
{
	sqlite3_stmt *query = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &query, NULL);

	if (rc == SQLITE_OK && parameter != NULL)
		rc = sqlite3_bind_text(query, 1, parameter, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK) {
		while ((rc = sqlite3_step(query)) == SQLITE_ROW) {
			const char *name = (const char *)sqlite3_column_text(query, result_column);

			seen(data, name == NULL ? "" : name);
		}
	}
	sqlite3_finalize(query);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

struct inspection {
	const char *table;
	struct schema_state *state;
	bool has_version_table;
};

static void
on_table(void *data, const char *name)
{
	struct inspection *inspection = data;

	if (sqlite3_stricmp(name, inspection->table) == 0)
		inspection->state->has_table = true;
	else if (strcmp(name, "schema_version") == 0)
		inspection->has_version_table = true;
	else if (strncmp(name, "sqlite_", 7) != 0)
		inspection->state->has_other_tables = true;
}

static void
on_column(void *data, const char *name)
{
	struct inspection *inspection = data;

	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (sqlite3_stricmp(name, columns[i].name) == 0)
			inspection->state->has_column[i] = true;
	}
}

static int
read_version(sqlite3 *db, struct schema_state *state)
{
	sqlite3_stmt *query = NULL;
	int rc = sqlite3_prepare_v2(
	    db, "SELECT \"version\" FROM \"schema_version\" LIMIT 1", -1, &query, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(query)) == SQLITE_ROW) {
		state->has_version = true;
		state->version = sqlite3_column_int(query, 0);
		rc = SQLITE_DONE;
	}
	sqlite3_finalize(query);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
schema_inspect(sqlite3 *db, const char *table, struct schema_state *out)
{
	struct inspection inspection = { .table = table, .state = out };
	int rc;

	*out = (struct schema_state){ 0 };
	rc = each_name(db, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')", NULL,
	    0, on_table, &inspection);
	if (rc == SQLITE_OK)
		rc = each_name(
		    db, "SELECT name FROM pragma_table_info(?)", table, 0, on_column, &inspection);
	if (rc == SQLITE_OK && inspection.has_version_table)
		rc = read_version(db, out);
	return rc;
}

const char *
schema_missing_column(const struct schema_state *state)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (!state->has_column[i] && columns[i].absent == NULL)
			return columns[i].name;
	}
	return NULL;
}

bool
schema_is_old(const struct schema_state *state)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (!state->has_column[i])
			return true;
	}
	return !state->has_version || state->version < SCHEMA_VERSION;
}

static void
create_table(const char *table, struct buf *sql)
{
	buf_printf(sql, "CREATE TABLE \"%s\" (", table);
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		buf_printf(
		    sql, "%s\"%s\" %s", i == 0 ? "" : ", ", columns[i].name, columns[i].type);
	buf_text(sql, ");");
}

static void
add_columns(const char *table, const struct schema_state *state, struct buf *sql)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (state->has_column[i])
			continue;
		buf_printf(sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", table, columns[i].name,
		    columns[i].type);
		if (columns[i].default_ != NULL)
			buf_printf(sql, " DEFAULT %s", columns[i].default_);
		buf_text(sql, ";");
	}
	if (!state->has_column[COLUMN_STATUS])
		buf_printf(sql, "UPDATE \"%s\" SET \"status\" = 1;", table);
}

int
schema_upgrade(sqlite3 *db, const char *table, const struct schema_state *state)
{
	struct buf sql = buf_init(16384);
	int rc = SQLITE_NOMEM;

	if (state->has_table)
		add_columns(table, state, &sql);
	else
		create_table(table, &sql);
	buf_text(&sql, "CREATE TABLE IF NOT EXISTS \"schema_version\" (\"id\" integer NOT NULL "
		       "PRIMARY KEY AUTOINCREMENT, \"version\" integer NOT NULL);");
	if (state->has_version)
		buf_printf(&sql, "UPDATE \"schema_version\" SET \"version\" = %d;", SCHEMA_VERSION);
	else
		buf_printf(&sql, "INSERT INTO \"schema_version\" (\"version\") VALUES (%d);",
		    SCHEMA_VERSION);
	buf_u8(&sql, '\0');
	if (buf_error(&sql) == 0)
		rc = sqlite3_exec(db, (const char *)sql.p, NULL, NULL, NULL);
	buf_free(&sql);
	return rc;
}

void
schema_select_list(const struct schema_state *state, struct buf *out)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (i > 0)
			buf_text(out, ", ");
		if (state->has_column[i])
			buf_printf(out, "\"%s\"", columns[i].name);
		else
			buf_text(out, columns[i].absent);
	}
}
