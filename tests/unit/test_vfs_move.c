/* Files that move to another folder: what goes with them, what they need, and that none is lost. */
#include "vfs_folders.h"

static struct tree tree;

enum { STEP = 4 };

static int
test_setup(void **state)
{
	(void)state;
	tree_make(&tree);
	folders_make(&tree);
	put_file(tree.root_fd, "f", "0123456789");
	return 0;
}

static int
test_teardown(void **state)
{
	(void)state;
	tree_free(&tree);
	return 0;
}

static struct vfs *
vfs_with(const struct rule *rules, size_t count)
{
	struct vfs_policy policy = { .rename_copies = true };

	folders_policy(&tree, rules, count, &policy);
	return folders_vfs(&tree, &policy);
}

static struct vfs *
vfs_all(void)
{
	return vfs_with(&(struct rule){ "/", PERMISSION_ALL }, 1);
}

static int
begin(struct vfs *vfs, const char *from, const char *to, bool replace, struct vfs_move **out)
{
	struct vpath a = path_of(from), b = path_of(to);

	return vfs_rename_or_move(vfs, &a, &b, replace, out);
}

/* To the end, in small steps. */
static int
move_file(struct vfs *vfs, const char *from, const char *to, bool replace)
{
	struct vfs_move *move;
	bool done = false;
	int err = begin(vfs, from, to, replace, &move);

	while (err == 0 && move != NULL && !done)
		err = vfs_move_step(move, STEP, &done);
	vfs_move_free(&move);
	return err;
}

static bool
there(const char *name)
{
	struct stat st;

	return fstatat(tree.base_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
test_content_and_attributes_go_along(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000, .tv_nsec = 5 } };
	struct vfs *vfs = vfs_all();
	struct stat st;

	(void)state;
	assert_int_equal(fchmodat(tree.root_fd, "f", 0640, 0), 0);
	assert_int_equal(utimensat(tree.root_fd, "f", times, 0), 0);
	assert_int_equal(move_file(vfs, "/f", "/near/g", false), 0);
	assert_false(there("root/f"));
	assert_content(vfs, "/near/g", "0123456789");
	assert_int_equal(fstatat(tree.base_fd, "near/g", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	/* From one folder to another, onto what is there, and back. */
	put_file(tree.base_fd, "far/h", "old");
	assert_int_equal(move_file(vfs, "/near/g", "/deep/er/far/h", true), 0);
	assert_content(vfs, "/deep/er/far/h", "0123456789");
	assert_int_equal(move_file(vfs, "/deep/er/far/h", "/f", false), 0);
	assert_content(vfs, "/f", "0123456789");
	assert_false(there("near/g") || there("far/h"));
	vfs_free(&vfs);
}

static void
test_an_empty_file(void **state)
{
	struct vfs *vfs = vfs_all();

	(void)state;
	put_file(tree.root_fd, "empty", "");
	assert_int_equal(move_file(vfs, "/empty", "/near/empty", false), 0);
	assert_true(there("near/empty") && !there("root/empty"));
	vfs_free(&vfs);
}

static void
test_only_where_it_was_asked_for(void **state)
{
	struct vfs *refusing = folders_open(&tree, PERMISSION_ALL), *vfs = vfs_all();
	struct vfs_move *move;

	(void)state;
	assert_int_equal(begin(refusing, "/f", "/near/f", true, &move), EXDEV);
	assert_null(move);
	/* In one root it is a rename. */
	assert_int_equal(begin(vfs, "/f", "/g", true, &move), 0);
	assert_null(move);
	assert_true(there("root/g"));
	vfs_free(&refusing);
	vfs_free(&vfs);
}

static void
test_files_only(void **state)
{
	struct vfs *vfs = vfs_all();

	(void)state;
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	assert_int_equal(mkdirat(tree.base_fd, "near/d", 0755), 0);
	assert_int_equal(symlinkat("f", tree.root_fd, "l"), 0);
	assert_int_equal(symlinkat("x", tree.base_fd, "near/l"), 0);
	put_file(tree.base_fd, "near/f", "there");
	assert_int_equal(move_file(vfs, "/d", "/near/e", true), EXDEV);
	assert_int_equal(move_file(vfs, "/l", "/near/m", true), EXDEV);
	assert_int_equal(move_file(vfs, "/f", "/near/d", true), EXDEV);
	assert_int_equal(move_file(vfs, "/f", "/near/l", true), EXDEV);
	assert_int_equal(move_file(vfs, "/f", "/near/f", false), EEXIST);
	assert_int_equal(move_file(vfs, "/f", "/near", true), EACCES);
	assert_int_equal(move_file(vfs, "/none", "/near/n", true), ENOENT);
	assert_content(vfs, "/near/f", "there");
	assert_content(vfs, "/f", "0123456789");
	vfs_free(&vfs);
}

/* What the client would need to do it itself, and to rename. */
static void
test_permissions(void **state)
{
	const uint32_t from = PERMISSION_DOWNLOAD | PERMISSION_DELETE;
	const uint32_t to = PERMISSION_RENAME | PERMISSION_UPLOAD;
	const uint32_t onto = PERMISSION_RENAME | PERMISSION_OVERWRITE;

	(void)state;
	for (unsigned bit = 0; bit <= PERMISSION_COUNT; bit++) {
		uint32_t all = PERMISSION_ALL & ~(1U << bit);
		const struct rule source[] = { { "/", all }, { "/near", PERMISSION_ALL } };
		const struct rule target[] = { { "/", PERMISSION_ALL }, { "/near", all } };
		struct vfs *vfs;

		put_file(tree.root_fd, "f", "0123456789");
		(void)unlinkat(tree.base_fd, "near/new", 0);
		put_file(tree.base_fd, "near/old", "old");
		vfs = vfs_with(source, 2);
		assert_int_equal(move_file(vfs, "/f", "/near/new", true),
		    (from & (1U << bit)) != 0 ? EACCES : 0);
		assert_int_equal(there("root/f"), (from & (1U << bit)) != 0);
		vfs_free(&vfs);

		put_file(tree.root_fd, "f", "0123456789");
		(void)unlinkat(tree.base_fd, "near/new", 0);
		vfs = vfs_with(target, 2);
		assert_int_equal(move_file(vfs, "/f", "/near/new", true),
		    (to & (1U << bit)) != 0 ? EACCES : 0);
		put_file(tree.root_fd, "f", "0123456789");
		assert_int_equal(move_file(vfs, "/f", "/near/old", true),
		    (onto & (1U << bit)) != 0 ? EACCES : 0);
		vfs_free(&vfs);
	}
}

static void
test_a_move_that_is_cut(void **state)
{
	struct vfs *vfs = vfs_all();
	struct vfs_move *move;
	bool done;

	(void)state;
	for (int mode = VFS_UPLOAD_DIRECT; mode <= VFS_UPLOAD_ATOMIC; mode++) {
		vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = (enum vfs_upload_mode)mode });
		assert_int_equal(begin(vfs, "/f", "/near/g", true, &move), 0);
		assert_int_equal(vfs_move_step(move, STEP, &done), 0);
		assert_false(done);
		vfs_move_free(&move);
		assert_content(vfs, "/f", "0123456789");
		assert_false(there("near/g"));
	}
	/* With atomic uploads what was to be replaced is still there. */
	put_file(tree.base_fd, "near/g", "old");
	assert_int_equal(begin(vfs, "/f", "/near/g", true, &move), 0);
	assert_int_equal(vfs_move_step(move, STEP, &done), 0);
	vfs_move_free(&move);
	assert_content(vfs, "/near/g", "old");
	vfs_free(&vfs);
}

