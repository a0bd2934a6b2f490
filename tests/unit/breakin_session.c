/*
 * breakin_session.c - what hostile code gets that runs inside a session worker.
 *
 *   breakin_session [-r] ROOT PATH... [-- PID...]
 *
 * Stands where a session stands: forked from a confined nursery, the policy taken from a message,
 * the sandbox entered by the session's own function. Then it tries, one attempt a process, to
 * reach each PATH (files that are not its own) and each PID (processes that are not), and what
 * else code could want. Prints one line an attempt: its name, its target, and "refused", "killed"
 * or "GOT". The exit status is 0 when nothing was got, and when it could do its own work: without
 * that the refusals would prove nothing. -r: the policy lets it read only. Without arguments it
 * makes targets of its own.
 */
#include "base/fd.h"
#include "sandbox/sandbox.h"
#include "worker/session_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct scene {
	const char *root_path;
	const char *path; /* of the attempt; NULL when it is about no file */
	pid_t pid;        /* of the attempt */
	int root_fd;
	bool read_only;
};

/* True: got what was wanted. */
typedef bool attempt_fn(const struct scene *scene);

static bool
opens(int at, const char *path, int flags)
{
	int fd = openat(at, path, flags | O_CLOEXEC, 0600);
	char byte;

	/* an O_PATH descriptor opens nothing: what matters is whether bytes come */
	return fd >= 0 && (!(flags & O_PATH) || read(fd, &byte, 1) >= 0);
}

/* ---- files that are not ours */

static bool
read_it(const struct scene *s)
{
	return opens(AT_FDCWD, s->path, O_RDONLY);
}

static bool
list_it(const struct scene *s)
{
	char directory[4096];

	snprintf(directory, sizeof(directory), "%s/..", s->path);
	return opens(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY) ||
	       opens(AT_FDCWD, s->path, O_RDONLY | O_DIRECTORY);
}

static bool
write_it(const struct scene *s)
{
	return opens(AT_FDCWD, s->path, O_WRONLY) || opens(AT_FDCWD, s->path, O_RDWR | O_TRUNC);
}

static bool
read_it_from_below(const struct scene *s)
{
	char path[4096];

	snprintf(path, sizeof(path), "../../../../../../../..%s", s->path);
	return opens(s->root_fd, path, O_RDONLY);
}

static bool
read_it_through_a_link(const struct scene *s)
{
	(void)unlinkat(s->root_fd, "way-out", 0);
	if (symlinkat(s->path, s->root_fd, "way-out") != 0)
		return false;
	return opens(s->root_fd, "way-out", O_RDONLY);
}

static bool
read_it_by_openat2(const struct scene *s)
{
	struct open_how how = { .flags = O_RDONLY };

	return syscall(SYS_openat2, s->root_fd, s->path, &how, sizeof(how)) >= 0;
}

static bool
reopen_it(const struct scene *s)
{
	char path[64];
	int fd = open(s->path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return opens(AT_FDCWD, path, O_RDONLY) || opens(fd, "", O_PATH);
}

static bool
link_it_in(const struct scene *s)
{
	return linkat(AT_FDCWD, s->path, s->root_fd, "stolen", 0) == 0;
}

static bool
move_it_in(const struct scene *s)
{
	return renameat(AT_FDCWD, s->path, s->root_fd, "stolen") == 0;
}

static bool
overwrite_it(const struct scene *s)
{
	return renameat(s->root_fd, "inside", AT_FDCWD, s->path) == 0;
}

static bool
remove_it(const struct scene *s)
{
	return unlinkat(AT_FDCWD, s->path, 0) == 0 ||
	       unlinkat(AT_FDCWD, s->path, AT_REMOVEDIR) == 0;
}

static bool
put_beside_it(const struct scene *s)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s.planted", s->path);
	return opens(AT_FDCWD, path, O_WRONLY | O_CREAT) || mkdirat(AT_FDCWD, path, 0700) == 0 ||
	       symlinkat("x", AT_FDCWD, path) == 0;
}

