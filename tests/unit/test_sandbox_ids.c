/* Ids, capabilities and limits, read back from the kernel and not from the code that set them. */
#include "sandbox_support.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { USER = 54321, GROUP = 54322 };

/* The value of a line of /proc/<pid>/status, without blanks around it; "" when there is none. */
static void
status_line(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64], line[512];
	FILE *file;

	*out = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		size_t n = strlen(name);

		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		snprintf(out, size, "%s", line + n + 1 + strspn(line + n + 1, " \t"));
		for (n = strlen(out); n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '); n--)
			out[n - 1] = '\0';
	}
	fclose(file);
}

static uint64_t
status_bits(pid_t pid, const char *name)
{
	char value[256];

	status_line(pid, name, value, sizeof(value));
	return strtoull(value, NULL, 16);
}

static void
assert_status(pid_t pid, const char *name, const char *expected)
{
	char value[256];

	status_line(pid, name, value, sizeof(value));
	assert_string_equal(value, expected);
}

/* A child that stands where `body` left it until it is let go. */
struct standing {
	pid_t pid;
	int to, from; /* pipes */
};

static struct standing
stand(int (*body)(void *), void *ctx)
{
	struct standing s;
	int to[2], from[2];
	char result;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	s = (struct standing){ .pid = fork(), .to = to[1], .from = from[0] };
	assert_true(s.pid >= 0);
	if (s.pid == 0) {
		close(to[1]);
		result = (char)body(ctx);
		(void)!write(from[1], &result, 1);
		(void)!read(to[0], &result, 1);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	assert_int_equal(read(s.from, &result, 1), 1);
	assert_int_equal(result, 0);
	return s;
}

static void
let_go(struct standing *s)
{
	int status;

	close(s->to);
	close(s->from);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
}

static int
enter_role(void *ctx)
{
	struct sandbox_tree tree = { open("/tmp", O_PATH | O_CLOEXEC), TREE_ALL };
	struct sandbox_rules rules = { .trees = &tree, .tree_count = 1 };

	return sandbox_enter(*(enum sandbox_role *)ctx, &rules);
}

static rlim_t
limit_of(pid_t pid, __rlimit_resource_t resource)
{
	struct rlimit limit;

	assert_int_equal(prlimit(pid, resource, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
	return limit.rlim_max;
}

static void
check_role(enum sandbox_role role)
{
	struct standing s = stand(enter_role, &role);

	assert_status(s.pid, "NoNewPrivs", "1");
	assert_status(s.pid, "Seccomp", "2");
	assert_int_equal(status_bits(s.pid, "CapInh"), 0);
	assert_int_equal(status_bits(s.pid, "CapAmb"), 0);
	if (role != SANDBOX_NURSERY) {
		assert_int_equal(status_bits(s.pid, "CapPrm"), 0);
		assert_int_equal(status_bits(s.pid, "CapEff"), 0);
	}
	assert_int_equal(limit_of(s.pid, RLIMIT_CORE), 0);
	if (role != SANDBOX_NURSERY && !sanitized)
		assert_int_equal(limit_of(s.pid, RLIMIT_NPROC), 0);
	if (role == SANDBOX_LOGIN && !sanitized)
		assert_int_equal(limit_of(s.pid, RLIMIT_FSIZE), 0);
	let_go(&s);
}

static void
test_roles(void **state)
{
	(void)state;
	check_role(SANDBOX_NURSERY);
	check_role(SANDBOX_LOGIN);
	check_role(SANDBOX_SESSION);
	check_role(SANDBOX_STDIO);
}

/* One descriptor over the socket; the errno when it does not go. */
static int
pass_descriptor(int socket_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &socket_fd, sizeof(socket_fd));
	return errno_of(sendmsg(socket_fd, &msg, MSG_NOSIGNAL));
}

static int
pass_one(void *ctx)
{
	return pass_descriptor(*(int *)ctx);
}

/* A login worker can hand over while many other descriptors of the same user are under way. */
static void
test_login_hands_over_when_busy(void **state)
{
	enum { UNDER_WAY = 100 };
	int pair[2], status;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < UNDER_WAY; i++)
		assert_int_equal(pass_descriptor(pair[0]), 0);
	status = run_in_role(SANDBOX_LOGIN, -1, false, pass_one, &pair[0]);
	assert_int_equal(status, 0);
	close(pair[0]);
	close(pair[1]);
}

static void
test_nursery_keeps_ids(void **state)
{
	enum sandbox_role role = SANDBOX_NURSERY;
	uint64_t ids = 1ull << CAP_SETUID | 1ull << CAP_SETGID;
	struct standing s;

	(void)state;
	if (geteuid() != 0)
		skip();
	s = stand(enter_role, &role);
	assert_int_equal(status_bits(s.pid, "CapPrm"), ids);
	assert_int_equal(status_bits(s.pid, "CapBnd") & ~ids, 0);
	let_go(&s);
}

static int
enter_master(void *ctx)
{
	(void)ctx;
	return sandbox_enter(SANDBOX_MASTER, &(struct sandbox_rules){ 0 });
}

static void
test_master(void **state)
{
	struct standing s = stand(enter_master, NULL);

	(void)state;
	assert_status(s.pid, "NoNewPrivs", "1");
	assert_status(s.pid, "Seccomp", "0");
	assert_int_equal(limit_of(s.pid, RLIMIT_CORE), 0);
	let_go(&s);
}

static int
set_ids(void *ctx)
{
	(void)ctx;
	/* groups that must not survive */
	if (setgroups(3, (gid_t[]){ 0, 4, 27 }) != 0)
		return 1;
	return sandbox_set_ids(USER, GROUP);
}

static void
test_set_ids(void **state)
{
	struct standing s;

	(void)state;
	if (geteuid() != 0)
		skip();
	s = stand(set_ids, NULL);
	assert_status(s.pid, "Uid", "54321\t54321\t54321\t54321");
	assert_status(s.pid, "Gid", "54322\t54322\t54322\t54322");
	assert_status(s.pid, "Groups", "");
	assert_int_equal(status_bits(s.pid, "CapInh"), 0);
	assert_int_equal(status_bits(s.pid, "CapPrm"), 0);
	assert_int_equal(status_bits(s.pid, "CapEff"), 0);
	assert_int_equal(status_bits(s.pid, "CapAmb"), 0);
	let_go(&s);
}

static void
test_ids_that_are_none(void **state)
{
	(void)state;
	assert_int_equal(sandbox_set_ids(0, GROUP), ERR_INVALID);
	assert_int_equal(sandbox_set_ids(USER, 0), ERR_INVALID);
	assert_int_equal(sandbox_set_ids((uid_t)-1, GROUP), ERR_INVALID);
	assert_int_equal(sandbox_set_ids(USER, (gid_t)-1), ERR_INVALID);
}

static int
set_ids_without_right(void *ctx)
{
	(void)ctx;
	if (geteuid() == 0 &&
	    (setresgid(USER, USER, USER) != 0 || setresuid(USER, USER, USER) != 0))
		return 1;
	return sandbox_set_ids(GROUP, GROUP) == ERR_DENIED ? 0 : 1;
}

static void
test_ids_without_right(void **state)
{
	struct standing s = stand(set_ids_without_right, NULL);

	(void)state;
	let_go(&s);
}

/* ---- a master started as root */

static const unsigned keep_all =
    SANDBOX_CAPABILITY_SETUID | SANDBOX_CAPABILITY_SETGID | SANDBOX_CAPABILITY_CHOWN;
static const uint64_t kept_bits = 1ull << CAP_SETUID | 1ull << CAP_SETGID | 1ull << CAP_CHOWN;

static int
drop_root(void *ctx)
{
	return sandbox_drop_root("nobody", *(unsigned *)ctx);
}

static void
test_drop_root(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	unsigned keep = keep_all;
	char ids[64];
	struct standing s;

	(void)state;
	if (geteuid() != 0 || nobody == NULL)
		skip();
	s = stand(drop_root, &keep);
	snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", nobody->pw_uid, nobody->pw_uid, nobody->pw_uid,
	    nobody->pw_uid);
	assert_status(s.pid, "Uid", ids);
	assert_int_equal(status_bits(s.pid, "CapPrm"), kept_bits);
	assert_int_equal(status_bits(s.pid, "CapEff"), kept_bits);
	assert_int_equal(status_bits(s.pid, "CapBnd"), kept_bits);
	assert_int_equal(status_bits(s.pid, "CapAmb"), 0);
	let_go(&s);
	keep = 0;
	s = stand(drop_root, &keep);
	assert_int_equal(status_bits(s.pid, "CapPrm"), 0);
	assert_int_equal(status_bits(s.pid, "CapBnd"), 0);
	let_go(&s);
}

