/*
 * System calls that do less than asked, are interrupted, or are not there: the calls of the C
 * library that vfs/ uses are replaced here by ones that misbehave as they are told.
 */
#include "vfs_tree.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/syscall.h>

static struct tree tree;
static struct vfs *vfs;

static struct {
	size_t piece_max;      /* one call moves at most so many bytes; 0: no limit */
	unsigned interrupt;    /* every so many-th call fails with EINTR; 0: none */
	unsigned calls;
	int write_error;       /* what writing fails with after write_room; -1: it returns 0 */
	size_t write_room;
	int rename_error;      /* what renameat2() with flags fails with */
	int link_error;
	int copy_error;        /* what copy_file_range() fails with; -1: it returns 0 */
	size_t copy_room;      /* after so many bytes */
	int fsync_error, close_error;
	int fsyncs_good; /* so many succeed before fsync_error */
	int chown_error;
	int lock_error;  /* what flock(2) fails with, so often: */
	unsigned lock_failures;
	unsigned swept;  /* so many times, whatever is hidden is gone before its lock */
} fault;

/* What reached the disk first: "f" a file, "d" a directory, "r" a new name. */
static char order[16];

static void
note(char what)
{
	size_t n = strlen(order);

	if (n + 1 < sizeof(order)) {
		order[n] = what;
		order[n + 1] = '\0';
	}
}

static bool
is_interrupted(void)
{
	if (fault.interrupt == 0 || ++fault.calls % fault.interrupt != 0)
		return false;
	errno = EINTR;
	return true;
}

static size_t
limited(size_t n)
{
	return fault.piece_max != 0 && n > fault.piece_max ? fault.piece_max : n;
}

ssize_t
preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
	if (is_interrupted())
		return -1;
	if (fault.piece_max == 0)
		return syscall(SYS_preadv, fd, iov, (long)count, offset, 0L);
	return syscall(SYS_pread64, fd, iov->iov_base, limited(iov->iov_len), offset);
}

static ssize_t
write_piece(int fd, const void *bytes, size_t n, off_t offset)
{
	long done;

	if (is_interrupted())
		return -1;
	n = limited(n);
	if (fault.write_error != 0 && fault.write_room == 0) {
		errno = fault.write_error;
		return fault.write_error < 0 ? 0 : -1;
	}
	if (fault.write_error != 0 && n > fault.write_room)
		n = fault.write_room;
	done = syscall(SYS_pwrite64, fd, bytes, n, offset);
	fault.write_room -= done > 0 && fault.write_error != 0 ? (size_t)done : 0;
	return done;
}

ssize_t
pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	if (fault.piece_max == 0 && fault.write_error == 0 && fault.interrupt == 0)
		return syscall(SYS_pwritev, fd, iov, (long)count, offset, 0L);
	return write_piece(fd, iov->iov_base, iov->iov_len, offset);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	note('r');
	if (flags != 0 && fault.rename_error != 0) {
		errno = fault.rename_error;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (fault.link_error != 0) {
		errno = fault.link_error;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

ssize_t
copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t n,
	unsigned flags)
{
	long done;

	if (is_interrupted())
		return -1;
	if (fault.copy_error != 0 && fault.copy_room == 0) {
		errno = fault.copy_error;
		return fault.copy_error < 0 ? 0 : -1;
	}
	if (fault.copy_error != 0 && n > fault.copy_room)
		n = fault.copy_room;
	done = syscall(SYS_copy_file_range, from, from_offset, to, to_offset, limited(n), flags);
	fault.copy_room -= done > 0 && fault.copy_error != 0 ? (size_t)done : 0;
	return done;
}

int
fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	/* As a descriptor that was not really opened would have it. */
	if ((fcntl(fd, F_GETFL) & O_PATH) != 0)
		fail_msg("fsync() of an O_PATH descriptor");
	note(S_ISDIR(st.st_mode) ? 'd' : 'f');
	if (fault.fsync_error == 0 || fault.fsyncs_good-- > 0)
		return 0;
	errno = fault.fsync_error;
	return -1;
}

