/* Administrators, their keys and sessions, how they log in, and the audit log. */
#include "accounts/accounts.h"
#include "accounts/totp.h"
#include "base/encode.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct password_cost cheap = { .memory_kib = 64, .passes = 1, .lanes = 1 };
static char directory[] = "/tmp/postern-test-admin-XXXXXX";
static struct admin_store *store;
static struct failure failure;
enum { NOW = 1000000000 };

static int
open_store(void **state)
{
	(void)state;
	unlink("a.db");
	return admin_store_open("a.db", &store, &failure);
}

static int
close_store(void **state)
{
	(void)state;
	admin_store_close(&store);
	return 0;
}

static struct admin *
make(const char *name, const char *json)
{
	json_t *object = json_loads(json, 0, NULL);
	struct admin *admin;

	assert_int_equal(admin_new(&admin), 0);
	assert_int_equal(user_set_text(&admin->login->username, name), 0);
	assert_int_equal(admin_from_json(admin, object, &cheap, &failure), 0);
	assert_int_equal(admin_validate(admin, &failure), 0);
	json_decref(object);
	return admin;
}

static void
add(const char *name, const char *json)
{
	struct admin *admin = make(name, json);

	assert_int_equal(admin_store_add(store, admin, &failure), 0);
	admin_free(&admin);
}

#define ANN "{\"password\":\"a password\",\"areas\":[\"scans\",\"bans\"]}"

static int
count(void *data, const struct admin *admin)
{
	(void)admin;
	++*(int *)data;
	return 0;
}

/* ---- the store */

