/*
 * upload.h - an upload under way: from the open of a file for writing to its close.
 *
 * A direct upload writes to its target. An atomic one writes to a temporary file beside the target
 * (temporary.h), which one rename puts in its place when all of it is there; until then the target
 * stays what it was. Which of the two an open becomes, and what is left after a failure:
 *
 *   open                        mode 0   modes 1, 2   failed in 1   failed in 2
 *   a new file                  direct   atomic       nothing       the part, as the target
 *   TRUNCATE, an existing file  direct   atomic       the old       the old, and TARGET.filepart
 *   APPEND, an existing file    direct   direct       what came     what came
 *   neither, an existing file   direct   direct       what came     what came
 *
 * A resumed upload and a write in place keep bytes of the file that the client does not send
 * again. A copy of them would make each resume cost as much as the whole file; and what a resume
 * adds to is a part anyhow. A part never takes the place of an older file, because a client that
 * looks only at sizes would go on in the wrong one; under a name of its own it can be resumed and
 * then renamed. The name is the one that WinSCP looks for.
 *
 * The steps, each a function here: upload_create() or upload_existing(), upload_may_grow() before
 * the file gets larger, upload_wrote() and upload_set() after it has changed, upload_settle().
 * Called inside vfs/ only.
 */
#ifndef VFS_UPLOAD_H
#define VFS_UPLOAD_H

#include "vfs/place.h"
#include "vfs/vfs.h"

#include <sys/queue.h>
#include <time.h>

struct upload {
	LIST_ENTRY(vfs_file) link; /* of struct vfs, the latest first */

	/* what the open found */
	bool is_new;          /* nothing had the name */
	uint64_t size_before;
	uint64_t write_from;  /* a resumed upload may not write before this */

	/* what has happened since */
	uint64_t size;        /* of the file that is written to, as far as this handle changed it */
	int error;            /* the first failure, an errno value: not all of it has come */
	bool times_set;       /* the client has said what they shall be at the end */
	struct timespec times[2];

	/* the end */
	bool beyond;          /* one file more than the quota allows: it cannot stay a part */
	bool replaces;        /* whatever has the name by then; else that is EEXIST */
	int directory_fd;     /* of the target; -1 when nothing has to be done there */
	char target[VPATH_NAME_MAX + 1];
	char temporary[VPATH_NAME_MAX + 1]; /* "" when the bytes go to the target itself */
};

void upload_init(struct upload *upload);
/*
 * Opens a file that does not exist yet, at the place. 0 or an errno value: EEXIST when it does.
 * `overwrites`: the client may also write to files that exist, so another's file of that name
 * that comes up meanwhile is replaced at the end.
 */
MUST int upload_create(struct vfs_file *file, const struct place *place, int flags,
	bool overwrites);
/* True when upload_create() would only open it, so that place_create_plain() will do as well. */
bool upload_is_plain(const struct vfs_file *file);
/*
 * The file's descriptor is the target's, just opened, and `st` is what it is. Truncates it where
 * the flags say so, or puts a temporary file in the descriptor's place.
 */
MUST int upload_existing(struct vfs_file *file, const struct place *place, const struct stat *st);
/* The open has succeeded: from here on upload_settle() ends it. */
void upload_begin(struct vfs_file *file);
/* The open has failed after one of the above. */
void upload_cancel(struct vfs_file *file);

/* Before the file gets larger than it is: 0, or EFBIG for what the account may not upload. */
MUST int upload_may_grow(const struct vfs *vfs, uint64_t size);
/* After a write that was to begin at an offset: how much of it was done, and how it ended. */
void upload_wrote(struct upload *upload, uint64_t offset, uint64_t bytes, int error);
/* Sets attributes on the file that is written to. They are permitted and checked. */
MUST int upload_set(struct vfs_file *file, const struct vfs_attributes *set);
/*
 * The upload under way to what place_find_node() found (`st`, NULL for nothing), or NULL: what is
 * set by path during an upload is meant for the file that will be there after it.
 */
struct vfs_file *upload_find(const struct vfs *vfs, const struct place *place,
	const struct stat *st);
/*
 * The end, with the descriptor still open: everything as the table above says, on the disk if that
 * was asked for. 0, or the errno value of what failed, now or before.
 */
MUST int upload_settle(struct vfs_file *file);

#endif
