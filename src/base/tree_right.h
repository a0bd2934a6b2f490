/*
 * tree_right.h - what a process may do to files beneath a directory, as the kernel can be told.
 *
 * vfs/ says which of them a policy needs, sandbox/ turns them into a ruleset.
 */
#ifndef BASE_TREE_RIGHT_H
#define BASE_TREE_RIGHT_H

enum tree_right {
	TREE_READ_FILE = 1 << 0,
	TREE_READ_DIRECTORY = 1 << 1,
	TREE_WRITE_FILE = 1 << 2, /* and shorten */
	TREE_MAKE_FILE = 1 << 3,
	TREE_MAKE_DIRECTORY = 1 << 4,
	TREE_MAKE_LINK = 1 << 5, /* a symbolic one */
	TREE_REMOVE_FILE = 1 << 6,
	TREE_REMOVE_DIRECTORY = 1 << 7,
	TREE_MOVE = 1 << 8, /* from one directory beneath it to another, or link so */
	TREE_READ = TREE_READ_FILE | TREE_READ_DIRECTORY,
	TREE_ALL = (1 << 9) - 1,
};

#endif
