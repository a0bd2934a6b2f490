/* Clients that lie, and the same session in every way that bytes can come and room can lack. */
#include "sftp_harness.h"

#include "sftp/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

static const uint8_t first_handle[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
static const uint8_t second_handle[8] = { 0, 0, 0, 1, 0, 0, 0, 1 };
static const uint8_t reused_handle[8] = { 0, 0, 0, 0, 0, 0, 0, 2 };

static struct view
handle_of(const uint8_t bytes[static 8])
{
	return (struct view){ bytes, 8 };
}

static int
setup(void **state)
{
	struct harness *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	harness_new(h, PERMISSION_ALL);
	*state = h;
	return 0;
}

static int
teardown(void **state)
{
	harness_free(*state);
	free(*state);
	return 0;
}

static int
send_bytes(struct harness *h, struct buf *b)
{
	int result;

	assert_int_equal(buf_error(b), 0);
	result = harness_send(h, buf_view(b), 0);
	buf_clear(b);
	return result;
}

static void
init(struct harness *h)
{
	struct buf b = buf_init(64);

	message_init(&b);
	assert_int_equal(send_bytes(h, &b), 0);
	(void)harness_answer(h);
	buf_free(&b);
}

/* The status of the only answer that is there. */
static uint32_t
only_status(struct harness *h, uint32_t id)
{
	struct rd r = harness_answer(h);

	assert_int_equal(rd_u8(&r), SFTP_STATUS);
	assert_int_equal(rd_u32(&r), id);
	assert_int_equal(h->read_at, h->stream.n);
	return rd_u32(&r);
}

static void
fresh(struct harness *h)
{
	assert_int_equal(harness_serve(h, &(struct sftp_settings){ 0 }), 0);
}

/* ---- a session that touches everything */

static void
script_extension(struct buf *b, uint32_t id, const char *name, const char *first,
	const char *second)
{
	struct buf fields = buf_init(1024);

	buf_cstr(&fields, first);
	if (second != NULL)
		buf_cstr(&fields, second);
	message_extension(b, id, name, buf_view(&fields));
	buf_free(&fields);
}

static void
script_setstat(struct buf *b, uint32_t id, const char *path)
{
	size_t at = message_begin(b, SFTP_SETSTAT, id);

	buf_cstr(b, path);
	message_attributes(b, SFTP_ATTRIBUTE_PERMISSIONS | SFTP_ATTRIBUTE_ACMODTIME, 0, 0640,
	    1000000);
	message_end(b, at);
}

static void
script_copy(struct buf *b, uint32_t id, const uint8_t *from, const uint8_t *to)
{
	struct buf fields = buf_init(1024);

	buf_str(&fields, handle_of(from));
	buf_u64(&fields, 0);
	buf_u64(&fields, 100);
	buf_str(&fields, handle_of(to));
	buf_u64(&fields, 7);
	message_extension(b, id, "copy-data", buf_view(&fields));
	buf_free(&fields);
}

/* Its answers are the same whenever it runs in an empty directory. Returns how many there are. */
static unsigned
write_script(struct buf *b)
{
	uint32_t id = 0;
	uint8_t data[3000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 >> 2);
	message_init(b);
	message_path(b, SFTP_REALPATH, ++id, ".");
	message_path(b, SFTP_MKDIR, ++id, "/d");
	message_open(b, ++id, "/d/file", SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	message_write(b, ++id, handle_of(first_handle), 0, (struct view){ data, sizeof(data) });
	message_write(b, ++id, handle_of(first_handle), 1000, (struct view){ data, 10 });
	message_write(b, ++id, handle_of(first_handle), 0, (struct view){ data, 0 });
	message_write(b, ++id, handle_of(second_handle), 0, (struct view){ data, 500 });
	message_write(b, ++id, view_of("no handle at all"), 0, (struct view){ data, 100 });
	message_read(b, ++id, handle_of(first_handle), 0, 32768);
	message_read(b, ++id, handle_of(first_handle), 2990, 10);
	message_read(b, ++id, handle_of(first_handle), 3000, 10);
	message_open(b, ++id, "/d/copy", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT | SFTP_OPEN_TRUNC);
	script_copy(b, ++id, first_handle, second_handle);
	script_extension(b, ++id, "fsync@openssh.com", "bad", NULL);
	message_handle(b, SFTP_CLOSE, ++id, handle_of(second_handle));
	message_handle(b, SFTP_CLOSE, ++id, handle_of(second_handle));
	message_handle(b, SFTP_CLOSE, ++id, handle_of(first_handle));
	message_path(b, SFTP_REMOVE, ++id, "/d/copy");
	script_setstat(b, ++id, "/d/file");
	message_path(b, SFTP_STAT, ++id, "/d/file");
	message_path(b, SFTP_OPENDIR, ++id, "/d");
	/* The place that was released last is used first. */
	message_handle(b, SFTP_READDIR, ++id, handle_of(reused_handle));
	message_handle(b, SFTP_READDIR, ++id, handle_of(reused_handle));
	message_handle(b, SFTP_CLOSE, ++id, handle_of(reused_handle));
	message_paths(b, SFTP_SYMLINK, ++id, "file", "/d/link");
	message_path(b, SFTP_READLINK, ++id, "/d/link");
	message_path(b, SFTP_LSTAT, ++id, "/d/nothing");
	message_paths(b, SFTP_RENAME, ++id, "/d/file", "/d/moved");
	script_extension(b, ++id, "posix-rename@openssh.com", "/d/moved", "/d/file");
	script_extension(b, ++id, "hardlink@openssh.com", "/d/file", "/d/hard");
	script_extension(b, ++id, "hardlink@openssh.com", "/d/file", "/d/hard");
	script_extension(b, ++id, "expand-path@openssh.com", "~/x", NULL);
	script_extension(b, ++id, "nonsense@example.org", "x", NULL);
	message_extension(b, ++id, "limits@openssh.com", (struct view){ 0 });
	message_empty(b, 99, ++id);
	message_path(b, SFTP_RMDIR, ++id, "/d");
	message_path(b, SFTP_REMOVE, ++id, "/d/hard");
	message_path(b, SFTP_REMOVE, ++id, "/d/link");
	message_path(b, SFTP_REMOVE, ++id, "/d/file");
	message_path(b, SFTP_RMDIR, ++id, "/d");
	assert_int_equal(buf_error(b), 0);
	return id + 1;
}

/* What the session says when nothing is in its way. */
static void
reference(struct buf *script, struct buf *answers, uint64_t *reservations)
{
	struct harness h;
	unsigned wanted;

	harness_new(&h, PERMISSION_ALL);
	wanted = write_script(script);
	assert_int_equal(harness_send(&h, buf_view(script), 0), 0);
	buf_raw(answers, h.stream.p, h.stream.n);
	*reservations = h.reservations;
	for (unsigned i = 0; i < wanted; i++) {
		struct rd r = harness_answer(&h);

		assert_true(r.n >= 5);
		rd_u8(&r);
		assert_int_equal(rd_u32(&r), i == 0 ? SFTP_VERSION : i);
	}
	assert_int_equal(h.read_at, h.stream.n);
	assert_false(sftp_server_is_busy(h.server));
	assert_false(sftp_server_has_handles(h.server));
	harness_free(&h);
}

static void
check_same(struct buf *script, struct buf *answers, size_t input_piece, size_t output_piece,
	uint64_t refuse_at, bool refuse_odd)
{
	struct harness h;

	harness_new(&h, PERMISSION_ALL);
	h.piece = output_piece;
	h.refuse_at = refuse_at;
	h.refuse_odd = refuse_odd;
	assert_int_equal(harness_send(&h, buf_view(script), input_piece), 0);
	assert_int_equal(h.stream.n, answers->n);
	assert_memory_equal(h.stream.p, answers->p, answers->n);
	harness_free(&h);
}

static void
test_any_pieces_any_room(void **state)
{
	struct buf script = buf_init(1 << 20), answers = buf_init(1 << 20);
	uint64_t reservations;

	(void)state;
	reference(&script, &answers, &reservations);
	for (size_t piece = 1; piece < 64; piece++)
		check_same(&script, &answers, piece, 0, 0, false);
	for (size_t piece = 1; piece < 64; piece++)
		check_same(&script, &answers, 0, piece, 0, false);
	for (uint64_t k = 1; k <= reservations; k++) {
		check_same(&script, &answers, 0, 0, k, false);
		check_same(&script, &answers, 1, 5, k, false);
		check_same(&script, &answers, 17, 0, k, false);
	}
	check_same(&script, &answers, 0, 0, 0, true);
	check_same(&script, &answers, 1, 1, 0, true);
	check_same(&script, &answers, 100, 13, 0, true);
	buf_free(&script);
	buf_free(&answers);
}

/* Every cut, with everything thrown away after it: nothing leaks, nothing is read past the end. */
static void
test_session_that_ends_anywhere(void **state)
{
	struct buf script = buf_init(1 << 20);

	(void)state;
	write_script(&script);
	for (size_t n = 0; n < script.n; n += n < 200 || n > 4000 ? 1 : 61) {
		struct harness h;

		harness_new(&h, PERMISSION_ALL);
		assert_int_equal(harness_send(&h, (struct view){ script.p, n }, 0), 0);
		harness_free(&h);
	}
	buf_free(&script);
}

/* A flipped bit makes another request or ends the session; whole answers in either case. */
static void
test_bit_flips_in_a_session(void **state)
{
	struct buf script = buf_init(1 << 20);

	(void)state;
	write_script(&script);
	for (size_t bit = 0; bit < script.n * 8; bit += bit < 1000 ? 1 : bit > 30000 ? 5 : 97) {
		struct harness h;

		harness_new(&h, PERMISSION_ALL);
		script.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		(void)harness_send(&h, buf_view(&script), 0);
		script.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		while (harness_answer(&h).n > 0)
			;
		harness_free(&h);
	}
	buf_free(&script);
}

/* ---- the order of things */

static void
test_nothing_before_init(void **state)
{
	struct harness *h = *state;
	struct buf b = buf_init(1024);

	for (unsigned type = 0; type < 256; type++) {
		if (type == SFTP_INIT)
			continue;
		fresh(h);
		message_path(&b, (uint8_t)type, 1, "/");
		/* A WRITE too, although its data is not there. */
		assert_int_equal(send_bytes(h, &b), ERR_PROTOCOL);
		assert_int_equal(h->stream.n, 0);
	}
	buf_free(&b);
}

static void
test_second_init(void **state)
{
	struct harness *h = *state;
	struct buf b = buf_init(1024);
	size_t consumed;

	init(h);
	message_init(&b);
	assert_int_equal(send_bytes(h, &b), ERR_PROTOCOL);
	assert_int_equal(h->read_at, h->stream.n);
	assert_int_equal(h->logged, 1);
	/* The end is the end. */
	message_path(&b, SFTP_REALPATH, 1, "/");
	assert_int_equal(send_bytes(h, &b), ERR_PROTOCOL);
	assert_int_equal(sftp_server_input(h->server, NULL, 0, &consumed), ERR_PROTOCOL);
	assert_int_equal(h->read_at, h->stream.n);
	buf_free(&b);
}

static void
test_init_of_any_version(void **state)
{
	static const uint32_t versions[] = { 0, 1, 3, 6, UINT32_MAX };
	struct harness *h = *state;
	struct buf b = buf_init(1024);

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct rd r;

		fresh(h);
		message_path(&b, SFTP_INIT, versions[i], "an extension");
		assert_int_equal(send_bytes(h, &b), 0);
		r = harness_answer(h);
		assert_int_equal(rd_u8(&r), SFTP_VERSION_REPLY);
		assert_int_equal(rd_u32(&r), SFTP_VERSION);
	}
	buf_free(&b);
}

static void
test_types_that_are_none(void **state)
{
	struct harness *h = *state;
	struct buf b = buf_init(1024);

	init(h);
	for (unsigned type = 0; type < 256; type++) {
		if (type == SFTP_INIT || type == SFTP_EXTENDED ||
		    sftp_row_of_type((uint8_t)type) != NULL)
			continue;
		message_path(&b, (uint8_t)type, type, "/");
		assert_int_equal(send_bytes(h, &b), 0);
		assert_int_equal(only_status(h, type), SFTP_OP_UNSUPPORTED);
	}
	buf_free(&b);
}

/* ---- lengths */

/* A message of this length, as far as it has bytes; most of it is zero. */
static int
send_length(struct harness *h, uint8_t type, uint32_t length, size_t sent)
{
	struct buf b = buf_init(1 << 20);
	int result;

	buf_u32(&b, length);
	buf_u8(&b, type);
	memset(buf_room(&b, sent - 1), 0, sent - 1);
	result = send_bytes(h, &b);
	buf_free(&b);
	return result;
}

static void
test_message_lengths(void **state)
{
	static const uint32_t too_long[] = { SFTP_REQUEST_MAX + 1, 1 << 20, INT32_MAX, UINT32_MAX };
	struct harness *h = *state;

	for (uint32_t length = 0; length < 5; length++) {
		fresh(h);
		init(h);
		assert_int_equal(send_length(h, SFTP_STAT, length, 5), ERR_PROTOCOL);
		fresh(h);
		init(h);
		assert_int_equal(send_length(h, SFTP_WRITE, length, 5), ERR_PROTOCOL);
	}
	fresh(h);
	init(h);
	assert_int_equal(send_length(h, SFTP_STAT, SFTP_REQUEST_MAX, SFTP_REQUEST_MAX), 0);
	assert_int_equal(only_status(h, 0), SFTP_BAD_MESSAGE);
	for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
		fresh(h);
		init(h);
		assert_int_equal(send_length(h, SFTP_STAT, too_long[i], 5), ERR_LIMIT);
	}
	fresh(h);
	init(h);
	assert_int_equal(send_length(h, SFTP_WRITE, SFTP_MESSAGE_MAX + SFTP_MESSAGE_SLACK,
	    SFTP_MESSAGE_MAX + SFTP_MESSAGE_SLACK), 0);
	/* An empty handle, no data, and much behind it that means nothing. */
	assert_int_equal(only_status(h, 0), SFTP_FAILURE);
	assert_int_equal(send_length(h, SFTP_WRITE, SFTP_MESSAGE_MAX + SFTP_MESSAGE_SLACK + 1, 5),
	    ERR_LIMIT);
	/* Before INIT there is no WRITE. */
	fresh(h);
	assert_int_equal(send_length(h, SFTP_INIT, SFTP_REQUEST_MAX + 1, 5), ERR_LIMIT);
}

