/*
 * attributes.h - between struct stat and struct vfs_attributes, and setting them on an open file.
 *
 * Called inside vfs/ only.
 */
#ifndef VFS_ATTRIBUTES_H
#define VFS_ATTRIBUTES_H

#include "vfs/operation.h"
#include "vfs/vfs.h"

#include <sys/stat.h>

void attributes_from_stat(const struct stat *st, struct vfs_attributes *out);
/* The operations that setting these is; 0 when there is nothing to set. */
operations attributes_operations(const struct vfs_attributes *set);
/* 0, or EINVAL or EFBIG for values that cannot be. */
MUST int attributes_check(const struct vfs_attributes *set);
/* The times to set, as futimens(3) takes them. */
void attributes_times(const struct vfs_attributes *set, struct timespec out[static 2]);
/*
 * Sets what is valid on a descriptor that was really opened (not O_PATH), for writing when the
 * size is set. 0 or an errno value; what was set before a failure stays.
 */
MUST int attributes_apply(int fd, const struct vfs_attributes *set);

#endif
