#include "master/quota_scan.h"

#include "base/clock.h"
#include "base/fd.h"
#include "master/quota_scope.h"
#include "master/scan_worker.h"
#include "master/state.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* While changes wait: less than a session waits for a lease. */
	HOLD_MS_MAX = 20 * 1000,
	/* A scope that stays unsure is counted again, but not all the time. */
	SETTLE_MS_MIN = 1000,
	SETTLE_TIMES = 10, /* so many times as long as the walk took */
	SETTLE_FAILED_MS = 10 * 1000,
	RESULTS = 64,
	RESULT_TEXT_MAX = 256,
};

enum scan_state {
	SCAN_QUEUED,
	SCAN_OPENING, /* the account is read, on the thread pool */
	SCAN_WALKING, /* while sessions go on */
	SCAN_HOLDING, /* leases are being called back */
	SCAN_AGAIN,   /* while nothing changes */
};

struct scan {
	TAILQ_ENTRY(scan) link;
	struct quota_scans *scans;
	char *username;
	bool is_folder;     /* that of the account which is this directory; never asked for */
	struct directory_id directory;
	int64_t start_time; /* wall clock */
	bool asked;         /* by an administrator; else it settles an unsure scope */
	struct amount so_far;
	bool cancelled;     /* while its account is read */

	/* for the loop alone */
	enum scan_state state;
	uint64_t begun_ms, took_ms; /* the last walk */
	struct user *user;
	struct home_roots roots;
	size_t first_root, end_root; /* that may have to be walked, */
	size_t root;                 /* and the one that is */
	struct quota_scope *scope;
	uint64_t changes; /* of the scope, when the walk began; */
	bool was_still;   /* and whether nothing could be changed then */
	struct amount first; /* found by the first walk */
	struct amount found; /* by the walk that is under way, or was made last */
	struct scan_worker *worker;
	uv_timer_t *timer; /* ends a hold */
};

/* What came of a scan that somebody asked for. */
struct result {
	char username[USER_NAME_MAX + 1];
	int64_t start_time;
	struct amount found;
	char error[RESULT_TEXT_MAX]; /* "" for success */
};

struct quota_scans {
	struct master *master;
	uv_async_t wake;
	pthread_mutex_t lock; /* results, list, and the members of its items up to `cancelled` */
	TAILQ_HEAD(, scan) list;
	struct result results[RESULTS]; /* the next one takes the place of the oldest */
	size_t result_count;
	unsigned running; /* not queued */
	bool stopping;
};

static void begin_some(struct quota_scans *scans);

/* ---- the list */

/* The account's, or with a directory that of the folder. */
static bool
is_of(const struct scan *scan, const char *username, const struct directory_id *directory)
{
	if (directory != NULL)
		return scan->is_folder && directory_id_equal(scan->directory, *directory);
	return !scan->is_folder && strcmp(scan->username, username) == 0;
}

/* The lock is held. */
static struct scan *
find(struct quota_scans *scans, const char *username, const struct directory_id *directory)
{
	struct scan *scan;

	TAILQ_FOREACH(scan, &scans->list, link) {
		if (is_of(scan, username, directory))
			return scan;
	}
	return NULL;
}

/* The lock is held. */
static int
add(struct quota_scans *scans, const char *username, const struct directory_id *directory,
	bool asked)
{
	struct scan *scan = find(scans, username, directory);

	if (scan != NULL && (scan->asked || !asked))
		return ERR_EXISTS;
	if (scan == NULL) {
		if ((scan = calloc(1, sizeof(*scan))) == NULL ||
		    (scan->username = strdup(username)) == NULL) {
			free(scan);
			return ERR_MEMORY;
		}
		scan->scans = scans;
		scan->is_folder = directory != NULL;
		if (directory != NULL)
			scan->directory = *directory;
		TAILQ_INSERT_TAIL(&scans->list, scan, link);
	}
	scan->start_time = clock_wall_ms();
	scan->asked = asked;
	return 0;
}

static int
add_and_wake(struct quota_scans *scans, const char *username,
	const struct directory_id *directory, bool asked)
{
	int err;

	pthread_mutex_lock(&scans->lock);
	err = scans->stopping ? ERR_UNAVAILABLE : add(scans, username, directory, asked);
	if (err == 0)
		uv_async_send(&scans->wake);
	pthread_mutex_unlock(&scans->lock);
	return err;
}

int
quota_scan_start(struct quota_scans *scans, const char *username)
{
	return add_and_wake(scans, username, NULL, true);
}

