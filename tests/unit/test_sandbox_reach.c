/* What a confined process can reach: files beneath its root and nothing else, nobody else. */
#include "sandbox_support.h"

#include "sandbox/landlock.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/uio.h>

struct tree {
	char path[64];
	int root;
};

static int
set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	tree->root = tree_make(tree->path, sizeof(tree->path));
	*state = tree;
	return 0;
}

static int
tear_down(void **state)
{
	struct tree *tree = *state;

	tree_remove(tree->path, tree->root);
	free(tree);
	return 0;
}

/* The number of the line that was wrong, so that a failure says where. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__ & 0xff;                                                    \
	} while (0)

static int
error_of_open(int at, const char *path, int flags)
{
	int fd = openat(at, path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* As the vfs writes. */
static ssize_t
write_one(int fd)
{
	char byte = 'x';
	const struct iovec piece = { &byte, 1 };

	return pwritev(fd, &piece, 1, 0);
}

static int
writes_beneath(void *ctx)
{
	const struct tree *tree = ctx;
	int fd;

	EXPECT(error_of_open(tree->root, "inside", O_RDONLY) == 0);
	EXPECT(error_of_open(tree->root, "sub", O_RDONLY | O_DIRECTORY) == 0);
	EXPECT((fd = openat(tree->root, "new", O_RDWR | O_CREAT | O_CLOEXEC, 0644)) >= 0);
	EXPECT(write_one(fd) == 1);
	EXPECT(ftruncate(fd, 0) == 0);
	EXPECT(fchmod(fd, 0600) == 0);
	EXPECT(futimens(fd, NULL) == 0);
	EXPECT(close(fd) == 0);
	EXPECT(mkdirat(tree->root, "made", 0755) == 0);
	EXPECT(renameat(tree->root, "new", tree->root, "made/moved") == 0);
	EXPECT(linkat(tree->root, "made/moved", tree->root, "sub/linked", 0) == 0);
	EXPECT(symlinkat("inside", tree->root, "link") == 0);
	EXPECT(unlinkat(tree->root, "made/moved", 0) == 0);
	EXPECT(unlinkat(tree->root, "made", AT_REMOVEDIR) == 0);
	return 0;
}

static int
reads_nothing_else(void *ctx)
{
	const struct tree *tree = ctx;

	EXPECT(error_of_open(AT_FDCWD, "/etc/passwd", O_RDONLY) == EACCES);
	EXPECT(error_of_open(AT_FDCWD, "/tmp", O_RDONLY | O_DIRECTORY) == EACCES);
	EXPECT(error_of_open(AT_FDCWD, "/proc/self/mem", O_RDWR) == EACCES);
	EXPECT(error_of_open(AT_FDCWD, "/dev/null", O_RDONLY) == EACCES);
	EXPECT(error_of_open(tree->root, "..", O_RDONLY | O_DIRECTORY) == EACCES);
	EXPECT(error_of_open(tree->root, "../outside", O_WRONLY | O_CREAT) == EACCES);
	EXPECT(errno_of(mkdirat(AT_FDCWD, "/tmp/postern-outside", 0755)) != 0);
	EXPECT(errno_of(symlinkat("x", AT_FDCWD, "/tmp/postern-outside")) != 0);
	EXPECT(errno_of(linkat(AT_FDCWD, "/etc/passwd", tree->root, "stolen", 0)) != 0);
	EXPECT(errno_of(renameat(tree->root, "inside", AT_FDCWD, "/tmp/postern-outside")) != 0);
	EXPECT(errno_of(unlinkat(AT_FDCWD, "/etc/hostname", 0)) != 0);
	return 0;
}

