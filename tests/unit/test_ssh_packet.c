/* Packets: both directions of the framing against each other, and what a hostile sender can do. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct wire {
	int fds[2];
	struct packet_input in;
	struct packet_output out;
};

static void
wire_open(struct wire *w)
{
	test_socketpair(w->fds);
	assert_int_equal(packet_input_init(&w->in), 0);
	assert_int_equal(packet_output_init(&w->out), 0);
	w->in.capacity = PACKET_INPUT_SESSION;
	w->in.packet_max = SSH_PACKET_MAX;
	w->out.capacity = PACKET_OUTPUT_SESSION;
}

static void
wire_close(struct wire *w)
{
	packet_input_free(&w->in);
	packet_output_free(&w->out);
	close(w->fds[0]);
	close(w->fds[1]);
}

static void
wire_key(struct wire *w, const char *cipher, const char *mac)
{
	const struct packet_cipher_algorithm *c = packet_cipher_find(view_of(cipher));
	const struct packet_mac_algorithm *m = c->is_aead ? NULL : packet_mac_find(view_of(mac));
	static const uint8_t zeros[64] = { 1, 2, 3 };
	struct view iv = { zeros, c->iv_bytes }, key = { zeros, c->key_bytes };
	struct view mac_key = { zeros, m == NULL ? 0 : m->key_bytes };
	struct packet_cipher *in, *out;

	assert_int_equal(packet_cipher_new(c, m, iv, key, mac_key, false, &in), 0);
	assert_int_equal(packet_cipher_new(c, m, iv, key, mac_key, true, &out), 0);
	packet_input_rekey(&w->in, in, true);
	packet_output_rekey(&w->out, out, true);
}

/* Moves what has been sealed into the input, at most n bytes. */
static void
wire_move(struct wire *w, size_t n)
{
	if (n > packet_output_pending(&w->out))
		n = packet_output_pending(&w->out);
	assert_int_equal(
	    packet_input_put(&w->in, (struct view){ w->out.bytes + w->out.start, n }), 0);
	w->out.start += n;
}

static void
fill_with_zeros(struct wire *w)
{
	static const uint8_t zeros[PACKET_INPUT_SESSION];

	assert_int_equal(packet_input_put(&w->in, (struct view){ zeros, sizeof(zeros) }), 0);
	assert_int_equal(packet_input_put(&w->in, (struct view){ zeros, 1 }), ERR_LIMIT);
	w->in.end = 0;
}

static void
for_each_cipher(void (*test)(struct wire *w, bool legacy))
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;

	for (size_t i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++) {
		for (size_t k = 0; (mac = packet_mac_algorithm_at(k)) != NULL; k++) {
			struct wire w;

			if (cipher->is_aead && k > 0)
				continue;
			wire_open(&w);
			wire_key(&w, cipher->name, mac->name);
			test(&w, cipher->is_legacy && !mac->is_etm);
			wire_close(&w);
		}
	}
}

static void
round_trip_one(struct wire *w, bool legacy)
{
	static uint8_t bytes[40000];
	struct view payload;

	(void)legacy;
	for (size_t n = 1; n < 80; n++) {
		bytes[0] = (uint8_t)n;
		assert_int_equal(packet_output_send(&w->out, (struct view){ bytes, n }), 0);
	}
	assert_int_equal(packet_output_send(&w->out, (struct view){ bytes, sizeof(bytes) }), 0);
	wire_move(w, SIZE_MAX);
	for (size_t n = 1; n < 80; n++) {
		assert_int_equal(packet_input_next(&w->in, &payload), 0);
		assert_int_equal(payload.n, n);
		assert_int_equal(payload.p[0], n);
	}
	assert_int_equal(packet_input_next(&w->in, &payload), 0);
	assert_int_equal(payload.n, sizeof(bytes));
	assert_int_equal(packet_input_next(&w->in, &payload), ERR_AGAIN);
}

static void
round_trip(void **state)
{
	(void)state;
	for_each_cipher(round_trip_one);
}

static void
pieces_one(struct wire *w, bool legacy)
{
	struct view payload;
	int err;

	(void)legacy;
	assert_int_equal(packet_output_send(&w->out, view_of("in many pieces")), 0);
	while (packet_output_pending(&w->out) > 0) {
		err = packet_input_next(&w->in, &payload);
		assert_int_equal(err, ERR_AGAIN);
		wire_move(w, 1);
	}
	assert_int_equal(packet_input_next(&w->in, &payload), 0);
	assert_true(view_is(payload, "in many pieces"));
}

static void
byte_by_byte(void **state)
{
	(void)state;
	for_each_cipher(pieces_one);
}

