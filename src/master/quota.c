#include "master/quota.h"

#include "base/clock.h"
#include "base/hash.h"
#include "master/quota_private.h"
#include "master/quota_scan.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>

enum {
	TICK_MS = 1000,
	/*
	 * Longer than a login takes from reading its account to its session: it must not begin with
	 * what was used before the last change was written.
	 */
	UNUSED_MS_MAX = 180 * 1000,
};

/* All leases of one session, by the number of the root; without a scope where there is none. */
struct quota_session {
	size_t count;
	struct quota_lease leases[];
};

/* ---- scopes */

static size_t
bucket_of(const char *username)
{
	return hash_text(username) % QUOTA_BUCKETS;
}

struct quota_scope *
quota_scope_find(const struct quotas *q, const char *username)
{
	struct quota_scope *scope;

	LIST_FOREACH(scope, &q->buckets[bucket_of(username)], link) {
		if (scope->username != NULL && strcmp(scope->username, username) == 0)
			return scope;
	}
	return NULL;
}

static void
scope_free(struct quotas *q, struct quota_scope *scope)
{
	pthread_mutex_lock(&q->lock);
	LIST_REMOVE(scope, link);
	pthread_mutex_unlock(&q->lock);
	q->scopes--;
	free(scope->username);
	free(scope);
}

/* What an account uses that is neither limited nor written need not be right. */
static bool
wants_count(const struct quotas *q, const struct quota_scope *scope)
{
	return scope->unsure && q->tracks && (!q->limited || ledger_is_limited(&scope->ledger));
}

static void
tick_scope(struct quotas *q, struct quota_scope *scope, uint64_t now_ms)
{
	bool idle = scope->users == 0 && now_ms - scope->unused_ms >= UNUSED_MS_MAX;

	quota_scope_tick(scope, now_ms);
	if (scope->username == NULL) {
		quota_folder_publish(q, scope);
		quota_folder_count(q, scope, now_ms);
		/* what is not known of it is counted for the next one */
		if (idle || (scope->users == 0 && scope->unsure))
			scope_free(q, scope);
	} else if (wants_count(q, scope) && now_ms >= scope->count_at_ms) {
		quota_scan_settle(q->master->scans, scope->username, NULL);
	} else if (idle && !scope->unsure && !quota_store_is_dirty(scope)) {
		scope_free(q, scope);
	}
}

static void
on_tick(uv_timer_t *timer)
{
	struct quotas *q = timer->data;
	uint64_t now_ms = clock_mono_ms();
	struct quota_scope *scope, *next;

	for (size_t i = 0; i < QUOTA_BUCKETS; i++) {
		for (scope = LIST_FIRST(&q->buckets[i]); scope != NULL; scope = next) {
			next = LIST_NEXT(scope, link);
			tick_scope(q, scope, now_ms);
		}
	}
	quota_store_write(q, NULL, now_ms);
	if (q->scopes == 0 && !q->database_away)
		uv_timer_stop(timer);
}

struct quota_scope *
quota_scope_new(struct quotas *q, size_t bucket, char *username)
{
	struct quota_scope *scope = calloc(1, sizeof(*scope));

	if (scope == NULL) {
		free(username);
		return NULL;
	}
	scope->username = username;
	LIST_INIT(&scope->leases);
	TAILQ_INIT(&scope->asking);
	pthread_mutex_lock(&q->lock);
	LIST_INSERT_HEAD(&q->buckets[bucket], scope, link);
	pthread_mutex_unlock(&q->lock);
	scope->users = 1;
	if (q->scopes++ == 0)
		uv_timer_start(&q->timer, on_tick, TICK_MS, TICK_MS);
	return scope;
}

struct quota_scope *
quota_scope_use(struct quotas *q, const struct user *user)
{
	struct amount limit = { user->quota_size, user->quota_files };
	struct amount used = { user->used_quota_size, user->used_quota_files };
	struct quota_scope *scope = quota_scope_find(q, user->username);
	char *username;

	if (scope != NULL) {
		/* what it uses is known better here, what it may use there */
		ledger_set_limit(&scope->ledger, limit);
		scope->users++;
		return scope;
	}
	if ((username = strdup(user->username)) == NULL ||
	    (scope = quota_scope_new(q, bucket_of(username), username)) == NULL)
		return NULL;
	ledger_init(&scope->ledger, limit, used);
	return scope;
}

