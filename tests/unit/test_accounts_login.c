/* Password hashes, keys, address filters, and the order of the questions at login. */
#include "accounts/accounts.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIKogrvK+0ce2OhGv1SdFCX9QwIHMvWwMP2sOUekwqDsi"
#define ECDSA                                                                                      \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOBpinOxtnzulmm5Dc3wEysZ1vGn5M2cP9k+" \
	"RtxgFB2OeQGM2Lz9XQh1tk6RuA1H0cKk2nqlXgWXyb+XF5AF2Fo="

static const struct password_cost cheap = { .memory_kib = 16, .passes = 1, .lanes = 1 };

/* --- passwords --- */

static void
a_hash_of_the_contract_is_checked(void **state)
{
	static const char hash[] = "$argon2id$v=19$m=65536,t=3,p=2$DaJuqiicY3oi0ytLPTDAUg$"
				   "k50MzDtUSXihqX070NnRshDVe2XUfJcCKFPSPkGfrwQ";

	(void)state;
	assert_int_equal(password_check(hash, view_of("pw1")), PASSWORD_RIGHT);
	assert_int_equal(password_check(hash, view_of("pw2")), PASSWORD_WRONG);
}

static void
hashes_are_fresh_and_match(void **state)
{
	static const struct password_cost costs[] = { { 16, 1, 1 }, { 64, 2, 4 }, { 100, 3, 2 } };
	char *first, *second;

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		assert_int_equal(password_hash(view_of("secret"), &costs[i], &first), 0);
		assert_int_equal(password_hash(view_of("secret"), &costs[i], &second), 0);
		assert_true(password_is_hash(first));
		assert_string_not_equal(first, second);
		assert_int_equal(password_check(first, view_of("secret")), PASSWORD_RIGHT);
		assert_int_equal(password_check(second, view_of("secret")), PASSWORD_RIGHT);
		assert_int_equal(password_check(first, view_of("Secret")), PASSWORD_WRONG);
		assert_int_equal(password_check(first, view_of("secret ")), PASSWORD_WRONG);
		assert_int_equal(password_check(first, view_of("secre")), PASSWORD_WRONG);
		free(first);
		free(second);
	}
}

/* A password may hold any byte; a NUL ends nothing. */
static void
every_byte_counts(void **state)
{
	static const uint8_t bytes[] = { 'a', 0, 'b', 0xff };
	char *hash;

	(void)state;
	assert_int_equal(password_hash((struct view){ .p = bytes, .n = 4 }, &cheap, &hash), 0);
	assert_int_equal(password_check(hash, (struct view){ .p = bytes, .n = 4 }), PASSWORD_RIGHT);
	assert_int_equal(password_check(hash, (struct view){ .p = bytes, .n = 3 }), PASSWORD_WRONG);
	assert_int_equal(password_check(hash, (struct view){ .p = bytes, .n = 1 }), PASSWORD_WRONG);
	free(hash);
}

static void
empty_and_long_passwords_never_match(void **state)
{
	uint8_t text[PASSWORD_BYTES_MAX + 1];
	struct view at_limit = { .p = text, .n = PASSWORD_BYTES_MAX };
	struct view beyond = { .p = text, .n = PASSWORD_BYTES_MAX + 1 };
	char *hash;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(password_hash(view_of(""), &cheap, &hash), ERR_INVALID);
	assert_int_equal(password_hash(beyond, &cheap, &hash), ERR_INVALID);
	assert_int_equal(password_hash(at_limit, &cheap, &hash), 0);
	assert_int_equal(password_check(hash, at_limit), PASSWORD_RIGHT);
	assert_int_equal(password_check(hash, beyond), PASSWORD_TOO_LONG);
	assert_int_equal(password_check(hash, view_of("")), PASSWORD_EMPTY);
	assert_int_equal(password_check("", view_of("x")), PASSWORD_EMPTY);
	assert_int_equal(password_check("", view_of("")), PASSWORD_EMPTY);
	assert_int_equal(password_check_dummy(view_of(""), &cheap), PASSWORD_EMPTY);
	assert_int_equal(password_check_dummy(at_limit, &cheap), PASSWORD_WRONG);
	assert_int_equal(password_check_dummy(beyond, &cheap), PASSWORD_TOO_LONG);
	free(hash);
}

