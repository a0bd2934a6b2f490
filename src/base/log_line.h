/*
 * log_line.h - builds one log line: a JSON object whose keys keep the order they are added in.
 *
 * Text is escaped here and nowhere else: whatever bytes a client sent, the line stays one line of
 * valid UTF-8. It writes into a buffer, whose maximum is the limit of a line, and allocates nothing
 * but that; where the line goes is the caller's business.
 */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/buf.h"
#include "base/local_time.h"

#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* "debug", "info", "warn", "error". */
const char *log_level_text(enum log_level level);

/*
 * Starts the object with "level", "time" (local, milliseconds, no zone) and "sender". `last` is
 * kept from line to line.
 */
void log_line_begin(struct buf *line, enum log_level level, int64_t wall_ms,
	struct local_time *last, const char *sender);
/* Adds a member; the key is ours and is not escaped. */
void log_line_text(struct buf *line, const char *key, struct view value);
void log_line_cstr(struct buf *line, const char *key, const char *value);
void log_line_number(struct buf *line, const char *key, int64_t value);
/* Closes the object and ends the line. */
void log_line_end(struct buf *line);

/* Appends a JSON string literal; bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct buf *out, struct view text);
/*
 * Appends JSON text with '<', '>' and '&' as \u003c and so on, which is the same JSON and is no
 * HTML, whoever takes it for that.
 */
void json_without_markup(struct buf *out, struct view json);

#endif
