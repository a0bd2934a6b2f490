#include "master/quota_scope.h"

/*
 * Whoever has not given back what it holds by then, has others refused. The first count may take
 * longer, but not as long as a session waits.
 */
enum { WAIT_MS_MAX = 10 * 1000, COUNT_MS_MAX = 40 * 1000 };

struct ledger *
quota_lease_ledger(const struct quota_lease *lease)
{
	struct quota_scope *scope = lease->scope;

	if (scope->username == NULL)
		ledger_set_limit(&scope->ledger, lease->limit);
	return &scope->ledger;
}

/* ---- calling back */

static struct quota_lease *
find_to_recall(const struct quota_scope *scope)
{
	struct quota_lease *lease;

	LIST_FOREACH(lease, &scope->leases, link) {
		if (lease->open && !lease->recalled)
			return lease;
	}
	return NULL;
}

void
quota_scope_recall(struct quota_scope *scope)
{
	struct quota_lease *lease;

	/* telling one may end its connection, so each time from the beginning */
	while ((lease = find_to_recall(scope)) != NULL) {
		lease->recalled = true;
		quota_lease_recall(lease);
	}
}

static bool
recalls_are_out(const struct quota_scope *scope)
{
	const struct quota_lease *lease;

	LIST_FOREACH(lease, &scope->leases, link) {
		if (lease->open && lease->recalled)
			return true;
	}
	return false;
}

/* ---- giving */

static void
answer(struct quota_lease *lease, bool refused)
{
	struct quota_scope *scope = lease->scope;
	struct amount added = { 0 };

	TAILQ_REMOVE(&scope->asking, lease, waiting);
	lease->asking = false;
	if (!refused) {
		added = ledger_lend(quota_lease_ledger(lease), &lease->lease, lease->need);
		lease->open = true;
		scope->changes++;
	}
	quota_lease_answer(lease, refused, added);
}

/* What there must be room for. */
static struct amount
wanted(const struct quota_lease *lease)
{
	return (struct amount){ lease->need.bytes, lease->beyond ? 0 : lease->need.files };
}

static bool
fits(const struct quota_lease *lease)
{
	return ledger_fits(quota_lease_ledger(lease), &lease->lease, wanted(lease));
}

void
quota_scope_serve(struct quota_scope *scope)
{
	struct quota_lease *first;

	/* in the order in which they asked: a small wish does not overtake a large one for ever */
	while (!scope->held && !scope->uncounted &&
	       (first = TAILQ_FIRST(&scope->asking)) != NULL) {
		/* what it has to give back does not reckon with what it would get now */
		if (first->recalled)
			return;
		if (fits(first)) {
			answer(first, false);
		} else if (!ledger_may_fit(quota_lease_ledger(first), wanted(first))) {
			answer(first, true);
		} else {
			first->waited = true;
			quota_scope_recall(scope);
			if (recalls_are_out(scope))
				return;
			/* telling them may have ended the one that asked */
			if (TAILQ_FIRST(&scope->asking) == first && !fits(first))
				answer(first, true);
		}
	}
}

MUST int
quota_scope_ask(struct quota_lease *lease, struct amount need, bool beyond, uint64_t now_ms)
{
	if (lease->asking)
		return ERR_PROTOCOL;
	lease->asking = true;
	lease->need = need;
	lease->beyond = beyond;
	lease->asked_ms = now_ms;
	lease->waited = lease->scope->held || lease->scope->uncounted;
	TAILQ_INSERT_TAIL(&lease->scope->asking, lease, waiting);
	quota_scope_serve(lease->scope);
	return 0;
}

void
quota_scope_tick(struct quota_scope *scope, uint64_t now_ms)
{
	uint64_t wait_ms_max = scope->uncounted ? COUNT_MS_MAX : WAIT_MS_MAX;
	struct quota_lease *first;

	while (!scope->held && (first = TAILQ_FIRST(&scope->asking)) != NULL &&
	       now_ms - first->asked_ms >= wait_ms_max)
		answer(first, true);
	quota_scope_serve(scope);
}

/* ---- taking back */

bool
quota_scope_is_still(const struct quota_scope *scope)
{
	const struct quota_lease *lease;

	LIST_FOREACH(lease, &scope->leases, link) {
		if (lease->open)
			return false;
	}
	return true;
}

static void
lease_closed(struct quota_scope *scope)
{
	void (*on_still)(void *) = scope->on_still;

	if (on_still != NULL && quota_scope_is_still(scope)) {
		scope->on_still = NULL;
		on_still(scope->still_ctx);
	}
}

/* The same, with a limit wherever one of those that share a directory has one. */
static struct ledger *
ledger_of_all(struct quota_scope *scope)
{
	struct amount limit = { 0 };
	const struct quota_lease *lease;

	if (scope->username != NULL)
		return &scope->ledger;
	LIST_FOREACH(lease, &scope->leases, link) {
		limit.bytes = limit.bytes > 0 ? limit.bytes : lease->limit.bytes;
		limit.files = limit.files > 0 ? limit.files : lease->limit.files;
	}
	ledger_set_limit(&scope->ledger, limit);
	return &scope->ledger;
}

void
quota_scope_leave(struct quota_lease *lease)
{
	struct quota_scope *scope = lease->scope;

	if (lease->asking)
		TAILQ_REMOVE(&scope->asking, lease, waiting);
	/* one that ended in good order has closed it */
	if (lease->open || lease->nameless.bytes > 0 || lease->nameless.files > 0)
		scope->unsure = true;
	/* most have given everything back, and the limits of all need not be looked for */
	if (lease->lease.held.bytes > 0 || lease->lease.held.files > 0)
		ledger_lose(ledger_of_all(scope), &lease->lease);
	LIST_REMOVE(lease, link);
	lease_closed(scope);
	quota_scope_serve(scope);
}

MUST int
quota_scope_settle(struct quota_lease *lease, struct amount change, struct amount kept, bool open)
{
	struct quota_scope *scope = lease->scope;
	struct amount used;
	int err;

	/* only a grant opens; what is given back may also come later */
	if ((open && !lease->open) || (!open && (kept.bytes > 0 || kept.files > 0)))
		return ERR_INVALID;
	if ((err = ledger_settle(&scope->ledger, &lease->lease, change, kept, &used)) != 0)
		return err;
	scope->unwritten.bytes += used.bytes;
	scope->unwritten.files += used.files;
	scope->changes++;
	if (!open) {
		lease->open = lease->recalled = false;
		lease_closed(scope);
	}
	quota_scope_serve(scope);
	return 0;
}

/* ---- counting */

void
quota_scope_hold(struct quota_scope *scope, void (*on_still)(void *ctx), void *ctx)
{
	scope->held = true;
	scope->on_still = on_still;
	scope->still_ctx = ctx;
	quota_scope_recall(scope);
	lease_closed(scope);
}

void
quota_scope_release(struct quota_scope *scope)
{
	scope->held = false;
	scope->on_still = NULL;
	quota_scope_serve(scope);
}

void
quota_scope_counted(struct quota_scope *scope, struct amount found, bool exact)
{
	const struct quota_lease *lease;

	/* a scan does not find them, but the disk is full of them, and their end is reported */
	LIST_FOREACH(lease, &scope->leases, link) {
		found.bytes += lease->nameless.bytes;
		found.files += lease->nameless.files;
	}
	ledger_count(&scope->ledger, found);
	scope->unsure = !exact;
	scope->uncounted = false;
	scope->unwritten = (struct amount){ 0 };
	scope->reset = true;
	quota_scope_serve(scope);
}
