/*
 * What all providers have in common, each test run with every driver: those with a file one after
 * the other, or the one of the database server that this program runs beside.
 */
#include "accounts_database.h"

#include "crypto/crypto.h"

#include <pthread.h>

static const char *driver; /* of the run */

static bool
is(const char *name)
{
	return strcmp(driver, name) == 0;
}

static bool
is_server(void)
{
	return is("postgresql") || is("mysql");
}

static bool
is_sql(void)
{
	return is("sqlite") || is_server();
}

/* A store with nothing in it, that no other call of this gives. */
static struct provider_config
config(void)
{
	static unsigned number;
	char name[32];

	if (is_server())
		return database_config(database_fresh_table());
	snprintf(name, sizeof(name), "users%u.db", ++number);
	return scratch_config(driver, is("memory") ? "" : scratch_path(name));
}

static struct provider *
open_fresh(void)
{
	struct provider_config c = config();

	return scratch_open(&c);
}

static void
an_account_is_stored_and_returned(void **state)
{
	static const char json[] =
	    "{\"password\":\"plain\",\"expiration_date\":5,"
	    "\"virtual_folders\":[{\"virtual_path\":\"/v\",\"mapped_path\":\"/m\"}],"
	    "\"uid\":1,\"gid\":2,\"max_sessions\":3,\"quota_size\":4,\"quota_files\":5,"
	    "\"permissions\":{\"/\":[\"list\",\"upload\"],\"/a\":[\"*\"],\"/b\":[]},"
	    "\"upload_bandwidth\":6,\"download_bandwidth\":7,"
	    "\"filters\":{\"allowed_ip\":[\"10.0.0.0/8\"],\"denied_ip\":[\"::/0\"],"
	    "\"denied_login_methods\":[\"password\"],\"file_extensions\":[{\"path\":\"/\","
	    "\"denied_extensions\":[\".exe\"]}]}}";
	struct provider *provider = open_fresh();
	struct user *user = scratch_user("bob <&> \"'\xc3\xa9"), *by_name, *by_id;
	struct failure failure = { 0 };
	json_t *a, *b, *c;

	(void)state;
	assert_string_equal(provider_driver(provider), driver);
	assert_int_equal(provider_check(provider, &failure), 0);
	assert_int_equal(user_from_text(user, view_of(json), &failure), 0);
	assert_int_equal(provider_add(provider, user, &failure), 0);
	assert_int_equal(user->id, 1);
	assert_memory_equal(user->password, "$argon2id$v=19$m=16,", 20);
	assert_int_equal(provider_find(provider, user->username, &by_name, &failure), 0);
	assert_int_equal(provider_find_id(provider, 1, &by_id, &failure), 0);
	a = user_to_json(user, USER_FORM_DUMP);
	b = user_to_json(by_name, USER_FORM_DUMP);
	c = user_to_json(by_id, USER_FORM_DUMP);
	assert_true(json_equal(a, b));
	assert_true(json_equal(a, c));
	json_decref(a);
	json_decref(b);
	json_decref(c);
	user_free(&user);
	user_free(&by_name);
	user_free(&by_id);
	provider_close(&provider);
	assert_null(provider);
	provider_close(&provider);
}

