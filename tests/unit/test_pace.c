/* The bucket of a session's pace: the test owns the clock and moves the bytes. */
#include "worker/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { START_MS = 5000, RATE = 1000 * 1000 };

/* As a server does: stops and is held when nothing is left. */
static bool
move(struct pace *pace, uint64_t bytes)
{
	struct sftp_allowance *allowance = &pace->allowance;

	if (!allowance->limited)
		return true;
	if (allowance->left <= 0) {
		allowance->held = true;
		return false;
	}
	allowance->left -= (int64_t)bytes;
	allowance->moved += bytes;
	return true;
}

static struct pace
pace_at(uint64_t rate)
{
	struct pace pace;

	pace_init(&pace, true, START_MS);
	pace_set_rate(&pace, true, rate, START_MS);
	return pace;
}

static void
no_limit_no_work(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, false, START_MS);
	assert_true(move(&pace, UINT32_MAX));
	assert_false(pace_refill(&pace, START_MS + 1000));
	assert_false(pace_report(&pace, START_MS + 1000));
	assert_int_equal(pace_deadline_ms(&pace), 0);
	assert_int_equal(pace.allowance.moved, 0);
}

/* Before the master has said a rate nothing moves, and it is asked for one at once. */
static void
begins_with_a_question(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, true, START_MS);
	assert_int_equal(pace_deadline_ms(&pace), 0);
	assert_false(move(&pace, 1));
	assert_false(pace_refill(&pace, START_MS));
	assert_true(pace_report(&pace, START_MS));
	assert_true(pace.wanted == PACE_WANTED_ALL);
	assert_false(pace_report(&pace, START_MS + 1));
	/* time alone brings nothing */
	assert_false(pace_refill(&pace, START_MS + 10000));
	pace_set_rate(&pace, true, RATE, START_MS + 10000);
	assert_false(pace_refill(&pace, START_MS + 10000 + PACE_WAKE_MS - 1));
	assert_true(pace_refill(&pace, START_MS + 10000 + PACE_WAKE_MS));
	assert_true(move(&pace, 1));
}

static void
earns_by_time_up_to_its_depth(void **state)
{
	struct pace pace = pace_at(RATE);

	(void)state;
	pace_refill(&pace, START_MS + 1);
	assert_int_equal(pace.allowance.left, RATE / 1000);
	pace_refill(&pace, START_MS + PACE_DEPTH_MS - 1);
	assert_int_equal(pace.allowance.left, RATE / 1000 * (PACE_DEPTH_MS - 1));
	pace_refill(&pace, START_MS + PACE_DEPTH_MS);
	assert_int_equal(pace.allowance.left, RATE / 1000 * PACE_DEPTH_MS);
	pace_refill(&pace, START_MS + PACE_DEPTH_MS + 1);
	assert_int_equal(pace.allowance.left, RATE / 1000 * PACE_DEPTH_MS);
	pace_refill(&pace, UINT64_MAX / 2);
	assert_int_equal(pace.allowance.left, RATE / 1000 * PACE_DEPTH_MS);
}

/* Three bytes a second, looked at each millisecond: no thousandth is lost. */
static void
slow_rates_lose_nothing(void **state)
{
	struct pace pace = pace_at(3);
	uint64_t moved = 0;

	(void)state;
	for (uint64_t ms = 1; ms <= 60000; ms++) {
		pace_refill(&pace, START_MS + ms);
		if (move(&pace, 1))
			moved++;
	}
	assert_int_equal(moved, 180);
}

static void
a_debt_is_paid_first(void **state)
{
	struct pace pace = pace_at(1000);

	(void)state;
	pace_refill(&pace, START_MS + 250);
	/* an answer of 250 bytes, and one of 32768 that goes whole because a byte is left */
	assert_true(move(&pace, 249));
	assert_true(move(&pace, 32768));
	assert_int_equal(pace.allowance.left, -32767);
	assert_false(move(&pace, 1));
	assert_int_equal(pace_deadline_ms(&pace), START_MS + PACE_REPORT_MS);
	pace.period_ms = START_MS + 250 + 32767;
	assert_int_equal(pace_deadline_ms(&pace), START_MS + 250 + 32767 + PACE_WAKE_MS);
	assert_false(pace_refill(&pace, START_MS + 250 + 32767 + PACE_WAKE_MS - 1));
	assert_true(pace_refill(&pace, START_MS + 250 + 32767 + PACE_WAKE_MS));
	assert_int_equal(pace.allowance.left, PACE_WAKE_MS);
}

