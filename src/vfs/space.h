/*
 * space.h - what a client is told of the space that it has: the file system's, or its quota.
 *
 * Called inside vfs/ only.
 */
#ifndef VFS_SPACE_H
#define VFS_SPACE_H

#include "vfs/vfs.h"

/* Puts the limits of a quota, where it has some, in the place of the file system's numbers. */
MUST int space_limit(struct vfs_quota *quota, struct statvfs *out);

#endif
