/* The SQL client for PostgreSQL, over libpq. */
#include "accounts/library.h"
#include "accounts/sql_client.h"

#include "base/clock.h"
#include "base/fd.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything of libpq that is used, loaded when a configuration names PostgreSQL; see library.h. */
static struct {
	__typeof__(PQclear) *PQclear;
	__typeof__(PQcmdTuples) *PQcmdTuples;
	__typeof__(PQconnectdbParams) *PQconnectdbParams;
	__typeof__(PQconninfoFree) *PQconninfoFree;
	__typeof__(PQconninfoParse) *PQconninfoParse;
	__typeof__(PQconsumeInput) *PQconsumeInput;
	__typeof__(PQerrorMessage) *PQerrorMessage;
	__typeof__(PQfinish) *PQfinish;
	__typeof__(PQfname) *PQfname;
	__typeof__(PQfreemem) *PQfreemem;
	__typeof__(PQgetResult) *PQgetResult;
	__typeof__(PQgetisnull) *PQgetisnull;
	__typeof__(PQgetlength) *PQgetlength;
	__typeof__(PQgetvalue) *PQgetvalue;
	__typeof__(PQisBusy) *PQisBusy;
	__typeof__(PQnfields) *PQnfields;
	__typeof__(PQntuples) *PQntuples;
	__typeof__(PQresultErrorField) *PQresultErrorField;
	__typeof__(PQresultStatus) *PQresultStatus;
	__typeof__(PQsendPrepare) *PQsendPrepare;
	__typeof__(PQsendQueryParams) *PQsendQueryParams;
	__typeof__(PQsendQueryPrepared) *PQsendQueryPrepared;
	__typeof__(PQsetNoticeProcessor) *PQsetNoticeProcessor;
	__typeof__(PQsocket) *PQsocket;
	__typeof__(PQstatus) *PQstatus;
} pq;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(pq, PQclear),
	LIBRARY_SYMBOL(pq, PQcmdTuples),
	LIBRARY_SYMBOL(pq, PQconnectdbParams),
	LIBRARY_SYMBOL(pq, PQconninfoFree),
	LIBRARY_SYMBOL(pq, PQconninfoParse),
	LIBRARY_SYMBOL(pq, PQconsumeInput),
	LIBRARY_SYMBOL(pq, PQerrorMessage),
	LIBRARY_SYMBOL(pq, PQfinish),
	LIBRARY_SYMBOL(pq, PQfname),
	LIBRARY_SYMBOL(pq, PQfreemem),
	LIBRARY_SYMBOL(pq, PQgetResult),
	LIBRARY_SYMBOL(pq, PQgetisnull),
	LIBRARY_SYMBOL(pq, PQgetlength),
	LIBRARY_SYMBOL(pq, PQgetvalue),
	LIBRARY_SYMBOL(pq, PQisBusy),
	LIBRARY_SYMBOL(pq, PQnfields),
	LIBRARY_SYMBOL(pq, PQntuples),
	LIBRARY_SYMBOL(pq, PQresultErrorField),
	LIBRARY_SYMBOL(pq, PQresultStatus),
	LIBRARY_SYMBOL(pq, PQsendPrepare),
	LIBRARY_SYMBOL(pq, PQsendQueryParams),
	LIBRARY_SYMBOL(pq, PQsendQueryPrepared),
	LIBRARY_SYMBOL(pq, PQsetNoticeProcessor),
	LIBRARY_SYMBOL(pq, PQsocket),
	LIBRARY_SYMBOL(pq, PQstatus),
};

struct connection {
	PGconn *handle;
	uint64_t timeout_ms;
	bool is_prepared[SQL_STATEMENT_COUNT];
};

enum { NAME_MAX_BYTES = 32, COLUMNS_MAX = 64 };

static const char *const sslmodes[] = { "disable", "require", "verify-ca", "verify-full" };

