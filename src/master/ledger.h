/*
 * ledger.h - how much of a limit is used, and how much is lent: the arithmetic of quotas.
 *
 * Whoever wants to change files borrows first: a lease of bytes and files, which it may use up
 * without asking. What is used, lent and lost never exceeds the limit, so the limit holds exactly
 * however many borrow. Leases are large while much is free and become small near the limit; what
 * others hold can be called back, so that the last byte can be had. Pure arithmetic: no message,
 * no file, no clock. Private to master/.
 */
#ifndef MASTER_LEDGER_H
#define MASTER_LEDGER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Of both there can be a quota. */
struct amount {
	int64_t bytes, files;
};

/* No number is larger, in the messages as well, so that a few can be added without a thought. */
#define AMOUNT_MAX ((int64_t)1 << 60)

struct ledger {
	struct amount limit; /* 0: there is none */
	struct amount used;  /* as it was counted and reported; below 0 only while more is to come */
	struct amount lent;  /* the sum of all leases */
	/* Leases whose holder died: nobody knows how much of them was used until it is counted. */
	struct amount lost;
};

/* What one borrower holds; zeroed is nothing. */
struct lease {
	struct amount held;
};

/* Numbers of an account, which may be nonsense: below 0 is 0. */
void ledger_init(struct ledger *ledger, struct amount limit, struct amount used);
/* Leases that are out stay as they are; the caller calls them back. */
void ledger_set_limit(struct ledger *ledger, struct amount limit);
bool ledger_is_limited(const struct ledger *ledger);

/* True when the lease can become as large as `need` now. */
bool ledger_fits(const struct ledger *ledger, const struct lease *lease, struct amount need);
/* True when it could once everybody else has given back what is left. */
bool ledger_may_fit(const struct ledger *ledger, struct amount need);
/* Makes a lease that fits at least as large as `need`; gives what was added. */
struct amount ledger_lend(struct ledger *ledger, struct lease *lease, struct amount need);
/*
 * The holder reports: so much more is used (less, when negative), and it keeps so much of its
 * lease. Gives by how much `used` changed. ERR_INVALID, and nothing is changed, when that is more
 * than it holds.
 */
MUST int ledger_settle(struct ledger *ledger, struct lease *lease, struct amount change,
	struct amount kept, struct amount *used_change_out);
/* The holder is gone without a report: where there is a limit, all of it counts from now on. */
void ledger_lose(struct ledger *ledger, struct lease *lease);
/* It has been counted. */
void ledger_count(struct ledger *ledger, struct amount used);

#endif
