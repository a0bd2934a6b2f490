/* The sqlite provider's file: making it, old and foreign ones, other programs, and what is told. */
#include "accounts_scratch.h"

#include "base/fd.h"
#include "crypto/crypto.h"

#include <sqlite3.h>
#include <sys/wait.h>

#define BASE_COLUMNS                                                                               \
	"\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "                                      \
	"\"username\" varchar(255) NOT NULL UNIQUE, \"password\" varchar(255) NULL, "              \
	"\"public_keys\" text NULL, \"home_dir\" varchar(255) NOT NULL, "                          \
	"\"uid\" integer NOT NULL, \"gid\" integer NOT NULL, \"max_sessions\" integer NOT NULL, "  \
	"\"quota_size\" bigint NOT NULL, \"quota_files\" integer NOT NULL, "                       \
	"\"permissions\" text NOT NULL, \"used_quota_size\" bigint NOT NULL, "                     \
	"\"used_quota_files\" integer NOT NULL, \"last_quota_update\" bigint NOT NULL, "           \
	"\"upload_bandwidth\" integer NOT NULL, \"download_bandwidth\" integer NOT NULL"
#define BASE_VALUES(permissions)                                                                   \
	"NULL, 'bob', 'hash', '[\"key\"]', '/home/bob', 1, 2, 3, 4, 5, '" permissions "', "        \
	"6, 7, 8, 9, 10"

/* The table as each release left it; each level has what the ones before it have. */
static const struct level {
	const char *columns, *values;
	int schema_version; /* 0: no such table */
} levels[] = {
	{ "", "", 0 },
	{ ", \"expiration_date\" bigint NOT NULL, \"last_login\" bigint NOT NULL, "
	  "\"status\" integer NOT NULL",
	    ", 11, 12, 1", 0 },
	{ ", \"filters\" text NULL", ", '{\"allowed_ip\":[\"10.0.0.0/8\"],\"denied_ip\":[]}'", 0 },
	{ ", \"filesystem\" text NULL",
	    ", '{\"provider\":1,\"s3config\":{\"bucket\":\"b\"},\"gcsconfig\":{}}'", 0 },
	{ "", "", 1 },
	{ ", \"virtual_folders\" text NULL",
	    ", '[{\"virtual_path\":\"/v\",\"mapped_path\":\"/m\"}]'", 2 },
};
enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

static void
run_sql(const char *path, const char *sql)
{
	char *message = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The first column of every row, each ended by a newline. */
static const char *
query_sql(const char *path, const char *sql)
{
	static char text[8192];
	sqlite3_stmt *query;
	sqlite3 *db;
	size_t n = 0;

	text[0] = '\0';
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(query) == SQLITE_ROW)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n",
		    (const char *)sqlite3_column_text(query, 0));
	assert_int_equal(sqlite3_finalize(query), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return text;
}

static void
make_level(const char *path, size_t level, const char *values)
{
	char sql[4096];
	size_t n = (size_t)snprintf(sql, sizeof(sql), "CREATE TABLE \"users\" (" BASE_COLUMNS);

	for (size_t i = 0; i <= level; i++)
		n += (size_t)snprintf(sql + n, sizeof(sql) - n, "%s", levels[i].columns);
	n += (size_t)snprintf(
	    sql + n, sizeof(sql) - n, "); INSERT INTO \"users\" VALUES (%s", values);
	for (size_t i = 0; i <= level; i++)
		n += (size_t)snprintf(sql + n, sizeof(sql) - n, "%s", levels[i].values);
	n += (size_t)snprintf(sql + n, sizeof(sql) - n, ");");
	if (levels[level].schema_version > 0)
		snprintf(sql + n, sizeof(sql) - n,
		    "CREATE TABLE \"schema_version\" (\"id\" integer "
		    "NOT NULL PRIMARY KEY AUTOINCREMENT, \"version\" integer NOT NULL); "
		    "INSERT INTO schema_version (version) VALUES (%d);",
		    levels[level].schema_version);
	run_sql(path, sql);
}

