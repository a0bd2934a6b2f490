#include "vfs/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NEW_FILE_MODE = 0666 };

/*
 * RESOLVE_IN_ROOT keeps every path below the directory, whatever it says and whatever another
 * process swaps meanwhile. RESOLVE_NO_SYMLINKS is for the policy, not for confinement: the path
 * that was permitted is then the path that is opened. Links are followed in link.c, and the path
 * that they lead to comes back here.
 */
MUST int
resolve_at(int directory_fd, const char *path, int flags, int *fd_out)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) != 0 ? NEW_FILE_MODE : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));
	} while (fd == -1 && errno == EINTR);
	if (fd == -1) {
		*fd_out = -1;
		return errno;
	}
	*fd_out = (int)fd;
	return 0;
}
