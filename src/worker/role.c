#include "worker/role.h"

#include "base/process_title.h"
#include "worker/worker.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int
role_begin(int argc, char **argv, const char *title)
{
	process_title_init(argc, argv);
	process_title_set(title, NULL);
	(void)setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L) != 0 ||
	    close_range(WORKER_IPC_FD + 1, ~0u, 0) != 0)
		return ERR_IO;
	return 0;
}

int
role_hold_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	/* a full pipe is an error, not an end */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_SETMASK, &all, NULL) != 0)
		return ERR_IO;
	return 0;
}

void
role_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}
