/*
 * The arithmetic of quotas, against a model that knows nothing of leases: whatever borrowers do, no
 * limit is exceeded, the last byte and the last file can be had, and one more cannot.
 */
#include "master/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

enum { BORROWERS = 16, STEPS = 200000 };

static void
test_last_byte(void **state)
{
	struct ledger l;
	struct lease one = { 0 }, other = { 0 };
	struct amount used;

	(void)state;
	ledger_init(&l, (struct amount){ 100, 2 }, (struct amount){ 40, 1 });
	assert_true(ledger_fits(&l, &one, (struct amount){ 60, 1 }));
	assert_false(ledger_fits(&l, &one, (struct amount){ 61, 1 }));
	assert_false(ledger_fits(&l, &one, (struct amount){ 60, 2 }));
	ledger_lend(&l, &one, (struct amount){ 60, 1 });
	assert_int_equal(one.held.bytes, 60);
	assert_false(ledger_fits(&l, &other, (struct amount){ 1, 0 }));
	/* removing must be possible all the same */
	assert_true(ledger_fits(&l, &other, (struct amount){ 0, 0 }));
	/* what one holds could be called back */
	assert_true(ledger_may_fit(&l, (struct amount){ 60, 1 }));
	assert_false(ledger_may_fit(&l, (struct amount){ 61, 0 }));
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ 10, 1 }, (struct amount){ 0, 0 },
	    &used), 0);
	assert_int_equal(l.used.bytes, 50);
	assert_int_equal(l.lent.bytes, 0);
	assert_true(ledger_fits(&l, &other, (struct amount){ 50, 0 }));
	assert_false(ledger_fits(&l, &other, (struct amount){ 51, 0 }));
}

static void
test_lies(void **state)
{
	struct ledger l;
	struct lease one = { 0 };
	struct amount used;

	(void)state;
	ledger_init(&l, (struct amount){ 100, 0 }, (struct amount){ 0, 0 });
	ledger_lend(&l, &one, (struct amount){ 50, 1 });
	/* more than it held, kept more than is left, kept less than nothing, or sums beyond reason */
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ 51, 0 }, (struct amount){ 0, 0 },
	    &used), ERR_INVALID);
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ 10, 0 }, (struct amount){ 41, 0 },
	    &used), ERR_INVALID);
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ 0, 0 }, (struct amount){ -1, 0 },
	    &used), ERR_INVALID);
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ INT64_MIN, 0 },
	    (struct amount){ 0, 0 }, &used), ERR_INVALID);
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ -AMOUNT_MAX, 0 },
	    (struct amount){ AMOUNT_MAX + 50, 0 }, &used), ERR_INVALID);
	assert_int_equal(l.used.bytes, 0);
	assert_int_equal(one.held.bytes, 50);
	/* less than nothing is never used in the end */
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ -70, 0 }, (struct amount){ 50, 1 },
	    &used), 0);
	assert_int_equal(l.used.bytes, -70);
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ 10, 0 }, (struct amount){ 0, 0 },
	    &used), 0);
	assert_int_equal(l.used.bytes, 0);
	assert_int_equal(used.bytes, 70);
}

static void
test_lost(void **state)
{
	struct ledger l;
	struct lease one = { 0 }, other = { 0 };

	(void)state;
	ledger_init(&l, (struct amount){ 100, 0 }, (struct amount){ 20, 5 });
	ledger_lend(&l, &one, (struct amount){ 30, 1 });
	ledger_lose(&l, &one);
	assert_int_equal(one.held.bytes, 0);
	assert_false(ledger_may_fit(&l, (struct amount){ 51, 0 }));
	assert_true(ledger_fits(&l, &other, (struct amount){ 50, 1000 }));
	/* nothing is known of files, but there is no limit of them either */
	assert_int_equal(l.lost.files, 0);
	ledger_count(&l, (struct amount){ 25, 6 });
	assert_true(ledger_fits(&l, &other, (struct amount){ 75, 0 }));
	assert_false(ledger_fits(&l, &other, (struct amount){ 76, 0 }));
}