static void
what_is_not_there_is_not_found(void **state)
{
	struct provider *provider = open_fresh();
	struct failure failure = { 0 };
	struct provider_quota quota = { 0 };
	struct user *user = scratch_user("nobody"), *found;

	(void)state;
	scratch_add(provider, "bob");
	assert_int_equal(provider_find(provider, "Bob", &found, &failure), ERR_NOT_FOUND);
	assert_string_equal(failure.text, "Not found: username Bob does not exist");
	assert_null(found);
	assert_int_equal(provider_find(provider, "bob ", &found, NULL), ERR_NOT_FOUND);
	assert_int_equal(provider_find(provider, "", &found, NULL), ERR_NOT_FOUND);
	assert_int_equal(provider_find_id(provider, 2, &found, &failure), ERR_NOT_FOUND);
	assert_string_equal(failure.text, "Not found: user with ID 2 does not exist");
	user->id = 2;
	assert_int_equal(provider_update(provider, user, &failure), ERR_NOT_FOUND);
	assert_int_equal(provider_touch_login(provider, "x", 1, &failure), ERR_NOT_FOUND);
	assert_int_equal(provider_quota_add(provider, "x", quota, 1, &failure), ERR_NOT_FOUND);
	assert_int_equal(provider_quota_set(provider, "x", quota, 1, &failure), ERR_NOT_FOUND);
	assert_int_equal(provider_quota_get(provider, "x", &quota, &failure), ERR_NOT_FOUND);
	assert_int_equal(provider_delete(provider, 2, &failure), is_sql() ? 0 : ERR_NOT_FOUND);
	user_free(&user);
	provider_close(&provider);
}

static void
a_username_is_there_once(void **state)
{
	struct provider *provider = open_fresh();
	struct failure failure = { 0 };
	struct user *user = scratch_user("bob");

	(void)state;
	scratch_add(provider, "bob");
	assert_int_equal(user_set_text(&user->password, "other"), 0);
	assert_int_equal(provider_add(provider, user, &failure), ERR_EXISTS);
	assert_non_null(strstr(
	    failure.text, is("sqlite")       ? "UNIQUE constraint failed: users.username"
			  : is("postgresql") ? "duplicate key value violates unique constraint"
			  : is("mysql")      ? "Duplicate entry 'bob' for key 'username'"
					     : "username bob already exists"));
	/* Nothing was hashed for it. */
	assert_string_equal(user->password, "other");
	assert_int_equal(user_set_text(&user->home_dir, "x"), 0);
	assert_int_equal(provider_add(provider, user, &failure), ERR_INVALID);
	assert_string_equal(
	    failure.text, "Validation error: home_dir must be an absolute path, actual value: x");
	user_free(&user);
	user = scratch_find(provider, "bob");
	assert_string_equal(user->password, "$1$salt$hash");
	user_free(&user);
	provider_close(&provider);
}

static void
used_quota_and_logins_follow_the_contract(void **state)
{
	struct provider *provider = open_fresh();
	struct user *user = scratch_user("bob"), *stored;

	(void)state;
	user->used_quota_size = 1;
	user->used_quota_files = 2;
	user->last_quota_update = 3;
	user->last_login = 4;
	assert_int_equal(provider_add(provider, user, NULL), 0);
	stored = scratch_find(provider, "bob");
	assert_int_equal(stored->used_quota_size, is_sql() ? 0 : 1);
	assert_int_equal(stored->used_quota_files, is_sql() ? 0 : 2);
	assert_int_equal(stored->last_quota_update, is_sql() ? 0 : 3);
	assert_int_equal(stored->last_login, is_sql() ? 0 : 4);
	user_free(&stored);
	user->used_quota_size = 10;
	user->last_login = 40;
	user->uid = 77;
	assert_int_equal(provider_update(provider, user, NULL), 0);
	stored = scratch_find(provider, "bob");
	assert_int_equal(stored->used_quota_size, is_sql() ? 0 : 10);
	assert_int_equal(stored->last_login, is_sql() ? 0 : 40);
	assert_int_equal(stored->uid, 77);
	user_free(&stored);
	assert_int_equal(provider_touch_login(provider, "bob", 99, NULL), 0);
	stored = scratch_find(provider, "bob");
	assert_int_equal(stored->last_login, 99);
	user_free(&stored);
	user_free(&user);
	provider_close(&provider);
}

