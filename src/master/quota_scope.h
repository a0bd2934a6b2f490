/*
 * quota_scope.h - one quota while anybody needs it: its ledger, who borrows from it, what is still
 * to be written.
 *
 * A scope is the quota of one account, or that of one directory which accounts have as a virtual
 * folder with limits of its own. They share what is used of it, and each has its own limits of
 * that. What a directory uses is written nowhere: it is counted when somebody first wants to change
 * something in it, and known while anybody uses it.
 *
 * Sessions borrow from a scope (ledger.h) and change nothing that is counted unless their lease is
 * open; so whoever has called all leases back, and lends nothing, holds the files still. Private
 * to quota*.c.
 */
#ifndef MASTER_QUOTA_SCOPE_H
#define MASTER_QUOTA_SCOPE_H

#include "master/home.h"
#include "master/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct connection;
struct quota_scope;

/* What one session holds of one scope. */
struct quota_lease {
	struct quota_scope *scope;
	struct connection *connection;
	uint32_t number; /* of the scope, in the messages of this session */
	LIST_ENTRY(quota_lease) link;
	struct lease lease;
	struct amount limit;    /* of a directory: this account's */
	struct amount nameless; /* of what is used: removed, but still open */
	bool open;
	bool recalled; /* asked to settle and close; it has not yet */
	bool asking;
	bool waited; /* for what others had to give back, or for a scan */
	TAILQ_ENTRY(quota_lease) waiting; /* while asking */
	struct amount need;
	bool beyond; /* it is for a file that will replace one: their limit does not count */
	uint64_t asked_ms;
};

struct quota_scope {
	LIST_ENTRY(quota_scope) link;
	char *username; /* whose; NULL: it is that of a directory */
	struct directory_id directory;
	struct amount published; /* of a directory, for other threads: what was used a second ago */
	bool tracked;   /* what is used is written to the account */
	struct ledger ledger;
	LIST_HEAD(, quota_lease) leases;
	TAILQ_HEAD(, quota_lease) asking;
	unsigned users;      /* leases, and a scan */
	uint64_t unused_ms;  /* when the last of them went */
	uint64_t changes;    /* grows with everything that may change a file */

	bool limits_changed; /* of somebody: leases are about to be called back */

	/* all leases are called back, none is given */
	bool held;
	void (*on_still)(void *ctx);
	void *still_ctx;

	bool uncounted;       /* nobody knows what is used: nothing is lent until it is counted */
	bool unsure;          /* what is used is to be counted: somebody died, or could not count */
	uint64_t count_at_ms; /* not before */

	struct amount unwritten; /* since the last write */
	bool reset;              /* write what is used, not by how much it changed */
};

/* The ledger, with the limits that hold for this borrower. */
struct ledger *quota_lease_ledger(const struct quota_lease *lease);
/* The session is gone: what it held may have been used, or not. */
void quota_scope_leave(struct quota_lease *lease);
/* As ledger_settle(); closes the lease unless `open`. ERR_INVALID. */
MUST int quota_scope_settle(struct quota_lease *lease, struct amount change, struct amount kept,
	bool open);
/* Answered now or later, with quota_lease_answer(). ERR_PROTOCOL when it is asking already. */
MUST int quota_scope_ask(struct quota_lease *lease, struct amount need, bool beyond,
	uint64_t now_ms);
/* Gives what can be given, refuses what cannot. */
void quota_scope_serve(struct quota_scope *scope);
/* Refuses those that have waited for others for too long. */
void quota_scope_tick(struct quota_scope *scope, uint64_t now_ms);
/* Has every session settle and ask anew, as when the limit has changed. */
void quota_scope_recall(struct quota_scope *scope);

/*
 * Calls all leases back and gives none. on_still is called once nobody can change a file, which
 * may be at once; the files stay as they are until quota_scope_release().
 */
void quota_scope_hold(struct quota_scope *scope, void (*on_still)(void *ctx), void *ctx);
void quota_scope_release(struct quota_scope *scope);
/* True while no session may change a file. */
bool quota_scope_is_still(const struct quota_scope *scope);
/*
 * A scan found so much. `exact`: nothing changed meanwhile; else it will be counted again. Serves
 * those who waited for it.
 */
void quota_scope_counted(struct quota_scope *scope, struct amount found, bool exact);

/* What a lease's session is told; in quota.c. Either may end the connection. */
void quota_lease_answer(struct quota_lease *lease, bool refused, struct amount added);
void quota_lease_recall(struct quota_lease *lease);

#endif
