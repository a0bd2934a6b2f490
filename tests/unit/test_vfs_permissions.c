/*
 * Every operation with every permission. What an operation needs is taken from the table that
 * decides (vfs/operation.h); how each one is called is here, and a row without a call fails.
 */
#include "vfs_tree.h"

#include "vfs/operation.h"

static struct tree tree;

struct needs {
	uint32_t own, parent, node, target_parent;
};

#define ROW(name, own, parent, node, target_parent, ...) \
	[OPERATION_##name] = { own, parent, node, target_parent },
static const struct needs needs[OPERATION_COUNT] = { VFS_OPERATIONS(ROW) };
#undef ROW

#define NAME(name, ...) [OPERATION_##name] = #name,
static const char *const names[OPERATION_COUNT] = { VFS_OPERATIONS(NAME) };
#undef NAME

typedef int operation_call(struct vfs *vfs, const struct vpath *path, const struct vpath *target);

static int
open_with(struct vfs *vfs, const struct vpath *path, unsigned flags)
{
	struct vfs_file *file;
	int err = vfs_open(vfs, path, flags, &file);

	if (err == 0)
		assert_int_equal(vfs_close(&file), 0);
	return err;
}

static int
call_open_read(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return open_with(vfs, path, VFS_READ);
}

static int
call_create(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return open_with(vfs, path, VFS_WRITE | VFS_CREATE);
}

static int
call_overwrite(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return open_with(vfs, path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE);
}

static int
call_open_directory(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct vfs_directory *directory;
	int err = vfs_open_directory(vfs, path, &directory);

	(void)target;
	vfs_close_directory(&directory);
	return err;
}

static int
call_stat(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct vfs_attributes attributes;
	int err = vfs_stat(vfs, path, true, &attributes);

	(void)target;
	assert_int_equal(vfs_stat(vfs, path, false, &attributes), err);
	return err;
}

static int
call_statvfs(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct statvfs answer;

	(void)target;
	return vfs_statvfs(vfs, path, &answer);
}

static int
call_read_link(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct buf text = buf_init(4096);
	int err = vfs_read_link(vfs, path, &text);

	(void)target;
	buf_free(&text);
	return err;
}

static int
call_set_size(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_SIZE, .size = 1 };

	(void)target;
	return vfs_set_attributes(vfs, path, true, &set);
}

static int
call_set_owner(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_OWNER, .uid = geteuid(),
		.gid = getegid() };

	(void)target;
	return vfs_set_attributes(vfs, path, true, &set);
}

static int
call_set_mode(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0700 };

	(void)target;
	return vfs_set_attributes(vfs, path, false, &set);
}

static int
call_set_times(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_TIMES, .atime = 1, .mtime = 2 };

	(void)target;
	return vfs_set_attributes(vfs, path, true, &set);
}

static int
call_symlink(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_symlink(vfs, view_of("anything"), path);
}

static int
call_rename(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	return vfs_rename(vfs, path, target, false);
}

static int
call_replace(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct vpath there = path_of("/other/there");

	(void)target;
	return vfs_rename(vfs, path, &there, true);
}

static int
call_remove(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_remove(vfs, path, NULL);
}

static int
call_make_directory(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_make_directory(vfs, path);
}

static int
call_remove_directory(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_remove_directory(vfs, path);
}

struct sample {
	enum operation operation;
	bool is_directory;
	const char *path;
	operation_call *call;
};

