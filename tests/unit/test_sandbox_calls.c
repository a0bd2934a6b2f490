/* Every system call there is, in every role: what has no row in calls.def ends the process. */
#include "sandbox_support.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { N = 1, L = 2, W = 4, R = 8, P = 16, S = 32, C = 64, H = 128 };
enum rule { ANY, DATA, FORK, KILL, FCNTL, PRCTL, OPEN_FD };

static const struct row {
	int number;
	unsigned roles;
	enum rule rule;
} rows[] = {
#define SANDBOX_CALL(name, roles, rule) { SCMP_SYS(name), roles, rule },
#include "sandbox/calls.def"
#undef SANDBOX_CALL
};

/* Above every number that a kernel of today gives; numbers that no kernel has are killed too. */
enum { CALL_LAST = 470 };

struct role_case {
	unsigned bit;
	enum sandbox_role role;
	bool read_only;
};

static const struct role_case login = { L, SANDBOX_LOGIN, false };
static const struct role_case parking = { P, SANDBOX_PARKING, false };
static const struct role_case http = { H, SANDBOX_HTTP, false };
static const struct role_case supervisor = { S, SANDBOX_SUPERVISOR, false };
static const struct role_case scan = { C, SANDBOX_SCAN, true };
static const struct role_case nursery = { N, SANDBOX_NURSERY, false };
static const struct role_case session = { W, SANDBOX_SESSION, false };
static const struct role_case session_read = { R, SANDBOX_SESSION, true };
static const struct role_case stdio = { W, SANDBOX_STDIO, false };

static const struct row *
row_of(int number)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].number == number)
			return &rows[i];
	}
	return NULL;
}

/* Calls that the sanitizers' run time is allowed in test builds. */
static bool
is_sanitizers(int number)
{
	static const int extra[] = { SYS_sigaltstack, SYS_gettid, SYS_tgkill, SYS_rt_sigprocmask,
		SYS_rt_sigaction, SYS_sched_yield, SYS_sched_getaffinity, SYS_readlink,
		SYS_readlinkat, SYS_getrusage, SYS_prlimit64, SYS_fstat, SYS_newfstatat, SYS_openat,
		SYS_lseek, SYS_uname, SYS_getppid, SYS_ioctl };

	for (size_t i = 0; sanitized && i < sizeof(extra) / sizeof(extra[0]); i++) {
		if (extra[i] == number)
			return true;
	}
	return false;
}

struct call {
	long number;
	unsigned long arguments[6];
};

static int
make_call(void *ctx)
{
	const struct call *c = ctx;
	const unsigned long *a = c->arguments;

	return errno_of(syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static int
status_of(const struct role_case *r, struct call call)
{
	int root = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int status = run_in_role(r->role, root, r->read_only, make_call, &call);

	close(root);
	return status;
}

/* uretprobe(2) and uprobe(2): the kernel's own trampolines, which no filter is asked about. */
static bool
is_trampoline(int number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return false;
#endif
}

static void
check_every_call(const struct role_case *r)
{
	for (int number = 0; number <= CALL_LAST; number++) {
		const struct row *row = row_of(number);
		int status;

		if ((row != NULL && (row->roles & r->bit)) || is_sanitizers(number) ||
		    is_trampoline(number))
			continue;
		status = status_of(r, (struct call){ .number = number });
		if (r->bit == R && row != NULL && (row->roles & W)) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), EROFS);
		} else if (!was_forbidden(status)) {
			fail_msg("call %d ended with status %#x", number, status);
		}
	}
}

static void
test_login(void **state)
{
	size_t count = 0;

	(void)state;
	check_every_call(&login);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		count += (rows[i].roles & L) != 0;
	assert_in_range(count, 1, 25);
}

static void
test_scan(void **state)
{
	(void)state;
	check_every_call(&scan);
}

static void
test_parking(void **state)
{
	size_t count = 0;

	(void)state;
	check_every_call(&parking);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		count += (rows[i].roles & P) != 0;
	assert_in_range(count, 1, 25);
}

static void
test_http(void **state)
{
	size_t count = 0;

	(void)state;
	check_every_call(&http);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		count += (rows[i].roles & H) != 0;
	assert_in_range(count, 1, 27);
}

static void
test_supervisor(void **state)
{
	size_t count = 0;

	(void)state;
	check_every_call(&supervisor);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		count += (rows[i].roles & S) != 0;
	assert_in_range(count, 1, 25);
}

