/*
 * account_difference.h - an account was changed: what does that mean for a session that runs?
 *
 * Says which of three things have to be done, and does none of them (account_change.h). What is
 * asked only at a login, such as passwords, keys and methods, is no difference; nor is what the
 * master looks up in the account whenever it needs it. Private to master/.
 */
#ifndef MASTER_ACCOUNT_DIFFERENCE_H
#define MASTER_ACCOUNT_DIFFERENCE_H

#include "accounts/accounts.h"
#include "control/account_policy.h"

enum account_difference {
	ACCOUNT_SAME = 0,
	ACCOUNT_RATES = 1, /* the bandwidths: divided anew */
	ACCOUNT_RULES = 2, /* permissions, patterns, limits of uploads: the session is told */
	/*
	 * Other directories, other ids, or more than the kernel lets the process do, which can only
	 * ever get less: another process has to take the session up.
	 */
	ACCOUNT_PROCESS = 4,
};

/* Bits of the above. When memory is short, all of them. */
unsigned account_difference(const struct user *before, const struct user *now,
	const struct account_settings *settings, bool map_ids);
/*
 * Why a session from this address may not go on; NULL when it may. The moment is the wall clock.
 */
const char *account_end_reason(const struct user *user, const struct address *address,
	int64_t now_ms);

#endif
