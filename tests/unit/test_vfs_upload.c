/*
 * The life of an upload: every row of the table in src/vfs/upload.h, whole, failed and cut; the
 * names that are reserved; times, modes, sizes; what is swept and what is not.
 */
#include "vfs_tree.h"

#include <dirent.h>
#include <sys/file.h>

static struct tree tree;
static struct vfs *vfs;

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

/* As src/vfs/temporary.h describes them. */
#define STALE ".sftpgo-upload.z0123456789abcdefghi."

static void
set_mode(enum vfs_upload_mode mode)
{
	vfs_set_uploads(vfs, &(struct vfs_uploads){ .mode = mode });
}

static int
file_open(const char *text, unsigned flags, struct vfs_file **out)
{
	struct vpath path = path_of(text);

	return vfs_open(vfs, &path, flags, out);
}

static struct vfs_file *
must_open(const char *text, unsigned flags)
{
	struct vfs_file *file;

	assert_int_equal(file_open(text, flags, &file), 0);
	return file;
}

/* What the file system has under a name, or NULL. */
static const char *
on_disk(const char *name)
{
	static char text[256];
	int fd = openat(tree.root_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void
assert_disk(const char *name, const char *content)
{
	const char *there = on_disk(name);

	if (content == NULL && there != NULL)
		fail_msg("%s is there: \"%s\"", name, there);
	if (content != NULL && (there == NULL || strcmp(there, content) != 0))
		fail_msg("%s is \"%s\", not \"%s\"", name, there ? there : "(missing)", content);
}

/* Every entry of the root, hidden ones too; the last hidden one's name when asked for. */
static unsigned
count_entries(char *hidden_out)
{
	DIR *directory = opendir(tree.root);
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		n++;
		if (hidden_out != NULL && strncmp(entry->d_name, ".sftpgo-upload.z", 16) == 0)
			strcpy(hidden_out, entry->d_name);
	}
	closedir(directory);
	return n;
}

/* What a client's listing shows. */
static unsigned
count_listed(void)
{
	struct vpath path = path_of("/");
	struct vfs_directory *directory;
	struct vfs_entry entry;
	unsigned n = 0;
	bool end = false;

	assert_int_equal(vfs_open_directory(vfs, &path, &directory), 0);
	while (vfs_read_directory(directory, &entry, &end) == 0 && !end)
		n++;
	vfs_close_directory(&directory);
	return n;
}

/* ---- the table */

enum { WHOLE, BROKEN, CUT, OUTCOMES };

/*
 * One row of the table: `at` is where "NEW" is written. What is seen under the name while the
 * upload runs, after it was whole, and after it failed; and what lies beside it then.
 */
struct row {
	enum vfs_upload_mode mode;
	const char *before;
	unsigned flags;
	uint64_t at;
	const char *during, *whole, *failed, *part;
};

#define NEW_FLAGS (VFS_WRITE | VFS_CREATE)
#define OVER (VFS_WRITE | VFS_CREATE | VFS_TRUNCATE)
#define RESUME (VFS_WRITE | VFS_CREATE | VFS_APPEND)
#define IN_PLACE VFS_WRITE

static const struct row rows[] = {
	{ VFS_UPLOAD_DIRECT, NULL, NEW_FLAGS, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, NULL, OVER, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, NULL, RESUME, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, "older", OVER, 0, "NEW", "NEW", "NEW", NULL },
	{ VFS_UPLOAD_DIRECT, "older", RESUME, 5, "olderNEW", "olderNEW", "olderNEW", NULL },
	{ VFS_UPLOAD_DIRECT, "older", IN_PLACE, 1, "oNEWr", "oNEWr", "oNEWr", NULL },

	{ VFS_UPLOAD_ATOMIC, NULL, NEW_FLAGS, 0, NULL, "NEW", NULL, NULL },
	{ VFS_UPLOAD_ATOMIC, NULL, OVER, 0, NULL, "NEW", NULL, NULL },
	{ VFS_UPLOAD_ATOMIC, NULL, RESUME, 0, NULL, "NEW", NULL, NULL },
	{ VFS_UPLOAD_ATOMIC, "older", OVER, 0, "older", "NEW", "older", NULL },
	{ VFS_UPLOAD_ATOMIC, "older", RESUME, 5, "olderNEW", "olderNEW", "olderNEW", NULL },
	{ VFS_UPLOAD_ATOMIC, "older", IN_PLACE, 1, "oNEWr", "oNEWr", "oNEWr", NULL },

	{ VFS_UPLOAD_ATOMIC_RESUME, NULL, NEW_FLAGS, 0, NULL, "NEW", "NEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, NULL, OVER, 0, NULL, "NEW", "NEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, NULL, RESUME, 0, NULL, "NEW", "NEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, "older", OVER, 0, "older", "NEW", "older", "NEW" },
	{ VFS_UPLOAD_ATOMIC_RESUME, "older", RESUME, 5, "olderNEW", "olderNEW", "olderNEW", NULL },
	{ VFS_UPLOAD_ATOMIC_RESUME, "older", IN_PLACE, 1, "oNEWr", "oNEWr", "oNEWr", NULL },
};

static void
run_row(const struct row *row, int outcome)
{
	unsigned descriptors = open_descriptors();
	struct vfs_file *file;
	int wanted = 0;

	tree_empty(&tree);
	vfs_free(&vfs);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	set_mode(row->mode);
	if (row->before != NULL)
		put_file(tree.root_fd, "f", row->before);
	file = must_open("/f", row->flags);
	assert_int_equal(vfs_file_is_new(file), row->before == NULL);
	assert_int_equal(vfs_file_size_before(file), row->before ? strlen(row->before) : 0);
	assert_int_equal(write_at(file, "NEW", row->at), 0);
	assert_int_equal(vfs_file_size(file), strlen(row->whole));
	assert_disk("f", row->during);
	assert_int_equal(count_listed(), row->during != NULL);
	if (outcome == BROKEN) {
		assert_int_equal(write_at(file, "x", INT64_MAX), EINVAL);
		wanted = EINVAL;
	} else if (outcome == CUT) {
		vfs_file_fail(file, ECANCELED);
		wanted = ECANCELED;
	}
	assert_int_equal(vfs_close(&file), wanted);
	assert_disk("f", outcome == WHOLE ? row->whole : row->failed);
	assert_disk("f.filepart", outcome == WHOLE ? NULL : row->part);
	assert_int_equal(count_entries(NULL), count_listed());
	assert_int_equal(open_descriptors(), descriptors);
}

static void
test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
			run_row(&rows[i], outcome);
	}
}