static void
test_life_of_an_administrator(void **state)
{
	struct admin *admin;
	struct stat st;
	int n = 0;

	(void)state;
	add("ann", ANN);
	add("bob", ANN);
	admin = make("ann", ANN);
	assert_int_equal(admin_store_add(store, admin, &failure), ERR_EXISTS);
	admin_free(&admin);
	assert_int_equal(admin_store_find(store, "ann", &admin, &failure), 0);
	assert_string_equal(admin->login->username, "ann");
	assert_int_equal(json_array_size(admin->areas), 2);
	assert_int_equal(password_check(admin->login->password, view_of("a password")),
	    PASSWORD_RIGHT);
	admin->login->status = 0;
	assert_int_equal(admin_store_update(store, admin, &failure), 0);
	admin_free(&admin);
	/* still there after the file was closed */
	admin_store_close(&store);
	assert_int_equal(admin_store_open("a.db", &store, &failure), 0);
	assert_int_equal(admin_store_find(store, "ann", &admin, &failure), 0);
	assert_int_equal(admin->login->status, 0);
	assert_int_equal(admin_store_each(store, count, &n, &failure), 0);
	assert_int_equal(n, 2);
	assert_int_equal(admin_store_remove(store, "ann", &failure), 0);
	assert_int_equal(admin_store_remove(store, "ann", &failure), ERR_NOT_FOUND);
	assert_int_equal(admin_store_update(store, admin, &failure), ERR_NOT_FOUND);
	admin_free(&admin);
	assert_int_equal(admin_store_find(store, "ann", &admin, &failure), ERR_NOT_FOUND);
	assert_null(admin);
	assert_int_equal(stat("a.db", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
test_what_is_refused(void **state)
{
	static const char *const objects[] = { "{\"password\":\"1234567\"}", "{\"password\":1}",
		"{\"password\":null}", "{\"password\":\"12345678\\u0000\"}", "{\"areas\":\"*\"}",
		"{\"status\":\"1\"}", "{\"description\":7}", "{\"home_dir\":\"/\"}",
		"{\"allowed_addresses\":7}", "{\"Password\":\"a password\"}" };
	static const char *const validated[] = { "{\"areas\":[]}",
		"{\"password\":\"a password\",\"status\":2}",
		"{\"password\":\"a password\",\"allowed_addresses\":[\"192.0.2.1\"]}" };
	static const char *const names[] = { "", "a:b", "a\nb", "a\x7f" };
	struct admin *admin;

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		json_t *object = json_loads(objects[i], JSON_ALLOW_NUL, NULL);

		assert_int_equal(admin_new(&admin), 0);
		if (admin_from_json(admin, object, &cheap, &failure) != ERR_INVALID)
			fail_msg("%s", objects[i]);
		admin_free(&admin);
		json_decref(object);
	}
	for (size_t i = 0; i < sizeof(validated) / sizeof(validated[0]); i++) {
		json_t *object = json_loads(validated[i], 0, NULL);

		assert_int_equal(admin_new(&admin), 0);
		assert_int_equal(user_set_text(&admin->login->username, "x"), 0);
		assert_int_equal(admin_from_json(admin, object, &cheap, &failure), 0);
		assert_int_equal(admin_validate(admin, &failure), ERR_INVALID);
		admin_free(&admin);
		json_decref(object);
	}
	admin = make("good", ANN);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(user_set_text(&admin->login->username, names[i]), 0);
		assert_int_equal(admin_validate(admin, &failure), ERR_INVALID);
	}
	admin_free(&admin);
}

/* A hash is a password like any other: nobody may bring one along. */
static void
test_a_hash_is_no_password(void **state)
{
	struct admin *admin = make("ann",
	    "{\"password\":\"$2a$14$ajq8Q7fbtFRQvXpdCq7Jcuy.Rx1h/L4J60Otx.gyNLbAYctGMJ9tK\"}");

	(void)state;
	assert_memory_equal(admin->login->password, "$argon2id$", 10);
	admin_free(&admin);
}

static void
test_no_secret_is_shown(void **state)
{
	struct user_totp_enrolment enrolment;
	struct admin *admin = make("ann", ANN);
	json_t *json;
	char *text;

	(void)state;
	assert_int_equal(user_totp_enrol(admin->login, "SHA1", 6, &enrolment, &failure), 0);
	json = admin_to_json(admin);
	text = json_dumps(json, 0);
	assert_null(strstr(text, "argon2"));
	assert_null(strstr(text, "$aes$"));
	assert_true(json_is_true(json_object_get(json, "one_time_codes")));
	free(text);
	json_decref(json);
	user_totp_enrolment_free(&enrolment);
	admin_free(&admin);
}

static void
test_files_that_are_none(void **state)
{
	struct admin_store *other;
	FILE *file = fopen("text.db", "w");

	(void)state;
	for (int i = 0; i < 100; i++)
		fputs("this is not a database\n", file);
	fclose(file);
	assert_int_equal(admin_store_open("text.db", &other, &failure), ERR_FORMAT);
	assert_int_equal(admin_store_open("none/a.db", &other, &failure), ERR_IO);
	assert_non_null(strstr(failure.text, "admin_database"));
}

/* ---- logging in */

static enum admin_verdict
try(const struct admin_claim *claim)
{
	struct admin_claim whole = *claim;
	struct admin_login login;
	enum admin_verdict verdict;

	if (whole.now_ms == 0)
		whole.now_ms = NOW;
	if (address_eq(&whole.address, &(struct address){ 0 }))
		assert_int_equal(address_parse("192.0.2.1", &whole.address), 0);
	verdict = admin_login(store, &whole, &cheap, &login, &failure);
	assert_int_equal(verdict == ADMIN_WELCOME, login.areas != NULL);
	admin_login_free(&login);
	return verdict;
}

static enum admin_verdict
by_password(const char *name, const char *password, const char *code)
{
	return try(&(struct admin_claim){ .username = view_of(name),
		.password = view_of(password), .code = view_of(code) });
}

static void
change(const char *name, const char *json)
{
	json_t *object = json_loads(json, 0, NULL);
	struct admin *admin;

	assert_int_equal(admin_store_find(store, name, &admin, &failure), 0);
	assert_int_equal(admin_from_json(admin, object, &cheap, &failure), 0);
	assert_int_equal(admin_store_update(store, admin, &failure), 0);
	json_decref(object);
	admin_free(&admin);
}

static void
test_passwords(void **state)
{
	struct admin *admin;

	(void)state;
	add("ann", ANN);
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_WELCOME);
	assert_int_equal(by_password("ann", "a passworD", ""), ADMIN_REFUSED);
	assert_int_equal(by_password("ann", "", ""), ADMIN_REFUSED);
	assert_int_equal(by_password("Ann", "a password", ""), ADMIN_REFUSED);
	assert_int_equal(by_password("", "a password", ""), ADMIN_REFUSED);
	assert_int_equal(try(&(struct admin_claim){ .username = { .p = (uint8_t *)"ann\0", .n = 4 },
		.password = view_of("a password") }), ADMIN_REFUSED);
	assert_int_equal(admin_store_find(store, "ann", &admin, &failure), 0);
	assert_int_equal(admin->login->last_login, NOW);
	admin_free(&admin);
	change("ann", "{\"status\":0}");
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_REFUSED);
	change("ann", "{\"status\":1,\"expiration_date\":1000000000}");
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_REFUSED);
	change("ann", "{\"expiration_date\":1000000001}");
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_WELCOME);
	change("ann", "{\"allowed_addresses\":[\"198.51.100.0/24\"]}");
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_REFUSED);
	change("ann", "{\"allowed_addresses\":[\"198.51.100.0/24\",\"192.0.2.0/24\"]}");
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_WELCOME);
}

