#include "vfs/file.h"

#include "base/fd.h"
#include "vfs/attributes.h"
#include "vfs/place.h"
#include "vfs/resolve.h"
#include "vfs/space.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* How often an open begins again when the file comes and goes meanwhile. */
enum { OPEN_TRIES = 16 };

static int
access_flags(unsigned flags)
{
	if ((flags & VFS_WRITE) == 0)
		return O_RDONLY;
	return (flags & VFS_READ) != 0 ? O_RDWR : O_WRONLY;
}

static operations
read_operation(unsigned flags)
{
	return (flags & VFS_READ) != 0 ? OPERATION_BIT(OPEN_READ) : 0;
}

static int
create_plain(struct vfs *vfs, operations wanted, const struct vpath *path, struct vfs_file *file)
{
	int err;

	file->quota = vfs->quotas[vfs_policy_folder_of(&vfs->policy, path)];
	if ((err = charge_begin(file->quota, CHARGE_NEW)) != 0)
		return err;
	err = place_create_plain(vfs, wanted, path, access_flags(file->flags), &file->grants,
	    &file->fd);
	file->upload.is_new = err == 0;
	if (err == 0)
		return charge_take(file->quota, file->fd, &file->charge);
	charge_undo(file->quota, CHARGE_NEW);
	return err;
}

static int
create_at(struct vfs *vfs, const struct place *place, struct vfs_file *file)
{
	bool overwrites = operations_allowed(OPERATION_BIT(OVERWRITE_FILE), OPERAND_PATH,
	    NODE_OTHER, place->grants);
	int err;

	file->quota = vfs->quotas[place->root];
	if ((err = charge_begin(file->quota, CHARGE_NEW)) != 0)
		return err;
	if ((err = upload_create(file, place, access_flags(file->flags), overwrites)) == 0)
		return charge_take(file->quota, file->fd, &file->charge);
	charge_undo(file->quota, CHARGE_NEW);
	return err;
}

/*
 * Only O_EXCL tells a new file from an existing one in one step, so that `upload` and `overwrite`
 * cannot be taken for each other by somebody who creates or removes the file at that moment. The
 * first time the name itself is meant, as EEXIST promises; when it turns out to be a link to
 * nothing, the name that it leads to.
 */
static int
file_create(struct vfs *vfs, const struct vpath *path, bool follow, struct vfs_file *file)
{
	operations wanted = OPERATION_BIT(CREATE_FILE) | read_operation(file->flags);
	struct place place;
	int err;

	if (!follow && upload_is_plain(file)) {
		err = create_plain(vfs, wanted, path, file);
		if (err == 0 || err == EEXIST || err == EDQUOT)
			return err;
	}
	err = follow ? place_follow(vfs, wanted, OPERAND_PATH, path, &place)
		     : place_find(vfs, wanted, OPERAND_PATH, path, &place);
	if (err == 0)
		err = create_at(vfs, &place, file);
	file->grants = place.grants;
	place_free(&place);
	return err;
}

static int
file_open_existing(struct vfs *vfs, const struct vpath *path, struct vfs_file *file)
{
	operations wanted = read_operation(file->flags);
	struct place place;
	struct stat st;
	int err;

	if ((file->flags & VFS_WRITE) != 0)
		wanted |= OPERATION_BIT(OVERWRITE_FILE);
	err = place_find_node(vfs, wanted, path, true, &place, &st);
	if (err == 0 && (file->flags & VFS_EXCLUSIVE) != 0)
		err = EEXIST;
	else if (err == 0 && S_ISDIR(st.st_mode))
		err = EISDIR;
	else if (err == 0 && !S_ISREG(st.st_mode))
		err = EACCES;
	if (err == 0)
		file->quota = vfs->quotas[place.root];
	if (err == 0 && (file->flags & VFS_WRITE) != 0)
		err = charge_begin(file->quota, CHARGE_OLD);
	if (err == 0)
		err = place_open_file(&place, access_flags(file->flags), &file->fd, &st);
	if (err == 0)
		err = upload_existing(file, &place, &st);
	file->grants = place.grants;
	place_free(&place);
	return err;
}