int
fchown(int fd, uid_t uid, gid_t gid)
{
	if (fault.chown_error != 0) {
		errno = fault.chown_error;
		return -1;
	}
	return (int)syscall(SYS_fchown, fd, uid, gid);
}

static void
remove_hidden(void)
{
	DIR *directory = opendir(tree.root);
	const struct dirent *entry;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, ".sftpgo-upload.", 15) == 0)
			assert_int_equal(unlinkat(tree.root_fd, entry->d_name, 0), 0);
	}
	closedir(directory);
}

int
flock(int fd, int how)
{
	if (fault.lock_failures > 0) {
		fault.lock_failures--;
		errno = fault.lock_error;
		return -1;
	}
	if (fault.swept > 0) {
		fault.swept--;
		remove_hidden();
	}
	return (int)syscall(SYS_flock, fd, how);
}

int
close(int fd)
{
	long result = syscall(SYS_close, fd);

	if (fault.close_error == 0)
		return (int)result;
	errno = fault.close_error;
	return -1;
}

/* ---- the tests */

enum { BYTES = 1000 };

static char content[BYTES];

static struct vfs_file *
file_open(const char *text, unsigned flags)
{
	struct vpath path = path_of(text);
	struct vfs_file *file;

	assert_int_equal(vfs_open(vfs, &path, flags, &file), 0);
	return file;
}

/* `content` in pieces of odd sizes, some of them empty. */
static int
cut(char *bytes, struct iovec *pieces)
{
	static const size_t sizes[] = { 0, 1, 7, 0, 0, 64, 3, 300, 0, 500, 125, 0 };
	size_t at = 0;
	int count = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pieces[count++] = (struct iovec){ bytes + at, sizes[i] };
		at += sizes[i];
	}
	assert_int_equal(at, BYTES);
	return count;
}

static void
test_short_and_interrupted(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 400; piece += piece < 16 ? 1 : 37) {
		struct vfs_file *file = file_open("/f", VFS_READ | VFS_WRITE | VFS_CREATE);
		struct iovec pieces[16];
		char back[BYTES] = { 0 };
		size_t n;

		fault.piece_max = piece;
		fault.interrupt = 3;
		assert_int_equal(vfs_write(file, pieces, cut(content, pieces), 5, &n), 0);
		assert_int_equal(n, BYTES);
		assert_int_equal(vfs_read(file, pieces, cut(back, pieces), 5, &n), 0);
		assert_int_equal(n, BYTES);
		assert_memory_equal(back, content, BYTES);
		assert_int_equal(vfs_read(file, pieces, cut(back, pieces), 5 + BYTES - 9, &n), 0);
		assert_int_equal(n, 9);
		assert_int_equal(vfs_close(&file), 0);
	}
}

static void
test_write_that_fails_in_the_middle(void **state)
{
	static const int errors[] = { ENOSPC, EDQUOT, EIO, EFBIG };
	struct vfs_file *file = file_open("/f", VFS_WRITE | VFS_CREATE);
	struct iovec pieces[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fault.write_error = errors[i];
		fault.write_room = 100 * i;
		assert_int_equal(
		    vfs_write(file, pieces, cut(content, pieces), 0, &n), errors[i]);
		assert_int_equal(n, 100 * i);
	}
	/* A write that writes nothing and says nothing must not go on for ever. */
	fault.write_error = -1;
	fault.write_room = 64;
	assert_int_equal(vfs_write(file, pieces, cut(content, pieces), 0, &n), EIO);
	assert_int_equal(n, 64);
	/* The first of them is told once more. */
	assert_int_equal(vfs_close(&file), errors[0]);
}