static const struct sample samples[] = {
	{ OPERATION_OPEN_READ, false, "/dir/file", call_open_read },
	{ OPERATION_CREATE_FILE, false, "/dir/new", call_create },
	{ OPERATION_OVERWRITE_FILE, false, "/dir/file", call_overwrite },
	{ OPERATION_OPEN_DIRECTORY, true, "/dir/sub", call_open_directory },
	{ OPERATION_STAT, false, "/dir/file", call_stat },
	{ OPERATION_STAT, true, "/dir/sub", call_stat },
	{ OPERATION_STATVFS, false, "/dir/file", call_statvfs },
	{ OPERATION_READ_LINK, false, "/dir/link", call_read_link },
	{ OPERATION_SET_SIZE, false, "/dir/file", call_set_size },
	{ OPERATION_SET_OWNER, false, "/dir/file", call_set_owner },
	{ OPERATION_SET_OWNER, true, "/dir/sub", call_set_owner },
	{ OPERATION_SET_MODE, false, "/dir/file", call_set_mode },
	{ OPERATION_SET_MODE, true, "/dir/sub", call_set_mode },
	{ OPERATION_SET_TIMES, false, "/dir/file", call_set_times },
	{ OPERATION_SET_TIMES, true, "/dir/sub", call_set_times },
	{ OPERATION_SYMLINK, false, "/dir/new", call_symlink },
	{ OPERATION_HARD_LINK, false, "/dir/file", vfs_hard_link },
	{ OPERATION_RENAME, false, "/dir/file", call_rename },
	{ OPERATION_RENAME, true, "/dir/sub", call_rename },
	{ OPERATION_RENAME_STRICTLY, false, "/dir/file", call_rename },
	{ OPERATION_RENAME_STRICTLY, true, "/dir/sub", call_rename },
	{ OPERATION_REPLACE_STRICTLY, false, "/dir/file", call_replace },
	{ OPERATION_REMOVE, false, "/dir/file", call_remove },
	{ OPERATION_REMOVE, false, "/dir/link", call_remove },
	{ OPERATION_MAKE_DIRECTORY, true, "/dir/new", call_make_directory },
	{ OPERATION_REMOVE_DIRECTORY, true, "/dir/sub", call_remove_directory },
};

enum { SAMPLE_COUNT = sizeof(samples) / sizeof(samples[0]) };

static const char target_path[] = "/other/new";

static void
fixture_fill(void)
{
	tree_empty(&tree);
	assert_int_equal(mkdirat(tree.root_fd, "dir", 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "dir/sub", 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "other", 0755), 0);
	put_file(tree.root_fd, "dir/file", "data");
	put_file(tree.root_fd, "other/there", "there");
	assert_int_equal(symlinkat("file", tree.root_fd, "dir/link"), 0);
}

struct rule {
	const char *directory;
	uint32_t permissions;
};

static bool
is_strict(enum operation operation)
{
	return operation == OPERATION_RENAME_STRICTLY || operation == OPERATION_REPLACE_STRICTLY;
}

static struct vfs *
vfs_with(const struct rule *rules, size_t count, bool strict)
{
	struct vfs_policy policy = { .strict_rename = strict };
	struct vfs *vfs;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(vfs_policy_add(&policy, view_of(rules[i].directory),
				     rules[i].permissions), 0);
	assert_int_equal(vfs_new(&vfs, dup(tree.root_fd), tree.root, &policy), 0);
	vfs_policy_free(&policy);
	return vfs;
}

/* Runs the sample in a fresh tree and wants success or EACCES, and nothing changed by EACCES. */
static void
check(const struct sample *sample, const struct rule *rules, size_t count, bool allowed)
{
	struct vpath path = path_of(sample->path), target = path_of(target_path);
	struct vfs *vfs;
	struct stat before, after;
	int err;

	fixture_fill();
	vfs = vfs_with(rules, count, is_strict(sample->operation));
	assert_int_equal(fstatat(tree.root_fd, "dir", &before, 0), 0);
	err = sample->call(vfs, &path, &target);
	if (err != (allowed ? 0 : EACCES))
		fail_msg("%s on %s: %s, allowed %d", names[sample->operation], sample->path,
		    strerror(err), allowed);
	assert_int_equal(fstatat(tree.root_fd, "dir", &after, 0), 0);
	if (!allowed) {
		struct stat st;

		assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
		assert_int_equal(fstatat(tree.root_fd, "dir/file", &st, 0), 0);
		assert_int_equal(st.st_size, 4);
		assert_int_equal(st.st_mode & 0777, 0644);
		assert_int_equal(faccessat(tree.root_fd, "other/new", F_OK, 0), -1);
		assert_int_equal(fstatat(tree.root_fd, "other/there", &st, 0), 0);
		assert_int_equal(st.st_size, 5);
	}
	vfs_free(&vfs);
}

static void
test_each_operation_has_a_sample(void **state)
{
	bool seen[OPERATION_COUNT] = { false };

	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		seen[samples[i].operation] = true;
	for (unsigned i = 0; i < OPERATION_COUNT; i++) {
		if (!seen[i])
			fail_msg("%s has no sample", names[i]);
	}
}

/* Who replaces what is there also renames. */
static struct needs
needs_of(const struct sample *sample)
{
	const struct needs *rename = &needs[OPERATION_RENAME_STRICTLY];
	struct needs all = needs[sample->operation];

	if (sample->operation == OPERATION_REPLACE_STRICTLY) {
		all.own |= rename->own;
		all.parent |= rename->parent;
		all.node |= rename->node;
		all.target_parent |= rename->target_parent;
	}
	return all;
}