static int
postgresql_prepare(const struct sql_settings *settings, struct failure *failure)
{
	PQconninfoOption *options;
	char *message = NULL;
	int err = library_load(
	    "libpq.so.5", "libpq5", symbols, sizeof(symbols) / sizeof(symbols[0]), failure);

	if (err != 0 || settings->connection_string[0] == '\0')
		return err;
	options = pq.PQconninfoParse(settings->connection_string, &message);
	if (options == NULL)
		/* Its message may quote the password. */
		err = failure_set(failure, ERR_INVALID,
		    "data_provider.connection_string is not what libpq takes; it is like "
		    "\"host=db.example dbname=users user=postern password=... sslmode=require\"");
	pq.PQconninfoFree(options);
	pq.PQfreemem(message);
	return err;
}

/* --- connecting --- */

/* A pair of lists for libpq; later ones come before earlier ones. */
struct options {
	const char *names[24], *values[24];
	size_t count;
};

static void
option(struct options *options, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	options->names[options->count] = name;
	options->values[options->count++] = value;
}

/* Where the system keeps the certificates of authorities, which libpq does not look for. */
static const char *
authorities(void)
{
	static const char usual[] = "/etc/ssl/certs/ca-certificates.crt";
	const char *file = getenv("SSL_CERT_FILE");

	if (getenv("PGSSLROOTCERT") != NULL)
		return NULL;
	if (file != NULL && file[0] != '\0')
		return file;
	return access(usual, R_OK) == 0 ? usual : NULL;
}

/*
 * libpq looks for a client certificate in the home directory, and gives up when it may not look
 * there: that is so when root started us, and we are another user now.
 */
static const char *
no_certificate(void)
{
	const char *home = getenv("HOME");

	return home != NULL && access(home, X_OK) != 0 ? "/nonexistent" : NULL;
}

static void
fill_options(const struct sql_settings *settings, const char *timeout, const char *timeout_ms,
    char *port, size_t port_size, struct options *out)
{
	bool is_known = settings->sslmode >= 0 && settings->sslmode < 4;

	*out = (struct options){ 0 };
	option(out, "connect_timeout", timeout);
	option(out, "tcp_user_timeout", timeout_ms);
	option(out, "fallback_application_name", "postern");
	option(out, "gssencmode", "disable");
	option(out, "sslcert", no_certificate());
	if (settings->connection_string[0] != '\0') {
		option(out, "dbname", settings->connection_string);
		option(out, "client_encoding", "UTF8");
		return;
	}
	snprintf(port, port_size, "%d", settings->port == 0 ? 5432 : settings->port);
	option(out, "host", settings->host[0] == '\0' ? "localhost" : settings->host);
	option(out, "port", port);
	option(out, "dbname", settings->database);
	option(out, "user", settings->username);
	option(out, "password", settings->password);
	option(out, "client_encoding", "UTF8");
	option(out, "sslmode", is_known ? sslmodes[settings->sslmode] : "");
	if (settings->sslmode >= 2)
		option(out, "sslrootcert", authorities());
}

/* Notices are for people at a terminal. */
static void
on_notice(void *data, const char *message)
{
	(void)data;
	(void)message;
}

static void
postgresql_disconnect(void *data)
{
	struct connection *connection = data;

	pq.PQfinish(connection->handle);
	free(connection);
}

static int
set_text(struct failure *failure, int code, const char *message)
{
	char text[FAILURE_TEXT_MAX];

	sql_one_line(message, text, sizeof(text));
	return failure_set(failure, code, "%s", text[0] == '\0' ? "no reason given" : text);
}

static int
postgresql_connect(
    const struct sql_settings *settings, int timeout_seconds, void **out, struct failure *failure)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	char timeout[16], timeout_ms[16], port[16];
	struct options options;
	int err;

	*out = NULL;
	if (connection == NULL)
		return ERR_MEMORY;
	connection->timeout_ms = 1000 * (uint64_t)timeout_seconds;
	snprintf(timeout, sizeof(timeout), "%d", SQL_TIMEOUT_SECONDS);
	snprintf(timeout_ms, sizeof(timeout_ms), "%d", 1000 * timeout_seconds);
	fill_options(settings, timeout, timeout_ms, port, sizeof(port), &options);
	/* Only the setting that is one is taken for a connection string, never a database's name.
	 */
	connection->handle = pq.PQconnectdbParams(
	    options.names, options.values, settings->connection_string[0] != '\0');
	if (pq.PQstatus(connection->handle) != CONNECTION_OK) {
		err = set_text(failure, ERR_UNAVAILABLE, pq.PQerrorMessage(connection->handle));
		postgresql_disconnect(connection);
		return err;
	}
	pq.PQsetNoticeProcessor(connection->handle, on_notice, NULL);
	*out = connection;
	return 0;
}

