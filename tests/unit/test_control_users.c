/* The control API's accounts and sessions: what each request does, and every refusal. */
#include "control_harness.h"

#include "accounts/provider_ops.h"

#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti"
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHTrBhbuRbs7IsnKaVb6+BfYr5vSzVBbl+2OAwXRaqTu"

/* ---- accounts */

static void
test_life_of_an_account(void **state)
{
	struct server *server = start_server(0);
	struct failure failure;
	struct user *stored;
	json_t *body;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), &body), 200);
	assert_string_equal(json_string_value(json_object_get(body, "username")), "bob");
	assert_null(json_object_get(body, "password"));
	json_decref(body);
	assert_int_equal(server->changed, 1);

	assert_int_equal(ask(server, "user", "list", json_object(), &body), 200);
	assert_int_equal(json_array_size(body), 1);
	json_decref(body);

	assert_int_equal(ask(server, "user", "update", json_pack("{s:s, s:{s:i}}", "username",
	    "bob",
	    "changes", "uid", 7), &body), 200);
	assert_int_equal(json_integer_value(json_object_get(body, "uid")), 7);
	assert_string_equal(json_string_value(json_object_get(body, "home_dir")), "/srv/x");
	json_decref(body);

	for (int i = 0; i < 2; i++) /* the second time changes nothing */
		assert_int_equal(ask(server, "user", "authorize-key", json_pack("{s:s, s:s}",
		    "username", "bob", "key", KEY_A), NULL), 200);
	assert_int_equal(ask(server, "user", "show", name_body("bob"), &body), 200);
	assert_int_equal(json_array_size(json_object_get(body, "public_keys")), 1);
	json_decref(body);

	assert_int_equal(ask(server, "user", "passwd", json_pack("{s:s, s:s}", "username", "bob",
	    "password", "new"), NULL), 200);
	assert_int_equal(provider_find(server->provider, "bob", &stored, &failure), 0);
	assert_int_equal(password_check(stored->password, view_of("new")), PASSWORD_RIGHT);
	assert_int_equal(password_check(stored->password, view_of("pw")), PASSWORD_WRONG);
	user_free(&stored);
	assert_int_equal(server->changed, 5);

	assert_int_equal(ask(server, "user", "delete", name_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "user", "show", name_body("bob"), NULL), 404);
	assert_int_equal(server->changed, 6);
	stop_server(server);
}

static void
test_refusals(void **state)
{
	struct server *server = start_server(0);

	(void)state;
	assert_int_equal(ask(server, "user", "add", json_object(), NULL), 400);
	assert_int_equal(ask(server, "user", "add", json_pack("{s:i}", "username", 7), NULL), 400);
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 500);
	assert_int_equal(ask(server, "user", "show", json_object(), NULL), 400);
	assert_int_equal(ask(server, "user", "show", name_body(""), NULL), 400);
	assert_int_equal(ask(server, "user", "show", json_pack("{s:s#}", "username", "bo\0b", 4),
	    NULL), 400);
	assert_int_equal(ask(server, "user", "show", name_body("alice"), NULL), 404);
	assert_int_equal(ask(server, "user", "delete", name_body("alice"), NULL), 404);
	assert_int_equal(ask(server, "user", "passwd", name_body("bob"), NULL), 400);
	assert_int_equal(ask(server, "user", "passwd", json_pack("{s:s, s:s}", "username", "bob",
	    "password", ""), NULL), 400);
	assert_int_equal(ask(server, "user", "authorize-key", name_body("bob"), NULL), 400);
	assert_int_equal(ask(server, "user", "authorize-key", json_pack("{s:s, s:s}", "username",
	    "bob", "key", "no key"), NULL), 400);
	assert_int_equal(ask(server, "user", "update", name_body("bob"), NULL), 400);
	assert_int_equal(ask(server, "user", "update", json_pack("{s:s, s:{s:s}}", "username",
	    "bob",
	    "changes", "username", "eve"), NULL), 500);
	assert_int_equal(ask(server, "user", "update", json_pack("{s:s, s:{s:i}}", "username",
	    "bob",
	    "changes", "status", 2), NULL), 400);
	assert_int_equal(ask(server, "user", "fly", json_object(), NULL), 404);
	assert_int_equal(ask(server, "moon", "list", json_object(), NULL), 404);
	assert_int_equal(server->changed, 1);
	stop_server(server);
}

