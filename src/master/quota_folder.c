/* Quotas of directories that accounts have as virtual folders with limits of their own. */
#include "base/clock.h"
#include "base/fd.h"
#include "master/quota_private.h"
#include "master/quota_scan.h"
#include "master/state.h"

#include <fcntl.h>

enum quota_folder_counts
quota_folder_counts(const struct user_virtual_folder *folder)
{
	if (folder->quota_size == 0 && folder->quota_files == 0)
		return FOLDER_COUNTS_TO_ACCOUNT;
	return folder->quota_size > 0 || folder->quota_files > 0 ? FOLDER_COUNTS_TO_ITSELF
	    : FOLDER_COUNTS_NOWHERE;
}

struct amount
quota_folder_limit(const struct user_virtual_folder *folder)
{
	return (struct amount){ folder->quota_size, folder->quota_files };
}

static size_t
bucket_of(struct directory_id directory)
{
	return (directory.inode * 31 + directory.device) % QUOTA_BUCKETS;
}

struct quota_scope *
quota_folder_find(const struct quotas *q, struct directory_id directory)
{
	struct quota_scope *scope;

	LIST_FOREACH(scope, &q->buckets[bucket_of(directory)], link) {
		if (scope->username == NULL && directory_id_equal(scope->directory, directory))
			return scope;
	}
	return NULL;
}

struct quota_scope *
quota_folder_use(struct quotas *q, struct directory_id directory, struct amount limit)
{
	struct quota_scope *scope = quota_folder_find(q, directory);

	if (scope != NULL) {
		/* rather than believe that all was used which the last ones died with */
		scope->uncounted |= scope->users == 0 && scope->unsure;
		scope->users++;
		return scope;
	}
	if ((scope = quota_scope_new(q, bucket_of(directory), NULL)) == NULL)
		return NULL;
	ledger_init(&scope->ledger, limit, (struct amount){ 0 });
	pthread_mutex_lock(&q->lock);
	scope->directory = directory;
	scope->published.bytes = -1;
	pthread_mutex_unlock(&q->lock);
	scope->uncounted = scope->unsure = true;
	return scope;
}

void
quota_folder_count(struct quotas *q, struct quota_scope *scope, uint64_t now_ms)
{
	const struct quota_lease *lease = LIST_FIRST(&scope->leases);

	/* sessions that only read have nothing counted */
	if (lease == NULL || !scope->unsure || now_ms < scope->count_at_ms ||
	    (scope->uncounted && TAILQ_EMPTY(&scope->asking)))
		return;
	quota_scan_settle(q->master->scans, lease->connection->user->username, &scope->directory);
}

/* ---- for administrators */

void
quota_folder_publish(struct quotas *q, struct quota_scope *scope)
{
	const struct ledger *ledger = &scope->ledger;
	struct amount used = { ledger->used.bytes + ledger->lost.bytes,
		ledger->used.files + ledger->lost.files };

	if (scope->uncounted)
		return;
	pthread_mutex_lock(&q->lock);
	scope->published = (struct amount){ used.bytes > 0 ? used.bytes : 0,
		used.files > 0 ? used.files : 0 };
	pthread_mutex_unlock(&q->lock);
}

/* False when it is not known. */
static bool
find_published(struct quotas *q, const char *path, struct amount *out)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct quota_scope *scope = NULL;
	struct directory_id directory;

	if (fd >= 0 && directory_id_of(fd, &directory) == 0) {
		pthread_mutex_lock(&q->lock);
		if ((scope = quota_folder_find(q, directory)) != NULL)
			*out = scope->published;
		pthread_mutex_unlock(&q->lock);
	}
	fd_close(&fd);
	return scope != NULL && out->bytes >= 0;
}

json_t *
quota_folders_show(struct quotas *q, const struct user *user)
{
	json_t *list = json_array();

	for (size_t i = 0; i < user->virtual_folders.count; i++) {
		const struct user_virtual_folder *f = &user->virtual_folders.items[i];
		struct amount limit = quota_folder_limit(f), used;
		bool known;

		if (quota_folder_counts(f) != FOLDER_COUNTS_TO_ITSELF)
			continue;
		known = find_published(q, f->mapped_path, &used);
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}",
			"virtual_path", f->virtual_path, "mapped_path", f->mapped_path,
			"quota_size", (json_int_t)(limit.bytes > 0 ? limit.bytes : 0),
			"quota_files", (json_int_t)(limit.files > 0 ? limit.files : 0),
			"used_quota_size", known ? json_integer(used.bytes) : json_null(),
			"used_quota_files", known ? json_integer(used.files) : json_null()));
	}
	return list;
}