/* Each request cut at each byte, its length made right: one answer, and the session goes on. */
static void
test_truncated_requests(void **state)
{
	struct harness *h = *state;
	struct buf script = buf_init(1 << 20), b = buf_init(1 << 20);
	struct rd r;

	init(h);
	write_script(&script);
	r = rd_of(buf_view(&script));
	rd_str(&r, 64);
	while (r.n > 0) {
		struct view message = rd_str(&r, 1 << 20);
		uint32_t id = get_u32(message.p + 1), status;
		size_t step = message.n > 300 ? 37 : 1;

		for (size_t n = 5; n < message.n; n += step) {
			buf_str(&b, (struct view){ message.p, n });
			assert_int_equal(send_bytes(h, &b), 0);
			status = only_status(h, id);
			/* The type and the extension's name are looked at first. */
			if (message.p[0] == 99)
				assert_int_equal(status, SFTP_OP_UNSUPPORTED);
			else if (message.p[0] != SFTP_EXTENDED || status != SFTP_OP_UNSUPPORTED)
				assert_int_equal(status, SFTP_BAD_MESSAGE);
		}
		/* And with a byte too many. */
		buf_u32(&b, (uint32_t)message.n + 1);
		buf_raw(&b, message.p, message.n);
		buf_u8(&b, 0);
		assert_int_equal(send_bytes(h, &b), 0);
		/* What stands behind the data of a WRITE is the one thing that is passed over. */
		if (message.p[0] == SFTP_WRITE)
			assert_int_equal(only_status(h, id), SFTP_FAILURE);
		else
			assert_true(only_status(h, id) >= SFTP_BAD_MESSAGE);
	}
	assert_false(sftp_server_is_busy(h->server));
	assert_false(sftp_server_has_handles(h->server));
	buf_free(&script);
	buf_free(&b);
}

