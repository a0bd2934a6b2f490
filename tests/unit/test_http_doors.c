/* Guesses at passwords of the HTTP API, and the file of its users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "accounts/accounts.h"
#include "crypto/crypto.h"
#include "master/http_guesses.h"

#include <stdlib.h>
#include <string.h>

static struct address
address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void
test_guesses(void **state)
{
	static struct http_guesses guesses;
	struct address one = address_of("192.0.2.1"), other = address_of("192.0.2.2");
	uint64_t now = 1000000;

	(void)state;
	for (int i = 0; i < HTTP_GUESSES_MAX; i++) {
		assert_true(http_guesses_may(&guesses, &one, now));
		http_guesses_add(&guesses, &one, now);
	}
	assert_false(http_guesses_may(&guesses, &one, now));
	assert_true(http_guesses_may(&guesses, &other, now));
	assert_false(http_guesses_may(&guesses, &one, now + HTTP_GUESS_WEARS_OFF_MS - 1));
	now += HTTP_GUESS_WEARS_OFF_MS;
	assert_true(http_guesses_may(&guesses, &one, now));
	http_guesses_add(&guesses, &one, now);
	assert_false(http_guesses_may(&guesses, &one, now));
	assert_true(http_guesses_may(&guesses, &one, now + HTTP_GUESSES_MAX * 6000ull));
}

/* Whoever has been quiet for longest is forgotten. */
static void
test_many_guessers(void **state)
{
	static struct http_guesses guesses;
	struct address first = address_of("192.0.2.1");

	(void)state;
	for (int i = 0; i < HTTP_GUESSES_MAX; i++)
		http_guesses_add(&guesses, &first, 1);
	for (unsigned i = 1; i < HTTP_GUESSES_ADDRESSES; i++) {
		struct address address = { { 0x20, 1, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };

		http_guesses_add(&guesses, &address, 2);
	}
	assert_false(http_guesses_may(&guesses, &first, 3));
	http_guesses_add(&guesses, &(struct address){ { 0x20, 2 } }, 3);
	assert_true(http_guesses_may(&guesses, &first, 3));
}

static int
parse_users(const char *text, struct auth_file **out)
{
	struct failure failure = { 0 };

	return auth_file_parse(view_of(text), out, &failure);
}

static void
test_users(void **state)
{
	static const char *const bad[] = { "ann", "ann:a:b", "ann:a\nbob", "ann:a\nbob:b:c\n",
		"a\"b:c", "\"ann:a", "ann:\"a\"b", "ann" };
	struct auth_file *file;
	const char *other;

	(void)state;
	assert_int_equal(parse_users("# all: of: us\n\n ann:one\r\n\"b\"\"o:b\":\"t\nwo\"\nann:two\n"
				     "nobody:", &file), 0);
	assert_string_equal(auth_file_find(file, view_of("ann"), &other), "two");
	assert_string_equal(other, "one");
	assert_string_equal(auth_file_find(file, view_of("b\"o:b"), &other), "t\nwo");
	assert_string_equal(auth_file_find(file, view_of("nobody"), &other), "");
	assert_null(auth_file_find(file, view_of("Ann"), &other));
	assert_null(auth_file_find(file, view_of(""), &other));
	auth_file_free(&file);
	assert_int_equal(parse_users("", &file), 0);
	assert_null(auth_file_find(file, view_of("ann"), &other));
	assert_null(other);
	auth_file_free(&file);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_users(bad[i], &file), ERR_FORMAT);
		assert_null(file);
	}
}

static void
test_hashes(void **state)
{
	static const char apr1[] = "$apr1$saltsalt$yAAkm4libquA.ZWLHbSBq/";

	(void)state;
	assert_int_equal(auth_file_check(apr1, view_of("password")), PASSWORD_RIGHT);
	assert_int_equal(auth_file_check(apr1, view_of("Password")), PASSWORD_WRONG);
	assert_int_equal(auth_file_check(apr1, view_of("")), PASSWORD_EMPTY);
	assert_int_equal(auth_file_check("password", view_of("password")), PASSWORD_WRONG);
	assert_int_equal(auth_file_check("", view_of("password")), PASSWORD_WRONG);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_many_guessers),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_hashes),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
