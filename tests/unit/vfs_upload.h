/*
 * vfs_upload.h - what the tests of uploads share: a tree in memory, its vfs, and what the file
 * system itself has, hidden names too.
 */
#ifndef TESTS_VFS_UPLOAD_H
#define TESTS_VFS_UPLOAD_H

#include "vfs_tree.h"

#include <dirent.h>

static struct tree tree;
static struct vfs *vfs;

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

/* As src/vfs/temporary.h describes them. */
#define STALE ".sftpgo-upload.z0123456789abcdefghi."

static inline void
set_mode(enum vfs_upload_mode mode)
{
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = mode });
}

static inline int
file_open(const char *text, unsigned flags, struct vfs_file **out)
{
	struct vpath path = path_of(text);

	return vfs_open(vfs, &path, flags, out);
}

static inline struct vfs_file *
must_open(const char *text, unsigned flags)
{
	struct vfs_file *file;

	assert_int_equal(file_open(text, flags, &file), 0);
	return file;
}

/* What the file system has under a name, or NULL. */
static inline const char *
on_disk(const char *name)
{
	static char text[256];
	int fd = openat(tree.root_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static inline void
assert_disk(const char *name, const char *content)
{
	const char *there = on_disk(name);

	if (content == NULL && there != NULL)
		fail_msg("%s is there: \"%s\"", name, there);
	if (content != NULL && (there == NULL || strcmp(there, content) != 0))
		fail_msg("%s is \"%s\", not \"%s\"", name, there ? there : "(missing)", content);
}

/* Every entry of the root, hidden ones too; the last hidden one's name when asked for. */
static inline unsigned
count_entries(char *hidden_out)
{
	DIR *directory = opendir(tree.root);
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		n++;
		if (hidden_out != NULL && strncmp(entry->d_name, ".sftpgo-upload.z", 16) == 0)
			strcpy(hidden_out, entry->d_name);
	}
	closedir(directory);
	return n;
}

/* What a client's listing shows. */
static inline unsigned
count_listed(void)
{
	struct vpath path = path_of("/");
	struct vfs_directory *directory;
	struct vfs_entry entry;
	unsigned n = 0;
	bool end = false;

	assert_int_equal(vfs_open_directory(vfs, &path, &directory), 0);
	while (vfs_read_directory(directory, &entry, &end) == 0 && !end)
		n++;
	vfs_close_directory(&directory);
	return n;
}

#define NEW_FLAGS (VFS_WRITE | VFS_CREATE)
#define OVER (VFS_WRITE | VFS_CREATE | VFS_TRUNCATE)
#define RESUME (VFS_WRITE | VFS_CREATE | VFS_APPEND)
#define IN_PLACE VFS_WRITE

static inline void
put_over(const char *name, const char *content)
{
	struct vfs_file *file = must_open(name, OVER);

	assert_int_equal(write_at(file, content, 0), 0);
	assert_int_equal(vfs_close(&file), 0);
}

static inline void
be(uint32_t permissions, enum vfs_upload_mode mode)
{
	vfs_free(&vfs);
	vfs = tree_vfs(&tree, permissions);
	set_mode(mode);
}

static inline int
setup(void **state)
{
	(void)state;
	umask(022);
	tree_make_in_memory(&tree);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
