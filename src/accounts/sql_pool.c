#include "accounts/sql_pool.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct idle {
	void *connection;
	uint64_t born_ms;
	struct idle *next;
};

/* The entry of a connection stays with it, in use or not, to know its age. */
struct sql_pool {
	const struct sql_client *client;
	const struct sql_settings *settings;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t given;
	struct idle *idle; /* the one used last comes first */
	struct idle *used;
	unsigned idle_count, open_count, max;
};

int
sql_pool_new(const struct sql_client *client, const struct sql_settings *settings, unsigned max,
    struct sql_pool **out)
{
	struct sql_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t monotonic;

	*out = pool;
	if (pool == NULL)
		return ERR_MEMORY;
	pool->client = client;
	pool->settings = settings;
	pool->max = max;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->given, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return 0;
}

/* Closes all of a list. */
static void
close_all(const struct sql_client *client, struct idle *list)
{
	while (list != NULL) {
		struct idle *next = list->next;

		client->disconnect(list->connection);
		free(list);
		list = next;
	}
}

void
sql_pool_free(struct sql_pool **pool)
{
	struct sql_pool *p = *pool;

	*pool = NULL;
	if (p == NULL)
		return;
	close_all(p->client, p->idle);
	pthread_cond_destroy(&p->given);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static bool
is_fresh(const struct sql_pool *pool, const struct idle *entry)
{
	uint64_t lifetime = pool->client->lifetime_ms;

	return (lifetime == 0 || clock_mono_ms() - entry->born_ms < lifetime) &&
	       pool->client->is_alive(entry->connection);
}

/* Waits until a connection is idle or may be opened. The lock is held. */
static int
wait_for_place(struct sql_pool *pool)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SQL_TIMEOUT_SECONDS;
	while (pool->idle == NULL && pool->max != 0 && pool->open_count >= pool->max) {
		if (pthread_cond_timedwait(&pool->given, &pool->lock, &until) != 0)
			return ERR_TIMEOUT;
	}
	return 0;
}

/*
 * Takes an idle connection that is still good, or a place for a new one: then with a NULL
 * connection. Those that are no longer good are put into a list to be closed without the lock.
 */
static int
take_entry(struct sql_pool *pool, struct idle **out, struct idle **stale_out)
{
	struct idle *entry;
	int err;

	pthread_mutex_lock(&pool->lock);
	err = wait_for_place(pool);
	while (err == 0 && (entry = pool->idle) != NULL && !is_fresh(pool, entry)) {
		pool->idle = entry->next;
		pool->idle_count--;
		pool->open_count--;
		entry->next = *stale_out;
		*stale_out = entry;
	}
	if (err == 0 && (entry = pool->idle) != NULL) {
		pool->idle = entry->next;
		pool->idle_count--;
	} else if (err == 0 && (entry = calloc(1, sizeof(*entry))) != NULL) {
		pool->open_count++;
	} else if (err == 0) {
		err = ERR_MEMORY;
	}
	if (err == 0) {
		entry->next = pool->used;
		pool->used = entry;
		*out = entry;
	}
	pthread_mutex_unlock(&pool->lock);
	return err;
}

/* Takes the entry out of those in use. The lock is held. */
static void
unlink_used(struct sql_pool *pool, const struct idle *entry)
{
	struct idle **link = &pool->used;

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
}

static void
drop(struct sql_pool *pool, struct idle *entry)
{
	pthread_mutex_lock(&pool->lock);
	unlink_used(pool, entry);
	pool->open_count--;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
	free(entry);
}

int
sql_pool_take(struct sql_pool *pool, void **connection_out, struct failure *failure)
{
	struct idle *entry = NULL, *stale = NULL;
	void *connection = NULL;
	int err = take_entry(pool, &entry, &stale);

	*connection_out = NULL;
	close_all(pool->client, stale);
	if (err == ERR_TIMEOUT)
		return failure_set(failure, ERR_UNAVAILABLE,
		    "all %u connections to the database are in use; raise "
		    "data_provider.pool_size",
		    pool->max);
	if (err != 0)
		return err;
	if (entry->connection == NULL) {
		err = pool->client->connect(
		    pool->settings, SQL_TIMEOUT_SECONDS, &connection, failure);
		if (err != 0) {
			drop(pool, entry);
			return err;
		}
		pthread_mutex_lock(&pool->lock);
		entry->connection = connection;
		entry->born_ms = clock_mono_ms();
		pthread_mutex_unlock(&pool->lock);
	}
	*connection_out = entry->connection;
	return 0;
}

void
sql_pool_give(struct sql_pool *pool, void *connection, bool broken)
{
	struct idle *entry, *stale = NULL;

	pthread_mutex_lock(&pool->lock);
	for (entry = pool->used; entry != NULL && entry->connection != connection;)
		entry = entry->next;
	if (entry == NULL)
		bug("a connection was given back that was not taken");
	unlink_used(pool, entry);
	if (broken || pool->idle_count == SQL_IDLE_MAX) {
		pool->open_count--;
		entry->next = NULL;
		stale = entry;
	} else {
		entry->next = pool->idle;
		pool->idle = entry;
		pool->idle_count++;
	}
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
	close_all(pool->client, stale);
}
