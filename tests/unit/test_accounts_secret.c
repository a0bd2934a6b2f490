/* Secrets that are stored so that they can be read back, and what an account does with them. */
#include "accounts/accounts.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char vector[] = "$aes$dbcc86bf6bd53f5fe0b20f44ee53d119$be4a4f6f506cfa2446e5e507c180d03"
			     "812fa5dfa82bfb289b8c000fb715705be674b";

static void
assert_opens(const char *sealed, struct view plain)
{
	struct buf out = buf_init(SECRET_TEXT_PLAIN_MAX + 1);

	assert_int_equal(secret_text_open(sealed, &out), 0);
	assert_true(view_eq(buf_view(&out), plain));
	buf_free(&out);
}

static void
assert_refused(const char *text)
{
	struct buf out = buf_init(1024);

	assert_int_not_equal(secret_text_open(text, &out), 0);
	assert_int_equal(out.n, 0);
	buf_free(&out);
}

static void
test_vector(void **state)
{
	(void)state;
	assert_true(secret_text_is_sealed(vector));
	assert_opens(vector, view_of("secret"));
}

static void
test_round_trip(void **state)
{
	static uint8_t bytes[SECRET_TEXT_PLAIN_MAX + 1];
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, SECRET_TEXT_PLAIN_MAX };
	char *first, *second;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct view plain = { .p = bytes, .n = sizes[i] };

		assert_int_equal(secret_text_seal(plain, &first), 0);
		assert_int_equal(secret_text_seal(plain, &second), 0);
		assert_string_not_equal(first, second);
		assert_true(secret_text_is_sealed(first));
		assert_int_equal(strlen(first), 5 + 32 + 1 + 2 * (12 + sizes[i] + 16));
		assert_opens(first, plain);
		free(first);
		free(second);
	}
	assert_int_equal(
	    secret_text_seal((struct view){ .p = bytes, .n = sizeof(bytes) }, &first), ERR_LIMIT);
	assert_null(first);
}

static void
test_changed_and_cut(void **state)
{
	char text[sizeof(vector)];

	(void)state;
	memcpy(text, vector, sizeof(vector));
	for (size_t i = 0; vector[i] != '\0'; i++) {
		for (unsigned bit = 0; bit < 7; bit++) {
			text[i] = (char)(vector[i] ^ (1 << bit));
			/* Data is hexadecimal in either case; the key is not: it is its letters. */
			if (i > 37 && bit == 5 && vector[i] >= 'a')
				assert_opens(text, view_of("secret"));
			else
				assert_refused(text);
		}
		text[i] = '\0';
		assert_refused(text);
		text[i] = vector[i];
	}
}

static void
test_what_is_sealed(void **state)
{
	static const char *const not_sealed[] = { "", "$aes$", "$aes$data", "aes$key$data",
		"$aes$key$data$", "$AES$key$data", "secret", "$aes" };
	static const char *const broken[] = { "$aes$key$data", "$aes$$", "$aes$key$",
		"$aes$dbcc86bf6bd53f5fe0b20f44ee53d119$",
		"$aes$dbcc86bf6bd53f5fe0b20f44ee53d119$be4a4f6f506cfa2446e5e507" };

	(void)state;
	for (size_t i = 0; i < COUNT(not_sealed); i++) {
		struct buf masked = buf_init(64);

		assert_false(secret_text_is_sealed(not_sealed[i]));
		assert_refused(not_sealed[i]);
		secret_text_mask(not_sealed[i], &masked);
		assert_int_equal(masked.n, 0);
	}
	for (size_t i = 0; i < COUNT(broken); i++) {
		assert_true(secret_text_is_sealed(broken[i]));
		assert_refused(broken[i]);
	}
}

static void
test_mask(void **state)
{
	struct buf masked = buf_init(256);

	(void)state;
	secret_text_mask(vector, &masked);
	assert_true(view_is(buf_view(&masked), "$aes$be4a4f6f506cfa2446e5e507c180d03812fa5dfa82bfb"
					       "289b8c000fb715705be674b"));
	buf_free(&masked);
}

/* --- in an account --- */

static struct user *
s3_user(const char *secret)
{
	struct user *user;
	char json[1024];

	snprintf(json, sizeof(json),
	    "{\"username\":\"bob\",\"status\":1,\"home_dir\":\"/srv/bob\",\"password\":\"$1$a$b\","
	    "\"permissions\":{\"/\":[\"*\"]},\"filesystem\":{\"provider\":1,\"s3config\":{"
	    "\"bucket\":\"b\",\"region\":\"r\",\"access_key\":\"k\",\"access_secret\":\"%s\"}}}",
	    secret);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, view_of(json), NULL), 0);
	return user;
}

static void
test_validation_seals(void **state)
{
	static const struct user_rules rules = { 0 };
	struct user *user = s3_user("secret");
	char *sealed;

	(void)state;
	assert_int_equal(user_validate(user, &rules, NULL), 0);
	assert_opens(user->filesystem.s3.access_secret, view_of("secret"));
	assert_non_null(sealed = strdup(user->filesystem.s3.access_secret));
	assert_int_equal(user_validate(user, &rules, NULL), 0);
	assert_string_equal(user->filesystem.s3.access_secret, sealed);
	free(sealed);
	user_free(&user);
	/* Three parts, as our own output has, are a secret that looks odd. */
	user = s3_user("$aes$data");
	assert_int_equal(user_validate(user, &rules, NULL), 0);
	assert_opens(user->filesystem.s3.access_secret, view_of("$aes$data"));
	user_free(&user);
}

/* What public output shows can be sent back, and keeps the secret. */
static void
test_masked_update_keeps(void **state)
{
	static const struct user_rules rules = { 0 };
	struct user *user = s3_user(vector);
	json_t *shown;

	(void)state;
	assert_int_equal(user_validate(user, &rules, NULL), 0);
	assert_non_null(shown = user_to_json(user, USER_FORM_PUBLIC));
	assert_int_equal(user_merge_json(&user, shown, NULL), 0);
	assert_int_equal(user_validate(user, &rules, NULL), 0);
	assert_string_equal(user->filesystem.s3.access_secret, vector);
	json_decref(shown);
	user_free(&user);
}

static void
test_secret_that_is_too_long(void **state)
{
	static const struct user_rules rules = { 0 };
	static char text[SECRET_TEXT_PLAIN_MAX + 2];
	struct failure failure = { 0 };
	struct user *user = s3_user("x");

	(void)state;
	memset(text, 'x', SECRET_TEXT_PLAIN_MAX + 1);
	assert_int_equal(user_set_text(&user->filesystem.s3.access_secret, text), 0);
	assert_int_equal(user_validate(user, &rules, &failure), ERR_INVALID);
	assert_string_equal(failure.text, "Validation error: could not validate s3config: "
					  "access_secret is longer than 32768 bytes");
	text[SECRET_TEXT_PLAIN_MAX] = '\0';
	assert_int_equal(user_set_text(&user->filesystem.s3.access_secret, text), 0);
	assert_int_equal(user_validate(user, &rules, &failure), 0);
	user_free(&user);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_changed_and_cut),
		cmocka_unit_test(test_what_is_sealed),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_validation_seals),
		cmocka_unit_test(test_masked_update_keeps),
		cmocka_unit_test(test_secret_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
