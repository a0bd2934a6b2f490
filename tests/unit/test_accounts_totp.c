/* One-time codes: the vectors of their RFCs, and that each code opens an account once. */
#include "accounts/accounts.h"
#include "accounts/totp.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char digits64[] = "1234567890123456789012345678901234567890123456789012345678901234";

static struct totp
totp_of(enum digest_algorithm algorithm, unsigned digits)
{
	return (struct totp){ .algorithm = algorithm,
		.digits = digits,
		.secret = { .p = (const uint8_t *)digits64, .n = digest_bytes(algorithm) } };
}

/* --- the engine --- */

/* RFC 4226 appendix D. */
static void
test_hotp_vectors(void **state)
{
	static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
		"254676", "287922", "162583", "399871", "520489" };
	struct totp totp = totp_of(DIGEST_SHA1, 6);
	char code[TOTP_DIGITS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		assert_int_equal(totp_code(&totp, i, code), 0);
		assert_string_equal(code, codes[i]);
	}
}

/* RFC 6238 appendix B, with the secrets of its erratum: as long as the digest. */
static void
test_totp_vectors(void **state)
{
	static const struct {
		int64_t seconds;
		const char *sha1, *sha256, *sha512;
	} rows[] = {
		{ 59, "94287082", "46119246", "90693936" },
		{ 1111111109, "07081804", "68084774", "25091201" },
		{ 1111111111, "14050471", "67062674", "99943326" },
		{ 1234567890, "89005924", "91819424", "93441116" },
		{ 2000000000, "69279037", "90698825", "38618901" },
		{ 20000000000, "65353130", "77737706", "47863826" },
	};
	char code[TOTP_DIGITS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t step = totp_step(rows[i].seconds * 1000);
		struct totp sha1 = totp_of(DIGEST_SHA1, 8), sha256 = totp_of(DIGEST_SHA256, 8);
		struct totp sha512 = totp_of(DIGEST_SHA512, 8);

		assert_int_equal(totp_code(&sha1, step, code), 0);
		assert_string_equal(code, rows[i].sha1);
		assert_int_equal(totp_code(&sha256, step, code), 0);
		assert_string_equal(code, rows[i].sha256);
		assert_int_equal(totp_code(&sha512, step, code), 0);
		assert_string_equal(code, rows[i].sha512);
	}
}

static void
test_digits_and_steps(void **state)
{
	char code[TOTP_DIGITS_MAX + 1];

	(void)state;
	for (unsigned digits = 0; digits < 12; digits++) {
		struct totp totp = totp_of(DIGEST_SHA1, digits);
		bool good = digits >= 6 && digits <= 8;

		assert_int_equal(totp_code(&totp, 1, code), good ? 0 : ERR_INVALID);
		assert_int_equal(strlen(code), good ? digits : 0);
	}
	assert_int_equal(totp_step(-1), 0);
	assert_int_equal(totp_step(29999), 0);
	assert_int_equal(totp_step(30000), 1);
}

static void
test_window(void **state)
{
	struct totp totp = totp_of(DIGEST_SHA1, 6);
	char code[TOTP_DIGITS_MAX + 1];
	uint64_t step;

	(void)state;
	for (uint64_t at = 96; at <= 104; at++) {
		bool near = at >= 99 && at <= 101;

		assert_int_equal(totp_code(&totp, at, code), 0);
		assert_int_equal(
		    totp_match(&totp, 100, 0, view_of(code), &step), near ? 0 : ERR_NO_MATCH);
		assert_int_equal(step, near ? at : 0);
		/* What was used, and all before it, is over. */
		assert_int_equal(totp_match(&totp, 100, 100, view_of(code), &step),
		    at == 101 ? 0 : ERR_NO_MATCH);
	}
	assert_int_equal(totp_match(&totp, 0, 0, view_of("287082"), &step), 0);
	assert_int_equal(totp_match(&totp, 100, 0, view_of(""), &step), ERR_NO_MATCH);
	assert_int_equal(totp_match(&totp, 0, 0, view_of("28708"), &step), ERR_NO_MATCH);
	assert_int_equal(totp_match(&totp, 0, 0, view_of("2870822"), &step), ERR_NO_MATCH);
}

