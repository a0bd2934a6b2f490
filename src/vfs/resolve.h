/*
 * resolve.h - the only way from a path to a descriptor.
 *
 * Called inside vfs/ only.
 */
#ifndef VFS_RESOLVE_H
#define VFS_RESOLVE_H

#include "base/err.h"

/*
 * openat2(2) beneath the directory, O_CLOEXEC, following no link of any kind: ELOOP where there is
 * one, but for the last component with O_PATH | O_NOFOLLOW. O_CREAT makes files with 0666 less the
 * umask. 0 or an errno value.
 */
MUST int resolve_at(int directory_fd, const char *path, int flags, int *fd_out);

#endif
