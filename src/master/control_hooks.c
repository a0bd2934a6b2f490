#include "master/control_hooks.h"

#include "master/session.h"
#include "master/state.h"

#include <unistd.h>

static json_t *
hook_sessions(void *ctx)
{
	return session_list(ctx);
}

static json_t *
hook_transfers(void *ctx)
{
	return session_transfers(ctx);
}

static json_t *
hook_services(void *ctx)
{
	const struct master *m = ctx;
	json_t *list = json_array();

	for (unsigned i = 0; m->services != NULL && services_address(m->services, i) != NULL; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "protocol", "ssh",
			"address", services_address(m->services, i),
			"port", (int)services_port(m->services, i)));
	return list;
}

static json_t *
hook_settings(void *ctx)
{
	const struct master *m = ctx;

	return config_to_json(m->config);
}

static int
hook_close_session(void *ctx, const char *connection_id)
{
	return session_close_id(ctx, connection_id);
}

static json_t *
hook_status(void *ctx)
{
	struct master *m = ctx;
	unsigned nurseries, workers;
	json_t *listeners = json_array();

	nurseries_count(m->nurseries, &nurseries, &workers);
	for (unsigned i = 0; m->services != NULL && services_address(m->services, i) != NULL; i++)
		json_array_append_new(listeners, json_string(services_address(m->services, i)));
	return json_pack("{s:s, s:i, s:I, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "version", POSTERN_VERSION, "pid", (int)getpid(),
	    "started", (json_int_t)m->started_ms, "provider", provider_driver(m->provider),
	    "listeners", listeners, "draining", m->draining,
	    "connections", (json_int_t)m->connection_count,
	    "unauthenticated", (json_int_t)admission_unauthenticated(m->admission),
	    "workers", (json_int_t)workers, "parked", (json_int_t)parking_count(m->parking),
	    "logins", (json_int_t)m->logins,
	    "refused", (json_int_t)m->refused, "breaches", (json_int_t)m->breaches,
	    "crashes", (json_int_t)m->crashes);
}

static void
hook_user_changed(void *ctx, enum user_change change, const struct user *user)
{
	(void)change;
	session_close_user(ctx, user->username, "the account was changed");
}

struct control_hooks
control_hooks_of(struct master *m)
{
	return (struct control_hooks){ .ctx = m, .sessions = hook_sessions,
		.transfers = hook_transfers, .services = hook_services, .settings = hook_settings,
		.close_session = hook_close_session, .status = hook_status,
		.user_changed = hook_user_changed };
}