static void
test_limit_changes(void **state)
{
	struct ledger l;
	struct lease one = { 0 };
	struct amount used;

	(void)state;
	ledger_init(&l, (struct amount){ 0, 0 }, (struct amount){ 70, 0 });
	assert_false(ledger_is_limited(&l));
	ledger_lend(&l, &one, (struct amount){ 1, 0 });
	assert_true(one.held.bytes > 1);
	ledger_set_limit(&l, (struct amount){ 50, 0 });
	assert_true(ledger_is_limited(&l));
	assert_int_equal(ledger_settle(&l, &one, (struct amount){ 0, 0 }, (struct amount){ 0, 0 },
	    &used), 0);
	/* above the limit: no byte, but leave to remove */
	assert_false(ledger_may_fit(&l, (struct amount){ 1, 0 }));
	assert_true(ledger_fits(&l, &one, (struct amount){ 0, 0 }));
}

static void
test_leases_adapt(void **state)
{
	struct ledger l;
	struct lease far = { 0 }, near = { 0 };

	(void)state;
	ledger_init(&l, (struct amount){ 1ll << 40, 0 }, (struct amount){ 0, 0 });
	assert_true(ledger_lend(&l, &far, (struct amount){ 1, 0 }).bytes >= 1 << 20);
	ledger_init(&l, (struct amount){ 1ll << 40, 0 }, (struct amount){ (1ll << 40) - 10, 0 });
	assert_int_equal(ledger_lend(&l, &near, (struct amount){ 1, 0 }).bytes, 1);
}

/* One borrower, and what it has really used since it reported last. */
struct borrower {
	struct lease lease;
	int64_t left, change;
};

static int64_t
really_used(const struct ledger *l, const struct borrower *all)
{
	int64_t sum = l->used.bytes;

	for (size_t i = 0; i < BORROWERS; i++)
		sum += all[i].change;
	return sum;
}

static void
report(struct ledger *l, struct borrower *b, int64_t kept)
{
	struct amount used;

	assert_int_equal(ledger_settle(l, &b->lease, (struct amount){ b->change, 0 },
	    (struct amount){ kept, 0 }, &used), 0);
	b->change = 0;
	b->left = kept;
}

static void
call_back(struct ledger *l, struct borrower *all)
{
	for (size_t i = 0; i < BORROWERS; i++)
		report(l, &all[i], 0);
}

/* Uses so much if it can, as a session does: from the lease, from a larger one, from all. */
static bool
use(struct ledger *l, struct borrower *all, struct borrower *b, int64_t bytes)
{
	if (b->left < bytes) {
		report(l, b, b->left);
		if (!ledger_fits(l, &b->lease, (struct amount){ bytes, 0 }))
			call_back(l, all);
		if (!ledger_fits(l, &b->lease, (struct amount){ bytes, 0 }))
			return false;
		b->left += ledger_lend(l, &b->lease, (struct amount){ bytes, 0 }).bytes;
	}
	b->left -= bytes;
	b->change += bytes;
	return true;
}

static void
test_against_model(void **state)
{
	static const int64_t limits[] = { 1, 100, 4096, 1000003, 1ll << 33 };

	(void)state;
	srandom(20261126);
	for (size_t n = 0; n < sizeof(limits) / sizeof(limits[0]); n++) {
		struct borrower all[BORROWERS] = { 0 };
		int64_t limit = limits[n], model = 0;
		struct ledger l;

		ledger_init(&l, (struct amount){ limit, 0 }, (struct amount){ 0, 0 });
		for (int step = 0; step < STEPS; step++) {
			struct borrower *b = &all[random() % BORROWERS];
			int64_t bytes = random() % (limit / (1 + random() % 64) + 1) + 1;
			int what = (int)(random() % 8);

			if (what < 4) {
				/* it fits exactly when the model says so */
				bool fits = model + bytes <= limit;

				assert_int_equal(use(&l, all, b, bytes), fits);
				model += fits ? bytes : 0;
			} else if (what < 6) {
				bytes = bytes < model ? bytes : model;
				b->left += bytes;
				b->change -= bytes;
				model -= bytes;
			} else {
				report(&l, b, what == 6 ? b->left : 0);
			}
			assert_int_equal(really_used(&l, all), model);
			assert_true(l.used.bytes + l.lent.bytes <= limit);
		}
		assert_int_equal(use(&l, all, all, limit - model + 1), false);
		if (model < limit)
			assert_int_equal(use(&l, all, all, limit - model), true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_byte),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_limit_changes),
		cmocka_unit_test(test_leases_adapt),
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
