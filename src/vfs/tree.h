/*
 * tree.h - what a struct vfs is, for the parts of vfs/.
 *
 * The home and the folders are its roots: the home has number 0, the folder n - 1 of the policy
 * number n.
 */
#ifndef VFS_TREE_H
#define VFS_TREE_H

#include "vfs/policy.h"
#include "vfs/vfs.h"

#include <sys/queue.h>
#include <sys/stat.h>

struct vfs {
	int root_fds[1 + VFS_FOLDERS_MAX];
	bool has_host_path;
	struct vpath host_path; /* of the home, on this machine */
	struct vfs_policy policy;
	struct vfs_uploads uploads; /* how they are made */
	LIST_HEAD(, vfs_file) uploads_open;
	struct vfs_quota *quotas[1 + VFS_FOLDERS_MAX]; /* of the roots; NULL: nothing is counted */
};

/* A path in a root as openat2() takes it, relative to the root; points into the path. */
const char *tree_relative(const struct vfs *vfs, size_t root, const struct vpath *path);
/* The host path of a root, or NULL when it is of no use for links. */
const struct vpath *tree_host_path(const struct vfs *vfs, size_t root);
/* A directory that is only there because there is a folder below it: nobody may write in it. */
MUST int tree_stat_virtual(const struct vfs *vfs, struct stat *st_out);

#endif
