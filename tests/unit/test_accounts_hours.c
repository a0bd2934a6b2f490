/* Allowed hours: the windows at their first and last minute, their words, JSON and copies. */
#include "accounts/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SUNDAY, MONDAY, TUESDAY, SATURDAY = 6 };

static struct user *
user_with(const char *access_time)
{
	struct failure failure = { 0 };
	struct user *user;
	char json[1024];

	snprintf(json, sizeof(json), "{\"status\":1,\"username\":\"bob\",\"password\":\"$6$x$y\","
	    "\"home_dir\":\"/srv/bob\",\"permissions\":{\"/\":[\"*\"]},"
	    "\"filters\":{\"access_time\":%s}}", access_time);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, view_of(json), &failure), 0);
	return user;
}

static bool
allows(const char *access_time, int day, int hour, int minute)
{
	struct user *user = user_with(access_time);
	bool is_allowed = access_time_allows(&user->filters.access_time,
	    (struct local_minute){ .day_of_week = day, .minute = hour * 60 + minute });

	user_free(&user);
	return is_allowed;
}

static void
windows_at_their_edges(void **state)
{
	static const char office[] = "[{\"day_of_week\":1,\"from\":\"08:00\",\"to\":\"17:59\"},"
				     "{\"day_of_week\":2,\"from\":\"00:00\",\"to\":\"23:59\"},"
				     "{\"day_of_week\":6,\"from\":\"12:30\",\"to\":\"12:30\"}]";
	(void)state;

	assert_false(allows(office, MONDAY, 7, 59));
	assert_true(allows(office, MONDAY, 8, 0));
	assert_true(allows(office, MONDAY, 17, 59));
	assert_false(allows(office, MONDAY, 18, 0));
	assert_false(allows(office, MONDAY, 23, 59));
	assert_true(allows(office, TUESDAY, 0, 0));
	assert_true(allows(office, TUESDAY, 23, 59));
	assert_false(allows(office, SUNDAY, 8, 0));
	assert_false(allows(office, SATURDAY, 12, 29));
	assert_true(allows(office, SATURDAY, 12, 30));
	assert_false(allows(office, SATURDAY, 12, 31));
	assert_true(allows("[]", SUNDAY, 3, 0));
}

/* What cannot be read, because a database was written by hand, lets nobody in. */
static void
a_broken_window_is_none(void **state)
{
	(void)state;
	assert_false(allows("[{\"day_of_week\":1,\"from\":\"x\",\"to\":\"23:59\"}]", MONDAY, 12, 0));
	assert_false(allows("[{\"day_of_week\":1,\"from\":\"00:00\",\"to\":\"24:00\"}]", MONDAY, 12, 0));
	assert_false(allows("[{\"day_of_week\":9,\"from\":\"00:00\",\"to\":\"23:59\"}]", MONDAY, 12, 0));
}

static void
refuses(const char *access_time, const char *text)
{
	struct user *user = user_with(access_time);
	struct failure failure = { 0 };
	char expected[256];

	snprintf(expected, sizeof(expected), "Validation error: %s", text);
	assert_int_equal(user_validate(user, &(struct user_rules){ 0 }, &failure), ERR_INVALID);
	assert_string_equal(failure.text, expected);
	user_free(&user);
}

#define WINDOW(day, from, to) \
	"[{\"day_of_week\":" day ",\"from\":\"" from "\",\"to\":\"" to "\"}]"

static void
rules(void **state)
{
	struct user *user = user_with(WINDOW("0", "00:00", "00:00"));
	struct failure failure = { 0 };
	(void)state;

	assert_int_equal(user_validate(user, &(struct user_rules){ 0 }, &failure), 0);
	user_free(&user);
	user = user_with(WINDOW("6", "23:59", "23:59"));
	assert_int_equal(user_validate(user, &(struct user_rules){ 0 }, &failure), 0);
	user_free(&user);
	refuses(WINDOW("-1", "08:00", "09:00"),
	    "invalid day_of_week in access_time: -1, it is 0 (Sunday) to 6");
	refuses(WINDOW("7", "08:00", "09:00"),
	    "invalid day_of_week in access_time: 7, it is 0 (Sunday) to 6");
	refuses(WINDOW("1", "24:00", "24:01"),
	    "invalid time in access_time: \"24:00\", it is 00:00 to 23:59");
	refuses(WINDOW("1", "08:00", "08:60"),
	    "invalid time in access_time: \"08:60\", it is 00:00 to 23:59");
	refuses(WINDOW("1", "8:00", "09:00"),
	    "invalid time in access_time: \"8:00\", it is 00:00 to 23:59");
	refuses(WINDOW("1", "08:00", "09:000"),
	    "invalid time in access_time: \"09:000\", it is 00:00 to 23:59");
	refuses(WINDOW("1", "08.00", "09:00"),
	    "invalid time in access_time: \"08.00\", it is 00:00 to 23:59");
	refuses(WINDOW("1", "22:00", "06:00"),
	    "invalid access_time: \"22:00\" is after \"06:00\"; give a night as two windows");
}