static void
test_a_source_that_changes(void **state)
{
	static const char *const changes[] = { "longer than it was", "short", NULL };
	struct vfs *vfs = vfs_all();
	struct vfs_move *move;
	bool done;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int err = 0;

		put_file(tree.root_fd, "f", "0123456789");
		put_file(tree.root_fd, "other", "9876543210");
		assert_int_equal(begin(vfs, "/f", "/near/g", true, &move), 0);
		assert_int_equal(vfs_move_step(move, STEP, &done), 0);
		if (changes[i] != NULL)
			put_file(tree.root_fd, "f", changes[i]);
		else
			assert_int_equal(renameat(tree.root_fd, "other", tree.root_fd, "f"), 0);
		while (err == 0 && !done)
			err = vfs_move_step(move, STEP, &done);
		vfs_move_free(&move);
		assert_int_equal(err, EBUSY);
		assert_content(vfs, "/f", changes[i] != NULL ? changes[i] : "9876543210");
		assert_false(there("near/g"));
	}
	vfs_free(&vfs);
}

static void
test_no_descriptor_is_left(void **state)
{
	struct vfs *vfs = vfs_all();
	unsigned before = open_descriptors();
	struct vfs_move *move;

	(void)state;
	assert_int_equal(begin(vfs, "/f", "/near/g", true, &move), 0);
	vfs_move_free(&move);
	assert_int_equal(move_file(vfs, "/none", "/near/g", true), ENOENT);
	assert_int_equal(move_file(vfs, "/f", "/near/none/g", true), ENOENT);
	assert_int_equal(move_file(vfs, "/f", "/near/g", true), 0);
	assert_int_equal(open_descriptors(), before);
	vfs_free(&vfs);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_content_and_attributes_go_along),
		TEST(test_an_empty_file),
		TEST(test_only_where_it_was_asked_for),
		TEST(test_files_only),
		TEST(test_permissions),
		TEST(test_a_move_that_is_cut),
		TEST(test_a_source_that_changes),
		TEST(test_no_descriptor_is_left),
	};
#undef TEST

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
