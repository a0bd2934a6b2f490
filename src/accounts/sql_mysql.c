/* The SQL client for MySQL and MariaDB, over libmariadb. */
#include "accounts/library.h"
#include "accounts/mysql_dsn.h"
#include "accounts/sql_client.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Everything of MariaDB's client library that is used, loaded when a configuration names MySQL;
 * see library.h. It speaks with MySQL as well.
 */
static struct {
	__typeof__(mysql_affected_rows) *mysql_affected_rows;
	__typeof__(mysql_close) *mysql_close;
	__typeof__(mysql_errno) *mysql_errno;
	__typeof__(mysql_error) *mysql_error;
	__typeof__(mysql_fetch_fields) *mysql_fetch_fields;
	__typeof__(mysql_free_result) *mysql_free_result;
	__typeof__(mysql_get_socket) *mysql_get_socket;
	__typeof__(mysql_init) *mysql_init;
	__typeof__(mysql_num_fields) *mysql_num_fields;
	__typeof__(mysql_optionsv) *mysql_optionsv;
	__typeof__(mysql_real_connect) *mysql_real_connect;
	__typeof__(mysql_server_init) *mysql_server_init;
	__typeof__(mysql_stmt_affected_rows) *mysql_stmt_affected_rows;
	__typeof__(mysql_stmt_bind_param) *mysql_stmt_bind_param;
	__typeof__(mysql_stmt_bind_result) *mysql_stmt_bind_result;
	__typeof__(mysql_stmt_close) *mysql_stmt_close;
	__typeof__(mysql_stmt_errno) *mysql_stmt_errno;
	__typeof__(mysql_stmt_error) *mysql_stmt_error;
	__typeof__(mysql_stmt_execute) *mysql_stmt_execute;
	__typeof__(mysql_stmt_fetch) *mysql_stmt_fetch;
	__typeof__(mysql_stmt_fetch_column) *mysql_stmt_fetch_column;
	__typeof__(mysql_stmt_free_result) *mysql_stmt_free_result;
	__typeof__(mysql_stmt_init) *mysql_stmt_init;
	__typeof__(mysql_stmt_insert_id) *mysql_stmt_insert_id;
	__typeof__(mysql_stmt_prepare) *mysql_stmt_prepare;
	__typeof__(mysql_stmt_result_metadata) *mysql_stmt_result_metadata;
	__typeof__(mysql_stmt_store_result) *mysql_stmt_store_result;
} my;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(my, mysql_affected_rows),
	LIBRARY_SYMBOL(my, mysql_close),
	LIBRARY_SYMBOL(my, mysql_errno),
	LIBRARY_SYMBOL(my, mysql_error),
	LIBRARY_SYMBOL(my, mysql_fetch_fields),
	LIBRARY_SYMBOL(my, mysql_free_result),
	LIBRARY_SYMBOL(my, mysql_get_socket),
	LIBRARY_SYMBOL(my, mysql_init),
	LIBRARY_SYMBOL(my, mysql_num_fields),
	LIBRARY_SYMBOL(my, mysql_optionsv),
	LIBRARY_SYMBOL(my, mysql_real_connect),
	LIBRARY_SYMBOL(my, mysql_server_init),
	LIBRARY_SYMBOL(my, mysql_stmt_affected_rows),
	LIBRARY_SYMBOL(my, mysql_stmt_bind_param),
	LIBRARY_SYMBOL(my, mysql_stmt_bind_result),
	LIBRARY_SYMBOL(my, mysql_stmt_close),
	LIBRARY_SYMBOL(my, mysql_stmt_errno),
	LIBRARY_SYMBOL(my, mysql_stmt_error),
	LIBRARY_SYMBOL(my, mysql_stmt_execute),
	LIBRARY_SYMBOL(my, mysql_stmt_fetch),
	LIBRARY_SYMBOL(my, mysql_stmt_fetch_column),
	LIBRARY_SYMBOL(my, mysql_stmt_free_result),
	LIBRARY_SYMBOL(my, mysql_stmt_init),
	LIBRARY_SYMBOL(my, mysql_stmt_insert_id),
	LIBRARY_SYMBOL(my, mysql_stmt_prepare),
	LIBRARY_SYMBOL(my, mysql_stmt_result_metadata),
	LIBRARY_SYMBOL(my, mysql_stmt_store_result),
};

