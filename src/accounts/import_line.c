#include "accounts/import_line.h"

#include "base/permission.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = INT32_MAX };

bool
import_line_is_blank(struct view line)
{
	size_t i = 0;

	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	return i == line.n || line.p[i] == '#';
}

void
import_split(struct view line, char separator, struct import_fields *out)
{
	const uint8_t *end;

	out->count = 0;
	do {
		size_t n;

		end = line.n > 0 ? memchr(line.p, separator, line.n) : NULL;
		n = end != NULL ? (size_t)(end - line.p) : line.n;
		out->items[out->count++] = (struct view){ .p = line.p, .n = n };
		line.p += end != NULL ? n + 1 : n;
		line.n -= end != NULL ? n + 1 : n;
	} while (end != NULL && out->count < IMPORT_FIELDS_MAX);
}

bool
import_number(struct view field, int64_t preset, int64_t max, int64_t *out)
{
	int64_t value = 0;

	*out = preset;
	if (field.n == 0)
		return true;
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] < '0' || field.p[i] > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, field.p[i] - '0', &value) || value > max)
			return false;
	}
	*out = value;
	return true;
}

struct import_row *
import_row_add(struct import *import, struct view name)
{
	struct import_row *row;
	size_t n = import->count;

	if (n >= IMPORT_ROWS_MAX)
		return NULL;
	/* Room grows when the count reaches a power of two. */
	if ((n & (n - 1)) == 0) {
		row = reallocarray(import->rows, n == 0 ? 1 : 2 * n, sizeof(*row));
		if (row == NULL)
			return NULL;
		import->rows = row;
	}
	row = &import->rows[n];
	*row = (struct import_row){ .name = view_has_nul(name) ? strdup("") : view_dup(name) };
	if (row->name == NULL)
		return NULL;
	import->count++;
	return row;
}

void
import_row_skip(struct import_row *row, const char *format, ...)
{
	va_list ap;

	user_free(&row->user);
	va_start(ap, format);
	vsnprintf(row->note, sizeof(row->note), format, ap);
	va_end(ap);
}

static int
set_text(char **field, struct view text)
{
	char *copy = view_dup(text);
	int err = copy != NULL ? user_set_text(field, copy) : ERR_MEMORY;

	free(copy);
	return err;
}

bool
import_row_user(struct import_row *row, struct view hash, struct view uid, struct view gid,
    struct view home, int *err_out)
{
	struct user *user;

	*err_out = 0;
	if (row->name[0] == '\0' || row->name[0] == '+' || row->name[0] == '-')
		import_row_skip(row, "the line names no account");
	else if (!utf8_valid(view_of(row->name)) || !utf8_valid(home) || view_has_nul(home) ||
		 view_has_nul(hash))
		import_row_skip(row, "the line is not UTF-8 text");
	else if ((*err_out = user_new(&row->user)) == 0 &&
		 (!import_number(uid, 0, ID_MAX, &row->user->uid) ||
		     !import_number(gid, 0, ID_MAX, &row->user->gid)))
		import_row_skip(row, "the uid or gid is not a number from 0 to %d", ID_MAX);
	if ((user = row->user) == NULL)
		return false;
	user->status = USER_ACTIVE;
	if ((*err_out = user_set_text(&user->username, row->name)) != 0 ||
	    (*err_out = set_text(&user->home_dir, home)) != 0 ||
	    (*err_out = set_text(&user->password, hash)) != 0 ||
	    (*err_out = user_permission_set(user, "/", PERMISSION_ALL, true)) != 0)
		return false;
	if (!password_is_hash(user->password)) {
		import_row_skip(row, "its password hash is of a kind that cannot be checked");
		return false;
	}
	return true;
}
