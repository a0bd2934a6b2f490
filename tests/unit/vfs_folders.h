/*
 * vfs_folders.h - a tree with two virtual folders: the directories "near" and "far" beside the
 * root, seen at "/near" and at "/deep/er/far", and short forms of calls that tests of them share.
 */
#ifndef TESTS_VFS_FOLDERS_H
#define TESTS_VFS_FOLDERS_H

#include "vfs_tree.h"

struct rule {
	const char *directory;
	uint32_t permissions;
};

static const char near_path[] = "/near", far_path[] = "/deep/er/far";

static inline void
folders_make(const struct tree *tree)
{
	assert_int_equal(mkdirat(tree->base_fd, "near", 0755), 0);
	assert_int_equal(mkdirat(tree->base_fd, "far", 0755), 0);
}

static inline void
folder_add(const struct tree *tree, struct vfs_policy *policy, const char *path, const char *name)
{
	char host[160];

	snprintf(host, sizeof(host), "%s/%s", tree->base, name);
	assert_int_equal(vfs_policy_add_folder(policy, view_of(path), view_of(host)), 0);
}

static inline int
folder_fd(const struct tree *tree, const char *name)
{
	int fd = openat(tree->base_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Both folders, and the rules. */
static inline void
folders_policy(const struct tree *tree, const struct rule *rules, size_t count,
	struct vfs_policy *policy)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(vfs_policy_add(policy, view_of(rules[i].directory),
				     rules[i].permissions), 0);
	folder_add(tree, policy, near_path, "near");
	folder_add(tree, policy, far_path, "far");
}

/* Takes what the policy holds. */
static inline struct vfs *
folders_vfs(const struct tree *tree, struct vfs_policy *policy)
{
	int fds[2] = { folder_fd(tree, "near"), folder_fd(tree, "far") };
	struct vfs *vfs;

	assert_int_equal(vfs_new_with_folders(&vfs, folder_fd(tree, "root"), tree->root, policy,
			     fds), 0);
	vfs_policy_free(policy);
	return vfs;
}

static inline struct vfs *
folders_open(const struct tree *tree, uint32_t permissions)
{
	const struct rule rule = { "/", permissions };
	struct vfs_policy policy = { 0 };

	folders_policy(tree, &rule, 1, &policy);
	return folders_vfs(tree, &policy);
}

static inline int
put_through(struct vfs *vfs, const char *text, const char *content)
{
	struct vpath path = path_of(text);
	struct vfs_file *file;
	int err = vfs_open(vfs, &path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, &file);

	if (err == 0) {
		assert_int_equal(write_at(file, content, 0), 0);
		assert_int_equal(vfs_close(&file), 0);
	}
	return err;
}

static inline int
rename_through(struct vfs *vfs, const char *from, const char *to)
{
	struct vpath a = path_of(from), b = path_of(to);

	return vfs_rename(vfs, &a, &b, true);
}

static inline int
symlink_through(struct vfs *vfs, const char *target, const char *link)
{
	struct vpath path = path_of(link);

	return vfs_symlink(vfs, view_of(target), &path);
}

/* The names of a directory, each ended by a space, in the order that they come. */
static inline int
names_through(struct vfs *vfs, const char *text, char *out, size_t size)
{
	struct vpath path = path_of(text);
	struct vfs_directory *directory;
	struct vfs_entry entry;
	bool end = false;
	int err = vfs_open_directory(vfs, &path, &directory);

	out[0] = '\0';
	while (err == 0 && (err = vfs_read_directory(directory, &entry, &end)) == 0 && !end) {
		size_t n = strlen(out);

		assert_true(n + strlen(entry.name) + 1 < size);
		sprintf(out + n, "%s ", entry.name);
	}
	vfs_close_directory(&directory);
	return err;
}

#endif