/* ---- permissions and names */

static void
put_over(const char *name, const char *content)
{
	struct vfs_file *file = must_open(name, OVER);

	assert_int_equal(write_at(file, content, 0), 0);
	assert_int_equal(vfs_close(&file), 0);
}

static void
be(uint32_t permissions, enum vfs_upload_mode mode)
{
	vfs_free(&vfs);
	vfs = tree_vfs(&tree, permissions);
	set_mode(mode);
}

/* Who may not overwrite does not either when the name was free at the open. */
static void
test_only_upload(void **state)
{
	struct vfs_file *file;

	(void)state;
	for (int mode = VFS_UPLOAD_ATOMIC; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		be(PERMISSION_UPLOAD | PERMISSION_LIST, (enum vfs_upload_mode)mode);
		tree_empty(&tree);
		be(PERMISSION_UPLOAD | PERMISSION_LIST, (enum vfs_upload_mode)mode);
		put_over("/new", "NEW");
		assert_disk("new", "NEW");
		assert_int_equal(file_open("/new", OVER, &file), EACCES);
		assert_int_equal(file_open("/new", RESUME, &file), EACCES);
		file = must_open("/late", OVER);
		assert_int_equal(write_at(file, "mine", 0), 0);
		put_file(tree.root_fd, "late", "another's");
		assert_int_equal(vfs_close(&file), EEXIST);
		assert_disk("late", "another's");
		assert_disk("late.filepart", mode == VFS_UPLOAD_ATOMIC ? NULL : "mine");
		assert_int_equal(count_entries(NULL), count_listed());
	}
}

