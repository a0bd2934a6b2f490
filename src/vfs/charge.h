/*
 * charge.h - what a session pays for what it changes: bytes and files against its quota's lease.
 *
 * Every change begins with charge_open_lease(), so that nothing is changed while the files are
 * counted. A file open for writing has a charge: the size that has been paid for. It is paid in
 * pieces before the file grows, and what the file really is settles it: overwritten, truncated,
 * sparse, cut or removed, the account is charged what a walk would find.
 *
 * Two sessions that change one file could both get back what one of them paid. So only that one
 * gets anything back that holds the file's lock (flock(2)); the other pays for what it sees grow,
 * and says that it is unsure, and the account is counted anew. Used is never too little meanwhile.
 * On a file system without locks each session believes to be alone.
 *
 * A file with several names is one file. Called inside vfs/ only; a NULL quota is one that counts
 * nothing.
 */
#ifndef VFS_CHARGE_H
#define VFS_CHARGE_H

#include "vfs/vfs.h"

#include <sys/stat.h>

struct charge;

/* Before anything is changed that a walk of the tree would see: 0, EDQUOT or ETIMEDOUT. */
MUST int charge_open_lease(struct vfs_quota *quota);
enum charge_for {
	CHARGE_OLD,    /* a file that is there */
	CHARGE_NEW,    /* one that is to be made */
	CHARGE_BEYOND, /* the same, though there are as many as may be: it will replace one */
};

/* Before a file is opened for writing: 0, or EDQUOT when nothing is left. Pays for a new file. */
MUST int charge_begin(struct vfs_quota *quota, enum charge_for what);
/* It was not made. */
void charge_undo(struct vfs_quota *quota, enum charge_for what);
/* One beyond the limit will replace no file: it has to find room now, or EDQUOT. */
MUST int charge_claim(struct vfs_quota *quota);

/* For a file that is open for writing and about to be changed; `out` may become NULL. ENOMEM. */
MUST int charge_take(struct vfs_quota *quota, int fd, struct charge **out);
/* Before a write or a truncation that ends there: 0, EDQUOT or ETIMEDOUT. */
MUST int charge_grow(struct charge *charge, uint64_t size);
/* The file is what it should be now: gives back what was paid for more. */
void charge_settle(struct charge *charge);
/* Before the descriptor is closed. What has no name any more is given back with the last. */
void charge_drop(struct charge **charge, int fd);

/* Something was removed that nobody has paid for any more. */
void charge_unsure(struct vfs_quota *quota);

/* A name that is about to be removed or replaced; what there is may be nothing. */
struct removal {
	struct vfs_quota *quota;
	int fd; /* -1: it is no file to be counted, or one of our own charges sees to it */
	bool alone;
	nlink_t names; /* of the file; 0 when there is none to be counted */
	bool unknown; /* it is a file, but could not be looked at */
};

/* Opens the lease as well: 0, EDQUOT or ETIMEDOUT. In any case removal_end() follows. */
MUST int removal_begin(
    struct vfs_quota *quota, int directory_fd, const char *name, struct removal *out);
void removal_end(struct removal *removal, bool done);

#endif
