/* The control API's administrators, keys, sessions and audit log. */
#include "control_harness.h"

#include "control/admin_actor.h"

static json_t *
admin_body(const char *name, const char *areas)
{
	return json_pack("{s:s, s:s, s:o}", "username", name, "password", "a password", "areas",
	    json_loads(areas, 0, NULL));
}

/* ---- over the socket */

static void
test_life_of_an_administrator(void **state)
{
	struct server *server = start_server(0);
	json_t *body;

	(void)state;
	assert_int_equal(ask(server, "admin", "add", admin_body("ann", "[\"*\"]"), &body), 200);
	assert_null(json_object_get(body, "password"));
	json_decref(body);
	assert_int_equal(ask(server, "admin", "add", admin_body("ann", "[]"), NULL), 409);
	assert_int_equal(ask(server, "admin", "add", admin_body("eve", "[\"fly\"]"), NULL), 400);
	assert_int_equal(ask(server, "admin", "add", admin_body("", "[]"), NULL), 400);
	assert_int_equal(ask(server, "admin", "add", name_body("eve"), NULL), 400);
	assert_int_equal(ask(server, "admin", "list", json_object(), &body), 200);
	assert_int_equal(json_array_size(body), 1);
	json_decref(body);
	assert_int_equal(ask(server, "admin", "update", json_pack("{s:s, s:i, s:s}", "username",
	    "ann", "status", 0, "description", "on leave"), &body), 200);
	assert_int_equal(json_integer_value(json_object_get(body, "status")), 0);
	json_decref(body);
	assert_int_equal(ask(server, "admin", "update", json_pack("{s:s, s:i}", "username", "ann",
	    "status", 3), NULL), 400);
	assert_int_equal(ask(server, "admin", "show", name_body("ann"), &body), 200);
	assert_string_equal(json_string_value(json_object_get(body, "description")), "on leave");
	json_decref(body);
	assert_int_equal(ask(server, "admin", "totp-enrol", name_body("ann"), &body), 200);
	assert_int_equal(json_array_size(json_object_get(body, "recovery_codes")), 10);
	json_decref(body);
	assert_int_equal(ask(server, "admin", "totp-enrol", name_body("ann"), NULL), 409);
	assert_int_equal(ask(server, "admin", "totp-disable", name_body("ann"), NULL), 200);
	assert_int_equal(ask(server, "admin", "delete", name_body("ann"), NULL), 200);
	assert_int_equal(ask(server, "admin", "delete", name_body("ann"), NULL), 404);
	assert_int_equal(ask(server, "admin", "show", name_body("ann"), NULL), 404);
	stop_server(server);
}

static void
test_keys(void **state)
{
	struct server *server = start_server(0);
	json_t *body;

	(void)state;
	assert_int_equal(ask(server, "admin", "add", admin_body("ann", "[\"scans\"]"), NULL), 200);
	assert_int_equal(ask(server, "key", "add", json_pack("{s:s, s:s}", "username", "ann",
	    "name", "one"), &body), 200);
	assert_memory_equal(json_string_value(json_object_get(body, "key")), "postern-key-", 12);
	json_decref(body);
	/* shown once */
	assert_int_equal(ask(server, "key", "list", json_pack("{s:i}", "username", 1), NULL), 400);
	assert_int_equal(ask(server, "key", "list", name_body("ann"), &body), 200);
	assert_int_equal(json_array_size(body), 1);
	assert_null(json_object_get(json_array_get(body, 0), "key"));
	json_decref(body);
	assert_int_equal(ask(server, "key", "add", json_pack("{s:s, s:s, s:[s]}", "username", "ann",
	    "name", "two", "areas", "bans"), NULL), 403);
	assert_int_equal(ask(server, "key", "add", json_pack("{s:s, s:s, s:[s]}", "username", "ann",
	    "name", "two", "areas", "fly"), NULL), 400);
	assert_int_equal(ask(server, "key", "add", json_pack("{s:s, s:s, s:i}", "username", "ann",
	    "name", "two", "expires", 1), NULL), 400);
	assert_int_equal(ask(server, "key", "add", name_body("ann"), NULL), 400);
	assert_int_equal(ask(server, "key", "add", json_pack("{s:s, s:s}", "username", "eve",
	    "name", "one"), NULL), 404);
	assert_int_equal(ask(server, "key", "revoke", json_pack("{s:s, s:s}", "username", "ann",
	    "name", "one"), NULL), 200);
	assert_int_equal(ask(server, "key", "revoke", json_pack("{s:s, s:s}", "username", "ann",
	    "name", "one"), NULL), 404);
	assert_int_equal(ask(server, "login", "open", json_object(), NULL), 403);
	stop_server(server);
}

