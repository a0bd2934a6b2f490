#include "accounts/sql_statement.h"

#include "accounts/provider.h"

struct writer {
	enum sql_dialect dialect;
	const char *table;
	const struct schema_state *state;
	struct buf *sql;
	unsigned parameters;
};

/* Appends text in which a name stands between braces, ? is a parameter and @ is the table. */
static void
write_text(struct writer *w, const char *text)
{
	uint8_t quote = w->dialect == SQL_MYSQL ? '`' : '"';

	for (; *text != '\0'; text++) {
		if (*text == '{' || *text == '}')
			buf_u8(w->sql, quote);
		else if (*text == '@')
			sql_name(w->dialect, w->table, w->sql);
		else if (*text == '?' && w->dialect == SQL_POSTGRESQL)
			buf_printf(w->sql, "$%u", ++w->parameters);
		else
			buf_u8(w->sql, (uint8_t)*text);
	}
}

static void
write_select(struct writer *w, const char *rest)
{
	write_text(w, "SELECT ");
	schema_select_list(w->dialect, w->state, w->sql);
	write_text(w, " FROM @ ");
	write_text(w, rest);
}

/*
 * A page of the list. The rows before it are passed over in the index of usernames alone, never in
 * the table: MySQL would read each of them whole.
 */
static void
write_page(struct writer *w, const char *condition, const char *order)
{
	write_text(w, "SELECT ");
	schema_select_list(w->dialect, w->state, w->sql);
	write_text(w, " FROM (SELECT {username} AS page_username FROM @ ");
	write_text(w, condition);
	write_text(w, "ORDER BY {username} ");
	write_text(w, order);
	write_text(w, " LIMIT ? OFFSET ?) page JOIN @ ON {username} = page_username "
		      "ORDER BY {username} ");
	write_text(w, order);
}

/* Not LIKE, in whose pattern '%' and '_' of a name would mean something. */
static const char *
has_part(enum sql_dialect dialect)
{
	switch (dialect) {
	case SQL_SQLITE: return "WHERE instr(lower({username}), lower(?)) > 0 ";
	case SQL_POSTGRESQL: return "WHERE strpos(lower({username}), lower(?)) > 0 ";
	case SQL_MYSQL: break;
	}
	return "WHERE LOCATE(LOWER(?), LOWER({username})) > 0 ";
}

static bool
is_any(enum user_column column)
{
	(void)column;
	return true;
}

/* The columns that are not `wanted` are 0, but for the id, which the database chooses. */
static void
write_insert(struct writer *w, bool (*wanted)(enum user_column column))
{
	unsigned first = wanted(COLUMN_ID) ? COLUMN_ID : COLUMN_USERNAME;

	write_text(w, "INSERT INTO @ (");
	for (unsigned i = first; i < COLUMN_COUNT; i++) {
		write_text(w, i == first ? "" : ", ");
		sql_name(w->dialect, user_column_name(i), w->sql);
	}
	write_text(w, ") VALUES (");
	for (unsigned i = first; i < COLUMN_COUNT; i++) {
		write_text(w, i == first ? "" : ", ");
		write_text(w, wanted(i) ? "?" : "0");
	}
	write_text(w, w->dialect == SQL_POSTGRESQL ? ") RETURNING {id}" : ")");
}

static void
write_update(struct writer *w)
{
	const char *separator = "";

	write_text(w, "UPDATE @ SET ");
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (!user_column_is_updated(i))
			continue;
		write_text(w, separator);
		sql_name(w->dialect, user_column_name(i), w->sql);
		write_text(w, " = ?");
		separator = ", ";
	}
	write_text(w, " WHERE {id} = ?");
}

/*
 * A sum, or the end of the column's range where it lies beyond. SQLite makes a real number of what
 * is beyond 64 bits, and by the cast the end of the range.
 */
static void
write_within_range(struct writer *w, const char *sum, enum user_column column)
{
	bool is_wide = column == COLUMN_USED_QUOTA_SIZE;

	sql_name(w->dialect, user_column_name(column), w->sql);
	if (w->dialect == SQL_SQLITE) {
		write_text(w, " = CAST(");
		write_text(w, sum);
		write_text(w, " AS INTEGER)");
		return;
	}
	write_text(w, " = CAST(LEAST(GREATEST(");
	write_text(w, sum);
	write_text(w, is_wide ? ", -9223372036854775808), 9223372036854775807)"
			      : ", -2147483648), 2147483647)");
	write_text(w, w->dialect == SQL_POSTGRESQL ? " AS bigint)" : " AS SIGNED)");
}