/* RFC 4648 section 10. */
static void
test_base32(void **state)
{
	static const struct {
		const char *plain, *text, *padded;
	} rows[] = { { "", "", "" }, { "f", "MY", "MY======" }, { "fo", "MZXQ", "MZXQ====" },
		{ "foo", "MZXW6", "MZXW6===" }, { "foob", "MZXW6YQ", "MZXW6YQ=" },
		{ "fooba", "MZXW6YTB", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI", "MZXW6YTBOI======" } };
	static const char *const bad[] = { "M", "MZX", "MZXW6Y", "MZ", "M1", "M Y", "MY=", "=",
		"========", "MY=====", "MZXW6YT\xff", "MY======MY" };
	struct buf out = buf_init(64);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		base32_encode(&out, view_of(rows[i].plain));
		assert_true(view_is(buf_view(&out), rows[i].text));
		buf_clear(&out);
		assert_int_equal(base32_decode(&out, view_of(rows[i].text)), 0);
		assert_true(view_is(buf_view(&out), rows[i].plain));
		buf_clear(&out);
		assert_int_equal(base32_decode(&out, view_of(rows[i].padded)), 0);
		assert_true(view_is(buf_view(&out), rows[i].plain));
	}
	buf_clear(&out);
	assert_int_equal(base32_decode(&out, view_of("mzxw6ytboi")), 0);
	assert_true(view_is(buf_view(&out), "foobar"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_clear(&out);
		assert_int_equal(base32_decode(&out, view_of(bad[i])), ERR_FORMAT);
	}
	buf_free(&out);
}

/* --- an account --- */

static const struct user_rules no_rules = { 0 };

static struct user *
bob(const char *filters)
{
	struct user *user;
	char json[2048];

	snprintf(json, sizeof(json),
	    "{\"username\":\"bob\",\"status\":1,\"home_dir\":\"/srv/bob\",\"password\":\"$1$a$b\","
	    "\"permissions\":{\"/\":[\"*\"]},\"filters\":%s}",
	    filters);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, view_of(json), NULL), 0);
	return user;
}

/* The RFC's secret, base32. */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static const int64_t moment = INT64_C(1111111111) * 1000; /* code 050471 */

static void
test_a_code_works_once(void **state)
{
	struct user *user = bob("{\"totp\":{\"secret\":\"" SECRET "\"}}");
	struct user_totp *totp = &user->filters.totp;

	(void)state;
	assert_true(user_totp_is_on(user));
	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	assert_true(secret_text_is_sealed(totp->secret));
	assert_string_equal(totp->algorithm, "SHA1");
	assert_int_equal(totp->digits, 6);

	assert_int_equal(user_totp_check(user, view_of("050472"), moment), USER_TOTP_WRONG);
	assert_int_equal(totp->last_step, 0);
	assert_int_equal(user_totp_check(user, view_of(" 050471 "), moment), USER_TOTP_RIGHT);
	assert_int_equal(totp->last_step, 1111111111 / 30);
	assert_int_equal(user_totp_check(user, view_of("050471"), moment), USER_TOTP_WRONG);
	assert_int_equal(user_totp_check(user, view_of("050471"), moment + 30000), USER_TOTP_WRONG);
	assert_int_equal(user_totp_check(user, view_of(""), moment), USER_TOTP_WRONG);
	assert_int_equal(
	    user_totp_check(user, (struct view){ .p = NULL, .n = 0 }, moment), USER_TOTP_WRONG);
	user_free(&user);
}

