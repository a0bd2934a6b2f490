/*
 * lmdb_store.h - the file of the bolt provider: LMDB, opened, checked and brought up to date.
 *
 * Three tables in one file: "users", from the username to the user as JSON in the form of dumps;
 * "ids", from the id (8 bytes, big-endian) to the username; "meta", with "version" and "last_id" as
 * decimal text. Every change is one transaction, on the disk when the call returns. For
 * provider_lmdb.c.
 */
#ifndef ACCOUNTS_LMDB_STORE_H
#define ACCOUNTS_LMDB_STORE_H

#include "accounts/failure.h"
#include "accounts/provider.h"

#include <lmdb.h>

enum { LMDB_STORE_VERSION = 1 };

struct lmdb_store;

MUST int lmdb_store_open(
    const struct provider_config *config, struct lmdb_store **out, struct failure *failure);
/* *store may be NULL, and is NULL afterwards. */
void lmdb_store_close(struct lmdb_store **store);

/* A transaction, with the first code of LMDB that was not 0. */
struct lmdb_work {
	struct lmdb_store *store;
	MDB_txn *transaction;
	bool writes;
};

/* Writing waits for other writers, of other programs too. The codes of provider.h. */
MUST int lmdb_begin(
    struct lmdb_store *store, bool writes, struct lmdb_work *out, struct failure *failure);
/* Ends the work: keeps what it wrote when err is 0. Returns err, or what went wrong at the end. */
MUST int lmdb_end(struct lmdb_work *work, int err, struct failure *failure);

/* ERR_NOT_FOUND without a text; what is stored but cannot be read is ERR_FORMAT. */
MUST int lmdb_read_user(
    struct lmdb_work *work, const char *username, struct user **out, struct failure *failure);
/* The name belongs to the work. ERR_NOT_FOUND without a text. */
MUST int lmdb_read_name(
    struct lmdb_work *work, int64_t id, struct view *name_out, struct failure *failure);
/* Over the account of that name. */
MUST int lmdb_write_user(struct lmdb_work *work, const struct user *user, struct failure *failure);
/*
 * A new account with its id, and the counter of ids after it. ERR_EXISTS without a text when name
 * or id is taken.
 */
MUST int lmdb_insert_user(struct lmdb_work *work, const struct user *user, struct failure *failure);
MUST int lmdb_delete_user(
    struct lmdb_work *work, int64_t id, struct view username, struct failure *failure);
MUST int lmdb_next_id(struct lmdb_work *work, int64_t *out, struct failure *failure);
/*
 * Calls `seen` for the accounts of a query, whose limit is not negative and whose username is not
 * looked at, in the order of the bytes of their names, or the other way round.
 */
MUST int lmdb_each_user(struct lmdb_work *work, const struct provider_query *query,
    int (*seen)(void *data, struct user **user), void *data, struct failure *failure);

#endif
