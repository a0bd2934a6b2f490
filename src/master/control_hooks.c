#include "master/control_hooks.h"

#include "master/account_change.h"
#include "master/session.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { METRICS_TEXT_MAX = 1024 * 1024 };

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
	if (m->http != NULL) {
		uint16_t port;
		const char *address = http_door_address(m->http, &port);

		json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "protocol",
			http_door_protocol(m->http), "address", address, "port", (int)port));
	}
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

static json_int_t
sum(const struct master *m, enum metric metric, unsigned labels)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < labels; i++)
		total += metrics_get(m->metrics, metric, i);
	return (json_int_t)total;
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
	return json_pack("{s:s, s:i, s:I, s:s, s:b, s:o, s:b, "
	    "s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "version", POSTERN_VERSION, "pid", (int)getpid(),
	    "started", (json_int_t)m->started_ms, "provider", provider_driver(m->provider),
	    "provider_available", m->provider_available,
	    "listeners", listeners, "draining", m->draining,
	    "connections", (json_int_t)m->connection_count,
	    "unauthenticated", (json_int_t)admission_unauthenticated(m->admission),
	    "workers", (json_int_t)workers, "parked", (json_int_t)parking_count(m->parking),
	    "logins", (json_int_t)m->logins,
	    "refused", sum(m, METRIC_REFUSED, REFUSAL_REASONS),
	    "breaches", sum(m, METRIC_BREACHES, 1),
	    "crashes", sum(m, METRIC_CRASHES, METRIC_ROLES));
}

struct open_channels {
	uint64_t connections, by_protocol[METRIC_PROTOCOLS];
};

static void
count_channels(void *ctx, struct connection *c)
{
	const struct connection_channel *channel;
	struct open_channels *open = ctx;

	open->connections += c->channel_count > 0;
	LIST_FOREACH(channel, &c->channels, link)
		open->by_protocol[channel->protocol]++;
}

/* Gauges are looked at when somebody asks. */
static json_t *
hook_metrics(void *ctx)
{
	struct master *m = ctx;
	struct open_channels open = { 0 };
	struct buf text = buf_init(METRICS_TEXT_MAX);
	json_t *body = NULL;

	connections_each(m, count_channels, &open);
	metrics_set(m->metrics, METRIC_ACTIVE_CONNECTIONS, 0, open.connections);
	for (unsigned i = 0; i < METRIC_PROTOCOLS; i++)
		metrics_set(m->metrics, METRIC_SESSIONS, i, open.by_protocol[i]);
	metrics_set(m->metrics, METRIC_CONNECTIONS, 0, m->connection_count);
	metrics_set(m->metrics, METRIC_UNAUTHENTICATED, 0,
	    admission_unauthenticated(m->admission));
	metrics_set(m->metrics, METRIC_BANS, 0, banning_count(m->banning));
	metrics_set(m->metrics, METRIC_PARKED, 0, parking_count(m->parking));
	metrics_write(m->metrics, &text);
	if (buf_error(&text) == 0)
		body = json_stringn((const char *)text.p, text.n);
	buf_free(&text);
	return body;
}

static int
hook_scan_quota(void *ctx, const char *username)
{
	struct master *m = ctx;

	return quota_scan_start(m->scans, username);
}

static json_t *
hook_scans(void *ctx)
{
	struct master *m = ctx;

	return quota_scan_list(m->scans);
}

static json_t *
hook_quota_folders(void *ctx, const struct user *user)
{
	struct master *m = ctx;

	return quota_folders_show(m->quotas, user);
}

static json_t *
hook_scan_result(void *ctx, const char *username)
{
	struct master *m = ctx;

	return quota_scan_result(m->scans, username);
}

static int
hook_scan_cancel(void *ctx, const char *username)
{
	struct master *m = ctx;

	return quota_scan_cancel(m->scans, username);
}

static void
hook_users_changed(void *ctx, const struct control_change *changes, size_t count)
{
	struct account_news *news = calloc(count, sizeof(*news));
	struct master *m = ctx;

	if (news == NULL) {
		log_app(m->log, LOG_LEVEL_ERROR, "control", "",
		    "running sessions have not learned that accounts were changed: %s",
		    err_text(ERR_MEMORY));
		return;
	}
	for (size_t i = 0; i < count; i++)
		news[i] = (struct account_news){ .username = changes[i].user->username,
			.user = changes[i].kind != USER_DELETED ? changes[i].user : NULL };
	account_change_tell(m, news, count);
	free(news);
}

static json_t *
hook_bans(void *ctx)
{
	struct master *m = ctx;

	return banning_list(m->banning);
}

static int
hook_add_ban(void *ctx, const struct cidr *network, uint64_t for_ms)
{
	struct master *m = ctx;

	return banning_add(m->banning, network, for_ms);
}

static int
hook_remove_ban(void *ctx, const struct cidr *network)
{
	struct master *m = ctx;

	return banning_remove(m->banning, network);
}

static struct account_settings
hook_account_settings(void *ctx)
{
	return session_account_settings(ctx);
}

struct control_hooks
control_hooks_of(struct master *m)
{
	return (struct control_hooks){ .ctx = m, .sessions = hook_sessions,
		.transfers = hook_transfers, .services = hook_services, .settings = hook_settings,
		.metrics = hook_metrics,
		.bans = hook_bans, .add_ban = hook_add_ban,
		.remove_ban = hook_remove_ban, .close_session = hook_close_session, .status = hook_status,
		.users_changed = hook_users_changed, .scan_quota = hook_scan_quota, .scans = hook_scans,
		.quota_folders = hook_quota_folders,
		.scan_result = hook_scan_result, .scan_cancel = hook_scan_cancel,
		.account_settings = hook_account_settings };
}