static void
test_codes(void **state)
{
	struct user_totp_enrolment enrolment;
	struct buf secret = buf_init(64);
	char code[16];
	struct admin *admin;

	(void)state;
	add("ann", ANN);
	assert_int_equal(admin_store_find(store, "ann", &admin, &failure), 0);
	assert_int_equal(user_totp_enrol(admin->login, "SHA1", 6, &enrolment, &failure), 0);
	assert_int_equal(admin_store_update(store, admin, &failure), 0);
	admin_free(&admin);
	assert_int_equal(base32_decode(&secret, view_of(enrolment.secret)), 0);
	assert_int_equal(totp_code(&(struct totp){ .algorithm = DIGEST_SHA1, .digits = 6,
		.secret = buf_view(&secret) }, totp_step(NOW), code), 0);
	assert_int_equal(by_password("ann", "a password", ""), ADMIN_CODE_WANTED);
	assert_int_equal(by_password("ann", "wrong password", ""), ADMIN_REFUSED);
	assert_int_equal(by_password("ann", "a password", "000000x"), ADMIN_REFUSED);
	assert_int_equal(by_password("ann", "wrong password", code), ADMIN_REFUSED);
	assert_int_equal(by_password("ann", "a password", code), ADMIN_WELCOME);
	/* each is good for once, and so is a recovery code */
	assert_int_equal(by_password("ann", "a password", code), ADMIN_REFUSED);
	assert_int_equal(by_password("ann", "a password", enrolment.recovery_codes.items[0]),
	    ADMIN_WELCOME);
	assert_int_equal(by_password("ann", "a password", enrolment.recovery_codes.items[0]),
	    ADMIN_REFUSED);
	user_totp_enrolment_free(&enrolment);
	buf_free(&secret);
}

static enum admin_verdict
by_token(const char *token, const char *csrf, bool changes, int64_t now_ms)
{
	return try(&(struct admin_claim){ .token = view_of(token), .csrf = view_of(csrf),
		.changes = changes, .now_ms = now_ms });
}

static int
count_keys(void *data, const struct admin_key *key)
{
	(void)key;
	++*(int *)data;
	return 0;
}

