#include "worker/pace.h"

static int64_t
worth(const struct pace *pace, uint64_t ms)
{
	int64_t bytes = (int64_t)(pace->rate * ms / 1000);

	return bytes > 0 ? bytes : 1;
}

static void
cut_to_depth(struct pace *pace)
{
	int64_t depth = pace->rate > 0 ? worth(pace, PACE_DEPTH_MS) : 0;

	if (pace->allowance.left <= depth)
		return;
	pace->allowance.left = depth;
	pace->rest = 0;
}

void
pace_init(struct pace *pace, bool limited, uint64_t now_ms)
{
	*pace = (struct pace){ .allowance = { .limited = limited }, .refilled_ms = now_ms,
		.period_ms = now_ms };
}

void
pace_set_rate(struct pace *pace, bool limited, uint64_t rate, uint64_t now_ms)
{
	(void)pace_refill(pace, now_ms);
	if (!limited || !pace->allowance.limited) {
		bool held = pace->allowance.held;

		pace_init(pace, limited, now_ms);
		/* the next refill lets it go on */
		pace->allowance.held = held;
	}
	pace->rate = rate;
	cut_to_depth(pace);
}

bool
pace_refill(struct pace *pace, uint64_t now_ms)
{
	enum { LONGEST_MS = 3600 * 1000 }; /* keeps the product below 2^64 */
	struct sftp_allowance *allowance = &pace->allowance;
	uint64_t elapsed_ms = now_ms - pace->refilled_ms, earned;
	bool was_held = allowance->held;

	if (allowance->limited) {
		if (elapsed_ms > LONGEST_MS)
			elapsed_ms = LONGEST_MS;
		earned = pace->rate * elapsed_ms + pace->rest;
		pace->refilled_ms = now_ms;
		pace->rest = earned % 1000;
		allowance->left += (int64_t)(earned / 1000);
		cut_to_depth(pace);
		if (pace->rate == 0 || allowance->left < worth(pace, PACE_WAKE_MS))
			return false;
	}
	allowance->held = false;
	return was_held;
}

uint64_t
pace_deadline_ms(const struct pace *pace)
{
	const struct sftp_allowance *allowance = &pace->allowance;
	uint64_t report_ms = 0, refill_ms = 0;
	int64_t missing;

	if (allowance->limited && (pace->wanted > 0 || allowance->moved != pace->period_moved))
		report_ms = pace->period_ms + PACE_REPORT_MS;
	if (allowance->held && !allowance->limited)
		refill_ms = pace->refilled_ms;
	if (allowance->held && pace->rate > 0) {
		missing = worth(pace, PACE_WAKE_MS) - allowance->left;
		refill_ms = pace->refilled_ms;
		if (missing > 0)
			refill_ms += ((uint64_t)missing * 1000 + pace->rate - 1) / pace->rate;
	}
	return refill_ms != 0 && (report_ms == 0 || refill_ms < report_ms) ? refill_ms : report_ms;
}

/* Of what was used, with room to use more: who needs that is soon held, and says so. */
static uint64_t
used(const struct pace *pace, uint64_t elapsed_ms)
{
	uint64_t bytes = pace->allowance.moved - pace->period_moved;

	return bytes * 1000 / elapsed_ms * 5 / 4;
}

bool
pace_report(struct pace *pace, uint64_t now_ms)
{
	struct sftp_allowance *allowance = &pace->allowance;
	uint64_t elapsed_ms = now_ms - pace->period_ms, before = pace->wanted;

	if (!allowance->limited)
		return false;
	/* a debt is a wait as well, even if nobody asks for more: it must be paid */
	if (allowance->held || allowance->left < 0) {
		pace->waited = true;
		pace->wanted = PACE_WANTED_ALL;
	}
	if (elapsed_ms >= PACE_REPORT_MS) {
		if (!pace->waited)
			pace->wanted = used(pace, elapsed_ms);
		pace->period_ms = now_ms;
		pace->period_moved = allowance->moved;
		pace->waited = false;
	}
	return pace->wanted != before;
}
