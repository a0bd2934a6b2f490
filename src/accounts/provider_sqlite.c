/* The driver "sqlite": accounts in one file. */
#include "accounts/provider_ops.h"
#include "accounts/sql_row.h"
#include "accounts/sqlite_store.h"

#include <string.h>

static int
sqlite_open(
    struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	struct sqlite_store *store;
	int err = sqlite_store_open(config, &store, failure);

	provider->store = store;
	return err;
}

static void
sqlite_close(struct provider *provider)
{
	struct sqlite_store *store = provider->store;

	provider->store = NULL;
	sqlite_store_close(&store);
}

/* --- running statements: the lock is held from statement_begin() to statement_end() --- */

static sqlite3_stmt *
statement_begin(struct sqlite_store *store, enum sql_statement number)
{
	pthread_mutex_lock(&store->lock);
	return store->statements[number];
}

static void
statement_end(struct sqlite_store *store, sqlite3_stmt *statement)
{
	/* The result was seen when it was stepped. */
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	pthread_mutex_unlock(&store->lock);
}

/* Runs a statement without rows whose parameters are bound; changed_out may be NULL. */
static int
run(struct sqlite_store *store, sqlite3_stmt *statement, int bound, int *changed_out,
    struct failure *failure)
{
	int rc = bound == SQLITE_OK ? sqlite3_step(statement) : bound;

	if (rc != SQLITE_DONE)
		return sqlite_store_failure(store, rc, failure);
	if (changed_out != NULL)
		*changed_out = sqlite3_changes(store->db);
	return 0;
}

/*
 * The same for what may be lost with the power: in write-ahead mode it is not synced by itself,
 * but with the next change of an account.
 */
static int
run_lightly(struct sqlite_store *store, sqlite3_stmt *statement, int bound, int *changed_out,
    struct failure *failure)
{
	int err;

	if (store->has_wal)
		(void)sqlite3_exec(store->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	err = run(store, statement, bound, changed_out, failure);
	/* The setting cannot change while the statement is still open. */
	(void)sqlite3_reset(statement);
	if (store->has_wal)
		(void)sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return err;
}

static int
read_row(sqlite3_stmt *query, struct user **out, struct failure *failure)
{
	struct sql_value row[COLUMN_COUNT] = { 0 };

	*out = NULL;
	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (sqlite3_column_type(query, i) == SQLITE_NULL)
			continue;
		if (user_column_is_number((enum user_column)i)) {
			row[i].kind = SQL_NUMBER;
			row[i].number = sqlite3_column_int64(query, i);
		} else {
			row[i].kind = SQL_TEXT;
			row[i].text.p = sqlite3_column_text(query, i);
			row[i].text.n = (size_t)sqlite3_column_bytes(query, i);
			if (row[i].text.p == NULL)
				return ERR_MEMORY;
		}
	}
	return sql_row_read(row, out, failure);
}

/* Takes the one row of a query; ERR_NOT_FOUND without a text when there is none. */
static int
take_row(struct sqlite_store *store, sqlite3_stmt *query, int bound, struct user **out,
    struct failure *failure)
{
	int rc = bound == SQLITE_OK ? sqlite3_step(query) : bound;

	if (rc == SQLITE_ROW)
		return read_row(query, out, failure);
	return rc == SQLITE_DONE ? ERR_NOT_FOUND : sqlite_store_failure(store, rc, failure);
}

static int
take_rows(struct sqlite_store *store, sqlite3_stmt *query, int bound, struct user_list *out,
    struct failure *failure)
{
	int rc = bound, err = 0;

	if (rc != SQLITE_OK)
		return sqlite_store_failure(store, rc, failure);
	while (err == 0 && (rc = sqlite3_step(query)) == SQLITE_ROW) {
		struct user *user = NULL;

		if ((err = read_row(query, &user, failure)) == 0)
			err = user_list_give(out, &user);
		user_free(&user);
	}
	if (err != 0)
		return err;
	return rc == SQLITE_DONE ? 0 : sqlite_store_failure(store, rc, failure);
}

static int
bind_name(sqlite3_stmt *statement, int parameter, const char *name)
{
	return sqlite3_bind_text(statement, parameter, name, -1, SQLITE_STATIC);
}