static bool
truncate_it(const struct scene *s)
{
	return truncate(s->path, 0) == 0;
}

static bool
change_its_mode(const struct scene *s)
{
	return syscall(SYS_fchmodat, AT_FDCWD, s->path, 0666) == 0;
}

static bool
change_its_owner(const struct scene *s)
{
	return fchownat(AT_FDCWD, s->path, geteuid(), getegid(), 0) == 0;
}

static bool
change_its_times(const struct scene *s)
{
	return utimensat(AT_FDCWD, s->path, NULL, 0) == 0;
}

static bool
change_its_mode_by_descriptor(const struct scene *s)
{
	int fd = open(s->path, O_PATH | O_CLOEXEC);

	return fd >= 0 && (fchmod(fd, 0666) == 0 || futimens(fd, NULL) == 0);
}

/* ---- processes that are not ours */

static bool
signal_it(const struct scene *s)
{
	return kill(s->pid, 0) == 0;
}

static bool
end_it(const struct scene *s)
{
	return kill(s->pid, SIGKILL) == 0;
}

static bool
end_it_by_descriptor(const struct scene *s)
{
	int fd = (int)syscall(SYS_pidfd_open, s->pid, 0);

	return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

static bool
trace_it(const struct scene *s)
{
	return ptrace(PTRACE_ATTACH, s->pid, NULL, NULL) == 0;
}

static bool
read_its_memory(const struct scene *s)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)&opens, 1 };

	return process_vm_readv(s->pid, &here, 1, &there, 1, 0) == 1;
}

static bool
open_in_proc(const struct scene *s, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)s->pid, name);
	return opens(AT_FDCWD, path, flags);
}

static bool
open_its_memory(const struct scene *s)
{
	return open_in_proc(s, "mem", O_RDONLY) || open_in_proc(s, "mem", O_RDWR);
}

static bool
read_its_environment(const struct scene *s)
{
	return open_in_proc(s, "environ", O_RDONLY) || open_in_proc(s, "maps", O_RDONLY);
}

static bool
enter_its_root(const struct scene *s)
{
	return open_in_proc(s, "root/etc/passwd", O_RDONLY) || open_in_proc(s, "cwd", O_RDONLY);
}

/* ---- the network, other programs, the kernel */