static void
test_keys(void **state)
{
	struct admin_key key = { .username = "ann", .name = "backup", .created = NOW,
		.expires = NOW + 10, .areas = json_pack("[s]", "scans") };
	char token[ADMIN_TOKEN_MAX], other[ADMIN_TOKEN_MAX];
	int n = 0;

	(void)state;
	add("ann", ANN);
	assert_int_equal(admin_key_add(store, &key, token, &failure), 0);
	assert_int_equal(admin_key_add(store, &key, other, &failure), ERR_EXISTS);
	strcpy(key.name, "for ever");
	key.expires = 0;
	assert_int_equal(admin_key_add(store, &key, other, &failure), 0);
	assert_string_not_equal(token, other);
	strcpy(key.username, "nobody");
	assert_int_equal(admin_key_add(store, &key, other + 0, &failure), ERR_EXISTS);
	json_decref(key.areas);

	assert_int_equal(by_token(token, "", true, NOW), ADMIN_WELCOME);
	assert_int_equal(by_token(token, "", true, NOW + 9), ADMIN_WELCOME);
	assert_int_equal(by_token(token, "", true, NOW + 10), ADMIN_REFUSED);
	token[strlen(token) - 1] ^= 1;
	assert_int_equal(by_token(token, "", true, NOW), ADMIN_REFUSED);
	token[strlen(token) - 1] ^= 1;
	assert_int_equal(by_token("x", "", false, NOW), ADMIN_REFUSED);
	change("ann", "{\"status\":0}");
	assert_int_equal(by_token(token, "", true, NOW), ADMIN_REFUSED);
	change("ann", "{\"status\":1}");
	assert_int_equal(admin_key_each(store, "ann", count_keys, &n, &failure), 0);
	assert_int_equal(n, 2);
	assert_int_equal(admin_key_remove(store, "ann", "backup", &failure), 0);
	assert_int_equal(admin_key_remove(store, "ann", "backup", &failure), ERR_NOT_FOUND);
	assert_int_equal(by_token(token, "", true, NOW), ADMIN_REFUSED);
	/* the rest go with the administrator */
	assert_int_equal(admin_store_remove(store, "ann", &failure), 0);
	n = 0;
	assert_int_equal(admin_key_each(store, NULL, count_keys, &n, &failure), 0);
	assert_int_equal(n, 0);
}

static void
test_sessions(void **state)
{
	char token[ADMIN_TOKEN_MAX], other[ADMIN_TOKEN_MAX], csrf[ADMIN_TOKEN_MAX];
	char foreign[ADMIN_TOKEN_MAX];

	(void)state;
	add("ann", ANN);
	assert_int_equal(admin_session_add(store, "ann", NOW, NOW + 10, token, &failure), 0);
	assert_int_equal(admin_session_add(store, "ann", NOW, NOW + 10, other, &failure), 0);
	assert_int_equal(admin_session_csrf(view_of(token), csrf), 0);
	assert_int_equal(admin_session_csrf(view_of(other), foreign), 0);
	assert_int_equal(by_token(token, "", false, NOW), ADMIN_WELCOME);
	assert_int_equal(by_token(token, csrf, true, NOW), ADMIN_WELCOME);
	assert_int_equal(by_token(token, "", true, NOW), ADMIN_FOREIGN);
	assert_int_equal(by_token(token, foreign, true, NOW), ADMIN_FOREIGN);
	assert_int_equal(by_token(token, csrf, true, NOW + 9), ADMIN_WELCOME);
	assert_int_equal(by_token(token, csrf, true, NOW + 10), ADMIN_REFUSED);
	assert_int_equal(admin_session_remove(store, view_of(token), &failure), 0);
	assert_int_equal(admin_session_remove(store, view_of(token), &failure), ERR_NOT_FOUND);
	assert_int_equal(by_token(token, csrf, true, NOW), ADMIN_REFUSED);
	assert_int_equal(by_token(other, foreign, true, NOW), ADMIN_WELCOME);
	assert_int_equal(admin_sessions_remove(store, "ann", &failure), 0);
	assert_int_equal(by_token(other, foreign, true, NOW), ADMIN_REFUSED);
}