static void
another_username_in_an_update(void **state)
{
	struct provider *provider = open_fresh();
	struct failure failure = { 0 };
	int64_t id = scratch_add(provider, "bob");
	struct user *user = scratch_user("carol"), *found;

	(void)state;
	user->id = id;
	user->gid = 5;
	if (is_sql()) {
		assert_int_equal(provider_update(provider, user, &failure), 0);
	} else {
		assert_int_equal(provider_update(provider, user, &failure), ERR_NOT_FOUND);
		assert_string_equal(failure.text, "Not found: username carol does not exist");
	}
	assert_int_equal(provider_find(provider, "carol", &found, NULL), ERR_NOT_FOUND);
	found = scratch_find(provider, "bob");
	assert_int_equal(found->gid, is_sql() ? 5 : 0);
	user_free(&found);
	user_free(&user);
	provider_close(&provider);
}

static void
deleted_accounts_are_gone(void **state)
{
	struct provider *provider = open_fresh();
	int64_t id = scratch_add(provider, "bob"), other = scratch_add(provider, "carol");
	struct user *user;

	(void)state;
	assert_int_equal(provider_delete(provider, id, NULL), 0);
	assert_int_equal(provider_find(provider, "bob", &user, NULL), ERR_NOT_FOUND);
	assert_int_equal(provider_find_id(provider, id, &user, NULL), ERR_NOT_FOUND);
	assert_int_equal(provider_find_id(provider, other, &user, NULL), 0);
	user_free(&user);
	assert_int_equal(scratch_add(provider, "bob"), 3);
	provider_close(&provider);
}

/* --- lists --- */

enum { MANY = 1200 };

static void
add_many(struct provider *provider)
{
	char name[32];

	/* In an order that is not the one of the names. */
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "user%04u", i * 7 % MANY);
		scratch_add(provider, name);
	}
}

static void
list_is(
    struct provider *provider, struct provider_query query, size_t count, unsigned first, int step)
{
	struct failure failure = { 0 };
	struct user_list list;
	char name[32];

	assert_int_equal(provider_list(provider, &query, &list, &failure), 0);
	assert_int_equal(list.count, count);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "user%04d", (int)first + (int)i * step);
		assert_string_equal(list.items[i]->username, name);
	}
	user_list_free(&list);
}

static void
pages_cover_every_account_once(void **state)
{
	struct provider *provider = open_fresh();
	struct user_list list;

	(void)state;
	add_many(provider);
	for (unsigned offset = 0; offset < MANY; offset += 100)
		list_is(provider, (struct provider_query){ .limit = 100, .offset = offset }, 100,
		    offset, 1);
	list_is(provider, (struct provider_query){ .limit = 500, .descending = true }, 500,
	    MANY - 1, -1);
	list_is(provider,
	    (struct provider_query){ .limit = 500, .offset = 1000, .descending = true }, 200,
	    MANY - 1001, -1);
	list_is(provider, (struct provider_query){ .limit = 100, .offset = MANY }, 0, 0, 1);
	list_is(
	    provider, (struct provider_query){ .limit = 100, .offset = MANY - 1 }, 1, MANY - 1, 1);
	list_is(provider, (struct provider_query){ .limit = 100, .offset = INT64_MAX }, 0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 3, .offset = -5 }, 3, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 0 }, 0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = -1 }, is_sql() ? MANY : 0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 9, .username = "user0042" }, 1, 42, 1);
	list_is(provider,
	    (struct provider_query){
		.limit = 9, .username = "user0042", .descending = true, .offset = 1 },
	    0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 9, .username = "USER0042" }, 0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 9, .username = "user004_" }, 0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 500, .search = "SER004" }, 10, 40, 1);
	list_is(provider, (struct provider_query){ .limit = 3, .offset = 4, .search = "er004",
		.descending = true }, 3, 45, -1);
	list_is(provider, (struct provider_query){ .limit = 9, .search = "user004_" }, 0, 0, 1);
	list_is(provider, (struct provider_query){ .limit = 9, .search = "%" }, 0, 0, 1);
	assert_int_equal(provider_dump(provider, &list, NULL), 0);
	assert_int_equal(list.count, MANY);
	user_list_free(&list);
	provider_close(&provider);
}

/* --- gates --- */

