/*
 * The postgresql and mysql drivers. What one asks the other is asked as well: they differ in
 * sql_client_postgresql and sql_client_mysql alone.
 */
#include "accounts/provider_ops.h"
#include "accounts/server_store.h"

#include "base/utf8.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * What provider->store points at. New settings wait in a store of their own until they work: then
 * it takes the place of the other one, whose connections are closed when nobody uses them any more.
 */
struct server {
	pthread_mutex_t lock; /* over both pointers */
	struct server_store *current;
	struct server_store *next; /* NULL: no other settings wait */
};

static const struct sql_client *
client_of(const struct provider *provider)
{
	return provider->ops == &provider_postgresql_ops ? &sql_client_postgresql
							 : &sql_client_mysql;
}

static int
server_open(struct provider *provider, const struct sql_client *client,
    const struct provider_config *config, struct failure *failure)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (server == NULL)
		return ERR_MEMORY;
	if ((err = server_store_open(client, config, &server->current, failure)) != 0) {
		free(server);
		return err;
	}
	pthread_mutex_init(&server->lock, NULL);
	provider->store = server;
	return 0;
}

static int
postgresql_open(
    struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	return server_open(provider, &sql_client_postgresql, config, failure);
}

static int
mysql_open(struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	return server_open(provider, &sql_client_mysql, config, failure);
}

