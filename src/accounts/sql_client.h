/*
 * sql_client.h - what provider_server.c needs of a database server, and its drivers give.
 *
 * A client knows a server's library and nothing of users. A connection is used by one thread at
 * a time. No call takes longer than about the connection's time limit for each answer.
 */
#ifndef ACCOUNTS_SQL_CLIENT_H
#define ACCOUNTS_SQL_CLIENT_H

#include "accounts/provider.h"
#include "accounts/sql_row.h"
#include "accounts/sql_statement.h"

enum { SQL_TIMEOUT_SECONDS = 10, SQL_SCHEMA_TIMEOUT_SECONDS = 60 };

/* Strings are never NULL. */
struct sql_settings {
	char *host;
	int port;
	char *database;
	char *username;
	char *password;
	int sslmode;
	char *connection_string; /* in place of all others when not empty */
};

/* A statement to run. */
struct sql_call {
	int number;       /* enum sql_statement, prepared once a connection; negative: not kept */
	const char *text; /* of the statement */
	const struct sql_parameters *parameters; /* NULL: none */
	/* Called for the name of each result column, and for each row; either may be NULL. */
	void (*on_column)(void *data, const char *name);
	int (*on_row)(
	    void *data, const struct sql_value *values, size_t count, struct failure *failure);
	void *data;
	/* What came of it. */
	int64_t changed; /* rows that the statement found */
	int64_t id;      /* of an added row, where the server gives it without being asked */
};

struct sql_client {
	const char *driver;
	enum sql_dialect dialect;
	const char *server;      /* "PostgreSQL", for messages */
	uint64_t lifetime_ms;    /* of a connection; 0: no end */
	const char *schema_lock; /* keeps others from the tables while the connection lasts */
	/* Loads the library and checks the settings. ERR_UNSUPPORTED, ERR_INVALID. */
	int (*prepare)(const struct sql_settings *settings, struct failure *failure);
	/* ERR_UNAVAILABLE with the server's reason, ERR_MEMORY. */
	int (*connect)(const struct sql_settings *settings, int timeout_seconds, void **out,
	    struct failure *failure);
	void (*disconnect)(void *connection);
	/* False when an idle connection was closed by the other side. */
	bool (*is_alive)(void *connection);
	/*
	 * Runs a statement to its end; rows are only given when all have arrived. ERR_AGAIN: not
	 * done, to be tried with another connection; ERR_UNAVAILABLE: the connection broke, and it
	 * may have been done or not; ERR_EXISTS; ERR_NOT_FOUND: no such table; ERR_INVALID: a value
	 * does not fit its column; ERR_IO; what on_row returned. The text is the server's.
	 */
	int (*run)(void *connection, struct sql_call *call, struct failure *failure);
};

/* Messages of libraries end in newlines and are several lines: makes one of them. */
void sql_one_line(const char *message, char *out, size_t size);

/* What a driver is made of: its provider_ops call these, with its client in the store. */
extern const struct sql_client sql_client_postgresql;
extern const struct sql_client sql_client_mysql;

#endif
