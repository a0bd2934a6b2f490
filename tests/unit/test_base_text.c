/* Encodings, UTF-8, addresses, files. */
#include "base/address.h"
#include "base/encode.h"
#include "base/fd.h"
#include "base/permission.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void
base64_vectors(void **state)
{
	/* RFC 4648 section 10 */
	static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	(void)state;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct buf text = buf_init(64), bytes = buf_init(64);

		base64_encode(&text, view_of(vectors[i][0]), true);
		assert_true(view_is(buf_view(&text), vectors[i][1]));
		assert_int_equal(base64_decode(&bytes, buf_view(&text)), 0);
		assert_true(view_is(buf_view(&bytes), vectors[i][0]));
		buf_free(&text);
		buf_free(&bytes);
	}
}

static void
base64_refuses(void **state)
{
	static const char *const bad[] = { "A", "A===", "Zg=", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\n",
		"Zh==", "Zm9=", "=", "Z-8=" };
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf bytes = buf_init(64);

		assert_int_equal(base64_decode(&bytes, view_of(bad[i])), ERR_FORMAT);
		buf_free(&bytes);
	}
}

static void
hexadecimal(void **state)
{
	struct buf text = buf_init(8), bytes = buf_init(8);
	(void)state;

	hex_encode(&text, (struct view){ .p = (const uint8_t *)"\x00\xaf\x10", .n = 3 });
	assert_true(view_is(buf_view(&text), "00af10"));
	assert_int_equal(hex_decode(&bytes, view_of("00AF10")), 0);
	assert_memory_equal(bytes.p, "\x00\xaf\x10", 3);
	assert_int_equal(hex_decode(&bytes, view_of("0")), ERR_FORMAT);
	assert_int_equal(hex_decode(&bytes, view_of("0g")), ERR_FORMAT);
	buf_free(&text);
	buf_free(&bytes);
}

static void
utf8_one_spelling(void **state)
{
	static const char *const good[] = { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff",
		"a\xe2\x82" };
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(utf8_valid(view_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(utf8_valid(view_of(bad[i])));
}

static void
addresses_have_one_form(void **state)
{
	struct address a, b;
	char text[ADDRESS_TEXT_MAX];
	(void)state;

	assert_int_equal(address_parse("192.0.2.1", &a), 0);
	assert_int_equal(address_parse("::ffff:192.0.2.1", &b), 0);
	assert_true(address_eq(&a, &b));
	assert_string_equal(address_text(&b, text), "192.0.2.1");
	assert_int_equal(address_parse("2001:db8::1", &a), 0);
	assert_string_equal(address_text(&a, text), "2001:db8::1");
	assert_int_equal(address_parse("192.0.2.256", &a), ERR_FORMAT);
	assert_int_equal(address_parse("", &a), ERR_FORMAT);
	assert_int_equal(address_parse("127.0.0.9", &a), 0);
	assert_true(address_is_loopback(&a));
	assert_int_equal(address_parse("::1", &a), 0);
	assert_true(address_is_loopback(&a));
	assert_int_equal(address_parse("128.0.0.1", &a), 0);
	assert_false(address_is_loopback(&a));
}

static bool
in(const char *range, const char *address)
{
	struct cidr c;
	struct address a;

	assert_int_equal(cidr_parse(range, &c), 0);
	assert_int_equal(address_parse(address, &a), 0);
	return cidr_has(&c, &a);
}

static void
ranges(void **state)
{
	static const char *const bad[] = { "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "2001:db8::/129",
		"x/8", "192.0.2.0/-1", "192.0.2.0/8 ", "192.0.2.0/+8", "/8", "" };
	struct cidr c;
	(void)state;

	assert_true(in("192.0.2.0/24", "192.0.2.255"));
	assert_false(in("192.0.2.0/24", "192.0.3.0"));
	assert_true(in("192.0.2.0/31", "192.0.2.1"));
	assert_false(in("192.0.2.0/31", "192.0.2.2"));
	assert_true(in("0.0.0.0/0", "203.0.113.7"));
	assert_false(in("0.0.0.0/0", "2001:db8::1"));
	assert_false(in("::/0", "203.0.113.7"));
	assert_true(in("192.0.2.0/24", "::ffff:192.0.2.9"));
	assert_true(in("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(in("2001:db8::/33", "2001:db8:8000::1"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(cidr_parse(bad[i], &c), ERR_FORMAT);
}

static void
files(void **state)
{
	char directory[] = "/tmp/postern-test-XXXXXX", path[64];
	struct buf b = buf_init(16), small = buf_init(4);
	struct stat st;
	(void)state;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/file", directory);
	assert_int_equal(fd_read_file(path, &b), ERR_NOT_FOUND);
	assert_int_equal(fd_write_file(path, 0600, view_of("12345")), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fd_read_file(path, &b), 0);
	assert_true(view_is(buf_view(&b), "12345"));
	assert_int_equal(fd_read_file(path, &small), ERR_LIMIT);
	assert_int_equal(fd_write_file(path, 0600, view_of("1234")), 0);
	buf_clear(&small);
	assert_int_equal(fd_read_file(path, &small), 0);
	unlink(path);
	/* a FIFO must not be waited for */
	assert_int_equal(mkfifo(path, 0600), 0);
	buf_clear(&b);
	assert_int_equal(fd_read_file(path, &b), ERR_FORMAT);
	unlink(path);
	rmdir(directory);
	buf_free(&b);
	buf_free(&small);
}

static void
permission_names(void **state)
{
	uint32_t all = 0;
	(void)state;

	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		all |= permission_from_name(view_of(permission_name(i)));
	assert_int_equal(all, PERMISSION_ALL);
	assert_int_equal(permission_from_name(view_of("*")), PERMISSION_ALL);
	assert_int_equal(permission_from_name(view_of("List")), 0);
	assert_int_equal(permission_from_name(view_of("")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_refuses),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(utf8_one_spelling),
		cmocka_unit_test(addresses_have_one_form),
		cmocka_unit_test(ranges),
		cmocka_unit_test(files),
		cmocka_unit_test(permission_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