static void
write_quota(struct writer *w, bool adds)
{
	const char *bytes = "?", *files = "?";

	if (w->dialect == SQL_POSTGRESQL) {
		bytes = adds ? "COALESCE({used_quota_size}, 0) + CAST(? AS numeric)"
			     : "CAST(? AS numeric)";
		files = adds ? "COALESCE({used_quota_files}, 0) + CAST(? AS numeric)"
			     : "CAST(? AS numeric)";
	} else if (w->dialect == SQL_MYSQL) {
		bytes = adds ? "CAST(COALESCE({used_quota_size}, 0) AS DECIMAL(30)) + "
			       "CAST(? AS DECIMAL(30))"
			     : "CAST(? AS DECIMAL(30))";
		files = adds ? "CAST(COALESCE({used_quota_files}, 0) AS DECIMAL(30)) + "
			       "CAST(? AS DECIMAL(30))"
			     : "CAST(? AS DECIMAL(30))";
	} else if (adds) {
		bytes = "COALESCE({used_quota_size}, 0) + ?";
		files = "COALESCE({used_quota_files}, 0) + ?";
	}
	write_text(w, "UPDATE @ SET ");
	write_within_range(w, bytes, COLUMN_USED_QUOTA_SIZE);
	write_text(w, ", ");
	write_within_range(w, files, COLUMN_USED_QUOTA_FILES);
	write_text(w, ", {last_quota_update} = ? WHERE {username} = ?");
	if (adds)
		write_text(w, " AND (? = 0 OR {quota_size} > 0 OR {quota_files} > 0)");
}

static void
write_statement(struct writer *w, enum sql_statement number)
{
	switch (number) {
	case SQL_FIND_NAME: write_select(w, "WHERE {username} = ?"); break;
	case SQL_FIND_ID: write_select(w, "WHERE {id} = ?"); break;
	case SQL_LIST_ASCENDING: write_page(w, "", "ASC"); break;
	case SQL_LIST_DESCENDING: write_page(w, "", "DESC"); break;
	case SQL_SEARCH_ASCENDING: write_page(w, has_part(w->dialect), "ASC"); break;
	case SQL_SEARCH_DESCENDING: write_page(w, has_part(w->dialect), "DESC"); break;
	case SQL_LIST_NAME: write_select(w, "WHERE {username} = ? LIMIT ? OFFSET ?"); break;
	case SQL_ALL: write_select(w, "ORDER BY {id}"); break;
	case SQL_CHECK: write_text(w, "SELECT {id} FROM @ LIMIT 1"); break;
	case SQL_ADD: write_insert(w, user_column_is_given); break;
	case SQL_LOAD: write_insert(w, is_any); break;
	case SQL_UPDATE: write_update(w); break;
	case SQL_REMOVE: write_text(w, "DELETE FROM @ WHERE {id} = ?"); break;
	case SQL_TOUCH_LOGIN:
		write_text(w, "UPDATE @ SET {last_login} = ? WHERE {username} = ?");
		break;
	case SQL_QUOTA_ADD: write_quota(w, true); break;
	case SQL_QUOTA_SET: write_quota(w, false); break;
	case SQL_STATEMENT_COUNT: break;
	}
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

enum sql_statement
sql_statement_of_query(const struct provider_query *query, const char **text_out)
{
	*text_out = NULL;
	if (is_given(query->username)) {
		*text_out = query->username;
		return SQL_LIST_NAME;
	}
	if (is_given(query->search)) {
		*text_out = query->search;
		return query->descending ? SQL_SEARCH_DESCENDING : SQL_SEARCH_ASCENDING;
	}
	return query->descending ? SQL_LIST_DESCENDING : SQL_LIST_ASCENDING;
}

void
sql_statement_write(enum sql_dialect dialect, enum sql_statement number, const char *table,
    const struct schema_state *state, struct buf *sql)
{
	struct writer writer = { .dialect = dialect, .table = table, .state = state, .sql = sql };

	write_statement(&writer, number);
	buf_u8(sql, '\0');
}
