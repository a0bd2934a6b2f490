/* What each request does, over a real directory. */
#include "sftp_harness.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

/* ---- a client */

struct client {
	struct harness h;
	struct buf out;     /* requests not sent yet */
	uint32_t id;
	uint8_t handle[256];
};

static int
setup(void **state)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	harness_new(&c->h, PERMISSION_ALL);
	c->out = buf_init(16 * 1024 * 1024);
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	struct client *c = *state;

	harness_free(&c->h);
	buf_free(&c->out);
	free(c);
	return 0;
}

static int
client_send(struct client *c)
{
	int result = harness_send(&c->h, buf_view(&c->out), 0);

	buf_clear(&c->out);
	return result;
}

static void
client_init(struct client *c)
{
	struct rd r;

	message_init(&c->out);
	assert_int_equal(client_send(c), 0);
	r = harness_answer(&c->h);
	assert_int_equal(rd_u8(&r), SFTP_VERSION_REPLY);
	assert_int_equal(rd_u32(&r), SFTP_VERSION);
}

/* Sends what was written, and takes the one answer; checks type and id. */
static struct rd
ask(struct client *c, uint8_t type)
{
	struct rd r;
	uint8_t got;

	assert_int_equal(client_send(c), 0);
	r = harness_answer(&c->h);
	got = rd_u8(&r);
	if (got != type && got == SFTP_STATUS) {
		rd_u32(&r);
		fail_msg("status %u", rd_u32(&r));
	}
	assert_int_equal(got, type);
	assert_int_equal(rd_u32(&r), c->id);
	assert_int_equal(c->h.read_at, c->h.stream.n);
	return r;
}

static void
ask_status(struct client *c, uint32_t status, const char *text)
{
	struct rd r = ask(c, SFTP_STATUS);
	struct view message;

	assert_int_equal(rd_u32(&r), status);
	message = rd_str(&r, 256);
	if (text != NULL && !view_is(message, text))
		fail_msg("%.*s", (int)message.n, message.p);
	assert_int_equal(rd_str(&r, 0).n, 0);
	assert_int_equal(rd_end(&r), 0);
}

static void
ask_ok(struct client *c)
{
	ask_status(c, SFTP_OK, "OK");
}

static uint32_t
next_id(struct client *c)
{
	return ++c->id;
}

/* An open handle; the view stays good until the next open_handle() with the same slot. */
static struct view
take_handle(struct client *c, unsigned slot)
{
	struct rd r = ask(c, SFTP_HANDLE);
	struct view handle = rd_str(&r, 256);

	assert_int_equal(rd_end(&r), 0);
	assert_int_equal(handle.n, SFTP_HANDLE_BYTES);
	memcpy(c->handle + slot * 8, handle.p, 8);
	return (struct view){ c->handle + slot * 8, 8 };
}

static struct view
open_file(struct client *c, const char *path, uint32_t flags)
{
	message_open(&c->out, next_id(c), path, flags);
	return take_handle(c, 0);
}

static void
close_handle(struct client *c, struct view handle)
{
	message_handle(&c->out, SFTP_CLOSE, next_id(c), handle);
	ask_ok(c);
}

/* What went wrong with an upload is told once more at its end. */
static void
close_failed(struct client *c, struct view handle, const char *text)
{
	message_handle(&c->out, SFTP_CLOSE, next_id(c), handle);
	ask_status(c, SFTP_FAILURE, text);
}

static void
put_data(struct client *c, struct view handle, uint64_t offset, const char *text)
{
	message_write(&c->out, next_id(c), handle, offset, view_of(text));
	ask_ok(c);
}

static char *
host_path(struct client *c, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s%s", c->h.directory, name);
	return path;
}

static void
put_file(struct client *c, const char *name, const char *content)
{
	FILE *f = fopen(host_path(c, name), "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static void
check_file(struct client *c, const char *name, const char *content)
{
	char got[256] = { 0 };
	FILE *f = fopen(host_path(c, name), "r");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, content);
}

static bool
exists(struct client *c, const char *name)
{
	struct stat st;

	return lstat(host_path(c, name), &st) == 0;
}

static void
read_attributes(struct rd *r, struct vfs_attributes *out)
{
	assert_int_equal(rd_u32(r), 15);
	*out = (struct vfs_attributes){ 0 };
	out->size = rd_u64(r);
	out->uid = rd_u32(r);
	out->gid = rd_u32(r);
	out->mode = rd_u32(r);
	out->atime = rd_u32(r);
	out->mtime = rd_u32(r);
}

static struct vfs_attributes
ask_attributes(struct client *c)
{
	struct rd r = ask(c, SFTP_ATTRS);
	struct vfs_attributes a;

	read_attributes(&r, &a);
	assert_int_equal(rd_end(&r), 0);
	return a;
}

static void
ask_name(struct client *c, const char *name)
{
	struct rd r = ask(c, SFTP_NAME);
	struct view got;

	assert_int_equal(rd_u32(&r), 1);
	got = rd_str(&r, 8192);
	if (!view_is(got, name))
		fail_msg("%.*s", (int)got.n, got.p);
	assert_true(view_eq(rd_str(&r, 8192), got));
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_end(&r), 0);
}

static void
extension(struct client *c, const char *name, const struct buf *fields)
{
	message_extension(&c->out, next_id(c), name, buf_view(fields));
}

static void
path_extension(struct client *c, const char *name, const char *path)
{
	struct buf fields = buf_init(8192);

	buf_cstr(&fields, path);
	extension(c, name, &fields);
	buf_free(&fields);
}

static void
set_attributes(struct client *c, const char *path, uint32_t flags, uint64_t size, uint32_t mode,
	uint32_t mtime)
{
	size_t at = message_begin(&c->out, SFTP_SETSTAT, next_id(c));

	buf_cstr(&c->out, path);
	message_attributes(&c->out, flags, size, mode, mtime);
	message_end(&c->out, at);
}

/* ---- the beginning */

