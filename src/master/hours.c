#include "master/hours.h"

#include "master/state.h"

static void
close_outside(void *ctx, struct connection *c)
{
	const int64_t *now_ms = ctx;

	if (!c->authenticated || user_time_allowed(c->user, *now_ms))
		return;
	log_app(c->master->log, LOG_LEVEL_INFO, "sftpd", c->id_text,
	    "the hours of user \"%s\" are over: the session is closed", c->user->username);
	connection_close(c, "the hours in which this account may be used are over", false);
}

void
hours_sweep(struct master *m, int64_t now_ms)
{
	connections_each(m, close_outside, &now_ms);
}