static void
without_managing_nothing_is_written(void **state)
{
	struct provider_config c = config();
	struct provider *provider = scratch_open(&c);
	struct provider_quota quota = { .files = 1, .bytes = 2 };
	struct failure failure = { 0 };
	struct user *user;
	int64_t id = 0;

	(void)state;
	if (!is("memory"))
		id = scratch_add(provider, "bob");
	provider_close(&provider);
	c.manage_users = false;
	provider = scratch_open(&c);
	user = scratch_user("new");
	assert_int_equal(provider_add(provider, user, &failure), ERR_DENIED);
	assert_non_null(strstr(failure.text, "manage_users"));
	user->id = id;
	assert_int_equal(provider_update(provider, user, &failure), ERR_DENIED);
	assert_int_equal(provider_delete(provider, id, &failure), ERR_DENIED);
	user_free(&user);
	assert_int_equal(provider_touch_login(provider, "bob", 5, &failure), 0);
	assert_int_equal(provider_quota_add(provider, "bob", quota, 5, &failure), ERR_DENIED);
	assert_int_equal(provider_quota_set(provider, "bob", quota, 5, &failure), ERR_DENIED);
	if (!is("memory")) {
		user = scratch_find(provider, "bob");
		assert_int_equal(user->last_login, 0);
		assert_int_equal(user->used_quota_size, 0);
		user_free(&user);
		assert_int_equal(provider_quota_get(provider, "bob", &quota, &failure), 0);
	}
	provider_close(&provider);
}

static void
quota_is_tracked_as_configured(void **state)
{
	struct provider_quota delta = { .files = 1, .bytes = 10 }, used;
	struct failure failure = { 0 };

	(void)state;
	for (int mode = 0; mode <= 2; mode++) {
		struct provider_config c = config();
		struct provider *provider;
		struct user *user = scratch_user("limited");

		c.track_quota = mode;
		provider = scratch_open(&c);
		user->quota_files = 1;
		assert_int_equal(provider_add(provider, user, NULL), 0);
		user_free(&user);
		scratch_add(provider, "free");
		for (int i = 0; i < 2; i++) {
			const char *name = i == 0 ? "limited" : "free";
			int64_t files = mode == 1 || (mode == 2 && i == 0) ? 1 : 0;
			int expected = mode == 0 ? ERR_DENIED : 0;

			assert_int_equal(
			    provider_quota_add(provider, name, delta, 7, &failure), expected);
			assert_int_equal(
			    provider_quota_get(provider, name, &used, &failure), expected);
			assert_int_equal(used.files, files);
			assert_int_equal(used.bytes, files * 10);
			user = scratch_find(provider, name);
			assert_int_equal(user->last_quota_update, files * 7);
			user_free(&user);
			assert_int_equal(
			    provider_quota_set(provider, name,
				(struct provider_quota){ .files = 5, .bytes = 6 }, 8, &failure),
			    expected);
			user = scratch_find(provider, name);
			assert_int_equal(user->used_quota_files, mode == 0 ? 0 : 5);
			assert_int_equal(user->used_quota_size, mode == 0 ? 0 : 6);
			user_free(&user);
		}
		if (mode == 0)
			assert_non_null(strstr(failure.text, "track_quota"));
		provider_close(&provider);
	}
}

