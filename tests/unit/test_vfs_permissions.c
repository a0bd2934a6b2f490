/*
 * Every operation with every permission at every place. What an operation needs is taken from the
 * table that decides (vfs/operation.h); how each one is called is in vfs_samples.h, and a row
 * without a call fails.
 */
#include "vfs_folders_group.h"
#include "vfs_samples.h"

#include "vfs/tree.h"

/* A directory, as the client writes it and without links, and where it is beside the others. */
struct location {
	const char *directory, *real, *disk;
};

static const struct location locations[] = {
	{ "", "", "root" },
	{ "/sub", "/sub", "root/sub" },
	{ "/near", "/near", "near" },
	{ "/near/sub", "/near/sub", "near/sub" },
	{ "/to_sub", "/sub", "root/sub" },
	{ "/to_near", "/near", "near" },
	{ "/to_inner", "/near/sub", "near/sub" },
};

enum { LOCATION_COUNT = sizeof(locations) / sizeof(locations[0]) };

static const char target_path[] = "/other/new";

/* Both the home and a folder, with what the samples need in the location. Returns its directory. */
static int
fixture_fill(const struct location *location)
{
	char near[128];
	int fd;

	tree_empty(&tree);
	snprintf(near, sizeof(near), "%s/near", tree.base);
	tree_remove(near);
	assert_int_equal(mkdirat(tree.base_fd, "near", 0755), 0);
	assert_int_equal(mkdirat(tree.base_fd, "near/sub", 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "sub", 0755), 0);
	assert_int_equal(symlinkat("sub", tree.root_fd, "to_sub"), 0);
	assert_int_equal(symlinkat("near", tree.root_fd, "to_near"), 0);
	assert_int_equal(symlinkat("near/sub", tree.root_fd, "to_inner"), 0);
	fd = openat(tree.base_fd, location->disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mkdirat(fd, "dir", 0755), 0);
	assert_int_equal(mkdirat(fd, "dir/sub", 0755), 0);
	assert_int_equal(mkdirat(fd, "other", 0755), 0);
	put_file(fd, "dir/file", "data");
	put_file(fd, "other/there", "there");
	assert_int_equal(symlinkat("file", fd, "dir/link"), 0);
	return fd;
}

static bool
is_strict(enum operation operation)
{
	return operation == OPERATION_RENAME_STRICTLY || operation == OPERATION_REPLACE_STRICTLY;
}

static struct vfs *
vfs_with(const struct rule *rules, size_t count, bool strict)
{
	struct vfs_policy policy = { .strict_rename = strict };

	folders_policy(&tree, rules, count, &policy);
	return folders_vfs(&tree, &policy);
}

enum { RULES_MAX = 6 };

/* What was granted, where; the directories are given from the location on. */
struct grant {
	size_t count;
	struct rule rules[RULES_MAX];
	char names[RULES_MAX][64];
};

static void
grant_add(struct grant *grant, const char *before, const char *directory, uint32_t permissions)
{
	size_t i = grant->count++;

	assert_true(i < RULES_MAX);
	snprintf(grant->names[i], sizeof(grant->names[i]), "%s%s", before, directory);
	grant->rules[i] = (struct rule){ grant->names[i], permissions };
}

/*
 * These permissions in the location, others around it; but all in the directory of links, so that
 * a link takes nothing away.
 */
static void
grant_in(struct grant *grant, const struct location *location, uint32_t permissions,
	uint32_t around)
{
	*grant = (struct grant){ 0 };
	grant_add(grant, "/", "", location->real[0] == '\0' ? permissions : around);
	if (location->real[0] != '\0')
		grant_add(grant, location->real, "", permissions);
	if (strcmp(location->real, location->directory) != 0)
		grant_add(grant, location->directory, "", PERMISSION_ALL);
}

static bool
verdict(const struct vfs *vfs, const struct sample *sample, enum operand operand,
	const struct vpath *path)
{
	unsigned number = sample->operation + (operand == OPERAND_TARGET ? OPERATION_COUNT : 0);
	struct vfs_verdict verdict;

	assert_true(vfs_policy_verdict(&vfs->policy, path, sample->is_directory, number, &verdict));
	assert_string_equal(verdict.operation, names[sample->operation]);
	return verdict.allowed || !verdict.applies;
}

/* What people are told is what is done; on a path without links, which is all that it is about. */
static void
check_verdict(const struct vfs *vfs, const struct sample *sample, const struct vpath *path,
	const struct vpath *target, bool allowed)
{
	/* to replace is to rename as well */
	if (sample->operation == OPERATION_REPLACE_STRICTLY)
		return;
	assert_int_equal(verdict(vfs, sample, OPERAND_PATH, path) &&
	    verdict(vfs, sample, OPERAND_TARGET, target), allowed);
}

