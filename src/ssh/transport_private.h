/*
 * transport_private.h - what the files of src/ssh share about a connection. Nobody else includes
 * it, but the tests that need to stand in the middle of one.
 */
#ifndef SSH_TRANSPORT_PRIVATE_H
#define SSH_TRANSPORT_PRIVATE_H

#include "ssh/exchange.h"
#include "ssh/packet_input.h"
#include "ssh/packet_output.h"
#include "ssh/transport.h"

enum {
	MESSAGE_BYTES_MAX = 64 * 1024, /* of a message that is not channel data */
	HELD_BYTES_MAX = 32 * 1024,    /* messages that wait for the end of a key exchange */
	/* Free output without which no message is looked at: more than any one is answered with. */
	ANSWER_BYTES = 96 * 1024,
	PING_BYTES_MAX = 16 * 1024,
	ERROR_BYTES = 1024,
	AGREED_BYTES = 512,
};

struct ssh_transport {
	int fd; /* borrowed */
	const struct ssh_config *config;
	uint64_t deadline_ms;
	struct packet_input in;
	struct packet_output out;
	struct exchange exchange;
	struct kex_choice agreed;
	struct buf message; /* the one being built */
	struct buf held;    /* strings: payloads for after the key exchange */

	uint8_t client_version[SSH_VERSION_MAX];
	size_t client_version_bytes;
	uint8_t session_id[SSH_HASH_MAX];
	size_t session_id_bytes;
	bool strict;   /* strict key exchange was agreed in the first KEXINIT */
	bool ext_info; /* the client reads SSH_MSG_EXT_INFO */
	bool authenticated;

	bool none_came; /* the free first try */
	bool banner_sent;
	uint32_t tries;
	bool last_was_none;

	bool told; /* DISCONNECT was sent or received */
	uint32_t client_reason;
	char error[ERROR_BYTES];
	char agreed_text[AGREED_BYTES];
};

/*
 * Ends the connection: notes why, in words for the log, tells the client the same unless reason is
 * 0, and returns err. Bytes of the client in the text are made printable.
 */
MUST int transport_fail(struct ssh_transport *t, int err, enum ssh_disconnect reason,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for an error of packet_input_next, packet_input_fill or packet_output_*. */
MUST int transport_input_fault(struct ssh_transport *t, int err);
MUST int transport_output_fault(struct ssh_transport *t, int err);

/* Starts a message in t->message. */
struct buf *transport_message(struct ssh_transport *t, enum ssh_message type);
/* Sends it, or keeps it while our KEXINIT forbids others (RFC 4253 section 7.1). */
MUST int transport_send(struct ssh_transport *t);
/* Sends what was kept. */
MUST int transport_send_held(struct ssh_transport *t);
/* DISCONNECT came: ERR_EOF. */
MUST int transport_client_left(struct ssh_transport *t, struct view payload);
/* True for numbers that no document assigns or that we do not know (RFC 4253 section 11.4). */
bool transport_is_unrecognised(uint8_t type);
/* Answers the message that was read last. */
MUST int transport_unimplemented(struct ssh_transport *t);
/* RFC 4253 section 9, RFC 4344 section 3: these keys have done enough. */
bool transport_rekey_is_due(const struct ssh_transport *t);
/* Writes the line of what was agreed. */
void transport_note_agreed(struct ssh_transport *t);
/* Buffers and limits of the time after login; compression starts. */
MUST int transport_enter_session(struct ssh_transport *t);

/* ---- login half */

/* Waits for more bytes of the client; `late` is the fault when the deadline comes first. */
MUST int transport_wait_bytes(struct ssh_transport *t, const char *late);
/* Waits for the next packet. */
MUST int transport_wait_packet(struct ssh_transport *t, struct view *payload_out);
/* Waits until everything has left. */
MUST int transport_wait_sent(struct ssh_transport *t);

#endif
