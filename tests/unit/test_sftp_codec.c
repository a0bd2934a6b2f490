/* The codec of SFTP: requests, attributes, handles, answers over split room. */
#include "sftp/attributes.h"
#include "sftp/handle.h"
#include "sftp/request.h"
#include "sftp/table.h"

#include "sftp_message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

/* ---- requests */

enum { SHAPES = SFTP_SHAPE_IDS + 1 };

static const uint32_t all_attributes = SFTP_ATTRIBUTE_SIZE | SFTP_ATTRIBUTE_UIDGID |
    SFTP_ATTRIBUTE_PERMISSIONS | SFTP_ATTRIBUTE_ACMODTIME;

/* A valid request of each shape, without type and id. */
static void
write_shape(struct buf *b, enum sftp_shape shape)
{
	switch (shape) {
	case SFTP_SHAPE_EMPTY:
		break;
	case SFTP_SHAPE_OPEN:
		buf_cstr(b, "/a/b");
		buf_u32(b, 0x1b);
		message_attributes(b, all_attributes, 77, 0100644, 1000);
		break;
	case SFTP_SHAPE_HANDLE:
		buf_cstr(b, "01234567");
		break;
	case SFTP_SHAPE_READ:
		buf_cstr(b, "01234567");
		buf_u64(b, UINT64_MAX - 1);
		buf_u32(b, UINT32_MAX - 1);
		break;
	case SFTP_SHAPE_PATH:
		buf_cstr(b, "/a/b");
		break;
	case SFTP_SHAPE_PATH_ATTRIBUTES:
		buf_cstr(b, "/a/b");
		message_attributes(b, all_attributes, 77, 0644, 1000);
		break;
	case SFTP_SHAPE_HANDLE_ATTRIBUTES:
		buf_cstr(b, "01234567");
		message_attributes(b, all_attributes, 77, 0644, 1000);
		break;
	case SFTP_SHAPE_TWO_PATHS:
		buf_cstr(b, "/a/b");
		buf_cstr(b, "/c");
		break;
	case SFTP_SHAPE_TEXT:
		buf_cstr(b, "~/x");
		break;
	case SFTP_SHAPE_TEXT_PATH:
		buf_cstr(b, "../t");
		buf_cstr(b, "/a/b");
		break;
	case SFTP_SHAPE_COPY:
		buf_cstr(b, "01234567");
		buf_u64(b, 1);
		buf_u64(b, 2);
		buf_cstr(b, "76543210");
		buf_u64(b, 3);
		break;
	case SFTP_SHAPE_IDS:
		buf_str(b, (struct view){ (const uint8_t *)"\0\0\0\1\0\0\0\2", 8 });
		buf_str(b, (struct view){ (const uint8_t *)"\0\0\0\3", 4 });
		break;
	}
	assert_int_equal(buf_error(b), 0);
}

static void
check_attributes(const struct vfs_attributes *a)
{
	assert_int_equal(a->valid, VFS_ATTRIBUTE_SIZE | VFS_ATTRIBUTE_OWNER | VFS_ATTRIBUTE_MODE |
	    VFS_ATTRIBUTE_TIMES);
	assert_int_equal(a->size, 77);
	assert_int_equal(a->uid, 1000);
	assert_int_equal(a->gid, 1001);
	assert_int_equal(a->mode & 0777, 0644);
	assert_int_equal(a->atime, 999);
	assert_int_equal(a->mtime, 1000);
}

