#include "master/user_sessions.h"

#include "base/hash.h"
#include "master/connection.h"

#include <stdlib.h>
#include <string.h>

static size_t
bucket_of(const char *username)
{
	return hash_text(username) % USER_SESSIONS_BUCKETS;
}

struct user_sessions *
user_sessions_find(const struct user_sessions_table *table, const char *username)
{
	struct user_sessions *sessions;

	LIST_FOREACH (sessions, &table->buckets[bucket_of(username)], link) {
		if (strcmp(sessions->username, username) == 0)
			return sessions;
	}
	return NULL;
}

static struct user_sessions *
add(struct user_sessions_table *table, const char *username)
{
	size_t bytes = strlen(username) + 1;
	struct user_sessions *sessions = calloc(1, sizeof(*sessions) + bytes);

	if (sessions == NULL)
		return NULL;
	memcpy(sessions->username, username, bytes);
	LIST_INSERT_HEAD(&table->buckets[bucket_of(username)], sessions, link);
	table->users++;
	return sessions;
}

int
user_sessions_join(
	struct user_sessions_table *table, struct connection *c, const char *username)
{
	struct user_sessions *sessions = user_sessions_find(table, username);

	if (sessions == NULL && (sessions = add(table, username)) == NULL)
		return ERR_MEMORY;
	LIST_INSERT_HEAD(&sessions->list, c, of_user);
	sessions->count++;
	c->user_sessions = sessions;
	return 0;
}

void
user_sessions_leave(struct user_sessions_table *table, struct connection *c)
{
	struct user_sessions *sessions = c->user_sessions;

	if (sessions == NULL)
		return;
	c->user_sessions = NULL;
	LIST_REMOVE(c, of_user);
	if (--sessions->count > 0)
		return;
	LIST_REMOVE(sessions, link);
	free(sessions);
	table->users--;
}

size_t
user_sessions_count(const struct user_sessions_table *table, const char *username)
{
	const struct user_sessions *sessions = user_sessions_find(table, username);

	return sessions != NULL ? sessions->count : 0;
}

void
user_sessions_each(struct user_sessions *sessions,
	void (*each)(void *ctx, struct connection *connection), void *ctx)
{
	struct connection *c = sessions != NULL ? LIST_FIRST(&sessions->list) : NULL, *next;

	for (; c != NULL; c = next) {
		next = LIST_NEXT(c, of_user);
		each(ctx, c);
	}
}

void
user_sessions_names(const struct user_sessions_table *table,
	void (*each)(void *ctx, const char *username), void *ctx)
{
	const struct user_sessions *sessions;

	for (size_t i = 0; i < USER_SESSIONS_BUCKETS; i++) {
		LIST_FOREACH (sessions, &table->buckets[i], link)
			each(ctx, sessions->username);
	}
}