/* Whichever bit is flipped: never a payload. Where the length was hit, the rest is waited for. */
static void
flips_one(struct wire *w, bool legacy)
{
	struct view payload;
	size_t n;

	(void)legacy;
	assert_int_equal(packet_output_send(&w->out, view_of("a payload of some length")), 0);
	n = packet_output_pending(&w->out);
	fill_with_zeros(w);
	for (size_t bit = 0; bit < n * 8; bit++) {
		struct buf state = buf_init(4096);
		struct packet_cipher *fresh;
		struct rd r;
		int err;

		/* the cipher as it was, for each try */
		packet_cipher_export(w->in.cipher, &state);
		memcpy(w->in.bytes, w->out.bytes + w->out.start, n);
		w->in.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		w->in.start = 0;
		w->in.end = n;
		w->in.whole = 0;
		w->in.discard = false;
		err = packet_input_next(&w->in, &payload);
		if (err == ERR_AGAIN) {
			assert_true(w->in.whole > n);
			/* the longest packet of zeros follows */
			w->in.end = w->in.capacity;
			err = packet_input_next(&w->in, &payload);
		}
		assert_int_not_equal(err, 0);
		assert_int_not_equal(err, ERR_AGAIN);
		assert_int_equal(payload.n, 0);
		r = rd_of(buf_view(&state));
		assert_int_equal(packet_cipher_import(&r, false, &fresh), 0);
		packet_input_rekey(&w->in, fresh, true);
		buf_free(&state);
	}
}

static void
bit_flips(void **state)
{
	(void)state;
	for_each_cipher(flips_one);
}

static void
raw_packet(struct wire *w, uint32_t length, uint8_t padding, size_t have)
{
	static uint8_t bytes[SSH_PACKET_MAX + 64];
	struct packet_cipher *fresh;

	/* a cipher remembers the packet that it has announced */
	assert_int_equal(packet_cipher_new_none(false, &fresh), 0);
	packet_input_rekey(&w->in, fresh, true);
	put_u32(bytes, length);
	bytes[4] = padding;
	w->in.start = w->in.end = w->in.whole = 0;
	assert_int_equal(packet_input_put(&w->in, (struct view){ bytes, have }), 0);
}

static void
length_limits(void **state)
{
	static const struct {
		uint32_t length;
		int result;
	} cases[] = {
		{ 0, ERR_LIMIT },
		{ 1, ERR_LIMIT },
		{ 4, ERR_LIMIT },
		{ 12, 0 },
		{ 13, ERR_LIMIT },
		{ SSH_PACKET_MAX - 4, 0 }, /* with the length field a multiple of eight */
		{ SSH_PACKET_MAX + 4, ERR_LIMIT },
		{ 0x7fffffff, ERR_LIMIT },
		{ 0x80000000, ERR_LIMIT },
		{ 0xffffffff, ERR_LIMIT },
		{ 0xfffffffc, ERR_LIMIT },
	};
	struct view payload;
	struct wire w;

	(void)state;
	wire_open(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		raw_packet(&w, cases[i].length, 4, SSH_PACKET_MAX + 64);
		assert_int_equal(packet_input_next(&w.in, &payload), cases[i].result);
		if (cases[i].result != 0)
			assert_int_equal(w.in.reason, SSH_DISCONNECT_PROTOCOL_ERROR);
	}
	w.in.packet_max = SSH_PACKET_MAX_LOGIN;
	raw_packet(&w, SSH_PACKET_MAX_LOGIN - 4, 4, SSH_PACKET_MAX);
	assert_int_equal(packet_input_next(&w.in, &payload), 0);
	raw_packet(&w, SSH_PACKET_MAX_LOGIN + 4, 4, SSH_PACKET_MAX);
	assert_int_equal(packet_input_next(&w.in, &payload), ERR_LIMIT);
	wire_close(&w);
}

static void
padding_limits(void **state)
{
	struct view payload;
	struct wire w;

	(void)state;
	wire_open(&w);
	for (unsigned padding = 0; padding < 256; padding++) {
		/* 28: padding length, payload of at least one byte, padding of at least four */
		bool good = padding >= 4 && padding <= 26;

		raw_packet(&w, 28, (uint8_t)padding, 32);
		assert_int_equal(packet_input_next(&w.in, &payload), good ? 0 : ERR_FORMAT);
		if (good)
			assert_int_equal(payload.n, 28 - 1 - padding);
	}
	wire_close(&w);
}

/* CVE-2008-5161: a wrong length and a wrong MAC must look alike. */
static void
cbc_tells_nothing_early(void **state)
{
	struct view payload;
	struct wire w;

	(void)state;
	wire_open(&w);
	wire_key(&w, "aes128-cbc", "hmac-sha2-256");
	fill_with_zeros(&w);
	memset(w.in.bytes, 0x5a, 16);
	w.in.end = 16;
	assert_int_equal(packet_input_next(&w.in, &payload), ERR_AGAIN);
	assert_true(w.in.discard);
	w.in.end = SSH_PACKET_MAX + PACKET_CIPHER_TAG_MAX - 1;
	assert_int_equal(packet_input_next(&w.in, &payload), ERR_AGAIN);
	w.in.end++;
	assert_int_equal(packet_input_next(&w.in, &payload), ERR_CRYPTO);
	assert_int_equal(w.in.reason, SSH_DISCONNECT_MAC_ERROR);
	wire_close(&w);
}

