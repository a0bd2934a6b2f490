/*
 * vfs_folders_group.h - one tree with virtual folders, in memory, for all tests of a group that
 * make thousands of directories in it.
 */
#ifndef TESTS_VFS_FOLDERS_GROUP_H
#define TESTS_VFS_FOLDERS_GROUP_H

#include "vfs_folders.h"

static struct tree tree;

static int
group_setup(void **state)
{
	(void)state;
	umask(022);
	tree_make_in_memory(&tree);
	folders_make(&tree);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	tree_free(&tree);
	return 0;
}

#endif