void
quota_scan_settle(struct quota_scans *scans, const char *username,
	const struct directory_id *directory)
{
	/* when it cannot be noted now it will be asked for again */
	if (add_and_wake(scans, username, directory, false) != 0)
		return;
}

json_t *
quota_scan_list(struct quota_scans *scans)
{
	json_t *list = json_array();
	const struct scan *scan;

	pthread_mutex_lock(&scans->lock);
	TAILQ_FOREACH(scan, &scans->list, link) {
		if (scan->asked)
			json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I}",
			    "username", scan->username, "start_time", (json_int_t)scan->start_time,
			    "found_size", (json_int_t)scan->so_far.bytes,
			    "found_files", (json_int_t)scan->so_far.files));
	}
	pthread_mutex_unlock(&scans->lock);
	return list;
}

json_t *
quota_scan_result(struct quota_scans *scans, const char *username)
{
	json_t *object = json_null();

	pthread_mutex_lock(&scans->lock);
	for (size_t i = 1; i <= RESULTS && i <= scans->result_count; i++) {
		const struct result *r = &scans->results[(scans->result_count - i) % RESULTS];

		if (strcmp(r->username, username) != 0)
			continue;
		object = json_pack("{s:I, s:I, s:I}", "start_time", (json_int_t)r->start_time,
		    "found_size", (json_int_t)r->found.bytes,
		    "found_files", (json_int_t)r->found.files);
		if (r->error[0] != '\0')
			json_object_set_new(object, "error", json_string(r->error));
		break;
	}
	pthread_mutex_unlock(&scans->lock);
	return object;
}

/* ---- the end of one */

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
scan_free(struct scan *scan)
{
	struct quota_scans *scans = scan->scans;

	scan_worker_free(&scan->worker);
	if (scan->timer != NULL)
		uv_close((uv_handle_t *)scan->timer, free_handle);
	if (scan->scope != NULL) {
		if (scan->scope->held)
			quota_scope_release(scan->scope);
		quota_scope_unuse(scans->master->quotas, scan->scope);
	}
	pthread_mutex_lock(&scans->lock);
	TAILQ_REMOVE(&scans->list, scan, link);
	pthread_mutex_unlock(&scans->lock);
	if (scan->state != SCAN_QUEUED)
		scans->running--;
	home_close(&scan->roots);
	user_free(&scan->user);
	free(scan->username);
	free(scan);
}

static void
remember(const struct scan *scan, const char *error)
{
	struct quota_scans *scans = scan->scans;
	struct result *result;

	pthread_mutex_lock(&scans->lock);
	result = &scans->results[scans->result_count++ % RESULTS];
	*result = (struct result){ .start_time = scan->start_time, .found = scan->found };
	snprintf(result->username, sizeof(result->username), "%s", scan->username);
	snprintf(result->error, sizeof(result->error), "%s", error != NULL ? error : "");
	pthread_mutex_unlock(&scans->lock);
}

/* Ends it; the text is why nothing was found, or NULL. */
static void
finish(struct scan *scan, const char *error)
{
	struct quota_scans *scans = scan->scans;
	uint64_t now_ms = clock_mono_ms();

	if (error != NULL)
		log_app(scans->master->log, LOG_LEVEL_WARN, "quota", "",
		    "the scan of what %suser \"%s\" uses has found nothing: %s",
		    scan->is_folder ? "a virtual folder of " : "", scan->username, error);
	else if (scan->asked)
		log_app(scans->master->log, LOG_LEVEL_INFO, "quota", "",
		    "user \"%s\" uses %lld bytes in %lld files, as a scan has found",
		    scan->username, (long long)scan->found.bytes, (long long)scan->found.files);
	if (scan->asked)
		remember(scan, error);
	if (scan->scope != NULL)
		scan->scope->count_at_ms = now_ms +
		    (error != NULL ? SETTLE_FAILED_MS : SETTLE_MS_MIN + scan->took_ms * SETTLE_TIMES);
	scan_free(scan);
	if (!scans->stopping)
		begin_some(scans);
}

static void
succeed(struct scan *scan, bool exact)
{
	/* what was believed may be nearer to the truth than a walk among changes */
	if (exact || scan->asked)
		quota_scope_counted(scan->scope, scan->found, exact);
	if (!exact)
		log_app(scan->scans->master->log, LOG_LEVEL_WARN, "quota", "",
		    "the files of %suser \"%s\" could not be counted while nothing changes: %s",
		    scan->is_folder ? "a virtual folder of " : "", scan->username,
		    scan->state == SCAN_AGAIN ? "there are too many" :
		    "a session does not answer");
	finish(scan, NULL);
}

