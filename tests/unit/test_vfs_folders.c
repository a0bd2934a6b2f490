/* Virtual folders: where they are, what is around them, and what does not lead out of them. */
#include "vfs_folders.h"

#include "base/tree_right.h"

static struct tree tree;
static struct vfs *vfs;

static int
test_setup(void **state)
{
	(void)state;
	tree_make(&tree);
	folders_make(&tree);
	vfs = folders_open(&tree, PERMISSION_ALL);
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
link_at(const char *target, const char *name)
{
	assert_int_equal(symlinkat(target, tree.base_fd, name), 0);
}

static void
assert_names(const char *path, const char *names)
{
	char text[512];

	assert_int_equal(names_through(vfs, path, text, sizeof(text)), 0);
	assert_string_equal(text, names);
}

static void
assert_on_disk(const char *name, bool there)
{
	struct stat st;

	assert_int_equal(fstatat(tree.base_fd, name, &st, AT_SYMLINK_NOFOLLOW), there ? 0 : -1);
}

static uint32_t
mode_of(const char *text)
{
	struct vpath path = path_of(text);
	struct vfs_attributes attributes = { 0 };

	assert_int_equal(vfs_stat(vfs, &path, false, &attributes), 0);
	return attributes.mode;
}

static int
make_directory(const char *text)
{
	struct vpath path = path_of(text);

	return vfs_make_directory(vfs, &path);
}

static int
remove_directory(const char *text)
{
	struct vpath path = path_of(text);

	return vfs_remove_directory(vfs, &path);
}

static int
remove_file(const char *text)
{
	struct vpath path = path_of(text);

	return vfs_remove(vfs, &path, NULL);
}

static int
hard_link(const char *from, const char *to)
{
	struct vpath a = path_of(from), b = path_of(to);

	return vfs_hard_link(vfs, &a, &b);
}

static int
set_mode(const char *text, uint32_t mode)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_MODE, .mode = mode };
	struct vpath path = path_of(text);

	return vfs_set_attributes(vfs, &path, true, &set);
}

static void
test_files_lie_in_the_folder(void **state)
{
	(void)state;
	assert_int_equal(put_through(vfs, "/near/a", "near"), 0);
	assert_int_equal(put_through(vfs, "/deep/er/far/a", "far"), 0);
	assert_int_equal(make_directory("/near/d"), 0);
	assert_int_equal(put_through(vfs, "/near/d/b", "below"), 0);
	assert_on_disk("near/a", true);
	assert_on_disk("far/a", true);
	assert_on_disk("near/d/b", true);
	assert_on_disk("root/near", false);
	assert_on_disk("root/deep", false);
	assert_content(vfs, "/near/a", "near");
	assert_content(vfs, "/near/d/../d/b", "below");
	assert_content(vfs, "/deep/er/far/a", "far");
	assert_int_equal(rename_through(vfs, "/near/a", "/near/d/a"), 0);
	assert_int_equal(hard_link("/near/d/a", "/near/twin"), 0);
	assert_int_equal(remove_file("/near/d/b"), 0);
	assert_int_equal(remove_file("/near/d/a"), 0);
	assert_int_equal(remove_directory("/near/d"), 0);
	assert_content(vfs, "/near/twin", "near");
}

static void
test_listed_in_their_parents(void **state)
{
	(void)state;
	assert_names("/", "near deep ");
	assert_names("/deep", "er ");
	assert_names("/deep/er", "far ");
	assert_names("/near", "");
	put_file(tree.base_fd, "near/a", "");
	assert_names("/near", "a ");
	assert_true(S_ISDIR(mode_of("/near")));
	assert_true(S_ISDIR(mode_of("/deep")));
	assert_true(S_ISDIR(mode_of("/deep/er")));
	assert_true(S_ISDIR(mode_of("/deep/er/far")));
}

/* What lies on the disk where folders are, or in the way to them. */
static void
test_what_they_hide(void **state)
{
	assert_int_equal(mkdirat(tree.root_fd, "near", 0755), 0);
	put_file(tree.root_fd, "near/hidden", "");
	assert_int_equal(mkdirat(tree.root_fd, "deep", 0700), 0);
	put_file(tree.root_fd, "deep/shown", "");
	put_file(tree.root_fd, "deep/er", "a file");
	(void)state;
	assert_names("/", "near deep ");
	assert_names("/near", "");
	assert_int_equal(mode_of("/deep") & 0777, 0700);
	assert_true(S_ISDIR(mode_of("/deep/er")));
	assert_names("/deep", "er shown ");
	assert_names("/deep/er", "far ");
	assert_int_equal(put_through(vfs, "/deep/er/far/x", ""), 0);
	assert_int_equal(put_through(vfs, "/deep/er", ""), EISDIR);
	assert_int_equal(put_through(vfs, "/deep/er/x", ""), ENOENT);
	assert_int_equal(remove_file("/deep/er"), EISDIR);
	/* A link there is no way round. */
	assert_int_equal(unlinkat(tree.root_fd, "deep/er", 0), 0);
	link_at("../near", "root/deep/er");
	assert_names("/deep/er", "far ");
	assert_names("/deep/er/far", "x ");
	assert_int_equal(put_through(vfs, "/deep/er/hidden", ""), ENOENT);
}