/* --- operations --- */

static int
sqlite_check(struct provider *provider, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *query = statement_begin(store, SQL_CHECK);
	int rc = sqlite3_step(query), err = 0;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = sqlite_store_failure(store, rc, failure);
	statement_end(store, query);
	return err;
}

static int
sqlite_find(
    struct provider *provider, const char *username, struct user **out, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *query = statement_begin(store, SQL_FIND_NAME);
	int err = take_row(store, query, bind_name(query, 1, username), out, failure);

	statement_end(store, query);
	return err == ERR_NOT_FOUND ? provider_no_such_name(username, failure) : err;
}

static int
sqlite_find_id(struct provider *provider, int64_t id, struct user **out, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *query = statement_begin(store, SQL_FIND_ID);
	int err = take_row(store, query, sqlite3_bind_int64(query, 1, id), out, failure);

	statement_end(store, query);
	return err == ERR_NOT_FOUND ? provider_no_such_id(id, failure) : err;
}

static int
sqlite_list(struct provider *provider, const struct provider_query *query, struct user_list *out,
    struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	const char *text;
	sqlite3_stmt *statement = statement_begin(store, sql_statement_of_query(query, &text));
	int err, parameter = 1, rc = SQLITE_OK;

	if (text != NULL)
		rc = bind_name(statement, parameter++, text);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, parameter++, query->limit);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, parameter, query->offset);
	err = take_rows(store, statement, rc, out, failure);
	statement_end(store, statement);
	return err;
}

static int
sqlite_all(struct provider *provider, struct user_list *out, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *query = statement_begin(store, SQL_ALL);
	int err = take_rows(store, query, SQLITE_OK, out, failure);

	statement_end(store, query);
	return err;
}

/* What SQLite itself says, which REST clients know. */
static int
sqlite_taken(struct provider *provider, const char *username, struct failure *failure)
{
	struct sqlite_store *store = provider->store;

	(void)username;
	return failure_set(
	    failure, ERR_EXISTS, "UNIQUE constraint failed: %s.username", store->table);
}

/* The parameters must live until the statement has run. */
static int
bind_all(sqlite3_stmt *statement, const struct sql_parameters *parameters)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < parameters->count && rc == SQLITE_OK; i++) {
		const struct sql_value *value = &parameters->values[i];
		int place = (int)i + 1;

		if (value->kind == SQL_NUMBER)
			rc = sqlite3_bind_int64(statement, place, value->number);
		else
			rc = sqlite3_bind_text64(statement, place,
			    value->text.n == 0 ? "" : (const char *)value->text.p, value->text.n,
			    SQLITE_STATIC, SQLITE_UTF8);
	}
	return rc;
}

static int
sqlite_add(struct provider *provider, struct user *user, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	struct sql_parameters parameters;
	sqlite3_stmt *statement;
	int err;

	sql_parameters_init(&parameters);
	err = sql_parameters_user(&parameters, user, user_column_is_given);
	statement = statement_begin(store, SQL_ADD);
	if (err == 0)
		err = run(store, statement, bind_all(statement, &parameters), NULL, failure);
	if (err == 0) {
		user->id = sqlite3_last_insert_rowid(store->db);
		user->used_quota_size = user->used_quota_files = 0;
		user->last_quota_update = user->last_login = 0;
	} else if (sqlite3_extended_errcode(store->db) == SQLITE_CONSTRAINT_UNIQUE) {
		err = ERR_EXISTS;
	}
	statement_end(store, statement);
	sql_parameters_free(&parameters);
	return err == ERR_EXISTS ? sqlite_taken(provider, user->username, failure) : err;
}

static bool
is_any(enum user_column column)
{
	(void)column;
	return true;
}

static int
load_one(struct sqlite_store *store, sqlite3_stmt *statement, const struct user *user,
    struct failure *failure)
{
	struct sql_parameters parameters;
	int err;

	sql_parameters_init(&parameters);
	err = sql_parameters_user(&parameters, user, is_any);
	if (err == 0)
		err = run(store, statement, bind_all(statement, &parameters), NULL, failure);
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	sql_parameters_free(&parameters);
	return err;
}

