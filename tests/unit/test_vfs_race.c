/*
 * Two clients against each other: one goes on swapping directories and files for links that lead
 * out, the other works on the same names, in every way to upload; in the home, and in a virtual
 * folder, from which the home is outside as well. Bounded by operations, not by time;
 * POSTERN_RACE_OPERATIONS makes it as long as you like.
 */
#include "vfs_folders.h"
#include "vfs_outside.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { OPERATIONS = 20000 };

static unsigned operations = OPERATIONS;

static struct tree tree;
static struct outside outside;
static struct vfs *vfs;

struct shared {
	_Atomic unsigned long swaps;
	atomic_bool stop;
};

static struct shared *shared;

/* Where they meet: the directory, on this machine and as the client writes it. */
struct scene {
	const char *name, *prefix;
	int fd;
	char host[96];
};

static struct scene scene;

static void
scene_set(const char *name, const char *prefix)
{
	scene.name = name;
	scene.prefix = prefix;
	snprintf(scene.host, sizeof(scene.host), "%s/%s", tree.base, name);
	scene.fd = openat(tree.base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(scene.fd >= 0);
}

static struct vpath
scene_path(const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%s", scene.prefix, name);
	return path_of(text);
}

/* What changes places with what. The first of each pair is inside, the second leads out. */
static const char *const swapped[][2] = {
	{ "directory", "link_abs" },
	{ "nested/directory", "nested/link_rel" },
	{ "file", "link_file" },
	{ "good_link", "bad_link" },
	{ "away", "link_home" },
};

enum { SWAPPED = sizeof(swapped) / sizeof(swapped[0]) };

static void
make_link(const char *before, const char *after, const char *name)
{
	char target[PATH_MAX];

	snprintf(target, sizeof(target), "%s%s", before, after);
	assert_int_equal(symlinkat(target, scene.fd, name), 0);
}

static void
inside_fill(void)
{
	assert_int_equal(mkdirat(scene.fd, "nested", 0755), 0);
	assert_int_equal(mkdirat(scene.fd, "directory", 0755), 0);
	assert_int_equal(mkdirat(scene.fd, "nested/directory", 0755), 0);
	put_file(scene.fd, "directory/secret", "inside");
	put_file(scene.fd, "nested/directory/secret", "inside");
	put_file(scene.fd, "file", "inside");
	make_link(tree.outside, "", "link_abs");
	make_link("../../outside", "", "nested/link_rel");
	make_link(tree.outside, "/secret", "link_file");
	make_link("nested/directory", "", "good_link");
	make_link(scene.host, "/../outside", "bad_link");
	assert_int_equal(mkdirat(scene.fd, "away", 0755), 0);
	put_file(scene.fd, "away/secret", "inside");
	make_link("../root", "", "link_home");
}

/* In the other process: it ends with this one, also when this one crashes. */
static void
other_start(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
}

static void
swapper_run(void)
{
	other_start();
	while (!atomic_load(&shared->stop)) {
		for (int i = 0; i < SWAPPED; i++) {
			(void)renameat2(scene.fd, swapped[i][0], scene.fd, swapped[i][1],
			    RENAME_EXCHANGE);
			atomic_fetch_add(&shared->swaps, 1);
		}
	}
	_exit(0);
}

/* ---- what the other client does; any error is an answer */

static void
use_file(const struct vpath *path, unsigned flags)
{
	struct vfs_file *file;
	struct vfs_attributes attributes;
	char bytes[64], inside[] = "inside";
	struct iovec in = { bytes, sizeof(bytes) }, out = { inside, 6 };
	size_t n;

	if (vfs_open(vfs, path, flags, &file) != 0)
		return;
	assert_int_equal(vfs_file_stat(file, &attributes), 0);
	assert_true(S_ISREG(attributes.mode));
	assert_not_outside(&attributes, "open", path->text);
	if ((flags & VFS_READ) != 0) {
		assert_int_equal(vfs_read(file, &in, 1, 0, &n), 0);
		assert_no_canary(bytes, n, "read", path->text);
	}
	if ((flags & VFS_WRITE) != 0)
		assert_int_equal(vfs_write(file, &out, 1, 0, &n), 0);
	assert_int_equal(vfs_close(&file), 0);
}

static void
list(const struct vpath *path)
{
	struct vfs_directory *directory;
	struct vfs_entry entry;
	bool end = false;

	if (vfs_open_directory(vfs, path, &directory) != 0)
		return;
	while (vfs_read_directory(directory, &entry, &end) == 0 && !end) {
		assert_no_canary(entry.name, strlen(entry.name), "list", path->text);
		assert_not_outside(&entry.attributes, "list", path->text);
	}
	vfs_close_directory(&directory);
}

static void
look(const struct vpath *path)
{
	struct vfs_attributes attributes;
	struct buf text = buf_init(PATH_MAX);

	if (vfs_stat(vfs, path, true, &attributes) == 0)
		assert_not_outside(&attributes, "stat", path->text);
	if (vfs_stat(vfs, path, false, &attributes) == 0)
		assert_not_outside(&attributes, "lstat", path->text);
	if (vfs_read_link(vfs, path, &text) == 0)
		assert_null(memmem(text.p, text.n, "CANARY", 6));
	buf_free(&text);
}

static void
change(const struct vpath *path)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_MODE | VFS_ATTRIBUTE_TIMES,
		.mode = 0755, .atime = 1, .mtime = 2 };
	const struct vfs_attributes cut = { .valid = VFS_ATTRIBUTE_SIZE, .size = 3 };

	if (vfs_set_attributes(vfs, path, true, &set) != 0)
		return;
	if (vfs_set_attributes(vfs, path, true, &cut) != 0)
		return;
}

