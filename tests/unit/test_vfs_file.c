/* Open files: creating, reading, writing, resuming, copying, limits, and what is never opened. */
#include "vfs_tree.h"

#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct tree tree;
static struct vfs *vfs;

static int
file_open(const char *text, unsigned flags, struct vfs_file **out)
{
	struct vpath path = path_of(text);

	return vfs_open(vfs, &path, flags, out);
}

static int
open_and_close(const char *text, unsigned flags)
{
	struct vfs_file *file;
	int err = file_open(text, flags, &file);

	assert_int_equal(vfs_close(&file), 0);
	assert_null(file);
	return err;
}

static void
test_flags(void **state)
{
	(void)state;
	put_file(tree.root_fd, "there", "0123456789");
	assert_int_equal(open_and_close("/there", 0), EINVAL);
	assert_int_equal(open_and_close("/there", VFS_CREATE), EINVAL);
	assert_int_equal(open_and_close("/there", VFS_READ | VFS_CREATE), EINVAL);
	assert_int_equal(open_and_close("/there", VFS_READ | VFS_TRUNCATE), EINVAL);
	assert_content(vfs, "/there", "0123456789");

	assert_int_equal(open_and_close("/new", VFS_READ), ENOENT);
	assert_int_equal(open_and_close("/new", VFS_WRITE), ENOENT);
	assert_int_equal(open_and_close("/new", VFS_WRITE | VFS_TRUNCATE), ENOENT);
	assert_int_equal(open_and_close("/new", VFS_WRITE | VFS_EXCLUSIVE), ENOENT);
	assert_int_equal(open_and_close("/none/new", VFS_WRITE | VFS_CREATE), ENOENT);
	assert_int_equal(open_and_close("/there/new", VFS_WRITE | VFS_CREATE), ENOTDIR);
	assert_int_equal(open_and_close("/there", VFS_WRITE | VFS_EXCLUSIVE), EEXIST);
	assert_int_equal(open_and_close("/there", VFS_WRITE | VFS_CREATE | VFS_EXCLUSIVE), EEXIST);
	assert_content(vfs, "/there", "0123456789");
	assert_int_equal(open_and_close("/new", VFS_WRITE | VFS_CREATE | VFS_EXCLUSIVE), 0);
	assert_int_equal(open_and_close("/there", VFS_WRITE | VFS_CREATE), 0);
	assert_content(vfs, "/there", "0123456789");
	assert_int_equal(open_and_close("/there", VFS_WRITE | VFS_TRUNCATE), 0);
	assert_content(vfs, "/there", "");
}

static void
test_what_the_open_found(void **state)
{
	struct vfs_file *file;

	(void)state;
	assert_int_equal(file_open("/f", VFS_WRITE | VFS_CREATE, &file), 0);
	assert_true(vfs_file_is_new(file));
	assert_int_equal(vfs_file_size_before(file), 0);
	assert_string_equal(vfs_file_path(file)->text, "/f");
	assert_int_equal(write_at(file, "12345", 0), 0);
	assert_int_equal(vfs_file_size(file), 5);
	assert_int_equal(vfs_close(&file), 0);
	assert_int_equal(file_open("/f", VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, &file), 0);
	assert_false(vfs_file_is_new(file));
	assert_int_equal(vfs_file_size_before(file), 5);
	assert_int_equal(vfs_file_size(file), 0);
	assert_int_equal(vfs_close(&file), 0);
}