static void
check_shape(enum sftp_shape shape, const struct sftp_request *request)
{
	switch (shape) {
	case SFTP_SHAPE_EMPTY:
		break;
	case SFTP_SHAPE_OPEN:
		assert_true(view_is(request->path, "/a/b"));
		assert_int_equal(request->flags, 0x1b);
		check_attributes(&request->attributes);
		break;
	case SFTP_SHAPE_HANDLE:
		assert_true(view_is(request->handle, "01234567"));
		break;
	case SFTP_SHAPE_READ:
		assert_true(view_is(request->handle, "01234567"));
		assert_true(request->offset == UINT64_MAX - 1);
		assert_true(request->length == UINT32_MAX - 1);
		break;
	case SFTP_SHAPE_PATH:
		assert_true(view_is(request->path, "/a/b"));
		break;
	case SFTP_SHAPE_PATH_ATTRIBUTES:
		assert_true(view_is(request->path, "/a/b"));
		check_attributes(&request->attributes);
		break;
	case SFTP_SHAPE_HANDLE_ATTRIBUTES:
		assert_true(view_is(request->handle, "01234567"));
		check_attributes(&request->attributes);
		break;
	case SFTP_SHAPE_TWO_PATHS:
		assert_true(view_is(request->path, "/a/b"));
		assert_true(view_is(request->second_path, "/c"));
		break;
	case SFTP_SHAPE_TEXT:
		assert_true(view_is(request->text, "~/x"));
		break;
	case SFTP_SHAPE_TEXT_PATH:
		assert_true(view_is(request->text, "../t"));
		assert_true(view_is(request->path, "/a/b"));
		break;
	case SFTP_SHAPE_COPY:
		assert_true(view_is(request->handle, "01234567"));
		assert_true(view_is(request->to_handle, "76543210"));
		assert_int_equal(request->offset, 1);
		assert_int_equal(request->length, 2);
		assert_int_equal(request->to_offset, 3);
		break;
	case SFTP_SHAPE_IDS:
		assert_int_equal(request->users.n, 8);
		assert_int_equal(request->groups.n, 4);
		break;
	}
}

static void
test_round_trip(void **state)
{
	(void)state;
	for (int shape = 0; shape < SHAPES; shape++) {
		struct buf b = buf_init(4096);
		struct sftp_request request;
		struct rd r;

		write_shape(&b, (enum sftp_shape)shape);
		r = rd_of(buf_view(&b));
		assert_int_equal(sftp_request_parse((enum sftp_shape)shape, &r, &request), 0);
		check_shape((enum sftp_shape)shape, &request);
		buf_free(&b);
	}
}

/* Each prefix is in memory of its own, so that the sanitizer sees a read past its end. */
static int
parse_copy(enum sftp_shape shape, const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	struct sftp_request request;
	struct rd r;
	int result;

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, bytes, n);
	r = rd_init(copy, n);
	result = sftp_request_parse(shape, &r, &request);
	free(copy);
	return result;
}

static void
test_truncation(void **state)
{
	(void)state;
	for (int shape = 0; shape < SHAPES; shape++) {
		struct buf b = buf_init(4096);

		write_shape(&b, (enum sftp_shape)shape);
		for (size_t n = 0; n < b.n; n++)
			assert_int_not_equal(parse_copy((enum sftp_shape)shape, b.p, n), 0);
		buf_u8(&b, 0);
		assert_int_not_equal(parse_copy((enum sftp_shape)shape, b.p, b.n), 0);
		buf_free(&b);
	}
}

/* A changed bit gives another valid request or an error, and never a read outside. */
static void
test_bit_flips(void **state)
{
	(void)state;
	for (int shape = 0; shape < SHAPES; shape++) {
		struct buf b = buf_init(4096);

		write_shape(&b, (enum sftp_shape)shape);
		for (size_t bit = 0; bit < b.n * 8; bit++) {
			b.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			(void)parse_copy((enum sftp_shape)shape, b.p, b.n);
			b.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		}
		assert_int_equal(parse_copy((enum sftp_shape)shape, b.p, b.n), 0);
		buf_free(&b);
	}
}

static int
parse_handle(size_t n)
{
	struct buf b = buf_init(4096);
	int result;

	buf_u32(&b, (uint32_t)n);
	memset(buf_room(&b, n), 'h', n);
	result = parse_copy(SFTP_SHAPE_HANDLE, b.p, b.n);
	buf_free(&b);
	return result;
}

static void
test_handle_length(void **state)
{
	(void)state;
	assert_int_equal(parse_handle(SFTP_HANDLE_BYTES_MAX), 0);
	assert_int_equal(parse_handle(SFTP_HANDLE_BYTES_MAX + 1), ERR_LIMIT);
}

static int
parse_ids(size_t users, size_t groups)
{
	struct buf b = buf_init(4096);
	int result;

	buf_u32(&b, (uint32_t)users);
	memset(buf_room(&b, users), 0, users);
	buf_u32(&b, (uint32_t)groups);
	memset(buf_room(&b, groups), 0, groups);
	result = parse_copy(SFTP_SHAPE_IDS, b.p, b.n);
	buf_free(&b);
	return result;
}

