/* File patterns: which names pass, which directory decides, and that every operation asks. */
#include "vfs_folders.h"

static struct tree tree;
static struct vfs *vfs;

static void
filter_add(struct vfs_policy *policy, const char *directory, const char *denied,
	const char *allowed)
{
	assert_int_equal(vfs_policy_add_filter(policy, view_of(directory)), 0);
	if (denied != NULL)
		assert_int_equal(vfs_policy_add_suffix(policy, view_of(denied), true), 0);
	if (allowed != NULL)
		assert_int_equal(vfs_policy_add_suffix(policy, view_of(allowed), false), 0);
}

static int
test_setup(void **state)
{
	const struct rule all = { "/", PERMISSION_ALL };
	struct vfs_policy policy = { 0 };

	(void)state;
	tree_make(&tree);
	folders_make(&tree);
	folders_policy(&tree, &all, 1, &policy);
	filter_add(&policy, "/", ".exe", NULL);
	filter_add(&policy, "/pictures", ".gif", ".jpg");
	filter_add(&policy, "/near/in", ".no", NULL);
	filter_add(&policy, "/free", NULL, NULL);
	vfs = folders_vfs(&tree, &policy);
	assert_int_equal(mkdirat(tree.root_fd, "pictures", 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "pictures/deep", 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "free", 0755), 0);
	assert_int_equal(mkdirat(tree.base_fd, "near/in", 0755), 0);
	return 0;
}

static int
test_teardown(void **state)
{
	(void)state;
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

static void
test_which_names_pass(void **state)
{
	static const struct {
		const char *path;
		bool passes;
	} cases[] = {
		{ "/a.txt", true },
		{ "/a.exe", false },
		{ "/a.EXE", false },
		{ "/.exe", false },
		{ "/exe", true },
		{ "/a.exe.txt", true },
		{ "/pictures/a.exe", false },
		{ "/pictures/a.jpg", true },
		{ "/pictures/a.JpG", true },
		{ "/pictures/a.gif", false },
		{ "/pictures/jpg", false },
		{ "/pictures/deep/a.jpg", true },
		{ "/pictures/deep/a.txt", false },
		{ "/free/a.exe", true },
		{ "/near/a.exe", false },
		{ "/near/in/a.exe", true },
		{ "/near/in/a.no", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = put_through(vfs, cases[i].path, "x");

		if (err != (cases[i].passes ? 0 : EACCES))
			fail_msg("%s: %s", cases[i].path, strerror(err));
	}
}

static void
test_every_operation_asks(void **state)
{
	const struct vfs_attributes size = { .valid = VFS_ATTRIBUTE_SIZE };
	const struct vfs_attributes mode = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0600 };
	struct vpath bad = path_of("/bad.exe"), good = path_of("/good"), other = path_of("/o.exe");
	struct vfs_attributes attributes;
	char text[16], names[64];

	(void)state;
	put_file(tree.root_fd, "bad.exe", "data");
	put_file(tree.root_fd, "good", "data");
	assert_int_equal(symlinkat("bad.exe", tree.root_fd, "link"), 0);
	assert_int_equal(get_file(vfs, "/bad.exe", text, sizeof(text)), EACCES);
	assert_int_equal(get_file(vfs, "/link", text, sizeof(text)), EACCES);
	assert_int_equal(put_through(vfs, "/bad.exe", ""), EACCES);
	assert_int_equal(put_through(vfs, "/link", ""), EACCES);
	assert_int_equal(vfs_set_attributes(vfs, &bad, true, &size), EACCES);
	assert_int_equal(rename_through(vfs, "/bad.exe", "/new"), EACCES);
	assert_int_equal(rename_through(vfs, "/good", "/new.exe"), EACCES);
	assert_int_equal(rename_through(vfs, "/link", "/new.exe"), EACCES);
	assert_int_equal(vfs_hard_link(vfs, &bad, &other), EACCES);
	assert_int_equal(vfs_hard_link(vfs, &good, &other), EACCES);
	assert_int_equal(symlink_through(vfs, "good", "/new.exe"), EACCES);
	assert_int_equal(vfs_remove(vfs, &bad, NULL), EACCES);
	/* It is not hidden, and its attributes are its directory's business. */
	assert_int_equal(vfs_stat(vfs, &bad, true, &attributes), 0);
	assert_int_equal(attributes.size, 4);
	assert_int_equal(vfs_set_attributes(vfs, &bad, true, &mode), 0);
	assert_int_equal(names_through(vfs, "/", names, sizeof(names)), 0);
	assert_non_null(strstr(names, "bad.exe "));
}

static void
test_directories_have_any_name(void **state)
{
	struct vpath path = path_of("/d.exe"), moved = path_of("/e.exe");

	(void)state;
	assert_int_equal(vfs_make_directory(vfs, &path), 0);
	assert_int_equal(put_through(vfs, "/d.exe/f", "data"), 0);
	assert_int_equal(rename_through(vfs, "/d.exe", "/e.exe"), 0);
	assert_int_equal(rename_through(vfs, "/e.exe", "/plain"), 0);
	assert_int_equal(rename_through(vfs, "/plain", "/e.exe"), 0);
	/* None takes the place of a file. */
	put_file(tree.root_fd, "f.exe", "data");
	assert_int_equal(rename_through(vfs, "/e.exe", "/f.exe"), EACCES);
	assert_int_equal(unlinkat(tree.root_fd, "e.exe/f", 0), 0);
	assert_int_equal(vfs_remove_directory(vfs, &moved), 0);
}

static void
test_limits(void **state)
{
	struct vfs_policy policy = { 0 };
	char suffix[VPATH_NAME_MAX + 1];
	struct view longest = { (const uint8_t *)suffix, VPATH_NAME_MAX };
	struct view longer = { (const uint8_t *)suffix, VPATH_NAME_MAX + 1 };
	char name[32];

	(void)state;
	memset(suffix, 's', sizeof(suffix));
	assert_int_equal(vfs_policy_add_filter(&policy, view_of("/a")), 0);
	assert_int_equal(vfs_policy_add_filter(&policy, view_of("/a/")), ERR_EXISTS);
	assert_int_equal(vfs_policy_add_suffix(&policy, longest, true), 0);
	assert_int_equal(vfs_policy_add_suffix(&policy, longer, true), ERR_LIMIT);
	assert_int_equal(vfs_policy_add_suffix(&policy, view_of("a/b"), true), ERR_FORMAT);
	for (int i = 1; i < VFS_SUFFIXES_MAX; i++)
		assert_int_equal(vfs_policy_add_suffix(&policy, view_of("s"), i % 2), 0);
	assert_int_equal(vfs_policy_add_suffix(&policy, view_of("s"), true), ERR_LIMIT);
	for (int i = 1; i < VFS_FILTERS_MAX; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		assert_int_equal(vfs_policy_add_filter(&policy, view_of(name)), 0);
	}
	assert_int_equal(vfs_policy_add_filter(&policy, view_of("/more")), ERR_LIMIT);
	vfs_policy_free(&policy);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_which_names_pass),
		TEST(test_every_operation_asks),
		TEST(test_directories_have_any_name),
		cmocka_unit_test(test_limits),
	};
#undef TEST

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
