/*
 * ipc_peer.h - one end of a socket pair to a peer that lies: gate and codec of every message.
 *
 * The input is a list of records: uint8 phase and number of descriptors, uint16 length, then one
 * datagram. Whatever the gate and the codec let through must be understood as exactly the bytes
 * that came, and nothing may come through that the table does not have for that role and phase.
 */
#ifndef TESTS_FUZZ_IPC_PEER_H
#define TESTS_FUZZ_IPC_PEER_H

#include "ipc/ipc.h"

#include <stdlib.h>
#include <string.h>

static int
understand(const struct ipc_message *message, struct buf *again)
{
	int err;

	switch (message->type) {
#define IPC_MESSAGE(NAME, label, from, when, bytes, count, fds)                                    \
	case IPC_##NAME: {                                                                         \
		struct ipc_##label fields;                                                         \
		if ((err = ipc_decode_##label(message->fields, &fields)) == 0)                     \
			ipc_encode_##label(again, &fields);                                        \
		return err;                                                                        \
	}
#include "ipc/messages.def"
#undef IPC_MESSAGE
	case IPC_NONE:
	case IPC_TYPE_COUNT: break;
	}
	abort();
}

static void
take_datagram(struct ipc_gate *gate, struct view datagram, size_t fds)
{
	struct ipc_message message = { .fds = { -1, -1 }, .fd_count = fds };
	struct buf again = buf_init(IPC_BYTES_MAX);

	/* as ipc_receive() */
	if (datagram.n == 0 || datagram.p[0] == IPC_NONE || datagram.p[0] >= IPC_TYPE_COUNT)
		return;
	message.type = (enum ipc_type)datagram.p[0];
	message.fields = rd_init(datagram.p + 1, datagram.n - 1);
	if (ipc_gate_check(gate, &message) != 0)
		return;
	if (!(ipc_rows[message.type].from & gate->peer) ||
	    !(ipc_rows[message.type].phases & gate->phase))
		abort();
	if (understand(&message, &again) == 0 && (buf_error(&again) != 0 || again.n != datagram.n ||
						     memcmp(again.p, datagram.p, again.n) != 0))
		abort();
	buf_free(&again);
}

static void
take_records(struct ipc_gate *gate, struct rd *r)
{
	while (r->n > 0 && r->bad == 0) {
		uint8_t head = rd_u8(r);
		struct view datagram = rd_raw(r, rd_u16(r));

		if (r->bad != 0)
			return;
		gate->phase = (enum ipc_phase)(1 << (head & 7) % 5);
		take_datagram(gate, datagram, head >> 6);
	}
}

#endif
