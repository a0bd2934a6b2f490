/*
 * What only databases with a server can do to their clients: go away, come back, change passwords,
 * ask for TLS, hold tables of older versions. Runs beside a server; see database_server.py.
 */
#include "accounts_database.h"

#include "crypto/crypto.h"

#include <pthread.h>
#include <signal.h>

static bool
is_postgresql(void)
{
	return strcmp(database_driver(), "postgresql") == 0;
}

static void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
sql(const char *format, ...)
{
	char text[8192];
	va_list ap;

	va_start(ap, format);
	assert_true(vsnprintf(text, sizeof(text), format, ap) < (int)sizeof(text));
	va_end(ap);
	database_control("sql", text);
}

static int64_t
used_bytes(struct provider *provider, const char *username)
{
	struct provider_quota used;
	struct failure failure = { 0 };

	if (provider_quota_get(provider, username, &used, &failure) != 0)
		fail_msg("%s", failure.text);
	return used.bytes;
}

/* --- away and back --- */

static void
everything_fails_clearly(struct provider *provider, int64_t id)
{
	const struct provider_query query = { .limit = 10 };
	struct failure failure = { 0 };
	struct user *user = scratch_user("new"), *found;
	struct user_list list;

	assert_int_equal(provider_check(provider, &failure), ERR_UNAVAILABLE);
	assert_non_null(
	    strstr(failure.text, is_postgresql() ? "the PostgreSQL database \"accounts\" on "
						   "127.0.0.1:"
						 : "the MySQL database \"accounts\" on "
						   "127.0.0.1:"));
	assert_non_null(strstr(failure.text, "does not answer"));
	assert_null(strstr(failure.text, DATABASE_PASSWORD));
	assert_int_equal(provider_find(provider, "bob", &found, &failure), ERR_UNAVAILABLE);
	assert_null(found);
	assert_int_equal(provider_find_id(provider, id, &found, &failure), ERR_UNAVAILABLE);
	assert_int_equal(provider_list(provider, &query, &list, &failure), ERR_UNAVAILABLE);
	assert_int_equal(provider_add(provider, user, &failure), ERR_UNAVAILABLE);
	user->id = id;
	assert_int_equal(provider_update(provider, user, &failure), ERR_UNAVAILABLE);
	assert_int_equal(provider_delete(provider, id, &failure), ERR_UNAVAILABLE);
	assert_int_equal(provider_touch_login(provider, "bob", 1, &failure), ERR_UNAVAILABLE);
	user_free(&user);
}

static void
a_server_goes_and_comes_back(const char *how)
{
	struct provider_config c = database_config(database_fresh_table());
	struct provider *provider = scratch_open(&c);
	struct provider_quota delta = { .files = 1, .bytes = 1000 };
	struct failure failure = { 0 };
	int64_t id = scratch_add(provider, "bob");
	struct user *user;

	assert_int_equal(provider_quota_add(provider, "bob", delta, 1, &failure), 0);
	database_control(how, "");
	everything_fails_clearly(provider, id);
	/* An upload ends meanwhile: what it used is not forgotten. */
	assert_int_equal(provider_quota_add(provider, "bob", delta, 2, &failure), ERR_UNAVAILABLE);
	assert_int_equal(provider_quota_add(provider, "bob", delta, 3, &failure), ERR_UNAVAILABLE);
	database_control("start", "");
	assert_int_equal(used_bytes(provider, "bob"), 3000);
	user = scratch_find(provider, "bob");
	assert_int_equal(user->used_quota_files, 3);
	user_free(&user);
	assert_int_equal(provider_check(provider, &failure), 0);
	assert_int_equal(provider_touch_login(provider, "bob", 9, &failure), 0);
	provider_close(&provider);
	/* It is in the database, not only in memory. */
	provider = scratch_open(&c);
	assert_int_equal(used_bytes(provider, "bob"), 3000);
	provider_close(&provider);
}

static void
a_server_stops_and_comes_back(void **state)
{
	(void)state;
	a_server_goes_and_comes_back("stop");
}