static void
test_late_errors(void **state)
{
	struct vfs_file *file = file_open("/f", VFS_WRITE | VFS_CREATE);

	(void)state;
	fault.fsync_error = EIO;
	assert_int_equal(vfs_file_sync(file), EIO);
	/* The kernel forgets it then; the upload does not. */
	fault.fsync_error = 0;
	assert_int_equal(vfs_file_sync(file), 0);
	assert_int_equal(vfs_close(&file), EIO);
	file = file_open("/f", VFS_WRITE);
	fault.close_error = ENOSPC;
	assert_int_equal(vfs_close(&file), ENOSPC);
	assert_null(file);
	fault.close_error = 0;
	file = file_open("/f", VFS_WRITE);
	fault.close_error = EINTR;
	assert_int_equal(vfs_close(&file), 0);
	fault.close_error = 0;
	assert_int_equal(vfs_close(&file), 0);
}

enum { OVER = VFS_WRITE | VFS_CREATE | VFS_TRUNCATE };

/* The file, then its name, then the directory, before the close says that all is well. */
static void
test_order_of_a_synced_close(void **state)
{
	static const struct {
		enum vfs_upload_mode mode;
		bool exists;
		unsigned flags;
		const char *order;
	} cases[] = {
		{ VFS_UPLOAD_DIRECT, false, OVER, "fd" },
		{ VFS_UPLOAD_DIRECT, true, OVER, "f" },
		{ VFS_UPLOAD_DIRECT, true, VFS_WRITE, "f" },
		{ VFS_UPLOAD_ATOMIC, false, OVER, "frd" },
		{ VFS_UPLOAD_ATOMIC, true, OVER, "frd" },
		{ VFS_UPLOAD_ATOMIC, true, VFS_WRITE, "f" },
		{ VFS_UPLOAD_ATOMIC_RESUME, false, OVER, "frd" },
		{ VFS_UPLOAD_ATOMIC_RESUME, true, OVER, "frd" },
		{ VFS_UPLOAD_ATOMIC_RESUME, true, VFS_WRITE | VFS_APPEND, "f" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t steps = strlen(cases[i].order);

		vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = cases[i].mode, .sync = true });
		/* Each fsync() that fails is a close that fails, and then nothing comes after it. */
		for (size_t good = 0; good <= steps; good++) {
			struct vfs_file *file;
			struct stat st;
			bool fails = good < steps && cases[i].order[good] != 'r';

			(void)unlinkat(tree.root_fd, "f", 0);
			if (cases[i].exists)
				put_file(tree.root_fd, "f", "older");
			file = file_open("/f", cases[i].flags);
			assert_int_equal(write_at(file, "newer file", 5), 0);
			order[0] = '\0';
			fault.fsync_error = fails ? EIO : 0;
			fault.fsyncs_good = good > 0 ? 1 : 0;
			assert_int_equal(vfs_close(&file), fails ? EIO : 0);
			if (!fails)
				assert_string_equal(order, cases[i].order);
			fault.fsync_error = 0;
			/* What failed before the rename left the old file. */
			if (fails && good == 0 && cases[i].mode == VFS_UPLOAD_ATOMIC &&
			    cases[i].flags == OVER) {
				if (cases[i].exists)
					assert_content(vfs, "/f", "older");
				else
					assert_int_equal(fstatat(tree.root_fd, "f", &st, 0), -1);
				assert_string_equal(order, "f");
			}
		}
	}
}

