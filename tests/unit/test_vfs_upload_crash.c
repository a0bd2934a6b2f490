/*
 * Uploads that are killed, and uploads against each other: a target is the old file or a new one,
 * whole, and never missing. Each file is one number all over, so that a mixture of two shows.
 *
 * POSTERN_CRASH_SEED repeats a run, POSTERN_CRASH_KILLS and POSTERN_RACE_OPERATIONS make it longer.
 */
#include "vfs_tree.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
	PIECE_WORDS = 1024,
	PIECES = 16,
	PIECE_BYTES = PIECE_WORDS * 8,
	FILE_BYTES = PIECE_BYTES * PIECES,
	KILLS = 72,
	RACE_OPERATIONS = 4000,
};

static struct tree tree;
static unsigned seed = 20200301, kills = KILLS, race_operations = RACE_OPERATIONS;

static struct shared {
	_Atomic uint64_t steps;  /* pieces written, opens and closes */
	_Atomic uint64_t opened; /* the last file that was begun; they count up */
	_Atomic uint64_t closed; /* the last one whose close said that it is there */
	atomic_bool stop;
} *shared;

static unsigned
random_below(unsigned bound)
{
	return (unsigned)rand_r(&seed) % bound;
}

static struct vfs *
tree_of_mode(enum vfs_upload_mode mode)
{
	struct vfs *vfs = tree_vfs(&tree, PERMISSION_ALL);

	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = mode });
	return vfs;
}

/* The file of this number, written in `pieces` of PIECES. */
static int
upload(struct vfs *vfs, const char *text, uint64_t number, unsigned pieces)
{
	struct vpath path = path_of(text);
	uint64_t words[PIECE_WORDS];
	struct iovec piece = { words, sizeof(words) };
	struct vfs_file *file;
	int err = vfs_open(vfs, &path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, &file);
	size_t n;

	if (err != 0)
		return err;
	for (size_t i = 0; i < PIECE_WORDS; i++)
		words[i] = number;
	for (unsigned i = 0; i < pieces && err == 0; i++) {
		err = vfs_write(file, &piece, 1, (uint64_t)i * PIECE_BYTES, &n);
		atomic_fetch_add(&shared->steps, 1);
	}
	if (pieces < PIECES)
		vfs_file_fail(file, ECANCELED);
	err = vfs_close(&file);
	atomic_fetch_add(&shared->steps, 1);
	return err;
}

