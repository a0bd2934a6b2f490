/*
 * A control engine behind its socket, on a loop of its own thread, with accounts in memory; and the
 * asking. For the tests of the control API.
 */
#ifndef TESTS_CONTROL_HARNESS_H
#define TESTS_CONTROL_HARNESS_H

#include "accounts/accounts.h"
#include "control/control.h"
#include "control/control_engine.h"
#include "crypto/crypto.h"
#include "log/log.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/postern-test-control-XXXXXX";

struct server {
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	struct control_hooks hooks;
	struct control_engine *engine;
	struct control *control;
	struct log *log;
	struct provider *provider;
	struct admin_store *admins;
	char path[300], backups[300];
	atomic_int changed, deleted, scanned;
	atomic_int closed;
	atomic_ullong banned_ms;
	atomic_size_t answer_bytes;
};

static json_t *
hook_sessions(void *ctx)
{
	(void)ctx;
	return json_pack("[{s:s, s:s}]", "username", "bob", "connection_id", "c0ffee");
}

static int
hook_close_session(void *ctx, const char *connection_id)
{
	struct server *server = ctx;

	if (strcmp(connection_id, "c0ffee") != 0)
		return ERR_NOT_FOUND;
	server->closed++;
	return 0;
}

static json_t *
hook_status(void *ctx)
{
	struct server *server = ctx;
	size_t n = atomic_load(&server->answer_bytes);
	json_t *status = json_pack("{s:s}", "version", "test");
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	text[n] = '\0';
	json_object_set_new(status, "text", json_string(text));
	free(text);
	return status;
}

/* One address cannot be banned, one finds no room, one is banned. */
static int
hook_add_ban(void *ctx, const struct cidr *network, uint64_t for_ms)
{
	struct server *server = ctx;

	if (network->network.bytes[15] == 1)
		return ERR_DENIED;
	if (network->network.bytes[15] == 2)
		return ERR_LIMIT;
	server->banned_ms = for_ms;
	return 0;
}

static int
hook_remove_ban(void *ctx, const struct cidr *network)
{
	(void)ctx;
	return network->network.bytes[15] == 7 ? 0 : ERR_NOT_FOUND;
}

static json_t *
hook_nothing(void *ctx)
{
	(void)ctx;
	return json_array();
}

static void
hook_users_changed(void *ctx, const struct control_change *changes, size_t count)
{
	struct server *server = ctx;

	for (size_t i = 0; i < count; i++) {
		server->changed += strcmp(changes[i].user->username, "bob") == 0;
		server->deleted += changes[i].kind == USER_DELETED;
	}
}

static int
hook_scan_quota(void *ctx, const char *username)
{
	struct server *server = ctx;

	server->scanned++;
	/* of bob's files a scan is under way already */
	return strcmp(username, "bob") == 0 ? ERR_EXISTS : 0;
}

static json_t *
hook_scan_result(void *ctx, const char *username)
{
	(void)ctx;
	(void)username;
	return json_null();
}

/* Bob's is under way; see above. */
static int
hook_scan_cancel(void *ctx, const char *username)
{
	(void)ctx;
	return strcmp(username, "bob") == 0 ? 0 : ERR_NOT_FOUND;
}

static void
on_stop(uv_async_t *async)
{
	struct server *server = async->data;

	control_stop(&server->control);
	uv_close((uv_handle_t *)async, NULL);
}

static void *
run_loop(void *argument)
{
	uv_run(argument, UV_RUN_DEFAULT);
	return NULL;
}

static struct control_settings
settings_of(struct server *server)
{
	return (struct control_settings){ .loop = &server->loop, .path = server->path,
		.owner = geteuid(), .engine = server->engine, .log = server->log };
}

