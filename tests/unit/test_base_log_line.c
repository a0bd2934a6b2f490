/* Log lines: numbers, quoted texts and moments, against the plainest way to write each. */
#include "base/local_time.h"
#include "base/log_line.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
lines_stay_lines(void **state)
{
	static const char expected[] =
		",\"sender\":\"s\",\"k\":\"q\\\" b\\\\ n\\n r\\r t\\t \\u0001\\u007f \xc3\xa4 \xef\xbf\xbd\xef"
		"\xbf\xbd\",\"n\":-5}\n";
	struct buf line = buf_init(1024);
	struct local_time last = { 0 };
	char *text;
	(void)state;

	log_line_begin(&line, LOG_LEVEL_WARN, 1234, &last, "s");
	log_line_text(&line, "k", view_of("q\" b\\ n\n r\r t\t \x01\x7f \xc3\xa4 \xff\xc3"));
	log_line_number(&line, "n", -5);
	log_line_end(&line);
	text = view_dup(buf_view(&line));
	assert_non_null(text);
	assert_memory_equal(text, "{\"level\":\"warn\",\"time\":\"", 24);
	assert_non_null(strstr(text, ".234\""));
	assert_string_equal(strstr(text, ",\"sender\""), expected);
	free(text);
	buf_free(&line);
}

static void
numbers(void **state)
{
	static const int64_t values[] = { 0, 1, 9, 10, 99, 100, 4096, 1234567890, INT32_MAX, INT32_MIN,
		INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1, -1, -9, -10, -100 };
	(void)state;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct buf out = buf_init(64);
		char wanted[32];

		snprintf(wanted, sizeof(wanted), "%" PRId64, values[i]);
		buf_decimal(&out, values[i]);
		assert_true(view_is(buf_view(&out), wanted));
		buf_free(&out);
	}
}

/* RFC 8259 section 7, a byte at a time. */
static void
quote_plainly(struct buf *out, struct view text)
{
	buf_u8(out, '"');
	while (text.n > 0) {
		size_t n = utf8_length(text);

		if (n == 0) {
			buf_text(out, "\xef\xbf\xbd");
			n = 1;
		} else if (text.p[0] == '"' || text.p[0] == '\\') {
			buf_printf(out, "\\%c", text.p[0]);
		} else if (text.p[0] == '\n' || text.p[0] == '\r' || text.p[0] == '\t') {
			buf_printf(out, "\\%c", text.p[0] == '\n' ? 'n' : text.p[0] == '\r' ? 'r' : 't');
		} else if (text.p[0] < 0x20 || text.p[0] == 0x7f) {
			buf_printf(out, "\\u%04x", text.p[0]);
		} else {
			buf_raw(out, text.p, n);
		}
		text.p += n;
		text.n -= n;
	}
	buf_u8(out, '"');
}

static void
expect_same(const uint8_t *bytes, size_t n)
{
	/* of its own, so that a byte read behind it is seen */
	uint8_t *copy = malloc(n > 0 ? n : 1);
	struct buf got = buf_init(4096), wanted = buf_init(4096);

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, bytes, n);
	json_quote(&got, (struct view){ .p = copy, .n = n });
	quote_plainly(&wanted, (struct view){ .p = copy, .n = n });
	assert_true(view_eq(buf_view(&got), buf_view(&wanted)));
	assert_true(wanted.n >= 2);
	buf_free(&got);
	buf_free(&wanted);
	free(copy);
}

/* Every byte at every place of texts around the eight bytes that are looked at together. */
static void
every_byte_is_quoted(void **state)
{
	(void)state;

	expect_same(NULL, 0);
	for (size_t n = 1; n <= 18; n++) {
		for (size_t at = 0; at < n; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				uint8_t text[18];

				memset(text, byte == '~' ? ' ' : '~', n);
				text[at] = (uint8_t)byte;
				expect_same(text, n);
			}
		}
	}
}

/* A byte that borrows or carries must not hide its neighbour, nor make it look odd. */
static void
every_pair_is_quoted(void **state)
{
	(void)state;

	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			uint8_t text[] = { 'x', (uint8_t)a, (uint8_t)b, 0x20, 0x7e, '!', '#', '[', '/' };

			expect_same(text, sizeof(text));
		}
	}
}

