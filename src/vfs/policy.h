/*
 * policy.h - what a policy grants on one path, as the operations ask for it.
 *
 * Building and encoding policies is in vfs.h. Called inside vfs/ only.
 */
#ifndef VFS_POLICY_H
#define VFS_POLICY_H

#include "vfs/vfs.h"

/* The permissions that hold on a path and on the directory that holds it. */
struct grants {
	uint32_t own, parent;
};

struct grants policy_grants(const struct vfs_policy *policy, const struct vpath *path);
/* What both grant: for a path that was reached by two spellings. */
struct grants grants_both(struct grants a, struct grants b);
/* `out` becomes a copy of its own. 0 or ERR_MEMORY. */
MUST int policy_copy(struct vfs_policy *out, const struct vfs_policy *policy);
/* True when every path has a rule above it: that is, when there is one for "/". */
bool policy_is_complete(const struct vfs_policy *policy);

#endif
