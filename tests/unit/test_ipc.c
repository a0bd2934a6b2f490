/*
 * The messages between the processes, all of them, from the table: each in every phase and from
 * every role, its codec, its limits, and what the socket may bring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fd.h"
#include "ipc/ipc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- samples: any bytes, made to the measure of a field */

enum { SAMPLE_ROOM = 140000 };
static uint8_t sample_bytes[SAMPLE_ROOM];

static struct view
sample(size_t n)
{
	assert_true(n <= SAMPLE_ROOM);
	return (struct view){ sample_bytes, n };
}

/* A field's value for a test: the largest that is allowed for one of them, small for the others. */
#define SAMPLE_U8(max) (uint8_t)(max)
#define SAMPLE_U32(max) (uint32_t)(max)
#define SAMPLE_U64(max) (uint64_t)(max)
#define SAMPLE_I64(max) INT64_MIN
#define SAMPLE_BOOL(max) true
#define SAMPLE_TEXT(max) sample(max)
#define SAMPLE_BYTES(max) sample(max)
#define SMALL_U8(max) 1
#define SMALL_U32(max) 1
#define SMALL_U64(max) 1
#define SMALL_I64(max) -1
#define SMALL_BOOL(max) false
#define SMALL_TEXT(max) sample(3)
#define SMALL_BYTES(max) sample(0)

/* How one message is tried without knowing its type. */
struct codec {
	enum ipc_type type;
	size_t fields;
	/* Encodes with the field of this number at its maximum. */
	void (*encode)(struct buf *out, size_t number);
	/* Decodes, and encodes again what was understood. */
	int (*again)(struct rd fields, struct buf *out);
	/* Writes fields without asking anybody; the numbered one is above its maximum. */
	bool (*write_above)(struct buf *out, size_t number);
};

#define COUNT_FIELD(type, name, max) +1
#define SET_FIELD(type, name, max)                                                                 \
	message.name = field++ == number ? SAMPLE_##type(max) : SMALL_##type(max);

/* What is above the maximum; false where no larger value can be written. */
static bool
above_number(struct buf *out, uint64_t max, unsigned bytes)
{
	uint64_t largest = bytes == 8 ? UINT64_MAX : (1ull << (8 * bytes)) - 1;

	for (unsigned i = bytes; i-- > 0;)
		buf_u8(out, (uint8_t)((max + 1) >> (8 * i)));
	return max < largest;
}

static bool
above_view(struct buf *out, size_t max)
{
	buf_str(out, sample(max + 1));
	return true;
}

#define ABOVE_U8(max) above_number(out, (max), 1)
#define ABOVE_U32(max) above_number(out, (max), 4)
#define ABOVE_U64(max) above_number(out, (max), 8)
#define ABOVE_I64(max) (buf_u64(out, 0), false)
#define ABOVE_BOOL(max) (buf_u8(out, 2), true)
#define ABOVE_TEXT(max) above_view(out, (max))
#define ABOVE_BYTES(max) above_view(out, (max))
#define WRITE_U8(max) buf_u8(out, 1)
#define WRITE_U32(max) buf_u32(out, 1)
#define WRITE_U64(max) buf_u64(out, 1)
#define WRITE_I64(max) buf_u64(out, 1)
#define WRITE_BOOL(max) buf_u8(out, 0)
#define WRITE_TEXT(max) buf_str(out, sample(1))
#define WRITE_BYTES(max) buf_str(out, sample(1))
#define WRITE_FIELD(type, name, max)                                                               \
	if (field++ == number)                                                                     \
		above = ABOVE_##type(max);                                                         \
	else                                                                                       \
		WRITE_##type(max);

#define IPC_MESSAGE(NAME, label, from, when, bytes, count, fds)                                    \
	static void encode_##label(struct buf *out, size_t number)                                 \
	{                                                                                          \
		struct ipc_##label message;                                                        \
		size_t field = 0;                                                                  \
		memset(&message, 0, sizeof(message));                                              \
		IPC_FIELDS_##NAME(SET_FIELD)(void) number;                                         \
		(void)field;                                                                       \
		ipc_encode_##label(out, &message);                                                 \
	}                                                                                          \
	static int again_##label(struct rd fields, struct buf *out)                                \
	{                                                                                          \
		struct ipc_##label message;                                                        \
		int err = ipc_decode_##label(fields, &message);                                    \
		if (err == 0)                                                                      \
			ipc_encode_##label(out, &message);                                         \
		return err;                                                                        \
	}                                                                                          \
	static bool write_above_##label(struct buf *out, size_t number)                            \
	{                                                                                          \
		size_t field = 0;                                                                  \
		bool above = false;                                                                \
		IPC_FIELDS_##NAME(WRITE_FIELD)(void) out;                                          \
		(void)number;                                                                      \
		(void)field;                                                                       \
		return above;                                                                      \
	}