static json_t *
audited(struct server *server, const char *query)
{
	json_t *body;

	assert_int_equal(ask(server, "audit", "list", json_loads(query, 0, NULL), &body), 200);
	return body;
}

/* That an account has lost its one-time codes is seen by what it was before. */
static void
test_audit_of_codes(void **state)
{
	struct server *server = start_server(0);
	json_t *body, *entry, *totp;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "totp", "enrol", name_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "totp", "disable", name_body("bob"), &body), 200);
	assert_null(body);
	body = audited(server, "{\"resource\":\"totp\",\"limit\":1}");
	entry = json_array_get(body, 0);
	assert_string_equal(json_string_value(json_object_get(entry, "verb")), "disable");
	totp = json_object_get(json_object_get(json_object_get(entry, "before"), "filters"),
	    "totp");
	assert_int_equal(json_integer_value(json_object_get(totp, "digits")), 6);
	assert_null(json_object_get(totp, "secret"));
	totp = json_object_get(json_object_get(json_object_get(entry, "after"), "filters"),
	    "totp");
	assert_int_equal(json_integer_value(json_object_get(totp, "digits")), 0);
	json_decref(body);
	stop_server(server);
}

/* Who, what, before, after, from where; and no secret. */
static void
test_audit(void **state)
{
	struct server *server = start_server(0);
	json_t *body, *entry;
	char *text;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "user", "update", json_pack("{s:s, s:{s:i, s:s}}", "username",
	    "bob", "changes", "uid", 7, "password", "s3cret-new"), NULL), 200);
	assert_int_equal(ask(server, "user", "list", json_object(), NULL), 200);
	assert_int_equal(ask(server, "user", "delete", name_body("eve"), NULL), 404);
	assert_int_equal(ask(server, "session", "close", json_pack("{s:s}", "connection_id",
	    "c0ffee"), NULL), 200);
	body = audited(server, "{}");
	assert_int_equal(json_array_size(body), 4);
	text = json_dumps(body, 0);
	assert_null(strstr(text, "s3cret"));
	assert_null(strstr(text, "argon2"));
	free(text);
	entry = json_array_get(body, 2);
	assert_string_equal(json_string_value(json_object_get(entry, "resource")), "user");
	assert_string_equal(json_string_value(json_object_get(entry, "verb")), "update");
	assert_string_equal(json_string_value(json_object_get(entry, "subject")), "bob");
	assert_string_equal(json_string_value(json_object_get(entry, "kind")), "host");
	assert_string_equal(json_string_value(json_object_get(entry, "origin")), "local");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(entry, "before"),
	    "uid")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(entry, "after"),
	    "uid")), 7);
	assert_string_equal(json_string_value(json_object_get(json_object_get(entry, "after"),
	    "password")), "(another)");
	json_decref(body);
	body = audited(server, "{\"resource\":\"session\"}");
	assert_int_equal(json_array_size(body), 1);
	json_decref(body);
	body = audited(server, "{\"limit\":2,\"offset\":\"3\"}");
	assert_int_equal(json_array_size(body), 1);
	json_decref(body);
	assert_int_equal(ask(server, "audit", "list", json_pack("{s:i}", "limit", -1), NULL), 400);
	assert_int_equal(ask(server, "audit", "list", json_pack("{s:i}", "actor", 1), NULL), 400);
	stop_server(server);
}

