/* Which methods a login needs: every order, with and without one-time codes. */
#include "accounts/accounts.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CODES "\"totp\":{\"secret\":\"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\"}"
#define TWO "\"required_methods\":[[\"publickey\",\"keyboard-interactive\"]]"
#define EITHER "\"required_methods\":[[\"publickey\",\"password\"],[\"publickey\"," \
	       "\"keyboard-interactive\",\"password\"],[\"keyboard-interactive\"]]"

static const struct user_rules no_rules = { 0 };

static struct user *
bob(const char *filters)
{
	struct user *user;
	char json[2048];

	snprintf(json, sizeof(json),
	    "{\"username\":\"bob\",\"status\":1,\"home_dir\":\"/srv/bob\",\"password\":\"$1$a$b\","
	    "\"permissions\":{\"/\":[\"*\"]},\"filters\":{%s}}",
	    filters);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, view_of(json), NULL), 0);
	return user;
}

/* A letter for each method that is proved: k(ey), p(assword), i(nteractive), c: with a code. */
static void
assert_steps(const char *filters, const char *proved, const char *expected, const char *next)
{
	struct user *user = bob(filters);
	struct login_steps steps = { .count = 0 };
	char methods[LOGIN_METHODS_TEXT_MAX] = "";

	assert_int_equal(user_validate(user, &no_rules, NULL), 0);
	for (size_t i = 0; proved[i] != '\0'; i++) {
		char c = proved[i];
		enum login_method method = c == 'k' ? LOGIN_PUBLICKEY
				       : c == 'p'   ? LOGIN_PASSWORD
						    : LOGIN_INTERACTIVE;
		/* R(efused), D(one), M(ore), C(ode) */
		static const char letters[] = "RDMC";
		enum login_step step = login_steps_add(user, &steps, method, c == 'c', methods);

		if (letters[step] != expected[i])
			fail_msg("%s: %s gives %c at %zu", filters, proved, letters[step], i);
	}
	assert_string_equal(methods, next);
	user_free(&user);
}

static void
test_one_method_is_enough(void **state)
{
	(void)state;
	assert_steps("", "k", "D", "");
	assert_steps("", "p", "D", "");
	assert_steps("", "i", "D", "");
}

static void
test_codes(void **state)
{
	(void)state;
	assert_steps(CODES, "k", "M", "keyboard-interactive");
	assert_steps(CODES, "p", "M", "keyboard-interactive");
	assert_steps(CODES, "kc", "MD", "keyboard-interactive");
	assert_steps(CODES, "pc", "MD", "keyboard-interactive");
	/* The password in a dialogue, and the code in the same. */
	assert_steps(CODES, "ic", "CD", "");
	assert_steps(CODES, "i", "C", "");
	/* A second first step is none. */
	assert_steps(CODES, "kpkpc", "MRRRD", "keyboard-interactive");
	assert_steps(CODES, "kic", "MCD", "keyboard-interactive");
}

static void
test_required(void **state)
{
	(void)state;
	assert_steps(TWO, "ki", "MD", "keyboard-interactive");
	assert_steps(TWO, "i", "R", "");
	assert_steps(TWO, "p", "R", "");
	assert_steps(TWO, "ik", "RM", "keyboard-interactive");
	assert_steps(TWO, "kpki", "MRRD", "keyboard-interactive");
	assert_steps(EITHER, "k", "M", "password,keyboard-interactive");
	assert_steps(EITHER, "kp", "MD", "password,keyboard-interactive");
	assert_steps(EITHER, "ki", "MM", "password");
	assert_steps(EITHER, "kip", "MMD", "password");
	assert_steps(EITHER, "i", "D", "");
	assert_steps(EITHER, "p", "R", "");
}

static void
test_required_with_codes(void **state)
{
	(void)state;
	assert_steps(TWO "," CODES, "kc", "MD", "keyboard-interactive");
	assert_steps(TWO "," CODES, "kic", "MCD", "keyboard-interactive");
	assert_steps(TWO "," CODES, "c", "R", "");
	/* A way in without a dialogue has one more step. */
	assert_steps("\"required_methods\":[[\"publickey\",\"password\"]]," CODES, "kpc", "MMD",
	    "keyboard-interactive");
	assert_steps("\"required_methods\":[[\"publickey\",\"password\"]]," CODES, "kc", "MR",
	    "password");
	assert_steps("\"required_methods\":[[\"publickey\",\"keyboard-interactive\",\"password\"]],"
		     CODES,
	    "kcp", "MMD", "password");
}

