/* The cursor and the buffer: every parser and every message stands on them. */
#include "base/buf.h"
#include "base/rd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
reads_what_the_buffer_wrote(void **state)
{
	struct buf b = buf_init(256);
	struct rd r;
	(void)state;

	buf_u8(&b, 0xab);
	buf_u16(&b, 0x1234);
	buf_u32(&b, 0xdeadbeef);
	buf_u64(&b, 0x0102030405060708u);
	buf_bool(&b, true);
	buf_cstr(&b, "text");
	buf_mpint(&b, (const uint8_t *)"\x00\x00\x80\x01", 4);
	assert_int_equal(buf_error(&b), 0);
	r = rd_of(buf_view(&b));
	assert_int_equal(rd_u8(&r), 0xab);
	assert_int_equal(rd_u16(&r), 0x1234);
	assert_int_equal(rd_u32(&r), 0xdeadbeef);
	assert_true(rd_u64(&r) == 0x0102030405060708u);
	assert_true(rd_bool(&r));
	assert_true(view_is(rd_str(&r, 4), "text"));
	assert_true(view_eq(rd_mpint(&r, 2), (struct view){ .p = (const uint8_t *)"\x80\x01", .n = 2 }));
	assert_int_equal(rd_end(&r), 0);
	buf_free(&b);
}

static void
every_truncation_is_short(void **state)
{
	struct buf b = buf_init(256);
	(void)state;

	buf_u8(&b, 1);
	buf_u32(&b, 2);
	buf_cstr(&b, "abc");
	buf_u64(&b, 3);
	for (size_t n = 0; n < b.n; n++) {
		struct rd r = rd_init(b.p, n);

		rd_u8(&r);
		rd_u32(&r);
		rd_str(&r, 3);
		rd_u64(&r);
		assert_int_equal(rd_end(&r), ERR_SHORT);
	}
	buf_free(&b);
}

static void
first_fault_stays_and_later_reads_yield_nothing(void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 4, 'a', 'b', 'c', 'd', 0, 0, 0, 9 };
	struct rd r = rd_init(bytes, sizeof(bytes));
	(void)state;

	assert_int_equal(rd_str(&r, 3).n, 0);
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_str(&r, 100).n, 0);
	rd_fail(&r, ERR_FORMAT);
	assert_int_equal(rd_end(&r), ERR_LIMIT);
}

static void
leftovers_are_an_error(void **state)
{
	struct rd r = rd_init("\x01\x02", 2);
	(void)state;

	rd_u8(&r);
	assert_int_equal(rd_end(&r), ERR_TRAILING);
	assert_int_equal(rd_rest(&r).n, 1);
	assert_int_equal(rd_end(&r), 0);
}

static void
flags_are_0_or_1(void **state)
{
	struct rd r = rd_init("\x00\x01\x02\x01", 4);
	(void)state;

	assert_false(rd_flag(&r));
	assert_true(rd_flag(&r));
	assert_false(rd_flag(&r));
	assert_int_equal(rd_end(&r), ERR_FORMAT);
	assert_false(rd_flag(&r));
}

static int
mpint(const char *bytes, size_t n, size_t max, size_t *length_out)
{
	struct buf b = buf_init(64);
	struct rd r;
	int err;

	buf_str(&b, (struct view){ .p = (const uint8_t *)bytes, .n = n });
	r = rd_of(buf_view(&b));
	*length_out = rd_mpint(&r, max).n;
	err = rd_end(&r);
	buf_free(&b);
	return err;
}

