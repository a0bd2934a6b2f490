/* PROXY headers: the words of the format, each truncation, each wrong byte, limits at n, n + 1. */
#include "base/proxy_header.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* Parses a copy of exactly this size, so that a sanitizer sees a read behind its end. */
static int
parse(struct view bytes, struct proxy_header *out, size_t *used)
{
	uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);
	int err;

	memcpy(copy, bytes.p, bytes.n);
	err = proxy_header_parse((struct view){ .p = copy, .n = bytes.n }, out, used);
	free(copy);
	return err;
}

static void
names(struct view header, const char *address, uint16_t port)
{
	struct buf longer = buf_init(8192);
	char text[ADDRESS_TEXT_MAX];
	struct proxy_header out;
	size_t used;

	buf_raw(&longer, header.p, header.n);
	buf_text(&longer, "SSH-2.0-x\r\n");
	assert_int_equal(parse(buf_view(&longer), &out, &used), 0);
	assert_int_equal(used, header.n);
	assert_int_equal(out.has_client, address != NULL);
	if (address != NULL) {
		assert_string_equal(address_text(&out.client, text), address);
		assert_int_equal(out.port, port);
	}
	buf_free(&longer);
	for (size_t n = 0; n < header.n; n++) {
		int err = parse((struct view){ .p = header.p, .n = n }, &out, &used);

		assert_int_equal(err, ERR_AGAIN);
		assert_int_equal(used, 0);
	}
}

static void
v1_names(const char *line, const char *address, uint16_t port)
{
	names(view_of(line), address, port);
}

static int
v1(const char *line)
{
	struct proxy_header out;
	size_t used;
	int err = parse(view_of(line), &out, &used);

	assert_true(err == 0 || !out.has_client);
	return err;
}