static void
a_server_is_killed_and_comes_back(void **state)
{
	(void)state;
	a_server_goes_and_comes_back("kill");
}

static void
a_restart_in_between_is_not_noticed(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct provider *provider = scratch_open(&c);
	struct provider_quota delta = { .bytes = 5 };
	struct failure failure = { 0 };

	(void)state;
	scratch_add(provider, "bob");
	for (int i = 0; i < 2; i++) {
		database_control(i == 0 ? "stop" : "kill", "");
		database_control("start", "");
		if (i == 0)
			assert_int_equal(
			    provider_quota_add(provider, "bob", delta, 1, &failure), 0);
		else
			scratch_add(provider, "carol");
	}
	assert_int_equal(used_bytes(provider, "bob"), 5);
	provider_close(&provider);
}

static void
a_server_that_is_away_at_the_start(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct failure failure = { 0 };
	struct provider *provider;

	(void)state;
	database_control("stop", "");
	provider = scratch_open(&c);
	assert_int_equal(provider_check(provider, &failure), ERR_UNAVAILABLE);
	database_control("start", "");
	/* The tables are made now. */
	assert_int_equal(scratch_add(provider, "bob"), 1);
	provider_close(&provider);
}

/* --- passwords --- */

static void
set_password(const char *password)
{
	char quoted[64] = "";

	for (size_t n = 0; *password != '\0' && n + 3 < sizeof(quoted); password++) {
		if (*password == '\'' || (*password == '\\' && !is_postgresql()))
			quoted[n++] = *password;
		quoted[n++] = *password;
	}
	if (is_postgresql())
		sql("ALTER ROLE " DATABASE_USER " PASSWORD '%s'", quoted);
	else
		sql("ALTER USER " DATABASE_USER "@'%%' IDENTIFIED BY '%s'", quoted);
}

static void
passwords_rotate(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct provider *provider = scratch_open(&c), *other;
	struct failure failure = { 0 };

	(void)state;
	scratch_add(provider, "bob");
	set_password("second");
	/* Connections that are open stay so; new ones are refused with the server's reason. */
	assert_int_equal(provider_check(provider, &failure), 0);
	other = scratch_open(&c);
	assert_int_equal(provider_check(other, &failure), ERR_UNAVAILABLE);
	assert_non_null(
	    strstr(failure.text, is_postgresql() ? "authentication failed" : "Access denied"));
	assert_null(strstr(failure.text, DATABASE_PASSWORD));
	provider_close(&other);
	/* With the new one it goes on, without the old one's being closed before. */
	c.password = "second";
	other = scratch_open(&c);
	assert_int_equal(provider_check(other, &failure), 0);
	provider_close(&other);
	set_password(DATABASE_PASSWORD);
	assert_int_equal(provider_check(provider, &failure), 0);
	provider_close(&provider);
}

/* --- TLS --- */

static int
open_and_check(const struct provider_config *c, struct failure *failure)
{
	struct provider *provider;
	int err = provider_open(c, &provider, failure);

	if (err == 0)
		err = provider_check(provider, failure);
	provider_close(&provider);
	return err;
}

static void
every_mode_of_tls_connects(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	const char *authority = getenv("SSL_CERT_FILE");
	char kept[256];

	(void)state;
	snprintf(kept, sizeof(kept), "%s", authority);
	for (int i = 0; i < 2; i++) {
		c.host = i == 0 ? "127.0.0.1" : "localhost";
		for (c.sslmode = 0; c.sslmode < 4; c.sslmode++) {
			struct failure failure = { 0 };

			if (open_and_check(&c, &failure) != 0)
				fail_msg("mode %d: %s", c.sslmode, failure.text);
		}
	}
	/* An authority that nobody knows. */
	setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt", 1);
	for (c.sslmode = 0; c.sslmode < 4; c.sslmode++) {
		bool verifies = is_postgresql() ? c.sslmode >= 2 : c.sslmode == 1;
		struct failure failure = { 0 };

		assert_int_equal(open_and_check(&c, &failure), verifies ? ERR_UNAVAILABLE : 0);
		if (verifies)
			assert_non_null(strstr(failure.text, "ertificate"));
	}
	setenv("SSL_CERT_FILE", kept, 1);
}

