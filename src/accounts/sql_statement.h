/*
 * sql_statement.h - every statement over the users table, in each dialect.
 *
 * All are prepared: what comes from outside is a parameter, and the only name in the text is the
 * table's, which schema_name_is_good() has seen. Parameters stand in the order given here, each
 * once, so that dialects without numbers for them can be served too.
 */
#ifndef ACCOUNTS_SQL_STATEMENT_H
#define ACCOUNTS_SQL_STATEMENT_H

#include "accounts/sql_schema.h"

enum sql_statement {
	SQL_FIND_NAME,       /* username */
	SQL_FIND_ID,         /* id */
	SQL_LIST_ASCENDING,  /* limit, offset */
	SQL_LIST_DESCENDING, /* limit, offset */
	SQL_LIST_NAME,       /* username, limit, offset */
	SQL_SEARCH_ASCENDING,  /* part of the username, limit, offset */
	SQL_SEARCH_DESCENDING, /* the same */
	SQL_ALL,
	SQL_CHECK,
	/* From here on: not for those who may only read, as the table may be a view. */
	SQL_ADD,         /* the columns that are given */
	SQL_LOAD,        /* every column */
	SQL_UPDATE,      /* the columns that are updated, id */
	SQL_REMOVE,      /* id */
	SQL_TOUCH_LOGIN, /* time, username */
	SQL_QUOTA_ADD,   /* bytes, files, time, username, 1 to leave accounts without limit alone */
	SQL_QUOTA_SET,   /* bytes, files, time, username */
	SQL_STATEMENT_COUNT,
	SQL_FIRST_WRITING = SQL_ADD,
};

enum { SQL_STATEMENT_BYTES_MAX = 16384 };

struct provider_query;

/* The statement of a list, and the text that is its first parameter; NULL when it has none. */
enum sql_statement sql_statement_of_query(
    const struct provider_query *query, const char **text_out);
/* Appends the statement, terminated by a NUL. */
void sql_statement_write(enum sql_dialect dialect, enum sql_statement number, const char *table,
    const struct schema_state *state, struct buf *sql);

#endif
