/*
 * What the kernel lets hostile code in a session do, permission by permission: each stands where a
 * session stands, with a home in which one permission is given and a virtual folder in which
 * another one is, and tries everything in both.
 */
#include "vfs_folders_group.h"

#include "base/tree_right.h"
#include "ipc/ipc.h"
#include "sandbox/landlock.h"
#include "worker/session_policy.h"

#include <sys/wait.h>

/* ---- what hostile code tries, each in a directory with "file", "sub", "empty" and "other" */

static bool
opens(int at, const char *name, int flags)
{
	return openat(at, name, flags | O_CLOEXEC, 0600) >= 0;
}

static bool
read_file(int at)
{
	return opens(at, "file", O_RDONLY);
}

static bool
read_directory(int at)
{
	return opens(at, "sub", O_RDONLY | O_DIRECTORY);
}

static bool
write_file(int at)
{
	return opens(at, "file", O_WRONLY);
}

static bool
make_file(int at)
{
	return opens(at, "made", O_WRONLY | O_CREAT);
}

static bool
make_directory(int at)
{
	return mkdirat(at, "made", 0700) == 0;
}

static bool
make_link(int at)
{
	return symlinkat("file", at, "made") == 0;
}

static bool
remove_file(int at)
{
	return unlinkat(at, "other", 0) == 0;
}

static bool
remove_directory(int at)
{
	return unlinkat(at, "empty", AT_REMOVEDIR) == 0;
}

static bool
move_file(int at)
{
	return renameat(at, "other", at, "sub/other") == 0;
}

static const struct attempt {
	const char *name;
	bool (*try)(int at);
	uint32_t rights; /* that it needs */
} attempts[] = {
	{ "read_file", read_file, TREE_READ_FILE },
	{ "read_directory", read_directory, TREE_READ_DIRECTORY },
	{ "write_file", write_file, TREE_WRITE_FILE },
	{ "make_file", make_file, TREE_MAKE_FILE | TREE_WRITE_FILE },
	{ "make_directory", make_directory, TREE_MAKE_DIRECTORY },
	{ "make_link", make_link, TREE_MAKE_LINK },
	{ "remove_file", remove_file, TREE_REMOVE_FILE },
	{ "remove_directory", remove_directory, TREE_REMOVE_DIRECTORY },
	{ "move_file", move_file, TREE_MOVE | TREE_REMOVE_FILE | TREE_MAKE_FILE },
};

enum { ATTEMPT_COUNT = sizeof(attempts) / sizeof(attempts[0]) };

/* ---- what a permission is worth; here by hand, because the test is of what is derived */

static const struct {
	uint32_t permissions, rights;
} worth[] = {
	{ 0, 0 },
	{ PERMISSION_LIST, TREE_READ_DIRECTORY },
	{ PERMISSION_DOWNLOAD, TREE_READ_FILE },
	{ PERMISSION_UPLOAD, TREE_MAKE_FILE | TREE_WRITE_FILE },
	{ PERMISSION_OVERWRITE, TREE_WRITE_FILE },
	{ PERMISSION_DELETE, TREE_REMOVE_FILE | TREE_REMOVE_DIRECTORY },
	{ PERMISSION_RENAME, TREE_MAKE_FILE | TREE_MAKE_DIRECTORY | TREE_MAKE_LINK |
		TREE_REMOVE_FILE | TREE_REMOVE_DIRECTORY | TREE_MOVE },
	{ PERMISSION_CREATE_DIRS, TREE_MAKE_DIRECTORY },
	{ PERMISSION_CREATE_SYMLINKS, TREE_MAKE_LINK },
	{ PERMISSION_CHMOD, TREE_READ },
	{ PERMISSION_CHOWN, TREE_READ },
	{ PERMISSION_CHTIMES, TREE_READ },
	{ PERMISSION_DOWNLOAD | PERMISSION_OVERWRITE | PERMISSION_CREATE_SYMLINKS,
		TREE_READ_FILE | TREE_WRITE_FILE | TREE_MAKE_FILE | TREE_MAKE_LINK | TREE_MOVE },
	{ PERMISSION_ALL, TREE_ALL },
};

enum { WORTH_COUNT = sizeof(worth) / sizeof(worth[0]) };

/* ---- where a session stands */