/* ---- through the engine, as somebody else than the host */

struct asked {
	int status;
	json_t *body;
	unsigned times;
};

static void
on_answer(void *ctx, const struct control_answer *answer)
{
	struct asked *asked = ctx;

	asked->status = answer->status;
	asked->body = json_incref(answer->body);
	asked->times++;
}

static int
ask_as(struct server *server, const struct control_actor *actor, const char *resource,
	const char *verb, json_t *body, json_t **body_out)
{
	struct control_engine_settings settings = engine_settings_of(server);
	struct control_answer answer = { 0 };
	struct control_request request;
	struct control_engine *engine;
	struct asked asked = { 0 };
	uv_loop_t loop;

	/* on a loop of this thread: the server's own belongs to another */
	assert_int_equal(uv_loop_init(&loop), 0);
	settings.loop = &loop;
	assert_int_equal(control_engine_new(&engine, &settings), 0);
	assert_true(control_request_make(resource, verb, body, &request, &answer));
	control_engine_run(engine, actor, &request, on_answer, &asked);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(asked.times, 1);
	assert_int_equal(uv_loop_close(&loop), 0);
	control_engine_free(&engine);
	if (body_out != NULL)
		*body_out = asked.body;
	else
		json_decref(asked.body);
	return asked.status;
}

/* Whoever may change administrators gets no further than that by it. */
static void
test_nobody_gives_what_it_has_not(void **state)
{
	const struct control_actor ann = { .kind = ACTOR_ADMINISTRATOR, .name = "ann",
		.origin = "192.0.2.1", .areas = 1u << AREA_ADMINISTRATORS | 1u << AREA_SCANS };
	struct server *server = start_server(0);

	(void)state;
	assert_int_equal(ask(server, "admin", "add", admin_body("root", "[\"*\"]"), NULL), 200);
	assert_int_equal(ask_as(server, &ann, "admin", "add", admin_body("x", "[\"*\"]"), NULL),
	    403);
	assert_int_equal(ask_as(server, &ann, "admin", "add", admin_body("x", "[\"bans\"]"), NULL),
	    403);
	assert_int_equal(ask_as(server, &ann, "admin", "add", admin_body("x", "[\"scans\"]"), NULL),
	    200);
	assert_int_equal(ask_as(server, &ann, "admin", "update", json_pack("{s:s, s:[s]}",
	    "username", "x", "areas", "bans"), NULL), 403);
	assert_int_equal(ask_as(server, &ann, "admin", "update", json_pack("{s:s, s:s}",
	    "username", "root", "password", "mine mine"), NULL), 403);
	assert_int_equal(ask_as(server, &ann, "admin", "delete", name_body("root"), NULL), 403);
	assert_int_equal(ask_as(server, &ann, "admin", "totp-disable", name_body("root"), NULL),
	    403);
	assert_int_equal(ask_as(server, &ann, "admin", "totp-enrol", name_body("root"), NULL), 403);
	assert_int_equal(ask_as(server, &ann, "key", "add", json_pack("{s:s, s:s}", "username",
	    "root", "name", "k"), NULL), 403);
	assert_int_equal(ask_as(server, &ann, "admin", "delete", name_body("x"), NULL), 200);
	stop_server(server);
}

