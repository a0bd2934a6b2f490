/*
 * Hostile paths through every operation that takes one: nothing outside the root is read, listed,
 * changed or shown, whatever a path says and wherever links in the root lead. The root is first
 * the home, then a virtual folder.
 */
#include "vfs_hostile_paths.h"
#include "vfs_outside.h"

#include <limits.h>

static struct tree tree;
static struct outside outside;
static struct vfs *vfs;
static const char *where = ""; /* the root, as the client sees it */

/* A path in it. */
static struct vpath
inside(const char *name)
{
	char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s%s", where, name);
	return path_of(text);
}

/* ---- the inside: ordinary nodes, and links that want to lead out */

static void
trap_target(const struct trap *trap, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = trap->target; *p != '\0'; p++) {
		const char *piece = NULL;

		if (p[0] == '@')
			piece = p[1] == 'O' ? tree.outside : tree.root;
		if (piece == NULL) {
			out[n++] = *p;
			continue;
		}
		p++;
		assert_true(n + strlen(piece) < size);
		memcpy(out + n, piece, strlen(piece));
		n += strlen(piece);
	}
	out[n] = '\0';
}

static int
remove_below(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return at->level == 0 ? 0 : tree_remove_one(path, st, kind, at);
}

static void
inside_fill(void)
{
	char target[PATH_MAX];

	(void)nftw(tree.root, remove_below, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(fchmod(tree.root_fd, 0755), 0);
	assert_int_equal(mkdirat(tree.root_fd, "dir", 0755), 0);
	put_file(tree.root_fd, "dir/file", "inside");
	put_file(tree.root_fd, "file", "inside");
	for (size_t i = 0; i < TRAP_COUNT; i++) {
		trap_target(&traps[i], target, sizeof(target));
		assert_int_equal(symlinkat(target, tree.root_fd, traps[i].name), 0);
	}
}

static struct corpus corpus;

/* ---- the operations */

struct attempt {
	const char *name;
	bool changes;
	int (*run)(const struct vpath *path);
};

static const char *attempt_name;

/* Reads and writes what is there, as far as it lets us. */
static int
use_file(const struct vpath *path, unsigned flags)
{
	struct vfs_file *file;
	struct vfs_attributes attributes;
	char bytes[64], changed[] = "changed";
	struct iovec in = { bytes, sizeof(bytes) }, out = { changed, 7 };
	size_t n;
	int err = vfs_open(vfs, path, flags, &file);

	if (err != 0)
		return err;
	if ((flags & VFS_READ) != 0 && vfs_read(file, &in, 1, 0, &n) == 0)
		assert_no_canary(bytes, n, attempt_name, path->text);
	if ((flags & VFS_WRITE) != 0)
		assert_int_equal(vfs_write(file, &out, 1, 0, &n), 0);
	if (vfs_file_stat(file, &attributes) == 0)
		assert_not_outside(&attributes, attempt_name, path->text);
	return vfs_close(&file);
}

static int
run_list(const struct vpath *path)
{
	struct vfs_directory *directory;
	struct vfs_entry entry;
	bool end = false;
	int err = vfs_open_directory(vfs, path, &directory);

	if (err != 0)
		return err;
	while (vfs_read_directory(directory, &entry, &end) == 0 && !end) {
		assert_no_canary(entry.name, strlen(entry.name), attempt_name, path->text);
		assert_not_outside(&entry.attributes, attempt_name, path->text);
	}
	vfs_close_directory(&directory);
	return 0;
}

static int
run_open_read(const struct vpath *path)
{
	return use_file(path, VFS_READ);
}

static int
run_overwrite(const struct vpath *path)
{
	return use_file(path, VFS_READ | VFS_WRITE | VFS_TRUNCATE);
}

static int
run_create(const struct vpath *path)
{
	return use_file(path, VFS_WRITE | VFS_CREATE);
}

static int
run_create_exclusive(const struct vpath *path)
{
	return use_file(path, VFS_READ | VFS_WRITE | VFS_CREATE | VFS_EXCLUSIVE);
}

static int
run_stat(const struct vpath *path)
{
	struct vfs_attributes attributes;
	int err = vfs_stat(vfs, path, true, &attributes);

	if (err == 0)
		assert_not_outside(&attributes, attempt_name, path->text);
	return err;
}

static int
run_lstat(const struct vpath *path)
{
	struct vfs_attributes attributes;
	int err = vfs_stat(vfs, path, false, &attributes);

	if (err == 0)
		assert_not_outside(&attributes, attempt_name, path->text);
	return err;
}

static int
run_statvfs(const struct vpath *path)
{
	struct statvfs answer;

	return vfs_statvfs(vfs, path, &answer);
}

static int
run_read_link(const struct vpath *path)
{
	struct buf text = buf_init(PATH_MAX);
	int err = vfs_read_link(vfs, path, &text);

	/* The target of outside/link; the client's own texts may hold the other names. */
	if (err == 0 && memmem(text.p, text.n, "CANARY", 6) != NULL)
		fail_msg("%s shows the outside", path->text);
	buf_free(&text);
	return err;
}

static int
run_set(const struct vpath *path, bool follow, unsigned valid)
{
	const struct vfs_attributes set = { .valid = valid, .size = 1, .uid = geteuid(),
		.gid = getegid(), .mode = 0711, .atime = 5, .mtime = 6 };

	return vfs_set_attributes(vfs, path, follow, &set);
}

static int
run_set_size(const struct vpath *path)
{
	return run_set(path, true, VFS_ATTRIBUTE_SIZE);
}

static int
run_set_rest(const struct vpath *path)
{
	return run_set(path, true,
	    VFS_ATTRIBUTE_OWNER | VFS_ATTRIBUTE_MODE | VFS_ATTRIBUTE_TIMES);
}

static int
run_set_unfollowed(const struct vpath *path)
{
	return run_set(path, false,
	    VFS_ATTRIBUTE_OWNER | VFS_ATTRIBUTE_MODE | VFS_ATTRIBUTE_TIMES);
}

/* Whatever an operation has put at this name is now tried from every side. */
static void
use_result(const char *name)
{
	struct vpath path = inside(name), below = inside(name);

	(void)run_stat(&path);
	(void)run_list(&path);
	(void)run_open_read(&path);
	(void)run_create(&path);
	(void)run_set_rest(&path);
	(void)run_read_link(&path);
	memcpy(below.text + below.length, "/secret", 8);
	below.length = (uint16_t)(below.length + 7);
	(void)run_open_read(&below);
	(void)run_create(&below);
}

static int
run_symlink_to(const struct vpath *path)
{
	struct vpath made = inside("/made"), deep = inside("/dir/made");
	struct view target = { (const uint8_t *)path->text, path->length };
	int err = vfs_symlink(vfs, target, &made);

	if (err == 0)
		use_result("/made");
	/* And the same text as a relative one. */
	target.p++;
	target.n--;
	if (vfs_symlink(vfs, target, &deep) == 0) {
		use_result("/dir/made");
		err = 0;
	}
	return err;
}

static int
run_symlink_at(const struct vpath *path)
{
	int err = vfs_symlink(vfs, view_of("../outside"), path);

	if (err == 0)
		use_result(path->text);
	return err;
}

static int
run_hard_link_from(const struct vpath *path)
{
	struct vpath made = inside("/made");
	int err = vfs_hard_link(vfs, path, &made);

	if (err == 0)
		use_result("/made");
	return err;
}

static int
run_hard_link_to(const struct vpath *path)
{
	struct vpath from = inside("/dir/file");

	return vfs_hard_link(vfs, &from, path);
}

static int
run_rename_from(const struct vpath *path)
{
	struct vpath made = inside("/made");
	int err = vfs_rename(vfs, path, &made, true);

	if (err == 0)
		use_result("/made");
	return err;
}

static int
run_rename_to(const struct vpath *path)
{
	struct vpath from = inside("/dir/file");

	return vfs_rename(vfs, &from, path, false);
}

static int
run_rename_over(const struct vpath *path)
{
	struct vpath from = inside("/file");

	return vfs_rename(vfs, &from, path, true);
}

static int
run_rename_directory_to(const struct vpath *path)
{
	struct vpath from = inside("/dir");

	return vfs_rename(vfs, &from, path, true);
}

static int
run_remove(const struct vpath *path)
{
	struct vfs_attributes was;
	int err = vfs_remove(vfs, path, &was);

	if (err == 0)
		assert_not_outside(&was, attempt_name, path->text);
	return err;
}

static int
run_make_directory(const struct vpath *path)
{
	return vfs_make_directory(vfs, path);
}

static int
run_remove_directory(const struct vpath *path)
{
	return vfs_remove_directory(vfs, path);
}

static const struct attempt attempts[] = {
	{ "stat", false, run_stat },
	{ "lstat", false, run_lstat },
	{ "statvfs", false, run_statvfs },
	{ "read_link", false, run_read_link },
	{ "list", false, run_list },
	{ "open_read", false, run_open_read },
	{ "overwrite", true, run_overwrite },
	{ "create", true, run_create },
	{ "create_exclusive", true, run_create_exclusive },
	{ "set_size", true, run_set_size },
	{ "set_rest", true, run_set_rest },
	{ "set_unfollowed", true, run_set_unfollowed },
	{ "symlink_to", true, run_symlink_to },
	{ "symlink_at", true, run_symlink_at },
	{ "hard_link_from", true, run_hard_link_from },
	{ "hard_link_to", true, run_hard_link_to },
	{ "rename_from", true, run_rename_from },
	{ "rename_to", true, run_rename_to },
	{ "rename_over", true, run_rename_over },
	{ "rename_directory_to", true, run_rename_directory_to },
	{ "remove", true, run_remove },
	{ "make_directory", true, run_make_directory },
	{ "remove_directory", true, run_remove_directory },
};

enum { ATTEMPT_COUNT = sizeof(attempts) / sizeof(attempts[0]) };

static int
attempt_run(const struct attempt *attempt, const struct vpath *path)
{
	struct vpath copy = *path;
	int err;

	attempt_name = attempt->name;
	err = attempt->run(&copy);
	outside_assert_untouched(&outside, attempt->name, path->text);
	if (attempt->changes && err == 0)
		inside_fill();
	return err;
}

/* Behind the root's own path, as the bytes that a client would send. */
static int
corpus_path(struct view bytes, struct vpath *out)
{
	struct buf text = buf_init(65536);
	int err;

	buf_text(&text, where);
	buf_u8(&text, '/');
	buf_raw(&text, bytes.p, bytes.n);
	assert_int_equal(buf_error(&text), 0);
	err = vpath_parse(out, buf_view(&text));
	buf_free(&text);
	return err;
}

static void
test_every_path_through_every_operation(void **state)
{
	unsigned descriptors = open_descriptors();
	size_t tried = 0;

	(void)state;
	corpus_add_links(&corpus);
	corpus_add_climbing(&corpus, tree.outside);
	corpus_add_names(&corpus);
	assert_true(corpus.count >= 250);
	inside_fill();
	for (size_t i = 0; i < corpus.count; i++) {
		struct vpath path;

		if (corpus_path(corpus.paths[i], &path) != 0)
			continue;
		tried++;
		for (size_t j = 0; j < ATTEMPT_COUNT; j++)
			(void)attempt_run(&attempts[j], &path);
	}
	assert_true(tried >= 250);
	assert_int_equal(open_descriptors(), descriptors);
	for (size_t i = 0; i < corpus.count; i++)
		free((void *)(uintptr_t)corpus.paths[i].p);
	corpus.count = 0;
}

/* Not even the error says whether something is there on the outside. */
static void
test_errors_tell_nothing(void **state)
{
	static const char *const there[] = { "secret", "empty", "link" };

	(void)state;
	inside_fill();
	for (size_t i = 0; i < TRAP_COUNT * (sizeof(there) / sizeof(there[0])); i++) {
		const char *name = traps[i % TRAP_COUNT].name;
		char text[256], absent[256];
		struct vpath a, b;

		snprintf(text, sizeof(text), "/%s/%s", name, there[i / TRAP_COUNT]);
		snprintf(absent, sizeof(absent), "/%s/absent", name);
		a = inside(text);
		b = inside(absent);
		for (size_t k = 0; k < ATTEMPT_COUNT; k++) {
			int err = attempt_run(&attempts[k], &a);

			if (attempt_run(&attempts[k], &b) != err)
				fail_msg("%s: %s and %s differ", attempts[k].name, text, absent);
		}
	}
}

/* Links that lead inside, in every way of saying it, do lead inside. */
static void
test_good_links_work(void **state)
{
	static const char *const good[] = { "/host_file", "/host_root/dir/file", "/slash/dir/file",
		"/up/file", "/up_up/dir/up_up/file" };

	(void)state;
	inside_fill();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct vpath path = inside(good[i]);

		assert_content(vfs, path.text, "inside");
	}
}

