#include "base/log_line.h"

#include "base/encode.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

const char *
log_level_text(enum log_level level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	return names[level];
}

static void
quote_number(struct buf *out, uint8_t c)
{
	buf_text(out, "\\u00");
	hex_encode(out, (struct view){ .p = &c, .n = 1 });
}

enum { WORD_BYTES = sizeof(uint64_t) };

/* Each byte of a word with the same value. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/*
 * is_plain() of eight bytes at once. A subtraction sets the highest bit of the first byte that is
 * less than what is taken from it, and the addition that of 0x7f; none can set one wrongly, because
 * before the first byte that is not plain there is nothing to borrow or to carry.
 */
static bool
is_plain_word(const uint8_t *p)
{
	uint64_t w, found;

	memcpy(&w, p, sizeof(w));
	found = w | (w - EACH(0x20)) | (w + EACH(1)) | ((w ^ EACH('"')) - EACH(1)) |
	    ((w ^ EACH('\\')) - EACH(1));
	return (found & EACH(0x80)) == 0;
}

/* How many bytes from here on stand for themselves. */
static size_t
plain_bytes(struct view text)
{
	size_t i = 0, n;

	do {
		while (text.n - i >= WORD_BYTES && is_plain_word(text.p + i))
			i += WORD_BYTES;
		while (i < text.n && is_plain(text.p[i]))
			i++;
		n = utf8_length((struct view){ .p = text.p + i, .n = text.n - i });
		if (n > 1)
			i += n;
	} while (n > 1);
	return i;
}

static void
quote_byte(struct buf *out, uint8_t c)
{
	switch (c) {
	case '"': buf_text(out, "\\\""); break;
	case '\\': buf_text(out, "\\\\"); break;
	case '\n': buf_text(out, "\\n"); break;
	case '\r': buf_text(out, "\\r"); break;
	case '\t': buf_text(out, "\\t"); break;
	default:
		if (c < 0x80)
			quote_number(out, c);
		else
			buf_text(out, "\xef\xbf\xbd");
	}
}

void
json_quote(struct buf *out, struct view text)
{
	buf_text(out, "\"");
	for (size_t i = 0; i < text.n; i++) {
		size_t plain = plain_bytes((struct view){ .p = text.p + i, .n = text.n - i });

		buf_raw(out, text.p + i, plain);
		if ((i += plain) < text.n)
			quote_byte(out, text.p[i]);
	}
	buf_text(out, "\"");
}

void
log_line_begin(struct buf *line, enum log_level level, int64_t wall_ms, struct local_time *last,
	const char *sender)
{
	int64_t seconds = wall_ms / 1000, ms = wall_ms % 1000;
	char fraction[] = { '.', '0', '0', '0', '"' };

	/* before 1970 */
	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	fraction[1] += (char)(ms / 100);
	fraction[2] += (char)(ms / 10 % 10);
	fraction[3] += (char)(ms % 10);
	buf_text(line, "{\"level\":\"");
	buf_text(line, log_level_text(level));
	buf_text(line, "\",\"time\":\"");
	buf_text(line, local_time_text(last, seconds));
	buf_raw(line, fraction, sizeof(fraction));
	log_line_cstr(line, "sender", sender);
}

static void
add_key(struct buf *line, const char *key)
{
	buf_text(line, ",\"");
	buf_text(line, key);
	buf_text(line, "\":");
}

void
log_line_text(struct buf *line, const char *key, struct view value)
{
	add_key(line, key);
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
	add_key(line, key);
	buf_decimal(line, value);
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
		quote_number(out, json.p[i]);
		begin = i + 1;
	}
	buf_raw(out, json.p + begin, json.n - begin);
}
