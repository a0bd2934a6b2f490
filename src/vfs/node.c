/* Operations on a path: looking, linking, renaming, removing. */
#include "vfs/attributes.h"
#include "vfs/charge.h"
#include "vfs/link.h"
#include "vfs/place.h"
#include "vfs/space.h"
#include "vfs/temporary.h"
#include "vfs/tree.h"
#include "vfs/upload.h"
#include "vfs/vpath.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

enum { NEW_DIRECTORY_MODE = 0777 };

MUST int
vfs_stat(struct vfs *vfs, const struct vpath *path, bool follow, struct vfs_attributes *out)
{
	struct place place;
	struct stat st;
	int err = place_find_node(vfs, OPERATION_BIT(STAT), path, follow, &place, &st);

	if (err == 0)
		attributes_from_stat(&st, out);
	place_free(&place);
	return err;
}

MUST int
vfs_statvfs(struct vfs *vfs, const struct vpath *path, struct statvfs *out)
{
	struct place place;
	int fd;
	int err = place_open(vfs, OPERATION_BIT(STATVFS), path, O_PATH, &place, &fd);

	if (err == 0 && fstatvfs(place.is_virtual ? vfs->root_fds[0] : fd, out) != 0)
		err = errno;
	if (err == 0)
		err = space_limit(vfs->quotas[place.root], out);
	fd_close(&fd);
	place_free(&place);
	return err;
}

/* A file that may not be read may still be written, and any descriptor will do. */
static int
open_to_set(const struct place *place, const struct stat *found, bool set_size, int *fd_out,
	struct stat *st_out)
{
	int err;

	if (S_ISLNK(found->st_mode))
		return EOPNOTSUPP;
	if (S_ISDIR(found->st_mode) && set_size)
		return EISDIR;
	if (S_ISDIR(found->st_mode))
		return place_open_directory(place, fd_out, st_out);
	if (!S_ISREG(found->st_mode))
		return EACCES;
	if (set_size)
		return place_open_file(place, O_WRONLY, fd_out, st_out);
	err = place_open_file(place, O_RDONLY, fd_out, st_out);
	if (err == EACCES)
		err = place_open_file(place, O_WRONLY, fd_out, st_out);
	return err;
}

static int
set_node(struct vfs *vfs, const struct place *place, const struct vfs_attributes *set,
	struct stat *st)
{
	bool set_size = (set->valid & VFS_ATTRIBUTE_SIZE) != 0;
	struct charge *charge = NULL;
	int fd = -1;
	int err = open_to_set(place, st, set_size, &fd, st);

	if (err == 0 && set_size && set->size > (uint64_t)st->st_size)
		err = upload_may_grow(vfs, set->size);
	if (err == 0 && set_size)
		err = charge_take(vfs->quotas[place->root], fd, &charge);
	if (err == 0)
		err = charge_grow(charge, set->size);
	if (err == 0)
		err = attributes_apply(fd, set);
	charge_drop(&charge, fd);
	fd_close(&fd);
	return err;
}

MUST int
vfs_set_attributes(struct vfs *vfs, const struct vpath *path, bool follow,
	const struct vfs_attributes *set)
{
	operations wanted = attributes_operations(set);
	struct vfs_file *upload = NULL;
	struct place place;
	struct stat st;
	int err = attributes_check(set);

	if (err != 0 || wanted == 0)
		return err;
	err = place_find_node(vfs, wanted, path, follow, &place, &st);
	if (err == 0 || err == ENOENT)
		upload = upload_find(vfs, &place, err == 0 ? &st : NULL);
	if (upload != NULL)
		err = 0;
	if (err == 0 && !operations_allowed(wanted, OPERAND_PATH,
	    upload == NULL && S_ISDIR(st.st_mode) ? NODE_DIRECTORY : NODE_OTHER, place.grants))
		err = EACCES;
	if (err == 0)
		err = upload != NULL ? upload_set(upload, set) : set_node(vfs, &place, set, &st);
	place_free(&place);
	return err;
}

/* A stored text, as a path of the account where it is absolute. */
static void
show_target(const struct vfs *vfs, size_t root, struct view text, struct buf *out)
{
	const struct vpath *base;

	if (text.n > 0 && text.p[0] == '/') {
		base = link_base(vfs, root, &text);
		if (!vpath_is_root(base) || text.n == 0)
			buf_raw(out, base->text, base->length);
	}
	buf_raw(out, text.p, text.n);
}

MUST int
vfs_read_link(struct vfs *vfs, const struct vpath *path, struct buf *out)
{
	struct place place;
	struct stat st;
	char text[PATH_MAX];
	ssize_t n = -1;
	int err = place_find_node(vfs, OPERATION_BIT(READ_LINK), path, false, &place, &st);

	if (err == 0 && !S_ISLNK(st.st_mode))
		err = EINVAL;
	if (err == 0) {
		n = readlinkat(place.directory_fd, place.name, text, sizeof(text));
		err = n < 0 ? errno : 0;
	}
	if (err == 0 && (size_t)n == sizeof(text))
		err = ENAMETOOLONG;
	if (err == 0) {
		show_target(vfs, place.root,
		    (struct view){ (const uint8_t *)text, (size_t)n }, out);
		err = buf_error(out) == 0 ? 0 : ENOMEM;
	}
	place_free(&place);
	return err;
}