static void
version_1(void **state)
{
	(void)state;
	v1_names("PROXY TCP4 203.0.113.7 192.0.2.1 56324 22\r\n", "203.0.113.7", 56324);
	v1_names("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255",
	    65535);
	v1_names("PROXY TCP6 2001:db8::7 ::1 1 0\r\n", "2001:db8::7", 1);
	v1_names("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
	/* an IPv4 client is one, however a proxy writes it */
	v1_names("PROXY TCP6 ::ffff:203.0.113.7 ::1 7 22\r\n", "203.0.113.7", 7);
	v1_names("PROXY UNKNOWN\r\n", NULL, 0);
	v1_names("PROXY UNKNOWN ffff::1 what ever\r\n", NULL, 0);
}

static void
version_1_at_its_longest(void **state)
{
	char line[128] = "PROXY UNKNOWN ";
	(void)state;

	memset(line + strlen(line), 'x', sizeof(line) - strlen(line));
	memcpy(line + PROXY_HEADER_V1_MAX - 2, "\r\n", 3);
	v1_names(line, NULL, 0);
	line[PROXY_HEADER_V1_MAX - 2] = 'x';
	memcpy(line + PROXY_HEADER_V1_MAX - 1, "\r\n", 3);
	assert_int_equal(v1(line), ERR_LIMIT);
	/* that there is no end is known when the last byte has come that can be one */
	line[PROXY_HEADER_V1_MAX - 1] = 'x';
	line[PROXY_HEADER_V1_MAX] = '\0';
	assert_int_equal(v1(line), ERR_LIMIT);
	line[PROXY_HEADER_V1_MAX - 1] = '\0';
	assert_int_equal(v1(line), ERR_AGAIN);
}

static void
version_1_malformed(void **state)
{
	static const char *const lines[] = { "PROXY \r\n", "PROXY TCP4\r\n", "PROXY UNKNOWNX\r\n",
		"PROXY tcp4 203.0.113.7 192.0.2.1 1 2\r\n", "PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 1 2 \r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 1 2 3\r\n",
		"PROXY TCP4  203.0.113.7 192.0.2.1 1 2\r\n", "PROXY  TCP4 203.0.113.7 192.0.2.1 1 2\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\rx", "PROXY TCP4 203.0.113.7 192.0.2.1 01 2\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 65536 2\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 -1 2\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 +1 2\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 1 65536\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 100000 2\r\n", "PROXY TCP4 203.0.113 192.0.2.1 1 2\r\n",
		"PROXY TCP4 203.0.113.256 192.0.2.1 1 2\r\n", "PROXY TCP4 2001:db8::7 192.0.2.1 1 2\r\n",
		"PROXY TCP4 203.0.113.7 ::1 1 2\r\n", "PROXY TCP6 203.0.113.7 ::1 1 2\r\n",
		"PROXY TCP6 2001:db8::7 192.0.2.1 1 2\r\n", "PROXY TCP6 2001:db8::g ::1 1 2\r\n",
		"PROXY\tTCP4 203.0.113.7 192.0.2.1 1 2\r\n" };
	static const uint8_t nul[] = "PROXY TCP4 203.0.113.7\0 192.0.2.1 1 2\r\n";
	struct proxy_header out;
	size_t used;
	(void)state;

	for (size_t i = 0; i + 1 < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(v1(lines[i]), ERR_FORMAT);
	assert_int_equal(v1(lines[sizeof(lines) / sizeof(lines[0]) - 1]), ERR_NO_MATCH);
	assert_int_equal(parse((struct view){ .p = nul, .n = sizeof(nul) - 1 }, &out, &used),
	    ERR_FORMAT);
}

static void
what_is_no_header(void **state)
{
	static const char *const texts[] = { "SSH-2.0-OpenSSH\r\n", "S", "proxy TCP4", "PROXx", "PSSH",
		"\r\n\r\nx", "\n", "GET / HTTP/1.1\r\n" };
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(v1(texts[i]), ERR_NO_MATCH);
	assert_int_equal(v1(""), ERR_AGAIN);
}

/* A header with this much behind its 16 bytes; `body` is at the beginning of that. */
static void
v2(struct buf *out, uint8_t version, uint8_t family, const void *body, size_t body_bytes,
    size_t length)
{
	buf_raw(out, SIGNATURE, 12);
	buf_u8(out, version);
	buf_u8(out, family);
	buf_u16(out, (uint16_t)length);
	buf_raw(out, body, body_bytes);
	for (size_t i = body_bytes; i < length; i++)
		buf_u8(out, 0xee);
}

#define TCP4 "\xcb\x00\x71\x07\xc0\x00\x02\x01\xdc\x04\x00\x16"
#define TCP6 \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xdc\x04\0\x16"

static void
v2_names(uint8_t version, uint8_t family, const char *body, size_t n, size_t length,
    const char *address)
{
	struct buf header = buf_init(8192);

	v2(&header, version, family, body, n, length);
	names(buf_view(&header), address, 56324);
	buf_free(&header);
}

static int
v2_result(uint8_t version, uint8_t family, size_t length)
{
	struct buf header = buf_init(131072);
	struct proxy_header out;
	size_t used;
	int err;

	v2(&header, version, family, "", 0, length);
	err = parse(buf_view(&header), &out, &used);
	buf_free(&header);
	return err;
}

static void
version_2(void **state)
{
	(void)state;
	v2_names(0x21, 0x11, TCP4, 12, 12, "203.0.113.7");
	v2_names(0x21, 0x21, TCP6, 36, 36, "2001:db8::7");
	/* extensions are skipped */
	v2_names(0x21, 0x11, TCP4, 12, 100, "203.0.113.7");
	v2_names(0x21, 0x21, TCP6, 36, 37, "2001:db8::7");
	/* LOCAL names nobody, whatever follows; nor do other families */
	v2_names(0x20, 0x00, "", 0, 0, NULL);
	v2_names(0x20, 0x11, TCP4, 12, 12, NULL);
	v2_names(0x21, 0x00, "", 0, 0, NULL);
	v2_names(0x21, 0x00, "", 0, 50, NULL);
	v2_names(0x21, 0x12, TCP4, 12, 12, NULL);
	v2_names(0x21, 0x22, TCP6, 36, 36, NULL);
	v2_names(0x21, 0x31, "", 0, 216, NULL);
}

static void
version_2_limits(void **state)
{
	const size_t most = PROXY_HEADER_V2_MAX - 16;
	(void)state;

	assert_int_equal(v2_result(0x21, 0x11, 12), 0);
	assert_int_equal(v2_result(0x21, 0x11, 11), ERR_FORMAT);
	assert_int_equal(v2_result(0x21, 0x21, 36), 0);
	assert_int_equal(v2_result(0x21, 0x21, 35), ERR_FORMAT);
	assert_int_equal(v2_result(0x21, 0x11, most), 0);
	assert_int_equal(v2_result(0x21, 0x11, most + 1), ERR_LIMIT);
	assert_int_equal(v2_result(0x20, 0x00, most), 0);
	assert_int_equal(v2_result(0x20, 0x00, 65535), ERR_LIMIT);
	for (unsigned version = 0; version < 256; version++)
		assert_int_equal(v2_result((uint8_t)version, 0x11, 12),
		    version == 0x20 || version == 0x21 ? 0 : ERR_FORMAT);
	for (unsigned family = 0; family < 256; family++)
		assert_int_equal(v2_result(0x21, (uint8_t)family, 216),
		    family >> 4 <= 3 && (family & 0xf) <= 2 ? 0 : ERR_FORMAT);
}

/* One flipped bit anywhere: never more is used than there is, and no address without success. */
static void
flipped_bits(void **state)
{
	static const char line[] = "PROXY TCP4 203.0.113.7 192.0.2.1 56324 22\r\n";
	struct buf header = buf_init(256);
	(void)state;

	v2(&header, 0x21, 0x11, TCP4, 12, 12);
	buf_raw(&header, line, sizeof(line) - 1);
	for (int part = 0; part < 2; part++) {
		size_t from = part == 0 ? 0 : 28, n = part == 0 ? 28 : sizeof(line) - 1;

		for (size_t bit = 0; bit < n * 8; bit++) {
			struct proxy_header out;
			size_t used;
			int err;

			header.p[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
			err = parse((struct view){ .p = header.p + from, .n = n }, &out, &used);
			header.p[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_true(used <= n);
			assert_true(err == 0 || !out.has_client);
		}
	}
	buf_free(&header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_1_at_its_longest),
		cmocka_unit_test(version_1_malformed),
		cmocka_unit_test(what_is_no_header),
		cmocka_unit_test(version_2),
		cmocka_unit_test(version_2_limits),
		cmocka_unit_test(flipped_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
