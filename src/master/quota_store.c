/* Writing down what is used: one job at a time, so that all of it comes in order. */
#include "master/quota_private.h"

#include "base/clock.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>

enum {
	WRITES_AT_ONCE = 64,
	/* A database that is away is asked so often whether it is back. */
	AWAY_MS = 5000,
};

/* One account's; how it went is in err. */
struct write {
	char *username;
	bool reset;
	struct provider_quota amount;
	struct failure failure;
	int err;
};

struct write_job {
	uv_work_t work;
	struct quotas *quotas;
	struct write writes[WRITES_AT_ONCE];
	size_t count;
};

bool
quota_store_is_dirty(const struct quota_scope *scope)
{
	return scope->reset || scope->unwritten.bytes != 0 || scope->unwritten.files != 0;
}

/*
 * A directory is not written. An account without a limit is left alone with track_quota 2, but what
 * a scan has found is written for it too.
 */
static bool
is_written(const struct quotas *q, const struct quota_scope *scope)
{
	return scope->username != NULL && q->writes && q->tracks && (scope->reset || !q->limited ||
	    ledger_is_limited(&scope->ledger));
}

static bool
take(struct quotas *q, struct quota_scope *scope, struct write *out)
{
	struct amount amount = scope->reset ? scope->ledger.used : scope->unwritten;

	if (!quota_store_is_dirty(scope))
		return false;
	*out = (struct write){ .reset = scope->reset,
		.amount = { .files = amount.files, .bytes = amount.bytes } };
	if (is_written(q, scope) && (out->username = strdup(scope->username)) == NULL)
		return false; /* the next time */
	scope->reset = false;
	scope->unwritten = (struct amount){ 0 };
	return out->username != NULL;
}

static void
collect(struct quotas *q, struct quota_scope *scope, struct write_job *job)
{
	if (job->count < WRITES_AT_ONCE && take(q, scope, &job->writes[job->count]))
		job->count++;
}

static void
collect_all(struct quotas *q, struct write_job *job)
{
	struct quota_scope *scope;

	for (size_t i = 0; i < QUOTA_BUCKETS; i++) {
		LIST_FOREACH(scope, &q->buckets[i], link)
			collect(q, scope, job);
	}
}

static void
write_all(struct write_job *job)
{
	struct provider *provider = job->quotas->master->provider;
	int64_t now_ms = clock_wall_ms();

	for (size_t i = 0; i < job->count; i++) {
		struct write *w = &job->writes[i];

		w->err = w->reset
		    ? provider_quota_set(provider, w->username, w->amount, now_ms, &w->failure)
		    : provider_quota_add(provider, w->username, w->amount, now_ms, &w->failure);
	}
	/* writes what it has kept back, when the database is there again */
	if (job->count == 0 && provider_check(provider, &job->writes[0].failure) != 0)
		job->writes[0].err = ERR_UNAVAILABLE;
}

/* The provider keeps a difference that it could not write, but not a value. */
static void
wrote(struct quotas *q, const struct write *w)
{
	struct quota_scope *scope = quota_scope_find(q, w->username);

	/* an account that was deleted needs none */
	if (w->err == 0 || w->err == ERR_NOT_FOUND)
		return;
	if (w->reset && scope != NULL)
		scope->reset = true;
	log_app(q->master->log, LOG_LEVEL_WARN, "dataProvider", "",
	    "what \"%s\" uses was not written%s: %s", w->username,
	    w->err == ERR_UNAVAILABLE ? " yet" : "", w->failure.text);
}

static void
finish(struct write_job *job)
{
	struct quotas *q = job->quotas;

	q->database_away = false;
	for (size_t i = 0; i < WRITES_AT_ONCE; i++) {
		struct write *w = &job->writes[i];

		q->database_away |= w->err == ERR_UNAVAILABLE;
		if (i < job->count)
			wrote(q, w);
		free(w->username);
	}
	free(job);
}

static void
work(uv_work_t *request)
{
	write_all(request->data);
}

static void
work_done(uv_work_t *request, int status)
{
	struct write_job *job = request->data;
	struct quotas *q = job->quotas;

	(void)status; /* nothing is cancelled */
	q->writing = false;
	finish(job);
}

void
quota_store_write(struct quotas *q, struct quota_scope *only, uint64_t now_ms)
{
	bool ask = q->database_away && now_ms - q->written_ms >= AWAY_MS;
	struct write_job *job;

	if (q->writing || (q->database_away && !ask) || (job = calloc(1, sizeof(*job))) == NULL)
		return;
	job->work.data = job;
	job->quotas = q;
	if (only != NULL)
		collect(q, only, job);
	else
		collect_all(q, job);
	if (job->count == 0 && !ask) {
		free(job);
		return;
	}
	if (uv_queue_work(&q->master->loop, &job->work, work, work_done) != 0)
		bug("the thread pool takes no work");
	q->writing = true;
	q->written_ms = now_ms;
}

void
quota_store_write_now(struct quotas *q)
{
	struct write_job *job;
	bool more = true;

	while (more && (job = calloc(1, sizeof(*job))) != NULL) {
		job->quotas = q;
		collect_all(q, job);
		more = job->count == WRITES_AT_ONCE;
		if (job->count > 0)
			write_all(job);
		finish(job);
	}
}
