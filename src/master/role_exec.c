#include "master/role_exec.h"

#include "base/fd.h"
#include "base/process_title.h"
#include "ipc/ipc.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { ROLE_FD = 3 };

/* What the child does between fork and exec: async-signal-safe calls only. */
static _Noreturn void
become(const char *role, bool forks_workers, int fd)
{
	static char name[] = "postern", room[] = PROCESS_TITLE_ROOM;
	/* so that no worker looks symbols up, and none does it in a library that is gone */
	static char bind[] = "LD_BIND_NOW=1";
	char *const argv[] = { name, (char *)role, room, NULL };
	char *const envp[] = { forks_workers ? bind : NULL, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if ((forks_workers && sandbox_pass_capabilities(true) != 0) || dup2(fd, ROLE_FD) < 0)
		_exit(127);
	/* this is the file that runs now, also after an upgrade replaced it on disk */
	execve("/proc/self/exe", argv, envp);
	_exit(127);
}

int
role_exec(const char *role, bool forks_workers, pid_t *pid_out, int *fd_out)
{
	int pair[2] = { -1, -1 }, high = -1, error;
	pid_t pid = -1;

	if (ipc_pair(pair) == 0 &&
	    (high = fcntl(pair[1], F_DUPFD_CLOEXEC, ROLE_FD + 1)) >= 0)
		pid = fork();
	if (pid == 0)
		become(role, forks_workers, high);
	error = errno;
	fd_close(&pair[1]);
	fd_close(&high);
	if (pid < 0) {
		fd_close(&pair[0]);
		errno = error;
		return ERR_IO;
	}
	*pid_out = pid;
	*fd_out = pair[0];
	return 0;
}