/* What is on the disk opens nothing. */
static void
test_tokens_are_not_stored(void **state)
{
	struct admin_key key = { .username = "ann", .name = "k", .areas = json_array() };
	struct buf content = buf_init(1 << 22);
	char token[ADMIN_TOKEN_MAX], session[ADMIN_TOKEN_MAX];
	FILE *file;
	int c;

	(void)state;
	add("ann", ANN);
	assert_int_equal(admin_key_add(store, &key, token, &failure), 0);
	assert_int_equal(admin_session_add(store, "ann", NOW, NOW + 10, session, &failure), 0);
	json_decref(key.areas);
	admin_store_close(&store);
	file = fopen("a.db", "r");
	while ((c = getc(file)) != EOF)
		buf_u8(&content, (uint8_t)c);
	fclose(file);
	assert_null(memmem(content.p, content.n, token, strlen(token)));
	assert_null(memmem(content.p, content.n, session, strlen(session)));
	assert_non_null(memmem(content.p, content.n, "ann", 3));
	assert_null(memmem(content.p, content.n, "a password", 10));
	buf_free(&content);
	assert_int_equal(admin_store_open("a.db", &store, &failure), 0);
}

/* ---- the audit log */

static void
audit(const char *actor, const char *verb, int64_t time, const struct audit_limits *limits)
{
	struct audit_entry entry = { .time = time, .kind = "host", .actor = actor,
		.origin = "local", .resource = "user", .verb = verb, .subject = "bob",
		.status = 200, .message = "", .after = "{}" };

	assert_int_equal(audit_store_add(store, &entry, limits, &failure), 0);
}

static int
note(void *data, const struct audit_entry *entry)
{
	strcat(data, entry->actor);
	assert_null(entry->before);
	assert_string_equal(entry->after, "{}");
	return 0;
}

static const char *
listed(struct audit_query query)
{
	static char text[64];

	text[0] = '\0';
	if (query.limit == 0)
		query.limit = 100;
	query.actor = query.actor != NULL ? query.actor : "";
	query.verb = query.verb != NULL ? query.verb : "";
	query.resource = query.subject = "";
	assert_int_equal(audit_store_each(store, &query, note, text, &failure), 0);
	return text;
}

static void
test_audit(void **state)
{
	static const struct audit_limits none = { 0 };

	(void)state;
	audit("a", "add", 10, &none);
	audit("b", "update", 20, &none);
	audit("c", "update", 30, &none);
	assert_string_equal(listed((struct audit_query){ 0 }), "cba");
	assert_string_equal(listed((struct audit_query){ .limit = 1, .offset = 1 }), "b");
	assert_string_equal(listed((struct audit_query){ .verb = "update" }), "cb");
	assert_string_equal(listed((struct audit_query){ .actor = "a" }), "a");
	assert_string_equal(listed((struct audit_query){ .since = 20, .until = 30 }), "b");
	assert_string_equal(listed((struct audit_query){ .actor = "' OR 1" }), "");
}

static void
test_audit_is_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		audit((const char[]){ (char)('a' + i), '\0' }, "add", 10 * i,
		    &(struct audit_limits){ .entries = 3 });
	assert_string_equal(listed((struct audit_query){ 0 }), "edc");
	audit("f", "add", 50, &(struct audit_limits){ .age_ms = 20 });
	assert_string_equal(listed((struct audit_query){ 0 }), "fed");
	audit("g", "add", 51, &(struct audit_limits){ .age_ms = 20 });
	assert_string_equal(listed((struct audit_query){ 0 }), "gfe");
}

static int
set_up(void **state)
{
	(void)state;
	return crypto_init() != 0 || mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_STORE(test_life_of_an_administrator),
		WITH_STORE(test_what_is_refused),
		WITH_STORE(test_a_hash_is_no_password),
		WITH_STORE(test_no_secret_is_shown),
		WITH_STORE(test_files_that_are_none),
		WITH_STORE(test_passwords),
		WITH_STORE(test_codes),
		WITH_STORE(test_keys),
		WITH_STORE(test_sessions),
		WITH_STORE(test_tokens_are_not_stored),
		WITH_STORE(test_audit),
		WITH_STORE(test_audit_is_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
