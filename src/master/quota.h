/*
 * quota.h - what accounts may use and do use: lending to sessions, writing down, counting.
 *
 * The master alone knows how much of a quota is left. Sessions borrow from it before they change
 * anything (QUOTA_ASK) and report what they used (QUOTA_SETTLE), so that no session can exceed a
 * limit together with others, and none asks for each write. What is used is written to the accounts
 * once a second at most, on the thread pool, in order. A session that dies with a lease leaves its
 * scope unsure, and that is counted anew (quota_scan.h). Private to master/; all of it is called
 * on the loop's thread unless it says otherwise.
 */
#ifndef MASTER_QUOTA_H
#define MASTER_QUOTA_H

#include "accounts/accounts.h"
#include "base/err.h"
#include "master/home.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;
struct master;
struct quota_scope;
struct quotas;

/* Needs the provider. ERR_MEMORY. */
MUST int quotas_new(struct quotas **out, struct master *master);
/* No session is left; what is on the thread pool goes on. */
void quotas_stop(struct quotas *quotas);
/* Writes what is left, and waits for it; the loop has ended. */
void quotas_free(struct quotas **quotas);
/* True unless track_quota is 0: then nothing is counted and nothing limited. */
bool quotas_track(const struct quotas *quotas);

enum quota_folder_counts {
	FOLDER_COUNTS_NOWHERE,    /* below 0 */
	FOLDER_COUNTS_TO_ACCOUNT, /* 0 for both */
	FOLDER_COUNTS_TO_ITSELF,
};

enum quota_folder_counts quota_folder_counts(const struct user_virtual_folder *folder);
/*
 * An array of the folders of an account that have limits of their own, each with "virtual_path",
 * "mapped_path", "quota_size", "quota_files", "used_quota_size" and "used_quota_files"; the last
 * two are null while that is not known. Asks the file system. NULL: no memory. From any thread.
 */
json_t *quota_folders_show(struct quotas *quotas, const struct user *user);

/*
 * A session of connection->user begins, with these directories: it may borrow from now on.
 * ERR_MEMORY.
 */
MUST int quota_session_begin(struct connection *connection, const struct home_roots *roots);
/* Its last process has ended; what it had not given back is counted as used until it is known. */
void quota_session_end(struct connection *connection);

/* The account was changed, and is so now: its limits hold for running sessions at once. */
void quota_account_changed(struct quotas *quotas, const struct user *user);

/* The scope of an account, made from what is stored when there is none. NULL: no memory. */
struct quota_scope *quota_scope_use(struct quotas *quotas, const struct user *user);
/* Every user is one call of quota_scope_use(); the scope stays for a while without any. */
void quota_scope_unuse(struct quotas *quotas, struct quota_scope *scope);
/* NULL when nobody uses it. */
struct quota_scope *quota_scope_find(const struct quotas *quotas, const char *username);
/* That of a directory; NULL when nobody uses it. Every user ends with quota_scope_unuse(). */
struct quota_scope *quota_folder_find(const struct quotas *quotas, struct directory_id directory);

#endif