/* From a password to a session, from a session to an actor; until a new password. */
static void
test_session_of_an_administrator(void **state)
{
	static const struct password_cost cheap = { .memory_kib = 64, .passes = 1, .lanes = 1 };
	struct server *server = start_server(0);
	struct admin_claim claim = { .username = view_of("ann"),
		.password = view_of("a password") };
	struct control_actor actor, again;
	struct failure failure;
	const char *csrf;
	json_t *session, *body;

	(void)state;
	assert_int_equal(address_parse("192.0.2.1", &claim.address), 0);
	assert_int_equal(ask(server, "admin", "add", admin_body("ann", "[\"scans\"]"), NULL), 200);
	assert_int_equal(admin_actor(server->admins, &claim, &cheap, &actor, &failure),
	    ADMIN_WELCOME);
	assert_string_equal(actor.name, "ann");
	assert_string_equal(actor.origin, "192.0.2.1");
	assert_int_equal(actor.areas, 1u << AREA_SCANS);
	assert_int_equal(ask_as(server, &actor, "login", "open", NULL, &session), 200);
	claim = (struct admin_claim){ .token = view_of(json_string_value(json_object_get(session,
		"token"))), .changes = true, .address = claim.address };
	csrf = json_string_value(json_object_get(session, "csrf"));
	assert_int_equal(admin_actor(server->admins, &claim, &cheap, &again, &failure),
	    ADMIN_FOREIGN);
	assert_int_equal(again.areas, 0);
	claim.csrf = view_of(csrf);
	assert_int_equal(admin_actor(server->admins, &claim, &cheap, &again, &failure),
	    ADMIN_WELCOME);
	assert_int_equal(again.areas, actor.areas);
	assert_int_equal(ask_as(server, &again, "self", "show", NULL, &body), 200);
	assert_string_equal(json_string_value(json_object_get(body, "name")), "ann");
	json_decref(body);
	assert_int_equal(ask(server, "admin", "update", json_pack("{s:s, s:s}", "username", "ann",
	    "password", "another one"), NULL), 200);
	assert_int_equal(admin_actor(server->admins, &claim, &cheap, &again, &failure),
	    ADMIN_REFUSED);
	json_decref(session);
	/* and one that is closed */
	assert_int_equal(ask_as(server, &actor, "login", "open", NULL, &session), 200);
	assert_int_equal(ask_as(server, &actor, "login", "close", json_pack("{s:O}", "token",
	    json_object_get(session, "token")), NULL), 200);
	json_decref(session);
	stop_server(server);
}

static void
test_actor_of_a_key(void **state)
{
	struct server *server = start_server(0);
	struct admin_claim claim = { 0 };
	struct control_actor actor;
	struct failure failure;
	json_t *key;

	(void)state;
	assert_int_equal(address_parse("192.0.2.1", &claim.address), 0);
	assert_int_equal(ask(server, "admin", "add", admin_body("ann",
	    "[\"scans\", \"metrics\", \"bans\"]"), NULL), 200);
	assert_int_equal(ask(server, "key", "add", json_pack("{s:s, s:s, s:[s, s]}", "username",
	    "ann", "name", "k", "areas", "metrics", "bans"), &key), 200);
	/* what the administrator loses the key loses too */
	assert_int_equal(ask(server, "admin", "update", json_pack("{s:s, s:[s, s]}", "username",
	    "ann", "areas", "metrics", "scans"), NULL), 200);
	claim.token = view_of(json_string_value(json_object_get(key, "key")));
	assert_int_equal(admin_actor(server->admins, &claim, NULL, &actor, &failure),
	    ADMIN_WELCOME);
	assert_int_equal(actor.kind, ACTOR_KEY);
	assert_string_equal(actor.name, "ann");
	assert_string_equal(actor.key, "k");
	assert_int_equal(actor.areas, 1u << AREA_METRICS);
	assert_int_equal(ask_as(server, &actor, "login", "open", NULL, NULL), 403);
	assert_int_equal(ask_as(server, &actor, "user", "list", NULL, NULL), 403);
	assert_int_equal(ask_as(server, &actor, "metrics", "show", NULL, NULL), 200);
	json_decref(key);
	stop_server(server);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_an_administrator),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_audit_of_codes),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_nobody_gives_what_it_has_not),
		cmocka_unit_test(test_session_of_an_administrator),
		cmocka_unit_test(test_actor_of_a_key),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