static void
assert_bob(const struct user *user, size_t level)
{
	assert_int_equal(user->id, 1);
	assert_string_equal(user->password, "hash");
	assert_string_equal(user->public_keys.items[0], "key");
	assert_string_equal(user->home_dir, "/home/bob");
	assert_int_equal(user->uid, 1);
	assert_int_equal(user->download_bandwidth, 10);
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

/* --- new files --- */

static void
a_fresh_file_has_the_contracts_table(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider = scratch_open(&c);
	struct stat st;

	(void)state;
	assert_int_equal(stat(c.name, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_string_equal(query_sql(c.name, "PRAGMA journal_mode"), "wal\n");
	provider_close(&provider);
	assert_string_equal(
	    query_sql(c.name,
		"SELECT name || ' ' || lower(type) || ' ' || \"notnull\" || ' ' || pk || "
		"coalesce(dflt_value, '') FROM pragma_table_info('users') ORDER BY name"),
	    "download_bandwidth integer 1 0\nexpiration_date bigint 1 0\n"
	    "filesystem text 0 0\nfilters text 0 0\ngid integer 1 0\n"
	    "home_dir varchar(255) 1 0\nid integer 1 1\nlast_login bigint 1 0\n"
	    "last_quota_update bigint 1 0\nmax_sessions integer 1 0\npassword varchar(255) 0 0\n"
	    "permissions text 1 0\npublic_keys text 0 0\nquota_files integer 1 0\n"
	    "quota_size bigint 1 0\nstatus integer 1 0\nuid integer 1 0\n"
	    "upload_bandwidth integer 1 0\nused_quota_files integer 1 0\n"
	    "used_quota_size bigint 1 0\nusername varchar(255) 1 0\nvirtual_folders text 0 0\n");
	assert_string_equal(query_sql(c.name, "SELECT version FROM schema_version"), "2\n");
	assert_string_equal(query_sql(c.name, "PRAGMA journal_mode"), "delete\n");
	/* And it opens again, with what was put into it. */
	provider = scratch_open(&c);
	assert_int_equal(scratch_add(provider, "bob"), 1);
	provider_close(&provider);
	provider = scratch_open(&c);
	assert_int_equal(scratch_add(provider, "carol"), 2);
	provider_close(&provider);
	assert_string_equal(query_sql(c.name, "SELECT username FROM users"), "bob\ncarol\n");
	assert_string_equal(query_sql(c.name, "SELECT count(*) FROM schema_version"), "1\n");
	/* Nothing is left beside it. */
	assert_int_not_equal(access(scratch_path("new.db-wal"), F_OK), 0);
}

static void
columns_hold_what_the_contract_says(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider = scratch_open(&c);

	(void)state;
	scratch_add(provider, "bob");
	provider_close(&provider);
	assert_string_equal(
	    query_sql(c.name, "SELECT public_keys || permissions || filters || "
			      "filesystem || virtual_folders || password FROM users"),
	    "[]{\"/\":[\"*\"]}{\"allowed_ip\":[],\"denied_ip\":[]}"
	    "{\"provider\":0,\"s3config\":{},\"gcsconfig\":{}}[]$1$salt$hash\n");
}

static void
fresh_files_share_nothing(void **state)
{
	struct provider_config a = scratch_config("sqlite", scratch_path("a.db"));
	struct provider_config b = scratch_config("sqlite", scratch_path("b.db"));
	struct provider *first = scratch_open(&a), *second = scratch_open(&b);
	struct user *user;

	(void)state;
	scratch_add(first, "bob");
	assert_int_equal(provider_find(second, "bob", &user, NULL), ERR_NOT_FOUND);
	assert_int_equal(scratch_add(second, "carol"), 1);
	provider_close(&first);
	provider_close(&second);
}

static void
an_empty_file_is_a_fresh_one(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider;

	(void)state;
	scratch_write("new.db", "");
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	provider_close(&provider);
}

static void
the_table_may_have_another_name(void **state)
{
	static const char *const bad[] = { "1users", "a b", "a\"b", "a.b", "a;", "-",
		"x123456789012345678901234567890123456789012345678901234567890123" };
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider;
	struct failure failure;

	(void)state;
	c.users_table = "sftp_Users2";
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	provider_close(&provider);
	assert_string_equal(query_sql(c.name, "SELECT username FROM sftp_Users2"), "bob\n");
	c.users_table = "Order"; /* a word of SQL */
	c.name = scratch_path("order.db");
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	provider_close(&provider);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c.users_table = bad[i];
		assert_int_equal(provider_open(&c, &provider, &failure), ERR_INVALID);
		assert_non_null(strstr(failure.text, "data_provider.users_table"));
		assert_null(provider);
	}
}

static void
a_connection_string_replaces_the_name(void **state)
{
	struct provider_config c = scratch_config("sqlite", "/nonexistent/x.db");
	struct provider *provider;
	char uri[256];

	(void)state;
	snprintf(uri, sizeof(uri), "file:%s?cache=shared", scratch_path("uri.db"));
	c.connection_string = uri;
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	provider_close(&provider);
	assert_string_equal(
	    query_sql(scratch_path("uri.db"), "SELECT username FROM users"), "bob\n");
}

/* --- old files --- */

static void
every_old_level_opens_and_is_completed(void **state)
{
	(void)state;
	for (size_t level = 0; level < LEVELS; level++) {
		struct provider_config c = scratch_config("sqlite", scratch_path("old.db"));
		struct provider *provider;
		struct user *user;

		make_level(c.name, level, BASE_VALUES("{\"/\":[\"*\"]}"));
		for (int again = 0; again < 2; again++) {
			provider = scratch_open(&c);
			user = scratch_find(provider, "bob");
			assert_bob(user, level);
			user_free(&user);
			if (again == 0)
				scratch_add(provider, "carol");
			provider_close(&provider);
		}
		assert_string_equal(query_sql(c.name, "SELECT version FROM schema_version"), "2\n");
		assert_string_equal(
		    query_sql(c.name, "SELECT username || status FROM users"), "bob1\ncarol1\n");
		assert_int_equal(unlink(c.name), 0);
	}
}

static void
old_levels_are_only_read_without_managing(void **state)
{
	(void)state;
	for (size_t level = 0; level < LEVELS; level++) {
		struct provider_config c = scratch_config("sqlite", scratch_path("old.db"));
		struct buf before = buf_init(1 << 20), after = buf_init(1 << 20);
		struct provider *provider;
		struct user_list list;
		struct user *user;

		c.manage_users = false;
		make_level(c.name, level, BASE_VALUES("{\"/\":[\"*\"]}"));
		assert_int_equal(fd_read_file(c.name, &before), 0);
		provider = scratch_open(&c);
		user = scratch_find(provider, "bob");
		assert_bob(user, level);
		user_free(&user);
		assert_int_equal(provider_dump(provider, &list, NULL), 0);
		assert_int_equal(list.count, 1);
		user_list_free(&list);
		provider_close(&provider);
		assert_int_equal(fd_read_file(c.name, &after), 0);
		assert_true(view_eq(buf_view(&before), buf_view(&after)));
		buf_free(&before);
		buf_free(&after);
		assert_int_equal(unlink(c.name), 0);
	}
}

static void
a_view_can_be_read(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("view.db"));
	struct provider *provider;
	struct user *user;

	(void)state;
	make_level(c.name, 3, BASE_VALUES("{\"/\":[\"*\"]}"));
	run_sql(c.name, "ALTER TABLE users RENAME TO people; "
			"CREATE VIEW users AS SELECT * FROM people");
	c.manage_users = false;
	provider = scratch_open(&c);
	user = scratch_find(provider, "bob");
	assert_bob(user, 3);
	user_free(&user);
	provider_close(&provider);
}

static void
a_permission_list_is_the_one_of_the_root(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("old.db"));
	struct provider *provider;
	struct user *user;

	(void)state;
	make_level(c.name, 0, BASE_VALUES("[\"list\",\"download\"]"));
	provider = scratch_open(&c);
	user = scratch_find(provider, "bob");
	assert_int_equal(user->permissions.count, 1);
	assert_string_equal(user->permissions.items[0].path, "/");
	assert_int_equal(user->permissions.items[0].bits, 3);
	/* Stored again, it is an object. */
	assert_int_equal(user_set_text(&user->password, "$1$a$b"), 0);
	text_list_clear(&user->public_keys);
	assert_int_equal(provider_update(provider, user, NULL), 0);
	user_free(&user);
	provider_close(&provider);
	assert_string_equal(query_sql(c.name, "SELECT permissions FROM users"),
	    "{\"/\":[\"list\",\"download\"]}\n");
}