static void
tls_is_used_when_it_is_asked_for(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct failure failure = { 0 };

	(void)state;
	if (is_postgresql())
		return;
	sql("ALTER USER " DATABASE_USER "@'%%' REQUIRE SSL");
	for (c.sslmode = 0; c.sslmode < 4; c.sslmode++)
		assert_int_equal(
		    open_and_check(&c, &failure), c.sslmode == 0 ? ERR_UNAVAILABLE : 0);
	sql("ALTER USER " DATABASE_USER "@'%%' REQUIRE NONE");
}

/* --- settings --- */

static void
connection_strings_replace_the_settings(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct failure failure = { 0 };
	char text[256];

	(void)state;
	c.host = c.username = c.password = c.name = "nothing";
	c.connection_string = text;
	if (is_postgresql())
		snprintf(text, sizeof(text),
		    "host=127.0.0.1 port=%d dbname=" DATABASE_NAME " user=" DATABASE_USER
		    " password='pass word\\'@/\\\\1' sslmode=require",
		    database_port());
	else
		snprintf(text, sizeof(text),
		    DATABASE_USER ":" DATABASE_PASSWORD "@tcp(127.0.0.1:%d)/" DATABASE_NAME
				  "?charset=utf8&interpolateParams=true&tls=skip-verify",
		    database_port());
	if (open_and_check(&c, &failure) != 0)
		fail_msg("%s", failure.text);
	/* A password in a string that is wrong is not shown. */
	c.connection_string = is_postgresql() ? "host=h hush" : "u:hush@tcp(h";
	assert_int_equal(open_and_check(&c, &failure), ERR_INVALID);
	assert_null(strstr(failure.text, "hush"));
	c.connection_string = "";
	c.users_table = "users; DROP TABLE x";
	assert_int_equal(open_and_check(&c, &failure), ERR_INVALID);
	assert_non_null(strstr(failure.text, "is not a name of a table"));
}

enum { THREADS = 16, ROUNDS = 20 };

static void *
count_up(void *data)
{
	struct provider_quota delta = { .files = 1, .bytes = 3 };

	for (int i = 0; i < ROUNDS; i++) {
		if (provider_quota_add(data, "bob", delta, i, NULL) != 0)
			return data;
	}
	return NULL;
}

static void
sixteen_threads_share_a_small_pool(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct provider *provider;
	pthread_t threads[THREADS];

	(void)state;
	c.pool_size = 2;
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, provider), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(used_bytes(provider, "bob"), 3 * THREADS * ROUNDS);
	provider_close(&provider);
}

static void
values_that_do_not_fit_are_the_callers_fault(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct provider *provider = scratch_open(&c);
	struct user *user = scratch_user("bob"), *found;
	struct failure failure = { 0 };

	(void)state;
	user->uid = INT64_MAX;
	assert_int_equal(provider_add(provider, user, &failure), ERR_INVALID);
	assert_non_null(strstr(failure.text, "Validation error: the database cannot store this"));
	assert_int_equal(provider_find(provider, "\xff", &found, &failure), ERR_NOT_FOUND);
	assert_int_equal(provider_find_id(provider, INT64_MAX, &found, &failure), ERR_NOT_FOUND);
	assert_int_equal(
	    provider_find(provider, "'; DROP TABLE x; --", &found, &failure), ERR_NOT_FOUND);
	user_free(&user);
	provider_close(&provider);
}

/* --- tables of others --- */

/* The table as each release left it; each level has what the ones before it have. */
static const struct level {
	const char *columns, *values;
	int schema_version; /* 0: no such table */
} levels[] = {
	{ "", "", 0 },
	{ ", expiration_date bigint NOT NULL, last_login bigint NOT NULL, status integer NOT NULL",
	    ", 11, 12, 1", 0 },
	{ ", filters TEXT NULL", ", '{\"allowed_ip\":[\"10.0.0.0/8\"],\"denied_ip\":[]}'", 0 },
	{ ", filesystem TEXT NULL",
	    ", '{\"provider\":1,\"s3config\":{\"bucket\":\"b\"},\"gcsconfig\":{}}'", 0 },
	{ "", "", 1 },
	{ ", virtual_folders TEXT NULL", ", '[{\"virtual_path\":\"/v\",\"mapped_path\":\"/m\"}]'",
	    2 },
};
enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

