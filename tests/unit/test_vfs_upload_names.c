/* The names of temporary files: which are reserved, what is swept, and what is not. */
#include "vfs_upload.h"

#include <sys/file.h>

/* The longest name leaves no room for all of it in the temporary one; UTF-8 is not torn. */
static void
test_long_names(void **state)
{
	char path[VPATH_NAME_MAX + 2] = "/", hidden[VPATH_NAME_MAX + 1] = "";

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	for (size_t n = 214; n <= VPATH_NAME_MAX; n++) {
		struct vfs_file *file;

		memset(path + 1, 'n', n);
		path[n + 1] = '\0';
		if (n > 240)
			memcpy(path + 216, "\xe2\x82\xac\xe2\x82\xac", 6);
		file = must_open(path, NEW_FLAGS);
		assert_int_equal(count_entries(hidden), 1);
		assert_int_equal(strncmp(hidden, ".sftpgo-upload.z", 16), 0);
		assert_int_equal(strspn(hidden + 15, "0123456789abcdefghijklmnopqrstuvz"), 20);
		assert_int_equal(hidden[35], '.');
		assert_int_equal(strncmp(hidden + 36, path + 1, strlen(hidden + 36)), 0);
		assert_int_equal(strlen(hidden + 36), n > 240 ? 218 : n > 219 ? 219 : n);
		assert_int_equal(write_at(file, "long", 0), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_content(vfs, path, "long");
		assert_int_equal(unlinkat(tree.root_fd, path + 1, 0), 0);
	}
}

/* ---- the reserved names */

static const char *const reserved[] = {
	"/" STALE "f", "/" STALE, "/.SFTPGO-upload.Z0123456789ABCDEFGHI.f",
	"/.sftpgo-upload.zzzzzzzzzzzzzzzzzzzz.x.y",
};

/* Names like them that belong to the client; the first is what an SFTPGo leaves behind. */
static const char *const free_names[] = {
	"/.sftpgo-upload.bp0r1uvh6e5g00cmh2kg.f", "/.sftpgo-upload.f",
	"/.sftpgo-upload.z0123456789abcdefgh.f", "/.sftpgo-upload.z0123456789abcdefghij.f",
	"/.sftpgo-upload.z0123456789abcdefgh-.f", "/x" STALE "f",
};

static void
test_reserved_names(void **state)
{
	const struct vfs_attributes mode = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0600 };
	struct vpath other = path_of("/other");
	struct vfs_attributes attributes;
	struct vfs_directory *directory;
	struct buf text = buf_init(4096);
	struct vfs_file *file;
	struct statvfs space;

	(void)state;
	put_file(tree.root_fd, "other", "other");
	for (size_t i = 0; i < COUNT(reserved); i++) {
		struct vpath path = path_of(reserved[i]);

		put_file(tree.root_fd, reserved[i] + 1, "hidden");
		assert_int_equal(vfs_open(vfs, &path, VFS_READ, &file), ENOENT);
		assert_int_equal(vfs_open(vfs, &path, OVER, &file), ENOENT);
		assert_int_equal(vfs_open(vfs, &path, IN_PLACE, &file), ENOENT);
		assert_int_equal(vfs_open_directory(vfs, &path, &directory), ENOENT);
		assert_int_equal(vfs_stat(vfs, &path, true, &attributes), ENOENT);
		assert_int_equal(vfs_stat(vfs, &path, false, &attributes), ENOENT);
		assert_int_equal(vfs_statvfs(vfs, &path, &space), ENOENT);
		assert_int_equal(vfs_set_attributes(vfs, &path, true, &mode), ENOENT);
		assert_int_equal(vfs_read_link(vfs, &path, &text), ENOENT);
		assert_int_equal(vfs_symlink(vfs, view_of("other"), &path), ENOENT);
		assert_int_equal(vfs_hard_link(vfs, &path, &other), ENOENT);
		assert_int_equal(vfs_hard_link(vfs, &other, &path), ENOENT);
		assert_int_equal(vfs_rename(vfs, &path, &other, true), ENOENT);
		assert_int_equal(vfs_rename(vfs, &other, &path, true), ENOENT);
		assert_int_equal(vfs_remove(vfs, &path, NULL), ENOENT);
		assert_int_equal(vfs_make_directory(vfs, &path), ENOENT);
		assert_int_equal(vfs_remove_directory(vfs, &path), ENOENT);
		/* Nor by a link, whoever made it. */
		assert_int_equal(symlinkat(reserved[i] + 1, tree.root_fd, "link"), 0);
		assert_int_equal(file_open("/link", VFS_READ, &file), ENOENT);
		assert_int_equal(file_open("/link", OVER, &file), ENOENT);
		assert_int_equal(unlinkat(tree.root_fd, "link", 0), 0);
		assert_disk(reserved[i] + 1, "hidden");
		assert_disk("other", "other");
		assert_int_equal(unlinkat(tree.root_fd, reserved[i] + 1, 0), 0);
	}
	for (size_t i = 0; i < COUNT(free_names); i++) {
		put_over(free_names[i], "mine");
		assert_content(vfs, free_names[i], "mine");
	}
	assert_int_equal(count_listed(), 1 + COUNT(free_names));
	assert_int_equal(count_entries(NULL), 1 + COUNT(free_names));
	buf_free(&text);
}