/* The shapes of stored hashes that must match nothing, least of all everything. */
static void
broken_hashes_match_nothing(void **state)
{
	static const char *const hashes[] = {
		"secret",
		"$argon2id$",
		"$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$",
		"$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ",
		"$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$AAAA",
		"$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=16,t=1,p=1$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=16,t=1,p=1$c2Fs$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=16$m=16,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$m=16,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=0,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=-1,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=7,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=16,t=0,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=16,t=1,p=0$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=99999999999999999999,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=16,t=65,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=1024,t=1,p=65$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$",
		"$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ",
		" $argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2i$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	char longer[PASSWORD_HASH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		assert_int_equal(password_check(hashes[i], view_of("secret")), PASSWORD_BROKEN);
	memset(longer, 'A', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	memcpy(longer, "$argon2id$", 10);
	assert_int_equal(password_check(longer, view_of("secret")), PASSWORD_BROKEN);
}

/* Whatever one bit of a stored hash becomes, the right password must not open a wrong hash. */
static void
changed_hashes_do_not_match(void **state)
{
	char *hash, *copy;

	(void)state;
	assert_int_equal(password_hash(view_of("secret"), &cheap, &hash), 0);
	assert_non_null(copy = strdup(hash));
	for (size_t i = 0; hash[i] != '\0'; i++) {
		for (unsigned bit = 0; bit < 7; bit++) {
			copy[i] = (char)(hash[i] ^ (1 << bit));
			assert_int_not_equal(
			    password_check(copy, view_of("secret")), PASSWORD_RIGHT);
		}
		copy[i] = '\0';
		assert_int_not_equal(password_check(copy, view_of("secret")), PASSWORD_RIGHT);
		copy[i] = hash[i];
	}
	assert_int_equal(password_check(copy, view_of("secret")), PASSWORD_RIGHT);
	free(copy);
	free(hash);
}

/* Made by other programs: the contract's vectors, openssl passwd, libcrypt. */
static void
hashes_of_other_programs_are_checked(void **state)
{
	static const struct {
		const char *hash, *password;
	} cases[] = {
		{ "$2a$14$ajq8Q7fbtFRQvXpdCq7Jcuy.Rx1h/L4J60Otx.gyNLbAYctGMJ9tK", "secret" },
		{ "$2a$04$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC", "secret" },
		{ "$2b$04$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC", "secret" },
		{ "$2y$04$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC", "secret" },
		{ "$apr1$saltsalt$yAAkm4libquA.ZWLHbSBq/", "password" },
		{ "$apr1$abcdefgh$60/v33Rl40lVsypsR5Ehm0",
		    "a longer password, of more than sixteen bytes" },
		{ "$1$abcdefgh$P2sfWBsiEFYwOpItqJE7L/",
		    "a longer password, of more than sixteen bytes" },
		{ "$1$salt$ez2vlPGdaLYkJam5pWs/Y1", "secret" },
		{ "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtL"
		  "tip/cZ/1GM/O6IND4WQhG.",
		    "secret" },
		{ "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop/Zok96"
		  "Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/",
		    "secret" },
	};
	char changed[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *hash = cases[i].hash;
		struct view password = view_of(cases[i].password);

		assert_int_equal(password_check(hash, password), PASSWORD_RIGHT);
		if (i == 0) /* this one is slow */
			continue;
		assert_int_equal(password_check(hash, view_of("Secret")), PASSWORD_WRONG);
		assert_int_equal(password_check(hash, view_of("")), PASSWORD_EMPTY);
		password.n--;
		assert_int_equal(password_check(hash, password), PASSWORD_WRONG);
		password.n++;
		/* Every cut of the hash, down to the mere setting, matches nothing. */
		snprintf(changed, sizeof(changed), "%s", hash);
		for (size_t n = strlen(hash) - 1; n > 0; n -= n > 8 ? 7 : 1) {
			changed[n] = '\0';
			assert_int_equal(password_check(changed, password), PASSWORD_BROKEN);
		}
		snprintf(changed, sizeof(changed), "%s.", hash);
		assert_int_equal(password_check(changed, password), PASSWORD_BROKEN);
	}
}

/* crypt() would see "secret" alone. */
static void
a_nul_does_not_shorten_a_password(void **state)
{
	static const char *const hashes[] = { "$1$salt$ez2vlPGdaLYkJam5pWs/Y1",
		"$2b$04$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC" };
	struct view password = { .p = (const uint8_t *)"secret\0junk", .n = 11 };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(password_check(hashes[i], password), PASSWORD_WRONG);
}

static void
hashes_that_cost_too_much_are_not_begun(void **state)
{
	(void)state;
	assert_int_equal(
	    password_check(
		"$2b$17$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC", view_of("secret")),
	    PASSWORD_BROKEN);
	assert_int_equal(password_check("$2b$", view_of("secret")), PASSWORD_BROKEN);
	assert_int_equal(
	    password_check("$6$rounds=5000001$saltsalt$x", view_of("secret")), PASSWORD_BROKEN);
	assert_int_equal(
	    password_check("$6$rounds=99999999999999999999$saltsalt$x", view_of("secret")),
	    PASSWORD_BROKEN);
}

static void
every_result_has_a_text(void **state)
{
	(void)state;
	for (int i = PASSWORD_WRONG; i <= PASSWORD_FAILED; i++)
		assert_true(strlen(password_result_text(i)) > 0);
	assert_string_equal(password_result_text(PASSWORD_WRONG), "Invalid credentials");
	assert_string_equal(
	    password_result_text(PASSWORD_EMPTY), "Credentials cannot be null or empty");
}

static void
no_account_and_no_password_cost_the_same_and_fail(void **state)
{
	struct user *user;
	char *hash;

	(void)state;
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_check_password(NULL, view_of("x"), &cheap), PASSWORD_WRONG);
	assert_int_equal(user_check_password(NULL, view_of(""), &cheap), PASSWORD_WRONG);
	assert_int_equal(user_check_password(user, view_of("x"), &cheap), PASSWORD_EMPTY);
	assert_int_equal(user_check_password(user, view_of(""), &cheap), PASSWORD_EMPTY);
	/* The fixed input of the dummy is no way in. */
	assert_int_equal(
	    user_check_password(NULL, view_of("no such password"), &cheap), PASSWORD_WRONG);
	assert_int_equal(password_hash(view_of("x"), &cheap, &hash), 0);
	assert_int_equal(user_set_text(&user->password, hash), 0);
	assert_int_equal(user_check_password(user, view_of("x"), &cheap), PASSWORD_RIGHT);
	assert_int_equal(user_check_password(user, view_of("y"), &cheap), PASSWORD_WRONG);
	free(hash);
	user_free(&user);
}

/* Pages that a check of "x" touches: the memory of a hash of that cost, when one is made. */
static long
pages_of_check(const struct user *user, const struct password_cost *cost)
{
	struct rusage before, after;

	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_not_equal(user_check_password(user, view_of("x"), cost), PASSWORD_RIGHT);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	return after.ru_minflt - before.ru_minflt;
}

/* Whoever is refused is refused after a whole hash: the answer's time says nothing. */
static void
each_refusal_makes_a_hash(void **state)
{
	static const struct password_cost cost = { .memory_kib = 32768, .passes = 1, .lanes = 1 };
	const long whole = (long)cost.memory_kib * 1024 / sysconf(_SC_PAGESIZE);
	struct user *user;
	char *hash;

	(void)state;
	/* pages are counted one by one */
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 1L, 0L, 0L, 0L), 0);
	assert_int_equal(user_new(&user), 0);
	assert_true(pages_of_check(NULL, &cost) >= whole);
	assert_true(pages_of_check(user, &cost) >= whole); /* without a password */
	assert_int_equal(password_hash(view_of("y"), &cost, &hash), 0);
	assert_int_equal(user_set_text(&user->password, hash), 0);
	user->status = USER_ACTIVE;
	assert_true(pages_of_check(user, &cost) >= whole);
	user->status = USER_DISABLED;
	assert_true(pages_of_check(user, &cost) >= whole);
	assert_int_equal(user_set_text(&user->password, "$argon2id$no hash"), 0);
	assert_true(pages_of_check(user, &cost) >= whole);
	free(hash);
	user_free(&user);
}