/* WRITE whose data says more than the message has: skipped as the message says. */
static void
test_write_that_lies(void **state)
{
	static const uint32_t lengths[] = { 11, 1000, INT32_MAX, UINT32_MAX - 28, UINT32_MAX };
	struct harness *h = *state;
	struct buf b = buf_init(1024);
	struct stat st;
	char path[128];

	init(h);
	message_open(&b, 1, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	assert_int_equal(send_bytes(h, &b), 0);
	(void)harness_answer(h);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t piece = 0; piece < 40; piece++) {
			message_write(&b, 2, handle_of(first_handle), 0, view_of("0123456789"));
			put_u32(b.p + 4 + 25, lengths[i]);
			message_path(&b, SFTP_REALPATH, 3, "/");
			assert_int_equal(harness_send(h, buf_view(&b), piece), 0);
			buf_clear(&b);
			{
				struct rd r = harness_answer(h);

				assert_int_equal(rd_u8(&r), SFTP_STATUS);
				assert_int_equal(rd_u32(&r), 2);
				assert_int_equal(rd_u32(&r), SFTP_BAD_MESSAGE);
				r = harness_answer(h);
				assert_int_equal(rd_u8(&r), SFTP_NAME);
				assert_int_equal(rd_u32(&r), 3);
			}
		}
	}
	snprintf(path, sizeof(path), "%s/file", h->directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	buf_free(&b);
}

