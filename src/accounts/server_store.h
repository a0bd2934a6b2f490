/*
 * server_store.h - a database server as the postgresql and mysql drivers see it: its connections,
 * its tables, its statements.
 *
 * The server need not be there when the store is made, and may go and come back: each statement
 * finds out by itself. For provider_server.c.
 */
#ifndef ACCOUNTS_SERVER_STORE_H
#define ACCOUNTS_SERVER_STORE_H

#include "accounts/sql_client.h"

struct server_store;

/*
 * Checks the settings and, when the server answers, sees to the tables. A server that does not
 * answer is no error here.
 */
MUST int server_store_open(const struct sql_client *client, const struct provider_config *config,
    struct server_store **out, struct failure *failure);
/* *store may be NULL, and is NULL afterwards. */
void server_store_close(struct server_store **store);
const char *server_store_table(const struct server_store *store);
enum sql_dialect server_store_dialect(const struct server_store *store);

/*
 * Runs a statement of sql_statement.h; `call` has number, parameters and receivers. It is tried
 * again where that can do no harm. The codes of provider.h, with ERR_EXISTS for a username that is
 * taken.
 */
MUST int server_store_run(
    struct server_store *store, struct sql_call *call, struct failure *failure);
/* Adds users with all their columns, in one transaction. */
MUST int server_store_load(struct server_store *store, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure);

#endif