static void
test_version(void **state)
{
	static const char *const extensions[][2] = {
		{ "posix-rename@openssh.com", "1" }, { "statvfs@openssh.com", "2" },
		{ "fstatvfs@openssh.com", "2" }, { "hardlink@openssh.com", "1" },
		{ "fsync@openssh.com", "1" }, { "lsetstat@openssh.com", "1" },
		{ "limits@openssh.com", "1" }, { "expand-path@openssh.com", "1" },
		{ "copy-data", "1" }, { "home-directory", "1" },
		{ "users-groups-by-id@openssh.com", "1" },
	};
	struct client *c = *state;
	struct rd r;

	message_init(&c->out);
	assert_int_equal(client_send(c), 0);
	r = harness_answer(&c->h);
	assert_int_equal(rd_u8(&r), SFTP_VERSION_REPLY);
	assert_int_equal(rd_u32(&r), 3);
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		assert_true(view_is(rd_str(&r, 64), extensions[i][0]));
		assert_true(view_is(rd_str(&r, 64), extensions[i][1]));
	}
	assert_int_equal(rd_end(&r), 0);
}

/* ---- open */

/* The contract's upload semantics, for a file with "old text" and for one that is missing. */
static void
test_open_flags(void **state)
{
	enum { R = SFTP_OPEN_READ, W = SFTP_OPEN_WRITE, A = SFTP_OPEN_APPEND, C = SFTP_OPEN_CREAT,
		T = SFTP_OPEN_TRUNC, X = SFTP_OPEN_EXCL };
	static const struct {
		uint32_t flags;
		uint64_t at;
		const char *existing; /* after writing "new"; NULL: open fails */
		const char *missing;
	} cases[] = {
		{ W, 0, "new text", "new" },
		{ W | C, 0, "new text", "new" },
		{ W | T, 0, "new", "new" },
		{ W | C | T, 0, "new", "new" },
		{ R | W, 0, "new text", "new" },
		{ R | W | C | T, 0, "new", "new" },
		{ W | C | X, 0, NULL, "new" },
		{ W | X, 0, NULL, "new" },
		{ W | C | T | X, 0, NULL, "new" },
		{ W | A | T, 0, "new", "new" },
		{ A, 0, "new", "new" },
		{ C, 0, "new", "new" },
		{ A | C, 0, "new", "new" },
		{ T, 0, "new", "new" },
		{ W | A, 8, "old textnew", NULL },
		{ W | A | C, 8, "old textnew", NULL },
	};
	struct client *c = *state;

	client_init(c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_file(c, "/existing", "old text");
		message_open(&c->out, next_id(c), "/existing", cases[i].flags);
		if (cases[i].existing == NULL) {
			ask_status(c, SFTP_FAILURE, "File exists");
			check_file(c, "/existing", "old text");
		} else {
			struct view handle = take_handle(c, 0);

			put_data(c, handle, cases[i].at, "new");
			close_handle(c, handle);
			check_file(c, "/existing", cases[i].existing);
		}
		if (cases[i].missing != NULL) {
			struct view handle = open_file(c, "/missing", cases[i].flags);

			put_data(c, handle, 0, "new");
			close_handle(c, handle);
			check_file(c, "/missing", cases[i].missing);
			assert_int_equal(unlink(host_path(c, "/missing")), 0);
		}
	}
}