/* Who may only overwrite makes no second name, not even of a part. */
static void
test_only_overwrite(void **state)
{
	struct vfs_file *file;

	(void)state;
	be(PERMISSION_OVERWRITE | PERMISSION_LIST, VFS_UPLOAD_ATOMIC_RESUME);
	put_file(tree.root_fd, "f", "older");
	assert_int_equal(file_open("/new", OVER, &file), EACCES);
	put_over("/f", "NEW");
	assert_disk("f", "NEW");
	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "newer", 0), 0);
	vfs_file_fail(file, ECANCELED);
	assert_int_equal(vfs_close(&file), ECANCELED);
	assert_disk("f", "NEW");
	assert_int_equal(count_entries(NULL), 1);
	/* A file that has gone meanwhile is there again: the client was allowed to write it. */
	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "newer", 0), 0);
	assert_int_equal(unlinkat(tree.root_fd, "f", 0), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "newer");
}

static void
test_exclusive(void **state)
{
	struct vfs_file *first, *second;

	(void)state;
	for (int mode = VFS_UPLOAD_ATOMIC; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		set_mode((enum vfs_upload_mode)mode);
		put_file(tree.root_fd, "there", "older");
		assert_int_equal(file_open("/there", OVER | VFS_EXCLUSIVE, &first), EEXIST);
		assert_disk("there", "older");
		first = must_open("/f", NEW_FLAGS | VFS_EXCLUSIVE);
		second = must_open("/f", NEW_FLAGS | VFS_EXCLUSIVE);
		assert_int_equal(write_at(first, "1", 0), 0);
		assert_int_equal(write_at(second, "2", 0), 0);
		assert_int_equal(vfs_close(&second), 0);
		assert_int_equal(vfs_close(&first), EEXIST);
		assert_disk("f", "2");
		assert_disk("f.filepart", mode == VFS_UPLOAD_ATOMIC ? NULL : "1");
		assert_int_equal(unlinkat(tree.root_fd, "f", 0), 0);
	}
}

/* Parts gather up to nine; none takes the place of another, and none is empty. */
static void
test_parts(void **state)
{
	struct vpath from = path_of("/f.filepart"), to = path_of("/f");
	char name[32], text[32];
	struct vfs_file *file;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC_RESUME);
	put_file(tree.root_fd, "f", "older");
	put_file(tree.root_fd, "f.3.filepart", "not ours");
	for (int i = 0; i <= 9; i++) {
		file = must_open("/f", OVER);
		if (i > 0) {
			snprintf(text, sizeof(text), "part %d", i);
			assert_int_equal(write_at(file, text, 0), 0);
		}
		vfs_file_fail(file, ECANCELED);
		assert_int_equal(vfs_close(&file), ECANCELED);
	}
	assert_disk("f", "older");
	assert_disk("f.filepart", "part 1");
	assert_disk("f.2.filepart", "part 2");
	assert_disk("f.3.filepart", "not ours");
	for (int i = 4; i <= 9; i++) {
		snprintf(name, sizeof(name), "f.%d.filepart", i);
		snprintf(text, sizeof(text), "part %d", i - 1);
		assert_disk(name, text);
	}
	assert_int_equal(count_entries(NULL), 10);
	/* A part is an ordinary file: it is resumed, and then renamed. */
	file = must_open("/f.filepart", RESUME);
	assert_int_equal(write_at(file, " and all", 6), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_int_equal(vfs_rename(vfs, &from, &to, true), 0);
	assert_disk("f", "part 1 and all");
}

