#include "accounts/password_parts.h"

void
rd_expect(struct rd *r, const char *text)
{
	if (!view_is(rd_raw(r, view_of(text).n), text))
		rd_fail(r, ERR_FORMAT);
}

uint32_t
rd_decimal(struct rd *r, uint32_t max)
{
	uint64_t value = 0;
	unsigned digits = 0;

	while (r->n > 0 && r->p[0] >= '0' && r->p[0] <= '9' && digits <= 10) {
		value = value * 10 + (uint64_t)(rd_u8(r) - '0');
		digits++;
	}
	if (digits == 0 || value == 0 || value > max)
		rd_fail(r, ERR_LIMIT);
	return r->bad == 0 ? (uint32_t)value : 0;
}

struct view
rd_until_dollar(struct rd *r)
{
	size_t n = 0;

	while (n < r->n && r->p[n] != '$')
		n++;
	return rd_raw(r, n);
}
