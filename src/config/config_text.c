#include "config/config_text.h"

#include <string.h>

int
text_peek(const struct text *t, size_t ahead)
{
	return ahead < t->all.n - t->at ? t->all.p[t->at + ahead] : -1;
}

int
text_next(struct text *t)
{
	int c = text_peek(t, 0);

	if (c >= 0)
		t->at++;
	if (c == '\n')
		t->line++;
	return c;
}

bool
text_take(struct text *t, const char *bytes)
{
	size_t n = strlen(bytes);

	if (t->all.n - t->at < n || memcmp(t->all.p + t->at, bytes, n) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		text_next(t);
	return true;
}

struct view
text_span(struct text *t, const char *bytes)
{
	struct view v = { .p = t->all.p + t->at };
	int c;

	/* The text holds no NUL, so that strchr() finds no end of `bytes` in it. */
	while ((c = text_peek(t, 0)) > 0 && strchr(bytes, c) != NULL) {
		text_next(t);
		v.n++;
	}
	return v;
}

static bool
at_newline(const struct text *t)
{
	return text_peek(t, 0) == '\n' || (text_peek(t, 0) == '\r' && text_peek(t, 1) == '\n');
}

struct view
text_rest_of_line(struct text *t)
{
	struct view v = { .p = t->all.p + t->at };

	while (text_peek(t, 0) >= 0 && !at_newline(t)) {
		text_next(t);
		v.n++;
	}
	return v;
}

bool
text_newline(struct text *t)
{
	return text_take(t, "\n") || text_take(t, "\r\n");
}

bool
text_character(struct buf *out, uint32_t c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	if (c < 0x80) {
		buf_u8(out, (uint8_t)c);
	} else if (c < 0x800) {
		buf_u8(out, (uint8_t)(0xc0 | c >> 6));
		buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		if (c < 0x10000) {
			buf_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
	return true;
}

static int
digit_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
text_hexadecimal(struct text *t, unsigned digits, struct buf *out)
{
	uint32_t character = 0;

	for (unsigned i = 0; i < digits; i++) {
		int value = digit_value(text_peek(t, 0));

		if (value < 0)
			return false;
		character = character << 4 | (uint32_t)value;
		text_next(t);
	}
	return text_character(out, character);
}

struct view
text_trim(struct view v)
{
	while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
		v.p++;
		v.n--;
	}
	while (v.n > 0 && memchr(" \t\r", v.p[v.n - 1], 3) != NULL)
		v.n--;
	return v;
}