static void
test_pages(void **state)
{
	static const struct {
		const char *query;
		int status, count;
		const char *message; /* or the first username */
	} cases[] = {
		{ "{}", 200, 3, "alice" }, { "{\"limit\":2}", 200, 2, "alice" },
		{ "{\"limit\":0}", 200, 0, NULL }, { "{\"limit\":-1}", 200, 0, NULL },
		{ "{\"limit\":500,\"offset\":2}", 200, 1, "carol" },
		{ "{\"limit\":501}", 200, 3, "alice" }, { "{\"offset\":3}", 200, 0, NULL },
		{ "{\"offset\":-1}", 200, 3, "alice" }, { "{\"limit\":\"1\"}", 200, 1, "alice" },
		{ "{\"offset\":\"+1\"}", 200, 2, "bob" },
		{ "{\"order\":\"DESC\"}", 200, 3, "carol" },
		{ "{\"order\":\"DESC\",\"limit\":1,\"offset\":1}", 200, 1, "bob" },
		{ "{\"username\":\"bob\"}", 200, 1, "bob" }, { "{\"username\":\"Bob\"}", 200, 0, NULL },
		{ "{\"username\":\"\"}", 200, 3, "alice" },
		{ "{\"search\":\"AR\"}", 200, 1, "carol" }, { "{\"search\":\"\"}", 200, 3, "alice" },
		{ "{\"search\":\"%\"}", 200, 0, NULL },
		{ "{\"search\":\"o\",\"order\":\"DESC\"}", 200, 2, "carol" },
		{ "{\"search\":\"o\",\"offset\":1}", 200, 1, "carol" },
		{ "{\"limit\":\"\"}", 400, 0, "Invalid limit" },
		{ "{\"limit\":\" 1\"}", 400, 0, "Invalid limit" },
		{ "{\"limit\":\"1x\"}", 400, 0, "Invalid limit" },
		{ "{\"limit\":1.5}", 400, 0, "Invalid limit" },
		{ "{\"limit\":\"9223372036854775808\"}", 400, 0, "Invalid limit" },
		{ "{\"offset\":null}", 400, 0, "Invalid offset" },
		{ "{\"order\":\"desc\"}", 400, 0, "Invalid order" },
		{ "{\"order\":\"\"}", 400, 0, "Invalid order" },
		{ "{\"order\":1}", 400, 0, "Invalid order" },
		{ "{\"username\":1}", 400, 0, "Invalid username" },
		{ "{\"search\":[]}", 400, 0, "Invalid search" },
	};
	struct server *server = start_server(0);

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("carol"), NULL), 200);
	assert_int_equal(ask(server, "user", "add", user_body("alice"), NULL), 200);
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer = ask_whole(server, "user", "list",
		    json_loads(cases[i].query, 0, NULL));
		json_t *body = json_object_get(answer, "body");
		const char *text = json_string_value(json_object_get(answer, "message"));

		assert_int_equal(json_integer_value(json_object_get(answer, "status")),
		    cases[i].status);
		assert_int_equal(json_array_size(body), cases[i].count);
		if (cases[i].count > 0)
			text = json_string_value(json_object_get(json_array_get(body, 0),
			    "username"));
		if (cases[i].message != NULL)
			assert_string_equal(text, cases[i].message);
		json_decref(answer);
	}
	stop_server(server);
}

/* By id as by name; and an update merges as PUT of the contract does. */
static void
test_by_id(void **state)
{
	struct server *server = start_server(0);
	json_t *body, *answer;
	json_int_t id;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), &body), 200);
	id = json_integer_value(json_object_get(body, "id"));
	json_decref(body);
	assert_int_equal(ask(server, "user", "show", json_pack("{s:I}", "id", id), &body), 200);
	assert_string_equal(json_string_value(json_object_get(body, "username")), "bob");
	json_decref(body);
	assert_int_equal(ask(server, "user", "show", json_pack("{s:s}", "id", "1"), NULL), 200);
	assert_int_equal(ask(server, "user", "show", json_pack("{s:i}", "id", 77), NULL), 404);
	answer = ask_whole(server, "user", "show", json_pack("{s:s}", "id", "one"));
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 400);
	assert_string_equal(json_string_value(json_object_get(answer, "message")),
	    "Invalid userID");
	json_decref(answer);
	answer = ask_whole(server, "user", "update", json_pack("{s:I, s:{s:i, s:I, s:{}}}", "id", id,
	    "changes", "uid", 9, "id", id, "permissions"));
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 200);
	assert_string_equal(json_string_value(json_object_get(answer, "message")), "User updated");
	body = json_object_get(answer, "body");
	assert_int_equal(json_integer_value(json_object_get(body, "uid")), 9);
	assert_int_equal(json_object_size(json_object_get(body, "permissions")), 1);
	json_decref(answer);
	answer = ask_whole(server, "user", "update", json_pack("{s:I, s:{s:I}}", "id", id,
	    "changes", "id", id + 1));
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 400);
	assert_string_equal(json_string_value(json_object_get(answer, "message")),
	    "user ID in request body does not match user ID in path parameter");
	json_decref(answer);
	assert_int_equal(ask(server, "user", "delete", json_pack("{s:I}", "id", id), NULL), 200);
	assert_int_equal(server->deleted, 1);
	assert_int_equal(ask(server, "user", "delete", json_pack("{s:I}", "id", id), NULL), 404);
	stop_server(server);
}