static const char *
id_type(void)
{
	return is_postgresql() ? "serial NOT NULL PRIMARY KEY"
			       : "integer AUTO_INCREMENT NOT NULL PRIMARY KEY";
}

static void
make_level(const char *table, size_t level)
{
	char columns[512] = "", values[512] = "";

	for (size_t i = 0; i <= level; i++) {
		snprintf(columns + strlen(columns), sizeof(columns) - strlen(columns), "%s",
		    levels[i].columns);
		snprintf(values + strlen(values), sizeof(values) - strlen(values), "%s",
		    levels[i].values);
	}
	sql("DROP TABLE IF EXISTS schema_version;"
	    "CREATE TABLE %s (id %s, username varchar(255) NOT NULL UNIQUE, "
	    "password varchar(255) NULL, public_keys TEXT NULL, home_dir varchar(255) NOT NULL, "
	    "uid integer NOT NULL, gid integer NOT NULL, max_sessions integer NOT NULL, "
	    "quota_size bigint NOT NULL, quota_files integer NOT NULL, permissions TEXT NOT NULL, "
	    "used_quota_size bigint NOT NULL, used_quota_files integer NOT NULL, "
	    "last_quota_update bigint NOT NULL, upload_bandwidth integer NOT NULL, "
	    "download_bandwidth integer NOT NULL%s);"
	    "INSERT INTO %s VALUES (1, 'bob', 'hash', '[\"key\"]', '/home/bob', 1, 2, 3, 4, 5, "
	    "'[\"*\"]', 6, 7, 8, 9, 10%s);",
	    table, id_type(), columns, table, values);
	if (levels[level].schema_version > 0)
		sql("CREATE TABLE schema_version (id %s, version integer NOT NULL);"
		    "INSERT INTO schema_version (version) VALUES (%d);",
		    id_type(), levels[level].schema_version);
	if (is_postgresql())
		sql("ALTER TABLE %s OWNER TO " DATABASE_USER ";"
		    "SELECT setval('%s_id_seq', 1);",
		    table, table);
	if (is_postgresql() && levels[level].schema_version > 0)
		sql("ALTER TABLE schema_version OWNER TO " DATABASE_USER);
}

static void
assert_bob(const struct user *user, size_t level)
{
	assert_int_equal(user->id, 1);
	assert_string_equal(user->password, "hash");
	assert_string_equal(user->public_keys.items[0], "key");
	assert_int_equal(user->used_quota_size, 6);
	assert_int_equal(user->permissions.count, 1);
	assert_true(user->permissions.items[0].is_all);
	assert_int_equal(user->status, 1);
	assert_int_equal(user->expiration_date, level >= 1 ? 11 : 0);
	assert_int_equal(user->last_login, level >= 1 ? 12 : 0);
	assert_int_equal(user->filters.allowed_ip.count, level >= 2 ? 1 : 0);
	assert_int_equal(user->filesystem.provider, level >= 3 ? 1 : 0);
	assert_int_equal(user->virtual_folders.count, level >= 5 ? 1 : 0);
}

static void
tables_of_every_release_are_opened(void **state)
{
	(void)state;
	for (size_t level = 0; level < LEVELS; level++) {
		struct provider_config c = database_config(database_fresh_table());
		struct provider *provider;
		struct user *user;

		make_level(c.users_table, level);
		/* First as a guest, who changes nothing. */
		for (int i = 0; i < 3; i++) {
			c.manage_users = i > 0;
			provider = scratch_open(&c);
			user = scratch_find(provider, "bob");
			assert_bob(user, level);
			user_free(&user);
			provider_close(&provider);
		}
		provider = scratch_open(&c);
		assert_int_equal(scratch_add(provider, "carol"), 2);
		provider_close(&provider);
	}
}