static void
test_last_complete_one_wins(void **state)
{
	struct vfs_file *first, *second, *third;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, "f", "older");
	first = must_open("/f", OVER);
	second = must_open("/f", OVER);
	third = must_open("/f", OVER);
	assert_int_equal(write_at(first, "1111", 0), 0);
	assert_int_equal(write_at(second, "22", 0), 0);
	assert_int_equal(write_at(third, "333333", 0), 0);
	assert_int_equal(write_at(first, "1", 4), 0);
	assert_int_equal(vfs_close(&second), 0);
	assert_disk("f", "22");
	assert_int_equal(vfs_close(&first), 0);
	assert_disk("f", "11111");
	vfs_file_fail(third, ECANCELED);
	assert_int_equal(vfs_close(&third), ECANCELED);
	assert_disk("f", "11111");
	assert_int_equal(count_entries(NULL), 1);
}

/* The target's own fate meanwhile. */
static void
test_target_changes(void **state)
{
	struct vpath f = path_of("/f"), g = path_of("/g"), d = path_of("/d"), e = path_of("/e");
	struct vfs_file *file;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, "f", "older");
	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "NEW", 0), 0);
	assert_int_equal(vfs_rename(vfs, &f, &g, true), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "NEW");
	assert_disk("g", "older");
	file = must_open("/f", OVER);
	assert_int_equal(vfs_remove(vfs, &f, NULL), 0);
	assert_int_equal(vfs_make_directory(vfs, &f), 0);
	assert_int_equal(vfs_close(&file), EISDIR);
	assert_int_equal(vfs_remove_directory(vfs, &f), 0);
	/* The directory may move; it cannot be removed. */
	assert_int_equal(vfs_make_directory(vfs, &d), 0);
	file = must_open("/d/f", NEW_FLAGS);
	assert_int_equal(write_at(file, "moved", 0), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), ENOTEMPTY);
	assert_int_equal(vfs_rename(vfs, &d, &e, true), 0);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("e/f", "moved");
}

