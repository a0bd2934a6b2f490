/*
 * home.h - the directories that an account is locked into: made at the first login, opened for the
 * session that will have nothing else. Runs on the thread pool. Private to master/.
 */
#ifndef MASTER_HOME_H
#define MASTER_HOME_H

#include "accounts/accounts.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Which directory it is, whatever it is called. */
struct directory_id {
	dev_t device;
	ino_t inode;
};

/* What an account may reach: its home, and behind it its virtual folders in their order. */
struct home_roots {
	int fds[1 + USER_FOLDERS_MAX];
	struct directory_id ids[1 + USER_FOLDERS_MAX];
	size_t count; /* that are open */
};

/*
 * Makes the home directory and what is missing above it (0777 less the umask; with map_ids the
 * last one belongs to the account's ids), and opens it; then the same for the directory of each
 * virtual folder. The descriptors are only good for resolving from them (O_PATH), by whoever does
 * that with his own ids. ERR_IO or ERR_MEMORY with a text that names the directory; nothing is
 * open then.
 */
MUST int home_open(const struct user *user, bool map_ids, struct home_roots *out,
	struct failure *failure);
void home_close(struct home_roots *roots);
/* Of an open directory. ERR_IO. */
MUST int directory_id_of(int fd, struct directory_id *out);
bool directory_id_equal(struct directory_id a, struct directory_id b);
/*
 * The ids a session of the account runs with. False when they are those of the server: no ids are
 * mapped, or the account has none.
 */
bool home_ids(const struct user *user, bool map_ids, uid_t *uid_out, gid_t *gid_out);

#endif