/* Runs the sample in a fresh tree and wants success or EACCES, and nothing changed by EACCES. */
static void
check(const struct sample *sample, const struct location *location, const struct grant *grant,
	bool allowed)
{
	struct vpath path, target;
	struct vfs *vfs;
	struct stat before, after;
	char text[128];
	int err, fd = fixture_fill(location);

	snprintf(text, sizeof(text), "%s%s", location->directory, sample->path);
	path = path_of(text);
	snprintf(text, sizeof(text), "%s%s", location->directory, target_path);
	target = path_of(text);
	vfs = vfs_with(grant->rules, grant->count, is_strict(sample->operation));
	if (strcmp(location->real, location->directory) == 0)
		check_verdict(vfs, sample, &path, &target, allowed);
	assert_int_equal(fstatat(fd, "dir", &before, 0), 0);
	err = sample->call(vfs, &path, &target);
	if (err != (allowed ? 0 : EACCES))
		fail_msg("%s on %s: %s, allowed %d", names[sample->operation], path.text,
		    strerror(err), allowed);
	assert_int_equal(fstatat(fd, "dir", &after, 0), 0);
	if (!allowed) {
		struct stat st;

		assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
		assert_int_equal(fstatat(fd, "dir/file", &st, 0), 0);
		assert_int_equal(st.st_size, 4);
		assert_int_equal(st.st_mode & 0777, 0644);
		assert_int_equal(faccessat(fd, "other/new", F_OK, 0), -1);
		assert_int_equal(fstatat(fd, "other/there", &st, 0), 0);
		assert_int_equal(st.st_size, 5);
	}
	vfs_free(&vfs);
	close(fd);
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
check_alone_granted(const struct sample *sample, const struct location *location)
{
	uint32_t needed = needs_in_all(sample);
	struct grant grant;

	assert_int_not_equal(needed, 0);
	grant_in(&grant, location, 0, PERMISSION_ALL);
	check(sample, location, &grant, false);
	for (unsigned bit = 0; bit < PERMISSION_COUNT; bit++) {
		grant_in(&grant, location, 1U << bit, 0);
		check(sample, location, &grant, (needed & ~(1U << bit)) == 0);
	}
}

static void
test_each_alone_granted(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		for (size_t k = 0; k < LOCATION_COUNT; k++)
			check_alone_granted(&samples[i], &locations[k]);
	}
}

static void
check_alone_withheld(const struct sample *sample, const struct location *location)
{
	uint32_t needed = needs_in_all(sample);
	struct grant grant;

	grant_in(&grant, location, PERMISSION_ALL, 0);
	check(sample, location, &grant, true);
	for (unsigned bit = 0; bit < PERMISSION_COUNT; bit++) {
		grant_in(&grant, location, PERMISSION_ALL & ~(1U << bit), PERMISSION_ALL);
		check(sample, location, &grant, (needed & (1U << bit)) == 0);
	}
}

static void
test_each_alone_withheld(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		for (size_t k = 0; k < LOCATION_COUNT; k++)
			check_alone_withheld(&samples[i], &locations[k]);
	}
}

/* On the path itself, in its directory, and in that of the target. */
enum { WHERE_OWN, WHERE_PARENT, WHERE_TARGET, WHERE_COUNT };

static void
grant_exactly(struct grant *grant, const struct sample *sample, const struct location *location,
	const uint32_t permissions[WHERE_COUNT])
{
	grant_in(grant, location, 0, 0);
	grant_add(grant, location->real, sample->path, permissions[WHERE_OWN]);
	grant_add(grant, location->real, "/dir", permissions[WHERE_PARENT]);
	grant_add(grant, location->real, "/other", permissions[WHERE_TARGET]);
}

/* Exactly what is needed, exactly where; then each of it taken away, with all else granted. */
static void
check_right_directory(const struct sample *sample, const struct location *location)
{
	struct needs n = needs_of(sample);
	const uint32_t needed[WHERE_COUNT] = {
		[WHERE_OWN] = n.own | (sample->is_directory ? 0 : n.node),
		[WHERE_PARENT] = n.parent | (sample->is_directory ? n.node : 0),
		[WHERE_TARGET] = n.target_parent,
	};
	struct grant grant;

	grant_exactly(&grant, sample, location, needed);
	check(sample, location, &grant, true);
	for (unsigned where = 0; where < WHERE_COUNT; where++) {
		for (unsigned bit = 0; bit < PERMISSION_COUNT; bit++) {
			uint32_t withheld[WHERE_COUNT] = { PERMISSION_ALL, PERMISSION_ALL,
				PERMISSION_ALL };

			if ((needed[where] & (1U << bit)) == 0)
				continue;
			withheld[where] &= ~(1U << bit);
			grant_exactly(&grant, sample, location, withheld);
			check(sample, location, &grant, false);
		}
	}
}

static void
test_the_right_directory_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		for (size_t k = 0; k < LOCATION_COUNT; k++)
			check_right_directory(&samples[i], &locations[k]);
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

		close(fixture_fill(&locations[0]));
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
	close(fixture_fill(&locations[0]));
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