/*
 * What symlinkat() stores, terminated. A link in a folder leads within the folder only, so that
 * one which could not be followed is not made.
 */
static int
stored_target(const struct vfs *vfs, const struct place *place, struct view target,
	const struct vpath *directory, struct buf *out)
{
	struct vpath path;

	if (view_has_nul(target))
		return EINVAL;
	if (target.n > 0 && target.p[0] == '/') {
		if (vpath_parse(&path, target) != 0)
			return ENAMETOOLONG;
		if (vpath_is_root(&path))
			return EACCES;
		if (place->root != 0 && vfs_policy_folder_of(&vfs->policy, &path) != place->root)
			return EXDEV;
		link_relative(out, directory, &path);
	} else {
		buf_raw(out, target.p, target.n);
	}
	buf_u8(out, '\0');
	switch (buf_error(out)) {
	case 0: return 0;
	case ERR_LIMIT: return ENAMETOOLONG;
	default: return ENOMEM;
	}
}

MUST int
vfs_symlink(struct vfs *vfs, struct view target, const struct vpath *link)
{
	struct buf text = buf_init(PATH_MAX);
	struct vpath directory;
	struct place place;
	int err = place_find(vfs, OPERATION_BIT(SYMLINK), OPERAND_PATH, link, &place);

	if (err == 0) {
		/* Counted from where the link really is, so without links on the way. */
		vpath_parent(place_path(&place, link), &directory);
		err = stored_target(vfs, &place, target, &directory, &text);
	}
	if (err == 0 && symlinkat((const char *)text.p, place.directory_fd, place.name) != 0)
		err = errno;
	buf_free(&text);
	place_free(&place);
	return err;
}

static int
check_linkable(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return EISDIR;
	return S_ISREG(st->st_mode) ? 0 : EACCES;
}

MUST int
vfs_hard_link(struct vfs *vfs, const struct vpath *from, const struct vpath *to)
{
	struct place source, target = { .directory_fd = -1 };
	struct stat st;
	int err = place_find_node(vfs, OPERATION_BIT(HARD_LINK), from, false, &source, &st);

	if (err == 0)
		err = place_find(vfs, OPERATION_BIT(HARD_LINK), OPERAND_TARGET, to, &target);
	if (err == 0)
		err = check_linkable(&st);
	if (err == 0 && source.root != target.root)
		err = EXDEV;
	if (err == 0)
		err = charge_open_lease(vfs->quotas[target.root]);
	if (err == 0 && linkat(source.directory_fd, source.name, target.directory_fd, target.name,
	    0) != 0)
		err = errno;
	place_free(&source);
	place_free(&target);
	return err;
}

MUST int
vfs_remove(struct vfs *vfs, const struct vpath *path, struct vfs_attributes *was_out)
{
	struct removal removal = { .fd = -1 };
	struct place place;
	struct stat st;
	int err = place_find_node(vfs, OPERATION_BIT(REMOVE), path, false, &place, &st);

	if (err == 0 && S_ISDIR(st.st_mode))
		err = EISDIR;
	if (err == 0)
		err = removal_begin(vfs->quotas[place.root], place.directory_fd, place.name, &removal);
	if (err == 0 && unlinkat(place.directory_fd, place.name, 0) != 0)
		err = errno;
	removal_end(&removal, err == 0);
	if (err == 0 && was_out != NULL)
		attributes_from_stat(&st, was_out);
	place_free(&place);
	return err;
}

MUST int
vfs_make_directory(struct vfs *vfs, const struct vpath *path)
{
	struct place place;
	int err = place_find(vfs, OPERATION_BIT(MAKE_DIRECTORY), OPERAND_PATH, path, &place);

	if (err == 0 && mkdirat(place.directory_fd, place.name, NEW_DIRECTORY_MODE) != 0)
		err = errno;
	place_free(&place);
	return err;
}

/* A directory that looks empty to its owner may hold what a dead session left. */
static bool
sweep(const struct place *place)
{
	struct stat st;
	int fd;
	bool swept = place_open_directory(place, &fd, &st) == 0 && temporary_sweep_all(fd);

	fd_close(&fd);
	return swept;
}

MUST int
vfs_remove_directory(struct vfs *vfs, const struct vpath *path)
{
	struct place place;
	int err;

	if (vpath_is_root(path))
		return EACCES;
	err = place_find(vfs, OPERATION_BIT(REMOVE_DIRECTORY), OPERAND_PATH, path, &place);
	if (err == 0 && unlinkat(place.directory_fd, place.name, AT_REMOVEDIR) != 0)
		err = errno;
	if (err == ENOTEMPTY && sweep(&place)) {
		charge_unsure(vfs->quotas[place.root]);
		if (unlinkat(place.directory_fd, place.name, AT_REMOVEDIR) == 0)
			err = 0;
	}
	place_free(&place);
	return err;
}
