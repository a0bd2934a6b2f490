#include "vfs/upload.h"

#include "base/fd.h"
#include "base/tree_right.h"
#include "vfs/attributes.h"
#include "vfs/file.h"
#include "vfs/rename.h"
#include "vfs/resolve.h"
#include "vfs/temporary.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	KEPT_MODE_BITS = 0777,
	PARTS_MAX = 9, /* of one target, kept side by side */
};

void
upload_init(struct upload *upload)
{
	*upload = (struct upload){ .directory_fd = -1 };
}

/* A temporary file is made, and goes; to sync a directory it must be opened. */
uint32_t
vfs_upload_rights(const struct vfs_uploads *uploads, uint32_t rights)
{
	if ((rights & TREE_WRITE_FILE) == 0)
		return 0;
	return (uploads->mode != VFS_UPLOAD_DIRECT ? TREE_MAKE_FILE | TREE_REMOVE_FILE : 0) |
	    (uploads->sync ? TREE_READ_DIRECTORY : 0);
}

/* ---- opening */

static bool
is_atomic(const struct vfs_file *file)
{
	return file->vfs->uploads.mode != VFS_UPLOAD_DIRECT;
}

bool
upload_is_plain(const struct vfs_file *file)
{
	return !is_atomic(file) && !file->vfs->uploads.sync;
}

/* What happens in the directory at the end must be possible before the client sends anything. */
static int
take_directory(struct vfs_file *file, const struct place *place)
{
	struct upload *upload = &file->upload;

	memcpy(upload->target, place->name, strlen(place->name) + 1);
	/* fsync(2) wants a directory that was really opened */
	if (file->vfs->uploads.sync)
		return resolve_at(place->directory_fd, ".", O_RDONLY | O_DIRECTORY,
		    &upload->directory_fd);
	upload->directory_fd = fcntl(place->directory_fd, F_DUPFD_CLOEXEC, 0);
	return upload->directory_fd >= 0 ? 0 : errno;
}

static int
open_temporary(struct vfs_file *file, const struct place *place, int flags)
{
	struct upload *upload = &file->upload;
	int err = take_directory(file, place);

	if (err == 0)
		err = temporary_create(upload->directory_fd, upload->target, flags,
		    upload->temporary, &file->fd);
	if (err != 0) {
		upload->temporary[0] = '\0';
		fd_close(&upload->directory_fd);
	}
	return err;
}

