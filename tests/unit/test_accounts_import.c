/* Accounts of other programs: what becomes of each line, and what hostile files do. */
#include "accounts/accounts.h"
#include "hostile_bytes.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HASH "$1$salt$ez2vlPGdaLYkJam5pWs/Y1"

static const struct import_choice everything = {
	.min_uid = -1, .max_uid = -1, .force_uid = -1, .force_gid = -1
};

enum { TODAY = 20000 };

static struct import
unix_rows(const char *passwd, const char *shadow)
{
	struct import import = { 0 };

	assert_int_equal(import_unix(view_of(passwd), view_of(shadow), TODAY, &import), 0);
	assert_int_equal(import_choose(&import, &everything), 0);
	return import;
}

static struct import
rows_of(int (*read)(struct view text, struct import *out), const char *text)
{
	struct import import = { 0 };

	assert_int_equal(read(view_of(text), &import), 0);
	assert_int_equal(import_choose(&import, &everything), 0);
	return import;
}

static void
assert_all(const struct user *user)
{
	assert_int_equal(user->permissions.count, 1);
	assert_string_equal(user->permissions.items[0].path, "/");
	assert_true(user->permissions.items[0].is_all);
	assert_int_equal(user->filesystem.provider, USER_FILESYSTEM_LOCAL);
	assert_int_equal(user->public_keys.count, 0);
}

/* --- unix-passwd --- */

static void
test_unix(void **state)
{
	struct import import =
	    unix_rows("# a comment\n\nbob:x:1000:1001:Bob,,,:/home/bob:/bin/bash\r\n"
		      "ann:" HASH ":1002:1003::/home/ann:/bin/sh",
		"ann:*:19999:0:99999:7:::\nbob:$6$salt$hash:19999:0:99999:7:30:20001:\n");
	const struct user *user = import.rows[0].user;

	(void)state;
	assert_int_equal(import.count, 2);
	assert_string_equal(import.rows[0].name, "bob");
	assert_string_equal(import.rows[0].note, "");
	assert_string_equal(user->username, "bob");
	assert_string_equal(user->password, "$6$salt$hash");
	assert_int_equal(user->uid, 1000);
	assert_int_equal(user->gid, 1001);
	assert_string_equal(user->home_dir, "/home/bob");
	assert_int_equal(user->status, USER_ACTIVE);
	/* Days of the shadow file are milliseconds here, not seconds. */
	assert_int_equal(user->expiration_date, INT64_C(20001) * 86400 * 1000);
	assert_all(user);
	/* A hash in the passwd file wins over the shadow file. */
	user = import.rows[1].user;
	assert_string_equal(user->password, HASH);
	assert_int_equal(user->expiration_date, 0);
	import_free(&import);
	assert_null(import.rows);
}

static void
test_unix_passwords(void **state)
{
	static const struct {
		const char *passwd, *shadow, *note;
		int status; /* -1: left out */
	} rows[] = {
		{ "x", HASH, "", USER_ACTIVE },
		{ "*", HASH, "", USER_ACTIVE },
		{ HASH, "", "", USER_ACTIVE },
		{ "x", "!" HASH, "disabled: locked", USER_DISABLED },
		{ "x", "!!" HASH, "disabled: locked", USER_DISABLED },
		{ "x", "*", "it has no password to log in with", -1 },
		{ "x", "!", "it has no password to log in with", -1 },
		{ "x", "!!", "it has no password to log in with", -1 },
		{ "x", "!*", "it has no password to log in with", -1 },
		{ "x", "", "it has no password to log in with", -1 },
		{ "", HASH, "it has no password to log in with", -1 },
		{ "x", "abJnggxhB/yWI", "its password hash is of a kind that cannot be checked", -1 },
		{ "x", "secret", "its password hash is of a kind that cannot be checked", -1 },
	};
	char passwd[256], shadow[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct import import;

		snprintf(passwd, sizeof(passwd), "bob:%s:1:1::/home/bob:/bin/sh\n", rows[i].passwd);
		snprintf(shadow, sizeof(shadow), "bob:%s:1:0:99999:7:::\n", rows[i].shadow);
		import = unix_rows(passwd, shadow);
		assert_int_equal(import.count, 1);
		assert_string_equal(import.rows[0].note, rows[i].note);
		assert_int_equal(import.rows[0].user != NULL ? import.rows[0].user->status : -1,
		    rows[i].status);
		if (import.rows[0].user != NULL)
			assert_string_equal(import.rows[0].user->password, HASH);
		import_free(&import);
	}
	/* No line in the shadow file, and one that is cut. */
	for (unsigned i = 0; i < 2; i++) {
		struct import import = unix_rows("bob:x:1:1::/home/bob:/bin/sh\n",
		    i == 0 ? "bobby:" HASH ":1:0:99999:7:::\n" : "bob:" HASH ":1:0\n");

		assert_null(import.rows[0].user);
		import_free(&import);
	}
}