/* With manage_users 0 each change is 403, also the deletion, which SFTPGo answered with 500. */
static void
test_users_not_managed(void **state)
{
	struct server *server = start_server_that(false, 0);
	struct user *user;
	struct failure failure;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 403);
	/* one that was there before */
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_set_text(&user->username, "bob"), 0);
	assert_int_equal(user_set_text(&user->home_dir, "/srv/x"), 0);
	server->provider->manage_users = true;
	assert_int_equal(user_set_text(&user->password, "pw"), 0);
	assert_int_equal(user_permission_set(user, "/", 0, true), 0);
	assert_int_equal(provider_add(server->provider, user, &failure), 0);
	server->provider->manage_users = false;
	user_free(&user);
	assert_int_equal(ask(server, "user", "show", name_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "user", "update", json_pack("{s:s, s:{s:i}}", "username", "bob",
	    "changes", "uid", 1), NULL), 403);
	assert_int_equal(ask(server, "user", "delete", name_body("bob"), NULL), 403);
	assert_int_equal(server->changed, 0);
	stop_server(server);
}

/* Many at once: no change is lost between another's reading and writing. */
static void *
authorize_one(void *argument)
{
	struct server *server = argument;
	static atomic_int number;
	char key[200];

	snprintf(key, sizeof(key), KEY_B " number-%d", number++);
	assert_int_equal(ask(server, "user", "authorize-key", json_pack("{s:s, s:s}", "username",
	    "bob", "key", key), NULL), 200);
	return NULL;
}

static void
test_changes_at_once(void **state)
{
	struct server *server = start_server(0);
	pthread_t threads[12];
	json_t *body;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, authorize_one, server), 0);
	for (size_t i = 0; i < 12; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(ask(server, "user", "show", name_body("bob"), &body), 200);
	assert_int_equal(json_array_size(json_object_get(body, "public_keys")), 12);
	json_decref(body);
	stop_server(server);
}

/* ---- sessions */

static void
test_sessions(void **state)
{
	struct server *server = start_server(0);
	json_t *body;

	(void)state;
	assert_int_equal(ask(server, "session", "list", json_object(), &body), 200);
	assert_int_equal(json_array_size(body), 1);
	json_decref(body);
	assert_int_equal(ask(server, "session", "close", json_pack("{s:s}", "connection_id",
	    "c0ffee"), NULL), 200);
	assert_int_equal(server->closed, 1);
	assert_int_equal(ask(server, "session", "close", json_pack("{s:s}", "connection_id", "x"),
	    NULL), 404);
	assert_int_equal(ask(server, "session", "close", json_object(), NULL), 400);
	assert_int_equal(ask(server, "status", "show", json_object(), &body), 200);
	assert_string_equal(json_string_value(json_object_get(body, "version")), "test");
	json_decref(body);
	assert_int_equal(ask(server, "transfer", "list", json_object(), NULL), 200);
	assert_int_equal(ask(server, "service", "list", json_object(), NULL), 200);
	assert_int_equal(ask(server, "settings", "show", json_object(), NULL), 200);
	assert_int_equal(ask(server, "provider", "check", json_object(), NULL), 200);
	assert_int_equal(ask(server, "version", "show", json_object(), &body), 200);
	assert_int_equal(json_object_size(body), 3);
	json_decref(body);
	stop_server(server);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_an_account),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_by_id),
		cmocka_unit_test(test_users_not_managed),
		cmocka_unit_test(test_changes_at_once),
		cmocka_unit_test(test_sessions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
