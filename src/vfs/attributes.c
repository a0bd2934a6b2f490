#include "vfs/attributes.h"

#include <errno.h>
#include <unistd.h>

enum { MODE_BITS = 0777, NANOSECONDS = 1000000000 };

void
attributes_from_stat(const struct stat *st, struct vfs_attributes *out)
{
	*out = (struct vfs_attributes){
		.valid = VFS_ATTRIBUTE_SIZE | VFS_ATTRIBUTE_OWNER | VFS_ATTRIBUTE_MODE |
		    VFS_ATTRIBUTE_TIMES,
		.size = st->st_size < 0 ? 0 : (uint64_t)st->st_size,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mode = st->st_mode,
		.atime = st->st_atim.tv_sec,
		.mtime = st->st_mtim.tv_sec,
		.atime_nsec = (uint32_t)st->st_atim.tv_nsec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
		.links = st->st_nlink > UINT32_MAX ? UINT32_MAX : (uint32_t)st->st_nlink,
	};
}

operations
attributes_operations(const struct vfs_attributes *set)
{
	operations wanted = 0;

	if ((set->valid & VFS_ATTRIBUTE_SIZE) != 0)
		wanted |= OPERATION_BIT(SET_SIZE);
	if ((set->valid & VFS_ATTRIBUTE_OWNER) != 0)
		wanted |= OPERATION_BIT(SET_OWNER);
	if ((set->valid & VFS_ATTRIBUTE_MODE) != 0)
		wanted |= OPERATION_BIT(SET_MODE);
	if ((set->valid & VFS_ATTRIBUTE_TIMES) != 0)
		wanted |= OPERATION_BIT(SET_TIMES);
	return wanted;
}

MUST int
attributes_check(const struct vfs_attributes *set)
{
	/* utimensat(2) has special meanings for numbers above: "now" and "leave". */
	if ((set->valid & VFS_ATTRIBUTE_TIMES) != 0 &&
	    (set->atime_nsec >= NANOSECONDS || set->mtime_nsec >= NANOSECONDS))
		return EINVAL;
	if ((set->valid & VFS_ATTRIBUTE_SIZE) != 0 && set->size > INT64_MAX)
		return EFBIG;
	return 0;
}

static int
set_size(int fd, uint64_t size)
{
	int result;

	do {
		result = ftruncate(fd, (off_t)size);
	} while (result != 0 && errno == EINTR);
	return result == 0 ? 0 : errno;
}

void
attributes_times(const struct vfs_attributes *set, struct timespec out[static 2])
{
	out[0] = (struct timespec){ .tv_sec = set->atime, .tv_nsec = (long)set->atime_nsec };
	out[1] = (struct timespec){ .tv_sec = set->mtime, .tv_nsec = (long)set->mtime_nsec };
}

/* Size before times, which it changes; owner before mode, of which it clears bits. */
MUST int
attributes_apply(int fd, const struct vfs_attributes *set)
{
	struct timespec times[2];
	int err;

	if ((set->valid & VFS_ATTRIBUTE_SIZE) != 0) {
		err = set_size(fd, set->size);
		if (err != 0)
			return err;
	}
	if ((set->valid & VFS_ATTRIBUTE_OWNER) != 0 && fchown(fd, set->uid, set->gid) != 0)
		return errno;
	if ((set->valid & VFS_ATTRIBUTE_MODE) != 0 && fchmod(fd, set->mode & MODE_BITS) != 0)
		return errno;
	if ((set->valid & VFS_ATTRIBUTE_TIMES) == 0)
		return 0;
	attributes_times(set, times);
	return futimens(fd, times) == 0 ? 0 : errno;
}