enum { COLUMNS_MAX = 64, VALUE_BYTES_MAX = 64 * 1024 * 1024, LIFETIME_MS = 1800 * 1000 };

struct connection {
	MYSQL *handle;
	MYSQL_STMT *statements[SQL_STATEMENT_COUNT];
};

static int
settings_of(const struct sql_settings *settings, struct mysql_dsn *out, struct failure *failure)
{
	if (settings->connection_string[0] != '\0')
		return mysql_dsn_parse(settings->connection_string, out, failure);
	*out = (struct mysql_dsn){
		.username = strdup(settings->username),
		.password = strdup(settings->password),
		.host = strdup(settings->host[0] == '/' ? "" : settings->host),
		.socket = strdup(settings->host[0] == '/' ? settings->host : ""),
		.database = strdup(settings->database),
		.port = settings->port == 0 ? 3306 : settings->port,
		.tls = (enum mysql_tls)settings->sslmode,
	};
	return out->username == NULL || out->password == NULL || out->host == NULL ||
		       out->socket == NULL || out->database == NULL
		   ? ERR_MEMORY
		   : 0;
}

static void
start_library(void)
{
	/* It fails when memory is short, and then so will everything after it. */
	if (my.mysql_server_init(0, NULL, NULL) != 0)
		return;
}

static int
mysql_prepare(const struct sql_settings *settings, struct failure *failure)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct mysql_dsn dsn = { 0 };
	int err = library_load("libmariadb.so.3", "libmariadb3", symbols,
	    sizeof(symbols) / sizeof(symbols[0]), failure);

	if (err == 0)
		pthread_once(&once, start_library);
	if (err == 0)
		err = settings_of(settings, &dsn, failure);
	mysql_dsn_free(&dsn);
	return err;
}

/* --- connecting --- */

static void
mysql_disconnect(void *data)
{
	struct connection *connection = data;

	for (unsigned i = 0; i < SQL_STATEMENT_COUNT; i++) {
		if (connection->statements[i] != NULL)
			my.mysql_stmt_close(connection->statements[i]);
	}
	my.mysql_close(connection->handle);
	free(connection);
}

static int
set_text(struct failure *failure, int code, const char *message)
{
	char text[FAILURE_TEXT_MAX];

	sql_one_line(message, text, sizeof(text));
	return failure_set(failure, code, "%s", text[0] == '\0' ? "no reason given" : text);
}

/* Where the system keeps the certificates of authorities; Debian's library does not look. */
static const char *
authorities(void)
{
	const char *file = getenv("SSL_CERT_FILE");

	return file != NULL && file[0] != '\0' ? file : "/etc/ssl/certs/ca-certificates.crt";
}

static void
set_options(MYSQL *handle, const struct mysql_dsn *dsn, unsigned timeout_seconds, bool with_tls)
{
	unsigned connect_seconds = SQL_TIMEOUT_SECONDS, read_seconds = timeout_seconds,
		 write_seconds = timeout_seconds, off = 0;
	my_bool enforce = with_tls, verify = with_tls && dsn->tls == MYSQL_TLS_VERIFIED;

	if (dsn->connect_seconds > 0)
		connect_seconds = (unsigned)dsn->connect_seconds;
	if (dsn->read_seconds > 0)
		read_seconds = (unsigned)dsn->read_seconds;
	if (dsn->write_seconds > 0)
		write_seconds = (unsigned)dsn->write_seconds;
	my.mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
	my.mysql_optionsv(handle, MYSQL_OPT_READ_TIMEOUT, &read_seconds);
	my.mysql_optionsv(handle, MYSQL_OPT_WRITE_TIMEOUT, &write_seconds);
	my.mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* A server must not make us read a file to it, nor take the password in the clear. */
	my.mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &off);
	my.mysql_optionsv(handle, MARIADB_OPT_RESTRICTED_AUTH,
	    "mysql_native_password,client_ed25519,parsec,caching_sha2_password,sha256_password");
	my.mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &enforce);
	my.mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	if (verify)
		my.mysql_optionsv(handle, MYSQL_OPT_SSL_CA, authorities());
}

