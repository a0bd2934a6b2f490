/*
 * sql_pool.h - connections to a database server, shared by the threads that need one.
 *
 * A connection is made when none is idle and kept for the next one. For provider_server.c.
 */
#ifndef ACCOUNTS_SQL_POOL_H
#define ACCOUNTS_SQL_POOL_H

#include "accounts/sql_client.h"

enum { SQL_IDLE_MAX = 8 }; /* connections that are kept while nobody needs them */

struct sql_pool;

/* `max` 0: no limit. The client and the settings must outlive the pool. */
MUST int sql_pool_new(const struct sql_client *client, const struct sql_settings *settings,
    unsigned max, struct sql_pool **out);
/* No connection may be in use. *pool may be NULL, and is NULL afterwards. */
void sql_pool_free(struct sql_pool **pool);
/*
 * A connection for the caller alone, to be given back with sql_pool_give(). When all are in use,
 * waits for one up to SQL_TIMEOUT_SECONDS, then ERR_UNAVAILABLE.
 */
MUST int sql_pool_take(struct sql_pool *pool, void **connection_out, struct failure *failure);
/* `broken`: the connection is of no more use, and those that are idle may be as well. */
void sql_pool_give(struct sql_pool *pool, void *connection, bool broken);

#endif