/* An account that can be read only in part must not log in with the part. */
static void
broken_rows_are_refused(void **state)
{
	static const struct {
		const char *change, *text;
	} cases[] = {
		{ "filters = '{\"denied_ip\":'",
		    "column \"filters\": the JSON text ends too early" },
		{ "filters = '{\"denied_ip\":5}'", "column \"filters\": the member" },
		{ "filters = '[]'", "column \"filters\": the member" },
		{ "permissions = 'x'", "column \"permissions\": the text is not JSON" },
		{ "permissions = '[1]'", "column \"permissions\": the member" },
		{ "filesystem = '{}{' || '\xff'", NULL },
		{ "filesystem = '7'", "column \"filesystem\": the member" },
		{ "home_dir = 'a' || char(0) || 'b'",
		    "column \"home_dir\": it has a NUL character" },
		{ "home_dir = CAST(X'2fff' AS TEXT)", "column \"home_dir\": it is not UTF-8" },
	};
	struct provider_config c = scratch_config("sqlite", scratch_path("old.db"));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };
		struct provider *provider;
		struct user_list list;
		struct user *user;
		char sql[256];

		make_level(c.name, 5, BASE_VALUES("{\"/\":[\"*\"]}"));
		snprintf(sql, sizeof(sql), "UPDATE users SET %s", cases[i].change);
		run_sql(c.name, sql);
		provider = scratch_open(&c);
		if (cases[i].text != NULL) {
			assert_int_equal(
			    provider_find(provider, "bob", &user, &failure), ERR_FORMAT);
			assert_non_null(
			    strstr(failure.text, "the stored user with ID 1 cannot be read"));
			if (strstr(failure.text, cases[i].text) == NULL)
				fail_msg("\"%s\" is not in \"%s\"", cases[i].text, failure.text);
			assert_null(user);
			assert_int_equal(provider_dump(provider, &list, &failure), ERR_FORMAT);
			assert_int_equal(list.count, 0);
		} else {
			/* Behind the first value nothing is looked at. */
			user = scratch_find(provider, "bob");
			user_free(&user);
		}
		provider_close(&provider);
		assert_int_equal(unlink(c.name), 0);
	}
}

