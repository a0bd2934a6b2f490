/*
 * ipc.h - messages between the master and its workers, over SOCK_SEQPACKET socket pairs.
 *
 * messages.def declares every message and its rule; this module makes the types, both codecs and
 * the gate from it. Each datagram is one message: uint8 type, then its fields through rd.h and
 * buf.h, never a struct. A receiver treats what arrives as untrusted: the gate checks sender,
 * phase, size, count and descriptors before a field is read. Nothing here decides what a message
 * means; it never logs.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "ipc/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IPC_VERSION = 3, IPC_BYTES_MAX = 132 * 1024, IPC_DESCRIPTORS_MAX = 2 };

/* What master and HTTP worker have agreed on. */
enum {
	IPC_HTTP_REQUESTS_MAX = 64,       /* that the master has not answered, at once */
	IPC_HTTP_PIECE_BYTES = 64 * 1024, /* of a body, in one message */
	IPC_HTTP_CHUNKS_AHEAD = 4,        /* HTTP_CHUNKs that go out before the first HTTP_MORE */
	/* A control request: a body of 1 MiB, and what is put around it. */
	IPC_HTTP_CONTROL_MAX = 1024 * 1024 + 64 * 1024,
};

/* Who the client says it is. */
enum ipc_http_credential {
	IPC_HTTP_NOBODY = 0,
	IPC_HTTP_BASIC,  /* a user and a password */
	IPC_HTTP_BEARER, /* a token, as `secret` */
	IPC_HTTP_BODY_SAYS, /* username, password and code are in the body; of a login alone */
};

/* Who may send a message, as bits. */
enum ipc_role {
	IPC_ROLE_MASTER = 1,
	IPC_ROLE_NURSERY = 2,
	IPC_ROLE_LOGIN = 4,
	IPC_ROLE_SESSION = 8,
	IPC_ROLE_PARKING = 16,
	IPC_ROLE_SUPERVISOR = 32,
	IPC_ROLE_SCAN = 64,
	IPC_ROLE_HTTP = 128,
	IPC_ROLE_LOGIN_OR_SESSION = IPC_ROLE_LOGIN | IPC_ROLE_SESSION,
};

/*
 * Where a worker stands, as bits. A login worker goes KEX, AUTH, DONE, and begins with START where
 * a proxy has to say first whose connection it is; a nursery, a session worker, the parking worker
 * and the HTTP worker START, RUN, DONE; a supervisor RUN, DONE; a scan worker RUN. In DONE nothing
 * but IPC_LOG is accepted.
 */
enum ipc_phase {
	PHASE_START = 1,
	PHASE_KEX = 2,
	PHASE_AUTH = 4,
	PHASE_RUN = 8,
	PHASE_DONE = 16,
	PHASE_ANY = 31,
};

enum ipc_type {
	IPC_NONE,
#define IPC_MESSAGE(NAME, name, from, phases, max_bytes, max_count, descriptors) IPC_##NAME,
#include "ipc/messages.def"
#undef IPC_MESSAGE
	IPC_TYPE_COUNT
};

/* How a program came to its end. */
enum ipc_program_ending { IPC_PROGRAM_EXITED, IPC_PROGRAM_TIMED_OUT, IPC_PROGRAM_NOT_STARTED };

/* One row of the table. */
struct ipc_row {
	const char *name;
	unsigned from;        /* enum ipc_role bits */
	unsigned phases;      /* enum ipc_phase bits */
	uint32_t max_bytes;
	uint16_t max_count;   /* 0: no limit */
	unsigned descriptors;
};

extern const struct ipc_row ipc_rows[IPC_TYPE_COUNT];

/* The message structs: struct ipc_host_key_sign { struct view algorithm; ... }. */
#define IPC_MEMBER_U8 uint8_t
#define IPC_MEMBER_U32 uint32_t
#define IPC_MEMBER_U64 uint64_t
#define IPC_MEMBER_I64 int64_t
#define IPC_MEMBER_BOOL bool
#define IPC_MEMBER_TEXT struct view
#define IPC_MEMBER_BYTES struct view
#define IPC_MEMBER(type, name, max) IPC_MEMBER_##type name;
#define IPC_MESSAGE(NAME, name, from, phases, max_bytes, max_count, descriptors) \
	struct ipc_##name { \
		IPC_FIELDS_##NAME(IPC_MEMBER) \
	};
#include "ipc/messages.def"
#undef IPC_MESSAGE

/*
 * Writes type and fields of a message into an empty buffer (buf_error() tells a field above its
 * maximum or a message above its row's max_bytes).
 *   void ipc_encode_<name>(struct buf *out, const struct ipc_<name> *message);
 * Reads the fields; the views point into the cursor's bytes. 0, or the ERR_ code of the fault.
 *   int ipc_decode_<name>(struct rd fields, struct ipc_<name> *out);
 */
#define IPC_MESSAGE(NAME, name, from, phases, max_bytes, max_count, descriptors) \
	void ipc_encode_##name(struct buf *out, const struct ipc_##name *message); \
	MUST int ipc_decode_##name(struct rd fields, struct ipc_##name *out);
#include "ipc/messages.def"
#undef IPC_MESSAGE

/* A received message: valid until the next receive into the same struct. */
struct ipc_message {
	enum ipc_type type;
	struct rd fields;
	int fds[IPC_DESCRIPTORS_MAX]; /* owned by the receiver; -1 where there is none */
	size_t fd_count;
};

/* A receive buffer; its memory is allocated at the first receive. */
struct ipc_inbox {
	uint8_t *bytes;
};

/* A SOCK_SEQPACKET pair, both ends close-on-exec and non-blocking. 0 or ERR_IO. */
MUST int ipc_pair(int pair_out[2]);
/*
 * Sends one encoded message. Waits while the socket is full when `wait` is true, else ERR_AGAIN.
 * 0, ERR_EOF when the other end is gone, ERR_IO, or the buffer's own error. The descriptors stay
 * the caller's to close.
 */
MUST int ipc_send(int fd, const struct buf *message, const int *fds, size_t fd_count, bool wait);
/*
 * Receives one message. 0, ERR_AGAIN when none is there, ERR_EOF, ERR_IO, or ERR_PROTOCOL for one
 * that is empty, unknown, cut, or brings more descriptors than any row allows (they are closed).
 */
MUST int ipc_receive(int fd, struct ipc_inbox *inbox, struct ipc_message *out);
void ipc_inbox_free(struct ipc_inbox *inbox);
/* Closes the descriptors that nobody took (set to -1 by fd_take). */
void ipc_message_close_fds(struct ipc_message *message);

/* What one peer has been and may be: kept by the receiver, one a peer. */
struct ipc_gate {
	enum ipc_role peer;
	enum ipc_phase phase;
	uint16_t counts[IPC_TYPE_COUNT]; /* of those that have a limit */
};

/*
 * Decides whether a message may come now, and counts it. 0; ERR_PROTOCOL for a wrong sender, a
 * wrong phase or a wrong number of descriptors; ERR_LIMIT for one too large or once too often.
 */
MUST int ipc_gate_check(struct ipc_gate *gate, const struct ipc_message *message);

#endif
