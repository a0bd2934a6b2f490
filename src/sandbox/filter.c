#include "sandbox/filter.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	N = 1 << FILTER_NURSERY,
	L = 1 << FILTER_LOGIN,
	W = 1 << FILTER_WRITE,
	R = 1 << FILTER_READ,
	P = 1 << FILTER_PARKING,
	S = 1 << FILTER_SUPERVISOR,
	C = 1 << FILTER_SCAN,
	H = 1 << FILTER_HTTP,
};

enum rule { ANY, DATA, FORK, KILL, FCNTL, PRCTL, OPEN_FD };

struct call {
	int number;
	unsigned roles;
	enum rule rule;
};

static const struct call calls[] = {
#define SANDBOX_CALL(name, roles, rule) { SCMP_SYS(name), roles, rule },
#include "sandbox/calls.def"
#undef SANDBOX_CALL
};

static const int fcntl_commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL,
	F_SETFL };

static const int prctl_options[] = { PR_SET_NAME, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS,
	PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_CAP_AMBIENT };

/* A child of fork(2) and nothing else: clone's low byte is the signal at its end. */
static const unsigned long clone_refused =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT |
    CLONE_THREAD | CLONE_NEWNS | CLONE_SYSVSEM | CLONE_UNTRACED | CLONE_NEWCGROUP | CLONE_NEWUTS |
    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_IO | CLONE_PIDFD;

static struct program {
	struct sock_filter *code;
	unsigned short length;
} programs[FILTERS];

static int
allow_values(scmp_filter_ctx ctx, int number, unsigned argument, const int *values, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 1,
		    SCMP_CMP(argument, SCMP_CMP_EQ, (scmp_datum_t)values[i]));
	return r;
}

static int
allow_call(scmp_filter_ctx ctx, const struct call *call)
{
	switch (call->rule) {
	case ANY: return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->number, 0);
	case DATA:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->number, 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	case FORK:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->number, 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, clone_refused, 0));
	case KILL:
		return seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, call->number, 1, SCMP_A1(SCMP_CMP_EQ, SIGKILL));
	case FCNTL:
		return allow_values(ctx, call->number, 1, fcntl_commands,
		    sizeof(fcntl_commands) / sizeof(fcntl_commands[0]));
	case PRCTL:
		return allow_values(ctx, call->number, 0, prctl_options,
		    sizeof(prctl_options) / sizeof(prctl_options[0]));
	case OPEN_FD:
		return seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, call->number, 1, SCMP_A1(SCMP_CMP_EQ, 0));
	}
	return -EINVAL;
}

#ifdef POSTERN_SANITIZED
/* What the sanitizers' run time calls in our stead; compiled in test builds only. */
static int
allow_sanitizer(scmp_filter_ctx ctx)
{
	static const int extra[] = { SCMP_SYS(sigaltstack), SCMP_SYS(gettid), SCMP_SYS(tgkill),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sched_yield),
		SCMP_SYS(sched_getaffinity), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
		SCMP_SYS(getrusage), SCMP_SYS(prlimit64), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
		SCMP_SYS(openat), SCMP_SYS(lseek), SCMP_SYS(uname), SCMP_SYS(getppid),
		SCMP_SYS(ioctl) };
	int r = 0;

	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, extra[i], 0);
	return r;
}
#else
static int
allow_sanitizer(scmp_filter_ctx ctx)
{
	(void)ctx;
	return 0;
}
#endif

static int
add_rules(scmp_filter_ctx ctx, enum filter filter)
{
	unsigned bit = 1u << filter;
	int r = 0;

	/* A branch of calls is found in logarithmic time; older libraries do without. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && r == 0; i++) {
		if (calls[i].roles & bit)
			r = allow_call(ctx, &calls[i]);
		else if (filter == FILTER_READ && (calls[i].roles & W))
			r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EROFS), calls[i].number, 0);
	}
	return r != 0 ? r : allow_sanitizer(ctx);
}

static int
read_program(int fd, struct program *out)
{
	struct stat st;
	struct sock_filter *code;
	int err;

	if (fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		return ERR_IO;
	if (st.st_size <= 0 || (size_t)st.st_size % sizeof(*code) != 0 ||
	    (size_t)st.st_size / sizeof(*code) > BPF_MAXINSNS)
		return ERR_LIMIT;
	code = malloc((size_t)st.st_size);
	if (code == NULL)
		return ERR_MEMORY;
	err = fd_read_all(fd, code, (size_t)st.st_size);
	if (err != 0) {
		free(code);
		return err;
	}
	out->code = code;
	out->length = (unsigned short)((size_t)st.st_size / sizeof(*code));
	return 0;
}

static int
build(enum filter filter)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int fd = -1, err = ERR_MEMORY;

	if (ctx == NULL)
		return ERR_MEMORY;
	if (add_rules(ctx, filter) != 0)
		goto out;
	err = ERR_IO;
	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(ctx, fd) != 0)
		goto out;
	err = read_program(fd, &programs[filter]);
out:
	fd_close(&fd);
	seccomp_release(ctx);
	return err;
}

int
filter_build(enum filter filter)
{
	return programs[filter].code != NULL ? 0 : build(filter);
}

int
filter_install(enum filter filter)
{
	struct sock_fprog program = { .len = programs[filter].length,
		.filter = programs[filter].code };

	if (program.filter == NULL)
		bug("filter %d was not built", (int)filter);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		return ERR_DENIED;
	return 0;
}
