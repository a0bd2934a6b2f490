/*
 * quota_scan_run.h - one scan while it runs: the account is read, its roots are walked, and walked
 * again while nothing changes where that is needed (quota_scan.h says when).
 *
 * Knows of no other scan and not who wants to know. All of it is called on the loop. Private to
 * quota_scan*.c.
 */
#ifndef MASTER_QUOTA_SCAN_RUN_H
#define MASTER_QUOTA_SCAN_RUN_H

#include "master/home.h"
#include "master/quota_scope.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct scan_run;

struct scan_outcome {
	struct amount found;
	const char *error;   /* why nothing was found, or NULL */
	const char *inexact; /* why the files could not be counted while nothing changed, or NULL */
	struct quota_scope *scope; /* that was counted; NULL when it was not come to */
};

struct scan_run_settings {
	struct master *master;
	const char *username; /* both must outlive the run */
	const struct directory_id *directory; /* NULL, or of all roots only this folder */
	void *ctx;
	/* What the walk that is under way has found so far. */
	void (*progress)(void *ctx, struct amount found);
	/* It has ended, and is to be freed. Called once, and not by scan_run_new(). */
	void (*ended)(void *ctx, const struct scan_outcome *outcome);
};

/* Begins. ERR_MEMORY. */
MUST int scan_run_new(struct scan_run **out, const struct scan_run_settings *settings);
/* Ends it with this error, now or, while a thread reads the account, after that. */
void scan_run_cancel(struct scan_run *run, const char *error);
/* From the nursery; false when the number is not that of its process. */
bool scan_run_forked(struct scan_run *run, uint64_t number, pid_t pid);
/* Also ends the hold of its scope. */
void scan_run_free(struct scan_run **run);

#endif