void
quota_scope_unuse(struct quotas *q, struct quota_scope *scope)
{
	scope->users--;
	scope->unused_ms = clock_mono_ms();
	/* what a session or a scan has found is not to be waited for */
	if (quota_store_is_dirty(scope))
		quota_store_write(q, scope, scope->unused_ms);
}

/* ---- sessions */

static int
begin_lease(struct connection *c, uint32_t number, struct quota_scope *scope, struct amount limit)
{
	struct quota_lease *lease = &c->quota->leases[number];

	if (scope == NULL)
		return ERR_MEMORY;
	*lease = (struct quota_lease){ .scope = scope, .connection = c, .number = number,
		.limit = limit };
	LIST_INSERT_HEAD(&scope->leases, lease, link);
	return 0;
}

int
quota_session_begin(struct connection *c, const struct home_roots *roots)
{
	const struct user_virtual_folder *folders = c->user->virtual_folders.items;
	struct quotas *q = c->master->quotas;
	int err;

	if (!q->tracks)
		return 0;
	c->quota = calloc(1, sizeof(*c->quota) + roots->count * sizeof(c->quota->leases[0]));
	if (c->quota == NULL)
		return ERR_MEMORY;
	c->quota->count = roots->count;
	err = begin_lease(c, 0, quota_scope_use(q, c->user), (struct amount){ 0 });
	for (uint32_t i = 1; i < roots->count && err == 0; i++) {
		struct amount limit = quota_folder_limit(&folders[i - 1]);

		if (quota_folder_counts(&folders[i - 1]) == FOLDER_COUNTS_TO_ITSELF)
			err = begin_lease(c, i, quota_folder_use(q, roots->ids[i], limit), limit);
	}
	if (err != 0)
		quota_session_end(c);
	return err;
}

void
quota_session_end(struct connection *c)
{
	struct quotas *q = c->master->quotas;
	struct quota_session *session = c->quota;

	c->quota = NULL;
	for (size_t i = 0; session != NULL && i < session->count; i++) {
		struct quota_scope *scope = session->leases[i].scope;

		if (scope == NULL)
			continue;
		quota_scope_leave(&session->leases[i]);
		quota_scope_unuse(q, scope);
	}
	free(session);
}

static struct quota_lease *
lease_of(const struct connection *c, uint32_t number)
{
	return c->quota != NULL && number < c->quota->count &&
	    c->quota->leases[number].scope != NULL ? &c->quota->leases[number] : NULL;
}

/* One that is about to end hears nothing any more; and a failure ends it. */
static void
tell(struct connection *c, struct buf *message)
{
	if (c->ended)
		buf_free(message);
	else if (connection_send(&c->session, message, NULL, 0) != 0)
		return;
}

void
quota_lease_answer(struct quota_lease *lease, bool refused, struct amount added)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	metrics_add(lease->connection->master->metrics, METRIC_LEASES, refused ? METRIC_LEASE_REFUSED
	    : lease->waited ? METRIC_LEASE_WAITED : METRIC_LEASE_AT_ONCE, 1);
	ipc_encode_quota_granted(&message, &(struct ipc_quota_granted){ .scope = lease->number,
		.refused = refused, .bytes = (uint64_t)added.bytes,
		.files = (uint64_t)added.files });
	tell(lease->connection, &message);
}

void
quota_lease_recall(struct quota_lease *lease)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_quota_recall(&message, &(struct ipc_quota_recall){ .scope = lease->number });
	tell(lease->connection, &message);
}

int
on_quota_settle(struct connection *c, struct rd fields)
{
	struct ipc_quota_settle message;
	int err = ipc_decode_quota_settle(fields, &message);
	struct quota_lease *lease;

	if (err != 0)
		return err;
	if ((lease = lease_of(c, message.scope)) == NULL)
		return ERR_PROTOCOL;
	lease->nameless = (struct amount){ (int64_t)message.nameless_bytes,
		(int64_t)message.nameless_files };
	lease->scope->unsure |= message.unsure;
	return quota_scope_settle(lease, (struct amount){ message.bytes, message.files },
	    (struct amount){ (int64_t)message.kept_bytes, (int64_t)message.kept_files },
	    message.open);
}