static void
characters_and_what_is_none(void **state)
{
	static const char *const texts[] = { "\xc3\xa4", "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 end",
		"\xc3", "1234567\xc3", "1234567\xc3\xa4", "\xe2\x82", "\xe2\x82\xac\xe2\x82", "\xc0\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80\x80\x80\x80\x80\x80\x80\x80\x80",
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\"\xc3\xa4\\", "\xc3\n", "\xf0\x9f\x98\"" };
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_same((const uint8_t *)texts[i], strlen(texts[i]));
}

static void
a_line_at_its_limit(void **state)
{
	static const char whole[] = ",\"k\":\"a\\u0000\",\"n\":-10}\n";
	size_t n = sizeof(whole) - 1;
	(void)state;

	for (size_t max = 0; max <= n; max++) {
		struct buf line = buf_init(max);

		log_line_text(&line, "k", (struct view){ .p = (const uint8_t *)"a", .n = 2 });
		log_line_number(&line, "n", -10);
		log_line_end(&line);
		if (max < n) {
			assert_int_equal(buf_error(&line), ERR_LIMIT);
			assert_int_equal(buf_view(&line).n, 0);
		} else {
			assert_true(view_is(buf_view(&line), whole));
		}
		buf_free(&line);
	}
}

/* ---- moments */

static void
use_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void
expect_moment(struct local_time *last, int64_t wall_ms, const char *wanted)
{
	struct buf line = buf_init(256);
	char text[128];

	snprintf(text, sizeof(text), "{\"level\":\"info\",\"time\":\"%s\",\"sender\":\"s\"", wanted);
	log_line_begin(&line, LOG_LEVEL_INFO, wall_ms, last, "s");
	assert_true(view_is(buf_view(&line), text));
	buf_free(&line);
}

/* Whatever was asked for before. */
static void
moments(void **state)
{
	struct local_time last = { 0 };
	(void)state;

	use_zone("UTC");
	expect_moment(&last, 0, "1970-01-01T00:00:00.000");
	expect_moment(&last, 1, "1970-01-01T00:00:00.001");
	expect_moment(&last, -1, "1969-12-31T23:59:59.999");
	expect_moment(&last, -1000, "1969-12-31T23:59:59.000");
	expect_moment(&last, 1580897472345, "2020-02-05T10:11:12.345");
	expect_moment(&last, 1580897472099, "2020-02-05T10:11:12.099");
	expect_moment(&last, 1580897472999, "2020-02-05T10:11:12.999");
	expect_moment(&last, 1580897473000, "2020-02-05T10:11:13.000");
	expect_moment(&last, 1580897472999, "2020-02-05T10:11:12.999");
	expect_moment(&last, 1582934399999, "2020-02-28T23:59:59.999");
	expect_moment(&last, 1582934400000, "2020-02-29T00:00:00.000");
	expect_moment(&last, 1609459199999, "2020-12-31T23:59:59.999");
	expect_moment(&last, 1609459200000, "2021-01-01T00:00:00.000");
}

/* The hour that is there twice, and the one that is not. */
static void
moments_around_summer_time(void **state)
{
	struct local_time last = { 0 };
	(void)state;

	use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	expect_moment(&last, 1585443599999, "2020-03-29T01:59:59.999");
	expect_moment(&last, 1585443600000, "2020-03-29T03:00:00.000");
	expect_moment(&last, 1603587599999, "2020-10-25T02:59:59.999");
	expect_moment(&last, 1603587600000, "2020-10-25T02:00:00.000");
	use_zone("UTC");
}

static void
moments_that_no_calendar_has(void **state)
{
	struct local_time last = { 0 };
	(void)state;

	assert_string_equal(local_time_text(&last, INT64_MAX), "");
	assert_string_equal(local_time_text(&last, INT64_MAX), "");
	assert_string_equal(local_time_text(&last, 0), "1970-01-01T00:00:00");
	assert_string_equal(local_time_text(&last, INT64_MIN), "");
	/* the longest text: a year of ten digits */
	assert_string_equal(local_time_text(&last, 67767976233532799), "2147483647-12-31T23:59:59");
	assert_string_equal(local_time_text(&last, -1), "1969-12-31T23:59:59");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_stay_lines),
		cmocka_unit_test(numbers),
		cmocka_unit_test(every_byte_is_quoted),
		cmocka_unit_test(every_pair_is_quoted),
		cmocka_unit_test(characters_and_what_is_none),
		cmocka_unit_test(a_line_at_its_limit),
		cmocka_unit_test(moments),
		cmocka_unit_test(moments_around_summer_time),
		cmocka_unit_test(moments_that_no_calendar_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
