/*
 * The life of an upload: every row of the table in src/vfs/upload.h, whole, failed and cut; who may
 * do what; and what happens to the target meanwhile.
 */
#include "vfs_upload.h"

/* ---- the table */

enum { WHOLE, BROKEN, CUT, OUTCOMES };

/*
 * One row of the table: `at` is where "NEW" is written. What is seen under the name while the
 * upload runs, after it was whole, and after it failed; and what lies beside it then.
 */
struct row {
	enum vfs_upload_mode mode;
	const char *before;
	unsigned flags;
	uint64_t at;
	const char *during, *whole, *failed, *part;
};

static const struct row rows[] = {
	{ VFS_UPLOAD_DIRECT, NULL, NEW_FLAGS, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, NULL, OVER, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, NULL, RESUME, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, "older", OVER, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, "older", RESUME, 5, "olderNEW", "olderNEW", "olderNEW", NULL },
	{ VFS_UPLOAD_DIRECT, "older", IN_PLACE, 1, "oNEWr", "oNEWr", "oNEWr", NULL },

	{ VFS_UPLOAD_ATOMIC, NULL, NEW_FLAGS, 0, NULL, "NEW", NULL, NULL },
	{ VFS_UPLOAD_ATOMIC, NULL, OVER, 0, NULL, "NEW", NULL, NULL },
	{ VFS_UPLOAD_ATOMIC, NULL, RESUME, 0, NULL, "NEW", NULL, NULL },
	{ VFS_UPLOAD_ATOMIC, "older", OVER, 0, "older", "NEW", "older", NULL },
	{ VFS_UPLOAD_ATOMIC, "older", RESUME, 5, "olderNEW", "olderNEW", "olderNEW", NULL },
	{ VFS_UPLOAD_ATOMIC, "older", IN_PLACE, 1, "oNEWr", "oNEWr", "oNEWr", NULL },

	{ VFS_UPLOAD_ATOMIC_RESUME, NULL, NEW_FLAGS, 0, NULL, "NEW", "NEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, NULL, OVER, 0, NULL, "NEW", "NEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, NULL, RESUME, 0, NULL, "NEW", "NEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, "older", OVER, 0, "older", "NEW", "older", "NEW" },
	{ VFS_UPLOAD_ATOMIC_RESUME, "older", RESUME, 5, "olderNEW", "olderNEW", "olderNEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, "older", IN_PLACE, 1, "oNEWr", "oNEWr", "oNEWr", NULL },
};

static void
run_row(const struct row *row, int outcome)
{
	unsigned descriptors = open_descriptors();
	struct vfs_file *file;
	int wanted = 0;

	tree_empty(&tree);
	vfs_free(&vfs);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	set_mode(row->mode);
	if (row->before != NULL)
		put_file(tree.root_fd, "f", row->before);
	file = must_open("/f", row->flags);
	assert_int_equal(vfs_file_is_new(file), row->before == NULL);
	assert_int_equal(vfs_file_size_before(file), row->before ? strlen(row->before) : 0);
	assert_int_equal(write_at(file, "NEW", row->at), 0);
	assert_int_equal(vfs_file_size(file), strlen(row->whole));
	assert_disk("f", row->during);
	assert_int_equal(count_listed(), row->during != NULL);
	if (outcome == BROKEN) {
		assert_int_equal(write_at(file, "x", INT64_MAX), EINVAL);
		wanted = EINVAL;
	} else if (outcome == CUT) {
		vfs_file_fail(file, ECANCELED);
		wanted = ECANCELED;
	}
	assert_int_equal(vfs_close(&file), wanted);
	assert_disk("f", outcome == WHOLE ? row->whole : row->failed);
	assert_disk("f.filepart", outcome == WHOLE ? NULL : row->part);
	assert_int_equal(count_entries(NULL), count_listed());
	assert_int_equal(open_descriptors(), descriptors);
}

static void
test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
			run_row(&rows[i], outcome);
	}
}

/* ---- permissions and names */

/* Who may not overwrite does not either when the name was free at the open. */
static void
test_only_upload(void **state)
{
	struct vfs_file *file;

	(void)state;
	for (int mode = VFS_UPLOAD_ATOMIC; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		be(PERMISSION_UPLOAD | PERMISSION_LIST, (enum vfs_upload_mode)mode);
		tree_empty(&tree);
		be(PERMISSION_UPLOAD | PERMISSION_LIST, (enum vfs_upload_mode)mode);
		put_over("/new", "NEW");
		assert_disk("new", "NEW");
		assert_int_equal(file_open("/new", OVER, &file), EACCES);
		assert_int_equal(file_open("/new", RESUME, &file), EACCES);
		file = must_open("/late", OVER);
		assert_int_equal(write_at(file, "mine", 0), 0);
		put_file(tree.root_fd, "late", "another's");
		assert_int_equal(vfs_close(&file), EEXIST);
		assert_disk("late", "another's");
		assert_disk("late.filepart", mode == VFS_UPLOAD_ATOMIC ? NULL : "mine");
		assert_int_equal(count_entries(NULL), count_listed());
	}
}

/* Who may only overwrite makes no second name, not even of a part. */
static void
test_only_overwrite(void **state)
{
	struct vfs_file *file;

	(void)state;
	be(PERMISSION_OVERWRITE | PERMISSION_LIST, VFS_UPLOAD_ATOMIC_RESUME);
	put_file(tree.root_fd, "f", "older");
	assert_int_equal(file_open("/new", OVER, &file), EACCES);
	put_over("/f", "NEW");
	assert_disk("f", "NEW");
	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "newer", 0), 0);
	vfs_file_fail(file, ECANCELED);
	assert_int_equal(vfs_close(&file), ECANCELED);
	assert_disk("f", "NEW");
	assert_int_equal(count_entries(NULL), 1);
	/* A file that has gone meanwhile is there again: the client was allowed to write it. */
	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "newer", 0), 0);
	assert_int_equal(unlinkat(tree.root_fd, "f", 0), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "newer");
}

