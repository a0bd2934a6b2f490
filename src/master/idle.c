#include "master/idle.h"

#include "master/state.h"

enum { MS_PER_MINUTE = 60 * 1000 };

bool
idle_expired(uint64_t last_activity_ms, uint64_t now_ms, int timeout_minutes)
{
	if (timeout_minutes <= 0 || last_activity_ms > now_ms)
		return false;
	return now_ms - last_activity_ms > (uint64_t)timeout_minutes * MS_PER_MINUTE;
}

int
idle_minutes(int64_t of_account, int setting)
{
	return of_account == 0 ? setting : (int)of_account;
}

static void
close_idle(void *ctx, struct connection *c)
{
	const uint64_t *now_ms = ctx;

	if (c->authenticated && idle_expired(c->active_ms, *now_ms,
		idle_minutes(c->user->filters.idle_timeout, c->master->config->sftpd.idle_timeout)))
		connection_close(c, "idle for too long", false);
}

void
idle_sweep(struct master *m, uint64_t now_ms)
{
	connections_each(m, close_idle, &now_ms);
}