static void
test_nothing_enrolled(void **state)
{
	struct user *user = bob("{}");

	(void)state;
	assert_false(user_totp_is_on(user));
	assert_int_equal(user_totp_check(user, view_of("050471"), moment), USER_TOTP_NONE);
	user_free(&user);
}

static void
test_enrolment(void **state)
{
	static const struct {
		const char *algorithm;
		int64_t digits;
		size_t secret_characters;
	} rows[] = { { "SHA1", 6, 32 }, { "SHA256", 8, 52 }, { "SHA512", 6, 103 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct user_totp_enrolment first, second;
		struct user *user = bob("{}");
		struct buf secret = buf_init(64);
		char code[TOTP_DIGITS_MAX + 1], uri[512];
		struct totp totp;

		assert_int_equal(user_set_text(&user->username, "b\xc3\xb6 b/:&"), 0);
		assert_int_equal(
		    user_totp_enrol(user, rows[i].algorithm, rows[i].digits, &first, NULL), 0);
		assert_int_equal(
		    user_totp_enrol(user, rows[i].algorithm, rows[i].digits, &second, NULL), 0);
		assert_string_not_equal(first.secret, second.secret);
		assert_int_equal(strlen(second.secret), rows[i].secret_characters);
		assert_true(secret_text_is_sealed(user->filters.totp.secret));
		snprintf(uri, sizeof(uri),
		    "otpauth://totp/Postern:b%%C3%%B6%%20b%%2F%%3A%%26?secret=%s&issuer=Postern"
		    "&algorithm=%s&digits=%d&period=30",
		    second.secret, rows[i].algorithm, (int)rows[i].digits);
		assert_string_equal(second.uri, uri);
		assert_int_equal(user_validate(user, &no_rules, NULL), 0);

		assert_int_equal(base32_decode(&secret, view_of(second.secret)), 0);
		totp = (struct totp){ .algorithm = i == 0 ? DIGEST_SHA1
				: i == 1		  ? DIGEST_SHA256
							  : DIGEST_SHA512,
			.digits = (unsigned)rows[i].digits,
			.secret = buf_view(&secret) };
		assert_int_equal(totp_code(&totp, totp_step(moment), code), 0);
		assert_int_equal(user_totp_check(user, view_of(code), moment), USER_TOTP_RIGHT);
		user_totp_enrolment_free(&first);
		user_totp_enrolment_free(&second);
		buf_free(&secret);
		user_free(&user);
	}
}

static void
test_enrolment_refuses(void **state)
{
	struct user_totp_enrolment out;
	struct failure failure = { 0 };
	struct user *user = bob("{}");

	(void)state;
	assert_int_equal(user_totp_enrol(user, "MD5", 6, &out, &failure), ERR_INVALID);
	assert_int_equal(user_totp_enrol(user, "SHA1", 7, &out, &failure), ERR_INVALID);
	assert_int_equal(user_totp_enrol(user, "SHA1", 5, &out, &failure), ERR_INVALID);
	assert_null(out.secret);
	user_free(&user);
}

static void
test_recovery_codes(void **state)
{
	struct user_totp_enrolment out;
	struct user *user = bob("{}");
	char changed[64];
	struct buf dump = buf_init(65536);
	json_t *json;

	(void)state;
	assert_int_equal(user_totp_enrol(user, "SHA1", 6, &out, NULL), 0);
	assert_int_equal(out.recovery_codes.count, USER_TOTP_RECOVERY_CODES);
	/* They are nowhere to be read. */
	assert_non_null(json = user_to_json(user, USER_FORM_DUMP));
	accounts_json_write(json, false, &dump);
	buf_u8(&dump, 0);
	assert_null(strstr((const char *)dump.p, out.recovery_codes.items[0]));
	assert_null(strstr((const char *)dump.p, out.secret));
	json_decref(json);
	buf_free(&dump);

	for (size_t i = 0; i < out.recovery_codes.count; i++) {
		const char *code = out.recovery_codes.items[i];

		assert_int_equal(strlen(code), 19);
		/* As shown, in lower case, and without dashes. */
		snprintf(changed, sizeof(changed), "%s", code);
		for (char *c = changed; i == 1 && *c != '\0'; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
		if (i == 2)
			snprintf(changed, sizeof(changed), "%.4s%.4s%.4s%.4s", code, code + 5,
			    code + 10, code + 15);
		changed[0] ^= 1;
		assert_int_equal(user_totp_check(user, view_of(changed), moment), USER_TOTP_WRONG);
		changed[0] ^= 1;
		changed[strlen(changed) - 1] = '\0';
		assert_int_equal(user_totp_check(user, view_of(changed), moment), USER_TOTP_WRONG);
		changed[strlen(changed)] = i == 1 && code[18] >= 'A' ? (char)(code[18] - 'A' + 'a')
								      : code[18];
		assert_int_equal(user_totp_check(user, view_of(changed), moment), USER_TOTP_RIGHT);
		assert_int_equal(user_totp_check(user, view_of(changed), moment), USER_TOTP_WRONG);
		assert_int_equal(
		    user->filters.totp.recovery_codes.count, USER_TOTP_RECOVERY_CODES - 1 - i);
	}
	user_totp_enrolment_free(&out);
	user_free(&user);
}

static void
test_answers_that_are_long(void **state)
{
	struct user *user = bob("{\"totp\":{\"secret\":\"" SECRET "\"}}");
	uint8_t answer[USER_TOTP_ANSWER_MAX + 1];

	(void)state;
	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	memset(answer, ' ', sizeof(answer));
	memcpy(answer, "050471", 6);
	assert_int_equal(
	    user_totp_check(user, (struct view){ .p = answer, .n = sizeof(answer) }, moment),
	    USER_TOTP_WRONG);
	assert_int_equal(
	    user_totp_check(user, (struct view){ .p = answer, .n = sizeof(answer) - 1 }, moment),
	    USER_TOTP_RIGHT);
	user_free(&user);
}

/* --- storage --- */

static void
test_what_is_shown(void **state)
{
	struct user *user = bob("{\"totp\":{\"secret\":\"" SECRET "\",\"last_step\":5,"
				"\"recovery_codes\":[\"ab\"]}}"),
		    *again;
	const json_t *totp;
	json_t *public, *dump;
	char *sealed;

	(void)state;
	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	public = user_to_json(user, USER_FORM_PUBLIC);
	totp = json_object_get(json_object_get(public, "filters"), "totp");
	assert_int_equal(json_object_size(totp), 2);
	assert_string_equal(json_string_value(json_object_get(totp, "algorithm")), "SHA1");
	assert_int_equal(json_integer_value(json_object_get(totp, "digits")), 6);

	dump = user_to_json(user, USER_FORM_DUMP);
	assert_int_equal(user_new(&again), 0);
	assert_int_equal(user_from_json(again, dump, NULL), 0);
	assert_string_equal(again->filters.totp.secret, user->filters.totp.secret);
	assert_int_equal(again->filters.totp.last_step, 5);
	assert_string_equal(again->filters.totp.recovery_codes.items[0], "ab");

	/* What was shown can be sent back, and changes nothing. */
	assert_non_null(sealed = strdup(user->filters.totp.secret));
	assert_int_equal(user_merge_json(&user, public, NULL), 0);
	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	assert_string_equal(user->filters.totp.secret, sealed);
	assert_int_equal(user->filters.totp.last_step, 5);
	assert_int_equal(user->filters.totp.recovery_codes.count, 1);
	free(sealed);
	json_decref(public);
	json_decref(dump);
	user_free(&again);
	user_free(&user);
}

static void
test_disable(void **state)
{
	struct user *user = bob("{\"totp\":{\"secret\":\"" SECRET "\",\"last_step\":5,"
				"\"recovery_codes\":[\"ab\"]}}");
	json_t *public;

	(void)state;
	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	/* An empty secret in an update does the same as user_totp_disable(). */
	assert_int_equal(
	    user_merge_text(&user, view_of("{\"filters\":{\"totp\":{\"secret\":\"\"}}}"), NULL), 0);
	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	assert_false(user_totp_is_on(user));
	assert_int_equal(user->filters.totp.recovery_codes.count, 0);
	public = user_to_json(user, USER_FORM_PUBLIC);
	assert_null(json_object_get(json_object_get(public, "filters"), "totp"));
	json_decref(public);
	user_free(&user);
}

static void
test_validation(void **state)
{
	static const struct {
		const char *totp, *text;
	} rows[] = {
		{ "\"secret\":\"not base32\"", "the secret is not base32 of 1 to 64 bytes" },
		{ "\"secret\":\"$aes$key$data\"", "the secret is not base32 of 1 to 64 bytes" },
		{ "\"secret\":\"=\"", "the secret is not base32 of 1 to 64 bytes" },
		{ "\"secret\":\"" SECRET "\",\"algorithm\":\"MD5\"",
		    "the algorithm \"MD5\" is not SHA1, SHA256 or SHA512" },
		{ "\"secret\":\"" SECRET "\",\"digits\":7", "the code has neither 6 nor 8 digits" },
		{ "\"secret\":\"" SECRET "\",\"digits\":-1",
		    "the code has neither 6 nor 8 digits" },
	};
	char filters[256], text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct failure failure = { 0 };
		struct user *user;

		snprintf(filters, sizeof(filters), "{\"totp\":{%s}}", rows[i].totp);
		snprintf(text, sizeof(text), "Validation error: could not validate totp: %s",
		    rows[i].text);
		user = bob(filters);
		assert_int_equal(user_validate(user, &no_rules, &failure), ERR_INVALID);
		assert_string_equal(failure.text, text);
		user_free(&user);
	}
}

/* 64 bytes are 103 characters; 65 are one byte too many. */
static void
test_limits(void **state)
{
	(void)state;
	for (size_t n = USER_TOTP_SECRET_MAX; n <= USER_TOTP_SECRET_MAX + 1; n++) {
		static const uint8_t bytes[USER_TOTP_SECRET_MAX + 1];
		struct buf text = buf_init(256);
		struct user *user = bob("{}");

		base32_encode(&text, (struct view){ .p = bytes, .n = n });
		buf_u8(&text, 0);
		assert_int_equal(
		    user_set_text(&user->filters.totp.secret, (const char *)text.p), 0);
		assert_int_equal(user_validate(user, &no_rules, NULL),
		    n > USER_TOTP_SECRET_MAX ? ERR_INVALID : 0);
		user_free(&user);
		user = bob("{\"totp\":{\"secret\":\"" SECRET "\"}}");
		for (size_t i = 0; i < n; i++)
			assert_int_equal(
			    text_list_add(&user->filters.totp.recovery_codes, "x"), 0);
		assert_int_equal(user_validate(user, &no_rules, NULL),
		    n > USER_TOTP_RECOVERY_CODES_MAX ? ERR_INVALID : 0);
		user_free(&user);
		buf_free(&text);
	}
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
		cmocka_unit_test(test_hotp_vectors),
		cmocka_unit_test(test_totp_vectors),
		cmocka_unit_test(test_digits_and_steps),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_base32),
		cmocka_unit_test(test_a_code_works_once),
		cmocka_unit_test(test_nothing_enrolled),
		cmocka_unit_test(test_enrolment),
		cmocka_unit_test(test_enrolment_refuses),
		cmocka_unit_test(test_recovery_codes),
		cmocka_unit_test(test_answers_that_are_long),
		cmocka_unit_test(test_what_is_shown),
		cmocka_unit_test(test_disable),
		cmocka_unit_test(test_validation),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