static int
changes_nothing(void *ctx)
{
	const struct tree *tree = ctx;
	int fd;

	EXPECT((fd = openat(tree->root, "inside", O_RDONLY | O_CLOEXEC)) >= 0);
	EXPECT(errno_of(ftruncate(fd, 0)) == EROFS);
	EXPECT(errno_of(fchmod(fd, 0777)) == EROFS);
	EXPECT(errno_of(futimens(fd, NULL)) == EROFS);
	EXPECT(errno_of(write_one(fd)) == EROFS);
	EXPECT(fsync(fd) == 0);
	EXPECT(error_of_open(tree->root, "inside", O_WRONLY) == EACCES);
	EXPECT(error_of_open(tree->root, "inside", O_RDWR) == EACCES);
	EXPECT(error_of_open(tree->root, "inside", O_WRONLY | O_TRUNC) == EACCES);
	EXPECT(error_of_open(tree->root, "created", O_WRONLY | O_CREAT) == EACCES);
	EXPECT(errno_of(mkdirat(tree->root, "created", 0755)) == EROFS);
	EXPECT(errno_of(unlinkat(tree->root, "inside", 0)) == EROFS);
	EXPECT(errno_of(renameat(tree->root, "inside", tree->root, "other")) == EROFS);
	EXPECT(errno_of(symlinkat("inside", tree->root, "link")) == EROFS);
	EXPECT(errno_of(linkat(tree->root, "inside", tree->root, "link", 0)) == EROFS);
	return 0;
}

static void
assert_good(int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("status %#x: line %d (mod 256) or signal %d", status, WEXITSTATUS(status),
		    WTERMSIG(status));
}

static void
test_session_writes_beneath(void **state)
{
	struct tree *tree = *state;

	assert_good(run_in_role(SANDBOX_SESSION, tree->root, false, writes_beneath, tree));
}

static void
test_stdio_writes_beneath(void **state)
{
	struct tree *tree = *state;

	assert_good(run_in_role(SANDBOX_STDIO, tree->root, false, writes_beneath, tree));
}

static void
test_session_reaches_nothing_else(void **state)
{
	struct tree *tree = *state;

	assert_good(run_in_role(SANDBOX_SESSION, tree->root, false, reads_nothing_else, tree));
}

static void
test_read_only_changes_nothing(void **state)
{
	struct tree *tree = *state;

	assert_good(run_in_role(SANDBOX_SESSION, tree->root, true, changes_nothing, tree));
	assert_good(run_in_role(SANDBOX_STDIO, tree->root, true, changes_nothing, tree));
}

/* ---- a worker inside its nursery */

struct nested {
	struct tree *tree;
	int (*body)(void *);
	bool read_only;
};

static int
session_in_nursery(void *ctx)
{
	const struct nested *nested = ctx;
	const struct sandbox_tree tree = { nested->tree->root,
		nested->read_only ? TREE_READ : TREE_ALL };
	struct sandbox_rules rules = { .trees = &tree, .tree_count = 1,
		.read_only = nested->read_only };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_enter(SANDBOX_SESSION, &rules) == 0 ? nested->body(nested->tree)
								  : NOT_ENTERED);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return NOT_ENTERED - 1;
	return WEXITSTATUS(status);
}

static void
test_session_in_nursery(void **state)
{
	struct nested nested = { .tree = *state, .body = writes_beneath };

	assert_good(run_in_role(SANDBOX_NURSERY, -1, false, session_in_nursery, &nested));
	nested.body = reads_nothing_else;
	assert_good(run_in_role(SANDBOX_NURSERY, -1, false, session_in_nursery, &nested));
	nested.body = changes_nothing;
	nested.read_only = true;
	assert_good(run_in_role(SANDBOX_NURSERY, -1, false, session_in_nursery, &nested));
}

