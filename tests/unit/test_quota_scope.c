/*
 * Those who share a directory: each has its own limit of what all use, nothing is lent before it is
 * counted, and what a dead one held counts for all.
 */
#include "master/quota_scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ASKED_MS = 1000, COUNT_MS = 40 * 1000 };

static unsigned granted, refused;

void
quota_lease_answer(struct quota_lease *lease, bool is_refused, struct amount added)
{
	(void)lease;
	(void)added;
	granted += !is_refused;
	refused += is_refused;
}

/* A session that gives back at once what it holds, and has used nothing. */
void
quota_lease_recall(struct quota_lease *lease)
{
	assert_int_equal(quota_scope_settle(lease, (struct amount){ 0 }, (struct amount){ 0 },
	    false), 0);
}

static void
begin(struct quota_scope *scope, struct quota_lease *leases, const struct amount *limits,
	size_t count)
{
	*scope = (struct quota_scope){ .uncounted = true };
	LIST_INIT(&scope->leases);
	TAILQ_INIT(&scope->asking);
	ledger_init(&scope->ledger, limits[0], (struct amount){ 0 });
	for (size_t i = 0; i < count; i++) {
		leases[i] = (struct quota_lease){ .scope = scope, .limit = limits[i] };
		LIST_INSERT_HEAD(&scope->leases, &leases[i], link);
	}
	granted = refused = 0;
}

static void
ask(struct quota_lease *lease, int64_t bytes)
{
	assert_int_equal(quota_scope_ask(lease, (struct amount){ .bytes = bytes }, false, ASKED_MS),
	    0);
}

static void
test_each_has_its_limit(void **state)
{
	const struct amount limits[] = { { 100, 0 }, { 300, 0 }, { 0, 7 } };
	struct quota_scope scope;
	struct quota_lease leases[3];

	(void)state;
	begin(&scope, leases, limits, 3);
	quota_scope_counted(&scope, (struct amount){ 90, 1 }, true);
	ask(&leases[0], 11);
	assert_int_equal(refused, 1);
	ask(&leases[0], 10);
	assert_int_equal(granted, 1);
	/* all that is free to one, and then what the other holds */
	ask(&leases[1], 211);
	assert_int_equal(refused, 2);
	ask(&leases[1], 210);
	assert_int_equal(granted, 2);
	assert_int_equal(leases[0].lease.held.bytes, 0);
	ask(&leases[2], 1 << 20);
	assert_int_equal(granted, 3);
}

static void
test_waits_for_the_count(void **state)
{
	const struct amount limit = { 100, 0 };
	struct quota_scope scope;
	struct quota_lease lease;

	(void)state;
	begin(&scope, &lease, &limit, 1);
	ask(&lease, 10);
	quota_scope_tick(&scope, ASKED_MS + COUNT_MS - 1);
	assert_int_equal(granted + refused, 0);
	quota_scope_counted(&scope, (struct amount){ 90, 1 }, true);
	assert_int_equal(granted, 1);

	begin(&scope, &lease, &limit, 1);
	ask(&lease, 10);
	quota_scope_tick(&scope, ASKED_MS + COUNT_MS);
	assert_int_equal(refused, 1);
}

static void
test_dead_without_a_limit(void **state)
{
	const struct amount limits[] = { { 0, 5 }, { 100, 0 } };
	struct quota_scope scope;
	struct quota_lease leases[2];

	(void)state;
	begin(&scope, leases, limits, 2);
	quota_scope_counted(&scope, (struct amount){ 0 }, true);
	ask(&leases[0], 1);
	assert_int_equal(granted, 1);
	quota_scope_leave(&leases[0]);
	assert_true(scope.unsure);
	/* nobody knows how much of it was written */
	ask(&leases[1], 1);
	assert_int_equal(refused, 1);
	quota_scope_counted(&scope, (struct amount){ 99, 1 }, true);
	ask(&leases[1], 1);
	assert_int_equal(granted, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_its_limit),
		cmocka_unit_test(test_waits_for_the_count),
		cmocka_unit_test(test_dead_without_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