static void
compressed(void **state)
{
	static uint8_t bytes[60000];
	struct view payload;
	struct wire w;

	(void)state;
	wire_open(&w);
	wire_key(&w, "aes128-gcm@openssh.com", NULL);
	assert_int_equal(packet_output_compress(&w.out, true), 0);
	assert_int_equal(packet_input_compress(&w.in, true), 0);
	for (int round = 0; round < 20; round++) {
		size_t n = (size_t)round * 3000 + 1;

		if (round % 2 == 1)
			crypto_random(bytes, n); /* grows when compressed */
		else
			memset(bytes, round, n);
		assert_int_equal(packet_output_send(&w.out, (struct view){ bytes, n }), 0);
		w.in.start = w.in.end = 0;
		wire_move(&w, SIZE_MAX);
		assert_int_equal(packet_input_next(&w.in, &payload), 0);
		assert_int_equal(payload.n, n);
		assert_memory_equal(payload.p, bytes, n);
	}
	wire_close(&w);
}

/* A payload that would become larger than a packet may be, by one byte and by much. */
static void
decompression_is_bounded(void **state)
{
	static uint8_t zeros[8 * SSH_PACKET_MAX], small[SSH_PACKET_MAX];
	static const size_t sizes[] = { SSH_PACKET_MAX, SSH_PACKET_MAX + 1, sizeof(zeros) };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct compression *deflate;
		struct view payload;
		struct wire w;
		size_t n;

		wire_open(&w);
		assert_int_equal(compression_new(true, &deflate), 0);
		assert_int_equal(
		    compression_run(deflate, zeros, sizes[i], small, sizeof(small), &n), 0);
		assert_int_equal(packet_output_send(&w.out, (struct view){ small, n }), 0);
		wire_move(&w, SIZE_MAX);
		assert_int_equal(packet_input_compress(&w.in, true), 0);
		if (sizes[i] <= SSH_PACKET_MAX) {
			assert_int_equal(packet_input_next(&w.in, &payload), 0);
			assert_int_equal(payload.n, sizes[i]);
		} else {
			assert_int_equal(packet_input_next(&w.in, &payload), ERR_LIMIT);
			assert_int_equal(w.in.reason, SSH_DISCONNECT_COMPRESSION_ERROR);
		}
		compression_free(&deflate);
		wire_close(&w);
	}
}

static void
not_a_stream(void **state)
{
	struct view payload;
	struct wire w;

	(void)state;
	wire_open(&w);
	assert_int_equal(packet_input_compress(&w.in, true), 0);
	assert_int_equal(packet_output_send(&w.out, view_of("this was never compressed")), 0);
	wire_move(&w, SIZE_MAX);
	assert_int_equal(packet_input_next(&w.in, &payload), ERR_FORMAT);
	wire_close(&w);
}

static void
output_fills_up(void **state)
{
	static uint8_t bytes[60000];
	struct wire w;
	unsigned count = 0;

	(void)state;
	wire_open(&w);
	while (packet_output_send(&w.out, (struct view){ bytes, sizeof(bytes) }) == 0)
		count++;
	assert_int_equal(count, PACKET_OUTPUT_SESSION / 60016);
	/* written away in part, there is room again, and what was there is still there */
	w.out.start += 3 * 60016;
	assert_int_equal(packet_output_send(&w.out, view_of("x")), 0);
	assert_int_equal(packet_output_room(&w.out, 1000, PACKET_OUTPUT_SPARE), ERR_AGAIN);
	assert_int_equal(get_u32(w.out.bytes + w.out.start), 60012);
	wire_close(&w);
}

/* Text at the end of the payload in the open slot, which becomes n bytes. */
static void
grow(struct wire *w, size_t had, const char *text)
{
	size_t n = had + strlen(text), slot = packet_output_slot_bytes(&w->out, n);
	uint8_t *p;

	assert_int_equal(packet_output_room(&w->out, slot, 0), 0);
	p = packet_output_payload(&w->out);
	memcpy(p + had, text, strlen(text));
	assert_int_equal(packet_output_open(&w->out, p, n), 0);
	assert_true(packet_output_pending(&w->out) >= PACKET_HEAD_BYTES + n);
}

