/*
 * link.h - symbolic links: where they lead, how they are stored and how they are shown.
 *
 * Nothing here opens what it finds: it answers with a path without links, which place.c checks
 * against the policy and opens by openat2() like any other. So a wrong answer, or one that another
 * process makes wrong meanwhile, can name a wrong file in a root but never one outside of all.
 *
 * A link in a virtual folder is not the account's alone: it may lead within the folder only, and
 * ".." from the folder's own directory stays there. A link in the home may lead into a folder.
 * Called inside vfs/ only.
 */
#ifndef VFS_LINK_H
#define VFS_LINK_H

#include "vfs/vfs.h"

/*
 * The path without links that `path` leads to from "/"; its last component need not exist.
 * 0 or an errno value: ELOOP after 40 links, ENAMETOOLONG, ENOENT, ENOTDIR, ...
 */
MUST int link_follow(const struct vfs *vfs, const struct vpath *path, struct vpath *out);
/*
 * Where an absolute text that is stored in a root leads: behind the result, a path of the account,
 * what is left of the text follows. From a host path of the root, or in the home from that of any
 * folder, only what comes behind is left; any other text counts from the root's own place.
 */
const struct vpath *link_base(const struct vfs *vfs, size_t root, struct view *text);
/* The relative text that leads from a directory (a path without links) to a path of the client. */
void link_relative(struct buf *out, const struct vpath *directory, const struct vpath *target);

#endif
