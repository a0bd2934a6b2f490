/*
 * tree.h - what a struct vfs is, for the parts of vfs/.
 */
#ifndef VFS_TREE_H
#define VFS_TREE_H

#include "vfs/vfs.h"

#include <sys/queue.h>

struct vfs {
	int root_fd;
	bool has_host_path;
	struct vpath host_path; /* of the root, on this machine */
	struct vfs_policy policy;
	struct vfs_uploads uploads; /* how they are made */
	LIST_HEAD(, vfs_file) uploads_open;
};

/* The path as openat2() takes it, relative to the root descriptor; points into the path. */
const char *tree_relative(const struct vpath *path);

#endif
