#include "accounts/sql_schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum column_type { TYPE_ID, TYPE_USERNAME, TYPE_VARCHAR, TYPE_INTEGER, TYPE_BIGINT, TYPE_TEXT };
enum { DIALECTS = 3 };

struct column {
	const char *name;
	enum column_type type;
	const char *null;   /* "NULL" or "NOT NULL" */
	const char *absent; /* SQL for what a table without the column means; NULL: never absent */
	const char *default_; /* when it is added to a table with rows; NULL: none is needed */
};

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_ID] = { "id", TYPE_ID, "NOT NULL", NULL, NULL },
	[COLUMN_USERNAME] = { "username", TYPE_USERNAME, "NOT NULL", NULL, NULL },
	[COLUMN_PASSWORD] = { "password", TYPE_VARCHAR, "NULL", NULL, NULL },
	[COLUMN_PUBLIC_KEYS] = { "public_keys", TYPE_TEXT, "NULL", NULL, NULL },
	[COLUMN_HOME_DIR] = { "home_dir", TYPE_VARCHAR, "NOT NULL", NULL, NULL },
	[COLUMN_UID] = { "uid", TYPE_INTEGER, "NOT NULL", NULL, NULL },
	[COLUMN_GID] = { "gid", TYPE_INTEGER, "NOT NULL", NULL, NULL },
	[COLUMN_MAX_SESSIONS] = { "max_sessions", TYPE_INTEGER, "NOT NULL", NULL, NULL },
	[COLUMN_QUOTA_SIZE] = { "quota_size", TYPE_BIGINT, "NOT NULL", NULL, NULL },
	[COLUMN_QUOTA_FILES] = { "quota_files", TYPE_INTEGER, "NOT NULL", NULL, NULL },
	[COLUMN_PERMISSIONS] = { "permissions", TYPE_TEXT, "NOT NULL", NULL, NULL },
	[COLUMN_USED_QUOTA_SIZE] = { "used_quota_size", TYPE_BIGINT, "NOT NULL", NULL, NULL },
	[COLUMN_USED_QUOTA_FILES] = { "used_quota_files", TYPE_INTEGER, "NOT NULL", NULL, NULL },
	[COLUMN_LAST_QUOTA_UPDATE] = { "last_quota_update", TYPE_BIGINT, "NOT NULL", NULL, NULL },
	[COLUMN_UPLOAD_BANDWIDTH] = { "upload_bandwidth", TYPE_INTEGER, "NOT NULL", NULL, NULL },
	[COLUMN_DOWNLOAD_BANDWIDTH] = { "download_bandwidth", TYPE_INTEGER, "NOT NULL", NULL,
	    NULL },
	[COLUMN_EXPIRATION_DATE] = { "expiration_date", TYPE_BIGINT, "NOT NULL", "0", "0" },
	[COLUMN_LAST_LOGIN] = { "last_login", TYPE_BIGINT, "NOT NULL", "0", "0" },
	/* The default is for programs that forget the column; existing rows are set to 1. */
	[COLUMN_STATUS] = { "status", TYPE_INTEGER, "NOT NULL", "1", "0" },
	[COLUMN_FILTERS] = { "filters", TYPE_TEXT, "NULL", "NULL", NULL },
	[COLUMN_FILESYSTEM] = { "filesystem", TYPE_TEXT, "NULL", "NULL", NULL },
	[COLUMN_VIRTUAL_FOLDERS] = { "virtual_folders", TYPE_TEXT, "NULL", "NULL", NULL },
};

static const char *const types[][DIALECTS] = {
	[TYPE_ID] = { "integer", "serial", "integer" },
	/* MySQL's usual collation takes Bob for bob. */
	[TYPE_USERNAME] = { "varchar(255)", "varchar(255)",
	    "varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" },
	[TYPE_VARCHAR] = { "varchar(255)", "varchar(255)", "varchar(255)" },
	[TYPE_INTEGER] = { "integer", "integer", "integer" },
	[TYPE_BIGINT] = { "bigint", "bigint", "bigint" },
	[TYPE_TEXT] = { "text", "text", "longtext" },
};

static const char *const id_suffix[DIALECTS] = { " PRIMARY KEY AUTOINCREMENT", " PRIMARY KEY",
	" AUTO_INCREMENT PRIMARY KEY" };

const char *
user_column_name(enum user_column column)
{
	return columns[column].name;
}

bool
user_column_is_given(enum user_column column)
{
	return column != COLUMN_ID && column != COLUMN_USED_QUOTA_SIZE &&
	       column != COLUMN_USED_QUOTA_FILES && column != COLUMN_LAST_QUOTA_UPDATE &&
	       column != COLUMN_LAST_LOGIN;
}

bool
user_column_is_updated(enum user_column column)
{
	return user_column_is_given(column) && column != COLUMN_USERNAME;
}

bool
schema_name_is_good(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 63 || (name[0] >= '0' && name[0] <= '9'))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

static bool
is_qualified_name(const char *name)
{
	const char *dot = strchr(name, '.');
	char schema[64] = "";

	if (dot == NULL || dot - name >= (ptrdiff_t)sizeof(schema))
		return false;
	memcpy(schema, name, (size_t)(dot - name));
	return schema_name_is_good(schema) && schema_name_is_good(dot + 1);
}

int
schema_table_name(
    enum sql_dialect dialect, const char *setting, char **out, struct failure *failure)
{
	const char *name = setting == NULL || setting[0] == '\0' ? "users" : setting;

	*out = NULL;
	if (!schema_name_is_good(name) && (dialect == SQL_SQLITE || !is_qualified_name(name)))
		return failure_set(failure, ERR_INVALID,
		    "data_provider.users_table \"%s\" is not a "
		    "name of a table: it must be made of letters, digits and _",
		    name);
	*out = strdup(name);
	return *out == NULL ? ERR_MEMORY : 0;
}

