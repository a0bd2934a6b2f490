/* Heads, bodies and queries of HTTP requests; what may be understood in two ways is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE "GET /a?b=c HTTP/1.1\r\n"
#define HOST "Host: example\r\n"

static struct http_head head;

/* The status of a head, found and parsed. */
static int
parse_bytes(const char *bytes, size_t n)
{
	struct view text = { .p = (const uint8_t *)bytes, .n = n };
	size_t seen = 0, end;
	int status = http_head_find(text, &seen, &end);

	if (status != 0)
		return status;
	if (end == 0)
		return -1;
	return http_head_parse((struct view){ .p = text.p, .n = end }, &head);
}

static int
parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void
test_good_head(void **state)
{
	(void)state;
	assert_int_equal(parse("POST /p%41th?q=1&r HTTP/1.1\r\nhOST: a.example:80\r\n"
			       "Content-Length: 12\r\nX-Thing: \t a b \t\r\n\r\nbody"), 0);
	assert_true(view_is(head.method, "POST"));
	assert_true(view_is(head.path, "/p%41th"));
	assert_true(view_is(head.query, "q=1&r"));
	assert_true(view_is(head.host, "a.example:80"));
	assert_true(view_is(http_head_field(&head, "x-thing"), "a b"));
	assert_true(head.keep_alive && head.has_length && !head.chunked);
	assert_int_equal(head.length, 12);
	assert_int_equal(parse("GET http://other/x HTTP/1.1\r\n" HOST "\r\n"), 0);
	assert_true(view_is(head.host, "other") && view_is(head.path, "/x"));
	assert_int_equal(parse(LINE HOST "Connection: a, Close\r\n\r\n"), 0);
	assert_false(head.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\n" HOST "\r\n"), 0);
	assert_true(head.is_1_0 && !head.keep_alive);
	assert_int_equal(parse(LINE HOST "Expect: 100-Continue\r\n\r\n"), 0);
	assert_true(head.expects_continue);
	assert_int_equal(parse(LINE HOST "Transfer-Encoding: Chunked\r\n\r\n"), 0);
	assert_true(head.chunked);
}

static void
test_bad_heads(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ LINE HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ LINE HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
		{ LINE HOST "Content-Length: 1, 1\r\n\r\n", 400 },
		{ LINE HOST "Content-Length: +1\r\n\r\n", 400 },
		{ LINE HOST "Content-Length: 0x1\r\n\r\n", 400 },
		{ LINE HOST "Content-Length:\r\n\r\n", 400 },
		{ LINE HOST "Content-Length: 1234567890123456\r\n\r\n", 400 },
		{ LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
		{ LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ LINE HOST "Transfer-Encoding: xchunked\r\n\r\n", 501 },
		{ "GET / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400 },
		{ LINE HOST "Content-Length : 1\r\n\r\n", 400 },
		{ LINE HOST " folded: 1\r\n\r\n", 400 },
		{ LINE HOST "A: b\r\n\tc\r\n\r\n", 400 },
		{ LINE HOST ": b\r\n\r\n", 400 },
		{ LINE HOST "no colon\r\n\r\n", 400 },
		{ LINE HOST "A: b\rC: d\r\n\r\n", 400 },
		{ LINE HOST "A: b\nC: d\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\n" HOST "\r\n", 400 },
		{ LINE HOST "A: \x01\r\n\r\n", 400 },
		{ LINE HOST "A: \x7f\r\n\r\n", 400 },
		{ LINE HOST HOST "\r\n", 400 },
		{ LINE "\r\n", 400 },
		{ LINE HOST "Expect: tea\r\n\r\n", 417 },
		{ "\r\n" LINE HOST "\r\n", 400 },
		{ " " LINE HOST "\r\n", 400 },
		{ "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
		{ "GET /\r\n" HOST "\r\n", 400 },
		{ "GET / http/1.1\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
		{ "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
		{ "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET http:// HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET http://a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /\x80 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /#a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "G(T / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "METHODSOFMORETHANTHIRTYTWOLETTERSX / HTTP/1.1\r\n" HOST "\r\n", 400 },
	};
	static const char nul[] = LINE HOST "A: b\0c\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i].text) != cases[i].status)
			fail_msg("%s: %d", cases[i].text, parse(cases[i].text));
	}
	assert_int_equal(parse_bytes(nul, sizeof(nul) - 1), 400);
}

/* Every beginning of a good head is one that goes on, or none at all; never a good one. */
static void
test_truncated_heads(void **state)
{
	static const char text[] = "PUT /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(parse_bytes(text, n), -1);
	assert_int_equal(parse(text), 0);
}

static void
test_flipped_bits(void **state)
{
	char text[] = "PUT /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n";

	(void)state;
	for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
		int status;

		text[bit / 8] ^= (char)(1 << bit % 8);
		status = parse(text);
		assert_true(status == 0 || status == -1 || (status >= 400 && status <= 505));
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}

/* A head of n bytes in all. */
static int
parse_long(size_t n, bool in_target)
{
	char *text = malloc(n + 1);
	const char *before = in_target ? "GET /" : LINE HOST "A: ";
	const char *after = in_target ? " HTTP/1.1\r\n" HOST "\r\n" : "\r\n\r\n";
	int status;

	assert_non_null(text);
	memset(text, 'a', n);
	memcpy(text, before, strlen(before));
	memcpy(text + n - strlen(after), after, strlen(after));
	status = parse_bytes(text, n);
	free(text);
	return status;
}

static void
test_limits_of_heads(void **state)
{
	const size_t around = strlen("GET  HTTP/1.1\r\n" HOST "\r\n");
	struct buf many = buf_init(HTTP_HEAD_MAX);

	(void)state;
	assert_int_equal(parse_long(HTTP_HEAD_MAX, false), 0);
	assert_int_equal(parse_long(HTTP_HEAD_MAX + 1, false), 431);
	assert_int_equal(parse_long(HTTP_TARGET_MAX + around, true), 0);
	assert_int_equal(parse_long(HTTP_TARGET_MAX + around + 1, true), 414);
	buf_text(&many, LINE HOST);
	for (int i = 1; i < HTTP_FIELDS_MAX; i++)
		buf_text(&many, "A: b\r\n");
	buf_text(&many, "\r\n");
	assert_int_equal(parse_bytes((const char *)many.p, many.n), 0);
	many.n -= 2;
	buf_text(&many, "A: b\r\n\r\n");
	assert_int_equal(parse_bytes((const char *)many.p, many.n), 431);
	buf_free(&many);
}

/* ---- bodies */

/* The status of a chunked body that comes in pieces of this size; what it carries in `out`. */
static int
read_chunks(const char *text, size_t piece, struct buf *out, size_t *left_out)
{
	struct http_head chunked = { .chunked = true };
	size_t n = strlen(text);
	struct http_body body;
	int status = http_body_begin(&body, &chunked, out->max);

	for (size_t at = 0; at < n && status == 0 && body.place != HTTP_BODY_DONE;) {
		size_t some = n - at < piece ? n - at : piece;
		struct view bytes = { .p = (const uint8_t *)text + at, .n = some };

		status = http_body_read(&body, &bytes, out);
		at += some - bytes.n;
		*left_out = n - at;
	}
	return status != 0 ? status : body.place == HTTP_BODY_DONE ? 0 : -1;
}

static void
test_chunks(void **state)
{
	static const char text[] = "5\r\nhello\r\n00A\r\n, it is me\r\n0\r\n\r\nNEXT";
	size_t left = 0;

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct buf out = buf_init(15);

		assert_int_equal(read_chunks(text, piece, &out, &left), 0);
		assert_true(view_is(buf_view(&out), "hello, it is me"));
		assert_int_equal(left, 4);
		buf_free(&out);
	}
}

static void
test_bad_chunks(void **state)
{
	static const char *const cases[] = { "g\r\n", "\r\n", "5;a=b\r\nhello\r\n", "5 \r\nhello\r\n",
		" 5\r\nhello\r\n", "5\nhello\r\n", "5\rXhello\r\n", "5\r\nhelloX\r\n", "5\r\nhello\n",
		"0\r\nTrailer: a\r\n\r\n", "0\r\nX", "-5\r\n", "0x5\r\n", "000000005\r\n",
		"100000000\r\n" };
	size_t left;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = buf_init(100);

		if (read_chunks(cases[i], 3, &out, &left) != 400)
			fail_msg("%s", cases[i]);
		buf_free(&out);
	}
}

static void
test_limits_of_bodies(void **state)
{
	struct http_head with_length = { .has_length = true, .length = 10 };
	struct buf out = buf_init(10);
	struct http_body body;
	size_t left;

	(void)state;
	assert_int_equal(http_body_begin(&body, &with_length, 10), 0);
	assert_int_equal(http_body_begin(&body, &with_length, 9), 413);
	assert_int_equal(read_chunks("a\r\n0123456789\r\n0\r\n\r\n", 4, &out, &left), 0);
	buf_clear(&out);
	assert_int_equal(read_chunks("b\r\n01234567890\r\n0\r\n\r\n", 4, &out, &left), 413);
	buf_clear(&out);
	assert_int_equal(read_chunks("ffffffff\r\n012345678901", 40, &out, &left), 413);
	with_length.length = 0;
	assert_int_equal(http_body_begin(&body, &with_length, 10), 0);
	assert_int_equal(body.place, HTTP_BODY_DONE);
	buf_free(&out);
}

/* ---- queries */

static int
query(const char *text, const char *name, char *value, size_t size)
{
	struct buf out = buf_init(8);
	int err = http_query_get(view_of(text), name, &out);

	if (err == 0)
		assert_int_equal(view_copy(buf_view(&out), value, size), 0);
	buf_free(&out);
	return err;
}

static void
test_queries(void **state)
{
	char value[9];

	(void)state;
	assert_int_equal(query("a=1&b=2&b=3", "b", value, sizeof(value)), 0);
	assert_string_equal(value, "2");
	assert_int_equal(query("%61=x+y%2b", "a", value, sizeof(value)), 0);
	assert_string_equal(value, "x y+");
	assert_int_equal(query("a", "a", value, sizeof(value)), 0);
	assert_string_equal(value, "");
	assert_int_equal(query("", "a", value, sizeof(value)), ERR_NOT_FOUND);
	assert_int_equal(query("aa=1", "a", value, sizeof(value)), ERR_NOT_FOUND);
	assert_int_equal(query("a=%4", "a", value, sizeof(value)), ERR_FORMAT);
	assert_int_equal(query("a=%zz", "a", value, sizeof(value)), ERR_FORMAT);
	assert_int_equal(query("a=%00", "a", value, sizeof(value)), ERR_FORMAT);
	assert_int_equal(query("a=%ff", "a", value, sizeof(value)), ERR_FORMAT);
	assert_int_equal(query("a=12345678", "a", value, sizeof(value)), 0);
	assert_int_equal(query("a=123456789", "a", value, sizeof(value)), ERR_LIMIT);
}

static int
piece(const char *text, char *value, size_t size)
{
	struct buf out = buf_init(8);
	int err = http_path_decode(view_of(text), &out);

	if (err == 0)
		assert_int_equal(view_copy(buf_view(&out), value, size), 0);
	buf_free(&out);
	return err;
}

static void
test_pieces_of_a_path(void **state)
{
	char value[9];

	(void)state;
	assert_int_equal(piece("a+b%2Fc", value, sizeof(value)), 0);
	assert_string_equal(value, "a+b/c");
	assert_int_equal(piece("12345678", value, sizeof(value)), 0);
	assert_int_equal(piece("123456789", value, sizeof(value)), ERR_LIMIT);
	assert_int_equal(piece("%0", value, sizeof(value)), ERR_FORMAT);
	assert_int_equal(piece("%00", value, sizeof(value)), ERR_FORMAT);
	assert_int_equal(piece("%c3", value, sizeof(value)), ERR_FORMAT);
}

/* ---- cookies */

static void
cookie_is(const char *fields, const char *value)
{
	char text[256];

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", fields);
	assert_int_equal(parse(text), 0);
	assert_true(view_is(http_cookie_get(&head, "name"), value));
}

static void
test_cookies(void **state)
{
	(void)state;
	cookie_is("", "");
	cookie_is("Cookie: name=value\r\n", "value");
	cookie_is("cookie: a=b; name=v=w; name=x\r\n", "v=w");
	cookie_is("Cookie: a=b;name=v\r\n", "v");
	cookie_is("Cookie: a=b\r\nCookie: name=v\r\n", "v");
	cookie_is("Cookie: name=\r\n", "");
	cookie_is("Cookie: name\r\n", "");
	cookie_is("Cookie: names=v; xname=v; Name=v; a=name=v\r\n", "");
	cookie_is("Cookie: ;;  ; name=v;\r\n", "v");
}

static void
test_answer(void **state)
{
	struct buf out = buf_init(4096);

	(void)state;
	http_answer_write(&out, &(struct http_answer){ .status = 401, .content_type = "text/plain",
		.length = 7, .request_id = view_of("id"), .authenticate = "Basic realm=\"x\"",
		.cookie = view_of("a=b; Path=/"), .retry_after_seconds = 3, .wall_ms = 784111777000 });
	assert_int_equal(buf_error(&out), 0);
	buf_u8(&out, 0);
	assert_string_equal((const char *)out.p,
	    "HTTP/1.1 401 Unauthorized\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	    "Content-Type: text/plain\r\nContent-Length: 7\r\nCache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
	    "Set-Cookie: a=b; Path=/\r\nRetry-After: 3\r\nX-Request-Id: id\r\nConnection: close\r\n\r\n");
	buf_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_head),
		cmocka_unit_test(test_bad_heads),
		cmocka_unit_test(test_truncated_heads),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_limits_of_heads),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_limits_of_bodies),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_pieces_of_a_path),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