static void
test_open_refused(void **state)
{
	struct client *c = *state;

	client_init(c);
	mkdir(host_path(c, "/directory"), 0777);
	put_file(c, "/file", "text");
	message_open(&c->out, next_id(c), "/file", 0);
	ask_status(c, SFTP_FAILURE, "bad file flags");
	message_open(&c->out, next_id(c), "/file", SFTP_OPEN_EXCL);
	ask_status(c, SFTP_FAILURE, "bad file flags");
	message_open(&c->out, next_id(c), "/file", UINT32_C(0x80000000));
	ask_status(c, SFTP_FAILURE, "bad file flags");
	message_open(&c->out, next_id(c), "/nothing", SFTP_OPEN_READ);
	ask_status(c, SFTP_NO_SUCH_FILE, "No such file or directory");
	message_open(&c->out, next_id(c), "/directory", SFTP_OPEN_READ);
	ask_status(c, SFTP_FAILURE, "Is a directory");
	message_open(&c->out, next_id(c), "/directory", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	ask_status(c, SFTP_OP_UNSUPPORTED, "Is a directory");
	message_open(&c->out, next_id(c), "/no/file", SFTP_OPEN_WRITE);
	ask_status(c, SFTP_NO_SUCH_FILE, "No such file or directory");
	assert_false(sftp_server_has_handles(c->h.server));
}

static void
test_modes_of_the_client_are_ignored(void **state)
{
	struct client *c = *state;
	mode_t mask = umask(022);
	struct stat st;
	size_t at;

	client_init(c);
	at = message_begin(&c->out, SFTP_OPEN, next_id(c));
	buf_cstr(&c->out, "/file");
	buf_u32(&c->out, SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	message_attributes(&c->out, SFTP_ATTRIBUTE_PERMISSIONS, 0, 07777, 0);
	message_end(&c->out, at);
	close_handle(c, take_handle(c, 0));
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);

	at = message_begin(&c->out, SFTP_MKDIR, next_id(c));
	buf_cstr(&c->out, "/directory");
	message_attributes(&c->out, SFTP_ATTRIBUTE_PERMISSIONS, 0, 0700, 0);
	message_end(&c->out, at);
	ask_ok(c);
	assert_int_equal(stat(host_path(c, "/directory"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	umask(mask);
}

static void
test_permissions_are_the_tree_s(void **state)
{
	struct client *c = *state;

	harness_free(&c->h);
	harness_new(&c->h, PERMISSION_LIST | PERMISSION_DOWNLOAD);
	client_init(c);
	put_file(c, "/file", "text");
	close_handle(c, open_file(c, "/file", SFTP_OPEN_READ));
	message_open(&c->out, next_id(c), "/file", SFTP_OPEN_WRITE);
	ask_status(c, SFTP_PERMISSION_DENIED, "Permission denied");
	message_path(&c->out, SFTP_REMOVE, next_id(c), "/file");
	ask_status(c, SFTP_PERMISSION_DENIED, "Permission denied");
}

/* ---- data */

static void
ask_data(struct client *c, const char *data)
{
	struct rd r = ask(c, SFTP_DATA);

	assert_true(view_is(rd_str(&r, 4096), data));
	assert_int_equal(rd_end(&r), 0);
}

static void
test_read(void **state)
{
	struct client *c = *state;
	struct view handle;

	client_init(c);
	put_file(c, "/file", "0123456789");
	handle = open_file(c, "/file", SFTP_OPEN_READ);
	message_read(&c->out, next_id(c), handle, 0, 4);
	ask_data(c, "0123");
	message_read(&c->out, next_id(c), handle, 8, 4);
	ask_data(c, "89");
	message_read(&c->out, next_id(c), handle, 9, UINT32_MAX);
	ask_data(c, "9");
	message_read(&c->out, next_id(c), handle, 3, 0);
	ask_data(c, "");
	message_read(&c->out, next_id(c), handle, 10, 1);
	ask_status(c, SFTP_EOF, NULL);
	message_read(&c->out, next_id(c), handle, UINT64_C(1) << 40, 32768);
	ask_status(c, SFTP_EOF, NULL);
	message_read(&c->out, next_id(c), handle, INT64_MAX, 32768);
	ask_status(c, SFTP_EOF, NULL);
	message_read(&c->out, next_id(c), handle, UINT64_C(1) << 63, 32768);
	ask_status(c, SFTP_EOF, NULL);
	message_read(&c->out, next_id(c), handle, UINT64_MAX, UINT32_MAX);
	ask_status(c, SFTP_EOF, NULL);
	message_write(&c->out, next_id(c), handle, 0, view_of("x"));
	ask_status(c, SFTP_FAILURE, "not open for writing");
	close_handle(c, handle);
	assert_int_equal(c->h.transfers_done, 1);
	assert_int_equal(c->h.transfers_failed, 0);
	assert_int_equal(c->h.last_transfer.bytes, 7);
	assert_int_equal(c->h.last_transfer.file_size, 10);
	assert_false(c->h.last_transfer.upload);
	assert_string_equal(c->h.last_path.text, "/file");
	check_file(c, "/file", "0123456789");
}

static void
test_largest_read_and_write(void **state)
{
	struct client *c = *state;
	size_t n = SFTP_DATA_MAX + 1000;
	uint8_t *data = malloc(n);
	struct view handle;
	struct rd r;

	assert_non_null(data);
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	client_init(c);
	handle = open_file(c, "/file", SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	message_write(&c->out, next_id(c), handle, 0, (struct view){ data, SFTP_DATA_MAX });
	ask_ok(c);
	message_write(&c->out, next_id(c), handle, SFTP_DATA_MAX,
	    (struct view){ data + SFTP_DATA_MAX, 1000 });
	ask_ok(c);
	for (c->h.piece = 0; c->h.piece < 5000; c->h.piece += 4096) {
		message_read(&c->out, next_id(c), handle, 0, SFTP_DATA_MAX);
		r = ask(c, SFTP_DATA);
		assert_memory_equal(rd_str(&r, SFTP_DATA_MAX).p, data, SFTP_DATA_MAX);
		/* One byte more is cut. */
		message_read(&c->out, next_id(c), handle, 1000, SFTP_DATA_MAX + 1);
		r = ask(c, SFTP_DATA);
		assert_memory_equal(rd_str(&r, SFTP_DATA_MAX).p, data + 1000, SFTP_DATA_MAX);
		assert_int_equal(rd_end(&r), 0);
	}
	free(data);
}

static void
test_writes_in_any_order_and_holes(void **state)
{
	struct client *c = *state;
	const uint64_t far = UINT64_C(5) << 30;
	struct view handle;
	struct stat st;

	client_init(c);
	handle = open_file(c, "/file", SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	put_data(c, handle, far, "end");
	put_data(c, handle, 3, "def");
	put_data(c, handle, 0, "abc");
	put_data(c, handle, 0, "");
	message_read(&c->out, next_id(c), handle, 0, 6);
	ask_data(c, "abcdef");
	message_read(&c->out, next_id(c), handle, far, 100);
	ask_data(c, "end");
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_true((uint64_t)st.st_size == far + 3);
	close_handle(c, handle);
	assert_true(c->h.last_transfer.upload);
	assert_int_equal(c->h.last_transfer.bytes, 9 + 9);
}

static void
test_offsets_beyond_a_file(void **state)
{
	struct client *c = *state;
	static const uint64_t offsets[] = { INT64_MAX, INT64_MAX - 2, UINT64_C(1) << 63,
		UINT64_MAX - 2, UINT64_MAX };
	struct view handle;

	client_init(c);
	handle = open_file(c, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		message_write(&c->out, next_id(c), handle, offsets[i], view_of("data"));
		ask_status(c, SFTP_FAILURE, "File too large");
	}
	close_failed(c, handle, "File too large");
	check_file(c, "/file", "");
}

static void
test_resume_protects_what_is_there(void **state)
{
	struct client *c = *state;
	struct view handle;

	client_init(c);
	put_file(c, "/file", "0123");
	handle = open_file(c, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_APPEND);
	message_write(&c->out, next_id(c), handle, 3, view_of("x"));
	ask_status(c, SFTP_FAILURE, NULL);
	put_data(c, handle, 4, "4567");
	close_failed(c, handle, "Invalid argument");
	check_file(c, "/file", "01234567");
	/* A write that was refused spoils the transfer. */
	assert_int_equal(c->h.transfers_failed, 1);
}

/* The first pieces are written, the limit cuts one, the rest is skipped; one status for all. */
static void
test_write_that_fails_in_the_middle(void **state)
{
	struct client *c = *state;
	struct rlimit before, limit;
	uint8_t data[10000];
	struct view handle;

	memset(data, 'd', sizeof(data));
	signal(SIGXFSZ, SIG_IGN);
	client_init(c);
	handle = open_file(c, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 5000;
	setrlimit(RLIMIT_FSIZE, &limit);
	message_write(&c->out, next_id(c), handle, 0, (struct view){ data, sizeof(data) });
	assert_int_equal(harness_send(&c->h, buf_view(&c->out), 512), 0);
	setrlimit(RLIMIT_FSIZE, &before);
	buf_clear(&c->out);
	ask_status(c, SFTP_FAILURE, "File too large");
	close_failed(c, handle, "File too large");
	assert_int_equal(c->h.transfers_failed, 1);
	assert_int_equal(c->h.last_transfer.bytes, 5000);
}

static void
test_cut_transfers(void **state)
{
	struct client *c = *state;

	client_init(c);
	put_file(c, "/down", "text");
	put_data(c, open_file(c, "/up", SFTP_OPEN_WRITE), 0, "half");
	(void)open_file(c, "/down", SFTP_OPEN_READ);
	assert_true(sftp_server_has_handles(c->h.server));
	sftp_server_free(&c->h.server);
	assert_int_equal(c->h.transfers_done, 2);
	assert_int_equal(c->h.transfers_failed, 2);
}

/* ---- attributes */

static void
test_stat(void **state)
{
	struct client *c = *state;
	struct vfs_attributes a;
	struct view handle;
	struct stat st;

	client_init(c);
	put_file(c, "/file", "0123456789");
	assert_int_equal(symlink("file", host_path(c, "/link")), 0);
	assert_int_equal(symlink("nothing", host_path(c, "/dangling")), 0);
	assert_int_equal(utimensat(AT_FDCWD, host_path(c, "/file"),
	    (struct timespec[2]){ { .tv_sec = 1000 }, { .tv_sec = 2000 } }, 0), 0);
	assert_int_equal(chmod(host_path(c, "/file"), 0640), 0);
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);

	message_path(&c->out, SFTP_STAT, next_id(c), "/file");
	a = ask_attributes(c);
	assert_int_equal(a.size, 10);
	assert_int_equal(a.mode, S_IFREG | 0640);
	assert_int_equal(a.uid, st.st_uid);
	assert_int_equal(a.atime, 1000);
	assert_int_equal(a.mtime, 2000);
	message_path(&c->out, SFTP_STAT, next_id(c), "link");
	assert_int_equal(ask_attributes(c).mode, S_IFREG | 0640);
	message_path(&c->out, SFTP_LSTAT, next_id(c), "/link");
	assert_int_equal(ask_attributes(c).mode & S_IFMT, S_IFLNK);
	message_path(&c->out, SFTP_LSTAT, next_id(c), "/dangling");
	assert_int_equal(ask_attributes(c).mode & S_IFMT, S_IFLNK);
	message_path(&c->out, SFTP_STAT, next_id(c), "/dangling");
	ask_status(c, SFTP_NO_SUCH_FILE, "No such file or directory");

	assert_int_equal(mkdir(host_path(c, "/directory"), 0755), 0);
	assert_int_equal(symlink("directory", host_path(c, "/way")), 0);
	message_path(&c->out, SFTP_LSTAT, next_id(c), "/way");
	assert_int_equal(ask_attributes(c).mode & S_IFMT, S_IFLNK);
	message_path(&c->out, SFTP_LSTAT, next_id(c), "/way/");
	assert_int_equal(ask_attributes(c).mode & S_IFMT, S_IFDIR);
	message_path(&c->out, SFTP_LSTAT, next_id(c), "way/.");
	assert_int_equal(ask_attributes(c).mode & S_IFMT, S_IFDIR);

	handle = open_file(c, "/file", SFTP_OPEN_READ);
	message_handle(&c->out, SFTP_FSTAT, next_id(c), handle);
	assert_int_equal(ask_attributes(c).size, 10);
	close_handle(c, handle);
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/");
	handle = take_handle(c, 0);
	message_handle(&c->out, SFTP_FSTAT, next_id(c), handle);
	assert_int_equal(ask_attributes(c).mode & S_IFMT, S_IFDIR);
	close_handle(c, handle);
}

static void
test_setstat_sets_all_that_is_given(void **state)
{
	struct client *c = *state;
	struct stat st;

	client_init(c);
	put_file(c, "/file", "0123456789");
	set_attributes(c, "/file", SFTP_ATTRIBUTE_SIZE | SFTP_ATTRIBUTE_PERMISSIONS |
	    SFTP_ATTRIBUTE_ACMODTIME, 4, 0100604, 5000);
	ask_ok(c);
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(st.st_mode & 07777, 0604);
	assert_int_equal(st.st_atime, 4999);
	assert_int_equal(st.st_mtime, 5000);
	assert_int_equal(c->h.operations_done, 3);
	set_attributes(c, "/file", 0, 0, 0, 0);
	ask_ok(c);
	assert_int_equal(c->h.operations_done, 3);
	set_attributes(c, "/nothing", SFTP_ATTRIBUTE_PERMISSIONS, 0, 0644, 0);
	ask_status(c, SFTP_NO_SUCH_FILE, NULL);
}

static void
test_fsetstat(void **state)
{
	struct client *c = *state;
	struct view handle;
	struct stat st;
	size_t at;

	client_init(c);
	put_file(c, "/file", "0123456789");
	handle = open_file(c, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_APPEND);
	at = message_begin(&c->out, SFTP_FSETSTAT, next_id(c));
	buf_str(&c->out, handle);
	message_attributes(&c->out, SFTP_ATTRIBUTE_PERMISSIONS | SFTP_ATTRIBUTE_ACMODTIME, 0, 0600,
	    7000);
	message_end(&c->out, at);
	ask_ok(c);
	close_handle(c, handle);
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_mtime, 7000);
	assert_int_equal(c->h.transfers_failed, 0);

	/* On a directory too. */
	mkdir(host_path(c, "/directory"), 0777);
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/directory");
	handle = take_handle(c, 0);
	at = message_begin(&c->out, SFTP_FSETSTAT, next_id(c));
	buf_str(&c->out, handle);
	message_attributes(&c->out, SFTP_ATTRIBUTE_PERMISSIONS, 0, 0711, 0);
	message_end(&c->out, at);
	ask_ok(c);
	assert_int_equal(stat(host_path(c, "/directory"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
}

static void
set_link_attributes(struct client *c, const char *path)
{
	struct buf fields = buf_init(1024);

	buf_cstr(&fields, path);
	message_attributes(&fields, SFTP_ATTRIBUTE_ACMODTIME, 0, 0, 9000);
	extension(c, "lsetstat@openssh.com", &fields);
	buf_free(&fields);
}

/* A link is never followed, and its own times are out of reach (vfs.h): neither changes. */
static void
test_lsetstat(void **state)
{
	struct client *c = *state;
	struct stat st;

	client_init(c);
	put_file(c, "/file", "text");
	assert_int_equal(symlink("file", host_path(c, "/link")), 0);
	set_link_attributes(c, "/link");
	ask_status(c, SFTP_FAILURE, "Operation not supported");
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_int_not_equal(st.st_mtime, 9000);
	set_link_attributes(c, "/file");
	ask_ok(c);
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_int_equal(st.st_mtime, 9000);
}

static void
test_ignored_setstat(void **state)
{
	struct client *c = *state;
	struct view handle;
	struct stat st;
	size_t at;

	assert_int_equal(harness_serve(&c->h, &(struct sftp_settings){ .ignore_setstat = true }),
	    0);
	client_init(c);
	put_file(c, "/file", "text");
	assert_int_equal(chmod(host_path(c, "/file"), 0644), 0);
	set_attributes(c, "/file", SFTP_ATTRIBUTE_PERMISSIONS, 0, 0600, 0);
	ask_ok(c);
	set_attributes(c, "/nothing", SFTP_ATTRIBUTE_PERMISSIONS, 0, 0600, 0);
	ask_ok(c);
	handle = open_file(c, "/file", SFTP_OPEN_READ);
	at = message_begin(&c->out, SFTP_FSETSTAT, next_id(c));
	buf_str(&c->out, handle);
	message_attributes(&c->out, SFTP_ATTRIBUTE_SIZE, 0, 0, 0);
	message_end(&c->out, at);
	ask_ok(c);
	check_file(c, "/file", "text");
	assert_int_equal(stat(host_path(c, "/file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(c->h.operations_done, 0);
}

/* ---- directories */

/* The names of all entries, counted; checks that each has its attributes. */
static size_t
list(struct client *c, struct view handle)
{
	size_t total = 0;

	for (;;) {
		struct rd r;
		uint32_t count;
		uint8_t type;

		message_handle(&c->out, SFTP_READDIR, next_id(c), handle);
		assert_int_equal(client_send(c), 0);
		r = harness_answer(&c->h);
		type = rd_u8(&r);
		assert_int_equal(rd_u32(&r), c->id);
		count = rd_u32(&r);
		if (type == SFTP_STATUS) {
			assert_int_equal(count, SFTP_EOF);
			return total;
		}
		assert_int_equal(type, SFTP_NAME);
		assert_true(count > 0);
		total += count;
		while (count-- > 0) {
			struct vfs_attributes a;
			struct view name = rd_str(&r, 255), line = rd_str(&r, 512);

			assert_false(view_is(name, ".") || view_is(name, ".."));
			assert_true(line.n > name.n);
			assert_memory_equal(line.p + line.n - name.n, name.p, name.n);
			read_attributes(&r, &a);
		}
		assert_int_equal(rd_end(&r), 0);
	}
}

static void
test_directory(void **state)
{
	struct client *c = *state;
	struct view handle;
	char name[512];

	client_init(c);
	message_path(&c->out, SFTP_MKDIR, next_id(c), "/many");
	ask_ok(c);
	assert_int_equal(c->h.last_operation, SFTP_OPERATION_MKDIR);
	message_path(&c->out, SFTP_MKDIR, next_id(c), "/many");
	ask_status(c, SFTP_FAILURE, "File exists");
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/many");
	handle = take_handle(c, 0);
	assert_int_equal(list(c, handle), 0);
	close_handle(c, handle);
	for (int i = 0; i < 500; i++) {
		/* Long names, so that it takes several answers. */
		snprintf(name, sizeof(name), "/many/%03d%.*s", i, i / 2,
		    "....................................................................."
		    "....................................................................."
		    "....................................................................."
		    ".............................................");
		put_file(c, name, "");
	}
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/many");
	handle = take_handle(c, 0);
	c->h.piece = 37;
	assert_int_equal(list(c, handle), 500);
	/* The end stays the end. */
	assert_int_equal(list(c, handle), 0);
	c->h.piece = 0;
	message_read(&c->out, next_id(c), handle, 0, 10);
	ask_status(c, SFTP_FAILURE, "invalid handle");
	message_write(&c->out, next_id(c), handle, 0, view_of("x"));
	ask_status(c, SFTP_FAILURE, "invalid handle");
	close_handle(c, handle);
	message_path(&c->out, SFTP_RMDIR, next_id(c), "/many");
	ask_status(c, SFTP_FAILURE, "Directory not empty");
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/many/000");
	ask_status(c, SFTP_FAILURE, "Not a directory");
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/none");
	ask_status(c, SFTP_NO_SUCH_FILE, NULL);
	message_path(&c->out, SFTP_RMDIR, next_id(c), "/");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	assert_int_equal(c->h.transfers_done, 0);
}

/* ---- paths */

static void
test_realpath(void **state)
{
	static const char *const cases[][2] = {
		{ "", "/" }, { ".", "/" }, { "/", "/" }, { "/../../..", "/" }, { "a/b", "/a/b" },
		{ "/a//b/./c/../d/", "/a/b/d" }, { "/does/not/exist", "/does/not/exist" },
		{ "~", "/~" },
	};
	struct client *c = *state;

	client_init(c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		message_path(&c->out, SFTP_REALPATH, next_id(c), cases[i][0]);
		ask_name(c, cases[i][1]);
	}
}

static void
test_start_and_home(void **state)
{
	struct client *c = *state;
	struct buf fields = buf_init(64);

	assert_int_equal(harness_serve(&c->h,
	    &(struct sftp_settings){ .start = "/in/here", .home = "/home/me" }), 0);
	client_init(c);
	message_path(&c->out, SFTP_REALPATH, next_id(c), ".");
	ask_name(c, "/in/here");
	message_path(&c->out, SFTP_REALPATH, next_id(c), "../x");
	ask_name(c, "/in/x");
	message_path(&c->out, SFTP_REALPATH, next_id(c), "/x");
	ask_name(c, "/x");
	path_extension(c, "expand-path@openssh.com", "~");
	ask_name(c, "/home/me");
	path_extension(c, "expand-path@openssh.com", "~/a/../b");
	ask_name(c, "/home/me/b");
	path_extension(c, "expand-path@openssh.com", "b");
	ask_name(c, "/in/here/b");
	path_extension(c, "expand-path@openssh.com", "~root");
	ask_status(c, SFTP_NO_SUCH_FILE, NULL);
	path_extension(c, "home-directory", "");
	ask_name(c, "/home/me");
	buf_free(&fields);
}

static void
test_rename_replaces(void **state)
{
	struct client *c = *state;
	struct buf fields = buf_init(1024);

	client_init(c);
	put_file(c, "/one", "one");
	put_file(c, "/two", "two");
	message_paths(&c->out, SFTP_RENAME, next_id(c), "/one", "/two");
	ask_ok(c);
	assert_false(exists(c, "/one"));
	check_file(c, "/two", "one");
	assert_string_equal(c->h.last_path.text, "/one");
	assert_string_equal(c->h.last_target.text, "/two");
	put_file(c, "/three", "three");
	buf_cstr(&fields, "/three");
	buf_cstr(&fields, "/two");
	extension(c, "posix-rename@openssh.com", &fields);
	ask_ok(c);
	check_file(c, "/two", "three");
	message_paths(&c->out, SFTP_RENAME, next_id(c), "/", "/four");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	message_paths(&c->out, SFTP_RENAME, next_id(c), "/none", "/four");
	ask_status(c, SFTP_NO_SUCH_FILE, NULL);
	buf_free(&fields);
}

static void
test_remove(void **state)
{
	struct client *c = *state;

	client_init(c);
	put_file(c, "/file", "text");
	mkdir(host_path(c, "/directory"), 0777);
	assert_int_equal(symlink("file", host_path(c, "/link")), 0);
	message_path(&c->out, SFTP_REMOVE, next_id(c), "/link");
	ask_ok(c);
	check_file(c, "/file", "text");
	message_path(&c->out, SFTP_REMOVE, next_id(c), "/file");
	ask_ok(c);
	assert_int_equal(c->h.last_operation, SFTP_OPERATION_REMOVE);
	assert_int_equal(c->h.last_was.size, 4);
	assert_false(exists(c, "/file"));
	message_path(&c->out, SFTP_REMOVE, next_id(c), "/directory");
	ask_status(c, SFTP_FAILURE, "Is a directory");
	message_path(&c->out, SFTP_RMDIR, next_id(c), "/directory");
	ask_ok(c);
	message_path(&c->out, SFTP_REMOVE, next_id(c), "/file");
	ask_status(c, SFTP_NO_SUCH_FILE, NULL);
}

static void
test_links(void **state)
{
	struct client *c = *state;
	struct buf fields = buf_init(1024);
	struct stat st;

	client_init(c);
	put_file(c, "/file", "text");
	mkdir(host_path(c, "/directory"), 0777);
	/* Target first, then link. */
	message_paths(&c->out, SFTP_SYMLINK, next_id(c), "/file", "/directory/link");
	ask_ok(c);
	assert_string_equal(c->h.last_path.text, "/file");
	assert_string_equal(c->h.last_target.text, "/directory/link");
	check_file(c, "/directory/link", "text");
	message_path(&c->out, SFTP_READLINK, next_id(c), "/directory/link");
	assert_int_equal(client_send(c), 0);
	{
		struct rd r = harness_answer(&c->h);

		assert_int_equal(rd_u8(&r), SFTP_NAME);
	}
	message_paths(&c->out, SFTP_SYMLINK, next_id(c), "../file", "/directory/relative");
	ask_ok(c);
	assert_string_equal(c->h.last_path.text, "/file");
	message_path(&c->out, SFTP_READLINK, next_id(c), "/directory/relative");
	ask_name(c, "../file");
	message_paths(&c->out, SFTP_SYMLINK, next_id(c), "/", "/directory/root");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	message_paths(&c->out, SFTP_SYMLINK, next_id(c), "missing", "/dangling");
	ask_ok(c);
	message_path(&c->out, SFTP_READLINK, next_id(c), "/file");
	ask_status(c, SFTP_FAILURE, NULL);

	buf_cstr(&fields, "/file");
	buf_cstr(&fields, "/hard");
	extension(c, "hardlink@openssh.com", &fields);
	ask_ok(c);
	assert_int_equal(c->h.last_operation, SFTP_OPERATION_LINK);
	assert_int_equal(stat(host_path(c, "/hard"), &st), 0);
	assert_int_equal(st.st_nlink, 2);
	extension(c, "hardlink@openssh.com", &fields);
	ask_status(c, SFTP_FAILURE, "File exists");
	buf_free(&fields);
}

static void
test_path_lengths(void **state)
{
	struct client *c = *state;
	struct buf path = buf_init(8192);

	client_init(c);
	/* A name of 255 bytes, and of 256. */
	buf_u8(&path, '/');
	memset(buf_room(&path, 255), 'n', 255);
	message_path_bytes(&c->out, SFTP_MKDIR, next_id(c), buf_view(&path));
	ask_ok(c);
	buf_u8(&path, 'n');
	message_path_bytes(&c->out, SFTP_MKDIR, next_id(c), buf_view(&path));
	ask_status(c, SFTP_FAILURE, "File name too long");
	{
		size_t at = message_begin(&c->out, SFTP_RENAME, next_id(c));

		buf_cstr(&c->out, "/file");
		buf_str(&c->out, buf_view(&path));
		message_end(&c->out, at);
		ask_status(c, SFTP_FAILURE, "File name too long");
	}
	/* A path of 4095 bytes, and of 4096. */
	buf_clear(&path);
	while (path.n < 4094)
		buf_raw(&path, "/n", 2);
	buf_u8(&path, 'n');
	message_path_bytes(&c->out, SFTP_REALPATH, next_id(c), buf_view(&path));
	{
		struct rd r = ask(c, SFTP_NAME);

		assert_int_equal(rd_u32(&r), 1);
		assert_int_equal(rd_str(&r, 8192).n, 4095);
	}
	buf_u8(&path, 'n');
	message_path_bytes(&c->out, SFTP_REALPATH, next_id(c), buf_view(&path));
	ask_status(c, SFTP_FAILURE, "File name too long");
	/* A NUL, and bytes that are no UTF-8. */
	message_path_bytes(&c->out, SFTP_MKDIR, next_id(c),
	    (struct view){ (const uint8_t *)"/a\0b", 4 });
	ask_status(c, SFTP_FAILURE, "Invalid argument");
	message_path(&c->out, SFTP_MKDIR, next_id(c), "/\xff\xfe\x80\n\x01");
	ask_ok(c);
	assert_true(exists(c, "/\xff\xfe\x80\n\x01"));
	buf_free(&path);
}

/* ---- extensions */

static void
test_statvfs(void **state)
{
	struct client *c = *state;
	struct buf fields = buf_init(1024);
	struct view handle;
	uint64_t values[2][11];

	client_init(c);
	put_file(c, "/file", "");
	path_extension(c, "statvfs@openssh.com", "/");
	for (int i = 0; i < 2; i++) {
		struct rd r = ask(c, SFTP_EXTENDED_REPLY);

		for (int j = 0; j < 11; j++)
			values[i][j] = rd_u64(&r);
		assert_int_equal(rd_end(&r), 0);
		handle = open_file(c, "/file", SFTP_OPEN_READ);
		buf_clear(&fields);
		buf_str(&fields, handle);
		extension(c, "fstatvfs@openssh.com", &fields);
	}
	assert_int_equal(client_send(c), 0);
	c->h.read_at = c->h.stream.n;
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/");
	buf_clear(&fields);
	buf_str(&fields, take_handle(c, 1));
	extension(c, "fstatvfs@openssh.com", &fields);
	{
		struct rd r = ask(c, SFTP_EXTENDED_REPLY);

		assert_int_equal(rd_u64(&r), values[0][0]);
	}
	assert_true(values[0][0] > 0);
	assert_true(values[0][10] >= 255);
	assert_int_equal(values[0][1], values[1][1]);
	assert_int_equal(values[0][2], values[1][2]);
	path_extension(c, "statvfs@openssh.com", "/nothing");
	ask_status(c, SFTP_NO_SUCH_FILE, NULL);
	buf_free(&fields);
}

static void
test_limits(void **state)
{
	struct client *c = *state;
	struct buf none = buf_init(8);
	struct rd r;

	client_init(c);
	extension(c, "limits@openssh.com", &none);
	r = ask(c, SFTP_EXTENDED_REPLY);
	assert_int_equal(rd_u64(&r), 262144);
	assert_int_equal(rd_u64(&r), 261120);
	assert_int_equal(rd_u64(&r), 261120);
	assert_int_equal(rd_u64(&r), SFTP_HANDLES_MAX);
	assert_int_equal(rd_end(&r), 0);
}

static void
test_fsync_and_copy(void **state)
{
	struct client *c = *state;
	struct buf fields = buf_init(1024);
	struct view from, to;

	client_init(c);
	put_file(c, "/from", "0123456789");
	message_open(&c->out, next_id(c), "/from", SFTP_OPEN_READ);
	from = take_handle(c, 1);
	to = open_file(c, "/to", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	buf_str(&fields, from);
	buf_u64(&fields, 2);
	buf_u64(&fields, 5);
	buf_str(&fields, to);
	buf_u64(&fields, 1);
	extension(c, "copy-data", &fields);
	ask_ok(c);
	assert_int_equal(truncate(host_path(c, "/to"), 6), 0);
	buf_clear(&fields);
	buf_str(&fields, to);
	extension(c, "fsync@openssh.com", &fields);
	ask_ok(c);
	/* The wrong way round. */
	buf_clear(&fields);
	buf_str(&fields, to);
	buf_u64(&fields, 0);
	buf_u64(&fields, 0);
	buf_str(&fields, from);
	buf_u64(&fields, 0);
	extension(c, "copy-data", &fields);
	ask_status(c, SFTP_FAILURE, NULL);
	close_handle(c, to);
	assert_int_equal(c->h.last_transfer.bytes, 5);
	close_handle(c, from);
	message_open(&c->out, next_id(c), "/to", SFTP_OPEN_READ);
	to = take_handle(c, 0);
	message_read(&c->out, next_id(c), to, 1, 100);
	ask_data(c, "23456");
	close_handle(c, to);
	/* Onto itself, and with a handle that is none. */
	message_open(&c->out, next_id(c), "/from", SFTP_OPEN_READ);
	from = take_handle(c, 1);
	to = open_file(c, "/from", SFTP_OPEN_WRITE);
	buf_clear(&fields);
	buf_str(&fields, from);
	buf_u64(&fields, 0);
	buf_u64(&fields, 0);
	buf_str(&fields, to);
	buf_u64(&fields, 10);
	extension(c, "copy-data", &fields);
	ask_status(c, SFTP_FAILURE, "Invalid argument");
	close_failed(c, to, "Invalid argument");
	extension(c, "copy-data", &fields);
	ask_status(c, SFTP_FAILURE, "invalid handle");
	check_file(c, "/from", "0123456789");
	buf_free(&fields);
}

/* A large copy is made in parts; what was asked behind it waits, and the owner does not. */
static void
test_long_copy(void **state)
{
	enum { PART = 8 * 1024 * 1024, PARTS = 3, REST = 5 };
	struct client *c = *state;
	struct buf fields = buf_init(1024);
	struct stat st;
	struct view from, to;
	size_t used;

	client_init(c);
	put_file(c, "/from", "first");
	assert_int_equal(truncate(host_path(c, "/from"), PARTS * PART + REST), 0);
	message_open(&c->out, next_id(c), "/from", SFTP_OPEN_READ);
	from = take_handle(c, 1);
	to = open_file(c, "/to", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	buf_str(&fields, from);
	buf_u64(&fields, 0);
	buf_u64(&fields, 0);
	buf_str(&fields, to);
	buf_u64(&fields, 0);
	extension(c, "copy-data", &fields);
	assert_int_equal(sftp_server_input(c->h.server, c->out.p, c->out.n, &used), ERR_AGAIN);
	assert_int_equal(used, c->out.n);
	buf_clear(&c->out);
	for (int part = 1; part <= PARTS; part++) {
		assert_true(sftp_server_wants_turn(c->h.server));
		assert_true(sftp_server_is_busy(c->h.server));
		assert_int_equal(stat(host_path(c, "/to"), &st), 0);
		assert_int_equal(st.st_size, part * PART);
		assert_int_equal(c->h.stream.n, c->h.read_at);
		assert_int_equal(sftp_server_input(c->h.server, NULL, 0, &used),
		    part < PARTS ? ERR_AGAIN : 0);
	}
	assert_false(sftp_server_wants_turn(c->h.server));
	ask_ok(c); /* nothing is asked: the answer is there */
	close_handle(c, to);
	assert_int_equal(c->h.last_transfer.bytes, PARTS * PART + REST);
	close_handle(c, from);
	buf_free(&fields);
}

static void
test_users_groups(void **state)
{
	struct client *c = *state;
	struct buf fields = buf_init(1024);
	struct rd r;

	client_init(c);
	buf_u32(&fields, 8);
	buf_u32(&fields, 0);
	buf_u32(&fields, 1000);
	buf_u32(&fields, 4);
	buf_u32(&fields, 0);
	extension(c, "users-groups-by-id@openssh.com", &fields);
	r = ask(c, SFTP_EXTENDED_REPLY);
	assert_int_equal(rd_u32(&r), 8);
	assert_int_equal(rd_str(&r, 0).n, 0);
	assert_int_equal(rd_str(&r, 0).n, 0);
	assert_int_equal(rd_u32(&r), 4);
	assert_int_equal(rd_str(&r, 0).n, 0);
	assert_int_equal(rd_end(&r), 0);
	buf_free(&fields);
}

/* ---- settings */

static void
test_refused_requests(void **state)
{
	struct client *c = *state;

	assert_int_equal(harness_serve(&c->h,
	    &(struct sftp_settings){ .denied_requests = "mkdir,write,statvfs" }), 0);
	client_init(c);
	message_path(&c->out, SFTP_MKDIR, next_id(c), "/directory");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	path_extension(c, "statvfs@openssh.com", "/");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	message_write(&c->out, next_id(c), open_file(c, "/file", SFTP_OPEN_WRITE), 0, view_of("x"));
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	check_file(c, "/file", "");

	assert_int_equal(harness_serve(&c->h,
	    &(struct sftp_settings){ .allowed_requests = "realpath,stat" }), 0);
	message_init(&c->out);
	assert_int_equal(client_send(c), 0);
	/* What is refused is not advertised. */
	assert_int_equal(harness_answer(&c->h).n, 5);
	message_path(&c->out, SFTP_REALPATH, next_id(c), "x");
	ask_name(c, "/x");
	message_path(&c->out, SFTP_LSTAT, next_id(c), "/");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	assert_int_equal(harness_serve(&c->h,
	    &(struct sftp_settings){ .allowed_requests = "realpath,nonsense" }), ERR_INVALID);
	assert_int_equal(harness_serve(&c->h, &(struct sftp_settings){ 0 }), 0);
}

static void
test_read_only(void **state)
{
	struct client *c = *state;

	assert_int_equal(harness_serve(&c->h, &(struct sftp_settings){ .read_only = true }), 0);
	client_init(c);
	put_file(c, "/file", "text");
	close_handle(c, open_file(c, "/file", SFTP_OPEN_READ));
	message_open(&c->out, next_id(c), "/file", SFTP_OPEN_WRITE);
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	message_open(&c->out, next_id(c), "/file", SFTP_OPEN_TRUNC);
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	message_path(&c->out, SFTP_REMOVE, next_id(c), "/file");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	message_paths(&c->out, SFTP_RENAME, next_id(c), "/file", "/other");
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	set_attributes(c, "/file", SFTP_ATTRIBUTE_PERMISSIONS, 0, 0600, 0);
	ask_status(c, SFTP_PERMISSION_DENIED, NULL);
	check_file(c, "/file", "text");
	/* What is ignored anyway is no change. */
	assert_int_equal(harness_serve(&c->h, &(struct sftp_settings){ .read_only = true,
	    .ignore_setstat = true }), 0);
	client_init(c);
	set_attributes(c, "/file", SFTP_ATTRIBUTE_PERMISSIONS, 0, 0600, 0);
	ask_ok(c);
}

static void
count_transfer(void *ctx, const struct sftp_transfer *transfer)
{
	assert_int_equal(transfer->file_size, 3);
	assert_string_equal(transfer->path->text, "/up");
	(*(unsigned *)ctx)++;
}

static void
test_running_transfers(void **state)
{
	struct client *c = *state;
	unsigned n = 0;

	client_init(c);
	message_path(&c->out, SFTP_OPENDIR, next_id(c), "/");
	(void)take_handle(c, 1);
	put_data(c, open_file(c, "/up", SFTP_OPEN_WRITE), 0, "abc");
	sftp_server_transfers(c->h.server, count_transfer, &n);
	assert_int_equal(n, 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_version),
		TEST(test_open_flags),
		TEST(test_open_refused),
		TEST(test_modes_of_the_client_are_ignored),
		TEST(test_permissions_are_the_tree_s),
		TEST(test_read),
		TEST(test_largest_read_and_write),
		TEST(test_writes_in_any_order_and_holes),
		TEST(test_offsets_beyond_a_file),
		TEST(test_resume_protects_what_is_there),
		TEST(test_write_that_fails_in_the_middle),
		TEST(test_cut_transfers),
		TEST(test_stat),
		TEST(test_setstat_sets_all_that_is_given),
		TEST(test_fsetstat),
		TEST(test_lsetstat),
		TEST(test_ignored_setstat),
		TEST(test_directory),
		TEST(test_realpath),
		TEST(test_start_and_home),
		TEST(test_rename_replaces),
		TEST(test_remove),
		TEST(test_links),
		TEST(test_path_lengths),
		TEST(test_statvfs),
		TEST(test_limits),
		TEST(test_fsync_and_copy),
		TEST(test_long_copy),
		TEST(test_users_groups),
		TEST(test_refused_requests),
		TEST(test_read_only),
		TEST(test_running_transfers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
