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
		if (hidden_out != NULL && strncmp(entry->d_name, ".sftpgo-upload.", 15) == 0)
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
