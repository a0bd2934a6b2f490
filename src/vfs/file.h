/*
 * file.h - what an open file is, for the parts of vfs/ that work on one.
 */
#ifndef VFS_FILE_H
#define VFS_FILE_H

#include "vfs/policy.h"
#include "vfs/vfs.h"

struct vfs_file {
	int fd;
	unsigned flags; /* enum vfs_open_flag */
	bool is_new;
	uint64_t size_before;
	uint64_t write_from;  /* a resumed upload may not write before this */
	struct grants grants; /* for what is asked of the open file later */
	struct vpath path;    /* as the client wrote it */
};

/* 0 when so many bytes may be written there; EBADF, EINVAL. */
MUST int file_may_write(const struct vfs_file *file, uint64_t offset, uint64_t bytes);
/* The same for reading. */
MUST int file_may_read(const struct vfs_file *file, uint64_t offset, uint64_t bytes);

#endif
