/* Bans through the control socket: each answer there is. */
#include "control_harness.h"

static json_t *
ban_body(const char *network, long long seconds)
{
	json_t *body = json_pack("{s:s}", "network", network);

	if (seconds != 0)
		json_object_set_new(body, "seconds", json_integer(seconds));
	return body;
}

static void
expect(struct server *server, const char *verb, json_t *body, int status, const char *message)
{
	json_t *answer = ask_whole(server, "ban", verb, body);
	const char *told = json_string_value(json_object_get(answer, "message"));

	assert_int_equal(json_integer_value(json_object_get(answer, "status")), status);
	assert_string_equal(told, message);
	json_decref(answer);
}

static void
test_bans(void **state)
{
	struct server *server = start_server(0);
	const long long most = 10LL * 365 * 86400;
	json_t *list = NULL;

	(void)state;
	assert_int_equal(ask(server, "ban", "list", json_object(), &list), 200);
	assert_true(json_is_array(list));
	json_decref(list);
	expect(server, "add", ban_body("192.0.2.9", 90), 200, "Banned");
	assert_int_equal(server->banned_ms, 90000);
	expect(server, "add", ban_body("192.0.2.9", 0), 200, "Banned");
	assert_int_equal(server->banned_ms, 0);
	expect(server, "add", ban_body("2001:db8::/32", most), 200, "Banned");
	expect(server, "add", ban_body("192.0.2.9", most + 1), 400,
	    "Invalid seconds: give 1 to 315360000, or 0 for a ban without end");
	expect(server, "add", ban_body("192.0.2.9", -1), 400,
	    "Invalid seconds: give 1 to 315360000, or 0 for a ban without end");
	expect(server, "add", json_object(), 400, "the request needs a text \"network\"");
	expect(server, "add", ban_body("192.0.2.0/33", 0), 400,
	    "\"192.0.2.0/33\" is not an IP address or a range in CIDR form");
	expect(server, "add", ban_body("192.0.2.1", 0), 409,
	    "192.0.2.1 is in bans.allow_list, which is never banned");
	expect(server, "add", ban_body("192.0.2.2", 0), 507,
	    "there are too many bans by hand; use bans.block_list");
	expect(server, "remove", ban_body("192.0.2.7", 0), 200, "Ban lifted");
	expect(server, "remove", ban_body("192.0.2.8", 0), 404, "192.0.2.8 is not banned");
	expect(server, "remove", ban_body("nobody", 0), 400,
	    "\"nobody\" is not an IP address or a range in CIDR form");
	stop_server(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bans),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