static void
test_what_a_dialogue_asks(void **state)
{
	struct login_steps none = { .count = 0 }, key = { .methods = { LOGIN_PUBLICKEY },
							  .count = 1 };
	struct user *plain = bob(""), *codes = bob(CODES),
		    *both = bob(TWO "," CODES);

	(void)state;
	assert_false(login_steps_code_only(plain, &none, false));
	assert_false(login_steps_code_only(plain, &key, false));
	assert_false(login_steps_code_only(codes, &none, false));
	assert_true(login_steps_code_only(codes, &key, false));
	/* A program has its say first, where a dialogue is required for its own sake. */
	assert_false(login_steps_code_only(codes, &none, true));
	assert_true(login_steps_code_only(codes, &key, true));
	assert_false(login_steps_code_only(both, &key, true));
	assert_true(login_steps_code_only(both, &key, false));
	user_free(&both);
	user_free(&plain);
	user_free(&codes);
}

static void
test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOGIN_METHODS; i++)
		assert_int_equal(login_method_find(view_of(login_method_name(i))), i);
	assert_int_equal(login_method_find(view_of("")), LOGIN_METHODS);
	assert_int_equal(login_method_find(view_of("passwor")), LOGIN_METHODS);
	assert_int_equal(login_method_find(view_of("hostbased")), LOGIN_METHODS);
}

static void
test_json(void **state)
{
	struct user *user = bob(EITHER);
	json_t *json = user_to_json(user, USER_FORM_PUBLIC), *wanted, *copy;
	static const char *const bad[] = { "{}", "1", "[1]", "[[]]", "[[1]]", "[[\"\"]]",
		"[\"publickey\"]", "[[\"a,b\"]]", "[null]" };
	char text[128];

	(void)state;
	wanted = json_loads("[[\"publickey\",\"password\"],[\"publickey\",\"keyboard-interactive\","
			    "\"password\"],[\"keyboard-interactive\"]]",
	    0, NULL);
	copy = json_object_get(json_object_get(json, "filters"), "required_methods");
	assert_true(json_equal(copy, wanted));
	json_decref(json);
	json_decref(wanted);
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "{\"filters\":{\"required_methods\":%s}}", bad[i]);
		assert_int_equal(user_merge_text(&user, view_of(text), NULL), ERR_FORMAT);
	}
	assert_int_equal(
	    user_merge_text(&user, view_of("{\"filters\":{\"required_methods\":[]}}"), NULL), 0);
	assert_int_equal(user->filters.required_methods.count, 0);
	json = user_to_json(user, USER_FORM_PUBLIC);
	assert_null(json_object_get(json_object_get(json, "filters"), "required_methods"));
	json_decref(json);
	user_free(&user);
}

static void
test_validation(void **state)
{
	static const char *const bad[] = {
		"\"required_methods\":[[\"telepathy\"]]",
		"\"required_methods\":[[\"publickey\",\"publickey\"]]",
		"\"required_methods\":[[\"publickey\",\"password\",\"keyboard-interactive\","
		"\"password\"]]",
		"\"denied_login_methods\":[\"password\"],\"required_methods\":[[\"publickey\","
		"\"password\"]]",
		"\"denied_login_methods\":[\"keyboard-interactive\"]," CODES,
	};
	struct failure failure;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct user *user = bob(bad[i]);

		failure = (struct failure){ 0 };
		assert_int_equal(user_validate(user, &no_rules, &failure), ERR_INVALID);
		assert_memory_equal(failure.text, "Validation error: ", 18);
		user_free(&user);
	}
	for (size_t n = LOGIN_WAYS_MAX; n <= LOGIN_WAYS_MAX + 1; n++) {
		struct user *user = bob("");

		for (size_t i = 0; i < n; i++)
			assert_int_equal(
			    text_list_add(&user->filters.required_methods, "publickey"), 0);
		assert_int_equal(user_validate(user, &no_rules, NULL),
		    n > LOGIN_WAYS_MAX ? ERR_INVALID : 0);
		user_free(&user);
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
		cmocka_unit_test(test_one_method_is_enough),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_required_with_codes),
		cmocka_unit_test(test_what_a_dialogue_asks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_validation),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