static void
test_nursery(void **state)
{
	(void)state;
	check_every_call(&nursery);
}

static void
test_session(void **state)
{
	(void)state;
	check_every_call(&session);
	check_every_call(&session_read);
}

static void
test_stdio(void **state)
{
	(void)state;
	check_every_call(&stdio);
}

/* What no confined process may ever do has no row at all. */
static void
test_families(void **state)
{
	static const int never[] = { SYS_execve, SYS_execveat, SYS_socket, SYS_socketpair,
		SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_ptrace, SYS_process_vm_readv,
		SYS_process_vm_writev, SYS_bpf, SYS_io_uring_setup, SYS_io_uring_enter,
		SYS_userfaultfd, SYS_unshare, SYS_setns, SYS_mount, SYS_pivot_root, SYS_chroot,
		SYS_keyctl, SYS_add_key, SYS_truncate, SYS_ioctl, SYS_tgkill, SYS_tkill,
		SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_open_by_handle_at,
		SYS_fchmodat, SYS_fchownat, SYS_mknodat, SYS_setxattr, SYS_perf_event_open,
		SYS_init_module, SYS_clone3, SYS_memfd_create, SYS_shmget, SYS_personality };

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_null(row_of(never[i]));
	/* only who has been given a listener, which nobody else can make or be sent */
	assert_int_equal(row_of(SYS_accept4)->roles, H);
}

static void
assert_forbidden(const struct role_case *r, struct call call)
{
	assert_true(was_forbidden(status_of(r, call)));
}

static void
assert_errno(const struct role_case *r, struct call call, int error)
{
	int status = status_of(r, call);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), error);
}

static void
test_arguments(void **state)
{
	static const struct role_case *const all[] = { &login, &nursery, &session, &session_read };
	unsigned long anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_errno(all[i],
		    (struct call){ SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, anonymous, -1ul } },
		    0);
		assert_forbidden(all[i],
		    (struct call){ SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, anonymous, -1ul } });
		assert_forbidden(all[i], (struct call){ SYS_mprotect, { 0, 4096, PROT_EXEC } });
		assert_forbidden(all[i], (struct call){ SYS_read | 0x40000000, { 0 } });
	}
	assert_forbidden(&nursery, (struct call){ SYS_clone, { CLONE_NEWUSER | SIGCHLD } });
	assert_forbidden(&nursery, (struct call){ SYS_clone, { CLONE_VM | CLONE_THREAD } });
	assert_forbidden(&nursery, (struct call){ SYS_kill, { 1, SIGTERM } });
	assert_forbidden(&nursery, (struct call){ SYS_kill, { 1, 0 } });
	assert_forbidden(&supervisor, (struct call){ SYS_kill, { 1, SIGTERM } });
	assert_forbidden(&nursery, (struct call){ SYS_prctl, { PR_SET_MM } });
	assert_forbidden(&nursery, (struct call){ SYS_prctl, { PR_SET_SECCOMP } });
	assert_errno(&session, (struct call){ SYS_fcntl, { 0, F_GETFD } }, 0);
	assert_forbidden(&session, (struct call){ SYS_fcntl, { 0, F_SETOWN, 1 } });
	assert_forbidden(&session, (struct call){ SYS_fcntl, { 0, F_SETLEASE, 1 } });
	assert_forbidden(&session, (struct call){ SYS_fcntl, { 0, F_SETLKW } });
	assert_errno(&session, (struct call){ SYS_utimensat, { -1ul, 0, 0, 0 } }, EBADF);
	assert_forbidden(&session, (struct call){ SYS_utimensat, { -1ul, 4096, 0, 0 } });
}

#ifdef __x86_64__
static int
call_of_i386(void *ctx)
{
	long result;

	(void)ctx;
	/* getpid(2) by the numbers of another architecture */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? 1 : 0;
}

static void
test_other_architecture(void **state)
{
	(void)state;
	assert_true(WIFSIGNALED(run_in_role(SANDBOX_LOGIN, -1, false, call_of_i386, NULL)));
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_parking),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_supervisor),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_nursery),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_stdio),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_arguments),
#ifdef __x86_64__
		cmocka_unit_test(test_other_architecture),
#endif
	};

	assert_int_equal(sandbox_prepare(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