int
on_quota_ask(struct connection *c, struct rd fields)
{
	struct ipc_quota_ask message;
	int err = ipc_decode_quota_ask(fields, &message);
	uint64_t now_ms = clock_mono_ms();
	struct quota_scope *scope;
	struct quota_lease *lease;

	if (err != 0)
		return err;
	if ((lease = lease_of(c, message.scope)) == NULL)
		return ERR_PROTOCOL;
	/* the answer may end the lease, not the scope */
	scope = lease->scope;
	err = quota_scope_ask(lease,
	    (struct amount){ (int64_t)message.bytes, (int64_t)message.files }, message.beyond,
	    now_ms);
	/* not at the next tick only: a client waits */
	if (err == 0 && scope->uncounted)
		quota_folder_count(c->master->quotas, scope, now_ms);
	return err;
}

static uint64_t
shown(int64_t used)
{
	return used > 0 ? (uint64_t)used : 0;
}

int
on_quota_show(struct connection *c, struct rd fields)
{
	struct buf answer = buf_init(IPC_BYTES_MAX);
	struct ipc_quota_show message;
	int err = ipc_decode_quota_show(fields, &message);
	const struct quota_lease *lease;
	const struct ledger *ledger;

	if (err != 0)
		return err;
	if ((lease = lease_of(c, message.scope)) == NULL)
		return ERR_PROTOCOL;
	ledger = quota_lease_ledger(lease);
	ipc_encode_quota_shown(&answer, &(struct ipc_quota_shown){ .scope = message.scope,
		.limit_bytes = (uint64_t)ledger->limit.bytes,
		.used_bytes = shown(ledger->used.bytes + ledger->lost.bytes),
		.limit_files = (uint64_t)ledger->limit.files,
		.used_files = shown(ledger->used.files + ledger->lost.files) });
	tell(c, &answer);
	return 0;
}

/* ---- accounts that change */

/* The folders of a session are those of its account, or it is about to end. */
static void
change_folder_limits(struct quota_session *session, const struct user *user)
{
	for (size_t i = 1; i < session->count && i <= user->virtual_folders.count; i++) {
		struct quota_lease *lease = &session->leases[i];

		lease->limit = quota_folder_limit(&user->virtual_folders.items[i - 1]);
		if (lease->scope != NULL)
			lease->scope->limits_changed = true;
	}
}

/* Telling sessions may end them, but no scope goes before the next tick. */
static void
recall_folders(struct quotas *q)
{
	struct quota_scope *scope;

	for (size_t i = 0; i < QUOTA_BUCKETS; i++) {
		LIST_FOREACH(scope, &q->buckets[i], link) {
			if (!scope->limits_changed)
				continue;
			scope->limits_changed = false;
			quota_scope_recall(scope);
			quota_scope_serve(scope);
		}
	}
}

void
quota_account_changed(struct quotas *q, const struct user *user)
{
	struct quota_scope *scope = quota_scope_find(q, user->username);
	const struct quota_lease *lease;

	if (scope == NULL)
		return;
	LIST_FOREACH(lease, &scope->leases, link)
		change_folder_limits(lease->connection->quota, user);
	recall_folders(q);
	ledger_set_limit(&scope->ledger, (struct amount){ user->quota_size, user->quota_files });
	/* what was lent by the old limit comes back */
	quota_scope_recall(scope);
	quota_scope_serve(scope);
}

/* ---- the whole */

bool
quotas_track(const struct quotas *q)
{
	return q->tracks;
}

int
quotas_new(struct quotas **out, struct master *m)
{
	struct quotas *q = calloc(1, sizeof(*q));

	*out = NULL;
	if (q == NULL)
		return ERR_MEMORY;
	q->master = m;
	pthread_mutex_init(&q->lock, NULL);
	q->tracks = provider_track_quota(m->provider) != 0;
	q->limited = provider_track_quota(m->provider) == 2;
	q->writes = provider_manages_users(m->provider);
	for (size_t i = 0; i < QUOTA_BUCKETS; i++)
		LIST_INIT(&q->buckets[i]);
	if (uv_timer_init(&m->loop, &q->timer) != 0)
		bug("cannot make a timer");
	q->timer.data = q;
	*out = q;
	return 0;
}

void
quotas_stop(struct quotas *q)
{
	if (q != NULL)
		uv_close((uv_handle_t *)&q->timer, NULL);
}

void
quotas_free(struct quotas **quotas)
{
	struct quotas *q = *quotas;
	struct quota_scope *scope;

	if (q == NULL)
		return;
	quota_store_write_now(q);
	for (size_t i = 0; i < QUOTA_BUCKETS; i++) {
		while ((scope = LIST_FIRST(&q->buckets[i])) != NULL)
			scope_free(q, scope);
	}
	pthread_mutex_destroy(&q->lock);
	free(q);
	*quotas = NULL;
}
