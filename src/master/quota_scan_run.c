#include "master/quota_scan_run.h"

#include "base/clock.h"
#include "base/fd.h"
#include "master/scan_worker.h"
#include "master/state.h"

#include <fcntl.h>
#include <stdlib.h>

enum {
	/* While changes wait: less than a session waits for a lease. */
	HOLD_MS_MAX = 20 * 1000,
	/* A scope that stays unsure is counted again, but not all the time. */
	SETTLE_MS_MIN = 1000,
	SETTLE_TIMES = 10, /* so many times as long as the walk took */
	SETTLE_FAILED_MS = 10 * 1000,
};

enum run_state {
	RUN_OPENING, /* the account is read, on the thread pool */
	RUN_WALKING, /* while sessions go on */
	RUN_HOLDING, /* leases are being called back */
	RUN_AGAIN,   /* while nothing changes */
};

struct scan_run {
	struct scan_run_settings settings;
	enum run_state state;
	const char *cancelled; /* while its account is read: why */

	/* of the thread that reads the account, and after that of the loop */
	uv_work_t work;
	struct user *user;
	struct home_roots roots;
	struct failure failure;
	int err;

	size_t first_root, end_root; /* that may have to be walked, */
	size_t root;                 /* and the one that is */
	struct quota_scope *scope;
	uint64_t begun_ms, took_ms; /* the last walk */
	uint64_t changes; /* of the scope, when the walk began; */
	bool was_still;   /* and whether nothing could be changed then */
	struct amount first; /* found by the first walk */
	struct amount found; /* by the walk that is under way, or was made last */
	struct scan_worker *worker;
	uv_timer_t *timer; /* ends a hold */
};

/* ---- the end */

static void
end(struct scan_run *run, const char *error, const char *inexact)
{
	uint64_t wait_ms = error != NULL ? SETTLE_FAILED_MS
	    : SETTLE_MS_MIN + run->took_ms * SETTLE_TIMES;

	if (run->scope != NULL)
		run->scope->count_at_ms = clock_mono_ms() + wait_ms;
	run->settings.ended(run->settings.ctx, &(struct scan_outcome){ .found = run->found,
		.error = error, .inexact = inexact, .scope = run->scope });
}

static void
fail(struct scan_run *run, const char *error)
{
	end(run, error, NULL);
}

void
scan_run_cancel(struct scan_run *run, const char *error)
{
	if (run->state == RUN_OPENING)
		run->cancelled = error;
	else
		fail(run, error);
}

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

void
scan_run_free(struct scan_run **run)
{
	struct scan_run *r = *run;

	if (r == NULL)
		return;
	scan_worker_free(&r->worker);
	if (r->timer != NULL)
		uv_close((uv_handle_t *)r->timer, free_handle);
	if (r->scope != NULL) {
		if (r->scope->held)
			quota_scope_release(r->scope);
		quota_scope_unuse(r->settings.master->quotas, r->scope);
	}
	home_close(&r->roots);
	user_free(&r->user);
	free(r);
	*run = NULL;
}

/* ---- walking */

static void walk(struct scan_run *run, enum run_state state);

static struct amount
sum(struct amount a, struct amount b)
{
	return (struct amount){ a.bytes + b.bytes, a.files + b.files };
}

static void
on_progress(void *ctx, struct amount found)
{
	struct scan_run *run = ctx;

	run->settings.progress(run->settings.ctx, sum(run->found, found));
}

static void
on_hold_over(uv_timer_t *timer)
{
	struct scan_run *run = timer->data;

	if (run->state == RUN_AGAIN)
		run->found = run->first;
	end(run, NULL, run->state == RUN_AGAIN ? "there are too many"
	    : "a session does not answer");
}

static void
on_still(void *ctx)
{
	walk(ctx, RUN_AGAIN);
}

static void
hold(struct scan_run *run)
{
	if ((run->timer = malloc(sizeof(*run->timer))) == NULL) {
		fail(run, err_text(ERR_MEMORY));
		return;
	}
	if (uv_timer_init(&run->settings.master->loop, run->timer) != 0)
		bug("cannot make a timer");
	run->timer->data = run;
	uv_timer_start(run->timer, on_hold_over, HOLD_MS_MAX, 0);
	run->state = RUN_HOLDING;
	run->first = run->found;
	quota_scope_hold(run->scope, on_still, run);
}

