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
 * Checks the settings and talks to nobody: the tables are seen to before the first statement. Its
 * maker is its first holder.
 */
MUST int server_store_new(const struct sql_client *client, const struct provider_config *config,
    struct server_store **out, struct failure *failure);
/* One more holder, who may be on any thread. Returns the store. */
struct server_store *server_store_hold(struct server_store *store);
/*
 * The same, and sees to the tables when the server answers. A server that does not answer is no
 * error here.
 */
MUST int server_store_open(const struct sql_client *client, const struct provider_config *config,
    struct server_store **out, struct failure *failure);
/* One holder less; closed behind the last. *store may be NULL, and is NULL afterwards. */
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
/* Whether a statement (enum sql_statement) that may have been done can be run again. */
bool server_store_is_repeatable(int number);
/* Adds users with all their columns, in one transaction. */
MUST int server_store_load(struct server_store *store, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure);

#endif