static void
test_new_files_have_the_umask(void **state)
{
	struct stat st;

	(void)state;
	umask(027);
	assert_int_equal(open_and_close("/masked", VFS_WRITE | VFS_CREATE), 0);
	umask(022);
	assert_int_equal(fstatat(tree.root_fd, "masked", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void
test_wrong_direction(void **state)
{
	struct iovec piece = { (char[4]){ 0 }, 4 };
	struct vfs_file *file;
	size_t n = 1;

	(void)state;
	put_file(tree.root_fd, "f", "data");
	assert_int_equal(file_open("/f", VFS_READ, &file), 0);
	assert_int_equal(vfs_write(file, &piece, 1, 0, &n), EBADF);
	assert_int_equal(n, 0);
	assert_int_equal(vfs_file_set_attributes(file,
	    &(struct vfs_attributes){ .valid = VFS_ATTRIBUTE_SIZE }), EBADF);
	assert_int_equal(vfs_close(&file), 0);
	assert_int_equal(file_open("/f", VFS_WRITE, &file), 0);
	assert_int_equal(vfs_read(file, &piece, 1, 0, &n), EBADF);
	assert_int_equal(vfs_close(&file), 0);
	assert_content(vfs, "/f", "data");
}

static void
test_pieces(void **state)
{
	char a[3], b[1], c[6], text[] = "abcdefghij";
	struct iovec out[4] = { { text, 3 }, { text, 0 }, { text + 3, 1 }, { text + 4, 6 } };
	struct iovec in[4] = { { a, 3 }, { b, 0 }, { b, 1 }, { c, 6 } };
	struct vfs_file *file;
	size_t n;

	(void)state;
	assert_int_equal(file_open("/f", VFS_READ | VFS_WRITE | VFS_CREATE, &file), 0);
	assert_int_equal(vfs_write(file, out, 4, 2, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(vfs_read(file, in, 4, 2, &n), 0);
	assert_int_equal(n, 10);
	assert_memory_equal(a, "abc", 3);
	assert_memory_equal(b, "d", 1);
	assert_memory_equal(c, "efghij", 6);
	/* Short at the end, nothing behind it. */
	assert_int_equal(vfs_read(file, in, 4, 7, &n), 0);
	assert_int_equal(n, 5);
	assert_memory_equal(a, "fgh", 3);
	assert_int_equal(vfs_read(file, in, 4, 12, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(vfs_read(file, in, 4, INT64_MAX - 10, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(vfs_read(file, in, 0, 0, &n), 0);
	assert_int_equal(vfs_write(file, out, 0, 0, &n), 0);
	assert_int_equal(vfs_close(&file), 0);
}

/* More pieces than one system call takes. */
static void
test_many_pieces(void **state)
{
	enum { PIECES = 3000 };
	struct iovec *pieces = calloc(PIECES, sizeof(*pieces));
	char bytes[PIECES], back[PIECES];
	struct vfs_file *file;
	size_t n;

	(void)state;
	assert_non_null(pieces);
	for (int i = 0; i < PIECES; i++) {
		bytes[i] = (char)('a' + i % 26);
		pieces[i] = (struct iovec){ bytes + i, 1 };
	}
	assert_int_equal(file_open("/f", VFS_READ | VFS_WRITE | VFS_CREATE, &file), 0);
	assert_int_equal(vfs_write(file, pieces, PIECES, 0, &n), 0);
	assert_int_equal(n, PIECES);
	for (int i = 0; i < PIECES; i++)
		pieces[i].iov_base = back + i;
	assert_int_equal(vfs_read(file, pieces, PIECES, 0, &n), 0);
	assert_int_equal(n, PIECES);
	assert_memory_equal(bytes, back, PIECES);
	assert_int_equal(vfs_close(&file), 0);
	free(pieces);
}

static void
test_offsets(void **state)
{
	const uint64_t far = 5ULL << 30;
	char text[8] = "";
	struct iovec piece = { text, 4 };
	struct iovec endless[2] = { { text, SIZE_MAX }, { text, 2 } };
	struct vfs_attributes attributes;
	struct vfs_file *file;
	size_t n;

	(void)state;
	assert_int_equal(file_open("/sparse", VFS_READ | VFS_WRITE | VFS_CREATE, &file), 0);
	assert_int_equal(write_at(file, "far!", far), 0);
	assert_int_equal(write_at(file, "near", 0), 0);
	assert_int_equal(vfs_file_stat(file, &attributes), 0);
	assert_int_equal(attributes.size, far + 4);
	assert_int_equal(vfs_read(file, &piece, 1, far, &n), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(text, "far!", 4);
	assert_int_equal(vfs_read(file, &piece, 1, (4ULL << 30) + 7, &n), 0);
	assert_memory_equal(text, "\0\0\0\0", 4);

	for (uint64_t bad = (uint64_t)INT64_MAX - 3; bad != 0; bad = bad < INT64_MAX
	    ? INT64_MAX : bad == INT64_MAX ? 1ULL << 63 : bad == 1ULL << 63 ? UINT64_MAX : 0) {
		assert_int_equal(vfs_read(file, &piece, 1, bad, &n), EINVAL);
		assert_int_equal(vfs_write(file, &piece, 1, bad, &n), EINVAL);
		assert_int_equal(n, 0);
	}
	assert_int_equal(vfs_read(file, endless, 2, 0, &n), EINVAL);
	assert_int_equal(vfs_write(file, endless, 2, 0, &n), EINVAL);
	assert_int_equal(vfs_close(&file), EINVAL);
}

static void
test_resume(void **state)
{
	struct vfs_file *file;

	(void)state;
	put_file(tree.root_fd, "f", "01234");
	assert_int_equal(file_open("/f", VFS_WRITE | VFS_CREATE | VFS_APPEND, &file), 0);
	assert_int_equal(write_at(file, "x", 0), EINVAL);
	assert_int_equal(write_at(file, "x", 4), EINVAL);
	assert_int_equal(write_at(file, "5", 5), 0);
	assert_int_equal(write_at(file, "7", 7), 0);
	assert_int_equal(write_at(file, "6", 6), 0);
	assert_int_equal(vfs_close(&file), EINVAL);
	assert_content(vfs, "/f", "01234567");
	/* Truncated first, there is nothing to keep. */
	assert_int_equal(
	    file_open("/f", VFS_WRITE | VFS_TRUNCATE | VFS_APPEND, &file), 0);
	assert_int_equal(write_at(file, "ab", 0), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_content(vfs, "/f", "ab");
	/* In place, the old tail stays. */
	assert_int_equal(file_open("/f", VFS_WRITE, &file), 0);
	assert_int_equal(write_at(file, "c", 0), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_content(vfs, "/f", "cb");
}

static void
test_attributes_of_an_open_file(void **state)
{
	const struct vfs_attributes set = {
		.valid = VFS_ATTRIBUTE_SIZE | VFS_ATTRIBUTE_OWNER | VFS_ATTRIBUTE_MODE |
		    VFS_ATTRIBUTE_TIMES,
		.size = 2, .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 06751,
		.atime = 1111111111, .mtime = -5, .atime_nsec = 999999999, .mtime_nsec = 0,
	};
	struct vfs_attributes got, bad = set;
	struct vfs_file *file;

	(void)state;
	put_file(tree.root_fd, "f", "01234");
	assert_int_equal(file_open("/f", VFS_WRITE, &file), 0);
	bad.mtime_nsec = 1000000000;
	assert_int_equal(vfs_file_set_attributes(file, &bad), EINVAL);
	bad = set;
	bad.size = 1ULL << 63;
	assert_int_equal(vfs_file_set_attributes(file, &bad), EFBIG);
	bad.valid = 0;
	assert_int_equal(vfs_file_set_attributes(file, &bad), 0);
	assert_int_equal(vfs_file_size(file), 5);
	assert_int_equal(vfs_file_set_attributes(file, &set), 0);
	assert_int_equal(vfs_file_stat(file, &got), 0);
	assert_int_equal(got.valid, set.valid);
	assert_int_equal(got.size, 2);
	assert_int_equal(got.mode, S_IFREG | 0751);
	assert_int_equal(got.uid, geteuid());
	assert_int_equal(got.gid, getegid());
	assert_int_equal(got.atime, set.atime);
	assert_int_equal(got.mtime, set.mtime);
	assert_int_equal(got.atime_nsec, set.atime_nsec);
	assert_int_equal(got.links, 1);
	assert_int_equal(vfs_file_sync(file), 0);
	assert_int_equal(vfs_close(&file), 0);
}

static void
test_copy(void **state)
{
	struct vfs_file *from, *to, *other;
	uint64_t copied;

	(void)state;
	put_file(tree.root_fd, "from", "0123456789");
	assert_int_equal(linkat(tree.root_fd, "from", tree.root_fd, "twin", 0), 0);
	assert_int_equal(file_open("/from", VFS_READ | VFS_WRITE, &from), 0);
	assert_int_equal(file_open("/to", VFS_READ | VFS_WRITE | VFS_CREATE, &to), 0);
	assert_int_equal(vfs_file_copy(from, 2, 3, to, 1, &copied), 0);
	assert_int_equal(copied, 3);
	assert_int_equal(vfs_file_size(to), 4);
	assert_int_equal(vfs_file_copy(from, 0, 0, to, 0, &copied), 0);
	assert_int_equal(copied, 10);
	assert_content(vfs, "/to", "0123456789");
	assert_int_equal(vfs_file_copy(from, 8, 100, to, 10, &copied), 0);
	assert_int_equal(copied, 2);
	assert_content(vfs, "/to", "012345678989");
	assert_int_equal(vfs_file_copy(from, 10, 0, to, 0, &copied), 0);
	assert_int_equal(copied, 0);
	assert_int_equal(vfs_file_copy(from, 99, 0, to, 0, &copied), 0);
	assert_int_equal(copied, 0);
	assert_int_equal(vfs_file_copy(from, 1ULL << 63, 0, to, 0, &copied), EINVAL);
	assert_int_equal(vfs_file_copy(from, 0, UINT64_MAX, to, 0, &copied), EINVAL);
	assert_int_equal(vfs_file_copy(from, 0, 0, to, INT64_MAX, &copied), EINVAL);

	/* One inode, whatever the handle or the name. */
	assert_int_equal(vfs_file_copy(from, 0, 2, from, 5, &copied), EINVAL);
	assert_int_equal(file_open("/from", VFS_WRITE, &other), 0);
	assert_int_equal(vfs_file_copy(from, 0, 0, other, 5, &copied), EINVAL);
	assert_int_equal(vfs_file_copy(other, 0, 0, to, 0, &copied), EBADF);
	assert_int_equal(vfs_close(&other), EINVAL);
	assert_int_equal(file_open("/twin", VFS_WRITE, &other), 0);
	assert_int_equal(vfs_file_copy(from, 0, 0, other, 10, &copied), EINVAL);
	assert_int_equal(vfs_close(&other), EINVAL);
	assert_int_equal(file_open("/to", VFS_WRITE | VFS_APPEND, &other), 0);
	assert_int_equal(vfs_file_copy(from, 0, 0, other, 11, &copied), EINVAL);
	assert_int_equal(vfs_file_copy(from, 0, 1, other, 12, &copied), 0);
	assert_int_equal(vfs_close(&other), EINVAL);
	assert_content(vfs, "/from", "0123456789");
	assert_content(vfs, "/to", "0123456789890");
	assert_int_equal(vfs_close(&from), EINVAL);
	assert_int_equal(vfs_close(&to), EINVAL);
}

static void
test_through_links(void **state)
{
	struct vfs_file *file;

	(void)state;
	put_file(tree.root_fd, "f", "data");
	assert_int_equal(symlinkat("f", tree.root_fd, "link"), 0);
	assert_int_equal(symlinkat("later", tree.root_fd, "dangling"), 0);
	assert_int_equal(symlinkat("none/later", tree.root_fd, "nowhere"), 0);
	assert_content(vfs, "/link", "data");
	assert_int_equal(file_open("/link", VFS_WRITE | VFS_CREATE, &file), 0);
	assert_false(vfs_file_is_new(file));
	assert_string_equal(vfs_file_path(file)->text, "/link");
	assert_int_equal(vfs_close(&file), 0);
	assert_int_equal(
	    open_and_close("/dangling", VFS_WRITE | VFS_CREATE | VFS_EXCLUSIVE), EEXIST);
	assert_int_equal(open_and_close("/dangling", VFS_WRITE), ENOENT);
	assert_int_equal(file_open("/dangling", VFS_WRITE | VFS_CREATE, &file), 0);
	assert_true(vfs_file_is_new(file));
	assert_int_equal(vfs_close(&file), 0);
	assert_content(vfs, "/later", "");
	assert_int_equal(open_and_close("/nowhere", VFS_WRITE | VFS_CREATE), ENOENT);
}

/* inotify says whether anybody opened a node; O_PATH does not count as an open. */
static void
test_special_files_are_never_opened(void **state)
{
	static const char *const nodes[] = { "fifo", "socket", "device" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	unsigned count = 2;
	uint8_t event[512];

	(void)state;
	assert_true(socket_fd >= 0 && watch >= 0);
	assert_int_equal(mkfifoat(tree.root_fd, "fifo", 0666), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", tree.root);
	assert_int_equal(bind(socket_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (mknodat(tree.root_fd, "device", S_IFCHR | 0666, makedev(1, 3)) == 0)
		count = 3;
	for (unsigned i = 0; i < count; i++) {
		char path[128], virtual_path[32];
		struct vpath as_path;
		struct vfs_directory *directory;
		struct vfs_attributes attributes;
		static const unsigned flags[] = { VFS_READ, VFS_WRITE, VFS_READ | VFS_WRITE,
			VFS_WRITE | VFS_CREATE, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE,
			VFS_WRITE | VFS_APPEND };

		snprintf(path, sizeof(path), "%s/%s", tree.root, nodes[i]);
		snprintf(virtual_path, sizeof(virtual_path), "/%s", nodes[i]);
		as_path = path_of(virtual_path);
		assert_true(inotify_add_watch(watch, path, IN_OPEN | IN_ACCESS | IN_MODIFY) >= 0);
		for (size_t j = 0; j < sizeof(flags) / sizeof(flags[0]); j++)
			assert_int_equal(open_and_close(virtual_path, flags[j]), EACCES);
		assert_int_equal(vfs_open_directory(vfs, &as_path, &directory), ENOTDIR);
		for (unsigned bit = 1; bit <= VFS_ATTRIBUTE_TIMES; bit <<= 1) {
			struct vfs_attributes set = { .valid = bit, .uid = geteuid(),
				.gid = getegid(), .mode = 0600 };

			assert_int_equal(vfs_set_attributes(vfs, &as_path, true, &set), EACCES);
		}
		assert_int_equal(vfs_stat(vfs, &as_path, true, &attributes), 0);
		assert_false(S_ISREG(attributes.mode));
		assert_int_equal(attributes.mode & 0777 & ~0755, 0);
	}
	errno = 0;
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	close(watch);
	close(socket_fd);
}

static void
test_size_limit_of_the_process(void **state)
{
	struct rlimit old, limit;
	struct vfs_file *file;
	char text[] = "0123456789";
	struct iovec piece = { text, 10 };
	size_t n;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 4;
	assert_int_equal(file_open("/f", VFS_WRITE | VFS_CREATE, &file), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	/* What fitted is counted; the rest says why. */
	assert_int_equal(vfs_write(file, &piece, 1, 0, &n), EFBIG);
	assert_int_equal(n, 4);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(vfs_file_size(file), 4);
	assert_int_equal(vfs_close(&file), EFBIG);
}

/* A full disk, where this process may mount one: in a child, with mounts of its own. */
static int
fill_a_small_disk(void)
{
	static char block[4096];
	struct iovec piece = { block, sizeof(block) };
	struct vfs_policy policy = { 0 };
	struct vfs *small;
	struct vfs_file *file, *source;
	struct vpath path = path_of("/f"), more = path_of("/more");
	uint64_t offset = 0, copied;
	size_t n;
	int err = 0;

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", tree.root, "tmpfs", 0, "size=65536,nr_inodes=4") != 0)
		return 77;
	if (vfs_policy_add(&policy, view_of("/"), PERMISSION_ALL) != 0 ||
	    vfs_new(&small, open(tree.root, O_PATH | O_CLOEXEC), NULL, &policy) != 0 ||
	    vfs_open(small, &path, VFS_READ | VFS_WRITE | VFS_CREATE, &file) != 0)
		return 1;
	while (err == 0 && offset < 1 << 20) {
		err = vfs_write(file, &piece, 1, offset, &n);
		offset += n;
	}
	if (err != ENOSPC || offset != 65536)
		return 2;
	if (vfs_open(small, &more, VFS_WRITE | VFS_CREATE, &source) != 0)
		return 3;
	if (vfs_file_copy(file, 0, 0, source, 0, &copied) != ENOSPC || copied != 0)
		return 4;
	if (vfs_close(&source) != ENOSPC || vfs_close(&file) != ENOSPC)
		return 5;
	path = path_of("/third");
	more = path_of("/fourth");
	if (vfs_make_directory(small, &path) != 0 || vfs_make_directory(small, &more) != ENOSPC)
		return 6;
	vfs_free(&small);
	vfs_policy_free(&policy);
	return 0;
}

static void
test_full_disk(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fill_a_small_disk());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_unreadable_files(void **state)
{
	const struct vfs_attributes mode = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0640 };
	struct vpath path = path_of("/f");
	struct stat st;

	(void)state;
	put_file(tree.root_fd, "f", "data");
	assert_int_equal(fchmodat(tree.root_fd, "f", 0200, 0), 0);
	assert_int_equal(open_and_close("/f", VFS_READ), geteuid() == 0 ? 0 : EACCES);
	/* May be written, so it can be opened, so its mode can be set. */
	assert_int_equal(vfs_set_attributes(vfs, &path, true, &mode), 0);
	assert_int_equal(fstatat(tree.root_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void
test_root_that_cannot_be(void **state)
{
	struct vfs_policy none = { 0 }, all = { 0 };
	struct vfs *other;
	int fd;

	(void)state;
	put_file(tree.root_fd, "f", "");
	fd = openat(tree.root_fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(vfs_policy_add(&all, view_of("/"), PERMISSION_ALL), 0);
	assert_int_equal(vfs_new(&other, fd, NULL, &all), ENOTDIR);
	assert_null(other);
	assert_int_equal(close(fd), 0);
	assert_int_equal(vfs_new(&other, tree.root_fd, NULL, &none), EINVAL);
	assert_int_equal(vfs_new(&other, tree.root_fd, "relative", &all), EINVAL);
	assert_int_equal(vfs_policy_add(&none, view_of("/a"), PERMISSION_ALL), 0);
	assert_int_equal(vfs_new(&other, tree.root_fd, NULL, &none), EINVAL);
	vfs_free(&other);
	vfs_policy_free(&none);
	vfs_policy_free(&all);
}

static int
setup(void **state)
{
	(void)state;
	umask(022);
	tree_make(&tree);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vfs_free(&vfs);
	assert_null(vfs);
	tree_free(&tree);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_flags),
		TEST(test_what_the_open_found),
		TEST(test_new_files_have_the_umask),
		TEST(test_wrong_direction),
		TEST(test_pieces),
		TEST(test_many_pieces),
		TEST(test_offsets),
		TEST(test_resume),
		TEST(test_attributes_of_an_open_file),
		TEST(test_copy),
		TEST(test_through_links),
		TEST(test_special_files_are_never_opened),
		TEST(test_size_limit_of_the_process),
		TEST(test_full_disk),
		TEST(test_unreadable_files),
		TEST(test_root_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