static void
fill(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", tree.base, name);
	tree_remove(path);
	assert_int_equal(mkdirat(tree.base_fd, name, 0755), 0);
	fd = openat(tree.base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	put_file(fd, "file", "content");
	put_file(fd, "other", "content");
	assert_int_equal(mkdirat(fd, "sub", 0755), 0);
	assert_int_equal(mkdirat(fd, "empty", 0755), 0);
	close(fd);
}

/* Sends what the master sends, for a home and one folder. */
static void
send_policy(int to, uint32_t home, uint32_t folder, uint8_t upload_mode)
{
	struct vfs_policy policy = { 0 };
	struct buf encoded = buf_init(IPC_BYTES_MAX), message = buf_init(IPC_BYTES_MAX);
	int root_fd = folder_fd(&tree, "root"), near_fd = folder_fd(&tree, "near");

	assert_int_equal(vfs_policy_add(&policy, view_of("/"), home), 0);
	assert_int_equal(vfs_policy_add(&policy, view_of(near_path), folder), 0);
	folder_add(&tree, &policy, near_path, "near");
	vfs_policy_encode(&encoded, &policy);
	ipc_encode_session_folder(&message, &(struct ipc_session_folder){});
	assert_int_equal(ipc_send(to, &message, &near_fd, 1, false), 0);
	buf_clear(&message);
	ipc_encode_session_policy(&message, &(struct ipc_session_policy){
		.username = view_of("mallory"), .connection_id = view_of("0"),
		.root_path = view_of(tree.root), .upload_mode = upload_mode,
		.policy = buf_view(&encoded) });
	assert_int_equal(ipc_send(to, &message, &root_fd, 1, false), 0);
	close(root_fd);
	close(near_fd);
	vfs_policy_free(&policy);
	buf_free(&encoded);
	buf_free(&message);
}

/* In a session: the bits of what was got in the directory with this descriptor. */
static void
attempt_all(int from, int at, const struct attempt *attempt)
{
	struct session_policy policy;
	struct master_link link;

	master_link_init(&link, from, PHASE_START);
	if (session_policy_receive(&link, 0, &policy) != 0)
		_exit(99);
	_exit(attempt->try(at) ? 1 : 0);
}

static bool
gets(uint32_t home, uint32_t folder, uint8_t upload_mode, const char *where,
	const struct attempt *attempt)
{
	int pair[2], at, status = -1;
	pid_t pid;

	fill("root");
	fill("near");
	at = folder_fd(&tree, where);
	assert_int_equal(ipc_pair(pair), 0);
	send_policy(pair[0], home, folder, upload_mode);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		attempt_all(pair[1], at, attempt);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	close(pair[1]);
	close(at);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

static void
check(uint32_t home, uint32_t folder, uint8_t upload_mode, const char *where, uint32_t rights)
{
	for (size_t i = 0; i < ATTEMPT_COUNT; i++) {
		bool expected = (attempts[i].rights & ~rights) == 0;

		if (gets(home, folder, upload_mode, where, &attempts[i]) != expected)
			fail_msg("%s in %s with %#x and %#x: expected %d", attempts[i].name,
			    where, home, folder, expected);
	}
}

static void
test_each_permission_in_the_home(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORTH_COUNT; i++)
		check(worth[i].permissions, 0, 0, "root", worth[i].rights);
}

static void
test_each_permission_in_a_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORTH_COUNT; i++)
		check(0, worth[i].permissions, 0, "near", worth[i].rights);
}

/* What one of them may, the other may not. */
static void
test_neither_lends_to_the_other(void **state)
{
	(void)state;
	check(PERMISSION_ALL, 0, 0, "near", TREE_READ_DIRECTORY);
	check(0, PERMISSION_ALL, 0, "root", 0);
	check(PERMISSION_ALL & ~(uint32_t)PERMISSION_CHMOD & ~(uint32_t)PERMISSION_CHOWN &
		~(uint32_t)PERMISSION_CHTIMES, PERMISSION_LIST | PERMISSION_DOWNLOAD, 0, "near",
	    TREE_READ);
}

/* An atomic upload is a temporary file that takes the place of another. */
static void
test_atomic_uploads(void **state)
{
	(void)state;
	check(PERMISSION_UPLOAD, 0, 1, "root",
	    TREE_MAKE_FILE | TREE_WRITE_FILE | TREE_REMOVE_FILE);
	check(PERMISSION_OVERWRITE, 0, 2, "root",
	    TREE_MAKE_FILE | TREE_WRITE_FILE | TREE_REMOVE_FILE);
	check(PERMISSION_DOWNLOAD, PERMISSION_UPLOAD, 1, "root", TREE_READ_FILE);
}

