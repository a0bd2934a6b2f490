/* Listing a directory, the folders within it among its names. */
#include "vfs/attributes.h"
#include "vfs/charge.h"
#include "vfs/place.h"
#include "vfs/temporary.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What one getdents64(2) may fill. 32 KiB is about 1,000 short names, so that the call itself does
 * not count any more beside the look at each entry.
 */
enum { BATCH_BYTES = 32 * 1024 };

struct vfs_directory {
	const struct vfs *vfs;
	int fd;             /* -1 for a virtual one */
	size_t next_folder; /* to be looked at; folders and the way to them come first */
	size_t at, end;     /* of the batch that is being handed out */
	struct grants grants;
	struct vfs_quota *quota;
	struct vpath path;  /* as the client wrote it */
	struct vpath real;  /* without links */
	_Alignas(struct dirent64) char batch[BATCH_BYTES];
};

MUST int
vfs_open_directory(struct vfs *vfs, const struct vpath *path, struct vfs_directory **out)
{
	struct vfs_directory *directory;
	struct place place;
	int fd, err;

	*out = NULL;
	/* O_DIRECTORY: the kernel refuses anything else before it opens it. */
	err = place_open(vfs, OPERATION_BIT(OPEN_DIRECTORY), path,
	    O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY, &place, &fd);
	directory = err == 0 ? malloc(sizeof(*directory)) : NULL;
	if (err == 0 && directory == NULL)
		err = ENOMEM;
	if (err == 0) {
		directory->vfs = vfs;
		directory->fd = fd_take(&fd);
		directory->next_folder = 1;
		directory->at = directory->end = 0;
		directory->grants = place.grants;
		directory->quota = vfs->quotas[place.root];
		vpath_copy(&directory->path, path);
		vpath_copy(&directory->real, place_path(&place, path));
		*out = directory;
	}
	fd_close(&fd);
	place_free(&place);
	return err;
}

const struct vpath *
vfs_directory_path(const struct vfs_directory *directory)
{
	return &directory->path;
}

static int
batch_fill(struct vfs_directory *directory, bool *end_out)
{
	long n = 0;

	while (directory->fd >= 0) {
		n = syscall(SYS_getdents64, directory->fd, directory->batch, (size_t)BATCH_BYTES);
		if (n != -1 || errno != EINTR)
			break;
	}
	/* ENOENT: the directory has been removed. */
	if (n == -1 && errno != ENOENT)
		return errno;
	directory->at = 0;
	directory->end = n > 0 ? (size_t)n : 0;
	*end_out = n <= 0;
	return 0;
}

static const struct dirent64 *
batch_next(struct vfs_directory *directory)
{
	const struct dirent64 *entry = (const void *)(directory->batch + directory->at);

	directory->at += entry->d_reclen;
	return entry;
}

/* True when the way to a folder below `first` goes on by this name. */
static bool
leads_to_folder(const struct vfs_directory *directory, struct view name, size_t first)
{
	const struct vfs_policy *policy = &directory->vfs->policy;
	struct view other;

	for (size_t folder = 1; folder < first; folder++) {
		if (policy_way_to_folder(policy, folder, &directory->real, &other) &&
		    other.n == name.n && memcmp(other.p, name.p, name.n) == 0)
			return true;
	}
	return false;
}

/* What the way to a folder goes on by: the folder itself, or a directory above it. */
static int
stat_on_way(const struct vfs_directory *directory, size_t folder, const char *name,
	struct stat *st)
{
	const struct vfs *vfs = directory->vfs;
	size_t above = directory->real.length + (vpath_is_root(&directory->real) ? 0 : 1);

	if (policy_mount(&vfs->policy, folder)->length == above + strlen(name))
		return fstat(vfs->root_fds[folder], st) == 0 ? 0 : errno;
	if (directory->fd >= 0 && fstatat(directory->fd, name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st->st_mode))
		return 0;
	return tree_stat_virtual(vfs, st);
}

/* The next name in this directory by which the way to a folder goes on; false after the last. */
static bool
next_on_way(struct vfs_directory *directory, struct vfs_entry *out)
{
	const struct vfs_policy *policy = &directory->vfs->policy;

	while (directory->next_folder <= policy->folder_count) {
		size_t folder = directory->next_folder++;
		struct view name;
		struct stat st;

		if (!policy_way_to_folder(policy, folder, &directory->real, &name) ||
		    leads_to_folder(directory, name, folder) ||
		    view_copy(name, out->name, sizeof(out->name)) != 0 ||
		    stat_on_way(directory, folder, out->name, &st) != 0)
			continue;
		attributes_from_stat(&st, &out->attributes);
		return true;
	}
	return false;
}

/*
 * False for what is no entry to show. Uploads under way are none, and what dead sessions left of
 * theirs is removed here, where it is found without being looked for. A few file systems have
 * names longer than VPATH_NAME_MAX bytes; no path could name them.
 */
static bool
entry_fill(const struct vfs_directory *directory, const struct dirent64 *from,
	struct vfs_entry *out)
{
	size_t all = directory->vfs->policy.folder_count + 1;
	struct stat st;
	size_t n = strlen(from->d_name);

	if (n > VPATH_NAME_MAX || strcmp(from->d_name, ".") == 0 ||
	    strcmp(from->d_name, "..") == 0 ||
	    leads_to_folder(directory, view_of(from->d_name), all))
		return false;
	if (temporary_is_name(from->d_name)) {
		if (temporary_sweep(directory->fd, from->d_name))
			charge_unsure(directory->quota);
		return false;
	}
	memcpy(out->name, from->d_name, n + 1);
	if (fstatat(directory->fd, from->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		attributes_from_stat(&st, &out->attributes);
		return true;
	}
	if (errno == ENOENT)
		return false;
	out->attributes = (struct vfs_attributes){
		.valid = VFS_ATTRIBUTE_MODE,
		.mode = (uint32_t)DTTOIF(from->d_type),
	};
	return true;
}

MUST int
vfs_read_directory(struct vfs_directory *directory, struct vfs_entry *out, bool *end_out)
{
	*end_out = false;
	if (next_on_way(directory, out))
		return 0;
	for (;;) {
		if (directory->at >= directory->end) {
			int err = batch_fill(directory, end_out);

			if (err != 0 || *end_out)
				return err;
		}
		if (entry_fill(directory, batch_next(directory), out))
			return 0;
	}
}

MUST int
vfs_directory_stat(struct vfs_directory *directory, struct vfs_attributes *out)
{
	struct stat st;

	if (!operations_allowed(OPERATION_BIT(STAT), OPERAND_PATH, NODE_DIRECTORY,
	    directory->grants))
		return EACCES;
	if (directory->fd < 0) {
		int err = tree_stat_virtual(directory->vfs, &st);

		if (err != 0)
			return err;
	} else if (fstat(directory->fd, &st) != 0) {
		return errno;
	}
	attributes_from_stat(&st, out);
	return 0;
}

void
vfs_close_directory(struct vfs_directory **directory)
{
	if (*directory == NULL)
		return;
	fd_close(&(*directory)->fd);
	free(*directory);
	*directory = NULL;
}
