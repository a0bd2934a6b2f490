/*
 * sql_row.h - between a row of the users table and a user, whatever the database.
 */
#ifndef ACCOUNTS_SQL_ROW_H
#define ACCOUNTS_SQL_ROW_H

#include "accounts/sql_schema.h"
#include "accounts/user.h"

enum sql_kind { SQL_NULL, SQL_NUMBER, SQL_TEXT };

struct sql_value {
	enum sql_kind kind;
	int64_t number;
	struct view text; /* not terminated; belongs to somebody else */
};

/* True for columns that are numbers in a user, false for text. */
bool user_column_is_number(enum user_column column);
/*
 * Makes a user of the COLUMN_COUNT values of schema_select_list(); a number may be given as text.
 * ERR_FORMAT when a column holds what cannot be: such an account must not log in with half of its
 * filters. ERR_MEMORY.
 */
MUST int sql_row_read(const struct sql_value *values, struct user **out, struct failure *failure);

enum { SQL_PARAMETERS_MAX = COLUMN_COUNT + 1 };

/* The parameters of a statement, in the order of their places. */
struct sql_parameters {
	struct sql_value values[SQL_PARAMETERS_MAX];
	size_t count;
	struct buf json[SQL_PARAMETERS_MAX]; /* what text values made for them point to */
};

void sql_parameters_init(struct sql_parameters *parameters);
void sql_parameters_free(struct sql_parameters *parameters);
void sql_parameters_number(struct sql_parameters *parameters, int64_t number);
/* The text is used until the parameters are freed. */
void sql_parameters_text(struct sql_parameters *parameters, const char *text);
/* The user's value of the column; used until the parameters are freed. ERR_MEMORY. */
MUST int sql_parameters_column(
    struct sql_parameters *parameters, const struct user *user, enum user_column column);
/* The user's values of every column for which `wanted` is true, in their order. ERR_MEMORY. */
MUST int sql_parameters_user(struct sql_parameters *parameters, const struct user *user,
    bool (*wanted)(enum user_column column));

#endif