static bool
make_a_socket(const struct scene *s)
{
	(void)s;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool
make_a_local_socket(const struct scene *s)
{
	(void)s;
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool
make_a_socket_pair(const struct scene *s)
{
	int pair[2];

	(void)s;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static bool
connect_somewhere(const struct scene *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)s;
	return connect(0, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool
execute(const struct scene *s)
{
	(void)s;
	return execl("/bin/true", "true", (char *)NULL) == 0;
}

static bool
execute_by_descriptor(const struct scene *s)
{
	char *const none[] = { NULL };

	return syscall(SYS_execveat, s->root_fd, "inside", none, none, 0) == 0;
}

static bool
fork_one(const struct scene *s)
{
	(void)s;
	return fork() >= 0;
}

static bool
map_code(const struct scene *s)
{
	(void)s;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool
make_data_code(const struct scene *s)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)s;
	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
make_a_namespace(const struct scene *s)
{
	(void)s;
	return unshare(CLONE_NEWUSER) == 0;
}

static bool
change_its_root(const struct scene *s)
{
	(void)s;
	return chroot("/") == 0;
}

static bool
become_root(const struct scene *s)
{
	(void)s;
	return setresuid(0, 0, 0) == 0;
}

static bool
make_a_ring(const struct scene *s)
{
	char parameters[128] = { 0 };

	(void)s;
	return syscall(SYS_io_uring_setup, 1, parameters) >= 0;
}

static bool
load_a_program(const struct scene *s)
{
	char attributes[128] = { 0 };

	(void)s;
	return syscall(SYS_bpf, 5, attributes, sizeof(attributes)) >= 0;
}

static bool
catch_faults(const struct scene *s)
{
	(void)s;
	return syscall(SYS_userfaultfd, 0) >= 0;
}

static bool
take_a_key(const struct scene *s)
{
	(void)s;
	return syscall(SYS_keyctl, 0, -3, 1) >= 0;
}

static bool
make_a_device(const struct scene *s)
{
	return mknodat(s->root_fd, "device", S_IFIFO | 0600, 0) == 0;
}

static bool
drive_a_terminal(const struct scene *s)
{
	(void)s;
	return syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x") == 0;
}

static bool
loosen_the_filter(const struct scene *s)
{
	(void)s;
	return prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L) == 0;
}

/* ---- a tree that it may only read */

static bool
write_own_file(const struct scene *s)
{
	return opens(s->root_fd, "inside", O_WRONLY);
}

static bool
create_own_file(const struct scene *s)
{
	return opens(s->root_fd, "created", O_WRONLY | O_CREAT) ||
	       mkdirat(s->root_fd, "created", 0700) == 0 ||
	       symlinkat("inside", s->root_fd, "created") == 0;
}

static bool
change_own_file(const struct scene *s)
{
	int fd = openat(s->root_fd, "inside", O_RDONLY | O_CLOEXEC);

	return fd < 0 || fchmod(fd, 0600) == 0 || ftruncate(fd, 0) == 0 ||
	       futimens(fd, NULL) == 0 || unlinkat(s->root_fd, "inside", 0) == 0 ||
	       renameat(s->root_fd, "inside", s->root_fd, "other") == 0;
}

/* ---- the list */

enum about { ABOUT_PATH, ABOUT_PID, ABOUT_NOTHING, ABOUT_READ_ONLY };

static const struct attempt {
	const char *name;
	enum about about;
	attempt_fn *try;
} attempts[] = {
#define ATTEMPT(about, name) { #name, about, name },
	ATTEMPT(ABOUT_PATH, read_it) ATTEMPT(ABOUT_PATH, list_it) ATTEMPT(
	    ABOUT_PATH, write_it) ATTEMPT(ABOUT_PATH, read_it_from_below) ATTEMPT(ABOUT_PATH,
	    read_it_through_a_link) ATTEMPT(ABOUT_PATH, read_it_by_openat2) ATTEMPT(ABOUT_PATH,
	    reopen_it) ATTEMPT(ABOUT_PATH, link_it_in) ATTEMPT(ABOUT_PATH,
	    move_it_in) ATTEMPT(ABOUT_PATH, overwrite_it) ATTEMPT(ABOUT_PATH,
	    remove_it) ATTEMPT(ABOUT_PATH, put_beside_it) ATTEMPT(ABOUT_PATH,
	    truncate_it) ATTEMPT(ABOUT_PATH, change_its_mode) ATTEMPT(ABOUT_PATH,
	    change_its_owner) ATTEMPT(ABOUT_PATH, change_its_times) ATTEMPT(ABOUT_PATH,
	    change_its_mode_by_descriptor) ATTEMPT(ABOUT_PID, signal_it) ATTEMPT(ABOUT_PID, end_it)
	    ATTEMPT(ABOUT_PID, end_it_by_descriptor) ATTEMPT(ABOUT_PID, trace_it) ATTEMPT(
		ABOUT_PID, read_its_memory) ATTEMPT(ABOUT_PID, open_its_memory) ATTEMPT(ABOUT_PID,
		read_its_environment) ATTEMPT(ABOUT_PID, enter_its_root) ATTEMPT(ABOUT_NOTHING,
		make_a_socket) ATTEMPT(ABOUT_NOTHING, make_a_local_socket) ATTEMPT(ABOUT_NOTHING,
		make_a_socket_pair) ATTEMPT(ABOUT_NOTHING, connect_somewhere) ATTEMPT(ABOUT_NOTHING,
		execute) ATTEMPT(ABOUT_NOTHING, execute_by_descriptor) ATTEMPT(ABOUT_NOTHING,
		fork_one) ATTEMPT(ABOUT_NOTHING, map_code) ATTEMPT(ABOUT_NOTHING, make_data_code)
		ATTEMPT(ABOUT_NOTHING, make_a_namespace) ATTEMPT(ABOUT_NOTHING, change_its_root)
		    ATTEMPT(ABOUT_NOTHING, become_root) ATTEMPT(ABOUT_NOTHING, make_a_ring)
			ATTEMPT(ABOUT_NOTHING, load_a_program) ATTEMPT(ABOUT_NOTHING, catch_faults)
			    ATTEMPT(ABOUT_NOTHING, take_a_key) ATTEMPT(ABOUT_NOTHING, make_a_device)
				ATTEMPT(ABOUT_NOTHING, drive_a_terminal) ATTEMPT(ABOUT_NOTHING,
				    loosen_the_filter) ATTEMPT(ABOUT_READ_ONLY, write_own_file)
				    ATTEMPT(ABOUT_READ_ONLY, create_own_file)
					ATTEMPT(ABOUT_READ_ONLY, change_own_file)
#undef ATTEMPT
};

/* ---- where a session stands */

enum { OUTCOME_GOT = 0, OUTCOME_REFUSED = 1, OUTCOME_NOT_ENTERED = 2, SIGNALLED = 100 };

static int
send_policy(int fd, const struct scene *s)
{
	struct vfs_policy policy = { 0 };
	struct buf encoded = buf_init(IPC_BYTES_MAX), message = buf_init(IPC_BYTES_MAX);
	uint32_t permissions =
	    s->read_only ? PERMISSION_LIST | PERMISSION_DOWNLOAD : PERMISSION_ALL;
	int err = vfs_policy_add(&policy, view_of("/"), permissions);

	vfs_policy_encode(&encoded, &policy);
	ipc_encode_session_policy(
	    &message, &(struct ipc_session_policy){ .username = view_of("mallory"),
			  .connection_id = view_of("0"),
			  .root_path = view_of(s->root_path),
			  .umask = 022,
			  .policy = buf_view(&encoded) });
	if (err == 0)
		err = ipc_send(fd, &message, &s->root_fd, 1, false);
	vfs_policy_free(&policy);
	buf_free(&encoded);
	buf_free(&message);
	return err;
}

/* As session.c enters: the policy from the master's message, by the session's own function. */
static int
enter_session(int ipc_fd)
{
	struct session_policy policy;
	struct master_link link;

	master_link_init(&link, ipc_fd, PHASE_START);
	return session_policy_receive(&link, 0, &policy);
}

/* What an ordinary session does all day must still work. */
static bool
own_work(const struct scene *s)
{
	char byte = 'x';
	const struct iovec piece = { &byte, 1 };
	int fd;

	if (!opens(s->root_fd, "inside", O_RDONLY) ||
	    !opens(s->root_fd, ".", O_RDONLY | O_DIRECTORY))
		return false;
	if (s->read_only)
		return true;
	fd = openat(s->root_fd, "own", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && pwritev(fd, &piece, 1, 0) == 1 && fchmod(fd, 0640) == 0 &&
	       renameat(s->root_fd, "own", s->root_fd, "sub/own") == 0 &&
	       unlinkat(s->root_fd, "sub/own", 0) == 0;
}

/* In the nursery: the exit status of the session in it, or SIGNALLED and its signal. */
static int
session_in_nursery(const struct scene *s, attempt_fn *try)
{
	struct sandbox_rules rules = { 0 };
	int pair[2], status = -1;
	pid_t pid;

	if (ipc_pair(pair) != 0 || send_policy(pair[0], s) != 0 ||
	    sandbox_enter(SANDBOX_NURSERY, &rules) != 0)
		return OUTCOME_NOT_ENTERED;
	pid = fork();
	if (pid == 0) {
		if (enter_session(pair[1]) != 0)
			_exit(OUTCOME_NOT_ENTERED);
		_exit(try(s) ? OUTCOME_GOT : OUTCOME_REFUSED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return OUTCOME_NOT_ENTERED;
	return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static int
outcome_of(const struct scene *s, attempt_fn *try)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(session_in_nursery(s, try));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return OUTCOME_NOT_ENTERED;
	return WEXITSTATUS(status);
}

static bool
report(const char *name, const char *target, int outcome)
{
	const char *text = outcome == SIGNALLED + SIGSYS ? "killed"
			   : outcome == OUTCOME_REFUSED  ? "refused"
			   : outcome == OUTCOME_GOT      ? "GOT"
							 : "BROKEN";

	printf("%-30s %-8s %s\n", name, text, target);
	return outcome == SIGNALLED + SIGSYS || outcome == OUTCOME_REFUSED;
}

static bool
try_all(struct scene *s, enum about about, const char *target)
{
	bool held = true;

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (attempts[i].about == about)
			held = report(attempts[i].name, target, outcome_of(s, attempts[i].try)) &&
			       held;
	}
	return held;
}

static int
run(struct scene *s, char **targets, int count)
{
	bool held = true, pids = false;
	int outcome;

	setvbuf(stdout, NULL, _IOLBF, 0);
	s->root_fd = open(s->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->root_fd < 0) {
		perror(s->root_path);
		return 2;
	}
	outcome = outcome_of(s, own_work);
	if (outcome != OUTCOME_GOT) {
		printf("its own work failed: %d\n", outcome);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		if (strcmp(targets[i], "--") == 0) {
			pids = true;
			continue;
		}
		s->path = pids ? NULL : targets[i];
		s->pid = pids ? (pid_t)atoi(targets[i]) : 0;
		held = try_all(s, pids ? ABOUT_PID : ABOUT_PATH, targets[i]) && held;
	}
	held = try_all(s, ABOUT_NOTHING, "") && held;
	if (s->read_only)
		held = try_all(s, ABOUT_READ_ONLY, "") && held;
	return held ? 0 : 1;
}

/* ---- targets of its own */

static void
touch(const char *directory, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "x", 1) != 1)
		perror(path);
	fd_close(&fd);
}

static int
run_alone(void)
{
	char top[] = "/tmp/postern-breakin-XXXXXX", own[64], other[64], secret[96], pid[16];
	char separator[] = "--", command[96];
	char *targets[] = { secret, separator, pid };
	struct scene s = { .root_path = own };
	int status;

	if (mkdtemp(top) == NULL)
		return 2;
	snprintf(own, sizeof(own), "%s/own", top);
	snprintf(other, sizeof(other), "%s/other", top);
	snprintf(secret, sizeof(secret), "%s/secret", other);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (mkdir(own, 0700) != 0 || mkdir(other, 0700) != 0)
		return 2;
	touch(own, "inside");
	touch(other, "secret");
	snprintf(command, sizeof(command), "%s/sub", own);
	if (mkdir(command, 0700) != 0)
		return 2;
	status = run(&s, targets, 3);
	s.read_only = true;
	if (status == 0)
		status = run(&s, targets, 3);
	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command) == 0 ? status : 2;
}

int
main(int argc, char **argv)
{
	struct scene s = { .read_only = argc > 1 && strcmp(argv[1], "-r") == 0 };
	int first = s.read_only ? 2 : 1;

	if (sandbox_prepare() != 0)
		return 2;
	if (argc == 1)
		return run_alone();
	if (argc <= first)
		return 2;
	s.root_path = argv[first];
	return run(&s, argv + first + 1, argc - first - 1);
}