/* The root's own host path is looked at by components: "/x/root" is not in "/x/ro". */
static void
test_host_path_of_another_root(void **state)
{
	char target[256], other[256];
	struct vfs_policy policy = { 0 };
	struct vfs *short_vfs;
	struct vpath path = inside("/into");
	struct vfs_attributes attributes;

	(void)state;
	inside_fill();
	snprintf(target, sizeof(target), "%s/file", tree.root);
	assert_int_equal(symlinkat(target, tree.root_fd, "into"), 0);
	snprintf(other, sizeof(other), "%.*s", (int)strlen(tree.root) - 2, tree.root);
	assert_int_equal(vfs_policy_add(&policy, view_of("/"), PERMISSION_ALL), 0);
	assert_int_equal(vfs_new(&short_vfs, dup(tree.root_fd), other, &policy), 0);
	assert_int_equal(vfs_stat(short_vfs, &path, true, &attributes), ENOENT);
	vfs_free(&short_vfs);
	vfs_policy_free(&policy);
	assert_int_equal(vfs_stat(vfs, &path, true, &attributes), 0);
}

static int
group_setup(void **state)
{
	(void)state;
	umask(022);
	tree_make_in_memory(&tree);
	outside_make(&outside, &tree);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	return 0;
}

/* The same root is a folder; the home is another, and empty. */
static int
folder_setup(void **state)
{
	struct vfs_policy policy = { 0 };
	int home, fd;

	(void)state;
	tree_make_in_memory(&tree);
	assert_int_equal(mkdirat(tree.base_fd, "home", 0755), 0);
	outside_make(&outside, &tree);
	where = "/deep/folder";
	assert_int_equal(vfs_policy_add(&policy, view_of("/"), PERMISSION_ALL), 0);
	assert_int_equal(vfs_policy_add_folder(&policy, view_of(where), view_of(tree.root)), 0);
	home = openat(tree.base_fd, "home", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = open(tree.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(home >= 0 && fd >= 0);
	assert_int_equal(vfs_new_with_folders(&vfs, home, NULL, &policy, &fd), 0);
	vfs_policy_free(&policy);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest in_home[] = {
		cmocka_unit_test(test_every_path_through_every_operation),
		cmocka_unit_test(test_errors_tell_nothing),
		cmocka_unit_test(test_good_links_work),
		cmocka_unit_test(test_host_path_of_another_root),
	};
	const struct CMUnitTest in_folder[] = {
		cmocka_unit_test(test_every_path_through_every_operation),
		cmocka_unit_test(test_errors_tell_nothing),
		cmocka_unit_test(test_good_links_work),
	};
	int failed = cmocka_run_group_tests(in_home, group_setup, group_teardown);

	return failed + cmocka_run_group_tests(in_folder, folder_setup, group_teardown);
}