static void
test_unix_dates(void **state)
{
	static const struct {
		const char *changed, *inactive, *expires;
		int status; /* -1: left out */
		int64_t expiration;
	} rows[] = {
		{ "", "", "", USER_ACTIVE, 0 },
		{ "19970", "30", "", USER_ACTIVE, 0 },
		{ "19969", "30", "", USER_DISABLED, 0 },
		{ "19969", "0", "", USER_ACTIVE, 0 },
		{ "19969", "", "", USER_ACTIVE, 0 },
		{ "", "30", "", USER_ACTIVE, 0 },
		{ "0", "30", "", USER_DISABLED, 0 },
		{ "20001", "30", "", USER_ACTIVE, 0 },
		{ "", "", "0", USER_ACTIVE, 1 },
		{ "", "", "1", USER_ACTIVE, 86400000 },
		{ "", "", "100000000", USER_ACTIVE, INT64_C(8640000000000000) },
		{ "", "", "100000001", -1, 0 },
		{ "", "", "99999999999999999999", -1, 0 },
		{ "", "", "-1", -1, 0 },
		{ "x", "", "", -1, 0 },
		{ "", " 1", "", -1, 0 },
	};
	char shadow[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct import import;
		const struct user *user;

		snprintf(shadow, sizeof(shadow), "bob:" HASH ":%s:0:99999:7:%s:%s:\n",
		    rows[i].changed, rows[i].inactive, rows[i].expires);
		import = unix_rows("bob:x:1:1::/home/bob:/bin/sh", shadow);
		user = import.rows[0].user;
		assert_int_equal(user != NULL ? user->status : -1, rows[i].status);
		if (user != NULL)
			assert_int_equal(user->expiration_date, rows[i].expiration);
		import_free(&import);
	}
}

/* --- virtual users --- */

static void
test_pure_ftpd(void **state)
{
	struct import import = rows_of(import_pure_ftpd,
	    "bob:" HASH ":1000:1001:gecos:/srv/bob/./:20480:1025:1:5:3:100:1048576:::"
	    "192.0.2.7, 10.0.0.0/8,2001:db8::1:198.51.100.1,:0900-1800\n"
	    "ann:" HASH ":::::::::::::::\n"
	    "ann:" HASH ":1:1::/srv/ann:::::::::::\n"
	    "cut:" HASH ":1:1::/srv/cut::::::::::\n");
	const struct user *user = import.rows[0].user;

	(void)state;
	assert_int_equal(import.count, 4);
	/* 2001:db8::1 has colons: such a line has other fields than it seems, and is refused. */
	assert_null(user);
	/* Without a home directory the server's configuration decides. */
	assert_non_null(import.rows[1].user);
	assert_string_equal(import.rows[2].note, "an account before it has the same name");
	assert_string_equal(import.rows[3].note, "the line has fewer than 17 fields");
	import_free(&import);

	import = rows_of(import_pure_ftpd,
	    "bob:" HASH ":1000:1001:gecos:/srv/bob/./:20480:1025:1:5:3:100:1048576:::"
	    "192.0.2.7, 10.0.0.0/8,:198.51.100.1:0900-1800\n");
	user = import.rows[0].user;
	assert_string_equal(import.rows[0].note, "");
	assert_int_equal(user->uid, 1000);
	assert_int_equal(user->gid, 1001);
	assert_string_equal(user->home_dir, "/srv/bob/./");
	assert_int_equal(user->upload_bandwidth, 20);
	assert_int_equal(user->download_bandwidth, 1);
	assert_int_equal(user->max_sessions, 3);
	assert_int_equal(user->quota_files, 100);
	assert_int_equal(user->quota_size, 1048576);
	assert_int_equal(user->filters.allowed_ip.count, 2);
	assert_string_equal(user->filters.allowed_ip.items[0], "192.0.2.7/32");
	assert_string_equal(user->filters.allowed_ip.items[1], "10.0.0.0/8");
	assert_int_equal(user->filters.denied_ip.count, 1);
	assert_string_equal(user->filters.denied_ip.items[0], "198.51.100.1/32");
	assert_int_equal(user->status, USER_ACTIVE);
	assert_int_equal(user->expiration_date, 0);
	assert_all(user);
	import_free(&import);
}

