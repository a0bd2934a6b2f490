#include "accounts/sql_row.h"

#include "accounts/user_members.h"

#include "base/utf8.h"

#include <stdlib.h>
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

bool
user_column_is_number(enum user_column column)
{
	return values[column].kind == VALUE_NUMBER;
}

/* --- reading --- */

static int
read_json(struct user *user, const char *name, struct view text, struct failure *failure)
{
	json_t *value = NULL;
	int err;

	if (text.n == 0)
		return 0;
	err = accounts_json_parse(text, USER_JSON_MAX, &value, failure);
	if (err == 0)
		err = user_member_from_json(user, name, value, failure);
	json_decref(value);
	return err;
}

/*
 * What we count ourselves is 0 until it was counted. Any other NULL number is a fault: nobody
 * wrote "never" or "no limit".
 */
static bool
is_counted(enum user_column column)
{
	return column == COLUMN_USED_QUOTA_SIZE || column == COLUMN_USED_QUOTA_FILES ||
	       column == COLUMN_LAST_QUOTA_UPDATE || column == COLUMN_LAST_LOGIN;
}

/* A number as databases write it. */
static int
parse_number(struct view text, int64_t *out)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	int64_t number = 0;

	*out = 0;
	if (text.n == (negative ? 1u : 0u))
		return ERR_FORMAT;
	for (size_t i = negative ? 1 : 0; i < text.n; i++) {
		int digit = text.p[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_sub_overflow(number, digit, &number))
			return ERR_FORMAT;
	}
	if (!negative && number == INT64_MIN)
		return ERR_FORMAT;
	*out = negative ? number : -number;
	return 0;
}

static int
read_number(
    const struct sql_value *value, enum user_column column, int64_t *out, struct failure *failure)
{
	switch (value->kind) {
	case SQL_NUMBER: *out = value->number; return 0;
	case SQL_NULL:
		*out = 0;
		return is_counted(column) ? 0 : failure_set(failure, ERR_FORMAT, "it is NULL");
	case SQL_TEXT: break;
	}
	if (parse_number(value->text, out) != 0)
		return failure_set(failure, ERR_FORMAT, "it is not a whole number");
	return 0;
}

static int
read_text(const struct sql_value *value, char **out, struct failure *failure)
{
	char *text;
	int err;

	if (view_has_nul(value->text))
		return failure_set(failure, ERR_FORMAT, "it has a NUL character");
	if (!utf8_valid(value->text))
		return failure_set(failure, ERR_FORMAT, "it is not UTF-8");
	if ((text = view_dup(value->text)) == NULL)
		return ERR_MEMORY;
	err = user_set_text(out, text);
	explicit_bzero(text, strlen(text));
	free(text);
	return err;
}

static int
read_column(const struct sql_value *value, struct user *user, enum user_column column,
    struct failure *failure)
{
	void *field = (char *)user + values[column].offset;

	if (values[column].kind == VALUE_NUMBER)
		return read_number(value, column, field, failure);
	/* A NULL text is the empty one. */
	if (value->kind == SQL_NULL)
		return 0;
	if (value->kind != SQL_TEXT)
		return failure_set(failure, ERR_FORMAT, "it is not a text");
	if (values[column].kind == VALUE_JSON)
		return read_json(user, user_column_name(column), value->text, failure);
	return read_text(value, field, failure);
}

int
sql_row_read(const struct sql_value *row, struct user **out, struct failure *failure)
{
	struct failure inner = { 0 };
	struct user *user;
	int err = user_new(&user);

	*out = NULL;
	for (unsigned i = 0; i < COLUMN_COUNT && err == 0; i++) {
		err = read_column(&row[i], user, i, &inner);
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

void
sql_parameters_init(struct sql_parameters *parameters)
{
	*parameters = (struct sql_parameters){ 0 };
}

void
sql_parameters_free(struct sql_parameters *parameters)
{
	for (size_t i = 0; i < parameters->count; i++)
		buf_free(&parameters->json[i]);
	parameters->count = 0;
}

static void
add(struct sql_parameters *parameters, struct sql_value value)
{
	if (parameters->count == SQL_PARAMETERS_MAX)
		bug("a statement with more than %d parameters", SQL_PARAMETERS_MAX);
	parameters->values[parameters->count++] = value;
}

void
sql_parameters_number(struct sql_parameters *parameters, int64_t number)
{
	add(parameters, (struct sql_value){ .kind = SQL_NUMBER, .number = number });
}

void
sql_parameters_text(struct sql_parameters *parameters, const char *text)
{
	add(parameters, (struct sql_value){ .kind = SQL_TEXT, .text = view_of(text) });
}

static int
add_json(struct sql_parameters *parameters, const struct user *user, const char *name)
{
	struct buf *text = &parameters->json[parameters->count];
	json_t *value = user_member_to_json(user, name);
	int err = ERR_MEMORY;

	*text = buf_init(2 * USER_JSON_MAX);
	if (value != NULL) {
		accounts_json_write(value, false, text);
		err = buf_error(text);
	}
	json_decref(value);
	add(parameters, (struct sql_value){ .kind = SQL_TEXT, .text = buf_view(text) });
	return err;
}

int
sql_parameters_column(
    struct sql_parameters *parameters, const struct user *user, enum user_column column)
{
	const void *field = (const char *)user + values[column].offset;

	switch (values[column].kind) {
	case VALUE_NUMBER: sql_parameters_number(parameters, *(const int64_t *)field); return 0;
	case VALUE_TEXT: sql_parameters_text(parameters, *(char *const *)field); return 0;
	case VALUE_JSON: break;
	}
	return add_json(parameters, user, user_column_name(column));
}

int
sql_parameters_user(struct sql_parameters *parameters, const struct user *user,
    bool (*wanted)(enum user_column column))
{
	int err = 0;

	for (unsigned i = 0; i < COLUMN_COUNT && err == 0; i++) {
		if (wanted(i))
			err = sql_parameters_column(parameters, user, i);
	}
	return err;
}
