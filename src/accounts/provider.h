/*
 * provider.h - where accounts are stored, behind one set of calls.
 *
 * Every call blocks and may be made from any thread, also at the same time as others; none may be
 * made from the master's loop. Results are the caller's own copies.
 *
 * Codes, besides 0 and ERR_MEMORY:
 *   ERR_NOT_FOUND    there is no such account
 *   ERR_EXISTS       the username is taken
 *   ERR_INVALID      user_validate() refused; the text is for the administrator (REST 400)
 *   ERR_DENIED       manage_users or track_quota forbids it (REST 403)
 *   ERR_UNAVAILABLE  the database does not answer or is locked; trying again may help
 *   ERR_FORMAT       what is stored cannot be read
 *   ERR_UNSUPPORTED  a driver that this build does not have
 *   ERR_IO           anything else; the text has file, reason and remedy
 */
#ifndef ACCOUNTS_PROVIDER_H
#define ACCOUNTS_PROVIDER_H

#include "accounts/failure.h"
#include "accounts/user.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { PROVIDER_BUSY_MS = 5000 };

/*
 * All strings may be NULL for "". Copied by provider_open().
 *
 * "sqlite", "bolt" and "memory" are files: of the database, of LMDB, of the dump to start with.
 * "postgresql" and "mysql" are servers. "bolt" behaves as SFTPGo's driver of that name does, but
 * the file is not the same; see bbolt.h.
 */
struct provider_config {
	const char *driver;
	const char *name; /* a file: its absolute path; a server: the name of the database */
	const char *host; /* servers: also the directory of a Unix socket; "" is this machine */
	int port;         /* servers; 0 is the usual one */
	const char *username;
	const char *password;
	int sslmode; /* 0..3, with the meanings of the contract for each server */
	/* In place of all of the above when not empty: an SQLite URI, a libpq connection string, or
	 * "user:password@tcp(host:port)/name?tls=true". */
	const char *connection_string;
	int pool_size;           /* servers: connections at most; 0: no limit */
	const char *users_table; /* SQL: letters, digits and _ ; "" is "users" */
	const char *users_base_dir;
	const char *credentials_path; /* absolute */
	bool manage_users;
	bool programs_write; /* provider_store() works without manage_users too */
	int track_quota;           /* 0: off, 1: all users, 2: users with a limit */
	struct password_cost cost; /* all zero: password_cost_default */
	int busy_ms; /* sqlite: how long to wait for other programs; 0: PROVIDER_BUSY_MS */
};

struct provider;

/*
 * Opens the store, creating or upgrading it where that is this driver's way. The texts of failures
 * name file, reason and remedy. A server that does not answer is no failure: its tables are seen to
 * when it does, and provider_check() tells.
 */
MUST int provider_open(
    const struct provider_config *config, struct provider **out, struct failure *failure);
/* No call may be running. *provider may be NULL, and is NULL afterwards. */
void provider_close(struct provider **provider);
/* The name of the driver, as in the configuration. */
const char *provider_driver(const struct provider *provider);
/* As configured. */
bool provider_manages_users(const struct provider *provider);
int provider_track_quota(const struct provider *provider);
/* What provider_add() and provider_update() validate with; valid as long as the provider. */
const struct user_rules *provider_rules(const struct provider *provider);

/* 0 when the store answers now. */
MUST int provider_check(struct provider *provider, struct failure *failure);
MUST int provider_find(
    struct provider *provider, const char *username, struct user **out, struct failure *failure);
MUST int provider_find_id(
    struct provider *provider, int64_t id, struct user **out, struct failure *failure);

struct provider_query {
	int64_t limit;   /* 0: nothing; negative: everything with SQL, nothing with the others */
	int64_t offset;  /* negative is 0 */
	bool descending; /* by username */
	const char *username; /* exactly this one; "" or NULL: all */
	const char *search; /* those with this in their name, ASCII in either case; likewise */
};

/* The caller frees the list with user_list_free(). */
MUST int provider_list(struct provider *provider, const struct provider_query *query,
    struct user_list *out, struct failure *failure);
/* Every account, for a dump: with GCS credentials put back in. Not SQL: by username. */
MUST int provider_dump(struct provider *provider, struct user_list *out, struct failure *failure);

/*
 * Validates, stores and sets user->id; user is afterwards what was stored. SQL starts used quota
 * and last login at 0, bolt and memory take them from the user.
 */
MUST int provider_add(struct provider *provider, struct user *user, struct failure *failure);
/*
 * Validates and stores over the account with this id. SQL never changes username, used quota and
 * last login; bolt and memory find the account by username and change all.
 */
MUST int provider_update(struct provider *provider, struct user *user, struct failure *failure);
/*
 * The same two, whatever manage_users says, for what a program of the administrator gave.
 * ERR_DENIED when the store was opened for reading only: without manage_users and programs_write.
 */
MUST int provider_store(
    struct provider *provider, struct user *user, bool is_new, struct failure *failure);
/* SQL: a missing row is no error. */
MUST int provider_delete(struct provider *provider, int64_t id, struct failure *failure);

/* Told now and then how many accounts are done. */
struct provider_progress {
	void (*tell)(void *data, size_t done);
	void *data;
};

/*
 * Stores accounts as they are, unvalidated, with their ids, used quota and all; all of them or
 * none. `progress` may be NULL. For a store that has none of these names and ids. Not for memory.
 */
MUST int provider_load(struct provider *provider, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure);

/* Does nothing, successfully, when manage_users is off. */
MUST int provider_touch_login(
    struct provider *provider, const char *username, int64_t now_ms, struct failure *failure);

struct provider_quota {
	int64_t files;
	int64_t bytes;
};

/*
 * Adds to what the account uses, exactly, however many threads do so; a sum beyond 64 bits stays
 * at the end of the range. ERR_DENIED when track_quota is 0 or manage_users is off; with
 * track_quota 2 an account without a limit is left alone, successfully. ERR_UNAVAILABLE: the
 * change is kept in memory, counts at once for provider_find() and provider_quota_get(), and is
 * written when the database answers again; the caller must not repeat it.
 */
MUST int provider_quota_add(struct provider *provider, const char *username,
    struct provider_quota delta, int64_t now_ms, struct failure *failure);
/* Sets what the account uses, as a scan found it; written for every account. */
MUST int provider_quota_set(struct provider *provider, const char *username,
    struct provider_quota used, int64_t now_ms, struct failure *failure);
/* ERR_DENIED when track_quota is 0. */
MUST int provider_quota_get(struct provider *provider, const char *username,
    struct provider_quota *out, struct failure *failure);

/*
 * Servers: other settings for the connection, where `config` has them. This one does not wait for
 * anything and may be called from the master's loop. They take the place of the old ones, whose
 * connections are then closed one by one, as soon as they work, which provider_try_change() finds
 * out, and every call to which the server does not answer. Until then the old ones are used.
 * ERR_INVALID; ERR_UNSUPPORTED for the other drivers, whose settings count at a start.
 */
MUST int provider_change(
    struct provider *provider, const struct provider_config *config, struct failure *failure);
/* 0: they have taken effect now. ERR_NOT_FOUND: none wait. Else why they do not work. */
MUST int provider_try_change(struct provider *provider, struct failure *failure);

/*
 * Memory: loads the file anew. Faults of the file itself leave the old accounts; an account that
 * is refused does so too. Others: nothing to do.
 */
MUST int provider_reload(struct provider *provider, struct failure *failure);

#endif