static int
kills_child_only(void *ctx)
{
	pid_t *outsider = ctx;
	struct sandbox_rules rules = { 0 };
	struct sandbox_support support;
	int status;
	pid_t pid;

	sandbox_probe(&support);
	pid = fork();
	if (pid == 0) {
		if (sandbox_enter(SANDBOX_LOGIN, &rules) != 0)
			_exit(NOT_ENTERED);
		for (;;)
			(void)ppoll(NULL, 0, NULL, NULL);
	}
	EXPECT(pid > 0);
	EXPECT(kill(pid, SIGKILL) == 0);
	EXPECT(waitpid(pid, &status, 0) == pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (support.landlock_abi >= 6)
		EXPECT(errno_of(kill(*outsider, SIGKILL)) == EPERM);
	return 0;
}

static void
test_nursery_kills_its_own(void **state)
{
	int status;
	pid_t outsider = fork();

	(void)state;
	assert_true(outsider >= 0);
	if (outsider == 0) {
		for (;;)
			pause();
	}
	assert_good(run_in_role(SANDBOX_NURSERY, -1, false, kills_child_only, &outsider));
	assert_int_equal(kill(outsider, SIGKILL), 0);
	assert_int_equal(waitpid(outsider, &status, 0), outsider);
}

/* ---- every version of Landlock, as far as this kernel plays it */

struct versioned {
	struct tree *tree;
	unsigned abi;
	enum landlock_reach reach;
	int (*body)(void *);
};

static int
status_with_version(struct versioned *v)
{
	const struct sandbox_tree tree = { v->tree->root, TREE_ALL };
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 ||
		    landlock_enter(v->abi, v->reach, &tree, 1) != 0)
			_exit(NOT_ENTERED);
		_exit(v->body(v->tree));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
moves_between_directories(void *ctx)
{
	const struct tree *tree = ctx;

	return errno_of(renameat(tree->root, "inside", tree->root, "sub/inside"));
}

static int
opens_nothing(void *ctx)
{
	const struct tree *tree = ctx;

	EXPECT(error_of_open(tree->root, "inside", O_RDONLY) == EACCES);
	EXPECT(error_of_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY) == EACCES);
	return 0;
}

static int
executes(void *ctx)
{
	(void)ctx;
	return errno_of(execl("/bin/true", "true", (char *)NULL));
}

static void
test_versions(void **state)
{
	struct tree *tree = *state;
	unsigned newest = landlock_abi();

	if (newest > LANDLOCK_ABI_KNOWN)
		newest = LANDLOCK_ABI_KNOWN;
	for (unsigned abi = 1; abi <= newest; abi++) {
		struct versioned v = { tree, abi, LANDLOCK_TREES, reads_nothing_else };
		int status;

		assert_good(status_with_version(&v));
		v.reach = LANDLOCK_NOTHING;
		v.body = opens_nothing;
		assert_good(status_with_version(&v));
		v.reach = LANDLOCK_NURSERY;
		v.body = executes;
		assert_int_equal(WEXITSTATUS(status_with_version(&v)), EACCES);
		/* the first version knows no moves between directories, so it refuses them */
		v.reach = LANDLOCK_TREES;
		v.body = moves_between_directories;
		status = status_with_version(&v);
		assert_int_equal(WEXITSTATUS(status), abi == 1 ? EXDEV : 0);
		if (abi > 1)
			assert_int_equal(
			    renameat(tree->root, "sub/inside", tree->root, "inside"), 0);
	}
}

/* ---- what the kernel lacks */

static void
test_support(void **state)
{
	struct sandbox_support none = { 0 }, some = { 2, true }, all = { LANDLOCK_ABI_KNOWN, true };
	struct sandbox_support first = { 1, true };
	char text[SANDBOX_TEXT_MAX];

	(void)state;
	assert_false(sandbox_support_enough(&none));
	assert_true(sandbox_support_enough(&first));
	assert_false(sandbox_support_complete(&some));
	assert_true(sandbox_support_complete(&all));
	none.seccomp = true;
	assert_false(sandbox_support_enough(&none));
	assert_non_null(strstr(sandbox_support_text(&none, text, sizeof(text)), "lacks Landlock"));
	assert_non_null(strstr(sandbox_support_text(&some, text, sizeof(text)), "truncation"));
	assert_null(strstr(sandbox_support_text(&some, text, sizeof(text)), "moving"));
	assert_non_null(strstr(sandbox_support_text(&first, text, sizeof(text)), "moving"));
	assert_null(strstr(sandbox_support_text(&all, text, sizeof(text)), "lacks"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_session_writes_beneath, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stdio_writes_beneath, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_session_reaches_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read_only_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_session_in_nursery, set_up, tear_down),
		cmocka_unit_test(test_nursery_kills_its_own),
		cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
		cmocka_unit_test(test_support),
	};

	/* a role that may write no file, before anybody has built the filters */
	const struct CMUnitTest unprepared[] = {
		cmocka_unit_test_setup_teardown(test_read_only_changes_nothing, set_up, tear_down),
	};
	int failed = cmocka_run_group_tests(unprepared, NULL, NULL);

	assert_int_equal(sandbox_prepare(), 0);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
