/* An SFTP server without open handles is written down, and another one goes on where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sftp_harness.h"

#include "base/permission.h"

static void
send_message(struct harness *h, struct buf *message)
{
	assert_int_equal(buf_error(message), 0);
	assert_int_equal(harness_send(h, buf_view(message), 0), 0);
	buf_free(message);
}

/* The next answer's type. */
static uint8_t
answer_type(struct harness *h, struct rd *r_out)
{
	*r_out = harness_answer(h);
	return rd_u8(r_out);
}

static void
init(struct harness *h)
{
	struct buf m = buf_init(1024);
	struct rd r;

	message_init(&m);
	send_message(h, &m);
	assert_int_equal(answer_type(h, &r), SFTP_VERSION_REPLY);
}

static void
open_file(struct harness *h, uint8_t handle_out[static SFTP_HANDLE_BYTES])
{
	struct buf m = buf_init(1024);
	struct view handle;
	struct rd r;

	message_open(&m, 5, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	send_message(h, &m);
	assert_int_equal(answer_type(h, &r), SFTP_HANDLE);
	rd_u32(&r);
	handle = rd_str(&r, SFTP_HANDLE_BYTES);
	assert_int_equal(handle.n, SFTP_HANDLE_BYTES);
	memcpy(handle_out, handle.p, SFTP_HANDLE_BYTES);
}

/* The status of the answer. */
static uint32_t
close_file(struct harness *h, const uint8_t handle[static SFTP_HANDLE_BYTES])
{
	struct buf m = buf_init(1024);
	struct rd r;

	message_handle(&m, SFTP_CLOSE, 6, (struct view){ handle, SFTP_HANDLE_BYTES });
	send_message(h, &m);
	assert_int_equal(answer_type(h, &r), SFTP_STATUS);
	rd_u32(&r);
	return rd_u32(&r);
}

static int
take_up(struct harness *h, struct view state)
{
	struct rd r = rd_of(state);
	int err;

	assert_int_equal(harness_serve(h, &(struct sftp_settings){ 0 }), 0);
	err = sftp_server_import(h->server, &r);
	return err != 0 ? err : rd_end(&r);
}

static void
stale_handles_stay_stale(void **state)
{
	uint8_t stale[2][SFTP_HANDLE_BYTES], fresh[SFTP_HANDLE_BYTES];
	struct buf written = buf_init(256);
	struct harness h;

	(void)state;
	harness_new(&h, PERMISSION_ALL);
	init(&h);
	open_file(&h, stale[0]);
	assert_false(sftp_server_can_export(h.server));
	open_file(&h, stale[1]);
	assert_int_equal(close_file(&h, stale[0]), SFTP_OK);
	assert_int_equal(close_file(&h, stale[1]), SFTP_OK);
	for (unsigned turn = 0; turn < 3; turn++) {
		assert_true(sftp_server_can_export(h.server));
		buf_clear(&written);
		sftp_server_export(h.server, &written);
		assert_int_equal(take_up(&h, buf_view(&written)), 0);
		/* no second INIT is needed, and places are given out anew under other names */
		open_file(&h, fresh);
		assert_int_equal(close_file(&h, stale[0]), SFTP_FAILURE);
		assert_int_equal(close_file(&h, stale[1]), SFTP_FAILURE);
		assert_int_equal(close_file(&h, fresh), SFTP_OK);
		assert_int_equal(close_file(&h, fresh), SFTP_FAILURE);
		assert_int_equal(h.last_transfer.id, 3 + turn);
	}
	buf_free(&written);
	harness_free(&h);
}

static void
before_the_first_message(void **state)
{
	struct buf written = buf_init(256);
	struct harness h;

	(void)state;
	harness_new(&h, PERMISSION_ALL);
	sftp_server_export(h.server, &written);
	assert_int_equal(take_up(&h, buf_view(&written)), 0);
	init(&h);
	buf_free(&written);
	harness_free(&h);
}

static void
in_the_middle_of_a_request(void **state)
{
	struct buf m = buf_init(256);
	struct harness h;

	(void)state;
	harness_new(&h, PERMISSION_ALL);
	init(&h);
	message_open(&m, 5, "/file", SFTP_OPEN_WRITE | SFTP_OPEN_CREAT);
	assert_int_equal(harness_send(&h, (struct view){ m.p, 7 }, 0), 0);
	assert_false(sftp_server_can_export(h.server));
	buf_free(&m);
	harness_free(&h);
}

static void
bytes_of_an_enemy(void **state)
{
	struct buf written = buf_init(256);
	struct harness h;

	(void)state;
	harness_new(&h, PERMISSION_ALL);
	sftp_server_export(h.server, &written);
	for (size_t n = 0; n < written.n; n++)
		assert_int_not_equal(take_up(&h, (struct view){ written.p, n }), 0);
	for (size_t bit = 0; bit < written.n * 8; bit++) {
		written.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* counters are what they are; version and flag are held to what they may be */
		assert_int_equal(take_up(&h, buf_view(&written)) == 0, bit == 8 || bit >= 16);
		written.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_u8(&written, 0);
	assert_int_equal(take_up(&h, buf_view(&written)), ERR_TRAILING);
	buf_free(&written);
	harness_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stale_handles_stay_stale),
		cmocka_unit_test(before_the_first_message),
		cmocka_unit_test(in_the_middle_of_a_request),
		cmocka_unit_test(bytes_of_an_enemy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
