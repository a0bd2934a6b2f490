/*
 * vfs_outside.h - the outside of a test's root: a few nodes with content, names, sizes and times
 * that occur nowhere else, and the proof that nobody has read or changed any of them.
 *
 * The times of access are set far back, so that one look into a file or directory shows (but on a
 * file system mounted noatime).
 */
#ifndef TESTS_VFS_OUTSIDE_H
#define TESTS_VFS_OUTSIDE_H

#include "vfs_tree.h"

#include <dirent.h>

enum { SECRET_BYTES = 7919, SECRET_TIME = 1234567, OUTSIDE_NODES = 7 };

static const char *const outside_nodes[OUTSIDE_NODES] = { ".", "outside", "outside/secret",
	"outside/dir", "outside/dir/canary-entry", "outside/empty", "outside/link" };

struct outside {
	const struct tree *tree;
	struct stat before[OUTSIDE_NODES];
};

static inline void
outside_stat(const struct outside *outside, int i, struct stat *st)
{
	assert_int_equal(fstatat(outside->tree->base_fd, outside_nodes[i], st,
			     AT_SYMLINK_NOFOLLOW), 0);
}

static inline void
outside_make(struct outside *outside, const struct tree *tree)
{
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = SECRET_TIME } };
	char secret[SECRET_BYTES + 1];

	memset(secret, 'x', SECRET_BYTES);
	memcpy(secret, "CANARY", 6);
	secret[SECRET_BYTES] = '\0';
	outside->tree = tree;
	assert_int_equal(mkdirat(tree->base_fd, "outside/dir", 0755), 0);
	assert_int_equal(mkdirat(tree->base_fd, "outside/empty", 0755), 0);
	put_file(tree->base_fd, "outside/secret", secret);
	put_file(tree->base_fd, "outside/dir/canary-entry", secret);
	assert_int_equal(symlinkat("CANARY", tree->base_fd, "outside/link"), 0);
	for (int i = OUTSIDE_NODES - 1; i >= 0; i--)
		assert_int_equal(utimensat(tree->base_fd, outside_nodes[i], times,
				     AT_SYMLINK_NOFOLLOW), 0);
	for (int i = 0; i < OUTSIDE_NODES; i++)
		outside_stat(outside, i, &outside->before[i]);
}

static inline bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static inline void
outside_assert_untouched(const struct outside *outside, const char *what, const char *path)
{
	for (int i = 0; i < OUTSIDE_NODES; i++) {
		const struct stat *a = &outside->before[i];
		struct stat b;

		outside_stat(outside, i, &b);
		if (a->st_ino != b.st_ino || a->st_mode != b.st_mode ||
		    a->st_nlink != b.st_nlink || a->st_uid != b.st_uid || a->st_gid != b.st_gid ||
		    a->st_size != b.st_size || !same_time(&a->st_atim, &b.st_atim) ||
		    !same_time(&a->st_mtim, &b.st_mtim) || !same_time(&a->st_ctim, &b.st_ctim))
			fail_msg("%s %s touched %s", what, path, outside_nodes[i]);
	}
}

static inline void
assert_not_outside(const struct vfs_attributes *attributes, const char *what, const char *path)
{
	if (attributes->size == SECRET_BYTES || attributes->mtime == SECRET_TIME)
		fail_msg("%s %s shows the outside", what, path);
}

static inline void
assert_no_canary(const char *bytes, size_t n, const char *what, const char *path)
{
	if (memmem(bytes, n, "CANARY", 6) != NULL || memmem(bytes, n, "canary", 6) != NULL)
		fail_msg("%s %s shows the outside", what, path);
}

#endif