static uint32_t
needs_in_all(const struct sample *sample)
{
	struct needs n = needs_of(sample);

	return n.own | n.parent | n.node | n.target_parent;
}

static void
test_each_alone_granted(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		uint32_t needed = needs_in_all(&samples[i]);
		struct rule nothing = { "/", 0 };

		assert_int_not_equal(needed, 0);
		check(&samples[i], &nothing, 1, false);
		for (unsigned bit = 0; bit < PERMISSION_COUNT; bit++) {
			struct rule only = { "/", 1U << bit };

			check(&samples[i], &only, 1, (needed & ~only.permissions) == 0);
		}
	}
}

static void
test_each_alone_withheld(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		uint32_t needed = needs_in_all(&samples[i]);
		struct rule everything = { "/", PERMISSION_ALL };

		check(&samples[i], &everything, 1, true);
		for (unsigned bit = 0; bit < PERMISSION_COUNT; bit++) {
			struct rule all_but = { "/", PERMISSION_ALL & ~(1U << bit) };

			check(&samples[i], &all_but, 1, (needed & (1U << bit)) == 0);
		}
	}
}

enum { RULE_OWN = 1, RULE_PARENT, RULE_TARGET, RULE_COUNT };

static void
needed_rules(const struct sample *sample, struct rule rules[RULE_COUNT])
{
	struct needs n = needs_of(sample);

	rules[0] = (struct rule){ "/", 0 };
	rules[RULE_OWN] = (struct rule){ sample->path,
		n.own | (sample->is_directory ? 0 : n.node) };
	rules[RULE_PARENT] = (struct rule){ "/dir",
		n.parent | (sample->is_directory ? n.node : 0) };
	rules[RULE_TARGET] = (struct rule){ "/other", n.target_parent };
}

/* Exactly what is needed, exactly where; then each of it taken away, with all else granted. */
static void
test_the_right_directory_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		struct rule rules[RULE_COUNT], withheld[RULE_COUNT];

		needed_rules(&samples[i], rules);
		check(&samples[i], rules, RULE_COUNT, true);
		for (unsigned r = RULE_OWN; r < RULE_COUNT; r++) {
			for (unsigned bit = 0; bit < PERMISSION_COUNT; bit++) {
				if ((rules[r].permissions & (1U << bit)) == 0)
					continue;
				for (unsigned j = 0; j < RULE_COUNT; j++)
					withheld[j] = (struct rule){ rules[j].directory,
						PERMISSION_ALL };
				withheld[r].permissions &= ~(1U << bit);
				check(&samples[i], withheld, RULE_COUNT, false);
			}
		}
	}
}

static void
test_reading_and_writing_needs_both(void **state)
{
	static const struct {
		uint32_t permissions;
		int existing, new;
	} cases[] = {
		{ PERMISSION_DOWNLOAD, EACCES, EACCES },
		{ PERMISSION_UPLOAD, EACCES, EACCES },
		{ PERMISSION_OVERWRITE, EACCES, EACCES },
		{ PERMISSION_DOWNLOAD | PERMISSION_OVERWRITE, 0, EACCES },
		{ PERMISSION_DOWNLOAD | PERMISSION_UPLOAD, EACCES, 0 },
	};
	const unsigned flags = VFS_READ | VFS_WRITE | VFS_CREATE;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vpath file = path_of("/dir/file"), new = path_of("/dir/new");
		struct vfs *vfs;

		fixture_fill();
		vfs = tree_vfs(&tree, cases[i].permissions);
		assert_int_equal(open_with(vfs, &file, flags), cases[i].existing);
		assert_int_equal(open_with(vfs, &new, flags), cases[i].new);
		vfs_free(&vfs);
	}
}

