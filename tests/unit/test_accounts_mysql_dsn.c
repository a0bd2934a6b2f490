/* Connection strings for MySQL, as Go's driver takes them. */
#include "accounts/mysql_dsn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
strings_are_taken_apart(void **state)
{
	static const struct {
		const char *text, *username, *password, *host, *socket, *database;
		int port, tls, connect, read, write;
	} cases[] = {
		{ "user:pwd@tcp([::1]:3307)/name?charset=utf8&interpolateParams=true&timeout=10s&"
		  "tls=true&writeTimeout=500ms&readTimeout=2m",
		    "user", "pwd", "::1", "", "name", 3307, MYSQL_TLS_VERIFIED, 10, 120, 1 },
		{ "u:p@tcp([db.example]:3306)/n?tls=false", "u", "p", "db.example", "", "n", 3306,
		    MYSQL_TLS_OFF, 0, 0, 0 },
		{ "u:p@tcp(10.0.0.1)/n?tls=skip-verify", "u", "p", "10.0.0.1", "", "n", 3306,
		    MYSQL_TLS_UNVERIFIED, 0, 0, 0 },
		{ "u@unix(/run/my.sock)/n?tls=preferred", "u", "", "", "/run/my.sock", "n", 3306,
		    MYSQL_TLS_PREFERRED, 0, 0, 0 },
		{ "u:a:b@c/d@tcp/n", "u", "a:b@c/d", "", "", "n", 3306, MYSQL_TLS_OFF, 0, 0, 0 },
		{ "/", "", "", "", "", "", 3306, MYSQL_TLS_OFF, 0, 0, 0 },
		{ "@/n?", "", "", "", "", "n", 3306, MYSQL_TLS_OFF, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };
		struct mysql_dsn dsn;

		if (mysql_dsn_parse(cases[i].text, &dsn, &failure) != 0)
			fail_msg("%s: %s", cases[i].text, failure.text);
		assert_string_equal(dsn.username, cases[i].username);
		assert_string_equal(dsn.password, cases[i].password);
		assert_string_equal(dsn.host, cases[i].host);
		assert_string_equal(dsn.socket, cases[i].socket);
		assert_string_equal(dsn.database, cases[i].database);
		assert_int_equal(dsn.port, cases[i].port);
		assert_int_equal(dsn.tls, cases[i].tls);
		assert_int_equal(dsn.connect_seconds, cases[i].connect);
		assert_int_equal(dsn.read_seconds, cases[i].read);
		assert_int_equal(dsn.write_seconds, cases[i].write);
		mysql_dsn_free(&dsn);
	}
}

static void
what_is_wrong_is_told_without_the_password(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "", "there is no /" },
		{ "hush@tcp(h)", "there is no /" },
		{ "u:hush@tcp(h/n", "there must be a )" },
		{ "u:hush@tcp(/n", "there must be a )" },
		{ "u:hush@udp(h)/n", "only \"tcp\"" },
		{ "u:hush@unix/n", "only \"tcp\"" },
		{ "u:hush@tcp([::1)/n", "has no ]" },
		{ "u:hush@tcp([::1]3306)/n", "the port is not" },
		{ "u:hush@tcp(h:65536)/n", "the port is not" },
		{ "u:hush@tcp(h:)/n", "the port is not" },
		{ "u:hush@tcp(h:1x)/n", "the port is not" },
		{ "u:hush@tcp(h)/n?tls=custom", "the parameter \"tls\"" },
		{ "u:hush@tcp(h)/n?timeout=10", "the parameter \"timeout\"" },
		{ "u:hush@tcp(h)/n?timeout=s", "the parameter \"timeout\"" },
		{ "u:hush@tcp(h)/n?sql_mode=x", "the parameter \"sql_mode\"" },
		{ "u:hush@tcp(h)/n?x", "the parameter \"x\"" },
		{ "u:hush@tcp(h)/n?&", "the parameter \"\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };
		struct mysql_dsn dsn;

		assert_int_equal(mysql_dsn_parse(cases[i].text, &dsn, &failure), ERR_INVALID);
		if (strstr(failure.text, cases[i].wanted) == NULL)
			fail_msg("%s: %s", cases[i].text, failure.text);
		assert_null(strstr(failure.text, "hush"));
		mysql_dsn_free(&dsn);
	}
}

static void
every_truncation_and_flip_is_survived(void **state)
{
	static const char whole[] = "u:p@tcp([::1]:3307)/n?tls=true&timeout=10s";
	char text[sizeof(whole)];
	struct mysql_dsn dsn;

	(void)state;
	for (size_t i = 0; i < sizeof(whole); i++) {
		memcpy(text, whole, sizeof(whole));
		text[i] = '\0';
		(void)!mysql_dsn_parse(text, &dsn, NULL);
		mysql_dsn_free(&dsn);
	}
	for (size_t i = 0; i < 8 * (sizeof(whole) - 1); i++) {
		memcpy(text, whole, sizeof(whole));
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		(void)!mysql_dsn_parse(text, &dsn, NULL);
		mysql_dsn_free(&dsn);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_taken_apart),
		cmocka_unit_test(what_is_wrong_is_told_without_the_password),
		cmocka_unit_test(every_truncation_and_flip_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