static int
try_connect(const struct mysql_dsn *dsn, unsigned timeout_seconds, bool with_tls, MYSQL **out,
    struct failure *failure)
{
	MYSQL *handle = my.mysql_init(NULL);
	bool is_socket = dsn->socket[0] != '\0';
	int err;

	*out = NULL;
	if (handle == NULL)
		return ERR_MEMORY;
	set_options(handle, dsn, timeout_seconds, with_tls);
	/* Rows that were found count as changed, also when they were like that before. An empty
	 * host, or this name, would be a socket in a place of the library's choice. */
	if (my.mysql_real_connect(handle,
		is_socket                                                     ? "localhost"
		: dsn->host[0] == '\0' || strcmp(dsn->host, "localhost") == 0 ? "127.0.0.1"
									      : dsn->host,
		dsn->username, dsn->password, dsn->database, (unsigned)dsn->port,
		is_socket ? dsn->socket : NULL, CLIENT_FOUND_ROWS) != NULL) {
		*out = handle;
		return 0;
	}
	err = my.mysql_errno(handle) == CR_SSL_CONNECTION_ERROR ? ERR_CRYPTO : ERR_UNAVAILABLE;
	err = set_text(failure, err, my.mysql_error(handle));
	my.mysql_close(handle);
	return err;
}

static int
mysql_connect_(
    const struct sql_settings *settings, int timeout_seconds, void **out, struct failure *failure)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct mysql_dsn dsn = { 0 };
	int err = connection == NULL ? ERR_MEMORY : settings_of(settings, &dsn, failure);

	*out = NULL;
	if (err == 0)
		err = try_connect(&dsn, (unsigned)timeout_seconds, dsn.tls != MYSQL_TLS_OFF,
		    &connection->handle, failure);
	if (err == ERR_CRYPTO && dsn.tls == MYSQL_TLS_PREFERRED)
		err = try_connect(
		    &dsn, (unsigned)timeout_seconds, false, &connection->handle, failure);
	mysql_dsn_free(&dsn);
	if (err == 0)
		*out = connection;
	else
		free(connection);
	return err == ERR_CRYPTO ? ERR_UNAVAILABLE : err;
}

static bool
mysql_is_alive(void *data)
{
	struct connection *connection = data;
	struct pollfd idle = { .fd = (int)my.mysql_get_socket(connection->handle),
		.events = POLLIN };

	/* Nothing comes without being asked, but for the end. */
	return poll(&idle, 1, 0) == 0;
}

/* --- statements --- */

static int
code_of(unsigned number)
{
	switch (number) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
#ifdef CR_SERVER_LOST_EXTENDED
	case CR_SERVER_LOST_EXTENDED:
#endif
	case CR_COMMANDS_OUT_OF_SYNC: return ERR_UNAVAILABLE;
	case CR_OUT_OF_MEMORY: return ERR_MEMORY;
	case ER_LOCK_DEADLOCK:
	case ER_LOCK_WAIT_TIMEOUT: return ERR_TIMEOUT;
	/* Undone by an operator; or a statement the table outgrew. */
	case ER_SERVER_SHUTDOWN:
	case ER_CONNECTION_KILLED:
	case ER_UNKNOWN_STMT_HANDLER:
	case ER_NEED_REPREPARE: return ERR_AGAIN;
	case ER_DUP_ENTRY: return ERR_EXISTS;
	case ER_NO_SUCH_TABLE: return ERR_NOT_FOUND;
	case ER_DATA_TOO_LONG:
	case ER_WARN_DATA_OUT_OF_RANGE:
	case ER_DATA_OUT_OF_RANGE:
	case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: return ERR_INVALID;
	default: return ERR_IO;
	}
}

