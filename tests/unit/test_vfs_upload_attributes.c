/* Times, modes, groups and sizes that are set before, during and by an upload. */
#include "vfs_upload.h"

/* ---- times, modes, groups */

static void
assert_times(const char *name, int64_t atime, int64_t mtime)
{
	struct stat st;

	assert_int_equal(fstatat(tree.root_fd, name, &st, 0), 0);
	assert_int_equal(st.st_atim.tv_sec, atime);
	assert_int_equal(st.st_mtim.tv_sec, mtime);
	assert_int_equal(st.st_mtim.tv_nsec, 7);
}

/* By handle or by path, on a new file or an old one, with writes after it: at the end they hold. */
static void
test_times_hold(void **state)
{
	const struct vfs_attributes times = { .valid = VFS_ATTRIBUTE_TIMES, .atime = 1000,
		.mtime = 2000, .mtime_nsec = 7 };
	struct vpath path = path_of("/f"), link = path_of("/link");

	(void)state;
	for (int i = 0; i < 3 * 2 * 3; i++) {
		struct vfs_file *file;
		int how = i % 3;

		tree_empty(&tree);
		be(PERMISSION_ALL, (enum vfs_upload_mode)(i / 6));
		assert_int_equal(symlinkat("f", tree.root_fd, "link"), 0);
		if (i / 3 % 2 == 0)
			put_file(tree.root_fd, "f", "older");
		file = must_open("/f", OVER);
		assert_int_equal(write_at(file, "N", 0), 0);
		if (how == 0)
			assert_int_equal(vfs_file_set_attributes(file, &times), 0);
		else
			assert_int_equal(
			    vfs_set_attributes(vfs, how == 1 ? &path : &link, true, &times), 0);
		assert_int_equal(write_at(file, "EW", 1), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_times("f", 1000, 2000);
		assert_disk("f", "NEW");
	}
}

/* What is set by path belongs to the upload, once; after it, to the file; never to another's. */
static void
test_set_by_path(void **state)
{
	struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_MODE | VFS_ATTRIBUTE_SIZE,
		.mode = 0600, .size = 2 };
	struct vpath path = path_of("/f"), copy = path_of("/d/f");
	struct vfs *mine = vfs, *other;
	struct vfs_attributes got;
	struct vfs_file *file;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	other = tree_vfs(&tree, PERMISSION_ALL);
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	file = must_open("/f", NEW_FLAGS);
	assert_int_equal(write_at(file, "NEW", 0), 0);
	assert_int_equal(vfs_set_attributes(other, &path, true, &set), ENOENT);
	assert_int_equal(vfs_set_attributes(mine, &copy, true, &set), ENOENT);
	assert_int_equal(vfs_stat(mine, &path, true, &got), ENOENT);
	assert_int_equal(vfs_set_attributes(mine, &path, true, &set), 0);
	assert_int_equal(vfs_file_stat(file, &got), 0);
	assert_int_equal(got.size, 2);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "NE");
	assert_int_equal(vfs_stat(mine, &path, true, &got), 0);
	assert_int_equal(got.mode & 07777, 0600);

	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "NEWER", 0), 0);
	set.size = 1;
	assert_int_equal(vfs_set_attributes(other, &path, true, &set), 0);
	assert_disk("f", "N");
	set.size = 4;
	set.mode = 0640;
	assert_int_equal(vfs_set_attributes(mine, &path, true, &set), 0);
	assert_disk("f", "N");
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "NEWE");
	assert_int_equal(vfs_stat(mine, &path, true, &got), 0);
	assert_int_equal(got.mode & 07777, 0640);
	set.size = 1;
	assert_int_equal(vfs_set_attributes(mine, &path, true, &set), 0);
	assert_disk("f", "N");
	vfs_free(&other);

	/* Without the permission, not during an upload either. */
	be(PERMISSION_UPLOAD | PERMISSION_OVERWRITE, VFS_UPLOAD_ATOMIC);
	file = must_open("/f", OVER);
	set.valid = VFS_ATTRIBUTE_MODE;
	assert_int_equal(vfs_set_attributes(vfs, &path, true, &set), EACCES);
	assert_int_equal(vfs_close(&file), 0);
}