static void
test_through_links(void **state)
{
	struct stat st;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	put_file(tree.root_fd, "d/f", "older");
	assert_int_equal(symlinkat("d/f", tree.root_fd, "link"), 0);
	assert_int_equal(symlinkat("d/none", tree.root_fd, "dangling"), 0);
	put_over("/link", "NEW");
	put_over("/dangling", "none any more");
	assert_disk("d/f", "NEW");
	assert_disk("d/none", "none any more");
	assert_int_equal(fstatat(tree.root_fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(count_entries(NULL), 3);
}

/* The longest name leaves no room for all of it in the temporary one; UTF-8 is not torn. */
static void
test_long_names(void **state)
{
	char path[VPATH_NAME_MAX + 2] = "/", hidden[VPATH_NAME_MAX + 1] = "";

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	for (size_t n = 214; n <= VPATH_NAME_MAX; n++) {
		struct vfs_file *file;

		memset(path + 1, 'n', n);
		path[n + 1] = '\0';
		if (n > 240)
			memcpy(path + 216, "\xe2\x82\xac\xe2\x82\xac", 6);
		file = must_open(path, NEW_FLAGS);
		assert_int_equal(count_entries(hidden), 1);
		assert_int_equal(strncmp(hidden, ".sftpgo-upload.z", 16), 0);
		assert_int_equal(strspn(hidden + 15, "0123456789abcdefghijklmnopqrstuvz"), 20);
		assert_int_equal(hidden[35], '.');
		assert_int_equal(strncmp(hidden + 36, path + 1, strlen(hidden + 36)), 0);
		assert_int_equal(strlen(hidden + 36), n > 240 ? 218 : n > 219 ? 219 : n);
		assert_int_equal(write_at(file, "long", 0), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_content(vfs, path, "long");
		assert_int_equal(unlinkat(tree.root_fd, path + 1, 0), 0);
	}
}

/* ---- the reserved names */

static const char *const reserved[] = {
	"/" STALE "f", "/" STALE, "/.SFTPGO-upload.Z0123456789ABCDEFGHI.f",
	"/.sftpgo-upload.zzzzzzzzzzzzzzzzzzzz.x.y",
};

/* Names like them that belong to the client; the first is what an SFTPGo leaves behind. */
static const char *const free_names[] = {
	"/.sftpgo-upload.bp0r1uvh6e5g00cmh2kg.f", "/.sftpgo-upload.f",
	"/.sftpgo-upload.z0123456789abcdefgh.f", "/.sftpgo-upload.z0123456789abcdefghij.f",
	"/.sftpgo-upload.z0123456789abcdefgh-.f", "/x" STALE "f",
};

static void
test_reserved_names(void **state)
{
	const struct vfs_attributes mode = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0600 };
	struct vpath other = path_of("/other");
	struct vfs_attributes attributes;
	struct vfs_directory *directory;
	struct buf text = buf_init(4096);
	struct vfs_file *file;
	struct statvfs space;

	(void)state;
	put_file(tree.root_fd, "other", "other");
	for (size_t i = 0; i < COUNT(reserved); i++) {
		struct vpath path = path_of(reserved[i]);

		put_file(tree.root_fd, reserved[i] + 1, "hidden");
		assert_int_equal(vfs_open(vfs, &path, VFS_READ, &file), ENOENT);
		assert_int_equal(vfs_open(vfs, &path, OVER, &file), ENOENT);
		assert_int_equal(vfs_open(vfs, &path, IN_PLACE, &file), ENOENT);
		assert_int_equal(vfs_open_directory(vfs, &path, &directory), ENOENT);
		assert_int_equal(vfs_stat(vfs, &path, true, &attributes), ENOENT);
		assert_int_equal(vfs_stat(vfs, &path, false, &attributes), ENOENT);
		assert_int_equal(vfs_statvfs(vfs, &path, &space), ENOENT);
		assert_int_equal(vfs_set_attributes(vfs, &path, true, &mode), ENOENT);
		assert_int_equal(vfs_read_link(vfs, &path, &text), ENOENT);
		assert_int_equal(vfs_symlink(vfs, view_of("other"), &path), ENOENT);
		assert_int_equal(vfs_hard_link(vfs, &path, &other), ENOENT);
		assert_int_equal(vfs_hard_link(vfs, &other, &path), ENOENT);
		assert_int_equal(vfs_rename(vfs, &path, &other, true), ENOENT);
		assert_int_equal(vfs_rename(vfs, &other, &path, true), ENOENT);
		assert_int_equal(vfs_remove(vfs, &path, NULL), ENOENT);
		assert_int_equal(vfs_make_directory(vfs, &path), ENOENT);
		assert_int_equal(vfs_remove_directory(vfs, &path), ENOENT);
		/* Nor by a link, whoever made it. */
		assert_int_equal(symlinkat(reserved[i] + 1, tree.root_fd, "link"), 0);
		assert_int_equal(file_open("/link", VFS_READ, &file), ENOENT);
		assert_int_equal(file_open("/link", OVER, &file), ENOENT);
		assert_int_equal(unlinkat(tree.root_fd, "link", 0), 0);
		assert_disk(reserved[i] + 1, "hidden");
		assert_disk("other", "other");
		assert_int_equal(unlinkat(tree.root_fd, reserved[i] + 1, 0), 0);
	}
	for (size_t i = 0; i < COUNT(free_names); i++) {
		put_over(free_names[i], "mine");
		assert_content(vfs, free_names[i], "mine");
	}
	assert_int_equal(count_listed(), 1 + COUNT(free_names));
	assert_int_equal(count_entries(NULL), 1 + COUNT(free_names));
	buf_free(&text);
}

/* ---- attributes */

static void
assert_times(const char *name, int64_t atime, int64_t mtime)
{
	struct stat st;

	assert_int_equal(fstatat(tree.root_fd, name, &st, 0), 0);
	assert_int_equal(st.st_atim.tv_sec, atime);
	assert_int_equal(st.st_mtim.tv_sec, mtime);
	assert_int_equal(st.st_mtim.tv_nsec, 7);
}

/* By handle or by path, on a new file or an old one, with writes after it: at the end they hold. */
static void
test_times_hold(void **state)
{
	const struct vfs_attributes times = { .valid = VFS_ATTRIBUTE_TIMES, .atime = 1000,
		.mtime = 2000, .mtime_nsec = 7 };
	struct vpath path = path_of("/f"), link = path_of("/link");

	(void)state;
	for (int i = 0; i < 3 * 2 * 3; i++) {
		struct vfs_file *file;
		int how = i % 3;

		tree_empty(&tree);
		be(PERMISSION_ALL, (enum vfs_upload_mode)(i / 6));
		assert_int_equal(symlinkat("f", tree.root_fd, "link"), 0);
		if (i / 3 % 2 == 0)
			put_file(tree.root_fd, "f", "older");
		file = must_open("/f", OVER);
		assert_int_equal(write_at(file, "N", 0), 0);
		if (how == 0)
			assert_int_equal(vfs_file_set_attributes(file, &times), 0);
		else
			assert_int_equal(
			    vfs_set_attributes(vfs, how == 1 ? &path : &link, true, &times), 0);
		assert_int_equal(write_at(file, "EW", 1), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_times("f", 1000, 2000);
		assert_disk("f", "NEW");
	}
}

/* What is set by path belongs to the upload, once; after it, to the file; never to another's. */
static void
test_set_by_path(void **state)
{
	struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_MODE | VFS_ATTRIBUTE_SIZE,
		.mode = 0600, .size = 2 };
	struct vpath path = path_of("/f"), copy = path_of("/d/f");
	struct vfs *mine = vfs, *other;
	struct vfs_attributes got;
	struct vfs_file *file;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	other = tree_vfs(&tree, PERMISSION_ALL);
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	file = must_open("/f", NEW_FLAGS);
	assert_int_equal(write_at(file, "NEW", 0), 0);
	assert_int_equal(vfs_set_attributes(other, &path, true, &set), ENOENT);
	assert_int_equal(vfs_set_attributes(mine, &copy, true, &set), ENOENT);
	assert_int_equal(vfs_stat(mine, &path, true, &got), ENOENT);
	assert_int_equal(vfs_set_attributes(mine, &path, true, &set), 0);
	assert_int_equal(vfs_file_stat(file, &got), 0);
	assert_int_equal(got.size, 2);
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "NE");
	assert_int_equal(vfs_stat(mine, &path, true, &got), 0);
	assert_int_equal(got.mode & 07777, 0600);

	file = must_open("/f", OVER);
	assert_int_equal(write_at(file, "NEWER", 0), 0);
	set.size = 1;
	assert_int_equal(vfs_set_attributes(other, &path, true, &set), 0);
	assert_disk("f", "N");
	set.size = 4;
	set.mode = 0640;
	assert_int_equal(vfs_set_attributes(mine, &path, true, &set), 0);
	assert_disk("f", "N");
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "NEWE");
	assert_int_equal(vfs_stat(mine, &path, true, &got), 0);
	assert_int_equal(got.mode & 07777, 0640);
	set.size = 1;
	assert_int_equal(vfs_set_attributes(mine, &path, true, &set), 0);
	assert_disk("f", "N");
	vfs_free(&other);

	/* Without the permission, not during an upload either. */
	be(PERMISSION_UPLOAD | PERMISSION_OVERWRITE, VFS_UPLOAD_ATOMIC);
	file = must_open("/f", OVER);
	set.valid = VFS_ATTRIBUTE_MODE;
	assert_int_equal(vfs_set_attributes(vfs, &path, true, &set), EACCES);
	assert_int_equal(vfs_close(&file), 0);
}

