#include "http/http_cookie.h"

#include <string.h>

/* RFC 6265 section 4.2.1: "name=value; name=value". */
static struct view
find(struct view pairs, const char *name)
{
	size_t n = strlen(name);

	while (pairs.n > 0) {
		const uint8_t *end = memchr(pairs.p, ';', pairs.n);
		struct view pair = pairs;

		if (end != NULL)
			pair.n = (size_t)(end - pairs.p);
		pairs.p += pair.n + (end != NULL);
		pairs.n -= pair.n + (end != NULL);
		while (pair.n > 0 && pair.p[0] == ' ') {
			pair.p++;
			pair.n--;
		}
		if (pair.n > n && memcmp(pair.p, name, n) == 0 && pair.p[n] == '=')
			return (struct view){ .p = pair.p + n + 1, .n = pair.n - n - 1 };
	}
	return (struct view){ 0 };
}

struct view
http_cookie_get(const struct http_head *head, const char *name)
{
	struct view value = { 0 };

	for (size_t i = 0; i < head->field_count && value.n == 0; i++) {
		if (http_text_is(head->fields[i].name, "Cookie"))
			value = find(head->fields[i].value, name);
	}
	return value;
}
