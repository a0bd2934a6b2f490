#include "accounts/sqlite_schema.h"

#include <string.h>

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

	schema_note_column(inspection->state, name);
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
sqlite_schema_inspect(sqlite3 *db, const char *table, struct schema_state *out)
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

int
sqlite_schema_upgrade(sqlite3 *db, const char *table, const struct schema_state *state)
{
	struct schema_upgrade upgrade = { .dialect = SQL_SQLITE, .table = table, .state = state };
	struct buf sql = buf_init(16384);
	int rc = SQLITE_OK;

	while (rc == SQLITE_OK && schema_upgrade_next(&upgrade, &sql)) {
		rc = buf_error(&sql) != 0 ? SQLITE_NOMEM
					  : sqlite3_exec(db, (const char *)sql.p, NULL, NULL, NULL);
		buf_clear(&sql);
	}
	buf_free(&sql);
	return rc;
}