static void
mpints_have_one_spelling(void **state)
{
	size_t n;
	(void)state;

	assert_int_equal(mpint("", 0, 4, &n), 0);
	assert_int_equal(mpint("\x7f", 1, 1, &n), 0);
	assert_int_equal(mpint("\x00\x80", 2, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(mpint("\x80", 1, 4, &n), ERR_FORMAT);      /* negative */
	assert_int_equal(mpint("\x00", 1, 4, &n), ERR_FORMAT);      /* a zero too many */
	assert_int_equal(mpint("\x00\x7f", 2, 4, &n), ERR_FORMAT);
	assert_int_equal(mpint("\x01\x02\x03\x04", 4, 4, &n), 0);
	assert_int_equal(mpint("\x01\x02\x03\x04\x05", 5, 4, &n), ERR_LIMIT);
	assert_int_equal(mpint("\x00\x81\x02\x03\x04\x05", 6, 4, &n), ERR_LIMIT);
}

static void
buffer_keeps_its_maximum(void **state)
{
	struct buf b = buf_init(100);
	(void)state;

	assert_non_null(buf_room(&b, 100));
	assert_int_equal(buf_error(&b), 0);
	buf_u8(&b, 1);
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	assert_int_equal(buf_view(&b).n, 0);
	buf_clear(&b);
	buf_u8(&b, 1);
	assert_int_equal(buf_error(&b), 0);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	buf_free(&b);
}

/* A maximum that the owner lowers holds, though there is memory for more. */
static void
buffer_keeps_a_lower_maximum(void **state)
{
	struct buf b = buf_init(100);
	(void)state;

	assert_non_null(buf_room(&b, 100));
	buf_clear(&b);
	b.max = 10;
	assert_non_null(buf_room(&b, 10));
	assert_null(buf_room(&b, 1));
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	buf_free(&b);
}

/* What is cut off is gone, with what went wrong in it. */
static void
buffer_is_cut(void **state)
{
	struct buf b = buf_init(4);
	(void)state;

	buf_text(&b, "ab");
	buf_cut(&b, 2);
	assert_true(view_is(buf_view(&b), "ab"));
	buf_text(&b, "cde");
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	buf_cut(&b, 1);
	assert_true(view_is(buf_view(&b), "a"));
	buf_text(&b, "xyz");
	assert_true(view_is(buf_view(&b), "axyz"));
	buf_free(&b);
}

static void
copies_refuse_nul_and_length(void **state)
{
	char out[4];
	char *dup;
	(void)state;

	assert_int_equal(view_copy(view_of("abc"), out, sizeof(out)), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(view_copy(view_of("abcd"), out, sizeof(out)), ERR_LIMIT);
	assert_string_equal(out, "");
	assert_int_equal(view_copy((struct view){ .p = (const uint8_t *)"a\0b", .n = 3 }, out,
	    sizeof(out)), ERR_FORMAT);
	assert_null(view_dup((struct view){ .p = (const uint8_t *)"a\0b", .n = 3 }));
	dup = view_dup(view_of("xyz"));
	assert_string_equal(dup, "xyz");
	free(dup);
}

static void
name_lists_are_walked(void **state)
{
	struct view list = view_of("a,,bc"), name;
	(void)state;

	assert_true(view_next_name(&list, &name) && view_is(name, "a"));
	assert_true(view_next_name(&list, &name) && name.n == 0);
	assert_true(view_next_name(&list, &name) && view_is(name, "bc"));
	assert_false(view_next_name(&list, &name));
	list = view_of("");
	assert_false(view_next_name(&list, &name));
}

static void
lines_are_walked(void **state)
{
	static const char bytes[] = "one\r\n\n\r\nt\rwo\r\r\nz\0ro\nlast";
	struct view text = { (const uint8_t *)bytes, sizeof(bytes) - 1 }, line;
	(void)state;

	assert_true(view_next_line(&text, &line) && view_is(line, "one"));
	assert_true(view_next_line(&text, &line) && line.n == 0);
	assert_true(view_next_line(&text, &line) && line.n == 0);
	assert_true(view_next_line(&text, &line) && view_is(line, "t\rwo\r"));
	assert_true(view_next_line(&text, &line) && line.n == 4 && view_has_nul(line));
	assert_true(view_next_line(&text, &line) && view_is(line, "last"));
	assert_false(view_next_line(&text, &line));
	text = view_of("\n");
	assert_true(view_next_line(&text, &line) && line.n == 0);
	assert_false(view_next_line(&text, &line));
	text = view_of("last\r");
	assert_true(view_next_line(&text, &line) && view_is(line, "last"));
	assert_false(view_next_line(&text, &line));
	text = (struct view){ 0 };
	assert_false(view_next_line(&text, &line));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_buffer_wrote),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(first_fault_stays_and_later_reads_yield_nothing),
		cmocka_unit_test(leftovers_are_an_error),
		cmocka_unit_test(flags_are_0_or_1),
		cmocka_unit_test(mpints_have_one_spelling),
		cmocka_unit_test(buffer_keeps_its_maximum),
		cmocka_unit_test(buffer_keeps_a_lower_maximum),
		cmocka_unit_test(buffer_is_cut),
		cmocka_unit_test(copies_refuse_nul_and_length),
		cmocka_unit_test(name_lists_are_walked),
		cmocka_unit_test(lines_are_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
