/*
 * home.h - the directory that an account is locked into: made at the first login, opened for the
 * session that will have nothing else. Runs on the thread pool. Private to master/.
 */
#ifndef MASTER_HOME_H
#define MASTER_HOME_H

#include "accounts/accounts.h"
#include "base/err.h"

#include <stdbool.h>

/*
 * Makes the home directory and what is missing above it (0777 less the umask; with map_ids the
 * last one belongs to the account's ids), and opens it. The descriptor is only good for resolving
 * from it (O_PATH). ERR_IO or ERR_INVALID with a text.
 */
MUST int home_open(const struct user *user, bool map_ids, int *fd_out, struct failure *failure);
/*
 * The ids a session of the account runs with. False when they are those of the server: no ids are
 * mapped, or the account has none.
 */
bool home_ids(const struct user *user, bool map_ids, uid_t *uid_out, gid_t *gid_out);

#endif