static void
nulls_are_empty_texts_but_no_numbers(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("old.db"));
	struct failure failure = { 0 };
	struct provider *provider;
	struct user *user;

	(void)state;
	make_level(c.name, 5, BASE_VALUES("{\"/\":[\"*\"]}"));
	run_sql(c.name,
	    "UPDATE users SET password = NULL, public_keys = NULL, filters = 'null', "
	    "filesystem = '', virtual_folders = NULL; ALTER TABLE users RENAME TO people; "
	    "CREATE VIEW users AS SELECT * FROM people");
	c.manage_users = false;
	provider = scratch_open(&c);
	user = scratch_find(provider, "bob");
	assert_string_equal(user->password, "");
	assert_int_equal(user->public_keys.count, 0);
	user_free(&user);
	provider_close(&provider);
	run_sql(c.name,
	    "DROP VIEW users; CREATE VIEW users AS SELECT id, username, password, "
	    "public_keys, home_dir, uid, gid, max_sessions, quota_size, quota_files, "
	    "permissions, used_quota_size, used_quota_files, last_quota_update, "
	    "upload_bandwidth, download_bandwidth, NULL AS expiration_date, last_login, "
	    "status, filters, filesystem FROM people");
	provider = scratch_open(&c);
	assert_int_equal(provider_find(provider, "bob", &user, &failure), ERR_FORMAT);
	assert_non_null(strstr(failure.text, "column \"expiration_date\": it is NULL"));
	provider_close(&provider);
}

/* --- files that cannot be used --- */