MUST int
upload_create(struct vfs_file *file, const struct place *place, int flags, bool overwrites)
{
	struct stat st;
	int err;

	if (is_atomic(file)) {
		if (fstatat(place->directory_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return EEXIST;
		if (errno != ENOENT)
			return errno;
		file->upload.replaces = overwrites && (file->flags & VFS_EXCLUSIVE) == 0;
		err = open_temporary(file, place, flags);
	} else {
		err = file->vfs->uploads.sync ? take_directory(file, place) : 0;
		if (err == 0)
			err = resolve_at(place->directory_fd, place->name,
			    flags | O_CREAT | O_EXCL | O_NOCTTY, &file->fd);
		if (err != 0)
			fd_close(&file->upload.directory_fd);
	}
	file->upload.is_new = err == 0;
	return err;
}

/*
 * The new file looks to others as the old one did, before there is anything in it to see. A group
 * that this process may not give, or not name (EINVAL in a user namespace), is not an error; then
 * the group that the file has instead may do no more than everybody.
 */
static int
look_like(int fd, const struct stat *old)
{
	mode_t mode = old->st_mode & KEPT_MODE_BITS;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if (st.st_gid != old->st_gid && fchown(fd, (uid_t)-1, old->st_gid) != 0) {
		if (errno != EPERM && errno != EINVAL)
			return errno;
		mode = (mode & ~(mode_t)S_IRWXG) | (mode & S_IRWXO) << 3;
	}
	/* some file systems have one mode for all files, and fail where any is set */
	if ((st.st_mode & KEPT_MODE_BITS) == mode)
		return 0;
	return fchmod(fd, mode) == 0 ? 0 : errno;
}

/* From here on what is written costs something, and what is cut off gives it back. */
static int
truncate_existing(struct vfs_file *file)
{
	const struct vfs_attributes empty = { .valid = VFS_ATTRIBUTE_SIZE };
	int err = charge_take(file->quota, file->fd, &file->charge);

	if (err != 0 || (file->flags & VFS_TRUNCATE) == 0 || file->upload.size_before == 0)
		return err;
	err = attributes_apply(file->fd, &empty);
	charge_settle(file->charge);
	return err;
}

/* The target stays until the end; the temporary file is one more until then. */
static int
replace_existing(struct vfs_file *file, const struct place *place, const struct stat *st)
{
	struct vfs_quota *quota = file->quota;
	int flags = (file->flags & VFS_READ) != 0 ? O_RDWR : O_WRONLY;
	int err = charge_begin(quota, CHARGE_NEW);

	if (err == EDQUOT) {
		err = charge_begin(quota, CHARGE_BEYOND);
		file->upload.beyond = err == 0;
	}
	if (err != 0)
		return err;
	fd_close(&file->fd);
	file->upload.replaces = true;
	if ((err = open_temporary(file, place, flags)) != 0) {
		charge_undo(quota, CHARGE_NEW);
		return err;
	}
	err = charge_take(quota, file->fd, &file->charge);
	return err == 0 ? look_like(file->fd, st) : err;
}

MUST int
upload_existing(struct vfs_file *file, const struct place *place, const struct stat *st)
{
	struct upload *upload = &file->upload;

	upload->size = upload->size_before = (uint64_t)st->st_size;
	if ((file->flags & VFS_TRUNCATE) == 0) {
		if ((file->flags & VFS_APPEND) != 0)
			upload->write_from = upload->size_before;
		return (file->flags & VFS_WRITE) != 0 ? truncate_existing(file) : 0;
	}
	upload->size = 0;
	return is_atomic(file) ? replace_existing(file, place, st) : truncate_existing(file);
}

void
upload_begin(struct vfs_file *file)
{
	LIST_INSERT_HEAD(&file->vfs->uploads_open, file, upload.link);
}

void
upload_cancel(struct vfs_file *file)
{
	struct upload *upload = &file->upload;

	if (upload->temporary[0] != '\0')
		(void)unlinkat(upload->directory_fd, upload->temporary, 0);
	fd_close(&upload->directory_fd);
}

/* ---- under way */

MUST int
upload_may_grow(const struct vfs *vfs, uint64_t size)
{
	return vfs->uploads.size_max > 0 && size > vfs->uploads.size_max ? EFBIG : 0;
}

void
upload_wrote(struct upload *upload, uint64_t offset, uint64_t bytes, int error)
{
	if (bytes > 0 && offset + bytes > upload->size)
		upload->size = offset + bytes;
	if (error != 0 && upload->error == 0)
		upload->error = error;
}

MUST int
upload_set(struct vfs_file *file, const struct vfs_attributes *set)
{
	struct upload *upload = &file->upload;
	bool sets_size = (set->valid & VFS_ATTRIBUTE_SIZE) != 0;
	int err = 0;

	if (sets_size && set->size > upload->size)
		err = upload_may_grow(file->vfs, set->size);
	if (err == 0 && sets_size)
		err = charge_grow(file->charge, set->size);
	if (err == 0)
		err = attributes_apply(file->fd, set);
	if (sets_size)
		charge_settle(file->charge);
	if (err != 0)
		return err;
	if (sets_size)
		upload->size = set->size;
	if ((set->valid & VFS_ATTRIBUTE_TIMES) != 0) {
		attributes_times(set, upload->times);
		upload->times_set = true;
	}
	return 0;
}

static bool
is_same(int fd, const struct stat *st)
{
	struct stat other;

	return fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

struct vfs_file *
upload_find(const struct vfs *vfs, const struct place *place, const struct stat *st)
{
	struct vfs_file *file;
	struct stat directory;

	if (LIST_EMPTY(&vfs->uploads_open) || (st != NULL && !S_ISREG(st->st_mode)) ||
	    place->directory_fd < 0 || fstat(place->directory_fd, &directory) != 0)
		return NULL;
	LIST_FOREACH(file, &vfs->uploads_open, upload.link) {
		const struct upload *upload = &file->upload;

		if (upload->temporary[0] == '\0') {
			if (st != NULL && is_same(file->fd, st))
				return file;
		} else if (strcmp(upload->target, place->name) == 0 &&
		    is_same(upload->directory_fd, &directory)) {
			return file;
		}
	}
	return NULL;
}

/* ---- the end */

/*
 * What a network file system has put off is done, or fails, when a descriptor is closed: so a
 * second one is, before the old file is given up for the new.
 */
static int
flush(int fd)
{
	int second = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (second < 0)
		return fsync(fd) == 0 ? 0 : errno;
	return close(second) == 0 || errno == EINTR ? 0 : errno;
}

/* Everything that can fail for the content, before its name says that it is there. */
static int
finish_content(struct vfs_file *file)
{
	const struct upload *upload = &file->upload;

	if (upload->error != 0)
		return upload->error;
	/* writes have come since, or may be on their way in a network file system */
	if (upload->times_set && futimens(file->fd, upload->times) != 0)
		return errno;
	if (file->vfs->uploads.sync && fsync(file->fd) != 0)
		return errno;
	return upload->temporary[0] != '\0' ? flush(file->fd) : 0;
}

static int
rename_to(const struct vfs_file *file, const char *name, bool replace)
{
	const struct upload *upload = &file->upload;
	struct removal removal;
	int err = removal_begin(file->quota, upload->directory_fd, name, &removal);

	if (err == 0 && upload->beyond && removal.names != 1)
		err = charge_claim(file->quota);
	if (err == 0)
		err = rename_entry(upload->directory_fd, upload->temporary, upload->directory_fd,
		    name, replace);
	removal_end(&removal, err == 0);
	return err;
}

static bool
part_allowed(const struct vfs_file *file, const char *name)
{
	struct vpath path;

	vpath_parent(&file->path, &path);
	return vpath_append(&path, view_of(name)) == 0 &&
	    operations_allowed(OPERATION_BIT(CREATE_FILE), OPERAND_PATH, NODE_OTHER,
	        grants_both(file->grants, policy_grants(&file->vfs->policy, &path)));
}

/* True when the part that has come has a name that the client can find and go on with. */
static bool
keep_part(const struct vfs_file *file)
{
	const struct upload *upload = &file->upload;
	char name[VPATH_NAME_MAX + 16];
	int err = EEXIST;

	if (upload->is_new && rename_to(file, upload->target, false) == 0)
		return true;
	if (upload->size == 0 || upload->beyond)
		return false;
	for (int i = 1; i <= PARTS_MAX && err == EEXIST; i++) {
		if (i == 1)
			snprintf(name, sizeof(name), "%s.filepart", upload->target);
		else
			snprintf(name, sizeof(name), "%s.%d.filepart", upload->target, i);
		err = part_allowed(file, name) ? rename_to(file, name, false) : EACCES;
	}
	return err == 0;
}

static void
give_up(const struct vfs_file *file)
{
	const struct upload *upload = &file->upload;

	if (upload->temporary[0] == '\0' ||
	    (file->vfs->uploads.mode == VFS_UPLOAD_ATOMIC_RESUME && keep_part(file)))
		return;
	(void)unlinkat(upload->directory_fd, upload->temporary, 0);
}

MUST int
upload_settle(struct vfs_file *file)
{
	struct upload *upload = &file->upload;
	int err = charge_open_lease(file->quota);

	if (err == 0)
		err = finish_content(file);
	LIST_REMOVE(file, upload.link);
	if (err == 0 && upload->temporary[0] != '\0')
		err = rename_to(file, upload->target, upload->replaces);
	if (err != 0)
		give_up(file);
	else if (file->vfs->uploads.sync && upload->directory_fd >= 0 &&
	    fsync(upload->directory_fd) != 0)
		err = errno;
	fd_close(&upload->directory_fd);
	return err;
}