/* Makes, links, moves and removes names below a directory that comes and goes. */
static void
rearrange(const struct vpath *a, const struct vpath *b)
{
	const struct vpath kept = scene_path("/kept"), secret = scene_path("/directory/secret");
	int results[] = {
		vfs_make_directory(vfs, a),
		vfs_remove_directory(vfs, a),
		vfs_symlink(vfs, view_of(secret.text), a),
		vfs_rename(vfs, a, b, true),
		vfs_remove(vfs, b, NULL),
		vfs_hard_link(vfs, &kept, a),
		vfs_rename(vfs, a, b, false),
		vfs_remove(vfs, b, NULL),
		vfs_remove(vfs, a, NULL),
	};

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		assert_true(results[i] >= 0);
}

static void
work(unsigned i)
{
	static const char *const directories[] = { "/directory", "/nested/directory", "/good_link",
		"/link_abs", "/bad_link", "/nested/link_rel", "/away", "/link_home" };
	static const char *const files[] = { "/directory/secret", "/nested/directory/secret",
		"/good_link/secret", "/file", "/link_file", "/bad_link/secret", "/away/secret",
		"/link_home/secret" };
	struct vpath directory = scene_path(directories[i % 8]);
	struct vpath file = scene_path(files[i / 8 % 8]);
	struct vpath a = directory, b = scene_path(directories[(i + 1) % 8]);

	assert_true(a.length + 4U < VPATH_MAX && b.length + 6U < VPATH_MAX);
	memcpy(a.text + a.length, "/new", 5);
	a.length = (uint16_t)(a.length + 4);
	memcpy(b.text + b.length, "/moved", 7);
	b.length = (uint16_t)(b.length + 6);
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = (enum vfs_upload_mode)(i / 42 % 3) });
	switch (i % 7) {
	case 0: use_file(&file, VFS_READ); break;
	case 1: use_file(&file, VFS_READ | VFS_WRITE); break;
	case 2: use_file(&a, VFS_READ | VFS_WRITE | VFS_CREATE | VFS_TRUNCATE); break;
	case 3: list(&directory); break;
	case 4: look(i / 7 % 2 == 0 ? &file : &directory); break;
	case 5: change(&file); break;
	default: rearrange(&a, &b); break;
	}
}