static void
quota_stays_within_its_range(void **state)
{
	/* Databases with a server count files in 32 bits, as SFTPGo made their tables. */
	const int64_t most = is_server() ? INT32_MAX : INT64_MAX;
	struct provider *provider = open_fresh();
	struct provider_quota used;

	(void)state;
	scratch_add(provider, "bob");
	assert_int_equal(provider_quota_set(provider, "bob",
			     (struct provider_quota){ most - 1, INT64_MIN + 1 }, 1, NULL),
	    0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    provider_quota_add(provider, "bob", (struct provider_quota){ 1, -1 }, 1, NULL),
		    0);
		assert_int_equal(provider_quota_get(provider, "bob", &used, NULL), 0);
		assert_true(used.files == most && used.bytes == INT64_MIN);
	}
	assert_int_equal(provider_quota_add(provider, "bob",
			     (struct provider_quota){ INT64_MAX, INT64_MIN }, 1, NULL),
	    0);
	assert_int_equal(provider_quota_get(provider, "bob", &used, NULL), 0);
	assert_true(used.files == most && used.bytes == INT64_MIN);
	/* Exact where a floating number would not be. */
	assert_int_equal(provider_quota_set(provider, "bob",
			     (struct provider_quota){ 0, (1LL << 53) + 1 }, 1, NULL),
	    0);
	assert_int_equal(provider_quota_add(provider, "bob",
			     (struct provider_quota){ -1, (1LL << 54) + 1 }, 1, NULL),
	    0);
	assert_int_equal(provider_quota_get(provider, "bob", &used, NULL), 0);
	assert_true(used.files == -1 && used.bytes == (1LL << 53) + (1LL << 54) + 2);
	provider_close(&provider);
}

/* --- threads --- */

enum { THREADS = 16, ROUNDS = 50 };

struct worker {
	pthread_t thread;
	struct provider *provider;
	unsigned number;
	unsigned failures;
};

static void *
work(void *data)
{
	struct worker *w = data;
	char name[32];

	snprintf(name, sizeof(name), "own%u", w->number);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct provider_quota delta = { .files = 1,
			.bytes = (int64_t)w->number * 1000 + i };
		struct user *user = NULL;
		struct user_list list = { 0 };

		w->failures += provider_quota_add(w->provider, "shared", delta, i, NULL) != 0;
		w->failures += provider_touch_login(w->provider, "shared", i, NULL) != 0;
		w->failures += provider_find(w->provider, "shared", &user, NULL) != 0;
		user_free(&user);
		if (i % 10 == 0) {
			w->failures +=
			    provider_list(w->provider, &(struct provider_query){ .limit = 5 },
				&list, NULL) != 0;
			user_list_free(&list);
			if ((user = scratch_user(name)) != NULL) {
				w->failures += provider_add(w->provider, user, NULL) != 0;
				user->uid = i;
				w->failures += provider_update(w->provider, user, NULL) != 0;
				w->failures += provider_delete(w->provider, user->id, NULL) != 0;
				user_free(&user);
			}
		}
	}
	return NULL;
}

static void
threads_count_exactly(void **state)
{
	struct provider *provider = open_fresh();
	struct worker workers[THREADS];
	struct provider_quota used;
	int64_t expected = 0;

	(void)state;
	scratch_add(provider, "shared");
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .provider = provider, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
		expected += (int64_t)i * 1000 * ROUNDS + ROUNDS * (ROUNDS - 1) / 2;
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].failures, 0);
	}
	assert_int_equal(provider_quota_get(provider, "shared", &used, NULL), 0);
	assert_int_equal(used.files, THREADS * ROUNDS);
	assert_int_equal(used.bytes, expected);
	provider_close(&provider);
}

/* One name, many that want it: exactly one gets it. */
static void *
grab(void *data)
{
	struct worker *w = data;
	struct user *user = scratch_user("wanted");

	w->failures = provider_add(w->provider, user, NULL) != 0;
	user_free(&user);
	return NULL;
}

static void
threads_do_not_share_a_name(void **state)
{
	struct provider *provider = open_fresh();
	struct worker workers[THREADS];
	unsigned failures = 0;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .provider = provider, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, grab, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		failures += workers[i].failures;
	}
	assert_int_equal(failures, THREADS - 1);
	provider_close(&provider);
}