#include "ipc/messages.def"
#undef IPC_MESSAGE

static const struct codec codecs[] = {
#define IPC_MESSAGE(NAME, label, from, when, bytes, count, fds)                                    \
	{ IPC_##NAME, 0 IPC_FIELDS_##NAME(COUNT_FIELD), encode_##label, again_##label,             \
		write_above_##label },
#include "ipc/messages.def"
#undef IPC_MESSAGE
};

enum { CODECS = sizeof(codecs) / sizeof(codecs[0]) };

/* ---- the gate */

static const enum ipc_role roles[] = { IPC_ROLE_MASTER, IPC_ROLE_NURSERY, IPC_ROLE_LOGIN,
	IPC_ROLE_SESSION, IPC_ROLE_PARKING, IPC_ROLE_SUPERVISOR, IPC_ROLE_SCAN,
	IPC_ROLE_HTTP };
static const enum ipc_phase phases[] = { PHASE_START, PHASE_KEX, PHASE_AUTH, PHASE_RUN,
	PHASE_DONE };

static struct ipc_message
message_of(enum ipc_type type, size_t bytes, size_t fds)
{
	return (struct ipc_message){ .type = type,
		.fields = rd_init(sample_bytes, bytes),
		.fds = { -1, -1 },
		.fd_count = fds };
}

static void
test_every_phase_and_role(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		const struct ipc_row *row = &ipc_rows[codecs[i].type];

		for (size_t role = 0; role < sizeof(roles) / sizeof(roles[0]); role++) {
			for (size_t phase = 0; phase < sizeof(phases) / sizeof(phases[0]);
			     phase++) {
				struct ipc_gate gate = { .peer = roles[role],
					.phase = phases[phase] };
				struct ipc_message m =
				    message_of(codecs[i].type, 0, row->descriptors);
				bool allowed =
				    (row->from & roles[role]) && (row->phases & phases[phase]);

				assert_int_equal(
				    ipc_gate_check(&gate, &m), allowed ? 0 : ERR_PROTOCOL);
				assert_int_equal(gate.counts[codecs[i].type],
				    allowed && row->max_count > 0 ? 1 : 0);
			}
		}
	}
}

/* What the table itself must say: nobody logs in from outside, nothing comes after the end. */
static void
test_table(void **state)
{
	(void)state;
	assert_int_equal(ipc_rows[IPC_AUTH_ACCEPTED].from, IPC_ROLE_MASTER);
	assert_int_equal(ipc_rows[IPC_SESSION_POLICY].from, IPC_ROLE_MASTER);
	assert_int_equal(ipc_rows[IPC_HOST_KEY_SIGN].max_count, 1);
	assert_int_equal(ipc_rows[IPC_HOST_KEY_SIGN].phases, PHASE_KEX);
	for (size_t i = 0; i < CODECS; i++) {
		const struct ipc_row *row = &ipc_rows[codecs[i].type];

		assert_true(row->max_bytes < IPC_BYTES_MAX);
		assert_true(row->descriptors <= IPC_DESCRIPTORS_MAX);
		if (row->from != IPC_ROLE_MASTER && codecs[i].type != IPC_LOG)
			assert_false(row->phases & PHASE_DONE);
		/* only the master passes descriptors: what a worker holds is of no use to it */
		if (row->from != IPC_ROLE_MASTER)
			assert_int_equal(row->descriptors, 0);
	}
}

static struct ipc_gate
gate_for(const struct ipc_row *row)
{
	struct ipc_gate gate = { .peer = IPC_ROLE_MASTER };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (row->from & roles[i])
			gate.peer = roles[i];
	}
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (row->phases & phases[i])
			gate.phase = phases[i];
	}
	return gate;
}

static void
test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		const struct ipc_row *row = &ipc_rows[codecs[i].type];
		struct ipc_message m = message_of(codecs[i].type, 0, row->descriptors);
		struct ipc_gate gate = gate_for(row);
		uint32_t times = row->max_count == 0 ? 5000 : row->max_count;

		for (uint32_t n = 0; n < times; n++)
			assert_int_equal(ipc_gate_check(&gate, &m), 0);
		assert_int_equal(ipc_gate_check(&gate, &m), row->max_count == 0 ? 0 : ERR_LIMIT);
	}
}

