#include "vfs/place.h"

#include "base/fd.h"
#include "vfs/link.h"
#include "vfs/resolve.h"
#include "vfs/temporary.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Where links lead is found first and opened afterwards. When somebody puts a new link in between,
 * the open fails and the search begins again, so often.
 */
enum { FOLLOW_TRIES = 16 };

/* In the directory of a root, the root itself is ".". */
static int
open_directory_of(const struct vfs *vfs, const struct vpath *path, struct place *place)
{
	const struct vfs_policy *policy = &vfs->policy;
	const char *name = vpath_name(path);
	struct vpath directory;
	int err;

	place->root = vfs_policy_folder_of(policy, path);
	place->directory_fd = vfs->root_fds[place->root];
	place->owns_fd = false;
	if (policy_is_mount(policy, path)) {
		memcpy(place->name, ".", 2);
		return 0;
	}
	memcpy(place->name, name, strlen(name) + 1);
	vpath_parent(path, &directory);
	if (policy_is_mount(policy, &directory))
		return 0;
	err = resolve_at(vfs->root_fds[place->root],
	    tree_relative(vfs, place->root, &directory), O_PATH | O_DIRECTORY,
	    &place->directory_fd);
	place->owns_fd = err == 0;
	/* what is no directory in the way to a folder does not count */
	if ((err == ELOOP || err == ENOTDIR) && policy_holds_folder(policy, &directory))
		return ENOENT;
	return err;
}

/* Where the path leads: all of it, or all but the last component. */
static int
real_path(const struct vfs *vfs, const struct vpath *path, bool follow_last, struct vpath *out)
{
	struct vpath directory;
	const char *name = vpath_name(path);
	int err;

	if (follow_last || vpath_is_root(path))
		return link_follow(vfs, path, out);
	vpath_parent(path, &directory);
	err = link_follow(vfs, &directory, out);
	if (err != 0)
		return err;
	return vpath_append(out, view_of(name)) == 0 ? 0 : ENAMETOOLONG;
}

/* What is asked before anything is opened, of each spelling of a path. */
static int
check_permitted(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, struct grants grants)
{
	return operations_permitted(&vfs->policy, wanted, operand, NODE_UNKNOWN, path, grants)
	    ? 0 : EACCES;
}

static int
find_real(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, bool follow_last, struct place *place)
{
	struct grants spelled = place->grants;
	int err = ELOOP;

	if (place->real == NULL)
		place->real = malloc(sizeof(*place->real));
	if (place->real == NULL)
		return ENOMEM;
	for (int i = 0; i < FOLLOW_TRIES && err == ELOOP; i++) {
		err = real_path(vfs, path, follow_last, place->real);
		if (err == 0 && temporary_is_name(vpath_name(place->real)))
			err = ENOENT;
		if (err != 0)
			return err;
		place->grants =
		    grants_both(spelled, policy_grants(&vfs->policy, place->real));
		err = check_permitted(vfs, wanted, operand, place->real, place->grants);
		if (err != 0)
			return err;
		err = open_directory_of(vfs, place->real, place);
	}
	return err;
}

static int
place_start(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, struct place *place)
{
	*place = (struct place){
		.directory_fd = -1,
		.grants = policy_grants(&vfs->policy, path),
	};
	if (temporary_is_name(vpath_name(path)))
		return ENOENT;
	return check_permitted(vfs, wanted, operand, path, place->grants);
}

MUST int
place_find(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, struct place *out)
{
	int err = place_start(vfs, wanted, operand, path, out);

	if (err != 0)
		return err;
	err = open_directory_of(vfs, path, out);
	if (err == ELOOP)
		err = find_real(vfs, wanted, operand, path, false, out);
	return err;
}

MUST int
place_follow(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, struct place *out)
{
	int err = place_start(vfs, wanted, operand, path, out);

	return err == 0 ? find_real(vfs, wanted, operand, path, true, out) : err;
}

const struct vpath *
place_path(const struct place *place, const struct vpath *path)
{
	return place->real != NULL ? place->real : path;
}

/* Nothing is there, or no directory: then a folder below makes it one. */
static bool
becomes_virtual(const struct vfs *vfs, const struct vpath *path, struct place *place)
{
	place->is_virtual = policy_holds_folder(&vfs->policy, place_path(place, path));
	return place->is_virtual;
}

