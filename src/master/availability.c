#include "master/availability.h"

#include "master/state.h"

#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 30 * 1000, PATIENCE_MS = 10 * 1000 };

struct availability {
	struct master *master;
	uv_timer_t every, patience;
	uv_work_t work;
	bool running, again;

	/* what the thread found */
	int check_err, change_err;
	struct failure check, change;
	struct failure change_told; /* the last fault of settings that wait, told once */
};

static void
take(struct availability *a, bool available, const char *text)
{
	struct master *m = a->master;

	metrics_set(m->metrics, METRIC_AVAILABILITY, 0, available);
	if (m->provider_available == available)
		return;
	m->provider_available = available;
	if (available)
		log_console(m->log, LOG_LEVEL_INFO, "dataProvider", "the data provider answers");
	else
		log_console(m->log, LOG_LEVEL_ERROR, "dataProvider", "%s", text);
}

static void
tell_change(struct availability *a)
{
	struct log *log = a->master->log;

	/* they may have been found to work by somebody else */
	if (a->change_err == 0 ||
	    (a->change_err == ERR_NOT_FOUND && a->change_told.text[0] != '\0'))
		log_console(log, LOG_LEVEL_INFO, "dataProvider",
		    "the new settings of data_provider work and are used from now on");
	else if (a->change_err != ERR_NOT_FOUND &&
	    strcmp(a->change.text, a->change_told.text) != 0)
		log_console(log, LOG_LEVEL_ERROR, "dataProvider", "the new settings of "
		    "data_provider do not work, the old ones are used until they do: %s",
		    a->change.text);
	a->change_told = a->change_err == ERR_NOT_FOUND || a->change_err == 0 ?
	    (struct failure){ 0 } : a->change;
}

static void
run(uv_work_t *work)
{
	struct availability *a = work->data;
	struct provider *provider = a->master->provider;

	a->change_err = provider_try_change(provider, &a->change);
	a->check_err = provider_check(provider, &a->check);
}

static void
done(uv_work_t *work, int status)
{
	struct availability *a = work->data;

	a->running = false;
	/* a server that goes down has closed its timers */
	if (status != 0 || a->master->draining)
		return;
	uv_timer_stop(&a->patience);
	tell_change(a);
	take(a, a->check_err == 0, a->check.text);
	if (a->again)
		availability_ask(a);
}

static void
on_patience(uv_timer_t *timer)
{
	take(timer->data, false, "the data provider has not answered for 10 seconds");
}

static void
on_every(uv_timer_t *timer)
{
	struct availability *a = timer->data;

	if (!a->running)
		availability_ask(a);
}

void
availability_ask(struct availability *a)
{
	a->again = a->running;
	if (a->running)
		return;
	a->check = a->change = (struct failure){ 0 };
	a->running = uv_queue_work(&a->master->loop, &a->work, run, done) == 0;
	if (a->running)
		uv_timer_start(&a->patience, on_patience, PATIENCE_MS, 0);
}

int
availability_new(struct availability **out, struct master *master)
{
	struct availability *a = calloc(1, sizeof(*a));

	*out = a;
	if (a == NULL)
		return ERR_MEMORY;
	a->master = master;
	a->work.data = a->every.data = a->patience.data = a;
	if (uv_timer_init(&master->loop, &a->every) != 0 ||
	    uv_timer_init(&master->loop, &a->patience) != 0)
		bug("cannot make a timer");
	uv_timer_start(&a->every, on_every, EVERY_MS, EVERY_MS);
	return 0;
}

void
availability_stop(struct availability *a)
{
	if (a == NULL)
		return;
	uv_close((uv_handle_t *)&a->every, NULL);
	uv_close((uv_handle_t *)&a->patience, NULL);
}

void
availability_free(struct availability **availability)
{
	free(*availability);
	*availability = NULL;
}