static int
statement_failure(MYSQL_STMT *statement, struct failure *failure)
{
	return set_text(
	    failure, code_of(my.mysql_stmt_errno(statement)), my.mysql_stmt_error(statement));
}

/* The parameters as the library takes them. The values must outlive the execution. */
static void
bind_parameters(const struct sql_parameters *parameters, MYSQL_BIND *binds, int64_t *numbers,
    unsigned long *lengths)
{
	for (size_t i = 0; i < parameters->count; i++) {
		const struct sql_value *value = &parameters->values[i];

		if (value->kind == SQL_NUMBER) {
			numbers[i] = value->number;
			binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
			binds[i].buffer = &numbers[i];
		} else {
			lengths[i] = value->text.n;
			binds[i].buffer_type = MYSQL_TYPE_STRING;
			binds[i].buffer = value->text.n == 0 ? (void *)"" : (void *)value->text.p;
			binds[i].buffer_length = value->text.n;
			binds[i].length = &lengths[i];
		}
	}
}

static int
execute(MYSQL_STMT *statement, const struct sql_call *call, struct failure *failure)
{
	MYSQL_BIND binds[SQL_PARAMETERS_MAX] = { 0 };
	unsigned long lengths[SQL_PARAMETERS_MAX] = { 0 };
	int64_t numbers[SQL_PARAMETERS_MAX] = { 0 };

	if (call->parameters != NULL && call->parameters->count > 0) {
		bind_parameters(call->parameters, binds, numbers, lengths);
		if (my.mysql_stmt_bind_param(statement, binds) != 0)
			return statement_failure(statement, failure);
	}
	if (my.mysql_stmt_execute(statement) != 0)
		return statement_failure(statement, failure);
	return 0;
}

/* Fetches one value of the current row, whose length is known, as text. */
static int
fetch_value(MYSQL_STMT *statement, unsigned column, unsigned long length, struct buf *room,
    struct failure *failure)
{
	MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_STRING };
	unsigned long got = 0;
	my_bool is_null = 0;

	buf_clear(room);
	/* One byte more: the library ends texts where it has room to. */
	bind.buffer = buf_room(room, length + 1);
	bind.buffer_length = length + 1;
	bind.length = &got;
	bind.is_null = &is_null;
	if (bind.buffer == NULL)
		return ERR_MEMORY;
	if (my.mysql_stmt_fetch_column(statement, &bind, column, 0) != 0)
		return statement_failure(statement, failure);
	return 0;
}

struct row {
	struct sql_value values[COLUMNS_MAX];
	struct buf rooms[COLUMNS_MAX];
	MYSQL_BIND binds[COLUMNS_MAX];
	unsigned long lengths[COLUMNS_MAX];
	my_bool nulls[COLUMNS_MAX];
};

static int
give_row(MYSQL_STMT *statement, struct row *row, unsigned columns, struct sql_call *call,
    struct failure *failure)
{
	int err = 0;

	for (unsigned i = 0; i < columns && err == 0; i++) {
		row->values[i] = (struct sql_value){ .kind = SQL_NULL };
		if (row->nulls[i])
			continue;
		err = fetch_value(statement, i, row->lengths[i], &row->rooms[i], failure);
		row->values[i].kind = SQL_TEXT;
		row->values[i].text = (struct view){ .p = row->rooms[i].p, .n = row->lengths[i] };
	}
	return err == 0 ? call->on_row(call->data, row->values, columns, failure) : err;
}

/*
 * First every value is fetched without room, which gives its length. The result is on this side
 * already: it cannot be cut.
 */
