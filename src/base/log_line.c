#include "base/log_line.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <time.h>

const char *
log_level_text(enum log_level level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	return names[level];
}

/* How many bytes from here on stand for themselves. */
static size_t
plain_bytes(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

void
json_quote(struct buf *out, struct view text)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < text.n;) {
		size_t plain = plain_bytes(text.p + i, text.n - i);
		uint8_t c;
		size_t n;

		buf_raw(out, text.p + i, plain);
		if ((i += plain) == text.n)
			break;
		c = text.p[i];
		n = utf8_length((struct view){ .p = text.p + i, .n = text.n - i });

		if (n == 0) {
			buf_text(out, "\xef\xbf\xbd");
			n = 1;
		} else if (c == '"' || c == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, c);
		} else if (c == '\n') {
			buf_text(out, "\\n");
		} else if (c == '\r') {
			buf_text(out, "\\r");
		} else if (c == '\t') {
			buf_text(out, "\\t");
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_raw(out, text.p + i, n);
		}
		i += n;
	}
	buf_u8(out, '"');
}

void
log_line_begin(struct buf *line, enum log_level level, int64_t wall_ms, const char *sender)
{
	time_t seconds = wall_ms / 1000;
	struct tm tm;
	char text[32];

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(line, "{\"level\":\"%s\",\"time\":\"%s.%03d\"", log_level_text(level), text,
	    (int)(wall_ms % 1000));
	log_line_cstr(line, "sender", sender);
}

void
log_line_text(struct buf *line, const char *key, struct view value)
{
	buf_printf(line, ",\"%s\":", key);
	json_quote(line, value);
}

void
log_line_cstr(struct buf *line, const char *key, const char *value)
{
	log_line_text(line, key, view_of(value));
}

void
log_line_number(struct buf *line, const char *key, int64_t value)
{
	buf_printf(line, ",\"%s\":%" PRId64, key, value);
}

void
log_line_end(struct buf *line)
{
	buf_text(line, "}\n");
}

void
json_without_markup(struct buf *out, struct view json)
{
	size_t begin = 0;

	for (size_t i = 0; i < json.n; i++) {
		/* outside of strings JSON has none of the three */
		if (json.p[i] != '<' && json.p[i] != '>' && json.p[i] != '&')
			continue;
		buf_raw(out, json.p + begin, i - begin);
		buf_printf(out, "\\u%04x", json.p[i]);
		begin = i + 1;
	}
	buf_raw(out, json.p + begin, json.n - begin);
}
