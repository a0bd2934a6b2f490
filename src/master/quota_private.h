/*
 * quota_private.h - what the files of quotas share: the list of scopes and its clock, and the
 * writing down. For quota.c and quota_store.c.
 */
#ifndef MASTER_QUOTA_PRIVATE_H
#define MASTER_QUOTA_PRIVATE_H

#include "master/quota.h"
#include "master/quota_scope.h"

#include <uv.h>

enum { QUOTA_BUCKETS = 1024 };

struct quotas {
	struct master *master;
	bool tracks;  /* track_quota is not 0 */
	bool limited; /* track_quota is 2: only accounts with a limit are written */
	bool writes;  /* manage_users is not 0 */
	LIST_HEAD(, quota_scope) buckets[QUOTA_BUCKETS];
	unsigned scopes;
	uv_timer_t timer;   /* once a second while there is a scope */
	bool writing;       /* a job is on the thread pool */
	bool database_away; /* it keeps a change back that it could not write */
	uint64_t written_ms;
};

/* Puts what is to be written on the thread pool, unless a job is there already. */
void quota_store_write(struct quotas *quotas, uint64_t now_ms);
/* The same on this thread, for the end of the server. */
void quota_store_write_now(struct quotas *quotas);
bool quota_store_is_dirty(const struct quota_scope *scope);

#endif
