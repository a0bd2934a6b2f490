/*
 * open_provider.h - from the section data_provider of the configuration to the open provider.
 *
 * For the master and for commands that work without a server.
 */
#ifndef MASTER_OPEN_PROVIDER_H
#define MASTER_OPEN_PROVIDER_H

#include "accounts/accounts.h"
#include "config/config.h"

/*
 * Opens what the configuration names; see provider_open(). Relative file names go from the
 * configuration's directory, the names of databases on servers are taken as they are.
 */
MUST int open_provider(
	const struct config *config, struct provider **out, struct failure *failure);

/* Whether the settings of the connection to a database differ: a running server can change them. */
bool open_provider_differs(const struct config *a, const struct config *b);
/* Hands them to the provider; see provider_change(). Does not wait. */
MUST int open_provider_change(
    const struct config *config, struct provider *provider, struct failure *failure);

#endif
