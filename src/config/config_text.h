/*
 * config_text.h - a cursor over the text of a configuration file, for the readers that have no
 * library, and the escapes that their formats share. Private to config_*.c.
 */
#ifndef CONFIG_CONFIG_TEXT_H
#define CONFIG_CONFIG_TEXT_H

#include "base/buf.h"
#include "base/rd.h"

#include <stdbool.h>

struct text {
	struct view all; /* UTF-8 without NUL */
	size_t at;
	unsigned line; /* of the next byte, from 1 */
};

/* The byte at `ahead` bytes from here, or -1 past the end. */
int text_peek(const struct text *t, size_t ahead);
/* Takes one byte; -1 at the end. */
int text_next(struct text *t);
/* Takes these bytes when they are next. */
bool text_take(struct text *t, const char *bytes);
/* Takes bytes while they are among these, and returns them. */
struct view text_span(struct text *t, const char *bytes);
/* Takes up to the end of the line, which stays. */
struct view text_rest_of_line(struct text *t);
/* Takes "\n" or "\r\n". */
bool text_newline(struct text *t);
/* Appends a character; false when it is none that UTF-8 can write, or NUL. */
bool text_character(struct buf *out, uint32_t character);
/* Takes so many hexadecimal digits, and appends the character of that number. */
bool text_hexadecimal(struct text *t, unsigned digits, struct buf *out);
/* Without blanks at either end. */
struct view text_trim(struct view v);

#endif
