/*
 * operation.h - which permission each operation needs, and where: the one table of it.
 *
 * What is not in the table cannot be named, and a path cannot be resolved (place.h) without the
 * name of an operation; so an operation without a row does not build. Called inside vfs/ only, and
 * by the test that tries every row.
 */
#ifndef VFS_OPERATION_H
#define VFS_OPERATION_H

#include "base/tree_right.h"
#include "vfs/policy.h"

/*
 * X(NAME, own, parent, node, target_parent, traits, rights): the permissions that must all hold
 *   own            on the path itself
 *   parent         on the directory that holds it
 *   node           on the path itself for what is not a directory, on its parent for a directory
 *   target_parent  on the directory that holds the second path
 * and
 *   traits         enum operation_trait bits
 *   rights         what the kernel must let the process do for it (base/tree_right.h)
 *
 * RENAME is what the contract asks for; with strict renames RENAME_STRICTLY takes its place, and
 * REPLACE_STRICTLY is needed as well to replace what is there.
 */
#define VFS_OPERATIONS(X) \
	X(OPEN_READ, 0, PERMISSION_DOWNLOAD, 0, 0, TRAIT_FILE, TREE_READ_FILE) \
	X(CREATE_FILE, 0, PERMISSION_UPLOAD, 0, 0, TRAIT_FILE | TRAIT_NAME, \
		TREE_MAKE_FILE | TREE_WRITE_FILE) \
	X(OVERWRITE_FILE, 0, PERMISSION_OVERWRITE, 0, 0, TRAIT_FILE, TREE_WRITE_FILE) \
	X(OPEN_DIRECTORY, PERMISSION_LIST, 0, 0, 0, 0, TREE_READ_DIRECTORY) \
	X(STAT, 0, PERMISSION_LIST, 0, 0, 0, 0) \
	X(STATVFS, 0, PERMISSION_LIST, 0, 0, 0, 0) \
	X(READ_LINK, 0, PERMISSION_LIST, 0, 0, 0, 0) \
	X(SET_SIZE, 0, 0, PERMISSION_OVERWRITE, 0, TRAIT_FILE, TREE_WRITE_FILE) \
	X(SET_OWNER, 0, 0, PERMISSION_CHOWN, 0, 0, TREE_READ) \
	X(SET_MODE, 0, 0, PERMISSION_CHMOD, 0, 0, TREE_READ) \
	X(SET_TIMES, 0, 0, PERMISSION_CHTIMES, 0, 0, TREE_READ) \
	X(SYMLINK, 0, PERMISSION_CREATE_SYMLINKS, 0, 0, TRAIT_FILE | TRAIT_NAME, \
		TREE_MAKE_LINK) \
	X(HARD_LINK, 0, PERMISSION_DOWNLOAD | PERMISSION_OVERWRITE, 0, \
		PERMISSION_CREATE_SYMLINKS, TRAIT_FILE | TRAIT_NAME, TREE_MAKE_FILE | TREE_MOVE) \
	X(RENAME, 0, 0, 0, PERMISSION_RENAME, TRAIT_NODE | TRAIT_NAME, RIGHTS_RENAME) \
	X(RENAME_STRICTLY, 0, PERMISSION_RENAME | PERMISSION_DELETE, 0, PERMISSION_RENAME, \
		TRAIT_NODE | TRAIT_NAME, RIGHTS_RENAME) \
	X(REPLACE_STRICTLY, 0, 0, 0, PERMISSION_OVERWRITE, 0, 0) \
	X(REMOVE, 0, PERMISSION_DELETE, 0, 0, TRAIT_FILE, TREE_REMOVE_FILE) \
	X(MAKE_DIRECTORY, 0, PERMISSION_CREATE_DIRS, 0, 0, 0, TREE_MAKE_DIRECTORY) \
	X(REMOVE_DIRECTORY, 0, PERMISSION_DELETE, 0, 0, TRAIT_NAME, TREE_REMOVE_DIRECTORY)

/* Whatever it is that gets another name, and what had that name before. */
#define RIGHTS_RENAME \
	(TREE_MAKE_FILE | TREE_MAKE_DIRECTORY | TREE_MAKE_LINK | TREE_REMOVE_FILE | \
		TREE_REMOVE_DIRECTORY | TREE_MOVE)

enum operation_trait {
	/* It is about a file, whose name (and new name) must pass the patterns of its directory. */
	TRAIT_FILE = 1,
	/* The same where it turns out to be about something else than a directory. */
	TRAIT_NODE = 2,
	/* The name itself comes, goes or moves: none in the way to a virtual folder. */
	TRAIT_NAME = 4,
};

#define VFS_OPERATION_NAME(name, ...) OPERATION_##name,
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
/*
 * The whole decision about a path: the operations are allowed, and none of them would make, move
 * or take away a name in the way to a folder.
 */
bool operations_permitted(const struct vfs_policy *policy, operations wanted, enum operand operand,
	enum node_type type, const struct vpath *path, struct grants grants);
/* What one operation needs on a path of this type, and on the directory that holds it. */
void operation_needs(enum operation operation, enum operand operand, enum node_type type,
	uint32_t *own_out, uint32_t *parent_out);
/* False when the operation has no such path, or is not about what has this type. */
bool operation_applies(enum operation operation, enum operand operand, enum node_type type);
/*
 * What the kernel must allow for those of the operations that can be granted at all where only
 * these permissions are given on any path.
 */
uint32_t operations_rights(operations wanted, uint32_t permissions);

#endif
