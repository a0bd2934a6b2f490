/*
 * vfs_tree.h - what the tests of src/vfs share: a temporary directory that holds a root and,
 * beside it, an outside that nothing may ever touch, and short forms of common calls.
 */
#ifndef TESTS_VFS_TREE_H
#define TESTS_VFS_TREE_H

#include "vfs/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct tree {
	char base[64];
	char root[96];
	char outside[96];
	int base_fd, root_fd;
};

static inline int
tree_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	return kind == FTW_DP || kind == FTW_DNR ? rmdir(path) : unlink(path);
}

static inline void
tree_remove(const char *path)
{
	(void)nftw(path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
tree_make_in(struct tree *tree, const char *where)
{
	snprintf(tree->base, sizeof(tree->base), "%s/postern-vfs-XXXXXX", where);
	assert_non_null(mkdtemp(tree->base));
	snprintf(tree->root, sizeof(tree->root), "%s/root", tree->base);
	snprintf(tree->outside, sizeof(tree->outside), "%s/outside", tree->base);
	assert_int_equal(mkdir(tree->root, 0755), 0);
	assert_int_equal(mkdir(tree->outside, 0755), 0);
	tree->base_fd = open(tree->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree->root_fd = open(tree->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->base_fd >= 0 && tree->root_fd >= 0);
}

static inline void
tree_make(struct tree *tree)
{
	tree_make_in(tree, "/tmp");
}

/* For tests that make and remove thousands of trees. */
static inline void
tree_make_in_memory(struct tree *tree)
{
	tree_make_in(tree, access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
}

static inline void
tree_free(struct tree *tree)
{
	close(tree->root_fd);
	close(tree->base_fd);
	tree_remove(tree->base);
}

/* Makes the root empty again; it stays the same directory. */
static inline void
tree_empty(struct tree *tree)
{
	tree_remove(tree->root);
	close(tree->root_fd);
	assert_int_equal(mkdir(tree->root, 0755), 0);
	tree->root_fd = open(tree->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->root_fd >= 0);
}

/* A vfs over the root with one permission set for all of it. */
static inline struct vfs *
tree_vfs(const struct tree *tree, uint32_t permissions)
{
	struct vfs_policy policy = { 0 };
	struct vfs *vfs = NULL;
	int fd = open(tree->root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(vfs_policy_add(&policy, view_of("/"), permissions), 0);
	assert_int_equal(vfs_new(&vfs, fd, tree->root, &policy), 0);
	vfs_policy_free(&policy);
	return vfs;
}

static inline void
put_file(int directory_fd, const char *name, const char *content)
{
	int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(content);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, n), (ssize_t)n);
	close(fd);
}

static inline struct vpath
path_of(const char *text)
{
	struct vpath path;

	assert_int_equal(vpath_parse(&path, view_of(text)), 0);
	return path;
}

/* The whole of a file, through the vfs, as a string. */
static inline int
get_file(struct vfs *vfs, const char *text, char *out, size_t size)
{
	struct vpath path = path_of(text);
	struct iovec piece = { out, size - 1 };
	struct vfs_file *file;
	size_t n = 0;
	int err = vfs_open(vfs, &path, VFS_READ, &file);

	out[0] = '\0';
	if (err != 0)
		return err;
	err = vfs_read(file, &piece, 1, 0, &n);
	out[n] = '\0';
	assert_int_equal(vfs_close(&file), 0);
	return err;
}

static inline void
assert_content(struct vfs *vfs, const char *path, const char *content)
{
	char text[256];

	assert_int_equal(get_file(vfs, path, text, sizeof(text)), 0);
	assert_string_equal(text, content);
}

static inline int
write_at(struct vfs_file *file, const char *text, uint64_t offset)
{
	struct iovec piece = { (void *)(uintptr_t)text, strlen(text) };
	size_t n;
	int err = vfs_write(file, &piece, 1, offset, &n);

	if (err == 0)
		assert_int_equal(n, piece.iov_len);
	return err;
}

static inline unsigned
open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

#endif
