/*
 * link.h - symbolic links: where they lead, how they are stored and how they are shown.
 *
 * Nothing here opens what it finds: it answers with a path without links, which place.c checks
 * against the policy and opens by openat2() like any other. So a wrong answer, or one that another
 * process makes wrong meanwhile, can name a wrong file in the root but never one outside.
 * Called inside vfs/ only.
 */
#ifndef VFS_LINK_H
#define VFS_LINK_H

#include "vfs/vfs.h"

/*
 * The path without links that `path` leads to from the root; its last component need not exist.
 * 0 or an errno value: ELOOP after 40 links, ENAMETOOLONG, ENOENT, ENOTDIR, ...
 */
MUST int link_follow(const struct vfs *vfs, const struct vpath *path, struct vpath *out);
/*
 * The stored text as a text of the client: from the root's host path only what comes behind is
 * left, so "" for the root itself; any other text stays as it is.
 */
struct view link_inside(const struct vfs *vfs, struct view text);
/* The relative text that leads from a directory (a path without links) to a path of the client. */
void link_relative(struct buf *out, const struct vpath *directory, const struct vpath *target);

#endif
