/*
 * account_change.h - an account was changed, by whatever door: its sessions learn it at once.
 *
 * A session whose account may not be used any more is closed. Other rules and rates take effect
 * in the running process. What that cannot do (account_difference.h) is done by another: as soon
 * as no file is open the session is written down, as for parking, and taken up with the account as
 * it is now; it is closed when it does not come to that within a minute. Private to master/.
 */
#ifndef MASTER_ACCOUNT_CHANGE_H
#define MASTER_ACCOUNT_CHANGE_H

#include "accounts/accounts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct master;

struct account_news {
	const char *username;
	const struct user *user; /* as it is now; NULL: it has been deleted */
	bool rates;              /* for account_change_tell() */
};

/* Tells all sessions of these accounts. It may end connections. */
void account_change_tell(struct master *master, struct account_news *news, size_t count);
/*
 * Time changes accounts, too: closes the sessions of those that have expired by now (wall clock),
 * or whose hours are over. To be called twice a minute or more.
 */
void account_change_sweep(struct master *master, int64_t now_ms);
/* The connection has a worker that listens, or is parked: for a change that waited for that. */
void account_change_settle(struct connection *connection);

#endif