/* The number of a file of the disk: 0 when it is missing. *bytes_out of it are that number. */
static uint64_t
number_of(const char *name, size_t *bytes_out)
{
	static uint64_t words[FILE_BYTES / 8 + 1];
	int fd = openat(tree.root_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	*bytes_out = 0;
	if (fd < 0)
		return 0;
	/* One file, opened once: it cannot change under us, for it is replaced and not written. */
	n = read(fd, words, sizeof(words));
	close(fd);
	assert_true(n >= 0);
	*bytes_out = (size_t)n;
	for (size_t i = 1; i < (size_t)n / 8; i++) {
		if (words[i] != words[0])
			fail_msg("%s is a mixture of %lu and %lu", name, words[0], words[i]);
	}
	return n > 0 ? words[0] : 0;
}

static unsigned
count_entries(void)
{
	DIR *directory = opendir(tree.root);
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return n;
}

static void
list(struct vfs *vfs)
{
	struct vpath path = path_of("/");
	struct vfs_directory *directory;
	struct vfs_entry entry;
	bool end = false;

	assert_int_equal(vfs_open_directory(vfs, &path, &directory), 0);
	while (!end) {
		assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
		assert_true(end || strncmp(entry.name, ".sftpgo-upload.", 15) != 0);
	}
	vfs_close_directory(&directory);
}

/* ---- killed */

static void
uploader_run(enum vfs_upload_mode mode)
{
	struct vfs *vfs = tree_of_mode(mode);

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
	for (uint64_t number = 2;; number++) {
		atomic_store(&shared->opened, number);
		if (upload(vfs, "/f", number, PIECES) != 0)
			_exit(1);
		atomic_store(&shared->closed, number);
	}
}

static void
assert_survived(enum vfs_upload_mode mode, bool existed)
{
	uint64_t closed = atomic_load(&shared->closed), opened = atomic_load(&shared->opened);
	uint64_t least = closed > 0 ? closed : existed ? 1 : 0;
	size_t bytes;
	uint64_t number = number_of("f", &bytes);

	if (mode == VFS_UPLOAD_DIRECT) {
		/* Truncated and written again: a part of the last one, or not begun. */
		assert_true(number == 0 || (number >= least && number <= opened));
		return;
	}
	if (number == 0 && least == 0)
		return;
	if (number < least || number > opened || bytes != FILE_BYTES)
		fail_msg("f is %zu bytes of %lu; %lu was closed and %lu opened", bytes, number,
		    closed, opened);
}

static void
kill_one(enum vfs_upload_mode mode, bool existed)
{
	struct vfs *vfs = tree_of_mode(mode);
	unsigned stop_at = 1 + random_below(3 * (PIECES + 1));
	int status;
	pid_t pid;

	if (existed)
		assert_int_equal(upload(vfs, "/f", 1, PIECES), 0);
	atomic_store(&shared->closed, 0);
	atomic_store(&shared->opened, 0);
	atomic_store(&shared->steps, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		uploader_run(mode);
	while (atomic_load(&shared->steps) < stop_at && waitpid(pid, &status, WNOHANG) == 0)
		sched_yield();
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_survived(mode, existed);
	/* The next session that looks finds what the dead one left, and nothing else goes. */
	list(vfs);
	assert_survived(mode, existed);
	assert_true(count_entries() <= 1);
	vfs_free(&vfs);
}

static void
test_killed_at_any_point(void **state)
{
	(void)state;
	print_message("seed %u, %u kills\n", seed, kills);
	for (unsigned i = 0; i < kills; i++) {
		tree_empty(&tree);
		kill_one((enum vfs_upload_mode)(i % 3), i / 3 % 2 == 1);
	}
}

/* ---- against each other */

static const char *const names[] = { "/a", "/b", "/d/a", "/d/b" };

/* Whole and broken uploads, renames and removals on a few names, and always on "kept". */
static void
racer_run(unsigned who)
{
	struct vfs *vfs = tree_of_mode(VFS_UPLOAD_ATOMIC);
	uint64_t number = (uint64_t)who << 32;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
	seed += who;
	for (unsigned i = 0; i < race_operations && !atomic_load(&shared->stop); i++) {
		const char *name = names[random_below(4)];
		struct vpath from = path_of(name), to = path_of(names[random_below(4)]);

		number++;
		switch (random_below(6)) {
		case 0: (void)upload(vfs, name, number, PIECES); break;
		case 1: (void)upload(vfs, name, number, random_below(PIECES)); break;
		case 2: (void)upload(vfs, "/kept", number, random_below(PIECES)); break;
		case 3:
			if (upload(vfs, "/kept", number, PIECES) != 0)
				_exit(2);
			break;
		case 4: assert_true(vfs_rename(vfs, &from, &to, true) >= 0); break;
		default: assert_true(vfs_remove(vfs, &from, NULL) >= 0); break;
		}
		list(vfs);
	}
	_exit(0);
}

static void
test_racing_uploads(void **state)
{
	struct vfs *vfs = tree_of_mode(VFS_UPLOAD_ATOMIC);
	pid_t pids[2];
	unsigned running = 2, looks = 0;
	int status;

	(void)state;
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	assert_int_equal(upload(vfs, "/kept", 1, PIECES), 0);
	for (unsigned i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			racer_run(i + 1);
	}
	while (running > 0) {
		static const char *const files[] = { "a", "b", "d/a", "d/b", "kept" };
		pid_t ended = waitpid(-1, &status, WNOHANG);

		for (size_t i = 0; i < 5; i++) {
			size_t bytes;
			uint64_t number = number_of(files[i], &bytes);

			if (number == 0 && i < 4)
				continue;
			if (bytes != FILE_BYTES)
				fail_msg("%s is %zu bytes of %lu", files[i], bytes, number);
		}
		looks++;
		if (ended > 0) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
			running--;
		}
		sched_yield();
	}
	assert_true(looks > 0);
	list(vfs);
	vfs_free(&vfs);
}

/* A sweeper against one who begins: an upload never finds its file taken for a stale one. */
static void
test_sweepers_against_beginners(void **state)
{
	struct vfs *vfs = tree_of_mode(VFS_UPLOAD_ATOMIC);
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
			_exit(1);
		while (!atomic_load(&shared->stop))
			list(vfs);
		_exit(0);
	}
	for (uint64_t i = 1; i <= race_operations; i++) {
		size_t bytes;

		assert_int_equal(upload(vfs, "/f", i, PIECES), 0);
		assert_int_equal(number_of("f", &bytes), i);
		assert_int_equal(bytes, FILE_BYTES);
	}
	atomic_store(&shared->stop, true);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	vfs_free(&vfs);
}

static unsigned
number_from(const char *variable, unsigned otherwise)
{
	const char *text = getenv(variable);

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static int
setup(void **state)
{
	(void)state;
	umask(022);
	seed = number_from("POSTERN_CRASH_SEED", seed);
	kills = number_from("POSTERN_CRASH_KILLS", kills);
	race_operations = number_from("POSTERN_RACE_OPERATIONS", race_operations);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0);
	assert_true(shared != MAP_FAILED);
	tree_make_in_memory(&tree);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	/* A failed test leaves its other process; this ends it. */
	atomic_store(&shared->stop, true);
	tree_free(&tree);
	munmap(shared, sizeof(*shared));
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_killed_at_any_point),
		TEST(test_racing_uploads),
		TEST(test_sweepers_against_beginners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