static void *
check_in_thread(void *hash)
{
	size_t right = 0;

	for (int i = 0; i < 20; i++)
		right += password_check(hash, view_of("secret")) == PASSWORD_RIGHT;
	return (void *)(uintptr_t)right;
}

static void
threads_check_at_once(void **state)
{
	static const struct password_cost two_lanes = { .memory_kib = 64, .passes = 1, .lanes = 2 };
	pthread_t threads[8];
	char *hash;

	(void)state;
	assert_int_equal(password_hash(view_of("secret"), &two_lanes, &hash), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_in_thread, hash), 0);
	for (size_t i = 0; i < 8; i++) {
		void *right;

		assert_int_equal(pthread_join(threads[i], &right), 0);
		assert_int_equal((uintptr_t)right, 20);
	}
	free(hash);
}

/* --- keys --- */

static void
a_key_is_found_by_its_bytes(void **state)
{
	struct buf blob = buf_init(4096);
	struct user *user;
	char *comment;

	(void)state;
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(base64_decode(&blob, view_of(ED25519)), 0);
	assert_false(user_find_key(user, buf_view(&blob), NULL));
	assert_int_equal(text_list_add(&user->public_keys, "nonsense"), 0);
	assert_int_equal(text_list_add(&user->public_keys, "ecdsa-sha2-nistp256 " ECDSA), 0);
	assert_false(user_find_key(user, buf_view(&blob), &comment));
	assert_null(comment);
	assert_int_equal(
	    text_list_add(&user->public_keys, "no-pty ssh-ed25519 " ED25519 " bob's laptop"), 0);
	assert_true(user_find_key(user, buf_view(&blob), NULL));
	assert_true(user_find_key(user, buf_view(&blob), &comment));
	assert_string_equal(comment, "bob's laptop");
	free(comment);
	/* One byte more, less or other is another key. */
	blob.n--;
	assert_false(user_find_key(user, buf_view(&blob), NULL));
	blob.n++;
	buf_u8(&blob, 0);
	assert_false(user_find_key(user, buf_view(&blob), NULL));
	blob.n--;
	blob.p[blob.n - 1] ^= 1;
	assert_false(user_find_key(user, buf_view(&blob), NULL));
	assert_false(user_find_key(user, (struct view){ 0 }, NULL));
	buf_clear(&blob);
	assert_int_equal(base64_decode(&blob, view_of(ECDSA)), 0);
	assert_true(user_find_key(user, buf_view(&blob), &comment));
	assert_string_equal(comment, "");
	free(comment);
	buf_free(&blob);
	user_free(&user);
}