static bool
postgresql_is_alive(void *data)
{
	struct connection *connection = data;
	struct pollfd idle = { .fd = pq.PQsocket(connection->handle), .events = POLLIN };

	/* A server that goes says so, and nothing else comes without being asked. */
	return poll(&idle, 1, 0) == 0;
}

/* --- statements --- */

static int
lost(const struct connection *connection, struct failure *failure)
{
	return set_text(failure, ERR_UNAVAILABLE, pq.PQerrorMessage(connection->handle));
}

/* Waits for the next result; NULL in *out when there is no more. */
static int
next_result(struct connection *connection, PGresult **out, struct failure *failure)
{
	*out = NULL;
	while (pq.PQisBusy(connection->handle) != 0) {
		int err = fd_wait(pq.PQsocket(connection->handle), POLLIN,
		    clock_mono_ms() + connection->timeout_ms);

		if (err == ERR_TIMEOUT)
			return failure_set(failure, ERR_UNAVAILABLE, "no answer for %u seconds",
			    (unsigned)(connection->timeout_ms / 1000));
		if (err != 0 || pq.PQconsumeInput(connection->handle) == 0)
			return lost(connection, failure);
	}
	*out = pq.PQgetResult(connection->handle);
	return 0;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* SQLSTATE, PostgreSQL's appendix "Error Codes". */
static int
code_of(const char *state)
{
	/* Class 57P: an operator is at work, and what was asked is undone. 40: it lost a race.
	 * 26000, 0A000: a prepared statement that is gone, or that the table has outgrown. */
	if (begins(state, "57P") || strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0)
		return ERR_AGAIN;
	if (begins(state, "40"))
		return ERR_TIMEOUT;
	if (begins(state, "08"))
		return ERR_UNAVAILABLE;
	if (strcmp(state, "23505") == 0)
		return ERR_EXISTS;
	if (strcmp(state, "42P01") == 0)
		return ERR_NOT_FOUND;
	/* Data that does not fit: too long, out of range, not of the encoding. */
	return begins(state, "22") ? ERR_INVALID : ERR_IO;
}

static int
give_rows(const PGresult *result, struct sql_call *call, struct failure *failure)
{
	int columns = pq.PQnfields(result), rows = pq.PQntuples(result), err = 0;
	struct sql_value row[COLUMNS_MAX];

	for (int i = 0; i < columns && call->on_column != NULL; i++)
		call->on_column(call->data, pq.PQfname(result, i));
	if (call->on_row == NULL)
		return 0;
	if (columns > COLUMNS_MAX)
		return failure_set(failure, ERR_FORMAT, "a row has %d columns", columns);
	for (int i = 0; i < rows && err == 0; i++) {
		for (int j = 0; j < columns; j++) {
			row[j] = (struct sql_value){ .kind = SQL_NULL };
			if (pq.PQgetisnull(result, i, j))
				continue;
			row[j].kind = SQL_TEXT;
			row[j].text.p = (const uint8_t *)pq.PQgetvalue(result, i, j);
			row[j].text.n = (size_t)pq.PQgetlength(result, i, j);
		}
		err = call->on_row(call->data, row, (size_t)columns, failure);
	}
	return err;
}

static int
take_result(const struct connection *connection, const PGresult *result, struct sql_call *call,
    struct failure *failure)
{
	const char *state, *message;

	switch (pq.PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		call->changed = strtoll(pq.PQcmdTuples((PGresult *)result), NULL, 10);
		return give_rows(result, call, failure);
	default: break;
	}
	state = pq.PQresultErrorField(result, PG_DIAG_SQLSTATE);
	/* Not the details: they may quote a row, with its password hash. */
	message = pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	return set_text(failure, state == NULL ? ERR_UNAVAILABLE : code_of(state),
	    message == NULL ? pq.PQerrorMessage(connection->handle) : message);
}

/* Takes all results of what was sent; the first fault counts. */
static int
finish(struct connection *connection, int sent, struct sql_call *call, struct failure *failure)
{
	PGresult *result;
	int err = 0, wait_err;

	if (sent == 0)
		return lost(connection, failure);
	while ((wait_err = next_result(connection, &result, failure)) == 0 && result != NULL) {
		if (err == 0)
			err = take_result(connection, result, call, failure);
		pq.PQclear(result);
	}
	return wait_err != 0 ? wait_err : err;
}

/* The parameters as libpq takes them: texts, with numbers written out. */
struct texts {
	const char *values[SQL_PARAMETERS_MAX];
	char *copies[SQL_PARAMETERS_MAX];
	char numbers[SQL_PARAMETERS_MAX][24];
	int count;
};

static void
texts_free(struct texts *texts)
{
	for (int i = 0; i < texts->count; i++) {
		if (texts->copies[i] != NULL)
			explicit_bzero(texts->copies[i], strlen(texts->copies[i]));
		free(texts->copies[i]);
	}
}

/* ERR_INVALID for a NUL, which PostgreSQL cannot store. */
static int
texts_fill(const struct sql_parameters *parameters, struct texts *out)
{
	*out = (struct texts){ 0 };
	for (size_t i = 0; parameters != NULL && i < parameters->count; i++) {
		const struct sql_value *value = &parameters->values[i];

		out->count = (int)i + 1;
		if (value->kind == SQL_NUMBER) {
			snprintf(out->numbers[i], sizeof(out->numbers[i]), "%lld",
			    (long long)value->number);
			out->values[i] = out->numbers[i];
			continue;
		}
		if (view_has_nul(value->text))
			return ERR_INVALID;
		if ((out->copies[i] = view_dup(value->text)) == NULL)
			return ERR_MEMORY;
		out->values[i] = out->copies[i];
	}
	return 0;
}

static int
prepare_statement(
    struct connection *connection, const struct sql_call *call, struct failure *failure)
{
	struct sql_call nothing = { 0 };
	char name[NAME_MAX_BYTES];
	int err;

	if (call->number < 0 || connection->is_prepared[call->number])
		return 0;
	snprintf(name, sizeof(name), "postern_%d", call->number);
	err = finish(connection, pq.PQsendPrepare(connection->handle, name, call->text, 0, NULL),
	    &nothing, failure);
	connection->is_prepared[call->number] = err == 0;
	return err;
}

static int
postgresql_run(void *data, struct sql_call *call, struct failure *failure)
{
	struct connection *connection = data;
	char name[NAME_MAX_BYTES];
	struct texts texts;
	int sent, err = texts_fill(call->parameters, &texts);

	if (err == ERR_INVALID)
		err = failure_set(failure, err, "a text with a NUL character");
	if (err == 0)
		err = prepare_statement(connection, call, failure);
	if (err == 0) {
		snprintf(name, sizeof(name), "postern_%d", call->number);
		sent = call->number < 0 ? pq.PQsendQueryParams(connection->handle, call->text,
					      texts.count, NULL, texts.values, NULL, NULL, 0)
					: pq.PQsendQueryPrepared(connection->handle, name,
					      texts.count, texts.values, NULL, NULL, 0);
		err = finish(connection, sent, call, failure);
	}
	texts_free(&texts);
	return err;
}

const struct sql_client sql_client_postgresql = {
	.driver = "postgresql",
	.dialect = SQL_POSTGRESQL,
	.server = "PostgreSQL",
	.schema_lock = "SELECT pg_advisory_lock(8102099357864587634)",
	.prepare = postgresql_prepare,
	.connect = postgresql_connect,
	.disconnect = postgresql_disconnect,
	.is_alive = postgresql_is_alive,
	.run = postgresql_run,
};