static void
refuses_to_open(const struct provider_config *config, int code, const char *text)
{
	struct failure failure = { 0 };
	struct provider *provider;

	assert_int_equal(provider_open(config, &provider, &failure), code);
	assert_null(provider);
	if (strstr(failure.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, failure.text);
	assert_int_equal(provider_open(config, &provider, NULL), code);
}

static void
unusable_files_are_told_with_a_remedy(void **state)
{
	struct provider_config c = scratch_config("sqlite", "");

	(void)state;
	refuses_to_open(&c, ERR_INVALID, "data_provider.name is empty");
	c.name = scratch_path("missing/new.db");
	refuses_to_open(&c, ERR_IO, "No such file or directory; make sure that its directory");
	c.name = scratch;
	refuses_to_open(&c, ERR_IO, "is not a regular file; correct data_provider.name");
	c.name = scratch_path("fifo");
	assert_int_equal(mkfifo(c.name, 0600), 0);
	refuses_to_open(&c, ERR_IO, "is not a regular file");
	scratch_write("text",
	    "This is a text, and longer than the header of a database would be, "
	    "so that it cannot be taken for a file that is only too short to be one.");
	c.name = scratch_path("text");
	refuses_to_open(&c, ERR_FORMAT, "is not an SQLite database; correct data_provider.name");
	c.manage_users = false;
	refuses_to_open(&c, ERR_FORMAT, "is not an SQLite database; correct data_provider.name");
	scratch_write("empty", "");
	c.name = scratch_path("empty");
	refuses_to_open(&c, ERR_FORMAT, "\"manage_users\" is 0");
	c.driver = "oracle";
	refuses_to_open(&c, ERR_UNSUPPORTED, "the data provider driver \"oracle\"");
	c.driver = NULL;
	refuses_to_open(&c, ERR_UNSUPPORTED, "the data provider driver \"\"");
}

static void
foreign_databases_are_left_alone(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("foreign.db"));

	(void)state;
	run_sql(c.name, "CREATE TABLE recipes (id integer)");
	refuses_to_open(&c, ERR_FORMAT, "has other tables, but no table \"users\"");
	assert_string_equal(query_sql(c.name, "SELECT name FROM sqlite_master"), "recipes\n");
	run_sql(c.name, "CREATE TABLE users (id integer, username text)");
	refuses_to_open(
	    &c, ERR_FORMAT, "has no column \"password\" and so is not a table of users");
	assert_int_equal(unlink(c.name), 0);
	make_level(c.name, 5, BASE_VALUES("{\"/\":[\"*\"]}"));
	run_sql(c.name, "UPDATE schema_version SET version = 3");
	refuses_to_open(
	    &c, ERR_FORMAT, "has schema version 3; this program knows versions up to 2");
	c.manage_users = false;
	refuses_to_open(&c, ERR_FORMAT, "has schema version 3");
}

static void
a_damaged_file_is_told(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("damaged.db"));
	struct failure failure = { 0 };
	struct provider *provider = scratch_open(&c);
	struct user_list list;
	char junk[4096], name[32];
	struct stat st;
	int fd, err;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		scratch_add(provider, name);
	}
	provider_close(&provider);
	memset(junk, 0x5a, sizeof(junk));
	assert_int_equal(stat(c.name, &st), 0);
	assert_true((fd = open(c.name, O_WRONLY | O_CLOEXEC)) >= 0);
	for (off_t at = 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
	err = provider_open(&c, &provider, &failure);
	if (err == 0)
		err = provider_dump(provider, &list, &failure);
	assert_int_equal(err, ERR_FORMAT);
	assert_non_null(strstr(failure.text, "is damaged; restore it from a backup"));
	provider_close(&provider);
}