static void
test_ids_are_whole(void **state)
{
	(void)state;
	assert_int_equal(parse_ids(0, 0), 0);
	assert_int_equal(parse_ids(4, 8), 0);
	assert_int_equal(parse_ids(3, 8), ERR_FORMAT);
	assert_int_equal(parse_ids(4, 9), ERR_FORMAT);
}

/* ---- the head of a WRITE */

static int
parse_write(struct view message, size_t n, struct sftp_write_header *out)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, message.p + 4, n);
	result = sftp_write_header_parse((struct view){ copy, n }, get_u32(message.p), out);
	out->handle = (struct view){ 0 };
	free(copy);
	return result;
}

static void
test_write_header(void **state)
{
	struct sftp_write_header header;
	struct buf b = buf_init(4096);
	const size_t whole = 1 + 4 + 4 + 8 + 8 + 4;

	(void)state;
	message_write(&b, 42, view_of("01234567"), 1234, view_of("data"));
	for (size_t n = 0; n < whole; n++) {
		assert_int_equal(parse_write(buf_view(&b), n, &header), ERR_SHORT);
		assert_true(header.header == 0 || header.header == whole);
	}
	assert_int_equal(parse_write(buf_view(&b), whole, &header), 0);
	assert_int_equal(header.id, 42);
	assert_int_equal(header.offset, 1234);
	assert_int_equal(header.length, 4);
	assert_int_equal(header.header, whole);

	/* The data says one byte less, and one more, than the message has. */
	for (uint32_t length = 3; length <= 5; length++) {
		put_u32(b.p + 4 + whole - 4, length);
		assert_int_equal(parse_write(buf_view(&b), whole, &header),
		    length <= 4 ? 0 : ERR_FORMAT);
	}
	put_u32(b.p + 4 + whole - 4, 4);
	/* A handle that is longer than the message, or than any handle. */
	put_u32(b.p + 4 + 5, 13);
	assert_int_equal(parse_write(buf_view(&b), whole, &header), ERR_FORMAT);
	assert_int_equal(header.id, 42);
	put_u32(b.p + 4 + 5, UINT32_MAX);
	assert_int_equal(parse_write(buf_view(&b), whole, &header), ERR_FORMAT);
	/* Shorter than the smallest. */
	put_u32(b.p, 20);
	assert_int_equal(parse_write(buf_view(&b), 20, &header), ERR_FORMAT);
	buf_free(&b);
}

static void
test_write_header_bit_flips(void **state)
{
	struct sftp_write_header header;
	struct buf b = buf_init(4096);
	const size_t whole = 1 + 4 + 4 + 8 + 8 + 4;

	(void)state;
	message_write(&b, 42, view_of("01234567"), 1234, view_of("data"));
	for (size_t bit = 0; bit < (4 + whole) * 8; bit++) {
		int result;

		b.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		result = parse_write(buf_view(&b), whole, &header);
		/* Whatever was accepted adds up. */
		if (result == 0)
			assert_true(header.header + header.length <= get_u32(b.p));
		b.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	buf_free(&b);
}

/* ---- attributes */

static void
test_attribute_flags(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags < 64; flags++) {
		struct buf b = buf_init(4096);
		struct vfs_attributes a;
		struct rd r;

		message_attributes(&b, flags, 77, 0644, 1000);
		r = rd_of(buf_view(&b));
		sftp_attributes_parse(&r, &a);
		/* Bits 4 and 5 are of other protocol versions. */
		assert_int_equal(rd_end(&r) == 0, flags < 16);
		assert_int_equal(a.valid, flags < 16 ? flags : 0);
		buf_free(&b);
	}
}

static int
parse_extended(uint32_t count, uint32_t pairs)
{
	struct buf b = buf_init(4096);
	struct vfs_attributes a;
	struct rd r;
	int result;

	buf_u32(&b, UINT32_C(1) << SFTP_ATTRIBUTE_EXTENDED_BIT);
	buf_u32(&b, count);
	for (uint32_t i = 0; i < pairs; i++) {
		buf_cstr(&b, "name@example.org");
		buf_cstr(&b, "value");
	}
	r = rd_of(buf_view(&b));
	sftp_attributes_parse(&r, &a);
	result = rd_end(&r);
	buf_free(&b);
	return result;
}