/* WRITE with more behind its data, as rclone sends it: the data is written and the rest is not. */
static void
test_write_with_more_behind(void **state)
{
	struct harness *h = *state;
	struct buf b = buf_init(1024);
	struct stat st;
	char path[128];

	init(h);
	message_open(&b, 1, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	assert_int_equal(send_bytes(h, &b), 0);
	(void)harness_answer(h);
	snprintf(path, sizeof(path), "%s/file", h->directory);
	for (uint32_t length = 0; length <= 10; length++) {
		for (size_t piece = 0; piece < 40; piece++) {
			message_write(&b, 2, handle_of(first_handle), 0, view_of("0123456789"));
			put_u32(b.p + 4 + 25, length);
			assert_int_equal(harness_send(h, buf_view(&b), piece), 0);
			buf_clear(&b);
			assert_int_equal(only_status(h, 2), SFTP_OK);
		}
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, length);
	}
	buf_free(&b);
}

/* ---- handles */

static void
check_bad_handle(struct harness *h, struct view handle)
{
	static const uint8_t types[] = { SFTP_CLOSE, SFTP_FSTAT, SFTP_READDIR };
	struct buf b = buf_init(4096);

	for (size_t i = 0; i < sizeof(types); i++) {
		message_handle(&b, types[i], 7, handle);
		assert_int_equal(send_bytes(h, &b), 0);
		assert_int_equal(only_status(h, 7),
		    handle.n > SFTP_HANDLE_BYTES_MAX ? SFTP_BAD_MESSAGE : SFTP_FAILURE);
	}
	message_read(&b, 7, handle, 0, 100);
	assert_int_equal(send_bytes(h, &b), 0);
	assert_true(only_status(h, 7) >= SFTP_FAILURE);
	message_write(&b, 7, handle, 0, view_of("data"));
	assert_int_equal(send_bytes(h, &b), 0);
	assert_true(only_status(h, 7) >= SFTP_FAILURE);
	buf_free(&b);
}