/* What somebody else may not write, for whom the mode of the file is the law. */
static void
missing_rights_are_told(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("rights.db"));
	struct provider *provider = scratch_open(&c);
	int status;
	pid_t pid;

	(void)state;
	provider_close(&provider);
	assert_int_equal(chmod(c.name, 0444), 0);
	assert_int_equal(chmod(scratch, 0755), 0);
	if ((pid = fork()) == 0) {
		struct failure failure = { 0 };
		int faults = 0;

		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(100);
		faults += provider_open(&c, &provider, &failure) != ERR_IO;
		faults += strstr(failure.text, "change its owner or mode") == NULL;
		if (getuid() == 65534) {
			c.name = scratch_path("new.db");
			faults += provider_open(&c, &provider, &failure) != ERR_IO;
			faults +=
			    strstr(failure.text, "as user ID 65534: Permission denied") == NULL;
		}
		c.name = scratch_path("rights.db");
		c.manage_users = false;
		faults += provider_open(&c, &provider, &failure) != 0;
		_exit(faults);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* The file may be written, but no journal beside it. */
	assert_int_equal(chmod(c.name, 0666), 0);
	if (geteuid() != 0)
		return;
	if ((pid = fork()) == 0) {
		struct failure failure = { 0 };
		int faults = setresuid(65534, 65534, 65534) != 0;

		faults += provider_open(&c, &provider, &failure) != ERR_IO;
		faults += strstr(failure.text, "cannot write to the directory") == NULL;
		_exit(faults);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* --- other programs --- */

static void
other_programs_may_read_and_write(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider = scratch_open(&c);
	struct user *user;

	(void)state;
	scratch_add(provider, "bob");
	assert_string_equal(query_sql(c.name, "SELECT username FROM users"), "bob\n");
	run_sql(c.name, "UPDATE users SET status = 0");
	user = scratch_find(provider, "bob");
	assert_int_equal(user->status, 0);
	user_free(&user);
	/* Even the table itself may change under us. */
	run_sql(c.name, "ALTER TABLE users ADD COLUMN note text");
	scratch_add(provider, "carol");
	user = scratch_find(provider, "carol");
	user_free(&user);
	provider_close(&provider);
}

static void
write_ahead_mode_stays_where_it_was(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider = scratch_open(&c);

	(void)state;
	provider_close(&provider);
	assert_string_equal(query_sql(c.name, "PRAGMA journal_mode = WAL"), "wal\n");
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	provider_close(&provider);
	assert_string_equal(query_sql(c.name, "PRAGMA journal_mode"), "wal\n");
}

static void
locks_of_other_programs_end_in_words(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider_quota quota = { 0 };
	struct failure failure = { 0 };
	struct provider *provider;
	struct user *user = scratch_user("carol"), *found;
	sqlite3 *db;

	(void)state;
	c.busy_ms = 1;
	provider = scratch_open(&c);
	scratch_add(provider, "bob");
	assert_int_equal(sqlite3_open(c.name, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(provider_add(provider, user, &failure), ERR_UNAVAILABLE);
	assert_non_null(
	    strstr(failure.text, "has been locked by another program for more than 1 ms"));
	user->id = 1;
	assert_int_equal(provider_update(provider, user, NULL), ERR_UNAVAILABLE);
	assert_int_equal(provider_delete(provider, 1, NULL), ERR_UNAVAILABLE);
	assert_int_equal(provider_touch_login(provider, "bob", 1, NULL), ERR_UNAVAILABLE);
	assert_int_equal(provider_quota_add(provider, "bob", quota, 1, NULL), ERR_UNAVAILABLE);
	refuses_to_open(&c, ERR_UNAVAILABLE, "has been locked by another program");
	/* Reading goes on, and afterwards everything does. */
	found = scratch_find(provider, "bob");
	user_free(&found);
	assert_int_equal(provider_check(provider, &failure), 0);
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(provider_add(provider, user, &failure), 0);
	user_free(&user);
	provider_close(&provider);
}

static void
a_lost_table_is_no_answer(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct failure failure = { 0 };
	struct provider *provider = scratch_open(&c);
	struct user *user;

	(void)state;
	run_sql(c.name, "DROP TABLE users");
	assert_int_equal(provider_check(provider, &failure), ERR_IO);
	assert_non_null(strstr(failure.text, "no such table: users"));
	assert_int_equal(provider_find(provider, "bob", &user, &failure), ERR_IO);
	provider_close(&provider);
}

static void
hostile_names_are_only_names(void **state)
{
	static const char *const names[] = { "'; DROP TABLE users; --", "\" OR 1=1 --", "%", "_",
		"a\nb", "\xf0\x9f\x90\x99" };
	struct provider_config c = scratch_config("sqlite", scratch_path("new.db"));
	struct provider *provider = scratch_open(&c);
	struct user *user;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(provider_find(provider, names[i], &user, NULL), ERR_NOT_FOUND);
		assert_int_equal(scratch_add(provider, names[i]), i + 1);
		user = scratch_find(provider, names[i]);
		assert_string_equal(user->username, names[i]);
		user_free(&user);
	}
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
		TEST(a_fresh_file_has_the_contracts_table),
		TEST(columns_hold_what_the_contract_says),
		TEST(fresh_files_share_nothing),
		TEST(an_empty_file_is_a_fresh_one),
		TEST(the_table_may_have_another_name),
		TEST(a_connection_string_replaces_the_name),
		TEST(every_old_level_opens_and_is_completed),
		TEST(old_levels_are_only_read_without_managing),
		TEST(a_view_can_be_read),
		TEST(a_permission_list_is_the_one_of_the_root),
		TEST(broken_rows_are_refused),
		TEST(nulls_are_empty_texts_but_no_numbers),
		TEST(unusable_files_are_told_with_a_remedy),
		TEST(foreign_databases_are_left_alone),
		TEST(a_damaged_file_is_told),
		TEST(missing_rights_are_told),
		TEST(other_programs_may_read_and_write),
		TEST(write_ahead_mode_stays_where_it_was),
		TEST(locks_of_other_programs_end_in_words),
		TEST(a_lost_table_is_no_answer),
		TEST(hostile_names_are_only_names),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
