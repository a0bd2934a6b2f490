/*
 * accounts_database.h - the database server that tests/databases/database_server.py runs beside a
 * test program.
 */
#ifndef TESTS_ACCOUNTS_DATABASE_H
#define TESTS_ACCOUNTS_DATABASE_H

#include "accounts_scratch.h"

#define DATABASE_NAME "accounts"
#define DATABASE_USER "postern"
#define DATABASE_PASSWORD "pass word'@/\\1"

/* "postgresql" or "mysql"; NULL when there is none. */
static inline const char *
database_driver(void)
{
	return getenv("POSTERN_TEST_DATABASE");
}

static inline int
database_port(void)
{
	return atoi(getenv("POSTERN_TEST_PORT"));
}

/* Tells it to "stop", "start" or "kill", or runs "sql" with statements. */
static inline void
database_control(const char *verb, const char *input)
{
	char command[512];
	FILE *pipe;

	/* The sanitizers' libraries of this program are nothing for others. */
	snprintf(command, sizeof(command), "%s %s", getenv("POSTERN_TEST_CONTROL"), verb);
	assert_non_null(pipe = popen(command, "w"));
	assert_true(fputs(input, pipe) >= 0);
	assert_int_equal(pclose(pipe), 0);
}

/* A table that no test had before. */
static inline const char *
database_fresh_table(void)
{
	static char name[32];
	static unsigned number;

	snprintf(name, sizeof(name), "users_%u_%u", (unsigned)getpid(), ++number);
	return name;
}

static inline struct provider_config
database_config(const char *table)
{
	struct provider_config config = scratch_config(database_driver(), DATABASE_NAME);

	config.host = "127.0.0.1";
	config.port = database_port();
	config.username = DATABASE_USER;
	config.password = DATABASE_PASSWORD;
	config.users_table = table;
	return config;
}

#endif
