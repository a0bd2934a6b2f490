/*
 * sqlite_row.h - between a row of the users table and a user.
 */
#ifndef ACCOUNTS_SQLITE_ROW_H
#define ACCOUNTS_SQLITE_ROW_H

#include "accounts/sqlite_schema.h"
#include "accounts/user.h"

/*
 * Reads the current row of a query over schema_select_list(). ERR_FORMAT when a column holds what
 * cannot be: such an account must not log in with half of its filters. ERR_MEMORY.
 */
MUST int sqlite_row_read(sqlite3_stmt *query, struct user **out, struct failure *failure);
/*
 * Binds the column's value to a parameter; text is copied by SQLite. An SQLite result code.
 */
MUST int sqlite_row_bind(
    sqlite3_stmt *statement, int parameter, const struct user *user, enum user_column column);

#endif
