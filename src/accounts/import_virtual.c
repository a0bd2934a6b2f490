/*
 * Virtual users of pure-ftpd (its passwd file) and of ProFTPD (AuthUserFile).
 */
#include "accounts/import_line.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* The fields that both have, by their number. */
enum { NAME, PASSWORD, UID, GID, HOME = 5 };

/* --- pure-ftpd --- */

enum {
	UPLOAD_BANDWIDTH = 6, /* bytes a second */
	DOWNLOAD_BANDWIDTH,
	MAX_SESSIONS = 10,
	QUOTA_FILES,
	QUOTA_SIZE,
	ALLOWED_CLIENTS = 15,
	DENIED_CLIENTS,
	PURE_FTPD_FIELDS,
};

static bool
read_numbers(struct user *user, const struct import_fields *fields)
{
	const struct {
		unsigned field;
		int64_t *value, divisor, max;
	} numbers[] = {
		{ UPLOAD_BANDWIDTH, &user->upload_bandwidth, 1024, INT64_MAX },
		{ DOWNLOAD_BANDWIDTH, &user->download_bandwidth, 1024, INT64_MAX },
		{ MAX_SESSIONS, &user->max_sessions, 1, INT32_MAX },
		{ QUOTA_FILES, &user->quota_files, 1, INT32_MAX },
		{ QUOTA_SIZE, &user->quota_size, 1, INT64_MAX },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!import_number(
			fields->items[numbers[i].field], 0, numbers[i].max, numbers[i].value))
			return false;
		/* A limit below one unit stays a limit. */
		if (*numbers[i].value > 0 && *numbers[i].value < numbers[i].divisor)
			*numbers[i].value = numbers[i].divisor;
		*numbers[i].value /= numbers[i].divisor;
	}
	return true;
}

static int
add_address(struct text_list *list, struct view item)
{
	char *text = view_dup(item), *ranged = NULL;
	int err = ERR_MEMORY;

	if (text != NULL && strchr(text, '/') != NULL)
		err = text_list_add(list, text);
	/* An IPv6 address cannot stand between colons. */
	else if (text != NULL && asprintf(&ranged, "%s/32", text) >= 0)
		err = text_list_add(list, ranged);
	free(text);
	free(ranged);
	return err;
}

/* A list with commas; a single address is given its mask. What is no address, validation tells. */
static int
read_addresses(struct text_list *list, struct view field)
{
	struct view item;
	int err = 0;

	while (err == 0 && view_next_name(&field, &item)) {
		while (item.n > 0 && item.p[0] == ' ') {
			item.p++;
			item.n--;
		}
		while (item.n > 0 && item.p[item.n - 1] == ' ')
			item.n--;
		if (item.n > 0)
			err = add_address(list, item);
	}
	return err;
}

static int
finish_pure_ftpd(struct import_row *row, const struct import_fields *fields)
{
	struct view allowed = fields->items[ALLOWED_CLIENTS];
	struct view denied = fields->items[DENIED_CLIENTS];
	struct user_filters *filters = &row->user->filters;
	int err = 0;

	if (!read_numbers(row->user, fields))
		import_row_skip(row, "a bandwidth, limit or quota is not a number");
	else if (!utf8_valid(allowed) || !utf8_valid(denied) || view_has_nul(allowed) ||
		 view_has_nul(denied))
		import_row_skip(row, "the line is not UTF-8 text");
	else if ((err = read_addresses(&filters->allowed_ip, allowed)) == 0)
		err = read_addresses(&filters->denied_ip, denied);
	return err;
}

/* --- both --- */

static int
read_line(struct import *out, struct view line, size_t least,
    int (*finish)(struct import_row *row, const struct import_fields *fields))
{
	struct import_fields fields;
	struct import_row *row;
	int err;

	import_split(line, ':', &fields);
	if ((row = import_row_add(out, fields.items[NAME])) == NULL)
		return out->count >= IMPORT_ROWS_MAX ? ERR_LIMIT : ERR_MEMORY;
	if (line.n > IMPORT_LINE_MAX)
		import_row_skip(row, "the line is longer than %d bytes", IMPORT_LINE_MAX);
	else if (fields.count < least)
		import_row_skip(row, "the line has fewer than %zu fields", least);
	else if (fields.items[PASSWORD].n == 0)
		import_row_skip(row, "it has no password to log in with");
	else if (!import_row_user(row, fields.items[PASSWORD], fields.items[UID],
		     fields.items[GID], fields.items[HOME], &err))
		return err;
	else if (finish != NULL)
		return finish(row, &fields);
	return 0;
}

static int
read_lines(struct view text, struct import *out, size_t least,
    int (*finish)(struct import_row *row, const struct import_fields *fields))
{
	struct view line;
	int err = 0;

	if (text.n > IMPORT_BYTES_MAX)
		return ERR_LIMIT;
	while (err == 0 && view_next_line(&text, &line)) {
		if (!import_line_is_blank(line))
			err = read_line(out, line, least, finish);
	}
	return err;
}

int
import_pure_ftpd(struct view text, struct import *out)
{
	return read_lines(text, out, PURE_FTPD_FIELDS, finish_pure_ftpd);
}

int
import_proftpd(struct view text, struct import *out)
{
	enum { PROFTPD_FIELDS = 7 };

	return read_lines(text, out, PROFTPD_FIELDS, NULL);
}
