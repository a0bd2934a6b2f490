/*
 * vpath.h - building normal paths step by step, for the parts of vfs/ that follow links.
 *
 * Parsing and reading paths is in vfs.h. Called inside vfs/ only.
 */
#ifndef VFS_VPATH_H
#define VFS_VPATH_H

#include "vfs/vfs.h"

void vpath_set_root(struct vpath *path);
/*
 * Adds one component that is already known to be a name: not empty, ".", "..", and without '/' or
 * NUL. ERR_LIMIT when it or the path gets too long; the path is then unchanged.
 */
MUST int vpath_append(struct vpath *path, struct view name);
void vpath_copy(struct vpath *to, const struct vpath *from);
/* A copy in memory of its own; NULL when there is none. */
struct vpath *vpath_dup(const struct vpath *path);
/* Bytes of the parent's text: 1 for the root and what lies directly in it. */
size_t vpath_parent_length(const struct vpath *path);
/* True when the first `length` bytes of `path` are `directory` or lie below it, by components. */
bool vpath_is_within(const char *path, size_t length, const struct vpath *directory);
/* Takes the next component off a text, empty ones included; false at the end. */
bool vpath_next_component(struct view *text, struct view *component_out);

#endif