static void
later_and_foreign_tables_are_refused(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	struct failure failure = { 0 };

	(void)state;
	make_level(c.users_table, LEVELS - 1);
	sql("UPDATE schema_version SET version = 3");
	assert_int_equal(open_and_check(&c, &failure), ERR_FORMAT);
	assert_non_null(strstr(failure.text, "has schema version 3"));
	sql("UPDATE schema_version SET version = 2");
	assert_int_equal(open_and_check(&c, &failure), 0);
	sql("ALTER TABLE %s DROP COLUMN home_dir", c.users_table);
	assert_int_equal(open_and_check(&c, &failure), ERR_FORMAT);
	assert_non_null(strstr(failure.text, "has no column \"home_dir\""));
}

/* A view that another program's accounts show through, for one who may only read. */
static void
a_view_can_be_read(void **state)
{
	struct provider_config c = database_config(database_fresh_table());
	char table[64], view[80];
	struct failure failure = { 0 };
	struct provider *provider;
	struct user *user;

	(void)state;
	snprintf(table, sizeof(table), "%s", c.users_table);
	snprintf(view, sizeof(view), "view_of_%s", table);
	make_level(table, 0);
	sql("CREATE VIEW %s AS SELECT id, username, password, public_keys, home_dir, uid, gid, "
	    "max_sessions, quota_size, quota_files, permissions, NULL AS used_quota_size, "
	    "NULL AS used_quota_files, NULL AS last_quota_update, upload_bandwidth, "
	    "download_bandwidth, 0 AS expiration_date, NULL AS last_login, 1 AS status, "
	    "NULL AS filters, NULL AS filesystem FROM %s",
	    view, table);
	if (is_postgresql())
		sql("GRANT SELECT ON %s TO " DATABASE_USER, view);
	c.users_table = view;
	c.manage_users = false;
	provider = scratch_open(&c);
	user = scratch_find(provider, "bob");
	assert_int_equal(user->status, 1);
	assert_int_equal(user->used_quota_size, 0);
	assert_int_equal(user->last_login, 0);
	assert_int_equal(provider_add(provider, user, &failure), ERR_DENIED);
	assert_int_equal(provider_touch_login(provider, "bob", 5, &failure), 0);
	user_free(&user);
	provider_close(&provider);
	/* What limits a user is never guessed. */
	sql("UPDATE %s SET home_dir = '/x'", table);
	sql("DROP VIEW %s", view);
	sql("CREATE VIEW %s AS SELECT id, username, password, public_keys, home_dir, uid, gid, "
	    "max_sessions, NULL AS quota_size, quota_files, permissions, used_quota_size, "
	    "used_quota_files, last_quota_update, upload_bandwidth, download_bandwidth FROM %s",
	    view, table);
	if (is_postgresql())
		sql("GRANT SELECT ON %s TO " DATABASE_USER, view);
	provider = scratch_open(&c);
	assert_int_equal(provider_find(provider, "bob", &user, &failure), ERR_FORMAT);
	assert_non_null(strstr(failure.text, "column \"quota_size\": it is NULL"));
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
		TEST(a_server_stops_and_comes_back),
		TEST(a_server_is_killed_and_comes_back),
		TEST(a_restart_in_between_is_not_noticed),
		TEST(a_server_that_is_away_at_the_start),
		TEST(passwords_rotate),
		TEST(every_mode_of_tls_connects),
		TEST(tls_is_used_when_it_is_asked_for),
		TEST(connection_strings_replace_the_settings),
		TEST(sixteen_threads_share_a_small_pool),
		TEST(values_that_do_not_fit_are_the_callers_fault),
		TEST(tables_of_every_release_are_opened),
		TEST(later_and_foreign_tables_are_refused),
		TEST(a_view_can_be_read),
	};

	if (database_driver() == NULL) {
		fprintf(stderr, "tests/databases/database_server.py runs this beside a server\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	return crypto_init() != 0 ||
	       cmocka_run_group_tests_name(database_driver(), tests, NULL, NULL) != 0;
}
