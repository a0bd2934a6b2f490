/*
 * fd.h - descriptors: full reads and writes, and closing without losing track.
 *
 * A descriptor variable holds -1 when it holds none. Every descriptor is opened O_CLOEXEC.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

/* Closes *fd unless it is -1, and sets it to -1. errno stays as it was. */
void fd_close(int *fd);
/* Gives the descriptor away: returns *fd and sets it to -1. */
int fd_take(int *fd);
/* Writes all n bytes, waiting where the descriptor does not block. 0 or ERR_IO. */
MUST int fd_write_all(int fd, const void *bytes, size_t n);
/* Reads exactly n bytes. 0, ERR_EOF or ERR_IO. */
MUST int fd_read_all(int fd, void *bytes, size_t n);
/* 0 or ERR_IO. */
MUST int fd_set_nonblock(int fd, bool on);
/*
 * Waits for poll events (POLLIN, POLLOUT) until a deadline on the monotonic clock; deadline_ms 0
 * waits without end. 0 when ready, ERR_TIMEOUT or ERR_IO.
 */
MUST int fd_wait(int fd, short events, uint64_t deadline_ms);
/*
 * Reads a whole regular file into the buffer; at most buf->max bytes, else ERR_LIMIT. Opened
 * without blocking and without following the last component to anything but a regular file:
 * a FIFO or a device is ERR_FORMAT, a missing file ERR_NOT_FOUND, anything else ERR_IO.
 */
MUST int fd_read_file(const char *path, struct buf *out);
/*
 * Writes a file so that a crash leaves the old content or the new: a temporary file beside it,
 * fsync, rename. 0 or ERR_IO.
 */
MUST int fd_write_file(const char *path, mode_t mode, struct view content);

#endif