static void
credentials_come_back_in_a_dump(void **state)
{
	struct provider *provider = open_fresh();
	struct user *user = scratch_user("carol");
	struct user_list list;

	(void)state;
	assert_int_equal(
	    user_from_text(user,
		view_of("{\"filesystem\":{\"provider\":2,"
			"\"gcsconfig\":{\"bucket\":\"b\",\"credentials\":\"eyJhIjoxfQ==\"}}}"),
		NULL),
	    0);
	assert_int_equal(provider_add(provider, user, NULL), 0);
	/* One who is refused does not touch the other's file. */
	assert_int_equal(user_set_text(&user->filesystem.gcs.credentials, "e30="), 0);
	assert_int_equal(provider_add(provider, user, NULL), ERR_EXISTS);
	user_free(&user);
	user = scratch_find(provider, "carol");
	assert_string_equal(user->filesystem.gcs.credentials, "");
	user_free(&user);
	assert_int_equal(provider_dump(provider, &list, NULL), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0]->filesystem.gcs.credentials, "eyJhIjoxfQ==");
	user_list_free(&list);
	provider_close(&provider);
}

/* --- moving --- */

static void
accounts_are_loaded_as_they_are(void **state)
{
	struct provider *provider = open_fresh();
	struct user *users[2] = { scratch_user("bob"), scratch_user("al") };
	struct user_list list = { .items = users, .count = 2 }, back;
	struct user *found;
	struct failure failure = { 0 };

	(void)state;
	users[0]->id = 7;
	users[0]->used_quota_size = 1LL << 40;
	users[0]->used_quota_files = 5;
	users[0]->last_quota_update = 6;
	users[0]->last_login = 7;
	users[1]->id = 3;
	assert_int_equal(user_set_text(&users[1]->password, "not a hash"), 0);
	if (is("memory")) {
		assert_int_equal(provider_load(provider, &list, NULL, &failure), ERR_UNSUPPORTED);
	} else {
		if (provider_load(provider, &list, NULL, &failure) != 0)
			fail_msg("%s", failure.text);
		assert_int_equal(provider_dump(provider, &back, &failure), 0);
		assert_int_equal(back.count, 2);
		for (size_t i = 0; i < 2; i++) {
			bool is_bob = strcmp(back.items[i]->username, "bob") == 0;
			json_t *a = user_to_json(back.items[i], USER_FORM_DUMP);
			json_t *b = user_to_json(users[is_bob ? 0 : 1], USER_FORM_DUMP);

			assert_true(json_equal(a, b));
			json_decref(a);
			json_decref(b);
		}
		user_list_free(&back);
		/* The next one comes after them. */
		assert_int_equal(scratch_add(provider, "carol"), 8);
		/* All or none. */
		users[1]->id = 20;
		assert_int_equal(user_set_text(&users[1]->username, "new"), 0);
		users[0]->id = 21;
		assert_int_not_equal(provider_load(provider, &list, NULL, &failure), 0);
		assert_int_equal(provider_find(provider, "new", &found, NULL), ERR_NOT_FOUND);
	}
	user_free(&users[0]);
	user_free(&users[1]);
	provider_close(&provider);
}

static int
setup(void **state)
{
	(void)state;
	scratch_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_account_is_stored_and_returned),
		TEST(what_is_not_there_is_not_found),
		TEST(a_username_is_there_once),
		TEST(used_quota_and_logins_follow_the_contract),
		TEST(another_username_in_an_update),
		TEST(deleted_accounts_are_gone),
		TEST(pages_cover_every_account_once),
		TEST(without_managing_nothing_is_written),
		TEST(quota_is_tracked_as_configured),
		TEST(quota_stays_within_its_range),
		TEST(threads_count_exactly),
		TEST(threads_do_not_share_a_name),
		TEST(credentials_come_back_in_a_dump),
		TEST(accounts_are_loaded_as_they_are),
	};
	int failed;

	if (crypto_init() != 0)
		return 1;
	if ((driver = database_driver()) != NULL)
		return cmocka_run_group_tests_name(driver, tests, NULL, NULL);
	driver = "sqlite";
	failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
	driver = "bolt";
	failed += cmocka_run_group_tests_name("bolt", tests, NULL, NULL);
	driver = "memory";
	return failed + cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
