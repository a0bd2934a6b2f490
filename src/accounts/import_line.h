/*
 * import_line.h - lines of fields between colons, and adding rows. Private to import*.c.
 */
#ifndef ACCOUNTS_IMPORT_LINE_H
#define ACCOUNTS_IMPORT_LINE_H

#include "accounts/import.h"

enum { IMPORT_FIELDS_MAX = 32 };

struct import_fields {
	struct view items[IMPORT_FIELDS_MAX]; /* further ones are not looked at */
	size_t count;
};

/* True for what is empty, or a comment. */
bool import_line_is_blank(struct view line);
void import_split(struct view line, char separator, struct import_fields *out);
/* A decimal number from 0 to max; `preset` when the field is empty. False when it is none. */
bool import_number(struct view field, int64_t preset, int64_t max, int64_t *out);

/* Adds a row for this name and returns it, NULL when memory or room is short. */
struct import_row *import_row_add(struct import *import, struct view name);
/* Leaves the row's account out, if it has one, and says why. */
void import_row_skip(struct import_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Gives the row an active account that may do everything below its home, from the fields that all
 * of these files have. `hash` is checked for being one. False when the row was skipped or memory
 * is short: *err_out.
 */
bool import_row_user(struct import_row *row, struct view hash, struct view uid, struct view gid,
    struct view home, int *err_out);

#endif
