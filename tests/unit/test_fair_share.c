/* How a rate is divided: each row is wishes and what becomes of them. */
#include "master/fair_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ALL UINT64_MAX
enum { CLAIMS_MAX = 4 };

static void
rows(void **state)
{
	static const struct {
		uint64_t rate;
		unsigned count;
		uint64_t wanted[CLAIMS_MAX], share[CLAIMS_MAX];
	} table[] = {
		{ 1000, 0, { 0 }, { 0 } },
		{ 1000, 1, { 0 }, { 0 } },
		{ 1000, 1, { ALL }, { 1000 } },
		{ 1000, 1, { 999 }, { 999 } },
		{ 1000, 1, { 1000 }, { 1000 } },
		{ 1000, 1, { 1001 }, { 1000 } },
		{ 0, 2, { ALL, 5 }, { 0, 0 } },
		{ 1000, 2, { ALL, ALL }, { 500, 500 } },
		{ 1000, 2, { ALL, 0 }, { 1000, 0 } },
		/* what one leaves is the other's */
		{ 1000, 2, { 100, ALL }, { 100, 900 } },
		/* at an equal part, and one above it */
		{ 1000, 2, { 500, ALL }, { 500, 500 } },
		{ 1000, 2, { 501, ALL }, { 500, 500 } },
		/* all that is wanted is less than there is */
		{ 1000, 3, { 100, 200, 300 }, { 100, 200, 300 } },
		/* 400 is above an equal part until the others have left theirs */
		{ 1000, 4, { 400, 100, 100, ALL }, { 400, 100, 100, 400 } },
		{ 1000, 4, { 50, 300, 350, ALL }, { 50, 300, 325, 325 } },
		/* nothing is lost by division */
		{ 1000, 3, { ALL, ALL, ALL }, { 333, 333, 334 } },
		{ 2, 3, { ALL, ALL, ALL }, { 0, 1, 1 } },
		{ (uint64_t)1 << 40, 2, { ALL, ALL }, { (uint64_t)1 << 39, (uint64_t)1 << 39 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fair_claims claims = TAILQ_HEAD_INITIALIZER(claims);
		struct fair_claim each[CLAIMS_MAX];

		for (unsigned j = 0; j < table[i].count; j++) {
			each[j] = (struct fair_claim){ .wanted = table[i].wanted[j],
				.share = 12345 };
			TAILQ_INSERT_TAIL(&claims, &each[j], link);
		}
		fair_share_divide(&claims, table[i].rate);
		for (unsigned j = 0; j < table[i].count; j++)
			assert_int_equal(each[j].share, table[i].share[j]);
	}
}

/* For any wishes: nobody gets more than it wants, and together they get all that can be given. */
static void
properties(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int turn = 0; turn < 2000; turn++) {
		struct fair_claims claims = TAILQ_HEAD_INITIALIZER(claims);
		struct fair_claim each[16];
		uint64_t wanted = 0, given = 0, rate, smallest_cut = ALL, largest = 0;
		unsigned count = (unsigned)turn % 16 + 1;

		for (unsigned j = 0; j < count; j++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			each[j].wanted = (random >> 40) % 1000;
			wanted += each[j].wanted;
			TAILQ_INSERT_TAIL(&claims, &each[j], link);
		}
		random = random * 6364136223846793005u + 1442695040888963407u;
		rate = (random >> 40) % 8000;
		fair_share_divide(&claims, rate);
		for (unsigned j = 0; j < count; j++) {
			assert_true(each[j].share <= each[j].wanted);
			given += each[j].share;
			if (each[j].share > largest)
				largest = each[j].share;
			if (each[j].share < each[j].wanted && each[j].share < smallest_cut)
				smallest_cut = each[j].share;
		}
		assert_int_equal(given, rate < wanted ? rate : wanted);
		/* who gets less than it wants has as much as anybody, but for the rounding */
		if (smallest_cut != ALL)
			assert_true(largest <= smallest_cut + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
