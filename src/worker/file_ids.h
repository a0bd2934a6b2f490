/*
 * file_ids.h - a set of files, each by its device and inode: which have been seen already.
 */
#ifndef WORKER_FILE_IDS_H
#define WORKER_FILE_IDS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct file_id {
	dev_t device;
	ino_t inode; /* 0: an empty place */
};

/* Zeroed is empty. */
struct file_ids {
	struct file_id *places;
	size_t count, room; /* room is 0 or a power of two */
};

/* Puts one in; *known_out says whether it was there. ERR_MEMORY. */
MUST int file_ids_add(struct file_ids *ids, struct file_id id, bool *known_out);
void file_ids_free(struct file_ids *ids);

#endif