/* All roots have been walked. */
static void
walked(struct scan_run *run)
{
	run->took_ms = clock_mono_ms() - run->begun_ms;
	if (run->state == RUN_AGAIN || (run->was_still && run->changes == run->scope->changes))
		end(run, NULL, NULL);
	else
		hold(run);
}

static void walk_root(struct scan_run *run);

static void
on_done(void *ctx, struct amount found, const char *error)
{
	struct scan_run *run = ctx;

	if (error != NULL) {
		fail(run, error);
		return;
	}
	scan_worker_free(&run->worker);
	run->found = sum(run->found, found);
	run->root++;
	walk_root(run);
}

/* The next root that counts to the account; the home does. */
static void
walk_root(struct scan_run *run)
{
	const struct user_virtual_folder *folders = run->user->virtual_folders.items;
	struct scan_worker_events events = { .ctx = run, .progress = on_progress,
		.done = on_done };
	int fd, err;

	while (run->settings.directory == NULL && run->root > 0 && run->root < run->end_root &&
	       quota_folder_counts(&folders[run->root - 1]) != FOLDER_COUNTS_TO_ACCOUNT)
		run->root++;
	if (run->root == run->end_root) {
		walked(run);
		return;
	}
	fd = fcntl(run->roots.fds[run->root], F_DUPFD_CLOEXEC, 0);
	err = fd < 0 ? ERR_IO : scan_worker_start(&run->worker, run->settings.master, run->user, fd,
	    &events);
	if (err != 0)
		fail(run, err_text(err));
}

static void
walk(struct scan_run *run, enum run_state state)
{
	run->state = state;
	run->begun_ms = clock_mono_ms();
	run->changes = run->scope->changes;
	run->was_still = quota_scope_is_still(run->scope);
	run->found = (struct amount){ 0 };
	run->root = run->first_root;
	walk_root(run);
}

bool
scan_run_forked(struct scan_run *run, uint64_t number, pid_t pid)
{
	if (run->worker == NULL || scan_worker_number(run->worker) != number)
		return false;
	scan_worker_forked(run->worker, pid);
	return true;
}

/* ---- the beginning */

static void
open_account(uv_work_t *work)
{
	struct scan_run *run = work->data;
	struct master *m = run->settings.master;

	run->err = provider_find(m->provider, run->settings.username, &run->user, &run->failure);
	if (run->err == 0)
		run->err = home_open(run->user, m->map_ids, &run->roots, &run->failure);
}

/* What is to be walked, and whose it is. NULL, or why there is nothing. */
static const char *
choose_roots(struct scan_run *run)
{
	struct quotas *quotas = run->settings.master->quotas;
	const struct directory_id *directory = run->settings.directory;
	size_t root = 1;

	run->end_root = run->roots.count;
	if (directory == NULL) {
		run->scope = quota_scope_use(quotas, run->user);
		return run->scope != NULL ? NULL : err_text(ERR_MEMORY);
	}
	while (root < run->roots.count && !directory_id_equal(run->roots.ids[root], *directory))
		root++;
	if (root >= run->roots.count)
		return "the account does not have it any more";
	run->first_root = root;
	run->end_root = root + 1;
	if ((run->scope = quota_folder_find(quotas, *directory)) == NULL)
		return "nobody uses it any more";
	run->scope->users++;
	return NULL;
}

static void
account_opened(uv_work_t *work, int status)
{
	struct scan_run *run = work->data;
	const char *error = run->cancelled;

	if (error == NULL && run->err != 0)
		error = run->failure.text;
	if (error == NULL)
		error = status != 0 ? err_text(ERR_MEMORY) : choose_roots(run);
	if (error == NULL)
		walk(run, RUN_WALKING);
	else
		fail(run, error);
}

int
scan_run_new(struct scan_run **out, const struct scan_run_settings *settings)
{
	struct scan_run *run = calloc(1, sizeof(*run));

	*out = run;
	if (run == NULL)
		return ERR_MEMORY;
	run->settings = *settings;
	run->work.data = run;
	if (uv_queue_work(&settings->master->loop, &run->work, open_account, account_opened) != 0)
		bug("the thread pool takes no work");
	return 0;
}
