#include "accounts/provider_pending.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *username;
	struct provider_quota delta;
	int64_t now_ms;
};

/* Empty nearly always, so that an unordered array is good enough for the time of an outage. */
struct provider_pending {
	pthread_mutex_t lock;
	struct entry *entries;
	size_t count, room;
};

int
pending_new(struct provider_pending **out)
{
	struct provider_pending *pending = calloc(1, sizeof(*pending));

	*out = pending;
	if (pending == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&pending->lock, NULL);
	return 0;
}

void
pending_free(struct provider_pending **pending)
{
	struct provider_pending *p = *pending;

	*pending = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		free(p->entries[i].username);
	free(p->entries);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int64_t
pending_sum(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

/* NULL when there is none. The lock is held. */
static struct entry *
lookup(struct provider_pending *pending, const char *username)
{
	for (size_t i = 0; i < pending->count; i++) {
		if (strcmp(pending->entries[i].username, username) == 0)
			return &pending->entries[i];
	}
	return NULL;
}

static int
append(struct provider_pending *pending, const char *username, struct entry **out)
{
	struct entry *larger;
	size_t room = pending->room == 0 ? 16 : 2 * pending->room;

	if (pending->count == PENDING_MAX)
		return ERR_LIMIT;
	if (pending->count == pending->room) {
		larger = reallocarray(pending->entries, room, sizeof(*larger));
		if (larger == NULL)
			return ERR_MEMORY;
		pending->entries = larger;
		pending->room = room;
	}
	*out = &pending->entries[pending->count];
	**out = (struct entry){ .username = strdup(username) };
	if ((*out)->username == NULL)
		return ERR_MEMORY;
	pending->count++;
	return 0;
}

int
pending_add(struct provider_pending *pending, const char *username, struct provider_quota delta,
    int64_t now_ms)
{
	struct entry *entry;
	int err = 0;

	pthread_mutex_lock(&pending->lock);
	if ((entry = lookup(pending, username)) == NULL)
		err = append(pending, username, &entry);
	if (err == 0) {
		entry->delta.bytes = pending_sum(entry->delta.bytes, delta.bytes);
		entry->delta.files = pending_sum(entry->delta.files, delta.files);
		if (now_ms > entry->now_ms)
			entry->now_ms = now_ms;
	}
	pthread_mutex_unlock(&pending->lock);
	return err;
}

struct provider_quota
pending_get(struct provider_pending *pending, const char *username)
{
	struct provider_quota delta = { 0 };
	const struct entry *entry;

	pthread_mutex_lock(&pending->lock);
	if ((entry = lookup(pending, username)) != NULL)
		delta = entry->delta;
	pthread_mutex_unlock(&pending->lock);
	return delta;
}

void
pending_drop(struct provider_pending *pending, const char *username)
{
	struct entry *entry;

	pthread_mutex_lock(&pending->lock);
	if ((entry = lookup(pending, username)) != NULL) {
		free(entry->username);
		*entry = pending->entries[--pending->count];
	}
	pthread_mutex_unlock(&pending->lock);
}

bool
pending_take(struct provider_pending *pending, char **username_out,
    struct provider_quota *delta_out, int64_t *now_ms_out)
{
	bool found;

	pthread_mutex_lock(&pending->lock);
	if ((found = pending->count > 0)) {
		const struct entry *entry = &pending->entries[--pending->count];

		*username_out = entry->username;
		*delta_out = entry->delta;
		*now_ms_out = entry->now_ms;
	}
	pthread_mutex_unlock(&pending->lock);
	return found;
}
