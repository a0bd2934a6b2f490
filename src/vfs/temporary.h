/*
 * temporary.h - the files that atomic uploads are written to until they are complete.
 *
 * One lies in the directory of its target, under `.sftpgo-upload.ID.TARGET`: the pattern that tools
 * beside SFTPGo know, with 20 characters of ID, of which ours begin with a letter that SFTPGo's
 * cannot have (they are base32 of 0-9 and a-v). So what an SFTPGo left behind, which may be the
 * only copy of a file, is never taken for one of ours. These names are reserved: for clients they
 * do not exist. An anonymous file (O_TMPFILE) could not be renamed over its target: linkat(2)
 * replaces nothing, and it needs /proc, which a confined session does not have.
 *
 * Whoever writes one holds a lock (flock(2)) on it; the kernel drops it with the process, however
 * that ends. One that can be locked is therefore stale. A name is random and used once, so that
 * what is removed by name is what was locked. Called inside vfs/ only.
 */
#ifndef VFS_TEMPORARY_H
#define VFS_TEMPORARY_H

#include "vfs/vfs.h"

/* True for a name that clients neither see nor use. */
bool temporary_is_name(const char *name);
/*
 * Makes one for the target's name and locks it; `flags` say how it is opened (O_WRONLY or O_RDWR).
 * 0 or an errno value.
 */
MUST int temporary_create(int directory_fd, const char *target, int flags,
	char name_out[static VPATH_NAME_MAX + 1], int *fd_out);
/* Removes one that nobody writes any more. True when it is gone. */
bool temporary_sweep(int directory_fd, const char *name);
/*
 * Empties a directory (readable, at its beginning) that holds nothing but stale ones. False when
 * anything is left.
 */
bool temporary_sweep_all(int directory_fd);

#endif