static void
open_slot_one(struct wire *w, bool legacy)
{
	static const char *const texts[] = { "first", "open and grown", "second", "last" };
	uint64_t packets = w->out.key_packets;
	struct view payload;

	(void)legacy;
	assert_int_equal(packet_output_close(&w->out), 0);
	assert_int_equal(packet_output_send(&w->out, view_of(texts[0])), 0);
	grow(w, 0, "open");
	grow(w, 4, " and");
	grow(w, 8, " grown");
	/* it goes with what moves, and is not given back */
	wire_move(w, 3);
	assert_int_equal(packet_output_room(
		&w->out, w->out.capacity - (w->out.end - w->out.start), 0), 0);
	assert_int_equal(w->out.start, 0);
	packet_output_release(&w->out);
	assert_int_equal(w->out.key_packets, packets + 1);
	assert_int_equal(packet_output_send(&w->out, view_of(texts[2])), 0);
	assert_int_equal(w->out.key_packets, packets + 3);
	grow(w, 0, texts[3]);
	assert_int_equal(packet_output_close(&w->out), 0);
	assert_int_equal(packet_output_close(&w->out), 0);
	assert_int_equal(w->out.key_packets, packets + 4);
	wire_move(w, SIZE_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(packet_input_next(&w->in, &payload), 0);
		assert_true(view_is(payload, texts[i]));
	}
	/* alone in the buffer, and sealed by being written */
	grow(w, 0, "alone");
	packet_output_release(&w->out);
	assert_int_equal(packet_output_flush(&w->out, w->fds[0]), 0);
	assert_int_equal(packet_output_pending(&w->out), 0);
	packet_output_release(&w->out);
	assert_null(w->out.bytes);
	assert_int_equal(packet_input_fill(&w->in, w->fds[1]), 0);
	assert_int_equal(packet_input_next(&w->in, &payload), 0);
	assert_true(view_is(payload, "alone"));
}

static void
open_slot(void **state)
{
	(void)state;
	for_each_cipher(open_slot_one);
}

/* Bulk packets of one size: but for the first read, none ends within a packet. */
static void
reads_end_with_packets(void **state)
{
	static const uint8_t bytes[32 * 1024 + 21];
	enum { PACKETS = 64 };
	struct view payload;
	struct wire w;
	FILE *file = tmpfile();
	size_t got = 0, last;
	unsigned broken = 0;
	int err;

	(void)state;
	assert_non_null(file);
	wire_open(&w);
	wire_key(&w, "aes128-gcm@openssh.com", NULL);
	for (size_t i = 0; i < PACKETS; i++) {
		assert_int_equal(
		    packet_output_send(&w.out, (struct view){ bytes, sizeof(bytes) }), 0);
		assert_int_equal(packet_output_flush(&w.out, fileno(file)), 0);
	}
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	do {
		assert_int_equal(packet_input_fill(&w.in, fileno(file)), 0);
		for (last = got; (err = packet_input_next(&w.in, &payload)) == 0; got++)
			assert_int_equal(payload.n, sizeof(bytes));
		assert_int_equal(err, ERR_AGAIN);
		/* more than one of them, or it would be no use */
		assert_true(got > last + 1 || got == PACKETS);
		broken += w.in.start != w.in.end;
	} while (got < PACKETS);
	assert_int_equal(broken, 1);
	assert_int_equal(packet_input_fill(&w.in, fileno(file)), ERR_EOF);
	wire_close(&w);
	fclose(file);
}

/* And packets of all sizes all come, whatever the reads were cut for. */
static void
reads_of_all_sizes(void **state)
{
	static const uint8_t bytes[SSH_PACKET_MAX - 64];
	struct view payload;
	struct wire w;
	FILE *file = tmpfile();
	size_t got = 0, sent = 0;

	(void)state;
	assert_non_null(file);
	wire_open(&w);
	wire_key(&w, "aes128-ctr", "hmac-sha2-256");
	for (size_t i = 0; i < 300; i++, sent++) {
		size_t n = 1 + i * 26339 % sizeof(bytes);

		assert_int_equal(packet_output_send(&w.out, (struct view){ bytes, n }), 0);
		assert_int_equal(packet_output_flush(&w.out, fileno(file)), 0);
	}
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	while (packet_input_fill(&w.in, fileno(file)) == 0)
		for (; packet_input_next(&w.in, &payload) == 0; got++)
			assert_int_equal(payload.n, 1 + got * 26339 % sizeof(bytes));
	assert_int_equal(got, sent);
	wire_close(&w);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(bit_flips),
		cmocka_unit_test(length_limits),
		cmocka_unit_test(padding_limits),
		cmocka_unit_test(cbc_tells_nothing_early),
		cmocka_unit_test(compressed),
		cmocka_unit_test(decompression_is_bounded),
		cmocka_unit_test(not_a_stream),
		cmocka_unit_test(output_fills_up),
		cmocka_unit_test(open_slot),
		cmocka_unit_test(reads_end_with_packets),
		cmocka_unit_test(reads_of_all_sizes),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