static void
test_exclusive(void **state)
{
	struct vfs_file *first, *second;

	(void)state;
	for (int mode = VFS_UPLOAD_ATOMIC; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		set_mode((enum vfs_upload_mode)mode);
		put_file(tree.root_fd, "there", "older");
		assert_int_equal(file_open("/there", OVER | VFS_EXCLUSIVE, &first), EEXIST);
		assert_disk("there", "older");
		first = must_open("/f", NEW_FLAGS | VFS_EXCLUSIVE);
		second = must_open("/f", NEW_FLAGS | VFS_EXCLUSIVE);
		assert_int_equal(write_at(first, "1", 0), 0);
		assert_int_equal(write_at(second, "2", 0), 0);
		assert_int_equal(vfs_close(&second), 0);
		assert_int_equal(vfs_close(&first), EEXIST);
		assert_disk("f", "2");
		assert_disk("f.filepart", mode == VFS_UPLOAD_ATOMIC ? NULL : "1");
		assert_int_equal(unlinkat(tree.root_fd, "f", 0), 0);
	}
}

/* Parts gather up to nine; none takes the place of another, and none is empty. */
static void
test_parts(void **state)
{
	struct vpath from = path_of("/f.filepart"), to = path_of("/f");
	char name[32], text[32];
	struct vfs_file *file;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC_RESUME);
	put_file(tree.root_fd, "f", "older");
	put_file(tree.root_fd, "f.3.filepart", "not ours");
	for (int i = 0; i <= 9; i++) {
		file = must_open("/f", OVER);
		if (i > 0) {
			snprintf(text, sizeof(text), "part %d", i);
			assert_int_equal(write_at(file, text, 0), 0);
		}
		vfs_file_fail(file, ECANCELED);
		assert_int_equal(vfs_close(&file), ECANCELED);
	}
	assert_disk("f", "older");
	assert_disk("f.filepart", "part 1");
	assert_disk("f.2.filepart", "part 2");
	assert_disk("f.3.filepart", "not ours");
	for (int i = 4; i <= 9; i++) {
		snprintf(name, sizeof(name), "f.%d.filepart", i);
		snprintf(text, sizeof(text), "part %d", i - 1);
		assert_disk(name, text);
	}
	assert_int_equal(count_entries(NULL), 10);
	/* A part is an ordinary file: it is resumed, and then renamed. */
	file = must_open("/f.filepart", RESUME);
	assert_int_equal(write_at(file, " and all", 6), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_int_equal(vfs_rename(vfs, &from, &to, true), 0);
	assert_disk("f", "part 1 and all");
}

static void
test_last_complete_one_wins(void **state)
{
	struct vfs_file *first, *second, *third;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, "f", "older");
	first = must_open("/f", OVER);
	second = must_open("/f", OVER);
	third = must_open("/f", OVER);
	assert_int_equal(write_at(first, "1111", 0), 0);
	assert_int_equal(write_at(second, "22", 0), 0);
	assert_int_equal(write_at(third, "333333", 0), 0);
	assert_int_equal(write_at(first, "1", 4), 0);
	assert_int_equal(vfs_close(&second), 0);
	assert_disk("f", "22");
	assert_int_equal(vfs_close(&first), 0);
	assert_disk("f", "11111");
	vfs_file_fail(third, ECANCELED);
	assert_int_equal(vfs_close(&third), ECANCELED);
	assert_disk("f", "11111");
	assert_int_equal(count_entries(NULL), 1);
}

/* The target's own fate meanwhile. */
static void
test_target_changes(void **state)
{
	struct vpath f = path_of("/f"), g = path_of("/g"), d = path_of("/d"), e = path_of("/e");
	struct vfs_file *file;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, "f", "older");
	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "NEW", 0), 0);
	assert_int_equal(vfs_rename(vfs, &f, &g, true), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "NEW");
	assert_disk("g", "older");
	file = must_open("/f", OVER);
	assert_int_equal(vfs_remove(vfs, &f, NULL), 0);
	assert_int_equal(vfs_make_directory(vfs, &f), 0);
	assert_int_equal(vfs_close(&file), EISDIR);
	assert_int_equal(vfs_remove_directory(vfs, &f), 0);
	/* The directory may move; it cannot be removed. */
	assert_int_equal(vfs_make_directory(vfs, &d), 0);
	file = must_open("/d/f", NEW_FLAGS);
	assert_int_equal(write_at(file, "moved", 0), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), ENOTEMPTY);
	assert_int_equal(vfs_rename(vfs, &d, &e, true), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("e/f", "moved");
}

static void
test_through_links(void **state)
{
	struct stat st;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	put_file(tree.root_fd, "d/f", "older");
	assert_int_equal(symlinkat("d/f", tree.root_fd, "link"), 0);
	assert_int_equal(symlinkat("d/none", tree.root_fd, "dangling"), 0);
	put_over("/link", "NEW");
	put_over("/dangling", "none any more");
	assert_disk("d/f", "NEW");
	assert_disk("d/none", "none any more");
	assert_int_equal(fstatat(tree.root_fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(count_entries(NULL), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_row),
		TEST(test_only_upload),
		TEST(test_only_overwrite),
		TEST(test_exclusive),
		TEST(test_parts),
		TEST(test_last_complete_one_wins),
		TEST(test_target_changes),
		TEST(test_through_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
