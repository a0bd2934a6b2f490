/* What the commands share: numbers and dates, tables, keys, passwords, options of accounts. */
#include "accounts/accounts.h"
#include "base/fd.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/number.h"
#include "cli/password.h"
#include "cli/table.h"
#include "cli/user_options.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_MAX = 1024 * 1024 };

static char directory[] = "/tmp/postern-test-cli-XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		long long value;
	} cases[] = { { "0", true, 0 }, { "100", true, 100 }, { "0x10", true, 16 },
		{ "010", true, 8 }, { "+5", true, 5 }, { "101", false, 0 }, { "-1", false, 0 },
		{ "", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "x", false, 0 },
		{ "99999999999999999999", false, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		long long value = -1;

		assert_int_equal(cli_number("c", "o", cases[i].text, 0, 100, &value),
		    cases[i].good);
		if (cases[i].good)
			assert_int_equal(value, cases[i].value);
	}
}

static void
test_truths(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", "" };
	bool value;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_true(cli_bool("c", "o", yes[i], &value) && value);
	for (size_t i = 0; i < 7; i++)
		assert_true(cli_bool("c", "o", no[i], &value) && !value);
	assert_false(cli_bool("c", "o", "yes", &value));
}

static void
test_dates(void **state)
{
	long long ms;

	(void)state;
	assert_true(cli_date("c", "o", "never", &ms) && ms == 0);
	assert_true(cli_date("c", "o", "0", &ms) && ms == 0);
	assert_true(cli_date("c", "o", "1580897472345", &ms) && ms == 1580897472345);
	assert_true(cli_date("c", "o", "2020-02-05", &ms) && ms == 1580860800000);
	assert_true(cli_date("c", "o", "2020-02-05 10:11:12", &ms) && ms == 1580897472000);
	assert_true(cli_date("c", "o", "2020-02-05T10:11:12", &ms) && ms == 1580897472000);
	assert_true(cli_duration("c", "o", "1s", &ms) && ms == 1);
	assert_true(cli_duration("c", "o", "90m", &ms) && ms == 5400);
	assert_true(cli_duration("c", "o", "12h", &ms) && ms == 43200);
	assert_true(cli_duration("c", "o", "3650d", &ms) && ms == 315360000);
	assert_false(cli_duration("c", "o", "3651d", &ms));
	assert_false(cli_duration("c", "o", "0s", &ms));
	assert_false(cli_duration("c", "o", "-1s", &ms));
	assert_false(cli_duration("c", "o", "5", &ms));
	assert_false(cli_duration("c", "o", "5w", &ms));
	assert_false(cli_duration("c", "o", "m", &ms));
	assert_false(cli_duration("c", "o", "", &ms));
	assert_false(cli_date("c", "o", "2020-13-01", &ms));
	assert_false(cli_date("c", "o", "2020-02-05x", &ms));
	assert_false(cli_date("c", "o", "-1", &ms));
	assert_false(cli_date("c", "o", "", &ms));
}

/* ---- tables */

static void
test_table(void **state)
{
	struct buf content = buf_init(TEXT_MAX);
	struct table *table = table_new(3);
	int saved = dup(STDOUT_FILENO), fd = open("table", O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)state;
	table_row(table, "A", "LONGER", "LAST");
	/* A name may hold what a terminal obeys; a character of two bytes is one column wide. */
	table_row(table, "\xc3\xa4\xc3\xb6", "\x1b[31m\n", "x");
	table_row(table, "\xff\xc2\x9b", "", "");
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	table_print(&table);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_null(table);
	assert_int_equal(fd_read_file("table", &content), 0);
	buf_u8(&content, 0);
	assert_string_equal((char *)content.p, "A    LONGER  LAST\n"
					       "\xc3\xa4\xc3\xb6   ?[31m?  x\n"
					       "???          \n");
	buf_free(&content);
}

/* ---- keys and passwords */

static void
expect_key(const char *file_content, const char *wanted)
{
	char *key;

	assert_int_equal(fd_write_file("key", 0600, view_of(file_content)), 0);
	key = cli_read_key("key");
	if (wanted == NULL)
		assert_null(key);
	else
		assert_string_equal(key, wanted);
	free(key);
}

