/*
 * scan_worker.h - the process that walks one tree, as the master sees it. Private to master/.
 */
#ifndef MASTER_SCAN_WORKER_H
#define MASTER_SCAN_WORKER_H

#include "accounts/accounts.h"
#include "base/err.h"
#include "master/ledger.h"

#include <stdint.h>
#include <sys/types.h>

struct master;
struct scan_worker;

struct scan_worker_events {
	void *ctx;
	void (*progress)(void *ctx, struct amount found);
	/* The last event; `error` is NULL when all was found. The worker is to be freed. */
	void (*done)(void *ctx, struct amount found, const char *error);
};

/* Walks what lies below the directory, which it takes in any case, with the account's ids. */
MUST int scan_worker_start(struct scan_worker **out, struct master *master,
	const struct user *user, int root_fd, const struct scan_worker_events *events);
/* Kills the process when it has not ended. */
void scan_worker_free(struct scan_worker **worker);
/* What the nursery calls it by. */
uint64_t scan_worker_number(const struct scan_worker *worker);
void scan_worker_forked(struct scan_worker *worker, pid_t pid);

#endif