/* ---- walking */

static void walk(struct scan *scan, enum scan_state state);

static struct amount
sum(struct amount a, struct amount b)
{
	return (struct amount){ a.bytes + b.bytes, a.files + b.files };
}

static void
on_progress(void *ctx, struct amount found)
{
	struct scan *scan = ctx;

	pthread_mutex_lock(&scan->scans->lock);
	scan->so_far = sum(scan->found, found);
	pthread_mutex_unlock(&scan->scans->lock);
}

static void
on_hold_over(uv_timer_t *timer)
{
	struct scan *scan = timer->data;

	if (scan->state == SCAN_AGAIN)
		scan->found = scan->first;
	succeed(scan, false);
}

static void
on_still(void *ctx)
{
	struct scan *scan = ctx;

	walk(scan, SCAN_AGAIN);
}

static void
hold(struct scan *scan)
{
	if ((scan->timer = malloc(sizeof(*scan->timer))) == NULL) {
		finish(scan, err_text(ERR_MEMORY));
		return;
	}
	if (uv_timer_init(&scan->scans->master->loop, scan->timer) != 0)
		bug("cannot make a timer");
	scan->timer->data = scan;
	uv_timer_start(scan->timer, on_hold_over, HOLD_MS_MAX, 0);
	scan->state = SCAN_HOLDING;
	scan->first = scan->found;
	quota_scope_hold(scan->scope, on_still, scan);
}

/* All roots have been walked. */
static void
walked(struct scan *scan)
{
	scan->took_ms = clock_mono_ms() - scan->begun_ms;
	if (scan->state == SCAN_AGAIN ||
	    (scan->was_still && scan->changes == scan->scope->changes))
		succeed(scan, true);
	else
		hold(scan);
}

static void walk_root(struct scan *scan);

static void
on_done(void *ctx, struct amount found, const char *error)
{
	struct scan *scan = ctx;

	if (error != NULL) {
		finish(scan, error);
		return;
	}
	scan_worker_free(&scan->worker);
	scan->found = sum(scan->found, found);
	scan->root++;
	walk_root(scan);
}

/* The next root that counts to the account; the home does. */
static void
walk_root(struct scan *scan)
{
	const struct user_virtual_folder *folders = scan->user->virtual_folders.items;
	struct scan_worker_events events = { .ctx = scan, .progress = on_progress,
		.done = on_done };
	int fd, err;

	while (!scan->is_folder && scan->root > 0 && scan->root < scan->end_root &&
	       quota_folder_counts(&folders[scan->root - 1]) != FOLDER_COUNTS_TO_ACCOUNT)
		scan->root++;
	if (scan->root == scan->end_root) {
		walked(scan);
		return;
	}
	fd = fcntl(scan->roots.fds[scan->root], F_DUPFD_CLOEXEC, 0);
	err = fd < 0 ? ERR_IO : scan_worker_start(&scan->worker, scan->scans->master, scan->user,
	    fd, &events);
	if (err != 0)
		finish(scan, err_text(err));
}

static void
walk(struct scan *scan, enum scan_state state)
{
	scan->state = state;
	scan->begun_ms = clock_mono_ms();
	scan->changes = scan->scope->changes;
	scan->was_still = quota_scope_is_still(scan->scope);
	scan->found = (struct amount){ 0 };
	scan->root = scan->first_root;
	walk_root(scan);
}

/* ---- beginning */

struct open_job {
	uv_work_t work;
	struct master *master;
	struct scan *scan; /* is not freed meanwhile */
	struct user *user;
	struct home_roots roots;
	struct failure failure;
	int err;
};

static void
open_account(uv_work_t *work)
{
	struct open_job *job = work->data;

	job->err = provider_find(job->master->provider, job->scan->username, &job->user,
	    &job->failure);
	if (job->err == 0)
		job->err = home_open(job->user, job->master->map_ids, &job->roots, &job->failure);
}

/* What is to be walked, and whose it is. NULL, or why there is nothing. */
static const char *
choose_roots(struct scan *scan)
{
	struct quotas *quotas = scan->scans->master->quotas;
	size_t root = 1;

	scan->end_root = scan->roots.count;
	if (!scan->is_folder) {
		scan->scope = quota_scope_use(quotas, scan->user);
		return scan->scope != NULL ? NULL : err_text(ERR_MEMORY);
	}
	while (root < scan->roots.count &&
	       !directory_id_equal(scan->roots.ids[root], scan->directory))
		root++;
	if (root >= scan->roots.count)
		return "the account does not have it any more";
	scan->first_root = root;
	scan->end_root = root + 1;
	if ((scan->scope = quota_folder_find(quotas, scan->directory)) == NULL)
		return "nobody uses it any more";
	scan->scope->users++;
	return NULL;
}