/* A disk that says only at the close that it was full: before the old file is given up. */
static void
test_late_error_keeps_the_old_file(void **state)
{
	struct vfs_file *file;

	(void)state;
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = VFS_UPLOAD_ATOMIC });
	put_file(tree.root_fd, "f", "older");
	file = file_open("/f", OVER);
	assert_int_equal(write_at(file, "newer", 0), 0);
	fault.close_error = ENOSPC;
	assert_int_equal(vfs_close(&file), ENOSPC);
	fault.close_error = 0;
	assert_content(vfs, "/f", "older");
	/* And one that fails in the middle. */
	file = file_open("/f", OVER);
	fault.write_error = EDQUOT;
	fault.write_room = 3;
	assert_int_equal(write_at(file, "newer", 0), EDQUOT);
	fault.write_error = 0;
	assert_int_equal(vfs_close(&file), EDQUOT);
	assert_content(vfs, "/f", "older");
	/* Where a rename cannot be told not to replace, who may not overwrite does not. */
	vfs_free(&vfs);
	vfs = tree_vfs(&tree, PERMISSION_UPLOAD | PERMISSION_DOWNLOAD);
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = VFS_UPLOAD_ATOMIC });
	fault.rename_error = EINVAL;
	file = file_open("/g", OVER);
	assert_int_equal(write_at(file, "newer", 0), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_content(vfs, "/g", "newer");
	file = file_open("/h", OVER);
	put_file(tree.root_fd, "h", "another's");
	assert_int_equal(vfs_close(&file), EEXIST);
	assert_content(vfs, "/h", "another's");
}

/* Between its creation and its lock, a temporary file may be taken for a stale one. */
static void
test_temporary_file_is_taken(void **state)
{
	struct vpath path = path_of("/f");
	struct vfs_file *file;

	(void)state;
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = VFS_UPLOAD_ATOMIC });
	for (unsigned i = 0; i < 3; i++) {
		fault.lock_error = i == 0 ? EWOULDBLOCK : ENOLCK;
		fault.lock_failures = i == 2 ? 0 : 3;
		fault.swept = i == 2 ? 3 : 0;
		file = file_open("/f", OVER);
		assert_int_equal(write_at(file, "newer", 0), 0);
		fault.lock_failures = 0;
		assert_int_equal(vfs_close(&file), 0);
		assert_content(vfs, "/f", "newer");
		remove_hidden(); /* what the sweeper that had the lock would remove */
	}
	/* Not for ever. */
	fault.lock_error = EWOULDBLOCK;
	fault.lock_failures = 1000;
	assert_int_equal(vfs_open(vfs, &path, OVER, &file), EBUSY);
	fault.lock_failures = 0;
	assert_content(vfs, "/f", "newer");
}

/* A group that the new file cannot have: nobody else gets what it was allowed. */
static void
test_group_that_cannot_be_given(void **state)
{
	static const struct {
		int error, open;
		mode_t before, after;
	} cases[] = {
		{ EPERM, 0, 0660, 0600 }, { EPERM, 0, 0664, 0644 }, { EINVAL, 0, 0666, 0666 },
		{ EPERM, 0, 0604, 0644 }, { EIO, EIO, 0660, 0660 },
	};
	struct vpath path = path_of("/f");
	struct vfs_file *file;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = VFS_UPLOAD_ATOMIC });
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_file(tree.root_fd, "f", "older");
		fault.chown_error = 0;
		assert_int_equal(fchownat(tree.root_fd, "f", 0, 12345, 0), 0);
		assert_int_equal(fchmodat(tree.root_fd, "f", cases[i].before, 0), 0);
		fault.chown_error = cases[i].error;
		assert_int_equal(vfs_open(vfs, &path, OVER, &file), cases[i].open);
		assert_int_equal(vfs_close(&file), 0);
		assert_int_equal(fstatat(tree.root_fd, "f", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, cases[i].after);
	}
	/* The open that failed left nothing behind. */
	assert_content(vfs, "/f", "older");
	assert_int_equal(unlinkat(tree.root_fd, "f", 0), 0);
	assert_int_equal(unlinkat(tree.base_fd, "root", AT_REMOVEDIR), 0);
}