/* An open file keeps the rules of its path. */
static void
test_open_files_and_directories(void **state)
{
	const struct vfs_attributes mode = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0600 };
	const struct vfs_attributes size = { .valid = VFS_ATTRIBUTE_SIZE, .size = 1 };
	struct vpath path = path_of("/dir/file"), sub = path_of("/dir/sub");
	struct vfs_attributes attributes;
	struct vfs_directory *directory;
	struct vfs_file *file;
	struct statvfs statistics;
	struct vfs *vfs;

	(void)state;
	fixture_fill();
	vfs = tree_vfs(&tree, PERMISSION_DOWNLOAD | PERMISSION_UPLOAD);
	assert_int_equal(vfs_open(vfs, &path, VFS_READ, &file), 0);
	assert_int_equal(vfs_file_stat(file, &attributes), EACCES);
	assert_int_equal(vfs_file_statvfs(file, &statistics), EACCES);
	assert_int_equal(vfs_file_set_attributes(file, &mode), EACCES);
	assert_int_equal(vfs_file_set_attributes(file, &size), EACCES);
	assert_int_equal(vfs_file_size(file), 4);
	assert_int_equal(vfs_close(&file), 0);
	vfs_free(&vfs);

	vfs = tree_vfs(&tree, PERMISSION_LIST | PERMISSION_DOWNLOAD | PERMISSION_CHMOD);
	assert_int_equal(vfs_open(vfs, &path, VFS_READ, &file), 0);
	assert_int_equal(vfs_file_stat(file, &attributes), 0);
	assert_int_equal(vfs_file_statvfs(file, &statistics), 0);
	assert_int_equal(vfs_file_set_attributes(file, &mode), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_int_equal(vfs_open_directory(vfs, &sub, &directory), 0);
	assert_int_equal(vfs_directory_stat(directory, &attributes), 0);
	vfs_close_directory(&directory);
	vfs_free(&vfs);

	{
		const struct rule rules[] = { { "/", 0 }, { "/dir/sub", PERMISSION_LIST } };

		vfs = vfs_with(rules, 2, false);
	}
	assert_int_equal(vfs_open_directory(vfs, &sub, &directory), 0);
	assert_int_equal(vfs_directory_stat(directory, &attributes), EACCES);
	vfs_close_directory(&directory);
	vfs_free(&vfs);
}

/* A link in a permitted directory does not lend its permissions to where it leads. */
static void
test_links_do_not_lend_permissions(void **state)
{
	const struct rule rules[] = { { "/", PERMISSION_ALL }, { "/secret", PERMISSION_LIST } };
	struct vpath through = path_of("/to_secret/file"), direct = path_of("/to_file");
	struct vpath new = path_of("/to_secret/new"), dangling = path_of("/to_new");
	struct vfs_attributes attributes;
	struct vfs *vfs;

	(void)state;
	tree_empty(&tree);
	assert_int_equal(mkdirat(tree.root_fd, "secret", 0755), 0);
	put_file(tree.root_fd, "secret/file", "data");
	assert_int_equal(symlinkat("secret", tree.root_fd, "to_secret"), 0);
	assert_int_equal(symlinkat("to_secret/file", tree.root_fd, "to_file"), 0);
	assert_int_equal(symlinkat("secret/new", tree.root_fd, "to_new"), 0);
	vfs = vfs_with(rules, 2, false);
	assert_int_equal(open_with(vfs, &through, VFS_READ), EACCES);
	assert_int_equal(open_with(vfs, &direct, VFS_READ), EACCES);
	assert_int_equal(open_with(vfs, &direct, VFS_WRITE | VFS_CREATE), EACCES);
	assert_int_equal(open_with(vfs, &new, VFS_WRITE | VFS_CREATE), EACCES);
	assert_int_equal(open_with(vfs, &dangling, VFS_WRITE | VFS_CREATE), EACCES);
	assert_int_equal(faccessat(tree.root_fd, "secret/new", F_OK, 0), -1);
	assert_int_equal(vfs_remove(vfs, &through, NULL), EACCES);
	assert_int_equal(vfs_rename(vfs, &direct, &new, true), EACCES);
	/* What both allow goes on working, and the link itself is still the client's. */
	assert_int_equal(vfs_stat(vfs, &through, true, &attributes), 0);
	assert_int_equal(vfs_stat(vfs, &direct, true, &attributes), 0);
	assert_int_equal(attributes.size, 4);
	assert_int_equal(vfs_remove(vfs, &direct, NULL), 0);
	vfs_free(&vfs);
}

static int
group_setup(void **state)
{
	(void)state;
	umask(022);
	tree_make_in_memory(&tree);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	tree_free(&tree);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_operation_has_a_sample),
		cmocka_unit_test(test_each_alone_granted),
		cmocka_unit_test(test_each_alone_withheld),
		cmocka_unit_test(test_the_right_directory_decides),
		cmocka_unit_test(test_reading_and_writing_needs_both),
		cmocka_unit_test(test_open_files_and_directories),
		cmocka_unit_test(test_links_do_not_lend_permissions),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
