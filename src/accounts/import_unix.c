/*
 * The system's accounts: passwd(5) and shadow(5).
 */
#include "accounts/import_line.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_MAX = 100000000 };

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

/* Of passwd(5) and of shadow(5), by their number. */
enum { NAME, PASSWORD, UID, GID, GECOS, HOME, PASSWD_FIELDS };
enum { LAST_CHANGE = 2, INACTIVE = 6, EXPIRES = 7, SHADOW_FIELDS };

/* A line of the shadow file that can be found by its name. */
struct shadow_line {
	struct view name;
	struct view line;
};

struct shadow {
	struct shadow_line *lines; /* sorted by name */
	size_t count;
};

static int
compare_names(struct view a, struct view b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int
compare_lines(const void *a, const void *b)
{
	const struct shadow_line *first = a, *second = b;
	int order = compare_names(first->name, second->name);

	/* Of two lines with one name the first in the file counts. */
	return order != 0 ? order
			  : (first->line.p > second->line.p) - (first->line.p < second->line.p);
}

static int
shadow_read(struct view text, struct shadow *out)
{
	struct view rest = text, line;
	size_t n = 0;

	while (view_next_line(&rest, &line))
		n++;
	if (n > 0 && (out->lines = calloc(n, sizeof(*out->lines))) == NULL)
		return ERR_MEMORY;
	while (view_next_line(&text, &line)) {
		struct import_fields fields;

		if (import_line_is_blank(line) || line.n > IMPORT_LINE_MAX)
			continue;
		import_split(line, ':', &fields);
		out->lines[out->count++] =
		    (struct shadow_line){ .name = fields.items[0], .line = line };
	}
	if (out->count > 0)
		qsort(out->lines, out->count, sizeof(*out->lines), compare_lines);
	return 0;
}

/* False when there is no whole line for the name. */
static bool
shadow_find(const struct shadow *shadow, struct view name, struct import_fields *out)
{
	size_t low = 0, high = shadow->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(shadow->lines[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == shadow->count || !view_eq(shadow->lines[low].name, name))
		return false;
	import_split(shadow->lines[low].line, ':', out);
	return out->count >= SHADOW_FIELDS;
}

/* What the shadow line says about the account's end. */
static bool
apply_dates(struct import_row *row, const struct import_fields *shadow, int64_t today)
{
	struct user *user = row->user;
	int64_t changed, inactive, expires;

	if (!import_number(shadow->items[LAST_CHANGE], -1, DAY_MAX, &changed) ||
	    !import_number(shadow->items[INACTIVE], 0, DAY_MAX, &inactive) ||
	    !import_number(shadow->items[EXPIRES], -1, DAY_MAX, &expires)) {
		import_row_skip(row, "its dates in the shadow file are not numbers of days");
		return false;
	}
	if (changed >= 0 && inactive > 0 && today - changed > inactive) {
		user->status = USER_DISABLED;
		memcpy(row->note, "disabled: inactive", sizeof("disabled: inactive"));
	}
	/* Day 0 is how some disable an account; 0 would be "never" here. */
	if (expires >= 0)
		user->expiration_date = expires > 0 ? expires * day_ms : 1;
	return true;
}

static struct view
without_lock(struct view hash)
{
	while (hash.n > 0 && hash.p[0] == '!') {
		hash.p++;
		hash.n--;
	}
	return hash;
}

static int
read_row(struct import_row *row, const struct import_fields *fields, const struct shadow *shadow,
    int64_t today)
{
	struct view hash = fields->items[PASSWORD], unlocked;
	bool is_elsewhere = view_is(hash, "x") || view_is(hash, "*"), has_dates;
	struct import_fields line;
	int err;

	has_dates = shadow_find(shadow, fields->items[NAME], &line);
	if (is_elsewhere && has_dates)
		hash = line.items[PASSWORD];
	else if (is_elsewhere)
		hash = (struct view){ 0 };
	unlocked = without_lock(hash);
	if (unlocked.n == 0 || view_is(unlocked, "*") || view_is(unlocked, "x")) {
		import_row_skip(row, "it has no password to log in with");
		return 0;
	}
	if (!import_row_user(
		row, unlocked, fields->items[UID], fields->items[GID], fields->items[HOME], &err))
		return err;
	if (has_dates && !apply_dates(row, &line, today))
		return 0;
	if (unlocked.n != hash.n) {
		row->user->status = USER_DISABLED;
		memcpy(row->note, "disabled: locked", sizeof("disabled: locked"));
	}
	return 0;
}

static int
read_line(struct import *out, struct view line, const struct shadow *shadow, int64_t today)
{
	struct import_fields fields;
	struct import_row *row;

	import_split(line, ':', &fields);
	if ((row = import_row_add(out, fields.items[NAME])) == NULL)
		return out->count >= IMPORT_ROWS_MAX ? ERR_LIMIT : ERR_MEMORY;
	if (line.n > IMPORT_LINE_MAX)
		import_row_skip(row, "the line is longer than %d bytes", IMPORT_LINE_MAX);
	else if (fields.count < PASSWD_FIELDS)
		import_row_skip(row, "the line has fewer than %d fields", PASSWD_FIELDS + 1);
	else
		return read_row(row, &fields, shadow, today);
	return 0;
}

int
import_unix(struct view passwd, struct view shadow_text, int64_t today, struct import *out)
{
	struct shadow shadow = { 0 };
	struct view line;
	int err;

	if (passwd.n > IMPORT_BYTES_MAX || shadow_text.n > IMPORT_BYTES_MAX)
		return ERR_LIMIT;
	err = shadow_read(shadow_text, &shadow);
	while (err == 0 && view_next_line(&passwd, &line)) {
		if (!import_line_is_blank(line))
			err = read_line(out, line, &shadow, today);
	}
	free(shadow.lines);
	return err;
}
