#include "base/fd.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int
fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int
fd_wait(int fd, short events, uint64_t deadline_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int timeout = -1, ready;

		if (deadline_ms != 0) {
			uint64_t now = clock_mono_ms();

			if (now >= deadline_ms)
				return ERR_TIMEOUT;
			timeout = deadline_ms - now > INT_MAX ? INT_MAX : (int)(deadline_ms - now);
		}
		ready = poll(&p, 1, timeout);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return ERR_IO;
	}
}

int
fd_write_all(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			if (fd_wait(fd, POLLOUT, 0) != 0)
				return ERR_IO;
		} else if (errno != EINTR) {
			return ERR_IO;
		}
	}
	return 0;
}

int
fd_read_all(int fd, void *bytes, size_t n)
{
	uint8_t *p = bytes;

	while (n > 0) {
		ssize_t done = read(fd, p, n);

		if (done > 0) {
			p += done;
			n -= (size_t)done;
		} else if (done == 0) {
			return ERR_EOF;
		} else if (errno == EAGAIN) {
			if (fd_wait(fd, POLLIN, 0) != 0)
				return ERR_IO;
		} else if (errno != EINTR) {
			return ERR_IO;
		}
	}
	return 0;
}

int
fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return ERR_IO;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0 ? 0 : ERR_IO;
}

int
fd_read_file(const char *path, struct buf *out)
{
	struct stat st;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (fstat(fd, &st) != 0) {
		err = ERR_IO;
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err = ERR_FORMAT;
		goto out;
	}
	for (;;) {
		uint8_t chunk[16384];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = ERR_IO;
			break;
		}
		buf_raw(out, chunk, (size_t)n);
		if ((err = buf_error(out)) != 0)
			break;
	}
out:
	fd_close(&fd);
	return err;
}

int
fd_write_file(const char *path, mode_t mode, struct view content)
{
	char *temporary = NULL;
	int fd = -1, err = ERR_IO;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return ERR_MEMORY;
	if ((fd = mkostemp(temporary, O_CLOEXEC)) < 0)
		goto out;
	if (fchmod(fd, mode) == 0 && fd_write_all(fd, content.p, content.n) == 0 &&
	    fsync(fd) == 0 && rename(temporary, path) == 0)
		err = 0;
	else
		unlink(temporary);
out:
	fd_close(&fd);
	free(temporary);
	return err;
}
