#include "master/quota_scan.h"

#include "base/clock.h"
#include "master/quota_scan_run.h"
#include "master/state.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESULTS = 64, RESULT_TEXT_MAX = 256 };

struct scan {
	TAILQ_ENTRY(scan) link;
	struct quota_scans *scans;
	char *username;
	bool is_folder;     /* that of the account which is this directory; never asked for */
	struct directory_id directory;
	int64_t start_time; /* wall clock */
	bool asked;         /* by an administrator; else it settles an unsure scope */
	struct amount so_far;
	struct scan_run *run; /* for the loop alone; NULL: it waits for its turn */
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
	pthread_mutex_t lock; /* results, list, and the members of its items up to `so_far` */
	TAILQ_HEAD(, scan) list;
	struct result results[RESULTS]; /* the next one takes the place of the oldest */
	size_t result_count;
	unsigned running;
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
scan_free(struct scan *scan)
{
	struct quota_scans *scans = scan->scans;

	if (scan->run != NULL)
		scans->running--;
	scan_run_free(&scan->run);
	pthread_mutex_lock(&scans->lock);
	TAILQ_REMOVE(&scans->list, scan, link);
	pthread_mutex_unlock(&scans->lock);
	free(scan->username);
	free(scan);
}

static void
remember(const struct scan *scan, struct amount found, const char *error)
{
	struct quota_scans *scans = scan->scans;
	struct result *result;

	pthread_mutex_lock(&scans->lock);
	result = &scans->results[scans->result_count++ % RESULTS];
	*result = (struct result){ .start_time = scan->start_time, .found = found };
	snprintf(result->username, sizeof(result->username), "%s", scan->username);
	snprintf(result->error, sizeof(result->error), "%s", error != NULL ? error : "");
	pthread_mutex_unlock(&scans->lock);
}

static void
log_end(const struct scan *scan, const struct scan_outcome *outcome)
{
	struct log *log = scan->scans->master->log;
	const char *of = scan->is_folder ? "a virtual folder of " : "";

	if (outcome->inexact != NULL)
		log_app(log, LOG_LEVEL_WARN, "quota", "",
		    "the files of %suser \"%s\" could not be counted while nothing changes: %s", of,
		    scan->username, outcome->inexact);
	if (outcome->error != NULL)
		log_app(log, LOG_LEVEL_WARN, "quota", "",
		    "the scan of what %suser \"%s\" uses has found nothing: %s", of,
		    scan->username, outcome->error);
	else if (scan->asked)
		log_app(log, LOG_LEVEL_INFO, "quota", "",
		    "user \"%s\" uses %lld bytes in %lld files, as a scan has found",
		    scan->username, (long long)outcome->found.bytes,
		    (long long)outcome->found.files);
}

static void
on_ended(void *ctx, const struct scan_outcome *outcome)
{
	struct scan *scan = ctx;
	struct quota_scans *scans = scan->scans;
	bool exact = outcome->inexact == NULL;

	/* what was believed may be nearer to the truth than a walk among changes */
	if (outcome->error == NULL && (exact || scan->asked))
		quota_scope_counted(outcome->scope, outcome->found, exact);
	log_end(scan, outcome);
	if (scan->asked)
		remember(scan, outcome->found, outcome->error);
	scan_free(scan);
	if (!scans->stopping)
		begin_some(scans);
}

/* Now, or as soon as it can be. */
static void
end(struct scan *scan, const char *error)
{
	if (scan->run != NULL)
		scan_run_cancel(scan->run, error);
	else
		on_ended(scan, &(struct scan_outcome){ .error = error });
}

/* ---- the beginning */

static void
on_progress(void *ctx, struct amount found)
{
	struct scan *scan = ctx;

	pthread_mutex_lock(&scan->scans->lock);
	scan->so_far = found;
	pthread_mutex_unlock(&scan->scans->lock);
}

static void
begin(struct scan *scan)
{
	struct scan_run_settings settings = { .master = scan->scans->master,
		.username = scan->username,
		.directory = scan->is_folder ? &scan->directory : NULL, .ctx = scan,
		.progress = on_progress, .ended = on_ended };

	if (scan_run_new(&scan->run, &settings) == 0)
		scan->scans->running++;
	else
		end(scan, err_text(ERR_MEMORY));
}

static struct scan *
first_waiting(struct quota_scans *scans)
{
	struct scan *scan;

	pthread_mutex_lock(&scans->lock);
	TAILQ_FOREACH(scan, &scans->list, link) {
		if (scan->run == NULL)
			break;
	}
	pthread_mutex_unlock(&scans->lock);
	return scan;
}

static void
begin_some(struct quota_scans *scans)
{
	struct scan *scan;

	while (scans->running < QUOTA_SCANS_AT_ONCE && (scan = first_waiting(scans)) != NULL)
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
	if (scan != NULL && !scan->asked)
		scan = NULL;
	pthread_mutex_unlock(&scans->lock);
	if (scan == NULL)
		return ERR_NOT_FOUND;
	end(scan, "it was cancelled");
	return 0;
}

bool
quota_scan_forked(struct quota_scans *scans, uint64_t number, pid_t pid)
{
	struct scan *scan;

	pthread_mutex_lock(&scans->lock);
	TAILQ_FOREACH(scan, &scans->list, link) {
		if (scan->run != NULL && scan_run_forked(scan->run, number, pid))
			break;
	}
	pthread_mutex_unlock(&scans->lock);
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
		end(scan, "the server is going down");
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