static void
test_copy_by_hand(void **state)
{
	static const int cannot[] = { EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, -1 };
	struct vfs_file *from = file_open("/from", VFS_READ | VFS_WRITE | VFS_CREATE);
	struct iovec pieces[16];
	uint64_t copied;
	size_t n;

	(void)state;
	assert_int_equal(vfs_write(from, pieces, cut(content, pieces), 0, &n), 0);
	fault.piece_max = 99;
	fault.interrupt = 2;
	for (size_t i = 0; i < sizeof(cannot) / sizeof(cannot[0]); i++) {
		struct vfs_file *to =
		    file_open("/to", VFS_READ | VFS_WRITE | VFS_CREATE | VFS_TRUNCATE);
		char back[BYTES];

		fault.copy_error = cannot[i];
		fault.copy_room = 150 * i;
		assert_int_equal(vfs_file_copy(from, 0, 0, to, 3, &copied), 0);
		assert_int_equal(copied, BYTES);
		assert_int_equal(vfs_read(to, pieces, cut(back, pieces), 3, &n), 0);
		assert_memory_equal(back, content, BYTES);
		/* And what fails for good says so, and how far it came. */
		fault.copy_error = ENOSPC;
		fault.copy_room = 50;
		assert_int_equal(vfs_file_copy(from, 0, 0, to, 0, &copied), ENOSPC);
		assert_int_equal(copied, 50);
		fault.copy_error = EXDEV;
		fault.copy_room = 50;
		fault.write_error = EDQUOT;
		fault.write_room = 200;
		assert_int_equal(vfs_file_copy(from, 0, 0, to, 0, &copied), EDQUOT);
		assert_int_equal(copied, 250);
		fault.write_error = 0;
		assert_int_equal(vfs_close(&to), ENOSPC);
	}
	assert_int_equal(vfs_close(&from), 0);
}

static int
rename_new(const char *from_text, const char *to_text)
{
	struct vpath from = path_of(from_text), to = path_of(to_text);

	return vfs_rename(vfs, &from, &to, false);
}

static void
test_rename_by_steps(void **state)
{
	static const struct {
		int rename, link;
	} lacks[] = { { EINVAL, 0 }, { ENOSYS, 0 }, { EINVAL, EPERM }, { EINVAL, EOPNOTSUPP } };

	(void)state;
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		struct stat st;

		tree_empty(&tree);
		vfs_free(&vfs);
		vfs = tree_vfs(&tree, PERMISSION_ALL);
		put_file(tree.root_fd, "a", "a");
		put_file(tree.root_fd, "b", "b");
		assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
		assert_int_equal(symlinkat("none", tree.root_fd, "link"), 0);
		fault.rename_error = lacks[i].rename;
		fault.link_error = lacks[i].link;
		assert_int_equal(rename_new("/a", "/b"), EEXIST);
		assert_int_equal(rename_new("/a", "/link"), EEXIST);
		assert_int_equal(rename_new("/d", "/b"), EEXIST);
		assert_int_equal(rename_new("/a", "/a"), EEXIST);
		assert_int_equal(rename_new("/none", "/x"), ENOENT);
		assert_int_equal(rename_new("/a", "/d/a"), 0);
		assert_int_equal(rename_new("/link", "/moved"), 0);
		assert_int_equal(rename_new("/d", "/e"), 0);
		assert_int_equal(rename_new("/e", "/e/in"), EINVAL);
		assert_content(vfs, "/e/a", "a");
		assert_content(vfs, "/b", "b");
		assert_int_equal(fstatat(tree.root_fd, "a", &st, AT_SYMLINK_NOFOLLOW), -1);
		assert_int_equal(fstatat(tree.root_fd, "link", &st, AT_SYMLINK_NOFOLLOW), -1);
		assert_int_equal(fstatat(tree.root_fd, "moved", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
}

static int
setup(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof(fault));
	for (size_t i = 0; i < BYTES; i++)
		content[i] = (char)(i * 7 + i / 256);
	umask(022);
	tree_make_in_memory(&tree);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof(fault));
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_short_and_interrupted),
		TEST(test_write_that_fails_in_the_middle),
		TEST(test_late_errors),
		TEST(test_copy_by_hand),
		TEST(test_rename_by_steps),
		TEST(test_order_of_a_synced_close),
		TEST(test_late_error_keeps_the_old_file),
		TEST(test_temporary_file_is_taken),
		TEST(test_group_that_cannot_be_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
