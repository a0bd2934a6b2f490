#include "base/buf.h"

#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buf
buf_init(size_t max)
{
	return (struct buf){ .max = max };
}

void
buf_free(struct buf *b)
{
	secret_free(b->p, b->cap);
	*b = buf_init(b->max);
}

void
buf_clear(struct buf *b)
{
	buf_cut(b, 0);
}

void
buf_cut(struct buf *b, size_t n)
{
	if (n > b->n)
		bug("keeping %zu of %zu bytes", n, b->n);
	b->n = n;
	b->bad = 0;
}

int
buf_error(const struct buf *b)
{
	return b->bad;
}

struct view
buf_view(const struct buf *b)
{
	return (struct view){ .p = b->p, .n = b->bad == 0 ? b->n : 0 };
}

uint8_t *
buf_grow(struct buf *b, size_t n)
{
	size_t cap;
	uint8_t *p;

	if (b->bad != 0)
		return NULL;
	if (n > b->max || b->n > b->max - n) {
		b->bad = ERR_LIMIT;
		return NULL;
	}
	if (b->n + n > b->cap) {
		cap = b->cap < 64 ? 64 : b->cap;
		while (cap < b->n + n)
			cap *= 2;
		if (cap > b->max)
			cap = b->max;
		if ((p = malloc(cap)) == NULL) {
			b->bad = ERR_MEMORY;
			return NULL;
		}
		if (b->n > 0)
			memcpy(p, b->p, b->n);
		secret_free(b->p, b->cap);
		b->p = p;
		b->cap = cap;
	}
	p = b->p + b->n;
	b->n += n;
	return p;
}

void
buf_u8(struct buf *b, uint8_t v)
{
	buf_raw(b, &v, 1);
}

void
buf_u16(struct buf *b, uint16_t v)
{
	uint8_t be[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	buf_raw(b, be, sizeof(be));
}

void
buf_u32(struct buf *b, uint32_t v)
{
	uint8_t be[4];

	put_u32(be, v);
	buf_raw(b, be, sizeof(be));
}

void
buf_u64(struct buf *b, uint64_t v)
{
	uint8_t be[8];

	put_u64(be, v);
	buf_raw(b, be, sizeof(be));
}

void
buf_bool(struct buf *b, bool v)
{
	buf_u8(b, v ? 1 : 0);
}

void
buf_str(struct buf *b, struct view v)
{
	if (v.n > UINT32_MAX) {
		b->bad = ERR_LIMIT;
		return;
	}
	buf_u32(b, (uint32_t)v.n);
	buf_raw(b, v.p, v.n);
}

void
buf_cstr(struct buf *b, const char *s)
{
	buf_str(b, view_of(s));
}

void
buf_mpint(struct buf *b, const uint8_t *bytes, size_t n)
{
	while (n > 0 && bytes[0] == 0) {
		bytes++;
		n--;
	}
	if (n > 0 && (bytes[0] & 0x80)) {
		buf_u32(b, (uint32_t)n + 1);
		buf_u8(b, 0);
	} else {
		buf_u32(b, (uint32_t)n);
	}
	buf_raw(b, bytes, n);
}

void
buf_decimal(struct buf *b, int64_t v)
{
	char text[sizeof("-9223372036854775808") - 1];
	size_t at = sizeof(text);
	uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do {
		text[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (v < 0)
		text[--at] = '-';
	buf_raw(b, text + at, sizeof(text) - at);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	if (n < 0) {
		b->bad = ERR_MEMORY;
		return;
	}
	buf_raw(b, s, (size_t)n);
	secret_free(s, (size_t)n);
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n > b->n)
		bug("dropping %zu of %zu bytes", n, b->n);
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void
put_u64(uint8_t *p, uint64_t v)
{
	put_u32(p, (uint32_t)(v >> 32));
	put_u32(p + 4, (uint32_t)v);
}

uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
