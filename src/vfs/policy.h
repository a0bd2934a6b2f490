/*
 * policy.h - what a policy grants on one path, as the operations ask for it.
 *
 * Building and encoding policies is in vfs.h. Called inside vfs/ only.
 */
#ifndef VFS_POLICY_H
#define VFS_POLICY_H

#include "vfs/vfs.h"

/* What holds on a path. */
struct grants {
	uint32_t own, parent; /* permissions on it, and on the directory that holds it */
	bool file;            /* a file may have its name, where it is */
};

struct grants policy_grants(const struct vfs_policy *policy, const struct vpath *path);
/* What both grant: for a path that was reached by two spellings. */
struct grants grants_both(struct grants a, struct grants b);
/* `out` becomes a copy of its own. 0 or ERR_MEMORY. */
MUST int policy_copy(struct vfs_policy *out, const struct vfs_policy *policy);
/* True when every path has a rule above it: that is, when there is one for "/". */
bool policy_is_complete(const struct vfs_policy *policy);
/* Counts so many more bytes of the encoded policy, or ERR_LIMIT. */
MUST int policy_take_room(struct vfs_policy *policy, size_t bytes);

/* The rule that decides for the first `length` bytes of a path; NULL when there is none. */
const struct vfs_rule *policy_rule(const struct vfs_policy *policy, const char *path,
	size_t length);
/* The filter that decides for the names in a directory; NULL when there is none. */
const struct vfs_filter *policy_filter(const struct vfs_policy *policy, const char *path,
	size_t length);
/* True when a file may have this name; with a suffix that decided in *by_out, or NULL. */
bool filter_passes(const struct vfs_filter *filter, const char *name,
	const struct vfs_suffix **by_out);

/* Where the home (0) or a folder (from 1) is in the account's tree. */
const struct vpath *policy_mount(const struct vfs_policy *policy, size_t root);
/* True for "/" and for where a folder is. */
bool policy_is_mount(const struct vfs_policy *policy, const struct vpath *path);
/* True when a folder is at the path or below it: it is a directory, whatever else lies there. */
bool policy_holds_folder(const struct vfs_policy *policy, const struct vpath *path);
/* The name in a directory by which the way to a folder (from 1) goes on; false when it does not. */
bool policy_way_to_folder(const struct vfs_policy *policy, size_t folder,
	const struct vpath *directory, struct view *name_out);
/* True when both have the same folders in the same order. */
bool policy_same_folders(const struct vfs_policy *a, const struct vfs_policy *b);

#endif