static void
test_their_names_stay(void **state)
{
	static const char *const names[] = { "/near", "/deep", "/deep/er", "/deep/er/far" };

	(void)state;
	put_file(tree.root_fd, "f", "");
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "deep", 0755), 0);
	link_at("deep", "root/link");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(rename_through(vfs, names[i], "/other"), EACCES);
		assert_int_equal(rename_through(vfs, "/d", names[i]), EACCES);
		assert_int_equal(rename_through(vfs, "/f", names[i]), EACCES);
		assert_int_equal(remove_directory(names[i]), EACCES);
		assert_int_equal(remove_file(names[i]), EISDIR);
		assert_int_equal(symlink_through(vfs, "f", names[i]), EACCES);
		assert_int_equal(hard_link("/f", names[i]), EACCES);
		assert_int_equal(put_through(vfs, names[i], ""), EISDIR);
	}
	assert_int_equal(make_directory("/near"), EEXIST);
	assert_int_equal(rename_through(vfs, "/link/er", "/other"), EACCES);
	assert_int_equal(remove_directory("/link/er"), EACCES);
	assert_int_equal(rename_through(vfs, "/link/er/far", "/other"), EACCES);
}

static void
test_directories_above_can_be_made(void **state)
{
	(void)state;
	assert_int_equal(put_through(vfs, "/deep/f", ""), ENOENT);
	assert_int_equal(make_directory("/deep/er"), ENOENT);
	assert_int_equal(set_mode("/deep", 0700), EACCES);
	assert_int_equal(make_directory("/deep"), 0);
	assert_int_equal(make_directory("/deep"), EEXIST);
	assert_int_equal(put_through(vfs, "/deep/f", ""), 0);
	assert_int_equal(make_directory("/deep/er"), 0);
	assert_names("/deep", "er f ");
	assert_int_equal(set_mode("/deep", 0700), 0);
	assert_int_equal(set_mode("/near", 0711), 0);
	assert_int_equal(mode_of("/near") & 0777, 0711);
}

static void
test_nothing_goes_across(void **state)
{
	(void)state;
	put_file(tree.root_fd, "f", "home");
	put_file(tree.base_fd, "near/f", "near");
	assert_int_equal(rename_through(vfs, "/f", "/near/g"), EXDEV);
	assert_int_equal(rename_through(vfs, "/near/f", "/g"), EXDEV);
	assert_int_equal(rename_through(vfs, "/near/f", "/deep/er/far/g"), EXDEV);
	assert_int_equal(hard_link("/f", "/near/g"), EXDEV);
	assert_int_equal(hard_link("/near/f", "/deep/er/far/g"), EXDEV);
	assert_content(vfs, "/f", "home");
	assert_content(vfs, "/near/f", "near");
}

/* ---- links */

static void
test_links_of_the_home_lead_into_folders(void **state)
{
	char host[256];

	(void)state;
	put_file(tree.base_fd, "near/f", "near");
	put_file(tree.base_fd, "far/f", "far");
	put_file(tree.root_fd, "f", "home");
	link_at("near/f", "root/relative");
	link_at("/deep/er", "root/above");
	link_at("near/../f", "root/back");
	link_at(".", "root/self");
	snprintf(host, sizeof(host), "%s/far", tree.base);
	link_at(host, "root/host");
	assert_content(vfs, "/relative", "near");
	assert_content(vfs, "/above/far/f", "far");
	assert_content(vfs, "/back", "home");
	assert_content(vfs, "/self/near/f", "near");
	assert_content(vfs, "/host/f", "far");
	assert_names("/above", "far ");
	assert_int_equal(symlink_through(vfs, "/near/f", "/made"), 0);
	assert_content(vfs, "/made", "near");
}

