#include "vfs/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * For file systems without RENAME_NOREPLACE. A file moves by a second link, which does not
 * replace either. What cannot have a second link can only be moved after a look at the new name,
 * and what appears there between the two is replaced.
 */
static int
rename_by_steps(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;

	if (linkat(from_fd, from, to_fd, to, 0) == 0)
		return unlinkat(from_fd, from, 0) == 0 ? 0 : errno;
	if (errno != EPERM && errno != EOPNOTSUPP)
		return errno;
	if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	if (errno != ENOENT)
		return errno;
	return renameat(from_fd, from, to_fd, to) == 0 ? 0 : errno;
}

MUST int
rename_entry(int from_fd, const char *from, int to_fd, const char *to, bool replace)
{
	if (renameat2(from_fd, from, to_fd, to, replace ? 0 : RENAME_NOREPLACE) == 0)
		return 0;
	if (!replace && (errno == EINVAL || errno == ENOSYS))
		return rename_by_steps(from_fd, from, to_fd, to);
	return errno;
}