static int
read_list(size_t windows, struct failure *failure)
{
	json_t *list = json_array();
	struct access_time times = { 0 };
	int err;

	for (size_t i = 0; i < windows; i++)
		json_array_append_new(list, json_pack("{s:i,s:s,s:s}", "day_of_week", 1, "from",
		    "00:00", "to", "00:01"));
	err = access_time_read(&times, list, failure);
	access_time_clear(&times);
	json_decref(list);
	return err;
}

static void
json(void **state)
{
	static const char *const wrong[] = { "5", "{}", "[5]", "[{}]",
		"[{\"day_of_week\":\"1\",\"from\":\"08:00\",\"to\":\"09:00\"}]",
		"[{\"day_of_week\":1,\"from\":8,\"to\":\"09:00\"}]",
		"[{\"day_of_week\":1,\"from\":\"08:00\"}]" };
	struct user *user = user_with(WINDOW("1", "08:00", "09:00")), *copy;
	struct failure failure = { 0 };
	struct access_time times = { 0 };
	char *text;
	json_t *value;
	(void)state;

	assert_int_equal(user_copy(user, &copy), 0);
	user_free(&user);
	value = access_time_write(&copy->filters.access_time);
	text = json_dumps(value, JSON_COMPACT);
	assert_string_equal(text, WINDOW("1", "08:00", "09:00"));
	free(text);
	json_decref(value);
	user_free(&copy);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		value = json_loads(wrong[i], JSON_DECODE_ANY, NULL);
		assert_int_equal(access_time_read(&times, value, &failure), ERR_FORMAT);
		access_time_clear(&times);
		json_decref(value);
	}
	assert_int_equal(read_list(ACCESS_TIME_MAX, &failure), 0);
	assert_int_equal(read_list(ACCESS_TIME_MAX + 1, &failure), ERR_LIMIT);
}

/* The zone is the process's own; 2026-02-05 was a Thursday. */
static void
local_time(void **state)
{
	const int64_t noon_utc = INT64_C(1770292800000);
	struct local_minute now;
	(void)state;

	setenv("TZ", "UTC0", 1);
	tzset();
	now = local_minute_of(noon_utc);
	assert_int_equal(now.day_of_week, 4);
	assert_int_equal(now.minute, 12 * 60);
	now = local_minute_of(noon_utc - 1);
	assert_int_equal(now.minute, 11 * 60 + 59);
	setenv("TZ", "ABC-12:30", 1);
	tzset();
	now = local_minute_of(noon_utc);
	assert_int_equal(now.day_of_week, 5);
	assert_int_equal(now.minute, 30);
}

static void
at_login(void **state)
{
	struct user *user = user_with(WINDOW("4", "12:00", "12:59"));
	struct address address;
	struct login_facts facts = { .username = "bob", .user = user, .credential_good = true,
		.method = "publickey", .address = &address };
	struct buf text = buf_init(256);
	(void)state;

	setenv("TZ", "UTC0", 1);
	tzset();
	assert_int_equal(address_parse("192.0.2.1", &address), 0);
	facts.now_ms = INT64_C(1770292800000);
	assert_int_equal(login_decide(&facts), LOGIN_ALLOWED);
	facts.now_ms += 3600 * 1000 - 1;
	assert_int_equal(login_decide(&facts), LOGIN_ALLOWED);
	facts.now_ms++;
	assert_int_equal(login_decide(&facts), LOGIN_TIME_DENIED);
	login_text(LOGIN_TIME_DENIED, &facts, &text);
	assert_true(view_is(buf_view(&text), "user \"bob\" may not log in at this hour"));
	buf_free(&text);
	user_free(&user);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_at_their_edges),
		cmocka_unit_test(a_broken_window_is_none),
		cmocka_unit_test(rules),
		cmocka_unit_test(json),
		cmocka_unit_test(local_time),
		cmocka_unit_test(at_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