/* --- addresses --- */

static bool
allowed(const char *filters, const char *text)
{
	struct address address;
	struct user *user;
	char json[256];
	bool result;

	snprintf(json, sizeof(json), "{\"filters\":%s}", filters);
	assert_int_equal(address_parse(text, &address), 0);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, view_of(json), NULL), 0);
	result = user_address_allowed(user, &address);
	user_free(&user);
	return result;
}

static void
filters_decide_by_address(void **state)
{
	(void)state;
	assert_true(allowed("{}", "192.0.2.1"));
	assert_true(allowed("{\"denied_ip\":[\"192.0.2.0/24\"]}", "192.0.3.1"));
	assert_false(allowed("{\"denied_ip\":[\"192.0.2.0/24\"]}", "192.0.2.1"));
	assert_false(allowed("{\"denied_ip\":[\"192.0.2.0/24\"]}", "::ffff:192.0.2.1"));
	assert_true(allowed("{\"allowed_ip\":[\"2001:db8::/32\",\"192.0.2.0/24\"]}", "192.0.2.9"));
	assert_false(allowed("{\"allowed_ip\":[\"2001:db8::/32\",\"192.0.2.0/24\"]}", "192.0.3.9"));
	/* Denied wins. */
	assert_false(allowed(
	    "{\"allowed_ip\":[\"192.0.2.0/24\"],\"denied_ip\":[\"192.0.2.7/32\"]}", "192.0.2.7"));
	assert_true(allowed(
	    "{\"allowed_ip\":[\"192.0.2.0/24\"],\"denied_ip\":[\"192.0.2.7/32\"]}", "192.0.2.8"));
	/* What cannot be read refuses, when the search comes to it. */
	assert_false(allowed("{\"denied_ip\":[\"junk\"]}", "192.0.2.8"));
	assert_false(allowed("{\"allowed_ip\":[\"junk\",\"192.0.2.0/24\"]}", "192.0.2.8"));
	assert_true(allowed("{\"allowed_ip\":[\"192.0.2.0/24\",\"junk\"]}", "192.0.2.8"));
}