static int
file_create_or_open(struct vfs *vfs, const struct vpath *path, struct vfs_file *file)
{
	int err = ENOENT;

	for (int i = 0; i < OPEN_TRIES; i++) {
		int created = file_create(vfs, path, i > 0, file);

		/* who may make no file, or no more of them, may still write to this one */
		if (created != EEXIST && created != EACCES && created != EDQUOT)
			return created;
		if ((file->flags & VFS_EXCLUSIVE) != 0)
			return created;
		err = file_open_existing(vfs, path, file);
		if (err != ENOENT)
			return err;
		if (created != EEXIST)
			return created;
	}
	return err;
}

static bool
flags_are_possible(unsigned flags)
{
	if ((flags & (VFS_READ | VFS_WRITE)) == 0)
		return false;
	return (flags & VFS_WRITE) != 0 || (flags & (VFS_CREATE | VFS_TRUNCATE)) == 0;
}

MUST int
vfs_open(struct vfs *vfs, const struct vpath *path, unsigned flags, struct vfs_file **out)
{
	struct vfs_file *file;
	int err;

	*out = NULL;
	if (!flags_are_possible(flags))
		return EINVAL;
	file = malloc(sizeof(*file));
	if (file == NULL)
		return ENOMEM;
	file->vfs = vfs;
	file->fd = -1;
	file->flags = flags;
	file->quota = NULL;
	file->charge = NULL;
	upload_init(&file->upload);
	vpath_copy(&file->path, path);
	err = (flags & VFS_CREATE) != 0 ? file_create_or_open(vfs, path, file)
					: file_open_existing(vfs, path, file);
	if (err != 0) {
		upload_cancel(file);
		charge_drop(&file->charge, file->fd);
		fd_close(&file->fd);
		free(file);
		return err;
	}
	if ((flags & VFS_WRITE) != 0)
		upload_begin(file);
	*out = file;
	return 0;
}

bool
vfs_file_is_new(const struct vfs_file *file)
{
	return file->upload.is_new;
}

uint64_t
vfs_file_size_before(const struct vfs_file *file)
{
	return file->upload.size_before;
}

uint64_t
vfs_file_size(const struct vfs_file *file)
{
	struct stat st;

	return fstat(file->fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

const struct vpath *
vfs_file_path(const struct vfs_file *file)
{
	return &file->path;
}

MUST int
vfs_file_stat(struct vfs_file *file, struct vfs_attributes *out)
{
	struct stat st;

	if (!operations_allowed(OPERATION_BIT(STAT), OPERAND_PATH, NODE_OTHER, file->grants))
		return EACCES;
	if (fstat(file->fd, &st) != 0)
		return errno;
	attributes_from_stat(&st, out);
	return 0;
}

MUST int
vfs_file_set_attributes(struct vfs_file *file, const struct vfs_attributes *set)
{
	operations wanted = attributes_operations(set);
	int err = attributes_check(set);

	if (err != 0 || wanted == 0)
		return err;
	if (!operations_allowed(wanted, OPERAND_PATH, NODE_OTHER, file->grants))
		return EACCES;
	if ((set->valid & VFS_ATTRIBUTE_SIZE) != 0 && (file->flags & VFS_WRITE) == 0)
		return EBADF;
	return (file->flags & VFS_WRITE) != 0 ? upload_set(file, set)
					      : attributes_apply(file->fd, set);
}

MUST int
vfs_file_statvfs(struct vfs_file *file, struct statvfs *out)
{
	if (!operations_allowed(OPERATION_BIT(STATVFS), OPERAND_PATH, NODE_OTHER, file->grants))
		return EACCES;
	if (fstatvfs(file->fd, out) != 0)
		return errno;
	return space_limit(file->quota, out);
}

MUST int
vfs_file_sync(struct vfs_file *file)
{
	int err = fsync(file->fd) == 0 ? 0 : errno;

	/* the kernel tells it once: the next fsync(2) may succeed without the bytes */
	upload_wrote(&file->upload, 0, 0, err);
	return err;
}

void
vfs_file_fail(struct vfs_file *file, int error)
{
	upload_wrote(&file->upload, 0, 0, error);
}

int
vfs_close(struct vfs_file **file)
{
	struct vfs_file *f = *file;
	int err = 0;

	if (f == NULL)
		return 0;
	if ((f->flags & VFS_WRITE) != 0)
		err = upload_settle(f);
	charge_drop(&f->charge, f->fd);
	/* EINTR: Linux has closed it all the same, and has nothing more to say. */
	if (close(f->fd) != 0 && errno != EINTR && err == 0)
		err = errno;
	free(f);
	*file = NULL;
	return err;
}