static void
test_keys(void **state)
{
	char *key = cli_read_key("ssh-ed25519 AAAA me");

	(void)state;
	assert_string_equal(key, "ssh-ed25519 AAAA me");
	free(key);
	expect_key("ssh-rsa BBBB\n", "ssh-rsa BBBB");
	expect_key("# mine\n\nssh-rsa BBBB x \r\nssh-rsa CCCC\n", "ssh-rsa BBBB x");
	expect_key("ssh-rsa BBBB", "ssh-rsa BBBB");
	expect_key("", NULL);
	expect_key("# nothing\n", NULL);
	expect_key("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", NULL);
	assert_null(cli_read_key("not-there.pub"));
	assert_null(cli_read_key("."));
}

static void
expect_password(const char *file_content, size_t n, const char *wanted)
{
	char *password;

	assert_int_equal(fd_write_file("password", 0600,
	    (struct view){ .p = (const uint8_t *)file_content, .n = n }), 0);
	password = password_read("password");
	if (wanted == NULL)
		assert_null(password);
	else
		assert_string_equal(password, wanted);
	secret_free_str(password);
}

static void
test_passwords(void **state)
{
	char longest[PASSWORD_BYTES_MAX + 3];

	(void)state;
	expect_password("pw\nnext\n", 8, "pw");
	expect_password("pw", 2, "pw");
	expect_password(" p w \r\n", 7, " p w ");
	expect_password("", 0, NULL);
	expect_password("\n", 1, NULL);
	memset(longest, 'x', sizeof(longest));
	longest[PASSWORD_BYTES_MAX] = '\n';
	longest[PASSWORD_BYTES_MAX + 1] = '\0';
	assert_int_equal(fd_write_file("password", 0600, view_of(longest)), 0);
	longest[PASSWORD_BYTES_MAX] = '\0';
	expect_password(longest, PASSWORD_BYTES_MAX, longest);
	memset(longest, 'x', sizeof(longest));
	expect_password(longest, PASSWORD_BYTES_MAX + 1, NULL);
	assert_null(password_read("not-there"));
}

/* ---- options of accounts */

/* Runs the options through getopt_long() as the command does; the JSON or NULL. */
static char *
take(char **argv)
{
	struct user_options options;
	int argc = 0, option, status = CLI_DONE;
	char *text = NULL;

	while (argv[argc] != NULL)
		argc++;
	assert_int_equal(user_options_init(&options), 0);
	optind = 0;
	while (status == CLI_DONE &&
	    (option = getopt_long(argc, argv, CLI_COMMON_SHORT, user_options_long, NULL)) != -1)
		status = user_options_take(&options, "test", option);
	if (status == CLI_DONE)
		text = json_dumps(options.user, JSON_COMPACT | JSON_SORT_KEYS);
	user_options_free(&options);
	return text;
}

#define TAKE(...) take((char *[]){ (char *)"test", __VA_ARGS__, NULL })
#define ARG(text) (char *)(text)

static void
expect_json(char *text, const char *wanted)
{
	if (wanted == NULL)
		assert_null(text);
	else
		assert_string_equal(text, wanted);
	free(text);
}

