#include "accounts/sqlite_row.h"

#include "accounts/user_members.h"

#include "base/utf8.h"

#include <string.h>

enum value_kind { VALUE_NUMBER, VALUE_TEXT, VALUE_JSON };

struct value {
	enum value_kind kind;
	size_t offset; /* in struct user; not for JSON, which goes by the column's name */
};

static const struct value values[COLUMN_COUNT] = {
	[COLUMN_ID] = { VALUE_NUMBER, offsetof(struct user, id) },
	[COLUMN_USERNAME] = { VALUE_TEXT, offsetof(struct user, username) },
	[COLUMN_PASSWORD] = { VALUE_TEXT, offsetof(struct user, password) },
	[COLUMN_PUBLIC_KEYS] = { VALUE_JSON, 0 },
	[COLUMN_HOME_DIR] = { VALUE_TEXT, offsetof(struct user, home_dir) },
	[COLUMN_UID] = { VALUE_NUMBER, offsetof(struct user, uid) },
	[COLUMN_GID] = { VALUE_NUMBER, offsetof(struct user, gid) },
	[COLUMN_MAX_SESSIONS] = { VALUE_NUMBER, offsetof(struct user, max_sessions) },
	[COLUMN_QUOTA_SIZE] = { VALUE_NUMBER, offsetof(struct user, quota_size) },
	[COLUMN_QUOTA_FILES] = { VALUE_NUMBER, offsetof(struct user, quota_files) },
	[COLUMN_PERMISSIONS] = { VALUE_JSON, 0 },
	[COLUMN_USED_QUOTA_SIZE] = { VALUE_NUMBER, offsetof(struct user, used_quota_size) },
	[COLUMN_USED_QUOTA_FILES] = { VALUE_NUMBER, offsetof(struct user, used_quota_files) },
	[COLUMN_LAST_QUOTA_UPDATE] = { VALUE_NUMBER, offsetof(struct user, last_quota_update) },
	[COLUMN_UPLOAD_BANDWIDTH] = { VALUE_NUMBER, offsetof(struct user, upload_bandwidth) },
	[COLUMN_DOWNLOAD_BANDWIDTH] = { VALUE_NUMBER, offsetof(struct user, download_bandwidth) },
	[COLUMN_EXPIRATION_DATE] = { VALUE_NUMBER, offsetof(struct user, expiration_date) },
	[COLUMN_LAST_LOGIN] = { VALUE_NUMBER, offsetof(struct user, last_login) },
	[COLUMN_STATUS] = { VALUE_NUMBER, offsetof(struct user, status) },
	[COLUMN_FILTERS] = { VALUE_JSON, 0 },
	[COLUMN_FILESYSTEM] = { VALUE_JSON, 0 },
	[COLUMN_VIRTUAL_FOLDERS] = { VALUE_JSON, 0 },
};

/* --- reading --- */

static int
read_json(struct user *user, const char *name, const char *text, size_t n, struct failure *failure)
{
	json_t *value = NULL;
	int err;

	if (n == 0)
		return 0;
	err = accounts_json_parse(
	    (struct view){ .p = (const uint8_t *)text, .n = n }, USER_JSON_MAX, &value, failure);
	if (err == 0)
		err = user_member_from_json(user, name, value, failure);
	json_decref(value);
	return err;
}

/* A NULL text is the empty one, a NULL number is a fault: nobody wrote "never" or "no limit". */
static int
read_column(
    sqlite3_stmt *query, struct user *user, enum user_column column, struct failure *failure)
{
	void *field = (char *)user + values[column].offset;
	const char *text;
	size_t n;

	if (values[column].kind == VALUE_NUMBER) {
		if (sqlite3_column_type(query, column) == SQLITE_NULL)
			return failure_set(failure, ERR_FORMAT, "it is NULL");
		*(int64_t *)field = sqlite3_column_int64(query, column);
		return 0;
	}
	if (sqlite3_column_type(query, column) == SQLITE_NULL)
		return 0;
	if ((text = (const char *)sqlite3_column_text(query, column)) == NULL)
		return ERR_MEMORY;
	n = (size_t)sqlite3_column_bytes(query, column);
	if (values[column].kind == VALUE_JSON)
		return read_json(user, user_column_name(column), text, n, failure);
	if (strlen(text) != n)
		return failure_set(failure, ERR_FORMAT, "it has a NUL character");
	if (!utf8_valid((struct view){ .p = (const uint8_t *)text, .n = n }))
		return failure_set(failure, ERR_FORMAT, "it is not UTF-8");
	return user_set_text(field, text);
}

int
sqlite_row_read(sqlite3_stmt *query, struct user **out, struct failure *failure)
{
	struct failure inner = { 0 };
	struct user *user;
	int err = user_new(&user);

	*out = NULL;
	for (unsigned i = 0; i < COLUMN_COUNT && err == 0; i++) {
		err = read_column(query, user, i, &inner);
		if (err != 0 && err != ERR_MEMORY)
			err = failure_set(failure, ERR_FORMAT,
			    "the stored user with ID %lld cannot "
			    "be read: column \"%s\": %s",
			    (long long)user->id, user_column_name(i), inner.text);
	}
	if (err == 0) {
		*out = user;
		user = NULL;
	}
	user_free(&user);
	return err;
}

/* --- writing --- */

static int
bind_json(sqlite3_stmt *statement, int parameter, const struct user *user, const char *name)
{
	struct buf text = buf_init(2 * USER_JSON_MAX);
	json_t *value = user_member_to_json(user, name);
	int rc = SQLITE_NOMEM;

	if (value != NULL) {
		accounts_json_write(value, false, &text);
		if (buf_error(&text) == 0)
			rc = sqlite3_bind_text(statement, parameter, (const char *)text.p,
			    (int)text.n, SQLITE_TRANSIENT);
	}
	json_decref(value);
	buf_free(&text);
	return rc;
}

int
sqlite_row_bind(
    sqlite3_stmt *statement, int parameter, const struct user *user, enum user_column column)
{
	const void *field = (const char *)user + values[column].offset;

	switch (values[column].kind) {
	case VALUE_NUMBER: return sqlite3_bind_int64(statement, parameter, *(const int64_t *)field);
	case VALUE_TEXT:
		return sqlite3_bind_text(
		    statement, parameter, *(char *const *)field, -1, SQLITE_TRANSIENT);
	case VALUE_JSON: break;
	}
	return bind_json(statement, parameter, user, user_column_name(column));
}