static void
test_sizes_and_descriptors(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		const struct ipc_row *row = &ipc_rows[codecs[i].type];
		struct ipc_gate fresh = gate_for(row);

		for (size_t bytes = row->max_bytes; bytes <= row->max_bytes + 1; bytes++) {
			struct ipc_message m = message_of(codecs[i].type, bytes, row->descriptors);
			struct ipc_gate gate = fresh;

			assert_int_equal(
			    ipc_gate_check(&gate, &m), bytes <= row->max_bytes ? 0 : ERR_LIMIT);
		}
		for (size_t fds = 0; fds <= IPC_DESCRIPTORS_MAX; fds++) {
			struct ipc_message m = message_of(codecs[i].type, 0, fds);
			struct ipc_gate gate = fresh;

			assert_int_equal(
			    ipc_gate_check(&gate, &m), fds == row->descriptors ? 0 : ERR_PROTOCOL);
		}
	}
}

/* ---- the codecs */

static struct rd
fields_of(const struct buf *message)
{
	return rd_init(message->p + 1, message->n - 1);
}

static void
test_round_trip_at_each_maximum(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		for (size_t number = 0; number <= codecs[i].fields; number++) {
			struct buf first = buf_init(IPC_BYTES_MAX),
				   second = buf_init(IPC_BYTES_MAX);

			codecs[i].encode(&first, number);
			assert_int_equal(buf_error(&first), 0);
			assert_int_equal(first.p[0], codecs[i].type);
			assert_int_equal(codecs[i].again(fields_of(&first), &second), 0);
			assert_int_equal(first.n, second.n);
			assert_memory_equal(first.p, second.p, first.n);
			buf_free(&first);
			buf_free(&second);
		}
	}
}

static void
test_above_each_maximum(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		for (size_t number = 0; number < codecs[i].fields; number++) {
			struct buf raw = buf_init(IPC_BYTES_MAX), again = buf_init(IPC_BYTES_MAX);

			if (codecs[i].write_above(&raw, number))
				assert_int_equal(
				    codecs[i].again(rd_of(buf_view(&raw)), &again), ERR_LIMIT);
			buf_free(&raw);
			buf_free(&again);
		}
	}
}

static void
test_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		struct buf message = buf_init(IPC_BYTES_MAX), again = buf_init(IPC_BYTES_MAX);
		size_t step;

		codecs[i].encode(&message, 0);
		/* the large ones in leaps within their one large field, whole at both ends */
		for (size_t n = 0; n + 1 < message.n; n += step) {
			assert_int_equal(
			    codecs[i].again(rd_init(message.p + 1, n), &again), ERR_SHORT);
			step = n > 300 && n + 1400 < message.n ? 997 : 1;
		}
		buf_u8(&message, 0);
		assert_int_equal(codecs[i].again(fields_of(&message), &again), ERR_TRAILING);
		buf_free(&message);
		buf_free(&again);
	}
}

/* Whatever a flipped bit makes of a message: refused, or understood as exactly these bytes. */
static void
test_every_bit_flip(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODECS; i++) {
		struct buf message = buf_init(IPC_BYTES_MAX);

		codecs[i].encode(&message, SIZE_MAX);
		for (size_t bit = 8; bit < message.n * 8; bit++) {
			struct buf again = buf_init(IPC_BYTES_MAX);

			message.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (codecs[i].again(fields_of(&message), &again) == 0) {
				assert_int_equal(again.n, message.n);
				assert_memory_equal(again.p, message.p, message.n);
			}
			message.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			buf_free(&again);
		}
		buf_free(&message);
	}
}

static void
test_text_has_no_nul(void **state)
{
	struct buf out = buf_init(IPC_BYTES_MAX);
	struct ipc_auth_password password;
	const uint8_t user[] = { 'b', 0, 'b' };

	(void)state;
	ipc_encode_auth_password(
	    &out, &(struct ipc_auth_password){ .user = { user, 3 }, .password = view_of("x") });
	assert_int_equal(buf_error(&out), ERR_FORMAT);
	buf_free(&out);
	buf_str(&out, (struct view){ user, 3 });
	buf_cstr(&out, "x");
	assert_int_equal(ipc_decode_auth_password(rd_of(buf_view(&out)), &password), ERR_FORMAT);
	buf_free(&out);
}

/* ---- the socket */

static size_t
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

struct wire {
	int pair[2];
	struct ipc_inbox inbox;
	size_t descriptors_before;
};