static void
test_user_options(void **state)
{
	(void)state;
	expect_json(TAKE(ARG("--home"), ARG("/srv/x")), "{\"home_dir\":\"/srv/x\"}");
	expect_json(TAKE(ARG("--key"), ARG("a b"), ARG("--key"), ARG("c d")),
	    "{\"public_keys\":[\"a b\",\"c d\"]}");
	expect_json(TAKE(ARG("--permissions"), ARG("list,download"), ARG("--permission"),
	    ARG("/a:b:upload")), "{\"permissions\":{\"/\":[\"list\",\"download\"],"
				 "\"/a:b\":[\"upload\"]}}");
	expect_json(TAKE(ARG("--permission"), ARG("/a")), NULL);
	expect_json(TAKE(ARG("--permission"), ARG(":list")), NULL);
	expect_json(TAKE(ARG("--expiration-date"), ARG("2020-02-05")),
	    "{\"expiration_date\":1580860800000}");
	expect_json(TAKE(ARG("--expiration-date"), ARG("soon")), NULL);
	expect_json(TAKE(ARG("--access-time"), ARG("1/08:00-17:59,6/09:00-12:00"),
		ARG("--idle-timeout"), ARG("-1")),
	    "{\"filters\":{\"access_time\":["
	    "{\"day_of_week\":1,\"from\":\"08:00\",\"to\":\"17:59\"},"
	    "{\"day_of_week\":6,\"from\":\"09:00\",\"to\":\"12:00\"}],\"idle_timeout\":-1}}");
	expect_json(TAKE(ARG("--access-time"), ARG("1/08:00")), NULL);
	expect_json(TAKE(ARG("--access-time"), ARG("x/08:00-09:00")), NULL);
	expect_json(TAKE(ARG("--access-time"), ARG("08:00-09:00")), NULL);
	expect_json(TAKE(ARG("--access-time"), ARG("1/08:00-09:00,")), NULL);
	expect_json(TAKE(ARG("--access-time"), ARG("")), "{\"filters\":{\"access_time\":[]}}");
	expect_json(TAKE(ARG("--allowed-ip"), ARG("192.0.2.0/24,::/0"), ARG("--denied-ip"),
	    ARG("")),
	    "{\"filters\":{\"allowed_ip\":[\"192.0.2.0/24\",\"::/0\"],\"denied_ip\":[]}}");
	expect_json(TAKE(ARG("--home"), ARG("/\xff")), NULL);
	expect_json(TAKE(ARG("--nope")), NULL);
}

/* Each name of a number writes its own member: the two tables have the same order. */
static void
test_user_numbers(void **state)
{
	static const struct {
		const char *option, *wanted;
	} cases[] = {
		{ "--status=1", "{\"status\":1}" },
		{ "--uid=1", "{\"uid\":1}" },
		{ "--gid=1", "{\"gid\":1}" },
		{ "--max-sessions=1", "{\"max_sessions\":1}" },
		{ "--quota-size=9223372036854775807", "{\"quota_size\":9223372036854775807}" },
		{ "--quota-files=1", "{\"quota_files\":1}" },
		{ "--upload-bandwidth=1", "{\"upload_bandwidth\":1}" },
		{ "--download-bandwidth=1", "{\"download_bandwidth\":1}" },
		{ "--status=2", NULL },
		{ "--uid=-1", NULL },
		{ "--uid=2147483648", NULL },
		{ "--quota-size=9223372036854775808", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_json(TAKE(ARG(cases[i].option)), cases[i].wanted);
}

static void
test_user_json(void **state)
{
	(void)state;
	assert_int_equal(fd_write_file("user.json", 0600,
	    view_of("{\"uid\":5,\"status\":0,\"filters\":{}}")), 0);
	/* Options win, wherever they stand. */
	expect_json(TAKE(ARG("--status=1"), ARG("--from-json"), ARG("user.json")),
	    "{\"filters\":{},\"status\":1,\"uid\":5}");
	expect_json(TAKE(ARG("--from-json"), ARG("user.json"), ARG("--status=1")),
	    "{\"filters\":{},\"status\":1,\"uid\":5}");
	assert_int_equal(fd_write_file("user.json", 0600, view_of("[]")), 0);
	expect_json(TAKE(ARG("--from-json"), ARG("user.json")), NULL);
	assert_int_equal(fd_write_file("user.json", 0600, view_of("{")), 0);
	expect_json(TAKE(ARG("--from-json"), ARG("user.json")), NULL);
	expect_json(TAKE(ARG("--from-json"), ARG("not-there")), NULL);
}

static void
test_relative_home(void **state)
{
	char wanted[100];

	(void)state;
	snprintf(wanted, sizeof(wanted), "{\"home_dir\":\"%s/bob\"}", directory);
	expect_json(TAKE(ARG("--home"), ARG("bob")), wanted);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_truths),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_user_options),
		cmocka_unit_test(test_user_numbers),
		cmocka_unit_test(test_user_json),
		cmocka_unit_test(test_relative_home),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