static void
server_close(struct provider *provider)
{
	struct server *server = provider->store;

	provider->store = NULL;
	if (server == NULL)
		return;
	server_store_close(&server->current);
	server_store_close(&server->next);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

/* --- settings that change --- */

static struct server_store *
hold_current(struct server *server)
{
	struct server_store *store;

	pthread_mutex_lock(&server->lock);
	store = server_store_hold(server->current);
	pthread_mutex_unlock(&server->lock);
	return store;
}

/* NULL when there is none. */
static struct server_store *
hold_next(struct server *server)
{
	struct server_store *store;

	pthread_mutex_lock(&server->lock);
	store = server->next == NULL ? NULL : server_store_hold(server->next);
	pthread_mutex_unlock(&server->lock);
	return store;
}

/* The store that waits takes the other's place, unless it has been replaced meanwhile. */
static void
promote(struct server *server, const struct server_store *store)
{
	struct server_store *old = NULL;

	pthread_mutex_lock(&server->lock);
	if (server->next == store) {
		old = server->current;
		server->current = server->next;
		server->next = NULL;
	}
	pthread_mutex_unlock(&server->lock);
	server_store_close(&old);
}

static int
server_change(
    struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	struct server *server = provider->store;
	struct server_store *store, *old;
	int err = server_store_new(client_of(provider), config, &store, failure);

	if (err != 0)
		return err;
	pthread_mutex_lock(&server->lock);
	old = server->next;
	server->next = store;
	pthread_mutex_unlock(&server->lock);
	server_store_close(&old);
	return 0;
}

static int
server_try_change(struct provider *provider, struct failure *failure)
{
	struct sql_call call = { .number = SQL_CHECK };
	struct server_store *next = hold_next(provider->store);
	int err;

	if (next == NULL)
		return failure_set(failure, ERR_NOT_FOUND, "no other settings wait");
	if ((err = server_store_run(next, &call, failure)) == 0)
		promote(provider->store, next);
	server_store_close(&next);
	return err;
}

static int
run_once(struct provider *provider, struct sql_call *call, struct failure *failure)
{
	struct server_store *store = hold_current(provider->store);
	int err = server_store_run(store, call, failure);

	server_store_close(&store);
	return err;
}

/* Where the server takes the old settings no more, it may take the new ones. */
static int
run(struct provider *provider, struct sql_call *call, struct failure *failure)
{
	int err = run_once(provider, call, failure);

	if (err == ERR_UNAVAILABLE && server_try_change(provider, NULL) == 0 &&
	    server_store_is_repeatable(call->number))
		err = run_once(provider, call, failure);
	return err;
}

/* --- reading --- */

static int
server_check(struct provider *provider, struct failure *failure)
{
	struct sql_call call = { .number = SQL_CHECK };

	return run(provider, &call, failure);
}

static int
give_row(void *data, const struct sql_value *values, size_t count, struct failure *failure)
{
	struct user_list *list = data;
	struct user *user = NULL;
	int err;

	if (count != COLUMN_COUNT)
		return failure_set(failure, ERR_FORMAT, "a row has %zu columns", count);
	if ((err = sql_row_read(values, &user, failure)) == 0)
		err = user_list_give(list, &user);
	user_free(&user);
	return err;
}

/* Runs a query of rows; a second try starts with an empty list again. */
static int
query(struct provider *provider, enum sql_statement number, const struct sql_parameters *parameters,
    struct user_list *out, struct failure *failure)
{
	struct sql_call call = {
		.number = number, .parameters = parameters, .on_row = give_row, .data = out
	};
	int err = run(provider, &call, failure);

	if (err != 0)
		user_list_free(out);
	return err;
}

/* ERR_NOT_FOUND without a text when there is no row. */
static int
query_one(struct provider *provider, enum sql_statement number,
    const struct sql_parameters *parameters, struct user **out, struct failure *failure)
{
	struct user_list list = { 0 };
	int err = query(provider, number, parameters, &list, failure);

	if (err == 0 && list.count == 0)
		err = ERR_NOT_FOUND;
	if (err == 0) {
		*out = list.items[0];
		list.items[0] = NULL;
	}
	user_list_free(&list);
	return err;
}

/* False for what no such database can hold, and would complain about. */
static bool
is_possible_name(const char *username)
{
	return utf8_valid(view_of(username));
}

static int
server_find(
    struct provider *provider, const char *username, struct user **out, struct failure *failure)
{
	struct sql_parameters parameters;
	int err = ERR_NOT_FOUND;

	sql_parameters_init(&parameters);
	sql_parameters_text(&parameters, username);
	if (is_possible_name(username))
		err = query_one(provider, SQL_FIND_NAME, &parameters, out, failure);
	/* A database may take "Bob" or "bob " for "bob"; we do not. */
	if (err == 0 && strcmp((*out)->username, username) != 0) {
		user_free(out);
		err = ERR_NOT_FOUND;
	}
	sql_parameters_free(&parameters);
	return err == ERR_NOT_FOUND ? provider_no_such_name(username, failure) : err;
}

static int
server_find_id(struct provider *provider, int64_t id, struct user **out, struct failure *failure)
{
	struct sql_parameters parameters;
	int err = ERR_NOT_FOUND;

	sql_parameters_init(&parameters);
	sql_parameters_number(&parameters, id);
	/* Beyond the column's range, where PostgreSQL complains. */
	if (id > 0 && id <= INT32_MAX)
		err = query_one(provider, SQL_FIND_ID, &parameters, out, failure);
	sql_parameters_free(&parameters);
	return err == ERR_NOT_FOUND ? provider_no_such_id(id, failure) : err;
}

/* Where the database takes two names for one, only the very one is the user's. */
static void
keep_exact(struct user_list *list, const char *username)
{
	if (list->count > 0 && strcmp(list->items[0]->username, username) != 0)
		user_list_free(list);
}

static int
server_list(struct provider *provider, const struct provider_query *asked, struct user_list *out,
    struct failure *failure)
{
	const char *text;
	enum sql_statement number = sql_statement_of_query(asked, &text);
	struct sql_parameters parameters;
	int err;

	if (text != NULL && !is_possible_name(text))
		return 0;
	sql_parameters_init(&parameters);
	if (text != NULL)
		sql_parameters_text(&parameters, text);
	sql_parameters_number(&parameters, asked->limit < 0 ? INT64_MAX : asked->limit);
	sql_parameters_number(&parameters, asked->offset < 0 ? 0 : asked->offset);
	err = query(provider, number, &parameters, out, failure);
	if (err == 0 && number == SQL_LIST_NAME)
		keep_exact(out, asked->username);
	sql_parameters_free(&parameters);
	return err;
}

static int
server_all(struct provider *provider, struct user_list *out, struct failure *failure)
{
	return query(provider, SQL_ALL, NULL, out, failure);
}

/* --- writing --- */

/* What the server itself says, which REST clients know. */
static int
server_taken(struct provider *provider, const char *username, struct failure *failure)
{
	struct server_store *store = hold_current(provider->store);
	int err = ERR_EXISTS;

	if (server_store_dialect(store) == SQL_POSTGRESQL) {
		err = failure_set(failure, err,
		    "pq: duplicate key value violates unique constraint \"%s_username_key\"",
		    server_store_table(store));
		server_store_close(&store);
		return err;
	}
	server_store_close(&store);
	return failure_set(
	    failure, ERR_EXISTS, "Error 1062: Duplicate entry '%s' for key 'username'", username);
}

static int
take_id(void *data, const struct sql_value *values, size_t count, struct failure *failure)
{
	int64_t *id = data;

	(void)failure;
	*id = 0;
	for (size_t i = 0; count == 1 && i < values[0].text.n; i++)
		*id = 10 * *id + (values[0].text.p[i] - '0');
	return 0;
}

static int
server_add(struct provider *provider, struct user *user, struct failure *failure)
{
	struct sql_parameters parameters;
	int64_t id = 0;
	struct sql_call call = {
		.number = SQL_ADD, .parameters = &parameters, .on_row = take_id, .data = &id
	};
	int err;

	sql_parameters_init(&parameters);
	err = sql_parameters_user(&parameters, user, user_column_is_given);
	if (err == 0)
		err = run(provider, &call, failure);
	if (err == 0) {
		user->id = id != 0 ? id : call.id;
		user->used_quota_size = user->used_quota_files = 0;
		user->last_quota_update = user->last_login = 0;
	}
	sql_parameters_free(&parameters);
	return err == ERR_EXISTS ? server_taken(provider, user->username, failure) : err;
}

static int
server_load(struct provider *provider, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure)
{
	struct server_store *store = hold_current(provider->store);
	int err = server_store_load(store, users, progress, failure);

	server_store_close(&store);
	return err;
}

static int
server_update(struct provider *provider, const struct user *user, struct failure *failure)
{
	struct sql_parameters parameters;
	struct sql_call call = { .number = SQL_UPDATE, .parameters = &parameters };
	int err;

	if (user->id <= 0 || user->id > INT32_MAX)
		return provider_no_such_id(user->id, failure);
	sql_parameters_init(&parameters);
	err = sql_parameters_user(&parameters, user, user_column_is_updated);
	sql_parameters_number(&parameters, user->id);
	if (err == 0)
		err = run(provider, &call, failure);
	sql_parameters_free(&parameters);
	return err == 0 && call.changed == 0 ? provider_no_such_id(user->id, failure) : err;
}

static int
server_remove(struct provider *provider, int64_t id, struct failure *failure)
{
	struct sql_parameters parameters;
	struct sql_call call = { .number = SQL_REMOVE, .parameters = &parameters };
	int err = 0;

	sql_parameters_init(&parameters);
	sql_parameters_number(&parameters, id);
	if (id > 0 && id <= INT32_MAX)
		err = run(provider, &call, failure);
	sql_parameters_free(&parameters);
	return err;
}

/* Runs a statement that ends in WHERE username = ?; `or_less`: finding no row is no failure. */
static int
change_by_name(struct provider *provider, enum sql_statement number,
    const struct sql_parameters *parameters, const char *username, bool or_less,
    struct failure *failure)
{
	struct sql_call call = { .number = number, .parameters = parameters };
	int err = ERR_NOT_FOUND;

	if (is_possible_name(username))
		err = run(provider, &call, failure);
	if (err == ERR_NOT_FOUND || (err == 0 && call.changed == 0 && !or_less))
		return provider_no_such_name(username, failure);
	return err;
}

static int
server_touch_login(
    struct provider *provider, const char *username, int64_t now_ms, struct failure *failure)
{
	struct sql_parameters parameters;
	int err;

	sql_parameters_init(&parameters);
	sql_parameters_number(&parameters, now_ms);
	sql_parameters_text(&parameters, username);
	err = change_by_name(provider, SQL_TOUCH_LOGIN, &parameters, username, false, failure);
	sql_parameters_free(&parameters);
	return err;
}

static void
add_quota_parameters(struct sql_parameters *parameters, const char *username,
    struct provider_quota quota, int64_t now_ms)
{
	sql_parameters_number(parameters, quota.bytes);
	sql_parameters_number(parameters, quota.files);
	sql_parameters_number(parameters, now_ms);
	sql_parameters_text(parameters, username);
}

static int
server_quota_add(struct provider *provider, const char *username, struct provider_quota delta,
    int64_t now_ms, bool only_limited, struct failure *failure)
{
	struct sql_parameters parameters;
	int err;

	sql_parameters_init(&parameters);
	add_quota_parameters(&parameters, username, delta, now_ms);
	sql_parameters_number(&parameters, only_limited ? 1 : 0);
	err = change_by_name(provider, SQL_QUOTA_ADD, &parameters, username, only_limited, failure);
	sql_parameters_free(&parameters);
	return err;
}

static int
server_quota_set(struct provider *provider, const char *username, struct provider_quota used,
    int64_t now_ms, struct failure *failure)
{
	struct sql_parameters parameters;
	int err;

	sql_parameters_init(&parameters);
	add_quota_parameters(&parameters, username, used, now_ms);
	err = change_by_name(provider, SQL_QUOTA_SET, &parameters, username, false, failure);
	sql_parameters_free(&parameters);
	return err;
}

static int
server_reload(struct provider *provider, struct failure *failure)
{
	(void)provider;
	(void)failure;
	return 0;
}

#define SERVER_OPS                                                                                 \
	.close = server_close, .check = server_check, .find = server_find,                         \
	.find_id = server_find_id, .list = server_list, .all = server_all, .add = server_add,      \
	.load = server_load, .update = server_update, .remove = server_remove,                     \
	.touch_login = server_touch_login, .quota_add = server_quota_add,                          \
	.quota_set = server_quota_set, .reload = server_reload, .taken = server_taken,             \
	.change = server_change, .try_change = server_try_change

const struct provider_ops provider_postgresql_ops = {
	.driver = "postgresql", .open = postgresql_open, SERVER_OPS
};
const struct provider_ops provider_mysql_ops = {
	.driver = "mysql", .open = mysql_open, SERVER_OPS
};