static void
test_links_of_a_folder_stay_in_it(void **state)
{
	static const char *const out[] = { "../f", "/f", "../../f", "/near/../f", "d/../../f" };
	char host[256];

	(void)state;
	put_file(tree.root_fd, "f", "home");
	put_file(tree.base_fd, "near/inside", "near");
	assert_int_equal(mkdirat(tree.base_fd, "near/d", 0755), 0);
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		char text[16];

		link_at(out[i], "near/link");
		assert_int_equal(get_file(vfs, "/near/link", text, sizeof(text)), ENOENT);
		assert_int_equal(unlinkat(tree.base_fd, "near/link", 0), 0);
	}
	snprintf(host, sizeof(host), "%s/f", tree.root);
	link_at(host, "near/to_home");
	snprintf(host, sizeof(host), "%s/near/inside", tree.base);
	link_at(host, "near/to_itself");
	link_at("/inside", "near/absolute");
	link_at("../../inside", "near/d/above");
	link_at("near/d/above", "root/by_two");
	{
		char text[16];

		assert_int_equal(get_file(vfs, "/near/to_home", text, sizeof(text)), ENOENT);
	}
	assert_content(vfs, "/near/to_itself", "near");
	assert_content(vfs, "/near/absolute", "near");
	assert_content(vfs, "/near/d/above", "near");
	assert_content(vfs, "/by_two", "near");
	assert_int_equal(symlink_through(vfs, "/f", "/near/made"), EXDEV);
	assert_int_equal(symlink_through(vfs, "/near/inside", "/near/d/made"), 0);
	assert_content(vfs, "/near/d/made", "near");
}

static void
assert_shown(const char *link, const char *target)
{
	struct vpath path = path_of(link);
	struct buf text = buf_init(4096);

	assert_int_equal(vfs_read_link(vfs, &path, &text), 0);
	assert_true(view_is(buf_view(&text), target));
	buf_free(&text);
}

/* As they are followed. */
static void
test_links_are_shown(void **state)
{
	struct vpath near = path_of("/near"), deep = path_of("/deep");
	struct buf text = buf_init(4096);
	char host[256];

	(void)state;
	snprintf(host, sizeof(host), "%s/near/x", tree.base);
	link_at(host, "root/one");
	link_at(host, "near/two");
	link_at("/x", "near/three");
	link_at("../x", "near/four");
	snprintf(host, sizeof(host), "%s/near", tree.base);
	link_at(host, "near/five");
	assert_shown("/one", "/near/x");
	assert_shown("/near/two", "/near/x");
	assert_shown("/near/three", "/near/x");
	assert_shown("/near/four", "../x");
	assert_shown("/near/five", "/near");
	assert_int_equal(vfs_read_link(vfs, &near, &text), EINVAL);
	assert_int_equal(vfs_read_link(vfs, &deep, &text), EINVAL);
	buf_free(&text);
}

/* ---- permissions, statistics, policies */

static void
test_rules_hold_on_virtual_paths(void **state)
{
	const struct rule rules[] = {
		{ "/", PERMISSION_ALL },
		{ "/near", PERMISSION_LIST | PERMISSION_DOWNLOAD },
		{ "/near/in", PERMISSION_ALL },
		{ "/deep", 0 },
	};
	struct vfs_policy policy = { 0 };
	char names[64];

	(void)state;
	vfs_free(&vfs);
	folders_policy(&tree, rules, sizeof(rules) / sizeof(rules[0]), &policy);
	assert_int_equal(vfs_policy_rights(&policy, 0), TREE_ALL);
	assert_int_equal(vfs_policy_rights(&policy, 1), TREE_ALL);
	assert_int_equal(vfs_policy_rights(&policy, 2), 0);
	vfs = folders_vfs(&tree, &policy);
	assert_int_equal(mkdirat(tree.base_fd, "near/in", 0755), 0);
	assert_int_equal(put_through(vfs, "/near/f", ""), EACCES);
	assert_int_equal(put_through(vfs, "/near/in/f", ""), 0);
	assert_names("/near", "in ");
	assert_int_equal(names_through(vfs, "/deep", names, sizeof(names)), EACCES);
	assert_int_equal(names_through(vfs, "/deep/er/far", names, sizeof(names)), EACCES);
	assert_names("/", "near deep ");
	/* A link does not lend the rights of the home. */
	link_at("near/f", "root/lender");
	assert_int_equal(put_through(vfs, "/lender", ""), EACCES);
}

static void
test_statistics(void **state)
{
	struct vpath near = path_of("/near"), deep = path_of("/deep");
	struct statvfs v;

	(void)state;
	assert_int_equal(vfs_statvfs(vfs, &near, &v), 0);
	assert_true(v.f_bsize > 0);
	assert_int_equal(vfs_statvfs(vfs, &deep, &v), 0);
	assert_true(v.f_bsize > 0);
}

static void
test_open_directories_of_both_kinds(void **state)
{
	struct vpath deep = path_of("/deep");
	struct vfs_attributes attributes = { 0 };
	struct vfs_directory *directory;

	(void)state;
	assert_int_equal(vfs_open_directory(vfs, &deep, &directory), 0);
	assert_int_equal(vfs_directory_stat(directory, &attributes), 0);
	assert_true(S_ISDIR(attributes.mode));
	assert_int_equal(attributes.mode & 0222, 0);
	vfs_close_directory(&directory);
}

