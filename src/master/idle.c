#include "master/idle.h"

#include "master/state.h"

enum { MS_PER_MINUTE = 60 * 1000 };

struct sweep {
	uint64_t now_ms;
	int timeout_minutes;
};

bool
idle_expired(uint64_t last_activity_ms, uint64_t now_ms, int timeout_minutes)
{
	if (timeout_minutes <= 0 || last_activity_ms > now_ms)
		return false;
	return now_ms - last_activity_ms > (uint64_t)timeout_minutes * MS_PER_MINUTE;
}

static void
close_idle(void *ctx, struct connection *c)
{
	const struct sweep *sweep = ctx;

	if (c->authenticated &&
	    idle_expired(c->active_ms, sweep->now_ms, sweep->timeout_minutes))
		connection_close(c, "idle for too long", false);
}

void
idle_sweep(struct master *m, uint64_t now_ms)
{
	struct sweep sweep = { .now_ms = now_ms,
		.timeout_minutes = m->config->sftpd.idle_timeout };

	if (sweep.timeout_minutes > 0)
		connections_each(m, close_idle, &sweep);
}
