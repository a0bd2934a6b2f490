/*
 * place.h - a permitted path, found: the directory that holds it, open, and its name there.
 *
 * Every operation on a path begins here, with its own name, so that none can forget the policy.
 * What follows is one system call on a single name below an open directory, which can neither
 * leave that directory nor follow a link. Called inside vfs/ only.
 */
#ifndef VFS_PLACE_H
#define VFS_PLACE_H

#include "vfs/operation.h"
#include "vfs/vfs.h"

#include <sys/stat.h>

struct place {
	int directory_fd;
	bool owns_fd;                  /* false for a root's descriptor */
	bool is_virtual;               /* nothing is here but the way to a folder */
	size_t root;                   /* 0: the home; from 1: a folder */
	char name[VPATH_NAME_MAX + 2]; /* one component; "." for a root; room for a slash */
	struct grants grants;          /* on every spelling of the path that led here */
	struct vpath *real;            /* the path without links, or NULL: it had none */
};

/*
 * Finds the directory that holds the path; links on the way are followed, the last component is
 * not looked at. 0 or an errno value: EACCES when an operation is not allowed on the path, or not
 * where its links lead; for the name of a folder, and of what is above it, no operation is that
 * makes, moves or takes away the name. ENOENT for a name that temporary.h reserves. Give back with
 * place_free(), also after an error.
 */
MUST int place_find(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, struct place *out);
/* The same, with the last component followed as well. What it leads to need not exist. */
MUST int place_follow(const struct vfs *vfs, operations wanted, enum operand operand,
	const struct vpath *path, struct place *out);
/*
 * Finds what is there, and what it is: a virtual directory where a folder is below. With follow,
 * never a link: ELOOP.
 */
MUST int place_find_node(const struct vfs *vfs, operations wanted, const struct vpath *path,
	bool follow, struct place *out, struct stat *st_out);
/*
 * Finds and opens what is there, following links, with flags that open no FIFO and no device. For
 * a virtual directory the result is 0, and the descriptor -1.
 */
MUST int place_open(const struct vfs *vfs, operations wanted, const struct vpath *path, int flags,
	struct place *out, int *fd_out);
/* The path that it is the place of, without links when there were any. */
const struct vpath *place_path(const struct place *place, const struct vpath *path);
/* Opens a regular file that place_find_node() found, and looks at it again. */
MUST int place_open_file(const struct place *place, int flags, int *fd_out, struct stat *st_out);
/* The same for a directory. */
MUST int place_open_directory(const struct place *place, int *fd_out, struct stat *st_out);
void place_free(struct place *place);

/*
 * The usual case of a new file, a path without links, in one system call: makes and opens it.
 * EEXIST when the name is taken; any other error only means that the long way must be gone.
 */
MUST int place_create_plain(const struct vfs *vfs, operations wanted, const struct vpath *path,
	int flags, struct grants *grants_out, int *fd_out);

#endif
