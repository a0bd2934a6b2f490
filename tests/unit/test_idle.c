/* When a session is idle: the test owns the clock. */
#include "master/idle.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
at_the_limit_and_past_it(void **state)
{
	(void)state;
	assert_false(idle_expired(1000, 1000 + 60000, 1));
	assert_true(idle_expired(1000, 1000 + 60001, 1));
	assert_false(idle_expired(1000, 1000 + 15 * 60000, 15));
	assert_true(idle_expired(1000, 1001 + 15 * 60000, 15));
	assert_true(idle_expired(0, UINT64_MAX, INT_MAX));
}

static void
never(void **state)
{
	(void)state;
	assert_false(idle_expired(0, UINT64_MAX, 0));
	assert_false(idle_expired(0, UINT64_MAX, -1));
	/* an activity that came in while the sweep ran */
	assert_false(idle_expired(1001, 1000, 1));
}

static void
whose_minutes(void **state)
{
	(void)state;
	assert_int_equal(idle_minutes(0, 15), 15);
	assert_int_equal(idle_minutes(0, -1), -1);
	assert_int_equal(idle_minutes(1, 15), 1);
	assert_int_equal(idle_minutes(525600, 0), 525600);
	assert_int_equal(idle_minutes(-1, 15), -1);
	assert_false(idle_expired(0, UINT64_MAX, idle_minutes(-1, 15)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_the_limit_and_past_it),
		cmocka_unit_test(never),
		cmocka_unit_test(whose_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