void
sql_name(enum sql_dialect dialect, const char *name, struct buf *out)
{
	uint8_t quote = dialect == SQL_MYSQL ? '`' : '"';

	buf_u8(out, quote);
	for (; *name != '\0'; name++) {
		if (*name == '.')
			buf_printf(out, "%c.%c", quote, quote);
		else
			buf_u8(out, (uint8_t)*name);
	}
	buf_u8(out, quote);
}

/* --- what is there --- */

void
schema_note_column(struct schema_state *state, const char *name)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (strcasecmp(name, columns[i].name) == 0)
			state->has_column[i] = true;
	}
}

/* The first column that is missing and that no version was without; NULL when there is none. */
static const char *
missing_column(const struct schema_state *state)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (!state->has_column[i] && columns[i].absent == NULL)
			return columns[i].name;
	}
	return NULL;
}

int
schema_check(const struct schema_state *state, const char *table, const char *database,
    struct failure *failure)
{
	const char *missing = missing_column(state);

	if (state->has_version && state->version > SCHEMA_VERSION)
		return failure_set(failure, ERR_FORMAT,
		    "%s has schema version %d; this program knows versions up to %d", database,
		    state->version, SCHEMA_VERSION);
	if (!state->has_table && state->has_other_tables)
		return failure_set(failure, ERR_FORMAT,
		    "%s has other tables, but no table \"%s\"; correct data_provider.name or "
		    "data_provider.users_table",
		    database, table);
	if (state->has_table && missing != NULL)
		return failure_set(failure, ERR_FORMAT,
		    "the table \"%s\" of %s has no column \"%s\" and so is not a table of users; "
		    "correct data_provider.users_table",
		    table, database, missing);
	return 0;
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

/* --- making and completing --- */

static void
write_column(enum sql_dialect dialect, const struct column *column, struct buf *sql)
{
	sql_name(dialect, column->name, sql);
	buf_printf(sql, " %s %s", types[column->type][dialect], column->null);
	if (column->type == TYPE_ID)
		buf_text(sql, id_suffix[dialect]);
	if (column->type == TYPE_USERNAME)
		buf_text(sql, " UNIQUE");
}

static void
create_table(const struct schema_upgrade *upgrade, struct buf *sql)
{
	buf_text(sql, "CREATE TABLE ");
	sql_name(upgrade->dialect, upgrade->table, sql);
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		buf_text(sql, i == 0 ? " (" : ", ");
		write_column(upgrade->dialect, &columns[i], sql);
	}
	buf_u8(sql, ')');
}

static void
add_column(const struct schema_upgrade *upgrade, const struct column *column, struct buf *sql)
{
	buf_text(sql, "ALTER TABLE ");
	sql_name(upgrade->dialect, upgrade->table, sql);
	buf_text(sql, " ADD COLUMN ");
	write_column(upgrade->dialect, column, sql);
	if (column->default_ != NULL)
		buf_printf(sql, " DEFAULT %s", column->default_);
}

static void
activate_all(const struct schema_upgrade *upgrade, struct buf *sql)
{
	buf_text(sql, "UPDATE ");
	sql_name(upgrade->dialect, upgrade->table, sql);
	buf_text(sql, " SET ");
	sql_name(upgrade->dialect, "status", sql);
	buf_text(sql, " = 1");
}

static void
create_version_table(const struct schema_upgrade *upgrade, struct buf *sql)
{
	static const struct column version = { "version", TYPE_INTEGER, "NOT NULL", NULL, NULL };

	buf_text(sql, "CREATE TABLE IF NOT EXISTS schema_version (");
	write_column(upgrade->dialect, &columns[COLUMN_ID], sql);
	buf_text(sql, ", ");
	write_column(upgrade->dialect, &version, sql);
	buf_u8(sql, ')');
}

/* The steps after those of the columns, which have the columns' numbers. */
enum { STEP_ACTIVATE = COLUMN_COUNT, STEP_VERSION_TABLE, STEP_VERSION, STEPS };

/* Appends nothing when the step has nothing to do. */
static void
write_step(const struct schema_upgrade *upgrade, unsigned step, struct buf *sql)
{
	const struct schema_state *state = upgrade->state;

	if (step < COLUMN_COUNT && state->has_table && !state->has_column[step])
		add_column(upgrade, &columns[step], sql);
	else if (step == 0 && !state->has_table)
		create_table(upgrade, sql);
	else if (step == STEP_ACTIVATE && state->has_table && !state->has_column[COLUMN_STATUS])
		activate_all(upgrade, sql);
	else if (step == STEP_VERSION_TABLE)
		create_version_table(upgrade, sql);
	else if (step == STEP_VERSION && state->has_version)
		buf_printf(sql, "UPDATE schema_version SET version = %d", SCHEMA_VERSION);
	else if (step == STEP_VERSION)
		buf_printf(sql, "INSERT INTO schema_version (version) VALUES (%d)", SCHEMA_VERSION);
}

bool
schema_upgrade_next(struct schema_upgrade *upgrade, struct buf *sql)
{
	size_t before = sql->n;

	while (upgrade->step < STEPS && sql->n == before && buf_error(sql) == 0)
		write_step(upgrade, upgrade->step++, sql);
	if (sql->n == before)
		return false;
	buf_u8(sql, '\0');
	return true;
}

void
schema_select_list(enum sql_dialect dialect, const struct schema_state *state, struct buf *out)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (i > 0)
			buf_text(out, ", ");
		if (state->has_column[i])
			sql_name(dialect, columns[i].name, out);
		else
			buf_text(out, columns[i].absent);
	}
}
