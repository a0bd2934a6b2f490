/*
 * quota_private.h - what the files of quotas share: the list of scopes and its clock, and the
 * writing down. For quota.c, quota_folder.c and
 * quota_store.c.
 */
#ifndef MASTER_QUOTA_PRIVATE_H
#define MASTER_QUOTA_PRIVATE_H

#include "master/quota.h"
#include "master/quota_scope.h"

#include <pthread.h>
#include <uv.h>

enum { QUOTA_BUCKETS = 1024 };

struct quotas {
	struct master *master;
	bool tracks;  /* track_quota is not 0 */
	bool limited; /* track_quota is 2: only accounts with a limit are written */
	bool writes;  /* manage_users is not 0 */
	pthread_mutex_t lock; /* for other threads: the lists, and what is published */
	LIST_HEAD(, quota_scope) buckets[QUOTA_BUCKETS];
	unsigned scopes;
	uv_timer_t timer;   /* once a second while there is a scope */
	bool writing;       /* a job is on the thread pool */
	bool database_away; /* it keeps a change back that it could not write */
	uint64_t written_ms;
};

/* With one user, in a bucket; takes the name. NULL: no memory, and the name is freed. */
struct quota_scope *quota_scope_new(struct quotas *quotas, size_t bucket, char *username);

/* The scope of a directory, for a lease with limits. NULL: no memory. */
struct quota_scope *quota_folder_use(struct quotas *quotas, struct directory_id directory,
	struct amount limit);
/* The limits of a folder. */
struct amount quota_folder_limit(const struct user_virtual_folder *folder);
/* Has it counted by an account that has it; unless nobody wants to know, or not so soon again. */
void quota_folder_count(struct quotas *quotas, struct quota_scope *scope, uint64_t now_ms);
/* Tells other threads what is used. */
void quota_folder_publish(struct quotas *quotas, struct quota_scope *scope);

/* Puts what is to be written, or `only` this, on the thread pool, unless a job is there already. */
void quota_store_write(struct quotas *quotas, struct quota_scope *only, uint64_t now_ms);
/* The same on this thread, for the end of the server. */
void quota_store_write_now(struct quotas *quotas);
bool quota_store_is_dirty(const struct quota_scope *scope);

#endif
