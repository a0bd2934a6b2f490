/* Moving bytes: reading, writing and copying open files. */
#include "vfs/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BUFFER_BYTES = 256 * 1024 };

/* What copy_file_range(2) is asked for at once: large, and a multiple of every block size. */
static const size_t copy_range_max = 1U << 30;

/* Where a transfer is in its pieces. */
struct cursor {
	const struct iovec *iov;
	int count;
	size_t skip; /* bytes of the first piece that are done */
};

static void
cursor_skip_empty(struct cursor *cursor)
{
	while (cursor->count > 0 && cursor->skip >= cursor->iov->iov_len) {
		cursor->skip -= cursor->iov->iov_len;
		cursor->iov++;
		cursor->count--;
	}
}

static int
total_bytes(const struct iovec *iov, int count, uint64_t *total_out)
{
	*total_out = 0;
	for (int i = 0; i < count; i++) {
		if (__builtin_add_overflow(*total_out, iov[i].iov_len, total_out))
			return EINVAL;
	}
	return 0;
}

static int
check_range(uint64_t offset, uint64_t bytes)
{
	return offset > INT64_MAX || bytes > INT64_MAX - offset ? EINVAL : 0;
}

MUST int
file_may_read(const struct vfs_file *file, uint64_t offset, uint64_t bytes)
{
	if ((file->flags & VFS_READ) == 0)
		return EBADF;
	return check_range(offset, bytes);
}

MUST int
file_may_write(const struct vfs_file *file, uint64_t offset, uint64_t bytes)
{
	int err;

	if ((file->flags & VFS_WRITE) == 0)
		return EBADF;
	if (offset < file->upload.write_from)
		return EINVAL;
	err = check_range(offset, bytes);
	if (err == 0 && offset + bytes > file->upload.size)
		err = upload_may_grow(file->vfs, offset + bytes);
	if (err == 0 && bytes > 0)
		err = charge_grow(file->charge, offset + bytes);
	return err;
}

/* preadv(2) or pwritev(2). */
typedef ssize_t (*transfer_call)(int fd, const struct iovec *iov, int iov_count, off_t offset);

/* One system call's worth; after a short result the rest of a piece goes alone. */
static inline ssize_t
transfer_some(transfer_call call, int fd, const struct cursor *at, off_t offset)
{
	struct iovec rest;

	if (at->skip == 0)
		return call(fd, at->iov, at->count > IOV_MAX ? IOV_MAX : at->count, offset);
	rest.iov_base = (uint8_t *)at->iov->iov_base + at->skip;
	rest.iov_len = at->iov->iov_len - at->skip;
	return call(fd, &rest, 1, offset);
}

/* All of it, but for what is behind a call that moves nothing. */
static inline int
transfer_all(transfer_call call, int fd, struct cursor at, uint64_t total, uint64_t offset,
	size_t *done_out)
{
	while (*done_out < total) {
		ssize_t n;

		cursor_skip_empty(&at);
		n = transfer_some(call, fd, &at, (off_t)(offset + *done_out));
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		*done_out += (size_t)n;
		at.skip += (size_t)n;
	}
	return 0;
}

MUST int
vfs_read(struct vfs_file *file, const struct iovec *iov, int iov_count, uint64_t offset,
	size_t *done_out)
{
	uint64_t total;
	int err = total_bytes(iov, iov_count, &total);

	*done_out = 0;
	if (err == 0)
		err = file_may_read(file, offset, total);
	if (err == 0)
		err = transfer_all(preadv, file->fd, (struct cursor){ iov, iov_count, 0 }, total,
		    offset, done_out);
	return err;
}

MUST int
vfs_write(struct vfs_file *file, const struct iovec *iov, int iov_count, uint64_t offset,
	size_t *done_out)
{
	uint64_t total;
	int err = total_bytes(iov, iov_count, &total);

	*done_out = 0;
	if (err == 0)
		err = file_may_write(file, offset, total);
	if (err == 0)
		err = transfer_all(pwritev, file->fd, (struct cursor){ iov, iov_count, 0 }, total,
		    offset, done_out);
	if (err == 0 && *done_out < total)
		err = EIO;
	upload_wrote(&file->upload, offset, *done_out, err);
	return err;
}

struct copy {
	struct vfs_file *from, *to;
	uint64_t from_offset, to_offset;
	uint64_t left, done;
};

static void
copy_advance(struct copy *copy, uint64_t bytes)
{
	copy->from_offset += bytes;
	copy->to_offset += bytes;
	copy->left -= bytes;
	copy->done += bytes;
}

/* In the kernel, which may share the blocks; *by_hand_out when it cannot for these files. */
static int
copy_in_kernel(struct copy *copy, bool *by_hand_out)
{
	*by_hand_out = false;
	while (copy->left > 0) {
		off_t from = (off_t)copy->from_offset, to = (off_t)copy->to_offset;
		size_t wanted = copy->left < copy_range_max ? (size_t)copy->left : copy_range_max;
		ssize_t n = copy_file_range(copy->from->fd, &from, copy->to->fd, &to, wanted, 0);

		if (n > 0) {
			copy_advance(copy, (uint64_t)n);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		/* 0 is the end, or a file system that says 0 instead of "cannot". */
		*by_hand_out = n == 0 || errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
		    errno == EOPNOTSUPP || errno == EPERM;
		return *by_hand_out ? 0 : errno;
	}
	return 0;
}

static int
copy_by_hand(struct copy *copy)
{
	uint8_t *bytes = malloc(COPY_BUFFER_BYTES);
	int err = bytes == NULL ? ENOMEM : 0;

	while (err == 0 && copy->left > 0) {
		struct iovec piece = { bytes, COPY_BUFFER_BYTES };
		size_t got, put;

		if (copy->left < COPY_BUFFER_BYTES)
			piece.iov_len = (size_t)copy->left;
		err = vfs_read(copy->from, &piece, 1, copy->from_offset, &got);
		if (err != 0 || got == 0)
			break;
		piece.iov_len = got;
		err = vfs_write(copy->to, &piece, 1, copy->to_offset, &put);
		copy_advance(copy, put);
	}
	free(bytes);
	return err;
}

/*
 * A copy of a file onto itself would read what it has just written and grow without end, whatever
 * the two handles or names are: so the inodes decide. The end is where it was at the start, for
 * the same reason.
 */
static int
copy_check(struct copy *copy, uint64_t length)
{
	struct stat from, to;
	uint64_t size;

	if (fstat(copy->from->fd, &from) != 0 || fstat(copy->to->fd, &to) != 0)
		return errno;
	if (from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return EINVAL;
	size = (uint64_t)from.st_size;
	copy->left = size > copy->from_offset ? size - copy->from_offset : 0;
	if (length > 0 && length < copy->left)
		copy->left = length;
	return file_may_write(copy->to, copy->to_offset, copy->left);
}

MUST int
vfs_file_copy(struct vfs_file *from, uint64_t from_offset, uint64_t length, struct vfs_file *to,
	uint64_t to_offset, uint64_t *copied_out)
{
	struct copy copy = { from, to, from_offset, to_offset, 0, 0 };
	bool by_hand = false;
	int err;

	*copied_out = 0;
	err = file_may_read(from, from_offset, length);
	if (err == 0)
		err = copy_check(&copy, length);
	if (err == 0)
		err = copy_in_kernel(&copy, &by_hand);
	if (err == 0 && by_hand)
		err = copy_by_hand(&copy);
	*copied_out = copy.done;
	upload_wrote(&to->upload, to_offset, copy.done, err);
	return err;
}
