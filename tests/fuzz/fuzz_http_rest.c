/*
 * What a client of the REST API may say beside the head: a path, a query and a JSON body, one line
 * each. What comes out must be JSON.
 */
#include "worker/http_rest.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct view
take_line(struct view *rest)
{
	const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	struct view line = { .p = rest->p, .n = end != NULL ? (size_t)(end - rest->p) : rest->n };
	size_t skip = line.n + (end != NULL);

	rest->p += skip;
	rest->n -= skip;
	return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct view rest = { .p = bytes, .n = n };
	struct view method = take_line(&rest), path = take_line(&rest);
	struct http_asked asked = { .query = take_line(&rest), .token = view_of("token") };
	struct buf out = buf_init(1024 * 1024);
	struct http_fault fault = { 0 };
	const struct http_route *route;

	if (http_route_find(method, path, &route, asked.ids) != 0)
		return 0;
	asked.body = rest;
	if (http_route_control(route, &asked, &out, &fault)) {
		json_t *json = json_loadb((const char *)out.p, out.n, JSON_REJECT_DUPLICATES, NULL);

		if (!json_is_object(json))
			abort();
		json_decref(json);
	} else if (fault.status < 400 || fault.status > 499) {
		abort();
	}
	buf_free(&out);
	return 0;
}