static void
test_extended_attributes(void **state)
{
	(void)state;
	assert_int_equal(parse_extended(0, 0), 0);
	assert_int_equal(parse_extended(2, 2), 0);
	assert_int_equal(parse_extended(3, 2), ERR_SHORT);
	assert_int_equal(parse_extended(1, 2), ERR_TRAILING);
	/* Ends at once, not after four thousand million turns. */
	assert_int_equal(parse_extended(UINT32_MAX, 2), ERR_SHORT);
}

static void
check_long_name(const struct vfs_attributes *a, const char *name, int64_t now, const char *wanted)
{
	struct vfs_entry entry = { .attributes = *a };
	uint8_t line[SFTP_LONG_NAME_MAX + 1];
	size_t n;

	memcpy(entry.name, name, strlen(name) + 1);
	n = sftp_long_name(&entry, now, line);
	assert_true(n <= SFTP_LONG_NAME_MAX);
	line[n] = '\0';
	assert_string_equal((char *)line, wanted);
}

static void
test_long_name(void **state)
{
	const int64_t half_year = 15768000;
	static const struct {
		uint32_t mode;
		char letter;
	} types[] = { { S_IFIFO, 'p' }, { S_IFSOCK, 's' }, { S_IFCHR, 'c' }, { S_IFBLK, 'b' },
		{ S_IFREG, '-' }, { 0, '?' } };
	struct vfs_attributes a = { .mode = S_IFREG | 0640, .links = 1, .uid = 1000, .gid = 0,
		.size = 123, .mtime = 1583020800 /* 2020-03-01 00:00:00 UTC */ };

	(void)state;
	check_long_name(&a, "file", a.mtime + half_year,
	    "-rw-r-----    1 1000     0             123 Mar  1 00:00 file");
	check_long_name(&a, "file", a.mtime + half_year + 1,
	    "-rw-r-----    1 1000     0             123 Mar  1  2020 file");
	check_long_name(&a, "file", a.mtime - half_year - 1,
	    "-rw-r-----    1 1000     0             123 Mar  1  2020 file");
	a.mode = S_IFDIR | 07777;
	a.mtime += 13 * 3600 + 5 * 60 + 22 * 86400;
	check_long_name(&a, "a b", a.mtime,
	    "drwsrwsrwt    1 1000     0             123 Mar 23 13:05 a b");
	a.mode = S_IFLNK | 07000;
	check_long_name(&a, "", a.mtime,
	    "l--S--S--T    1 1000     0             123 Mar 23 13:05 ");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char wanted[] = "?---------    1 1000     0             123 Mar 23 13:05 x";

		a.mode = types[i].mode;
		wanted[0] = types[i].letter;
		check_long_name(&a, "x", a.mtime, wanted);
	}
}

static void
test_long_name_of_everything_large(void **state)
{
	struct vfs_attributes a = { .mode = UINT32_MAX, .links = UINT32_MAX, .uid = UINT32_MAX,
		.gid = UINT32_MAX, .size = UINT64_MAX };
	const int64_t times[] = { INT64_MIN, INT64_MAX, -1, 67767976233532799, -67768040609740800 };
	char name[VPATH_NAME_MAX + 1];
	struct vfs_entry entry;
	uint8_t line[SFTP_LONG_NAME_MAX];

	(void)state;
	memset(name, 'n', VPATH_NAME_MAX);
	name[VPATH_NAME_MAX] = '\0';
	memcpy(entry.name, name, sizeof(name));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		a.mtime = times[i];
		entry.attributes = a;
		assert_true(sftp_long_name(&entry, 0, line) <= sizeof(line));
		assert_true(sftp_long_name(&entry, a.mtime, line) <= sizeof(line));
	}
}

/* ---- handles */

static struct view
handle_bytes(const struct sftp_handle *handle, uint8_t *bytes)
{
	sftp_handle_write(handle, bytes);
	return (struct view){ bytes, SFTP_HANDLE_BYTES };
}