/* ---- what is swept */

/* A stale one is removed where it is met; one that is written is not, whoever looks. */
static void
test_sweep(void **state)
{
	struct vfs *other = tree_vfs(&tree, PERMISSION_ALL), *mine = vfs;
	char hidden[VPATH_NAME_MAX + 1] = "";
	struct vpath d = path_of("/d"), e = path_of("/d/e");
	unsigned descriptors = open_descriptors();
	struct vfs_file *file;
	int fd;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, STALE "f", "stale");
	put_file(tree.root_fd, STALE "unwritable", "stale");
	assert_int_equal(fchmodat(tree.root_fd, STALE "unwritable", 0400, 0), 0);
	put_file(tree.root_fd, ".sftpgo-upload.bp0r1uvh6e5g00cmh2kg.f", "an SFTPGo's");
	assert_int_equal(mkdirat(tree.root_fd, STALE "directory", 0755), 0);
	assert_int_equal(mkfifoat(tree.root_fd, STALE "fifo", 0644), 0);
	file = must_open("/f", NEW_FLAGS);
	assert_int_equal(write_at(file, "live", 0), 0);
	assert_int_equal(count_entries(NULL), 6);
	for (int i = 0; i < 2; i++) {
		vfs = i == 0 ? other : mine;
		assert_int_equal(count_listed(), 1);
		assert_int_equal(count_entries(NULL), 4);
	}
	assert_disk(".sftpgo-upload.bp0r1uvh6e5g00cmh2kg.f", "an SFTPGo's");
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "live");
	assert_int_equal(unlinkat(tree.root_fd, STALE "directory", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(tree.root_fd, STALE "fifo", 0), 0);

	/* A directory that a client sees empty can be removed, unless somebody uploads into it. */
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	put_file(tree.root_fd, "d/" STALE "1", "stale");
	file = must_open("/d/f", NEW_FLAGS);
	assert_int_equal(vfs_remove_directory(other, &d), ENOTEMPTY);
	vfs_file_fail(file, ECANCELED);
	assert_int_equal(vfs_close(&file), ECANCELED);
	put_file(tree.root_fd, "d/" STALE "2", "stale");
	assert_int_equal(vfs_make_directory(vfs, &e), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), ENOTEMPTY);
	assert_int_equal(vfs_remove_directory(vfs, &e), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), 0);

	/* Somebody else's lock is honoured as well. */
	file = must_open("/f", OVER);
	assert_int_equal(count_entries(hidden), 3);
	assert_int_equal(vfs_close(&file), 0);
	put_file(tree.root_fd, hidden, "locked");
	fd = openat(tree.root_fd, hidden, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(count_listed(), 2);
	assert_disk(hidden, "locked");
	close(fd);
	assert_int_equal(count_listed(), 2);
	assert_disk(hidden, NULL);
	assert_int_equal(open_descriptors(), descriptors);
	vfs_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_long_names),
		TEST(test_reserved_names),
		TEST(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