static int
give_rows(MYSQL_STMT *statement, unsigned columns, struct sql_call *call, struct failure *failure)
{
	struct row *row = calloc(1, sizeof(*row));
	int rc = 0, err = 0;

	if (row == NULL)
		return ERR_MEMORY;
	for (unsigned i = 0; i < columns; i++) {
		row->rooms[i] = buf_init(VALUE_BYTES_MAX);
		row->binds[i].buffer_type = MYSQL_TYPE_STRING;
		row->binds[i].length = &row->lengths[i];
		row->binds[i].is_null = &row->nulls[i];
	}
	if (my.mysql_stmt_bind_result(statement, row->binds) != 0 ||
	    my.mysql_stmt_store_result(statement) != 0)
		err = statement_failure(statement, failure);
	while (
	    err == 0 && ((rc = my.mysql_stmt_fetch(statement)) == 0 || rc == MYSQL_DATA_TRUNCATED))
		err = give_row(statement, row, columns, call, failure);
	if (err == 0 && rc != MYSQL_NO_DATA)
		err = statement_failure(statement, failure);
	for (unsigned i = 0; i < columns; i++)
		buf_free(&row->rooms[i]);
	free(row);
	return err;
}

static int
take_result(MYSQL_STMT *statement, struct sql_call *call, struct failure *failure)
{
	MYSQL_RES *meta = my.mysql_stmt_result_metadata(statement);
	const MYSQL_FIELD *fields;
	unsigned columns;
	int err = 0;

	if (meta == NULL) {
		call->changed = (int64_t)my.mysql_stmt_affected_rows(statement);
		call->id = (int64_t)my.mysql_stmt_insert_id(statement);
		return 0;
	}
	columns = my.mysql_num_fields(meta);
	fields = my.mysql_fetch_fields(meta);
	for (unsigned i = 0; i < columns && call->on_column != NULL; i++)
		call->on_column(call->data, fields[i].name);
	my.mysql_free_result(meta);
	if (call->on_row == NULL) {
		if (my.mysql_stmt_store_result(statement) != 0)
			err = statement_failure(statement, failure);
	} else if (columns > COLUMNS_MAX) {
		err = failure_set(failure, ERR_FORMAT, "a row has %u columns", columns);
	} else {
		err = give_rows(statement, columns, call, failure);
	}
	my.mysql_stmt_free_result(statement);
	return err;
}

static int
make_statement(
    struct connection *connection, const char *text, MYSQL_STMT **out, struct failure *failure)
{
	int err = 0;

	if ((*out = my.mysql_stmt_init(connection->handle)) == NULL)
		return ERR_MEMORY;
	if (my.mysql_stmt_prepare(*out, text, strlen(text)) != 0) {
		err = statement_failure(*out, failure);
		my.mysql_stmt_close(*out);
		*out = NULL;
	}
	return err;
}

static int
mysql_run(void *data, struct sql_call *call, struct failure *failure)
{
	struct connection *connection = data;
	MYSQL_STMT *once = NULL,
		   **statement = call->number < 0 ? &once : &connection->statements[call->number];
	int err = 0;

	if (*statement == NULL)
		err = make_statement(connection, call->text, statement, failure);
	if (err == 0)
		err = execute(*statement, call, failure);
	if (err == 0)
		err = take_result(*statement, call, failure);
	if (once != NULL)
		my.mysql_stmt_close(once);
	return err;
}

const struct sql_client sql_client_mysql = {
	.driver = "mysql",
	.dialect = SQL_MYSQL,
	.server = "MySQL",
	.lifetime_ms = LIFETIME_MS,
	.schema_lock = "SELECT GET_LOCK('postern schema', 30)",
	.prepare = mysql_prepare,
	.connect = mysql_connect_,
	.disconnect = mysql_disconnect,
	.is_alive = mysql_is_alive,
	.run = mysql_run,
};