static int
sqlite_load(struct provider *provider, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *statement = statement_begin(store, SQL_LOAD);
	int rc = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL), err = 0;

	for (size_t i = 0; i < users->count && rc == SQLITE_OK && err == 0; i++) {
		provider_tell_progress(progress, i);
		err = load_one(store, statement, users->items[i], failure);
	}
	if (rc == SQLITE_OK && err == 0)
		rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		err = sqlite_store_failure(store, rc, failure);
	if (sqlite3_get_autocommit(store->db) == 0)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	statement_end(store, statement);
	return err;
}

static int
sqlite_update(struct provider *provider, const struct user *user, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	struct sql_parameters parameters;
	sqlite3_stmt *statement;
	int changed = 0, err;

	sql_parameters_init(&parameters);
	err = sql_parameters_user(&parameters, user, user_column_is_updated);
	sql_parameters_number(&parameters, user->id);
	statement = statement_begin(store, SQL_UPDATE);
	if (err == 0)
		err = run(store, statement, bind_all(statement, &parameters), &changed, failure);
	statement_end(store, statement);
	sql_parameters_free(&parameters);
	return err == 0 && changed == 0 ? provider_no_such_id(user->id, failure) : err;
}

static int
sqlite_remove(struct provider *provider, int64_t id, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *statement = statement_begin(store, SQL_REMOVE);
	int err = run(store, statement, sqlite3_bind_int64(statement, 1, id), NULL, failure);

	statement_end(store, statement);
	return err;
}

static int
sqlite_touch_login(
    struct provider *provider, const char *username, int64_t now_ms, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *statement = statement_begin(store, SQL_TOUCH_LOGIN);
	int changed = 0, err, rc = sqlite3_bind_int64(statement, 1, now_ms);

	if (rc == SQLITE_OK)
		rc = bind_name(statement, 2, username);
	err = run_lightly(store, statement, rc, &changed, failure);
	statement_end(store, statement);
	return err == 0 && changed == 0 ? provider_no_such_name(username, failure) : err;
}

static int
bind_quota(
    sqlite3_stmt *statement, const char *username, struct provider_quota quota, int64_t now_ms)
{
	int rc = sqlite3_bind_int64(statement, 1, quota.bytes);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 2, quota.files);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 3, now_ms);
	if (rc == SQLITE_OK)
		rc = bind_name(statement, 4, username);
	return rc;
}

static int
sqlite_quota_add(struct provider *provider, const char *username, struct provider_quota delta,
    int64_t now_ms, bool only_limited, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *statement = statement_begin(store, SQL_QUOTA_ADD);
	int changed = 0, err, rc = bind_quota(statement, username, delta, now_ms);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(statement, 5, only_limited ? 1 : 0);
	err = run_lightly(store, statement, rc, &changed, failure);
	statement_end(store, statement);
	return err == 0 && changed == 0 && !only_limited ? provider_no_such_name(username, failure)
							 : err;
}

static int
sqlite_quota_set(struct provider *provider, const char *username, struct provider_quota used,
    int64_t now_ms, struct failure *failure)
{
	struct sqlite_store *store = provider->store;
	sqlite3_stmt *statement = statement_begin(store, SQL_QUOTA_SET);
	int changed = 0, rc = bind_quota(statement, username, used, now_ms);
	int err = run_lightly(store, statement, rc, &changed, failure);

	statement_end(store, statement);
	return err == 0 && changed == 0 ? provider_no_such_name(username, failure) : err;
}

static int
sqlite_reload(struct provider *provider, struct failure *failure)
{
	(void)provider;
	(void)failure;
	return 0;
}

const struct provider_ops provider_sqlite_ops = {
	.driver = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.check = sqlite_check,
	.find = sqlite_find,
	.find_id = sqlite_find_id,
	.list = sqlite_list,
	.all = sqlite_all,
	.add = sqlite_add,
	.load = sqlite_load,
	.update = sqlite_update,
	.remove = sqlite_remove,
	.touch_login = sqlite_touch_login,
	.quota_add = sqlite_quota_add,
	.quota_set = sqlite_quota_set,
	.reload = sqlite_reload,
	.taken = sqlite_taken,
};
