/*
 * file.h - what an open file is, for the parts of vfs/ that work on one.
 */
#ifndef VFS_FILE_H
#define VFS_FILE_H

#include "vfs/charge.h"
#include "vfs/policy.h"
#include "vfs/upload.h"
#include "vfs/vfs.h"

struct vfs_file {
	struct vfs *vfs;
	int fd;
	unsigned flags; /* enum vfs_open_flag */
	struct grants grants; /* for what is asked of the open file later */
	struct vfs_quota *quota; /* of the root that it is in */
	struct charge *charge; /* open for writing: what it costs; NULL: nothing */
	struct upload upload; /* of a file open for reading only what the open found */
	struct vpath path;    /* as the client wrote it */
};

/* 0 when so many bytes may be written there; EBADF, EINVAL, EFBIG. */
MUST int file_may_write(const struct vfs_file *file, uint64_t offset, uint64_t bytes);
/* The same for reading. */
MUST int file_may_read(const struct vfs_file *file, uint64_t offset, uint64_t bytes);

#endif