static int
set_up(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->descriptors_before = open_descriptors();
	assert_int_equal(ipc_pair(w->pair), 0);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct wire *w = *state;

	fd_close(&w->pair[0]);
	fd_close(&w->pair[1]);
	ipc_inbox_free(&w->inbox);
	assert_int_equal(open_descriptors(), w->descriptors_before);
	free(w);
	return 0;
}

static void
send_raw(int fd, const void *bytes, size_t n, size_t fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
		control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int) * fds) };
		for (size_t i = 0; i < fds; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)n);
}

static void
test_wire_with_descriptors(void **state)
{
	struct wire *w = *state;
	struct buf out = buf_init(IPC_BYTES_MAX);
	struct ipc_message in;
	struct ipc_fork_login fork_login;

	ipc_encode_fork_login(
	    &out, &(struct ipc_fork_login){ .connection = 7, .address = view_of("192.0.2.1") });
	assert_int_equal(ipc_send(w->pair[0], &out, w->pair, 2, false), 0);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), 0);
	assert_int_equal(in.type, IPC_FORK_LOGIN);
	assert_int_equal(in.fd_count, 2);
	assert_true(fcntl(in.fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ipc_decode_fork_login(in.fields, &fork_login), 0);
	assert_int_equal(fork_login.connection, 7);
	assert_true(view_is(fork_login.address, "192.0.2.1"));
	ipc_message_close_fds(&in);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_AGAIN);
	buf_free(&out);
}

static void
test_wire_refuses(void **state)
{
	struct wire *w = *state;
	uint8_t unknown = IPC_TYPE_COUNT, none = IPC_NONE, known = IPC_ACTIVITY;
	struct ipc_message in;

	send_raw(w->pair[0], &unknown, 1, 0);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_PROTOCOL);
	send_raw(w->pair[0], &none, 1, 0);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_PROTOCOL);
	/* descriptors that nobody asked for must not stay open, however many they are */
	for (size_t fds = 3; fds <= 8; fds++) {
		send_raw(w->pair[0], &known, 1, fds);
		assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_PROTOCOL);
	}
	send_raw(w->pair[0], &unknown, 1, 2);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_PROTOCOL);
	/* one that is too many for its row is the gate's to refuse */
	send_raw(w->pair[0], &known, 1, 1);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), 0);
	assert_int_equal(in.fd_count, 1);
	ipc_message_close_fds(&in);
}

static void
test_wire_size(void **state)
{
	struct wire *w = *state;
	uint8_t *bytes = calloc(1, IPC_BYTES_MAX + 1);
	struct ipc_message in;

	assert_non_null(bytes);
	bytes[0] = IPC_LOG;
	send_raw(w->pair[0], bytes, IPC_BYTES_MAX, 0);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), 0);
	assert_int_equal(in.fields.n, IPC_BYTES_MAX - 1);
	send_raw(w->pair[0], bytes, IPC_BYTES_MAX + 1, 0);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_PROTOCOL);
	free(bytes);
}

static void
test_wire_end(void **state)
{
	struct wire *w = *state;
	struct buf out = buf_init(IPC_BYTES_MAX);
	struct ipc_message in;

	fd_close(&w->pair[0]);
	assert_int_equal(ipc_receive(w->pair[1], &w->inbox, &in), ERR_EOF);
	ipc_encode_activity(&out, &(struct ipc_activity){});
	assert_int_equal(ipc_send(w->pair[1], &out, NULL, 0, true), ERR_EOF);
	buf_free(&out);
}

static void
test_wire_full(void **state)
{
	struct wire *w = *state;
	struct buf out = buf_init(IPC_BYTES_MAX);
	int err = 0;

	ipc_encode_activity(&out, &(struct ipc_activity){});
	for (int i = 0; i < 100000 && err == 0; i++)
		err = ipc_send(w->pair[0], &out, NULL, 0, false);
	assert_int_equal(err, ERR_AGAIN);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_every_phase_and_role),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_sizes_and_descriptors),
		cmocka_unit_test(test_round_trip_at_each_maximum),
		cmocka_unit_test(test_above_each_maximum),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_bit_flip),
		cmocka_unit_test(test_text_has_no_nul),
		cmocka_unit_test_setup_teardown(test_wire_with_descriptors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wire_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wire_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wire_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wire_full, set_up, tear_down),
	};

	for (size_t i = 0; i < SAMPLE_ROOM; i++)
		sample_bytes[i] = (uint8_t)(i % 255 + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