static void
account_opened(uv_work_t *work, int status)
{
	struct open_job *job = work->data;
	struct scan *scan = job->scan;
	const char *error;

	scan->user = job->user;
	scan->roots = job->roots;
	error = scan->cancelled ? "it was cancelled" :
	    scan->scans->stopping ? "the server is going down" :
	    job->err != 0 ? job->failure.text :
	    status != 0 ? err_text(ERR_MEMORY) : choose_roots(scan);
	if (error == NULL)
		walk(scan, SCAN_WALKING);
	else
		finish(scan, error);
	free(job);
}

static void
begin(struct scan *scan)
{
	struct open_job *job = calloc(1, sizeof(*job));

	scan->state = SCAN_OPENING;
	scan->scans->running++;
	if (job == NULL) {
		finish(scan, err_text(ERR_MEMORY));
		return;
	}
	job->work.data = job;
	job->scan = scan;
	job->master = scan->scans->master;
	if (uv_queue_work(&job->master->loop, &job->work, open_account, account_opened) != 0)
		bug("the thread pool takes no work");
}

static struct scan *
first_queued(struct quota_scans *scans)
{
	struct scan *scan;

	pthread_mutex_lock(&scans->lock);
	TAILQ_FOREACH(scan, &scans->list, link) {
		if (scan->state == SCAN_QUEUED)
			break;
	}
	pthread_mutex_unlock(&scans->lock);
	return scan;
}

static void
begin_some(struct quota_scans *scans)
{
	struct scan *scan;

	while (scans->running < QUOTA_SCANS_AT_ONCE && (scan = first_queued(scans)) != NULL)
		begin(scan);
}

static void
on_wake(uv_async_t *wake)
{
	begin_some(wake->data);
}

/* ---- what others ask */

int
quota_scan_cancel(struct quota_scans *scans, const char *username)
{
	struct scan *scan;

	pthread_mutex_lock(&scans->lock);
	scan = find(scans, username, NULL);
	if (scan != NULL && scan->asked)
		scan->cancelled = true;
	pthread_mutex_unlock(&scans->lock);
	if (scan == NULL || !scan->asked)
		return ERR_NOT_FOUND;
	/* what reads its account will see it */
	if (scan->state != SCAN_OPENING)
		finish(scan, "it was cancelled");
	return 0;
}

bool
quota_scan_forked(struct quota_scans *scans, uint64_t number, pid_t pid)
{
	struct scan *scan;

	pthread_mutex_lock(&scans->lock);
	TAILQ_FOREACH(scan, &scans->list, link) {
		if (scan->worker != NULL && scan_worker_number(scan->worker) == number)
			break;
	}
	pthread_mutex_unlock(&scans->lock);
	if (scan != NULL)
		scan_worker_forked(scan->worker, pid);
	return scan != NULL;
}

int
quota_scans_new(struct quota_scans **out, struct master *m)
{
	struct quota_scans *scans = calloc(1, sizeof(*scans));

	*out = scans;
	if (scans == NULL)
		return ERR_MEMORY;
	scans->master = m;
	TAILQ_INIT(&scans->list);
	pthread_mutex_init(&scans->lock, NULL);
	if (uv_async_init(&m->loop, &scans->wake, on_wake) != 0)
		bug("cannot make a handle");
	scans->wake.data = scans;
	return 0;
}

void
quota_scans_stop(struct quota_scans *scans)
{
	struct scan *scan, *next;

	if (scans == NULL)
		return;
	pthread_mutex_lock(&scans->lock);
	scans->stopping = true;
	pthread_mutex_unlock(&scans->lock);
	for (scan = TAILQ_FIRST(&scans->list); scan != NULL; scan = next) {
		next = TAILQ_NEXT(scan, link);
		if (scan->state != SCAN_OPENING)
			finish(scan, "the server is going down");
	}
	uv_close((uv_handle_t *)&scans->wake, NULL);
}

void
quota_scans_free(struct quota_scans **scans)
{
	if (*scans == NULL)
		return;
	pthread_mutex_destroy(&(*scans)->lock);
	free(*scans);
	*scans = NULL;
}