/* A file that is replaced looks as before; a new one as the umask says. */
static void
test_modes_and_groups(void **state)
{
	static const mode_t modes[] = { 0600, 0640, 0666, 0755, 0200 };
	struct stat st;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	for (size_t i = 0; i < COUNT(modes); i++) {
		put_file(tree.root_fd, "f", "older");
		assert_int_equal(fchmodat(tree.root_fd, "f", modes[i], 0), 0);
		if (geteuid() == 0)
			assert_int_equal(fchownat(tree.root_fd, "f", 0, 12345, 0), 0);
		put_over("/f", "NEW");
		assert_int_equal(fstatat(tree.root_fd, "f", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(st.st_gid, geteuid() == 0 ? 12345 : getegid());
	}
	umask(027);
	put_over("/new", "NEW");
	umask(022);
	assert_int_equal(fstatat(tree.root_fd, "new", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* The group of a directory with the bit for it. */
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	assert_int_equal(fchownat(tree.root_fd, "d", 0, 23456, 0), 0);
	assert_int_equal(fchmodat(tree.root_fd, "d", 02755, 0), 0);
	for (int mode = VFS_UPLOAD_DIRECT; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		set_mode((enum vfs_upload_mode)mode);
		put_over("/d/f", "NEW");
		assert_int_equal(fstatat(tree.root_fd, "d/f", &st, 0), 0);
		assert_int_equal(st.st_gid, 23456);
		assert_int_equal(unlinkat(tree.root_fd, "d/f", 0), 0);
	}
}

/* A file that may not be written is not replaced either. */
static void
test_unwritable_target(void **state)
{
	struct vfs_file *file;

	(void)state;
	if (geteuid() == 0)
		skip();
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, "f", "older");
	assert_int_equal(fchmodat(tree.root_fd, "f", 0444, 0), 0);
	assert_int_equal(file_open("/f", OVER, &file), EACCES);
	assert_int_equal(count_entries(NULL), 1);
}

/* ---- the largest upload */

static void
test_largest_upload(void **state)
{
	struct vfs_attributes size = { .valid = VFS_ATTRIBUTE_SIZE, .size = 11 };
	struct vpath path = path_of("/large");
	struct vfs_file *file, *from;
	uint64_t copied;

	(void)state;
	put_file(tree.root_fd, "large", "more than 10 bytes");
	put_file(tree.root_fd, "part", "12345");
	for (int mode = VFS_UPLOAD_DIRECT; mode <= VFS_UPLOAD_ATOMIC_RESUME; mode++) {
		vfs_set_uploads(vfs,
		    &(struct vfs_uploads){ .mode = (enum vfs_upload_mode)mode, .size_max = 10 });
		/* n, in pieces; then n + 1, which spoils it */
		file = must_open("/f", OVER);
		assert_int_equal(write_at(file, "01234", 0), 0);
		assert_int_equal(write_at(file, "56789", 5), 0);
		assert_int_equal(write_at(file, "x", 9), 0);
		size.size = 11;
		assert_int_equal(vfs_file_set_attributes(file, &size), EFBIG);
		assert_int_equal(vfs_set_attributes(vfs, &(struct vpath){ 2, "/f" }, true, &size),
		    EFBIG);
		size.size = 10;
		assert_int_equal(vfs_file_set_attributes(file, &size), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_disk("f", "012345678x");
		file = must_open("/f", OVER);
		assert_int_equal(write_at(file, "yes", 0), 0);
		assert_int_equal(write_at(file, "no", 9), EFBIG);
		assert_int_equal(vfs_close(&file), EFBIG);
		assert_disk("f", mode == VFS_UPLOAD_DIRECT ? "yes" : "012345678x");
		/* a resume, and a copy */
		file = must_open("/part", RESUME);
		assert_int_equal(write_at(file, "67890", 5), 0);
		assert_int_equal(write_at(file, "1", 10), EFBIG);
		assert_int_equal(vfs_close(&file), EFBIG);
		assert_disk("part", "1234567890");
		put_file(tree.root_fd, "part", "12345");
		from = must_open("/large", VFS_READ);
		file = must_open("/copy", OVER);
		assert_int_equal(vfs_file_copy(from, 0, 10, file, 0, &copied), 0);
		assert_int_equal(vfs_file_copy(from, 0, 0, file, 0, &copied), EFBIG);
		assert_int_equal(copied, 0);
		assert_int_equal(vfs_close(&file), EFBIG);
		assert_int_equal(vfs_close(&from), 0);
		/* What is larger already may be changed, and made smaller, not larger. */
		file = must_open("/large", IN_PLACE);
		assert_int_equal(write_at(file, "M", 0), 0);
		size.size = 19;
		assert_int_equal(vfs_file_set_attributes(file, &size), EFBIG);
		assert_int_equal(vfs_close(&file), 0);
		assert_int_equal(vfs_set_attributes(vfs, &path, true, &size), EFBIG);
		size.size = 18;
		assert_int_equal(vfs_set_attributes(vfs, &path, true, &size), 0);
		assert_disk("large", "More than 10 bytes");
	}
}

/* ---- what is swept */

/* A stale one is removed where it is met; one that is written is not, whoever looks. */
static void
test_sweep(void **state)
{
	struct vfs *other = tree_vfs(&tree, PERMISSION_ALL), *mine = vfs;
	char hidden[VPATH_NAME_MAX + 1] = "";
	struct vpath d = path_of("/d"), e = path_of("/d/e");
	unsigned descriptors = open_descriptors();
	struct vfs_file *file;
	int fd;

	(void)state;
	set_mode(VFS_UPLOAD_ATOMIC);
	put_file(tree.root_fd, STALE "f", "stale");
	put_file(tree.root_fd, STALE "unwritable", "stale");
	assert_int_equal(fchmodat(tree.root_fd, STALE "unwritable", 0400, 0), 0);
	put_file(tree.root_fd, ".sftpgo-upload.bp0r1uvh6e5g00cmh2kg.f", "an SFTPGo's");
	assert_int_equal(mkdirat(tree.root_fd, STALE "directory", 0755), 0);
	assert_int_equal(mkfifoat(tree.root_fd, STALE "fifo", 0644), 0);
	file = must_open("/f", NEW_FLAGS);
	assert_int_equal(write_at(file, "live", 0), 0);
	assert_int_equal(count_entries(NULL), 6);
	for (int i = 0; i < 2; i++) {
		vfs = i == 0 ? other : mine;
		assert_int_equal(count_listed(), 1);
		assert_int_equal(count_entries(NULL), 4);
	}
	assert_disk(".sftpgo-upload.bp0r1uvh6e5g00cmh2kg.f", "an SFTPGo's");
	assert_int_equal(vfs_close(&file), 0);
	assert_disk("f", "live");
	assert_int_equal(unlinkat(tree.root_fd, STALE "directory", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(tree.root_fd, STALE "fifo", 0), 0);

	/* A directory that a client sees empty can be removed, unless somebody uploads into it. */
	assert_int_equal(mkdirat(tree.root_fd, "d", 0755), 0);
	put_file(tree.root_fd, "d/" STALE "1", "stale");
	file = must_open("/d/f", NEW_FLAGS);
	assert_int_equal(vfs_remove_directory(other, &d), ENOTEMPTY);
	vfs_file_fail(file, ECANCELED);
	assert_int_equal(vfs_close(&file), ECANCELED);
	put_file(tree.root_fd, "d/" STALE "2", "stale");
	assert_int_equal(vfs_make_directory(vfs, &e), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), ENOTEMPTY);
	assert_int_equal(vfs_remove_directory(vfs, &e), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), 0);

	/* Somebody else's lock is honoured as well. */
	file = must_open("/f", OVER);
	assert_int_equal(count_entries(hidden), 3);
	assert_int_equal(vfs_close(&file), 0);
	put_file(tree.root_fd, hidden, "locked");
	fd = openat(tree.root_fd, hidden, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(count_listed(), 2);
	assert_disk(hidden, "locked");
	close(fd);
	assert_int_equal(count_listed(), 2);
	assert_disk(hidden, NULL);
	assert_int_equal(open_descriptors(), descriptors);
	vfs_free(&other);
}

static int
setup(void **state)
{
	(void)state;
	umask(022);
	tree_make_in_memory(&tree);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_row),
		TEST(test_only_upload),
		TEST(test_only_overwrite),
		TEST(test_exclusive),
		TEST(test_parts),
		TEST(test_last_complete_one_wins),
		TEST(test_target_changes),
		TEST(test_through_links),
		TEST(test_long_names),
		TEST(test_reserved_names),
		TEST(test_times_hold),
		TEST(test_set_by_path),
		TEST(test_modes_and_groups),
		TEST(test_unwritable_target),
		TEST(test_largest_upload),
		TEST(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