static int
drop_to(void *ctx)
{
	return sandbox_drop_root(ctx, 0);
}

static void
test_drop_to_nobody_there(void **state)
{
	char root[] = "root", missing[] = "no-such-user-here";

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(drop_to(root), ERR_INVALID);
	assert_int_equal(drop_to(missing), ERR_NOT_FOUND);
}

/* Capabilities of a program that the dropped master executes. */
static uint64_t
executed_with(bool first, bool last)
{
	char line[256] = "";
	int out[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_drop_root("nobody", keep_all) != 0 ||
		    sandbox_pass_capabilities(first) != 0 || sandbox_pass_capabilities(last) != 0 ||
		    dup2(out[1], 1) != 1)
			_exit(1);
		execl("/bin/grep", "grep", "CapEff", "/proc/self/status", (char *)NULL);
		_exit(1);
	}
	close(out[1]);
	n = read(out[0], line, sizeof(line) - 1);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(n > 8);
	return strtoull(line + strlen("CapEff:"), NULL, 16);
}

static void
test_pass_capabilities(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(executed_with(false, false), 0);
	assert_int_equal(executed_with(true, true), kept_bits);
	assert_int_equal(executed_with(true, false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_login_hands_over_when_busy),
		cmocka_unit_test(test_nursery_keeps_ids),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_set_ids),
		cmocka_unit_test(test_ids_that_are_none),
		cmocka_unit_test(test_ids_without_right),
		cmocka_unit_test(test_drop_root),
		cmocka_unit_test(test_drop_to_nobody_there),
		cmocka_unit_test(test_pass_capabilities),
	};

	assert_int_equal(sandbox_prepare(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
