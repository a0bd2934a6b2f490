#include "http/http_query.h"

#include "base/encode.h"
#include "base/utf8.h"

#include <string.h>

static int
decode(struct view text, bool plus_is_space, struct buf *out)
{
	size_t begin = out->n;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '%') {
			if (text.n - i < 3 ||
			    hex_decode(out, (struct view){ .p = text.p + i + 1, .n = 2 }) != 0)
				return ERR_FORMAT;
			i += 2;
		} else {
			buf_u8(out, plus_is_space && text.p[i] == '+' ? ' ' : text.p[i]);
		}
	}
	if (buf_error(out) != 0)
		return buf_error(out);
	text = (struct view){ .p = out->p + begin, .n = out->n - begin };
	return utf8_valid(text) && !view_has_nul(text) ? 0 : ERR_FORMAT;
}

static struct view
take_until(struct view *text, uint8_t stop)
{
	const uint8_t *end = text->n > 0 ? memchr(text->p, stop, text->n) : NULL;
	struct view taken = { .p = text->p, .n = end != NULL ? (size_t)(end - text->p) : text->n };
	size_t skip = taken.n + (end != NULL);

	text->p += skip;
	text->n -= skip;
	return taken;
}

int
http_query_get(struct view query, const char *name, struct buf *value_out)
{
	while (query.n > 0) {
		struct view value = take_until(&query, '&'), key = take_until(&value, '=');
		struct buf decoded = buf_init(key.n + 1);
		int err = decode(key, true, &decoded);
		bool is_it = err == 0 && view_is(buf_view(&decoded), name);

		buf_free(&decoded);
		if (err != 0)
			return err;
		if (is_it)
			return decode(value, true, value_out);
	}
	return ERR_NOT_FOUND;
}

int
http_path_decode(struct view piece, struct buf *out)
{
	return decode(piece, false, out);
}
