/*
 * rename.h - one name becomes another, with or without replacing what is there.
 *
 * Called inside vfs/ only.
 */
#ifndef VFS_RENAME_H
#define VFS_RENAME_H

#include "base/err.h"

#include <stdbool.h>

/*
 * Both names are single components below open directories. 0 or an errno value: without `replace`
 * EEXIST when the new name is taken.
 */
MUST int rename_entry(int from_fd, const char *from, int to_fd, const char *to, bool replace);

#endif