static void
race(unsigned count)
{
	unsigned descriptors = open_descriptors();
	unsigned long swaps_at_start;
	int status;
	pid_t pid;

	put_file(scene.fd, "kept", "inside");
	inside_fill();
	atomic_store(&shared->stop, false);
	atomic_store(&shared->swaps, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		swapper_run();
	while (atomic_load(&shared->swaps) == 0)
		sched_yield();
	swaps_at_start = atomic_load(&shared->swaps);
	for (unsigned i = 0; i < count; i++) {
		work(i);
		if (i % 64 == 0)
			outside_assert_untouched(&outside, "racing", "");
		/* On one processor too, both get their turns. */
		if (i % 16 == 0)
			sched_yield();
	}
	outside_assert_untouched(&outside, "racing", "");
	assert_true(atomic_load(&shared->swaps) > swaps_at_start);
	atomic_store(&shared->stop, true);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(open_descriptors(), descriptors);
}

static void
test_nothing_escapes(void **state)
{
	(void)state;
	scene_set("root", "");
	race(operations);
	close(scene.fd);
}

/* Nothing of the home is seen through the folder; what it holds looks like the outside. */
static void
test_nothing_escapes_from_a_folder(void **state)
{
	struct stat before, after;

	(void)state;
	put_file(tree.root_fd, "secret", "CANARY of the home");
	scene_set("near", near_path);
	assert_int_equal(fstatat(tree.root_fd, "secret", &before, 0), 0);
	race(operations);
	assert_int_equal(fstatat(tree.root_fd, "secret", &after, 0), 0);
	assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof(before.st_ctim));
	assert_memory_equal(&before.st_atim, &after.st_atim, sizeof(before.st_atim));
	assert_int_equal(unlinkat(tree.root_fd, "secret", 0), 0);
	close(scene.fd);
}

/* `upload` never overwrites and `overwrite` never creates, however fast the file comes and goes. */
static void
creator_run(void)
{
	other_start();
	while (!atomic_load(&shared->stop)) {
		if (linkat(tree.root_fd, "full", tree.root_fd, "target", 0) != 0 &&
		    errno != EEXIST)
			_exit(1);
		atomic_fetch_add(&shared->swaps, 1);
		(void)unlinkat(tree.root_fd, "target", 0);
	}
	_exit(0);
}

static void
test_new_and_existing_are_told_apart(void **state)
{
	struct vfs *upload = tree_vfs(&tree, PERMISSION_UPLOAD);
	struct vfs *overwrite = tree_vfs(&tree, PERMISSION_OVERWRITE);
	struct vpath path = path_of("/target");
	int status;
	pid_t pid;

	(void)state;
	/* Whatever is there before has content, and whatever is new has none. */
	put_file(tree.root_fd, "full", "inside");
	atomic_store(&shared->stop, false);
	atomic_store(&shared->swaps, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		creator_run();
	while (atomic_load(&shared->swaps) == 0)
		sched_yield();
	for (unsigned i = 0; i < operations / 4; i++) {
		struct vfs_file *file;

		if (vfs_open(upload, &path, VFS_WRITE | VFS_CREATE, &file) == 0) {
			assert_true(vfs_file_is_new(file));
			assert_int_equal(vfs_file_size(file), 0);
			assert_int_equal(vfs_close(&file), 0);
			(void)unlinkat(tree.root_fd, "target", 0);
		}
		if (vfs_open(overwrite, &path, VFS_WRITE | VFS_CREATE, &file) == 0) {
			assert_false(vfs_file_is_new(file));
			assert_int_equal(vfs_file_size_before(file), 6);
			assert_int_equal(vfs_close(&file), 0);
		}
		if (i % 16 == 0)
			sched_yield();
	}
	atomic_store(&shared->stop, true);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	vfs_free(&upload);
	vfs_free(&overwrite);
}

static int
group_setup(void **state)
{
	const char *wanted = getenv("POSTERN_RACE_OPERATIONS");

	(void)state;
	if (wanted != NULL)
		operations = (unsigned)strtoul(wanted, NULL, 10);
	umask(022);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0);
	assert_true(shared != MAP_FAILED);
	tree_make_in_memory(&tree);
	folders_make(&tree);
	outside_make(&outside, &tree);
	vfs = folders_open(&tree, PERMISSION_ALL);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	/* A failed test leaves its other process; this ends it. */
	atomic_store(&shared->stop, true);
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_escapes_from_a_folder),
		cmocka_unit_test(test_nothing_escapes),
		cmocka_unit_test(test_new_and_existing_are_told_apart),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
