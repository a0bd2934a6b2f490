#include "vfs/rename.h"

#include "vfs/charge.h"
#include "vfs/place.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

static int
rename_places(const struct place *from, const struct place *to, bool replace)
{
	return rename_entry(
	    from->directory_fd, from->name, to->directory_fd, to->name, replace);
}

/*
 * File patterns say nothing about directories. That it is one is left to the kernel, to which a
 * slash behind the name says that it must be: whoever puts a file in its place is too late.
 */
static int
rename_directory(struct place *from, struct place *to, bool replace)
{
	int err;

	strcat(from->name, "/");
	strcat(to->name, "/");
	err = rename_places(from, to, replace);
	return err == ENOTDIR ? EACCES : err;
}

/* Both places are permitted, as far as it does not matter what is there. */
static int
rename_permitted(operations wanted, struct place *from, struct place *to, bool replace)
{
	if (operations_allowed(wanted, OPERAND_PATH, NODE_OTHER, from->grants) &&
	    operations_allowed(wanted, OPERAND_TARGET, NODE_OTHER, to->grants))
		return rename_places(from, to, replace);
	return rename_directory(from, to, replace);
}

MUST int
vfs_rename(struct vfs *vfs, const struct vpath *from, const struct vpath *to, bool replace)
{
	bool strict = vfs->policy.strict_rename, may_replace = true;
	operations wanted = strict ? OPERATION_BIT(RENAME_STRICTLY) : OPERATION_BIT(RENAME);
	struct place source, target = { .directory_fd = -1 };
	struct removal removal = { .fd = -1 };
	int err;

	if (vpath_is_root(from) || vpath_is_root(to))
		return EACCES;
	err = place_find(vfs, wanted, OPERAND_PATH, from, &source);
	if (err == 0)
		err = place_find(vfs, wanted, OPERAND_TARGET, to, &target);
	if (err == 0 && source.root != target.root)
		err = EXDEV;
	if (err == 0 && strict)
		may_replace = operations_allowed(OPERATION_BIT(REPLACE_STRICTLY), OPERAND_TARGET,
		    NODE_UNKNOWN, target.grants);
	if (err == 0)
		err = removal_begin(vfs->quotas[target.root], target.directory_fd, target.name,
		    &removal);
	if (err == 0)
		err = rename_permitted(wanted, &source, &target, replace && may_replace);
	removal_end(&removal, err == 0);
	if (err == EEXIST && !may_replace && replace)
		err = EACCES;
	place_free(&source);
	place_free(&target);
	return err;
}