/* --- the verdict --- */

static void
verdict_is(const struct login_facts *facts, enum login_verdict verdict, const char *text)
{
	struct buf out = buf_init(1024);

	assert_int_equal(login_decide(facts), verdict);
	login_text(verdict, facts, &out);
	buf_u8(&out, '\0');
	assert_string_equal((char *)out.p, text);
	buf_free(&out);
}

/* Everything is wrong with this login; mending it shows the order of the questions. */
static void
questions_come_in_order(void **state)
{
	struct address address;
	struct user *user;
	struct login_facts facts = { .username = "bob",
		.method = "password",
		.address = &address,
		.open_sessions = 2,
		.now_ms = 1001 };

	(void)state;
	assert_int_equal(address_parse("192.0.2.1", &address), 0);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(
	    user_from_text(user,
		view_of("{\"username\":\"bob\",\"status\":0,"
			"\"expiration_date\":1000,\"home_dir\":\"relative\",\"max_sessions\":2,"
			"\"filters\":{\"denied_ip\":[\"192.0.2.1/32\"],"
			"\"denied_login_methods\":[\"password\"]}}"),
		NULL),
	    0);
	verdict_is(&facts, LOGIN_UNKNOWN_USER, "Not found: username bob does not exist");
	facts.user = user;
	verdict_is(&facts, LOGIN_DISABLED, "user \"bob\" is disabled");
	user->status = 2;
	verdict_is(&facts, LOGIN_DISABLED, "user \"bob\" is disabled");
	user->status = 1;
	verdict_is(&facts, LOGIN_EXPIRED, "user \"bob\" is expired since 1000, now is 1001");
	facts.now_ms = 1000;
	verdict_is(&facts, LOGIN_BAD_CREDENTIAL, "Invalid credentials");
	facts.credential_text = "why";
	verdict_is(&facts, LOGIN_BAD_CREDENTIAL, "why");
	facts.credential_good = true;
	verdict_is(&facts, LOGIN_HOME_NOT_ABSOLUTE,
	    "the home directory of user \"bob\" is no absolute path: \"relative\"");
	assert_int_equal(user_set_text(&user->home_dir, "/home"), 0);
	verdict_is(
	    &facts, LOGIN_TOO_MANY_SESSIONS, "user \"bob\" has too many open sessions: 2 of 2");
	facts.open_sessions = 1;
	verdict_is(
	    &facts, LOGIN_METHOD_DENIED, "the login method password is denied for user \"bob\"");
	facts.method = "publickey";
	verdict_is(&facts, LOGIN_ADDRESS_DENIED, "user \"bob\" may not log in from 192.0.2.1");
	text_list_clear(&user->filters.denied_ip);
	verdict_is(&facts, LOGIN_ALLOWED, "user \"bob\" may log in");
	user->expiration_date = -1;
	assert_int_equal(login_decide(&facts), LOGIN_EXPIRED);
	user->expiration_date = 0;
	user->max_sessions = 0;
	facts.open_sessions = UINT64_MAX;
	facts.now_ms = INT64_MAX;
	assert_int_equal(login_decide(&facts), LOGIN_ALLOWED);
	user->max_sessions = -1;
	assert_int_equal(login_decide(&facts), LOGIN_ALLOWED);
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
		cmocka_unit_test(a_hash_of_the_contract_is_checked),
		cmocka_unit_test(hashes_are_fresh_and_match),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(empty_and_long_passwords_never_match),
		cmocka_unit_test(broken_hashes_match_nothing),
		cmocka_unit_test(changed_hashes_do_not_match),
		cmocka_unit_test(hashes_of_other_programs_are_checked),
		cmocka_unit_test(a_nul_does_not_shorten_a_password),
		cmocka_unit_test(hashes_that_cost_too_much_are_not_begun),
		cmocka_unit_test(every_result_has_a_text),
		cmocka_unit_test(no_account_and_no_password_cost_the_same_and_fail),
		cmocka_unit_test(each_refusal_makes_a_hash),
		cmocka_unit_test(threads_check_at_once),
		cmocka_unit_test(a_key_is_found_by_its_bytes),
		cmocka_unit_test(filters_decide_by_address),
		cmocka_unit_test(questions_come_in_order),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
