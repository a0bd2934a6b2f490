#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

struct rd
rd_init(const void *bytes, size_t n)
{
	return (struct rd){ .p = bytes, .n = n, .bad = 0 };
}

void
rd_fail(struct rd *r, int err)
{
	if (r->bad == 0)
		r->bad = err;
	r->n = 0;
}

struct view
rd_raw(struct rd *r, size_t n)
{
	struct view v = { .p = r->p, .n = n };

	if (r->bad != 0 || n > r->n) {
		rd_fail(r, ERR_SHORT);
		return (struct view){ .p = r->p, .n = 0 };
	}
	if (n > 0)
		r->p += n;
	r->n -= n;
	return v;
}

uint8_t
rd_u8(struct rd *r)
{
	struct view v = rd_raw(r, 1);

	return v.n == 1 ? v.p[0] : 0;
}

uint16_t
rd_u16(struct rd *r)
{
	struct view v = rd_raw(r, 2);

	if (v.n != 2)
		return 0;
	return (uint16_t)((unsigned)v.p[0] << 8 | v.p[1]);
}

uint32_t
rd_u32(struct rd *r)
{
	struct view v = rd_raw(r, 4);

	if (v.n != 4)
		return 0;
	return (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
}

uint64_t
rd_u64(struct rd *r)
{
	uint64_t high = rd_u32(r);

	return high << 32 | rd_u32(r);
}

bool
rd_bool(struct rd *r)
{
	return rd_u8(r) != 0;
}

bool
rd_flag(struct rd *r)
{
	uint8_t value = rd_u8(r);

	if (value > 1)
		rd_fail(r, ERR_FORMAT);
	return value == 1;
}

struct view
rd_str(struct rd *r, size_t max)
{
	uint32_t n = rd_u32(r);

	if (r->bad == 0 && n > max) {
		rd_fail(r, ERR_LIMIT);
		return (struct view){ .p = r->p, .n = 0 };
	}
	return rd_raw(r, n);
}

struct view
rd_mpint(struct rd *r, size_t max)
{
	/* one byte more for the sign */
	struct view v = rd_str(r, max + 1);

	if (v.n == 0)
		return v;
	if (v.p[0] & 0x80) {
		rd_fail(r, ERR_FORMAT);
		return (struct view){ .p = v.p, .n = 0 };
	}
	if (v.p[0] == 0) {
		if (v.n == 1 || !(v.p[1] & 0x80)) {
			rd_fail(r, ERR_FORMAT);
			return (struct view){ .p = v.p, .n = 0 };
		}
		v.p++;
		v.n--;
	}
	if (v.n > max) {
		rd_fail(r, ERR_LIMIT);
		return (struct view){ .p = v.p, .n = 0 };
	}
	return v;
}

struct view
rd_rest(struct rd *r)
{
	return rd_raw(r, r->n);
}

int
rd_end(const struct rd *r)
{
	if (r->bad != 0)
		return r->bad;
	return r->n == 0 ? 0 : ERR_TRAILING;
}

bool
view_eq(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct view
view_of(const char *s)
{
	return (struct view){ .p = (const uint8_t *)s, .n = strlen(s) };
}

bool
view_is(struct view v, const char *s)
{
	return view_eq(v, view_of(s));
}

bool
view_has_nul(struct view v)
{
	return v.n > 0 && memchr(v.p, 0, v.n) != NULL;
}

int
view_copy(struct view v, char *out, size_t size)
{
	if (size == 0)
		return ERR_LIMIT;
	out[0] = '\0';
	if (v.n >= size)
		return ERR_LIMIT;
	if (view_has_nul(v))
		return ERR_FORMAT;
	if (v.n > 0)
		memcpy(out, v.p, v.n);
	out[v.n] = '\0';
	return 0;
}

char *
view_dup(struct view v)
{
	char *s;

	if (view_has_nul(v) || (s = malloc(v.n + 1)) == NULL)
		return NULL;
	if (v.n > 0)
		memcpy(s, v.p, v.n);
	s[v.n] = '\0';
	return s;
}

bool
view_next_name(struct view *list, struct view *name_out)
{
	const uint8_t *comma;

	if (list->p == NULL)
		return false;
	comma = list->n > 0 ? memchr(list->p, ',', list->n) : NULL;
	if (comma == NULL) {
		*name_out = *list;
		*list = (struct view){ 0 };
		return name_out->n > 0;
	}
	*name_out = (struct view){ .p = list->p, .n = (size_t)(comma - list->p) };
	list->n -= name_out->n + 1;
	list->p = comma + 1;
	return true;
}

bool
view_next_line(struct view *text, struct view *line_out)
{
	const uint8_t *end;
	size_t n;

	if (text->n == 0)
		return false;
	end = memchr(text->p, '\n', text->n);
	n = end != NULL ? (size_t)(end - text->p) : text->n;
	*line_out = (struct view){ .p = text->p, .n = n };
	n += end != NULL;
	text->p += n;
	text->n -= n;
	if (line_out->n > 0 && line_out->p[line_out->n - 1] == '\r')
		line_out->n--;
	return true;
}
