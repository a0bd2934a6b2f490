#include "vfs/space.h"

/* Never more than the file system has free. */
static fsblkcnt_t
room(uint64_t limit, uint64_t used, fsblkcnt_t available)
{
	uint64_t left = limit > used ? limit - used : 0;

	return left < available ? left : available;
}

MUST int
space_limit(struct vfs_quota *quota, struct statvfs *out)
{
	uint64_t block = out->f_frsize > 0 ? out->f_frsize : 1;
	struct vfs_amount limit, used;
	int err = quota == NULL ? 0 : quota->show(quota, &limit, &used);

	if (err != 0 || quota == NULL)
		return err;
	if (limit.bytes > 0) {
		out->f_blocks = (uint64_t)limit.bytes / block;
		out->f_bfree = room(out->f_blocks, ((uint64_t)used.bytes + block - 1) / block,
		    out->f_bfree);
		out->f_bavail = room(out->f_bfree, 0, out->f_bavail);
	}
	if (limit.files > 0) {
		out->f_files = (uint64_t)limit.files;
		out->f_ffree = room(out->f_files, (uint64_t)used.files, out->f_ffree);
		out->f_favail = room(out->f_ffree, 0, out->f_favail);
	}
	return 0;
}