static void
test_forged_handles(void **state)
{
	struct harness *h = *state;
	struct buf b = buf_init(1024);
	uint8_t bytes[SFTP_HANDLE_BYTES_MAX + 1] = { 0 };

	init(h);
	message_open(&b, 1, "/file", SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	assert_int_equal(send_bytes(h, &b), 0);
	(void)harness_answer(h);
	memcpy(bytes, first_handle, 8);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		if (n != 8)
			check_bad_handle(h, (struct view){ bytes, n });
	}
	for (size_t bit = 0; bit < 64; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		check_bad_handle(h, (struct view){ bytes, 8 });
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	message_handle(&b, SFTP_CLOSE, 2, handle_of(first_handle));
	assert_int_equal(send_bytes(h, &b), 0);
	assert_int_equal(only_status(h, 2), SFTP_OK);
	check_bad_handle(h, handle_of(first_handle));
	/* The place is in use again, by another handle. */
	message_path(&b, SFTP_OPENDIR, 3, "/");
	assert_int_equal(send_bytes(h, &b), 0);
	(void)harness_answer(h);
	check_bad_handle(h, handle_of(first_handle));
	message_handle(&b, SFTP_CLOSE, 4, handle_of(reused_handle));
	assert_int_equal(send_bytes(h, &b), 0);
	assert_int_equal(only_status(h, 4), SFTP_OK);
	buf_free(&b);
}

static void
test_handle_exhaustion(void **state)
{
	struct harness *h = *state;
	struct buf b = buf_init(1024);
	struct rlimit limit;
	struct rd r;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < SFTP_HANDLES_MAX + 64)
		skip();
	init(h);
	for (uint32_t i = 0; i < SFTP_HANDLES_MAX; i++) {
		if (i % 2 == 0)
			message_path(&b, SFTP_OPENDIR, i, "/");
		else
			message_open(&b, i, "/file", SFTP_OPEN_WRITE);
		assert_int_equal(send_bytes(h, &b), 0);
		r = harness_answer(h);
		assert_int_equal(rd_u8(&r), SFTP_HANDLE);
	}
	message_path(&b, SFTP_OPENDIR, 1, "/");
	assert_int_equal(send_bytes(h, &b), 0);
	assert_int_equal(only_status(h, 1), SFTP_FAILURE);
	message_open(&b, 2, "/file", SFTP_OPEN_WRITE);
	assert_int_equal(send_bytes(h, &b), 0);
	assert_int_equal(only_status(h, 2), SFTP_FAILURE);
	message_handle(&b, SFTP_CLOSE, 3, handle_of(second_handle));
	assert_int_equal(send_bytes(h, &b), 0);
	assert_int_equal(only_status(h, 3), SFTP_OK);
	message_open(&b, 4, "/file", SFTP_OPEN_READ);
	assert_int_equal(send_bytes(h, &b), 0);
	r = harness_answer(h);
	assert_int_equal(rd_u8(&r), SFTP_HANDLE);
	sftp_server_free(&h->server);
	assert_int_equal(h->transfers_done, SFTP_HANDLES_MAX / 2 + 1);
	buf_free(&b);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_pieces_any_room),
		cmocka_unit_test(test_session_that_ends_anywhere),
		cmocka_unit_test(test_bit_flips_in_a_session),
		TEST(test_nothing_before_init),
		TEST(test_second_init),
		TEST(test_init_of_any_version),
		TEST(test_types_that_are_none),
		TEST(test_message_lengths),
		TEST(test_truncated_requests),
		TEST(test_write_that_lies),
		TEST(test_write_with_more_behind),
		TEST(test_forged_handles),
		TEST(test_handle_exhaustion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
