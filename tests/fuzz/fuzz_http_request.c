/*
 * HTTP requests as clients send them: heads and bodies. The first byte says in pieces of how many
 * bytes they come; what is understood must not depend on it.
 */
#include "http/http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { BODY_MAX = 4096 };

/* The status of the first request, and the bytes that it took. */
static int
read_request(struct view text, size_t piece, struct http_head *head, struct buf *body_out,
    size_t *used_out)
{
	size_t seen = 0, end = 0, here = 0;
	struct http_body body;
	int status = 0;

	while (status == 0 && end == 0 && here < text.n) {
		here = text.n - here < piece ? text.n : here + piece;
		status = http_head_find((struct view){ .p = text.p, .n = here }, &seen, &end);
	}
	if (status != 0 || end == 0)
		return status;
	status = http_head_parse((struct view){ .p = text.p, .n = end }, head);
	if (status == 0)
		status = http_body_begin(&body, head, BODY_MAX);
	while (status == 0 && body.place != HTTP_BODY_DONE && end < text.n) {
		struct view some = { .p = text.p + end,
			.n = text.n - end < piece ? text.n - end : piece };
		size_t before = some.n;

		status = http_body_read(&body, &some, body_out);
		end += before - some.n;
	}
	*used_out = end;
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf whole_body = buf_init(BODY_MAX), body = buf_init(BODY_MAX);
	size_t whole_used = 0, used = 0;
	struct http_head head = { 0 };
	struct view text;
	int whole, status;

	if (n == 0)
		return 0;
	text = (struct view){ .p = bytes + 1, .n = n - 1 };
	whole = read_request(text, SIZE_MAX, &head, &whole_body, &whole_used);
	status = read_request(text, (size_t)bytes[0] + 1, &head, &body, &used);
	if (status != whole || (status != 0 && (status < 400 || status > 599)))
		abort();
	if (status == 0) {
		struct view cookie = http_cookie_get(&head, "a");

		if (cookie.n > 0 && memchr(cookie.p, ';', cookie.n) != NULL)
			abort();
	}
	if (status == 0 && (used != whole_used || !view_eq(buf_view(&body), buf_view(&whole_body))))
		abort();
	buf_free(&body);
	buf_free(&whole_body);
	return 0;
}