/* Whatever is moved in whatever pieces, any second has its rate and one depth at most. */
static void
keeps_to_the_rate(void **state)
{
	struct pace pace = pace_at(RATE);
	uint64_t at_second = 0;

	(void)state;
	for (uint64_t ms = 1; ms <= 10000; ms++) {
		pace_refill(&pace, START_MS + ms);
		while (pace.allowance.left > 0 && move(&pace, 700))
			;
		if (ms % 1000 == 0) {
			assert_in_range(pace.allowance.moved - at_second, RATE - 1000,
			    RATE + RATE / 1000 * PACE_DEPTH_MS);
			at_second = pace.allowance.moved;
		}
	}
	assert_in_range(pace.allowance.moved, 10 * (uint64_t)RATE, 10 * (uint64_t)RATE + 700);
}

static void
a_new_rate_holds_at_once(void **state)
{
	struct pace pace = pace_at(RATE);

	(void)state;
	pace_refill(&pace, START_MS + 1000);
	assert_int_equal(pace.allowance.left, RATE / 4);
	/* what was saved is cut to the new depth */
	pace_set_rate(&pace, true, RATE / 10, START_MS + 1000);
	assert_int_equal(pace.allowance.left, RATE / 40);
	pace_set_rate(&pace, true, 0, START_MS + 1000);
	assert_int_equal(pace.allowance.left, 0);
	assert_false(move(&pace, 1));
	/* what waits goes on when the limit is gone */
	pace_set_rate(&pace, false, 0, START_MS + 1001);
	assert_int_equal(pace_deadline_ms(&pace), START_MS + 1001);
	assert_true(pace_refill(&pace, START_MS + 1001));
	assert_int_equal(pace_deadline_ms(&pace), 0);
	assert_true(move(&pace, UINT32_MAX));
	pace_set_rate(&pace, true, RATE, START_MS + 2000);
	assert_false(move(&pace, 1));
}

/* What was earned at the old rate is earned, and a time is not paid twice. */
static void
a_new_rate_settles_the_old(void **state)
{
	struct pace pace = pace_at(1000);

	(void)state;
	pace_set_rate(&pace, true, 2000, START_MS + 100);
	assert_int_equal(pace.allowance.left, 100);
	pace_refill(&pace, START_MS + 200);
	assert_int_equal(pace.allowance.left, 300);
}

static void
tells_what_it_could_use(void **state)
{
	struct pace pace = pace_at(RATE);

	(void)state;
	/* 80 kB in a second, and never held: a little more than that is wanted */
	pace_refill(&pace, START_MS + 500);
	assert_true(move(&pace, 80000));
	assert_false(pace_report(&pace, START_MS + PACE_REPORT_MS - 1));
	assert_int_equal(pace_deadline_ms(&pace), START_MS + PACE_REPORT_MS);
	pace_refill(&pace, START_MS + PACE_REPORT_MS);
	assert_true(pace_report(&pace, START_MS + PACE_REPORT_MS));
	assert_int_equal(pace.wanted, 100000);
	/* held: all, at once, and for as long as that goes on */
	pace.allowance.left = 0;
	assert_false(move(&pace, 1));
	assert_true(pace_report(&pace, START_MS + PACE_REPORT_MS + 1));
	assert_true(pace.wanted == PACE_WANTED_ALL);
	pace_refill(&pace, START_MS + PACE_REPORT_MS + 200);
	assert_false(pace_report(&pace, START_MS + 2 * PACE_REPORT_MS));
	assert_true(pace.wanted == PACE_WANTED_ALL);
	/* a second of nothing: nothing, said once, and then there is no more to do */
	assert_true(pace_report(&pace, START_MS + 3 * PACE_REPORT_MS));
	assert_int_equal(pace.wanted, 0);
	assert_false(pace_report(&pace, START_MS + 4 * PACE_REPORT_MS));
	assert_int_equal(pace_deadline_ms(&pace), 0);
}

/* Who owes does not give its share back before it has paid. */
static void
a_debt_is_a_wait(void **state)
{
	struct pace pace = pace_at(1000);

	(void)state;
	pace_refill(&pace, START_MS + 1);
	assert_true(move(&pace, 3000));
	assert_true(pace_report(&pace, START_MS + 1));
	assert_true(pace.wanted == PACE_WANTED_ALL);
	pace_refill(&pace, START_MS + 1001);
	assert_false(pace_report(&pace, START_MS + 1001));
	pace_refill(&pace, START_MS + 2001);
	assert_false(pace_report(&pace, START_MS + 2001));
	pace_refill(&pace, START_MS + 3001);
	assert_int_equal(pace.allowance.left, 1);
	assert_true(pace_report(&pace, START_MS + 3001));
	assert_int_equal(pace.wanted, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit_no_work),
		cmocka_unit_test(begins_with_a_question),
		cmocka_unit_test(earns_by_time_up_to_its_depth),
		cmocka_unit_test(slow_rates_lose_nothing),
		cmocka_unit_test(a_debt_is_paid_first),
		cmocka_unit_test(keeps_to_the_rate),
		cmocka_unit_test(a_new_rate_holds_at_once),
		cmocka_unit_test(a_new_rate_settles_the_old),
		cmocka_unit_test(tells_what_it_could_use),
		cmocka_unit_test(a_debt_is_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
