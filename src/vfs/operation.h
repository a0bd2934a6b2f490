/*
 * operation.h - which permission each operation needs, and where: the one table of it.
 *
 * What is not in the table cannot be named, and a path cannot be resolved (place.h) without the
 * name of an operation; so an operation without a row does not build. Called inside vfs/ only, and
 * by the test that tries every row.
 */
#ifndef VFS_OPERATION_H
#define VFS_OPERATION_H

#include "vfs/policy.h"

/*
 * X(NAME, own, parent, node, target_parent): the permissions that must all hold
 *   own            on the path itself
 *   parent         on the directory that holds it
 *   node           on the path itself for what is not a directory, on its parent for a directory
 *   target_parent  on the directory that holds the second path
 */
#define VFS_OPERATIONS(X) \
	X(OPEN_READ, 0, PERMISSION_DOWNLOAD, 0, 0) \
	X(CREATE_FILE, 0, PERMISSION_UPLOAD, 0, 0) \
	X(OVERWRITE_FILE, 0, PERMISSION_OVERWRITE, 0, 0) \
	X(OPEN_DIRECTORY, PERMISSION_LIST, 0, 0, 0) \
	X(STAT, 0, PERMISSION_LIST, 0, 0) \
	X(STATVFS, 0, PERMISSION_LIST, 0, 0) \
	X(READ_LINK, 0, PERMISSION_LIST, 0, 0) \
	X(SET_SIZE, 0, 0, PERMISSION_OVERWRITE, 0) \
	X(SET_OWNER, 0, 0, PERMISSION_CHOWN, 0) \
	X(SET_MODE, 0, 0, PERMISSION_CHMOD, 0) \
	X(SET_TIMES, 0, 0, PERMISSION_CHTIMES, 0) \
	X(SYMLINK, 0, PERMISSION_CREATE_SYMLINKS, 0, 0) \
	X(HARD_LINK, 0, PERMISSION_DOWNLOAD | PERMISSION_OVERWRITE, 0, PERMISSION_CREATE_SYMLINKS) \
	X(RENAME, 0, 0, 0, PERMISSION_RENAME) \
	X(REMOVE, 0, PERMISSION_DELETE, 0, 0) \
	X(MAKE_DIRECTORY, 0, PERMISSION_CREATE_DIRS, 0, 0) \
	X(REMOVE_DIRECTORY, 0, PERMISSION_DELETE, 0, 0)

#define VFS_OPERATION_NAME(name, own, parent, node, target_parent) OPERATION_##name,
enum operation { VFS_OPERATIONS(VFS_OPERATION_NAME) OPERATION_COUNT };
#undef VFS_OPERATION_NAME

/* Several operations that one request is, as bits. */
typedef uint32_t operations;
#define OPERATION_BIT(name) ((operations)1 << OPERATION_##name)

/* Which of the operation's paths is meant. */
enum operand {
	OPERAND_PATH,
	OPERAND_TARGET,
};

/* What the path is, as far as it is known. */
enum node_type {
	NODE_UNKNOWN, /* the answer is no only if it would be no for both */
	NODE_DIRECTORY,
	NODE_OTHER,
};

/* True when all of the operations are allowed; false when there is none. */
bool operations_allowed(operations wanted, enum operand operand, enum node_type type,
	struct grants grants);

#endif