static void
test_handles(void **state)
{
	struct sftp_handles handles = { 0 };
	struct sftp_handle *all[SFTP_HANDLES_MAX];
	uint8_t bytes[SFTP_HANDLE_BYTES], old[SFTP_HANDLE_BYTES];
	struct view v;

	(void)state;
	for (size_t i = 0; i < SFTP_HANDLES_MAX; i++) {
		assert_non_null(all[i] = sftp_handle_take(&handles));
		all[i]->kind = SFTP_HANDLE_FILE;
	}
	assert_null(sftp_handle_take(&handles));
	assert_int_equal(handles.open, SFTP_HANDLES_MAX);
	for (size_t i = 0; i < SFTP_HANDLES_MAX; i++) {
		v = handle_bytes(all[i], bytes);
		assert_ptr_equal(sftp_handle_find(&handles, v, SFTP_HANDLE_FILE), all[i]);
		assert_ptr_equal(sftp_handle_find(&handles, v, SFTP_HANDLE_ANY), all[i]);
		assert_null(sftp_handle_find(&handles, v, SFTP_HANDLE_DIRECTORY));
		assert_null(sftp_handle_find(&handles, (struct view){ bytes, 7 },
		    SFTP_HANDLE_ANY));
	}
	/* A place that is used again is not found by its former handle. */
	(void)handle_bytes(all[5], old);
	sftp_handle_release(&handles, all[5]);
	assert_null(sftp_handle_find(&handles, (struct view){ old, sizeof(old) },
	    SFTP_HANDLE_ANY));
	assert_ptr_equal(sftp_handle_take(&handles), all[5]);
	/* Taken, and not filled in yet. */
	assert_null(sftp_handle_find(&handles, handle_bytes(all[5], bytes), SFTP_HANDLE_ANY));
	all[5]->kind = SFTP_HANDLE_DIRECTORY;
	assert_null(sftp_handle_find(&handles, (struct view){ old, sizeof(old) },
	    SFTP_HANDLE_ANY));
	assert_ptr_equal(sftp_handle_find(&handles, handle_bytes(all[5], bytes),
	    SFTP_HANDLE_DIRECTORY), all[5]);
	/* One past the table, and far past it. */
	put_u32(bytes, SFTP_HANDLES_MAX);
	assert_null(sftp_handle_find(&handles, (struct view){ bytes, sizeof(bytes) },
	    SFTP_HANDLE_ANY));
	put_u32(bytes, UINT32_MAX);
	assert_null(sftp_handle_find(&handles, (struct view){ bytes, sizeof(bytes) },
	    SFTP_HANDLE_ANY));
	sftp_handles_free(&handles);
}

/* ---- answers over room in pieces */

struct pieces {
	uint8_t room[512];
	size_t piece;
	size_t committed;
};

static int
pieces_reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	struct pieces *p = ctx;
	size_t at = 0;
	int n = 0;

	for (; at < bytes; n++) {
		size_t part = bytes - at < p->piece ? bytes - at : p->piece;

		/* Empty pieces and the last piece, which takes all, are there too. */
		if (n == SFTP_OUTPUT_PIECES - 1)
			part = bytes - at;
		else if (n == 1)
			part = 0;
		assert_true(n < *iov_count);
		iov[n] = (struct iovec){ .iov_base = p->room + at, .iov_len = part };
		at += part;
	}
	*iov_count = n;
	return 0;
}

static void
pieces_commit(void *ctx, size_t bytes)
{
	((struct pieces *)ctx)->committed = bytes;
}