/* `err` is that of finding the place. */
static int
place_stat(const struct vfs *vfs, const struct vpath *path, int err, struct place *place,
	struct stat *st_out)
{
	if (err == 0 && fstatat(place->directory_fd, place->name, st_out,
	    AT_SYMLINK_NOFOLLOW) != 0)
		err = errno;
	if ((err == ENOENT || (err == 0 && !S_ISDIR(st_out->st_mode))) &&
	    becomes_virtual(vfs, path, place))
		return tree_stat_virtual(vfs, st_out);
	return err;
}

MUST int
place_find_node(const struct vfs *vfs, operations wanted, const struct vpath *path, bool follow,
	struct place *out, struct stat *st_out)
{
	int err = place_find(vfs, wanted, OPERAND_PATH, path, out);

	err = place_stat(vfs, path, err, out, st_out);
	for (int i = 0; err == 0 && follow && S_ISLNK(st_out->st_mode); i++) {
		if (i == FOLLOW_TRIES)
			return ELOOP;
		place_free(out);
		err = place_follow(vfs, wanted, OPERAND_PATH, path, out);
		err = place_stat(vfs, path, err, out, st_out);
	}
	return err;
}

MUST int
place_open(const struct vfs *vfs, operations wanted, const struct vpath *path, int flags,
	struct place *out, int *fd_out)
{
	int err = place_find(vfs, wanted, OPERAND_PATH, path, out);

	*fd_out = -1;
	if (err == 0)
		err = resolve_at(out->directory_fd, out->name, flags, fd_out);
	for (int i = 0; err == ELOOP && i < FOLLOW_TRIES; i++) {
		place_free(out);
		err = place_follow(vfs, wanted, OPERAND_PATH, path, out);
		if (err == 0)
			err = resolve_at(out->directory_fd, out->name, flags, fd_out);
		else
			break;
	}
	if ((err == ENOENT || err == ENOTDIR || err == ELOOP) && becomes_virtual(vfs, path, out))
		return 0;
	return err;
}

/*
 * Opening a FIFO wakes whoever waits at its other end, and opening a device may do anything; no
 * flag of open(2) says "only a regular file". So the name was looked at before, and the descriptor
 * is looked at here. A FIFO or a device could still be opened for a moment if a process on this
 * machine puts it in the file's place between the two (a client cannot make one): it cannot block
 * us (O_NONBLOCK), become our terminal (O_NOCTTY), nor be read or written. Opening the looked-at
 * inode itself again would take /proc, which a confined session does not have.
 */
MUST int
place_open_file(const struct place *place, int flags, int *fd_out, struct stat *st_out)
{
	int err = resolve_at(place->directory_fd, place->name,
	    flags | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, fd_out);

	if (err == 0 && fstat(*fd_out, st_out) != 0)
		err = errno;
	if (err == 0 && !S_ISREG(st_out->st_mode))
		err = S_ISDIR(st_out->st_mode) ? EISDIR : EACCES;
	if (err != 0)
		fd_close(fd_out);
	return err;
}

/* O_DIRECTORY: the kernel refuses anything else before it opens it. */
MUST int
place_open_directory(const struct place *place, int *fd_out, struct stat *st_out)
{
	int err = EACCES;

	*fd_out = -1;
	if (!place->is_virtual)
		err = resolve_at(place->directory_fd, place->name,
		    O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, fd_out);
	if (err == 0 && fstat(*fd_out, st_out) != 0) {
		err = errno;
		fd_close(fd_out);
	}
	return err;
}

void
place_free(struct place *place)
{
	if (place->owns_fd)
		fd_close(&place->directory_fd);
	place->directory_fd = -1;
	place->owns_fd = false;
	free(place->real);
	place->real = NULL;
}

MUST int
place_create_plain(const struct vfs *vfs, operations wanted, const struct vpath *path, int flags,
	struct grants *grants_out, int *fd_out)
{
	size_t root = vfs_policy_folder_of(&vfs->policy, path);
	int err;

	*fd_out = -1;
	*grants_out = policy_grants(&vfs->policy, path);
	if (temporary_is_name(vpath_name(path)))
		return ENOENT;
	err = check_permitted(vfs, wanted, OPERAND_PATH, path, *grants_out);
	if (err != 0 || vpath_is_root(path))
		return EACCES;
	return resolve_at(vfs->root_fds[root], tree_relative(vfs, root, path),
	    flags | O_CREAT | O_EXCL | O_NOCTTY, fd_out);
}