static void
test_a_policy_takes_the_place_of_another(void **state)
{
	const struct rule all = { "/", PERMISSION_ALL };
	struct vpath path = path_of("/near/f");
	struct vfs_policy policy = { 0 }, other = { 0 }, incomplete = { 0 };
	struct vfs_file *file;

	(void)state;
	assert_int_equal(put_through(vfs, "/near/f", "old"), 0);
	assert_int_equal(vfs_open(vfs, &path, VFS_WRITE, &file), 0);
	folders_policy(&tree, &(struct rule){ "/", PERMISSION_LIST | PERMISSION_DOWNLOAD }, 1,
	    &policy);
	assert_int_equal(vfs_set_policy(vfs, &policy), 0);
	vfs_policy_free(&policy);
	assert_int_equal(put_through(vfs, "/near/f", "new"), EACCES);
	assert_content(vfs, "/near/f", "old");
	assert_names("/", "near deep ");
	/* What was open before stays open. */
	assert_int_equal(write_at(file, "OLD", 0), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_content(vfs, "/near/f", "OLD");

	/* Other folders, or no rule for "/": nothing changes. */
	assert_int_equal(vfs_policy_add(&other, view_of("/"), PERMISSION_ALL), 0);
	assert_int_equal(vfs_set_policy(vfs, &other), EINVAL);
	folder_add(&tree, &other, far_path, "far");
	folder_add(&tree, &other, near_path, "near");
	assert_int_equal(vfs_set_policy(vfs, &other), EINVAL);
	folders_policy(&tree, NULL, 0, &incomplete);
	assert_int_equal(vfs_set_policy(vfs, &incomplete), EINVAL);
	assert_int_equal(put_through(vfs, "/near/f", "new"), EACCES);
	vfs_policy_free(&other);
	vfs_policy_free(&incomplete);

	folders_policy(&tree, &all, 1, &policy);
	assert_int_equal(vfs_set_policy(vfs, &policy), 0);
	vfs_policy_free(&policy);
	assert_int_equal(put_through(vfs, "/near/f", "new"), 0);
}

static void
test_what_a_vfs_takes(void **state)
{
	const struct rule all = { "/", PERMISSION_ALL };
	struct vfs_policy policy = { 0 };
	struct vfs *other;
	int root, fds[2];

	(void)state;
	put_file(tree.base_fd, "file", "");
	folders_policy(&tree, &all, 1, &policy);
	root = folder_fd(&tree, "root");
	fds[0] = folder_fd(&tree, "near");
	fds[1] = openat(tree.base_fd, "file", O_PATH | O_CLOEXEC);
	assert_int_equal(vfs_new(&other, root, tree.root, &policy), EINVAL);
	assert_int_equal(vfs_new_with_folders(&other, root, tree.root, &policy, fds), ENOTDIR);
	/* They are still the caller's. */
	assert_int_equal(close(fds[1]), 0);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(root), 0);
	vfs_policy_free(&policy);
}

/* Every descriptor is given back, whichever way a call goes. */
static void
test_no_descriptor_is_left(void **state)
{
	unsigned before = open_descriptors();
	char names[256];

	(void)state;
	link_at("near/f", "root/l");
	assert_int_equal(put_through(vfs, "/l", "x"), 0);
	assert_int_equal(rename_through(vfs, "/l/x", "/deep/er/far/x"), ENOTDIR);
	assert_int_equal(rename_through(vfs, "/l", "/deep/er/far/x"), EXDEV);
	assert_int_equal(hard_link("/near/f", "/x"), EXDEV);
	assert_int_equal(put_through(vfs, "/deep/x", ""), ENOENT);
	assert_int_equal(names_through(vfs, "/deep/er", names, sizeof(names)), 0);
	assert_int_equal(set_mode("/deep/er", 0700), EACCES);
	assert_int_equal(open_descriptors(), before);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_files_lie_in_the_folder),
		TEST(test_listed_in_their_parents),
		TEST(test_what_they_hide),
		TEST(test_their_names_stay),
		TEST(test_directories_above_can_be_made),
		TEST(test_nothing_goes_across),
		TEST(test_links_of_the_home_lead_into_folders),
		TEST(test_links_of_a_folder_stay_in_it),
		TEST(test_links_are_shown),
		TEST(test_rules_hold_on_virtual_paths),
		TEST(test_statistics),
		TEST(test_open_directories_of_both_kinds),
		TEST(test_a_policy_takes_the_place_of_another),
		TEST(test_what_a_vfs_takes),
		TEST(test_no_descriptor_is_left),
	};
#undef TEST

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