static void
test_answer_over_pieces(void **state)
{
	static const char data[] = "the bytes of a file, that went in beside";
	struct pieces p = { 0 };
	const struct sftp_output output = { .ctx = &p, .reserve = pieces_reserve,
		.commit = pieces_commit };

	(void)state;
	for (p.piece = 1; p.piece < 100; p.piece++) {
		struct iovec iov[SFTP_OUTPUT_PIECES];
		struct sftp_answer answer;
		struct rd r;
		size_t at = 0;
		int count;

		memset(p.room, 0xee, sizeof(p.room));
		assert_int_equal(sftp_answer_reserve(&answer, &output, 100), 0);
		count = sftp_answer_pieces(&answer, 13, sizeof(data), iov);
		for (int i = 0; i < count; i++) {
			memcpy(iov[i].iov_base, data + at, iov[i].iov_len);
			at += iov[i].iov_len;
		}
		assert_int_equal(at, sizeof(data));
		sftp_answer_begin(&answer, SFTP_DATA, 7);
		sftp_answer_u32(&answer, sizeof(data));
		sftp_answer_skip(&answer, sizeof(data));
		sftp_answer_raw(&answer, "\x5a", 1);
		sftp_answer_u64(&answer, UINT64_C(0x0102030405060708));
		sftp_answer_patch(&answer, 5, 9);
		assert_int_equal(sftp_answer_room_left(&answer), 100 - 13 - sizeof(data) - 9);
		sftp_answer_end(&answer);

		r = rd_init(p.room, p.committed);
		assert_int_equal(rd_u32(&r), p.committed - 4);
		assert_int_equal(rd_u8(&r), SFTP_DATA);
		assert_int_equal(rd_u32(&r), 9);
		assert_memory_equal(rd_str(&r, 100).p, data, sizeof(data));
		assert_int_equal(rd_u8(&r), 0x5a);
		assert_true(rd_u64(&r) == UINT64_C(0x0102030405060708));
		assert_int_equal(rd_end(&r), 0);
		assert_int_equal(p.room[100], 0xee);
	}
}

static void
check_errno(int error, uint32_t status, const char *text)
{
	struct pieces p = { .piece = 512 };
	const struct sftp_output output = { .ctx = &p, .reserve = pieces_reserve,
		.commit = pieces_commit };
	struct sftp_answer answer;
	struct rd r;

	assert_int_equal(sftp_answer_reserve(&answer, &output, SFTP_STATUS_ROOM), 0);
	sftp_answer_errno(&answer, 3, error);
	r = rd_init(p.room, p.committed);
	rd_u32(&r);
	assert_int_equal(rd_u8(&r), SFTP_STATUS);
	assert_int_equal(rd_u32(&r), 3);
	assert_int_equal(rd_u32(&r), status);
	assert_true(view_is(rd_str(&r, 256), text));
	assert_true(view_is(rd_str(&r, 256), ""));
	assert_int_equal(rd_end(&r), 0);
}

static void
test_reasons(void **state)
{
	(void)state;
	check_errno(0, SFTP_OK, "OK");
	check_errno(ENOENT, SFTP_NO_SUCH_FILE, "No such file or directory");
	check_errno(EACCES, SFTP_PERMISSION_DENIED, "Permission denied");
	check_errno(EPERM, SFTP_PERMISSION_DENIED, "Operation not permitted");
	check_errno(ENOSPC, SFTP_FAILURE, "No space left on device");
	check_errno(EDQUOT, SFTP_FAILURE, "Disk quota exceeded");
	check_errno(EISDIR, SFTP_FAILURE, "Is a directory");
	check_errno(EROFS, SFTP_FAILURE, "Read-only file system");
	check_errno(99999, SFTP_FAILURE, "Failure");
}

/* ---- the table */

static void
test_table(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		const struct sftp_row *row = sftp_row_of_type((uint8_t)type);

		assert_int_equal(row != NULL, type >= SFTP_OPEN && type <= SFTP_SYMLINK);
		if (row != NULL)
			assert_int_equal(row->type, type);
	}
	for (size_t i = 0; i < sftp_row_count; i++) {
		const struct sftp_row *row = &sftp_rows[i];

		assert_ptr_equal(sftp_row_of_name(view_of(row->name)), row);
		assert_int_equal(row->act == NULL, row->type == SFTP_WRITE);
		if (row->extension != NULL)
			assert_ptr_equal(sftp_row_of_extension(view_of(row->extension)), row);
	}
	assert_null(sftp_row_of_name(view_of("")));
	assert_null(sftp_row_of_extension(view_of("statvfs")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_handle_length),
		cmocka_unit_test(test_ids_are_whole),
		cmocka_unit_test(test_write_header),
		cmocka_unit_test(test_write_header_bit_flips),
		cmocka_unit_test(test_attribute_flags),
		cmocka_unit_test(test_extended_attributes),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_long_name_of_everything_large),
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_answer_over_pieces),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_table),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
