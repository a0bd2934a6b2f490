#include "accounts/server_store.h"

#include "accounts/provider_ops.h"
#include "accounts/sql_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_MAX = 512, TRIES = 10 };

struct server_store {
	atomic_uint holders;
	const struct sql_client *client;
	struct sql_settings settings;
	struct sql_pool *pool;
	char *table;
	char where[WHERE_MAX]; /* "the PostgreSQL database \"users\" on db.example:5432" */
	bool writes;
	pthread_mutex_t schema_lock;
	atomic_bool is_ready; /* tables were seen to, and the statements are written */
	char *statements[SQL_STATEMENT_COUNT];
};

void
sql_one_line(const char *message, char *out, size_t size)
{
	size_t n = 0;

	for (; *message != '\0' && n + 1 < size; message++) {
		if ((*message == '\n' || *message == '\t') && n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
		else if ((unsigned char)*message >= ' ')
			out[n++] = *message;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* Puts the server's text into a sentence, and gives the code of provider.h for a client's. */
static int
tell(
    const struct server_store *store, int err, const struct failure *inner, struct failure *failure)
{
	switch (err) {
	case ERR_MEMORY: return err;
	case ERR_AGAIN:
	case ERR_TIMEOUT:
	case ERR_UNAVAILABLE:
		return failure_set(failure, ERR_UNAVAILABLE,
		    "%s does not answer: %s; see that the server runs and that the settings of "
		    "data_provider fit",
		    store->where, inner->text);
	case ERR_NOT_FOUND:
		return failure_set(failure, ERR_FORMAT,
		    "the table \"%s\" of %s is not there: %s; \"postern initprovider\" makes it",
		    store->table, store->where, inner->text);
	case ERR_INVALID:
		return failure_invalid(failure, "the database cannot store this: %s", inner->text);
	case ERR_EXISTS: return failure_set(failure, err, "%s", inner->text);
	case ERR_FORMAT: return failure_set(failure, err, "%s", inner->text);
	default: return failure_set(failure, ERR_IO, "%s: %s", store->where, inner->text);
	}
}

/* --- the tables --- */

static void
note_column(void *data, const char *name)
{
	schema_note_column(data, name);
}

static int
note_version(void *data, const struct sql_value *values, size_t count, struct failure *failure)
{
	struct schema_state *state = data;

	(void)failure;
	state->has_version = true;
	if (count > 0 && values[0].kind == SQL_NUMBER)
		state->version = (int)values[0].number;
	else if (count > 0 && values[0].kind == SQL_TEXT && values[0].text.n > 0 &&
		 values[0].text.n < 9)
		for (size_t i = 0; i < values[0].text.n; i++)
			state->version = 10 * state->version + (values[0].text.p[i] - '0');
	return 0;
}

/* Looks at a table's columns, or rows, without one being there. */
static int
look(const struct server_store *store, void *connection, const char *format, const char *table,
    struct sql_call *call, struct failure *failure)
{
	struct buf sql = buf_init(SQL_STATEMENT_BYTES_MAX), name = buf_init(256);
	int err;

	sql_name(store->client->dialect, table, &name);
	buf_u8(&name, '\0');
	if ((err = buf_error(&name)) == 0) {
		buf_printf(&sql, "SELECT %s FROM %s ", format, (const char *)name.p);
		buf_text(&sql, call->on_row != NULL ? "LIMIT 1" : "WHERE 1 = 0");
		buf_u8(&sql, '\0');
		err = buf_error(&sql);
	}
	if (err == 0) {
		call->number = -1;
		call->text = (const char *)sql.p;
		err = store->client->run(connection, call, failure);
	}
	buf_free(&sql);
	buf_free(&name);
	return err;
}

static int
inspect(const struct server_store *store, void *connection, struct schema_state *state,
    struct failure *failure)
{
	struct sql_call columns = { .on_column = note_column, .data = state };
	struct sql_call version = { .on_row = note_version, .data = state };
	int err;

	*state = (struct schema_state){ 0 };
	err = look(store, connection, "*", store->table, &columns, failure);
	state->has_table = err == 0;
	if (err == 0 || err == ERR_NOT_FOUND)
		err = look(store, connection, "version", "schema_version", &version, failure);
	/* One who may only read may not know about the other table either. */
	return err == ERR_NOT_FOUND || (err == ERR_IO && !store->writes) ? 0 : err;
}

static int
run_text(
    const struct server_store *store, void *connection, const char *text, struct failure *failure)
{
	struct sql_call call = { .number = -1, .text = text };

	return store->client->run(connection, &call, failure);
}

static int
upgrade(const struct server_store *store, void *connection, const struct schema_state *state,
    struct failure *failure)
{
	struct schema_upgrade steps = {
		.dialect = store->client->dialect, .table = store->table, .state = state
	};
	struct buf sql = buf_init(SQL_STATEMENT_BYTES_MAX);
	int err = run_text(store, connection, "START TRANSACTION", failure);

	while (err == 0 && schema_upgrade_next(&steps, &sql)) {
		if ((err = buf_error(&sql)) == 0)
			err = run_text(store, connection, (const char *)sql.p, failure);
		buf_clear(&sql);
	}
	buf_free(&sql);
	return err == 0 ? run_text(store, connection, "COMMIT", failure) : err;
}

/* Looks at the tables and completes them. */
static int
see_to_tables(const struct server_store *store, void *connection, struct schema_state *state,
    struct failure *failure)
{
	int err = inspect(store, connection, state, failure);

	if (err == 0)
		err = schema_check(state, store->table, store->where, failure);
	if (err == 0 && !store->writes && !state->has_table)
		return failure_set(failure, ERR_FORMAT,
		    "%s has no table \"%s\", and \"manage_users\" is 0, so that none is made",
		    store->where, store->table);
	if (err != 0 || !store->writes || !schema_is_old(state))
		return err;
	if ((err = run_text(store, connection, store->client->schema_lock, failure)) != 0)
		return err;
	/* Another server may have been faster. */
	err = inspect(store, connection, state, failure);
	if (err == 0 && schema_is_old(state)) {
		err = upgrade(store, connection, state, failure);
		if (err == 0)
			err = inspect(store, connection, state, failure);
	}
	return err;
}

static int
write_statements(struct server_store *store, const struct schema_state *state)
{
	unsigned count = store->writes ? SQL_STATEMENT_COUNT : SQL_FIRST_WRITING;
	int err = 0;

	for (unsigned i = 0; i < count && err == 0; i++) {
		struct buf sql = buf_init(SQL_STATEMENT_BYTES_MAX);

		sql_statement_write(store->client->dialect, i, store->table, state, &sql);
		if ((err = buf_error(&sql)) == 0 && store->statements[i] == NULL &&
		    (store->statements[i] = strdup((const char *)sql.p)) == NULL)
			err = ERR_MEMORY;
		buf_free(&sql);
	}
	return err;
}

/* The codes of a client, with its bare text. */
static int
prepare_once(struct server_store *store, struct failure *failure)
{
	struct schema_state state;
	void *connection = NULL;
	int err;

	/* A connection of its own, which may take longer and ends with whatever it locked. */
	err = store->client->connect(
	    &store->settings, SQL_SCHEMA_TIMEOUT_SECONDS, &connection, failure);
	if (err != 0)
		return err;
	err = see_to_tables(store, connection, &state, failure);
	if (err == 0 && (err = write_statements(store, &state)) == 0)
		atomic_store(&store->is_ready, true);
	store->client->disconnect(connection);
	return err;
}

static int
make_ready(struct server_store *store, struct failure *failure)
{
	int err = 0;

	if (atomic_load(&store->is_ready))
		return 0;
	pthread_mutex_lock(&store->schema_lock);
	if (!atomic_load(&store->is_ready))
		err = prepare_once(store, failure);
	pthread_mutex_unlock(&store->schema_lock);
	return err;
}

/* --- running --- */

bool
server_store_is_repeatable(int number)
{
	return number != SQL_ADD && number != SQL_QUOTA_ADD;
}

static int
try_once(struct server_store *store, struct sql_call *call, struct failure *failure)
{
	void *connection;
	int err;

	if ((err = make_ready(store, failure)) != 0 ||
	    (err = sql_pool_take(store->pool, &connection, failure)) != 0)
		return err;
	call->text = store->statements[call->number];
	err = store->client->run(connection, call, failure);
	sql_pool_give(store->pool, connection,
	    err == ERR_AGAIN || err == ERR_TIMEOUT || err == ERR_UNAVAILABLE);
	return err == ERR_UNAVAILABLE && server_store_is_repeatable(call->number) ? ERR_AGAIN : err;
}

int
server_store_run(struct server_store *store, struct sql_call *call, struct failure *failure)
{
	struct failure inner = { 0 };
	int err = ERR_AGAIN;

	for (unsigned i = 0; i < TRIES && (err == ERR_AGAIN || err == ERR_TIMEOUT); i++)
		err = try_once(store, call, &inner);
	return err == 0 ? 0 : tell(store, err, &inner, failure);
}

static bool
is_any(enum user_column column)
{
	(void)column;
	return true;
}

static int
load_one(
    struct server_store *store, void *connection, const struct user *user, struct failure *failure)
{
	struct sql_parameters parameters;
	struct sql_call call = {
		.number = SQL_LOAD, .text = store->statements[SQL_LOAD], .parameters = &parameters
	};
	int err;

	sql_parameters_init(&parameters);
	if ((err = sql_parameters_user(&parameters, user, is_any)) == 0)
		err = store->client->run(connection, &call, failure);
	sql_parameters_free(&parameters);
	return err;
}

/* PostgreSQL does not notice ids that it was given: its next one must be after them. */
static int
set_next_id(const struct server_store *store, void *connection, struct failure *failure)
{
	struct buf sql = buf_init(SQL_STATEMENT_BYTES_MAX);
	int err;

	if (store->client->dialect != SQL_POSTGRESQL)
		return 0;
	buf_text(&sql, "SELECT setval(pg_get_serial_sequence('");
	sql_name(SQL_POSTGRESQL, store->table, &sql);
	buf_text(&sql, "', 'id'), GREATEST(1, MAX(id))) FROM ");
	sql_name(SQL_POSTGRESQL, store->table, &sql);
	buf_u8(&sql, '\0');
	if ((err = buf_error(&sql)) == 0)
		err = run_text(store, connection, (const char *)sql.p, failure);
	buf_free(&sql);
	return err;
}

int
server_store_load(struct server_store *store, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure)
{
	struct failure inner = { 0 };
	void *connection = NULL;
	int err = make_ready(store, &inner);

	if (err == 0)
		err = store->client->connect(
		    &store->settings, SQL_SCHEMA_TIMEOUT_SECONDS, &connection, &inner);
	if (err == 0)
		err = run_text(store, connection, "START TRANSACTION", &inner);
	for (size_t i = 0; i < users->count && err == 0; i++) {
		provider_tell_progress(progress, i);
		err = load_one(store, connection, users->items[i], &inner);
	}
	if (err == 0)
		err = set_next_id(store, connection, &inner);
	if (err == 0)
		err = run_text(store, connection, "COMMIT", &inner);
	if (connection != NULL)
		store->client->disconnect(connection);
	return err == 0 ? 0 : tell(store, err, &inner, failure);
}

/* --- opening --- */

static char *
copy(const char *text)
{
	return strdup(text == NULL ? "" : text);
}

static int
copy_settings(const struct provider_config *config, struct sql_settings *out)
{
	out->host = copy(config->host);
	out->port = config->port;
	out->database = copy(config->name);
	out->username = copy(config->username);
	out->password = copy(config->password);
	out->sslmode = config->sslmode;
	out->connection_string = copy(config->connection_string);
	return out->host == NULL || out->database == NULL || out->username == NULL ||
		       out->password == NULL || out->connection_string == NULL
		   ? ERR_MEMORY
		   : 0;
}

static void
free_secret(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* PostgreSQL folds names that SFTPGo writes without quotes. */
static void
fold_table_name(struct server_store *store)
{
	if (store->client->dialect != SQL_POSTGRESQL)
		return;
	for (char *c = store->table; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
}

static void
describe(struct server_store *store)
{
	const struct sql_settings *s = &store->settings;

	/* The string has a password in it. */
	if (s->connection_string[0] != '\0')
		snprintf(store->where, sizeof(store->where),
		    "the %s database of data_provider.connection_string", store->client->server);
	else
		snprintf(store->where, sizeof(store->where), "the %s database \"%s\" on %s:%d",
		    store->client->server, s->database, s->host[0] == '\0' ? "localhost" : s->host,
		    s->port);
}

static int
set_up(
    struct server_store *store, const struct provider_config *config, struct failure *failure)
{
	unsigned max = config->pool_size < 0 ? 0 : (unsigned)config->pool_size;
	int err;

	if ((err = copy_settings(config, &store->settings)) != 0 ||
	    (err = schema_table_name(
		 store->client->dialect, config->users_table, &store->table, failure)) != 0)
		return err;
	fold_table_name(store);
	describe(store);
	if ((err = store->client->prepare(&store->settings, failure)) != 0)
		return err;
	return sql_pool_new(store->client, &store->settings, max, &store->pool);
}

int
server_store_new(const struct sql_client *client, const struct provider_config *config,
    struct server_store **out, struct failure *failure)
{
	struct server_store *store = calloc(1, sizeof(*store));
	int err;

	*out = store;
	if (store == NULL)
		return ERR_MEMORY;
	store->client = client;
	atomic_init(&store->holders, 1);
	store->writes = config->manage_users;
	pthread_mutex_init(&store->schema_lock, NULL);
	if ((err = set_up(store, config, failure)) != 0)
		server_store_close(out);
	return err;
}

int
server_store_open(const struct sql_client *client, const struct provider_config *config,
    struct server_store **out, struct failure *failure)
{
	struct failure inner = { 0 };
	int err = server_store_new(client, config, out, failure);

	if (err != 0)
		return err;
	err = make_ready(*out, &inner);
	if (err == 0 || err == ERR_UNAVAILABLE || err == ERR_AGAIN || err == ERR_TIMEOUT)
		return 0;
	err = tell(*out, err, &inner, failure);
	server_store_close(out);
	return err;
}

struct server_store *
server_store_hold(struct server_store *store)
{
	atomic_fetch_add(&store->holders, 1);
	return store;
}

void
server_store_close(struct server_store **store)
{
	struct server_store *s = *store;

	*store = NULL;
	if (s == NULL || atomic_fetch_sub(&s->holders, 1) > 1)
		return;
	sql_pool_free(&s->pool);
	pthread_mutex_destroy(&s->schema_lock);
	free(s->settings.host);
	free(s->settings.database);
	free(s->settings.username);
	free_secret(s->settings.password);
	free_secret(s->settings.connection_string);
	free(s->table);
	for (unsigned i = 0; i < SQL_STATEMENT_COUNT; i++)
		free(s->statements[i]);
	free(s);
}

const char *
server_store_table(const struct server_store *store)
{
	return store->table;
}

enum sql_dialect
server_store_dialect(const struct server_store *store)
{
	return store->client->dialect;
}
