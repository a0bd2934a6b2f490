/*
 * master.h - the master process: it owns everything worth stealing and everything shared, and
 * reads nothing from the network but the bounded messages of its own workers.
 *
 * Called by `postern serve` and `postern portable`, as the last thing they do.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "accounts/accounts.h"
#include "config/config.h"
#include "log/log.h"

#include <stdint.h>

struct master_options {
	struct config *config; /* checked; borrowed; a reload changes it */
	/*
	 * Where SIGHUP finds the configuration again; borrowed. NULL: only the accounts are read
	 * again.
	 */
	const struct config_request *request;
	struct log_settings log;     /* the file is opened after the change of user */
	/*
	 * Portable mode: the only account, validated and stored in memory; no data provider is
	 * opened. Borrowed; changed by validation. NULL otherwise.
	 */
	struct user *portable_user;
	/* Called once, when connections are accepted; may be NULL. */
	void (*started)(void *ctx, uint16_t port);
	void *ctx;
};

/*
 * Serves until a signal ends it: SIGTERM lets transfers finish (a second one does not), SIGINT
 * ends at once, SIGHUP reads configuration and accounts again (see reload.h). Returns the exit
 * status: 0 after SIGTERM or SIGINT; 1 when the start failed or the workers cannot be started,
 * which has then been said on standard error and in the log.
 */
int master_run(const struct master_options *options);

#endif
