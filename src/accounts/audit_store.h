/*
 * audit_store.h - the audit log: who changed what, from where, and what it was before and after.
 *
 * In the file of admin_store.h. Entries are added, and old ones dropped; nothing changes one that
 * is there. Every call blocks, and may be made from any thread.
 */
#ifndef ACCOUNTS_AUDIT_STORE_H
#define ACCOUNTS_AUDIT_STORE_H

#include "accounts/admin_store.h"

/* No text is NULL, but for the last two. */
struct audit_entry {
	int64_t id;   /* given by the store */
	int64_t time; /* wall clock, ms */
	const char *kind, *actor, *origin; /* who asked, and from where */
	const char *resource, *verb, *subject; /* for what */
	int64_t status; /* of the answer, as in HTTP, and its text */
	const char *message;
	const char *before, *after; /* JSON without secrets; NULL: there is none */
};

struct audit_limits {
	int64_t entries;     /* more are not kept; 0: no limit */
	int64_t age_ms;      /* older ones are not kept; 0: no limit */
};

/* Adds one, and drops what is past the limits. */
MUST int audit_store_add(struct admin_store *store, const struct audit_entry *entry,
    const struct audit_limits *limits, struct failure *failure);

/* Which entries, the newest first; "" and 0 do not restrict. */
struct audit_query {
	const char *actor, *resource, *verb, *subject;
	int64_t since, until; /* ms: from the first on, and before the second */
	int64_t limit, offset;
};

/* The entry lives during the call; what it returns other than 0 ends the list. */
MUST int audit_store_each(struct admin_store *store, const struct audit_query *query,
    int (*each)(void *data, const struct audit_entry *entry), void *data,
    struct failure *failure);

#endif
