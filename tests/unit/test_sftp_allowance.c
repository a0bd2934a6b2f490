/* What an allowance holds back: the content of files, in both directions, and nothing else. */
#include "sftp_harness.h"

#include "base/permission.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct harness h;
	struct sftp_allowance upload, download;
	struct buf in;
	struct view handle;
	uint8_t handle_bytes[64];
	size_t used; /* of `in` */
};

/* As the owner does: what was not used comes again. */
static int
go_on(struct fixture *f)
{
	size_t consumed = 0;
	int result = sftp_server_input(f->h.server, f->in.p + f->used, f->in.n - f->used, &consumed);

	f->used += consumed;
	return result;
}

static void
begin(struct fixture *f, uint32_t flags)
{
	struct rd r;
	struct view handle;

	*f = (struct fixture){ .in = buf_init(1 << 20) };
	harness_new(&f->h, PERMISSION_ALL);
	assert_int_equal(harness_serve(&f->h, &(struct sftp_settings){ .upload = &f->upload,
	    .download = &f->download }), 0);
	message_init(&f->in);
	message_open(&f->in, 1, "/file", flags);
	assert_int_equal(go_on(f), 0);
	(void)harness_answer(&f->h);
	r = harness_answer(&f->h);
	assert_int_equal(rd_u8(&r), SFTP_HANDLE);
	rd_u32(&r);
	handle = rd_str(&r, sizeof(f->handle_bytes));
	memcpy(f->handle_bytes, handle.p, handle.n);
	f->handle = (struct view){ f->handle_bytes, handle.n };
}

static void
end(struct fixture *f)
{
	buf_free(&f->in);
	harness_free(&f->h);
}

static void
expect(struct fixture *f, uint8_t type, uint32_t id)
{
	struct rd r = harness_answer(&f->h);

	assert_int_equal(rd_u8(&r), type);
	assert_int_equal(rd_u32(&r), id);
}

static off_t
size_on_disk(const struct fixture *f)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/file", f->h.directory);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void
a_write_goes_in_parts(void **state)
{
	uint8_t data[1000];
	struct fixture f;

	(void)state;
	memset(data, 'x', sizeof(data));
	begin(&f, SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	f.upload = (struct sftp_allowance){ .limited = true, .left = 999 };
	message_write(&f.in, 2, f.handle, 0, (struct view){ data, sizeof(data) });
	message_handle(&f.in, SFTP_CLOSE, 3, f.handle);
	assert_int_equal(go_on(&f), ERR_AGAIN);
	assert_true(f.upload.held && sftp_server_is_held(f.h.server));
	assert_int_equal(f.upload.moved, 999);
	assert_int_equal(f.upload.left, 0);
	assert_int_equal(size_on_disk(&f), 999);
	assert_int_equal(harness_answer(&f.h).n, 0);
	/* asked again with nothing: still waits, and loses nothing */
	assert_int_equal(go_on(&f), ERR_AGAIN);
	f.upload.left = 1;
	assert_int_equal(go_on(&f), 0);
	assert_false(sftp_server_is_held(f.h.server));
	assert_int_equal(size_on_disk(&f), 1000);
	expect(&f, SFTP_STATUS, 2);
	expect(&f, SFTP_STATUS, 3);
	assert_int_equal(f.h.last_transfer.bytes, 1000);
	assert_int_equal(f.h.transfers_failed, 0);
	end(&f);
}

/* An upload waits, and a listing behind a whole WRITE does not; nor does what writes nothing. */
static void
only_content_counts(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	f.upload = (struct sftp_allowance){ .limited = true };
	f.download = (struct sftp_allowance){ .limited = true };
	message_path(&f.in, SFTP_STAT, 2, "/");
	message_path(&f.in, SFTP_OPENDIR, 3, "/");
	message_write(&f.in, 4, view_of("none"), 0, view_of("data of no file"));
	message_write(&f.in, 5, f.handle, 0, view_of(""));
	assert_int_equal(go_on(&f), 0);
	assert_false(f.upload.held || f.download.held);
	expect(&f, SFTP_ATTRS, 2);
	expect(&f, SFTP_HANDLE, 3);
	expect(&f, SFTP_STATUS, 4);
	expect(&f, SFTP_STATUS, 5);
	end(&f);
}

static void
an_answer_goes_whole(void **state)
{
	uint8_t data[1000];
	struct fixture f;

	(void)state;
	memset(data, 'x', sizeof(data));
	begin(&f, SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	message_write(&f.in, 2, f.handle, 0, (struct view){ data, sizeof(data) });
	assert_int_equal(go_on(&f), 0);
	expect(&f, SFTP_STATUS, 2);
	assert_int_equal(f.upload.moved, 0); /* without a limit nothing is counted */
	f.download = (struct sftp_allowance){ .limited = true, .left = 1 };
	message_read(&f.in, 3, f.handle, 0, 600);
	message_read(&f.in, 4, f.handle, 600, 400);
	message_path(&f.in, SFTP_STAT, 5, "/");
	assert_int_equal(go_on(&f), ERR_AGAIN);
	assert_int_equal(f.download.left, -599);
	assert_int_equal(f.download.moved, 600);
	assert_true(f.download.held);
	expect(&f, SFTP_DATA, 3);
	/* what is not above zero is nothing */
	f.download.left = 0;
	assert_int_equal(go_on(&f), ERR_AGAIN);
	assert_int_equal(harness_answer(&f.h).n, 0);
	f.download.left = 1;
	assert_int_equal(go_on(&f), 0);
	expect(&f, SFTP_DATA, 4);
	expect(&f, SFTP_ATTRS, 5);
	assert_int_equal(f.download.moved, 1000);
	end(&f);
}

/* The request came in pieces, so that the server holds it itself. */
static void
a_held_request_in_pieces(void **state)
{
	size_t consumed = 0;
	struct fixture f;

	(void)state;
	begin(&f, SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	f.download = (struct sftp_allowance){ .limited = true };
	f.used = f.in.n;
	message_read(&f.in, 2, f.handle, 0, 10);
	assert_int_equal(sftp_server_input(f.h.server, f.in.p + f.used, 7, &consumed), 0);
	assert_int_equal(consumed, 7);
	f.used += consumed;
	assert_int_equal(go_on(&f), ERR_AGAIN);
	assert_true(sftp_server_is_busy(f.h.server));
	f.download.limited = false;
	assert_int_equal(go_on(&f), 0);
	expect(&f, SFTP_STATUS, 2);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_goes_in_parts),
		cmocka_unit_test(only_content_counts),
		cmocka_unit_test(an_answer_goes_whole),
		cmocka_unit_test(a_held_request_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