/* A file that is replaced looks as before; a new one as the umask says. */
static void
test_modes_and_groups(void **state)
{
	static const mode_t modes[] = { 0600, 0640, 0666, 0755, 0200 };
	struct stat st;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	for (size_t i = 0; i < COUNT(modes); i++) {
		put_file(tree.root_fd, "f", "older");
		assert_int_equal(fchmodat(tree.root_fd, "f", modes[i], 0), 0);
		if (geteuid() == 0)
			assert_int_equal(fchownat(tree.root_fd, "f", 0, 12345, 0), 0);
		put_over("/f", "NEW");
		assert_int_equal(fstatat(tree.root_fd, "f", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(st.st_gid, geteuid() == 0 ? 12345 : getegid());
	}
	umask(027);
	put_over("/new", "NEW");
	umask(022);
	assert_int_equal(fstatat(tree.root_fd, "new", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* The group of a directory with the bit for it. */
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	assert_int_equal(fchownat(tree.root_fd, "d", 0, 23456, 0), 0);
	assert_int_equal(fchmodat(tree.root_fd, "d", 02755, 0), 0);
	for (int mode = VFS_UPLOAD_DIRECT; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		set_mode((enum vfs_upload_mode)mode);
		put_over("/d/f", "NEW");
		assert_int_equal(fstatat(tree.root_fd, "d/f", &st, 0), 0);
		assert_int_equal(st.st_gid, 23456);
		assert_int_equal(unlinkat(tree.root_fd, "d/f", 0), 0);
	}
}

/* A file that may not be written is not replaced either. */
static void
test_unwritable_target(void **state)
{
	struct vfs_file *file;

	(void)state;
	if (geteuid() == 0)
		skip();
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, "f", "older");
	assert_int_equal(fchmodat(tree.root_fd, "f", 0444, 0), 0);
	assert_int_equal(file_open("/f", OVER, &file), EACCES);
	assert_int_equal(count_entries(NULL), 1);
}

/* ---- the largest upload */

static void
test_largest_upload(void **state)
{
	struct vfs_attributes size = { .valid = VFS_ATTRIBUTE_SIZE, .size = 11 };
	struct vpath path = path_of("/large");
	struct vfs_file *file, *from;
	uint64_t copied;

	(void)state;
	put_file(tree.root_fd, "large", "more than 10 bytes");
	put_file(tree.root_fd, "part", "12345");
	for (int mode = VFS_UPLOAD_DIRECT; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		vfs_set_uploads(vfs,
		    &(struct vfs_uploads){ .mode = (enum vfs_upload_mode)mode, .size_max = 10 });
		/* n, in pieces; then n + 1, which spoils it */
		file = must_open("/f", OVER);
		assert_int_equal(write_at(file, "01234", 0), 0);
		assert_int_equal(write_at(file, "56789", 5), 0);
		assert_int_equal(write_at(file, "x", 9), 0);
		size.size = 11;
		assert_int_equal(vfs_file_set_attributes(file, &size), EFBIG);
		assert_int_equal(vfs_set_attributes(vfs, &(struct vpath){ 2, "/f" }, true, &size),
		    EFBIG);
		size.size = 10;
		assert_int_equal(vfs_file_set_attributes(file, &size), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_disk("f", "012345678x");
		file = must_open("/f", OVER);
		assert_int_equal(write_at(file, "yes", 0), 0);
		assert_int_equal(write_at(file, "no", 9), EFBIG);
		assert_int_equal(vfs_close(&file), EFBIG);
		assert_disk("f", mode == VFS_UPLOAD_DIRECT ? "yes" : "012345678x");
		/* a resume, and a copy */
		file = must_open("/part", RESUME);
		assert_int_equal(write_at(file, "67890", 5), 0);
		assert_int_equal(write_at(file, "1", 10), EFBIG);
		assert_int_equal(vfs_close(&file), EFBIG);
		assert_disk("part", "1234567890");
		put_file(tree.root_fd, "part", "12345");
		from = must_open("/large", VFS_READ);
		file = must_open("/copy", OVER);
		assert_int_equal(vfs_file_copy(from, 0, 10, file, 0, &copied), 0);
		assert_int_equal(vfs_file_copy(from, 0, 0, file, 0, &copied), EFBIG);
		assert_int_equal(copied, 0);
		assert_int_equal(vfs_close(&file), EFBIG);
		assert_int_equal(vfs_close(&from), 0);
		/* What is larger already may be changed, and made smaller, not larger. */
		file = must_open("/large", IN_PLACE);
		assert_int_equal(write_at(file, "M", 0), 0);
		size.size = 19;
		assert_int_equal(vfs_file_set_attributes(file, &size), EFBIG);
		assert_int_equal(vfs_close(&file), 0);
		assert_int_equal(vfs_set_attributes(vfs, &path, true, &size), EFBIG);
		size.size = 18;
		assert_int_equal(vfs_set_attributes(vfs, &path, true, &size), 0);
		assert_disk("large", "More than 10 bytes");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_times_hold),
		TEST(test_set_by_path),
		TEST(test_modes_and_groups),
		TEST(test_unwritable_target),
		TEST(test_largest_upload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
