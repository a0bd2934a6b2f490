/*
 * account_policy.h - from an account and the settings to what vfs/ enforces.
 * Used by control/ and master/.
 */
#ifndef CONTROL_ACCOUNT_POLICY_H
#define CONTROL_ACCOUNT_POLICY_H

#include "accounts/accounts.h"
#include "base/buf.h"
#include "base/err.h"
#include "vfs/vfs.h"

#include <stdbool.h>

/* What the settings say for all accounts. */
struct account_settings {
	bool strict_rename;
	bool rename_copies;
	enum vfs_upload_mode upload_mode;
	bool upload_sync; /* where the account says nothing else */
};

/*
 * The policy of an account's sessions; its folders are the account's, in their order. Frees with
 * vfs_policy_free(), also after an error: ERR_MEMORY, or what the policy refused.
 */
MUST int account_policy(const struct user *user, const struct account_settings *settings,
	struct vfs_policy *out);
/* How its uploads are made. */
struct vfs_uploads account_uploads(
	const struct user *user, const struct account_settings *settings);
/* "/srv/bob" of "/srv/bob/": what a path of the client can stand behind. NULL: no memory. */
char *account_home_prefix(const char *home_dir);
/*
 * Appends where a path of the client lies on this machine, as text for log lines: in a virtual
 * folder, or in the home, whose prefix is given.
 */
void account_host_path(const struct user *user, const char *home_prefix, struct view path,
	struct buf *out);

#endif