static struct control_engine_settings
engine_settings_of(struct server *server)
{
	server->hooks = (struct control_hooks){ .ctx = server, .sessions = hook_sessions,
		.transfers = hook_nothing, .services = hook_nothing, .settings = hook_nothing,
		.metrics = hook_nothing,
		.status = hook_status, .close_session = hook_close_session,
		.bans = hook_nothing, .add_ban = hook_add_ban, .remove_ban = hook_remove_ban,
		.users_changed = hook_users_changed, .scan_quota = hook_scan_quota,
		.scans = hook_nothing, .scan_result = hook_scan_result,
		.scan_cancel = hook_scan_cancel };
	snprintf(server->backups, sizeof(server->backups), "%s/backups", directory);
	return (struct control_engine_settings){ .loop = &server->loop, .log = server->log,
		.context = { .provider = server->provider, .hooks = &server->hooks,
			.backups_path = server->backups, .admins = server->admins } };
}

/* manage_users as in the settings. */
static struct server *
start_server_that(bool manages, unsigned stall_ms)
{
	struct server *server = calloc(1, sizeof(*server));
	struct log_settings log = { .destination = LOG_TO_FILE, .path = "control.log",
		.verbose = true };
	struct provider_config config = { .driver = "memory", .manage_users = manages,
		.cost = { .memory_kib = 64, .passes = 1, .lanes = 1 } };
	struct failure failure;
	struct control_engine_settings engine;
	struct control_settings settings;

	snprintf(server->path, sizeof(server->path), "%s/p.sock", directory);
	assert_int_equal(uv_loop_init(&server->loop), 0);
	assert_int_equal(uv_async_init(&server->loop, &server->stop, on_stop), 0);
	server->stop.data = server;
	assert_int_equal(log_open(&server->log, &log), 0);
	assert_int_equal(provider_open(&config, &server->provider, &failure), 0);
	unlink("admins.db");
	assert_int_equal(admin_store_open("admins.db", &server->admins, &failure), 0);
	engine = engine_settings_of(server);
	assert_int_equal(control_engine_new(&server->engine, &engine), 0);
	settings = settings_of(server);
	settings.stall_ms = stall_ms;
	assert_int_equal(control_start(&server->control, &settings), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, run_loop, &server->loop), 0);
	return server;
}

static inline struct server *
start_server(unsigned stall_ms)
{
	return start_server_that(true, stall_ms);
}

static inline void
stop_server(struct server *server)
{
	uv_async_send(&server->stop);
	pthread_join(server->thread, NULL);
	assert_int_equal(uv_loop_close(&server->loop), 0); /* nothing was left behind */
	assert_int_equal(access(server->path, F_OK), -1);
	control_engine_free(&server->engine);
	admin_store_close(&server->admins);
	provider_close(&server->provider);
	log_free(&server->log);
	free(server);
}

/* The whole answer. Takes the body of the request. */
static inline json_t *
ask_whole(struct server *server, const char *resource, const char *verb, json_t *body)
{
	json_t *request = json_pack("{s:s, s:s, s:o}", "resource", resource, "verb", verb, "body",
	    body);
	json_t *answer;

	assert_non_null(request);
	assert_int_equal(control_ask(server->path, request, &answer), 0);
	json_decref(request);
	return answer;
}

/* The answer's status; its body in *body_out (may be NULL). Takes the body of the request. */
static inline int
ask(struct server *server, const char *resource, const char *verb, json_t *body,
	json_t **body_out)
{
	json_t *answer = ask_whole(server, resource, verb, body);
	int status = (int)json_integer_value(json_object_get(answer, "status"));

	if (body_out != NULL)
		*body_out = json_incref(json_object_get(answer, "body"));
	json_decref(answer);
	return status;
}

static inline json_t *
user_body(const char *name)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:{s:[s]}}", "username", name, "home_dir", "/srv/x",
	    "password", "pw", "status", 1, "permissions", "/", "*");
}

static inline json_t *
name_body(const char *name)
{
	return json_pack("{s:s}", "username", name);
}

static int
set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return crypto_init() != 0 || mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

#endif