static void
test_pure_ftpd_refusals(void **state)
{
	static const struct {
		const char *line, *note;
	} rows[] = {
		{ "a::1:1::/a:::::::::::", "it has no password to log in with" },
		{ "a:plain:1:1::/a:::::::::::",
		    "its password hash is of a kind that cannot be checked" },
		{ ":" HASH ":1:1::/a:::::::::::", "the line names no account" },
		{ "a:" HASH ":-1:1::/a:::::::::::",
		    "the uid or gid is not a number from 0 to 2147483647" },
		{ "a:" HASH ":2147483648:1::/a:::::::::::",
		    "the uid or gid is not a number from 0 to 2147483647" },
		{ "a:" HASH ":1:1::/a:1k::::::::::",
		    "a bandwidth, limit or quota is not a number" },
		{ "a:" HASH ":1:1::/a:9223372036854775808::::::::::",
		    "a bandwidth, limit or quota is not a number" },
		{ "a:" HASH ":1:1::/a::::::::::nowhere::",
		    "Validation error: could not parse allowed IP/Mask \"nowhere/32\" : invalid "
		    "CIDR address: nowhere/32" },
		{ "a:" HASH ":1:1::home:::::::::::",
		    "Validation error: home_dir must be an absolute path, actual value: home" },
		{ "a:" HASH ":1:1::/\xff:::::::::::", "the line is not UTF-8 text" },
		{ "\xff:" HASH ":1:1::/a:::::::::::", "the line is not UTF-8 text" },
		{ "a:" HASH ":1:1::/a::::::::::\xff::", "the line is not UTF-8 text" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct import import = rows_of(import_pure_ftpd, rows[i].line);

		assert_int_equal(import.count, 1);
		assert_string_equal(import.rows[0].note, rows[i].note);
		assert_null(import.rows[0].user);
		import_free(&import);
	}
}

static void
test_proftpd(void **state)
{
	struct import import = rows_of(import_proftpd,
	    "bob:" HASH ":1000:1001:gecos:/srv/bob:/bin/false\n"
	    "cut:" HASH ":1000:1001:gecos:/srv/bob\n"
	    "bob:" HASH ":5:5::/srv/other:/bin/false\n");
	const struct user *user = import.rows[0].user;

	(void)state;
	assert_int_equal(import.count, 3);
	assert_string_equal(user->username, "bob");
	assert_string_equal(user->password, HASH);
	assert_string_equal(user->home_dir, "/srv/bob");
	assert_int_equal(user->uid, 1000);
	assert_int_equal(user->gid, 1001);
	assert_all(user);
	assert_string_equal(import.rows[1].note, "the line has fewer than 7 fields");
	assert_string_equal(import.rows[2].note, "an account before it has the same name");
	import_free(&import);
}

static void
test_dump(void **state)
{
	struct failure failure = { 0 };
	struct import import = { 0 };

	(void)state;
	assert_int_equal(
	    import_dump(view_of("{\"users\":[{\"username\":\"bob\",\"password\":\"plain\","
				"\"status\":1,\"home_dir\":\"/srv/bob\",\"permissions\":{\"/\":["
				"\"list\"]}},{\"username\":\"ann\",\"home_dir\":\"/srv/ann\"}]}"),
		&import, &failure),
	    0);
	assert_int_equal(import_choose(&import, &everything), 0);
	assert_int_equal(import.count, 2);
	assert_string_equal(import.rows[0].user->password, "plain");
	assert_string_equal(import.rows[1].note,
	    "Validation error: please set a password or at least a public_key");
	import_free(&import);
	assert_int_equal(import_dump(view_of("[]"), &import, &failure), ERR_FORMAT);
	assert_string_equal(failure.text, "a dump must be a JSON object");
	import_free(&import);
}

/* --- choosing --- */

static const char three[] = "a:" HASH ":10:1::/a:\nb:" HASH ":20:1::/b:\nc:" HASH ":30:1::/c:\n"
			    "d:::1::/d:\n";

static void
assert_chosen(struct import_choice choice, const char *names)
{
	struct import import = { 0 };
	char found[16] = "";

	assert_int_equal(import_proftpd(view_of(three), &import), 0);
	assert_int_equal(import_choose(&import, &choice), 0);
	for (size_t i = 0; i < import.count; i++)
		strcat(found, import.rows[i].name);
	assert_string_equal(found, names);
	import_free(&import);
}

static void
test_choice(void **state)
{
	struct import_choice choice = everything;
	struct import import = { 0 };

	(void)state;
	assert_chosen(choice, "abcd");
	choice.min_uid = 20;
	assert_chosen(choice, "bc");
	choice.max_uid = 20;
	assert_chosen(choice, "b");
	choice.min_uid = -1;
	assert_chosen(choice, "ab");
	choice.max_uid = 9;
	assert_chosen(choice, "");
	choice.max_uid = 20;
	assert_int_equal(text_list_add(&choice.usernames, "c"), 0);
	assert_int_equal(text_list_add(&choice.usernames, "a"), 0);
	assert_chosen(choice, "a");
	choice.max_uid = -1;
	assert_chosen(choice, "ac");
	/* Forcing comes after choosing. */
	choice.min_uid = 30;
	choice.force_uid = 7;
	choice.force_gid = 0;
	assert_int_equal(import_proftpd(view_of(three), &import), 0);
	assert_int_equal(import_choose(&import, &choice), 0);
	assert_int_equal(import.count, 1);
	assert_int_equal(import.rows[0].user->uid, 7);
	assert_int_equal(import.rows[0].user->gid, 0);
	import_free(&import);
	text_list_clear(&choice.usernames);
}

/* --- hostile files --- */

static void
test_limits(void **state)
{
	static const char start[] = "a:" HASH ":1:1:", end[] = ":/a:/bin/false\n";
	size_t n = IMPORT_LINE_MAX + 3;
	char *text = malloc(n);
	struct view line = { .p = (const uint8_t *)text, .n = IMPORT_LINE_MAX + 1 };
	struct import import = { 0 };

	(void)state;
	assert_non_null(text);
	for (unsigned beyond = 0; beyond < 2; beyond++) {
		size_t used = IMPORT_LINE_MAX + 1 + beyond;

		memset(text, 'g', n);
		memcpy(text, start, sizeof(start) - 1);
		memcpy(text + used - (sizeof(end) - 1), end, sizeof(end) - 1);
		line.n = used;
		assert_int_equal(import_proftpd(line, &import), 0);
		assert_int_equal(import.count, 1);
		assert_true((import.rows[0].user == NULL) == (beyond == 1));
		import_free(&import);
	}
	free(text);
	/* The length alone decides: not a byte of it is looked at. */
	line.n = (size_t)IMPORT_BYTES_MAX + 1;
	assert_int_equal(import_proftpd(line, &import), ERR_LIMIT);
	assert_int_equal(import_pure_ftpd(line, &import), ERR_LIMIT);
	assert_int_equal(import_unix(line, view_of(""), TODAY, &import), ERR_LIMIT);
	assert_int_equal(import_unix(view_of(""), line, TODAY, &import), ERR_LIMIT);
}

/* Whatever becomes of good lines, what is taken is possible and the rest has a reason. */
static void
assert_sound(struct view text)
{
	struct import imports[3] = { 0 };

	assert_int_equal(import_proftpd(text, &imports[0]), 0);
	assert_int_equal(import_pure_ftpd(text, &imports[1]), 0);
	assert_int_equal(import_unix(text, text, TODAY, &imports[2]), 0);
	for (size_t k = 0; k < 3; k++) {
		assert_int_equal(import_choose(&imports[k], &everything), 0);
		for (size_t i = 0; i < imports[k].count; i++) {
			const struct import_row *row = &imports[k].rows[i];

			if (row->user == NULL)
				assert_true(row->note[0] != '\0');
			else
				assert_true(password_is_hash(row->user->password));
		}
		import_free(&imports[k]);
	}
}

static void
test_changed_and_cut(void **state)
{
	static const char good[] =
	    "bob:" HASH ":1000:1001:g:/srv/b:20480:1025:1:5:3:9:1048576:::192.0.2.7:10.0.0.0/8:\n"
	    "ann:x:1000:1001:g:/srv/b:/bin/sh\n";
	uint8_t text[sizeof(good)];

	(void)state;
	assert_sound(view_of(good));
	each_cut(view_of(good), assert_sound);
	each_flip(view_of(good), assert_sound);
	memcpy(text, good, sizeof(good));
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		text[i] = 0;
		assert_sound((struct view){ .p = text, .n = sizeof(good) - 1 });
		text[i] = (uint8_t)good[i];
	}
}

/* A large file takes no more than sorting it does. */
static void
test_many(void **state)
{
	enum { MANY = 20000 };
	struct buf passwd = buf_init(IMPORT_BYTES_MAX), shadow = buf_init(IMPORT_BYTES_MAX);
	struct import import = { 0 };

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		buf_printf(&passwd, "user%u:x:%u:1::/home/user%u:/bin/sh\n", i, i, i);
		buf_printf(&shadow, "user%u:$6$salt$%u:1:0:99999:7:::\n", MANY - 1 - i, i);
	}
	assert_int_equal(import_unix(buf_view(&passwd), buf_view(&shadow), TODAY, &import), 0);
	assert_int_equal(import_choose(&import, &everything), 0);
	assert_int_equal(import.count, MANY);
	assert_string_equal(import.rows[1].user->password, "$6$salt$19998");
	import_free(&import);
	buf_free(&passwd);
	buf_free(&shadow);
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
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_unix_passwords),
		cmocka_unit_test(test_unix_dates),
		cmocka_unit_test(test_pure_ftpd),
		cmocka_unit_test(test_pure_ftpd_refusals),
		cmocka_unit_test(test_proftpd),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_changed_and_cut),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