/* So many folders have come, and the policy has so many others. */
static int
receive(unsigned came, unsigned named)
{
	struct vfs_policy policy = { 0 };
	struct session_policy session;
	struct master_link link;
	struct buf encoded = buf_init(IPC_BYTES_MAX), message = buf_init(IPC_BYTES_MAX);
	int fd = folder_fd(&tree, "root"), pair[2], err;
	char path[32];

	assert_int_equal(ipc_pair(pair), 0);
	assert_int_equal(vfs_policy_add(&policy, view_of("/"), PERMISSION_LIST), 0);
	for (unsigned i = 0; i < named; i++) {
		snprintf(path, sizeof(path), "/%u", i);
		folder_add(&tree, &policy, path, path + 1);
	}
	ipc_encode_session_folder(&message, &(struct ipc_session_folder){});
	for (unsigned i = 0; i < came; i++)
		assert_int_equal(ipc_send(pair[0], &message, &fd, 1, false), 0);
	buf_clear(&message);
	vfs_policy_encode(&encoded, &policy);
	ipc_encode_session_policy(&message, &(struct ipc_session_policy){
		.root_path = view_of(tree.root), .policy = buf_view(&encoded) });
	assert_int_equal(ipc_send(pair[0], &message, &fd, 1, false), 0);
	master_link_init(&link, pair[1], PHASE_START);
	err = session_policy_receive(&link, 0, &session);
	assert_null(session.vfs);
	master_link_free(&link);
	vfs_policy_free(&policy);
	buf_free(&encoded);
	buf_free(&message);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	return err;
}

static void
test_folders_and_policy_agree(void **state)
{
	unsigned before = open_descriptors();

	(void)state;
	assert_int_equal(receive(0, 1), ERR_PROTOCOL);
	assert_int_equal(receive(1, 0), ERR_PROTOCOL);
	assert_int_equal(receive(2, 1), ERR_PROTOCOL);
	assert_int_equal(receive(VFS_FOLDERS_MAX, VFS_FOLDERS_MAX - 1), ERR_PROTOCOL);
	assert_int_equal(receive(VFS_FOLDERS_MAX + 1, VFS_FOLDERS_MAX), ERR_LIMIT);
	assert_int_equal(open_descriptors(), before);
}

/* The rules below a root count, and those of another root do not. */
static void
test_rights_of_a_policy(void **state)
{
	const struct rule rules[] = { { "/", PERMISSION_LIST }, { "/in", PERMISSION_UPLOAD },
		{ "/near/in", PERMISSION_DELETE }, { "/deep/er/far", PERMISSION_DOWNLOAD } };
	struct vfs_policy policy = { 0 };

	(void)state;
	folders_policy(&tree, rules, sizeof(rules) / sizeof(rules[0]), &policy);
	assert_int_equal(vfs_policy_rights(&policy, 0),
	    TREE_READ_DIRECTORY | TREE_MAKE_FILE | TREE_WRITE_FILE);
	assert_int_equal(vfs_policy_rights(&policy, 1),
	    TREE_READ_DIRECTORY | TREE_REMOVE_FILE | TREE_REMOVE_DIRECTORY);
	assert_int_equal(vfs_policy_rights(&policy, 2), TREE_READ_FILE);
	vfs_policy_free(&policy);
}

/* With strict renames both halves are needed before any of it is. */
static void
test_strict_renames(void **state)
{
	struct vfs_policy policy = { .strict_rename = true };

	(void)state;
	assert_int_equal(vfs_policy_add(&policy, view_of("/"), PERMISSION_RENAME), 0);
	assert_int_equal(vfs_policy_rights(&policy, 0), 0);
	assert_int_equal(vfs_policy_add(&policy, view_of("/in"), PERMISSION_DELETE), 0);
	assert_int_equal(vfs_policy_rights(&policy, 0), TREE_MAKE_FILE | TREE_MAKE_DIRECTORY |
	    TREE_MAKE_LINK | TREE_REMOVE_FILE | TREE_REMOVE_DIRECTORY | TREE_MOVE);
	vfs_policy_free(&policy);
}

int
main(void)
{
	const struct CMUnitTest derived[] = {
		cmocka_unit_test(test_rights_of_a_policy),
		cmocka_unit_test(test_strict_renames),
		cmocka_unit_test(test_folders_and_policy_agree),
	};
	const struct CMUnitTest by_the_kernel[] = {
		cmocka_unit_test(test_each_permission_in_the_home),
		cmocka_unit_test(test_each_permission_in_a_folder),
		cmocka_unit_test(test_neither_lends_to_the_other),
		cmocka_unit_test(test_atomic_uploads),
	};
	int failed = cmocka_run_group_tests(derived, group_setup, group_teardown);

	/* the first version cannot tell moves apart, and refuses them all */
	if (landlock_abi() >= 2)
		failed += cmocka_run_group_tests(by_the_kernel, group_setup, group_teardown);
	return failed;
}
