/*
 * packet_input.h - from the socket's bytes to payloads (RFC 4253 section 6): one buffer, in which
 * packets are decrypted where they lie.
 *
 * Knows nothing of what payloads mean. The payload that packet_input_next() gives is valid until
 * the next call here.
 */
#ifndef SSH_PACKET_INPUT_H
#define SSH_PACKET_INPUT_H

#include "base/err.h"
#include "base/rd.h"
#include "crypto/crypto.h"
#include "ssh/compression.h"
#include "ssh/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_INPUT_LOGIN = 64 * 1024,    /* buffer before login */
	PACKET_INPUT_SESSION = 384 * 1024, /* and after: more than one packet of the largest size */
};

struct packet_input {
	uint8_t *bytes; /* allocated at the first fill */
	size_t capacity;
	size_t start, end; /* what has not been looked at yet */
	size_t packet_max; /* largest packet_length */
	size_t whole;      /* bytes of the packet at start with its tag; 0: not known yet */
	size_t usual;      /* bytes of the last large packet, likewise */
	bool discard;      /* the packet at start is bad already, see packet_input.c */
	bool wipe;         /* payloads may hold passwords: wiped before the next one */
	struct view last;  /* the payload given out last */
	struct packet_cipher *cipher;
	uint32_t sequence;  /* of the packet at start */
	uint64_t key_bytes; /* decrypted under the present key */
	uint64_t key_packets;
	uint64_t total_bytes;
	struct compression *inflate; /* NULL: not compressed */
	uint8_t *inflated;           /* SSH_PACKET_MAX + 1 bytes while compression is on */
	enum ssh_disconnect reason;  /* for the client, after an error of next */
};

/* ERR_MEMORY or ERR_CRYPTO. */
MUST int packet_input_init(struct packet_input *in);
void packet_input_free(struct packet_input *in);
/*
 * Puts bytes behind those that are there, as if they had been read. ERR_LIMIT when there is no
 * room, ERR_MEMORY.
 */
MUST int packet_input_put(struct packet_input *in, struct view bytes);
/* Reads once. 0, ERR_AGAIN, ERR_EOF, ERR_IO, ERR_MEMORY. */
MUST int packet_input_fill(struct packet_input *in, int fd);
/* Room for another read. */
bool packet_input_has_room(const struct packet_input *in);
/*
 * The next whole packet. 0, ERR_AGAIN when it is not there yet, or a fault of the client, for
 * which `reason` is set.
 */
MUST int packet_input_next(struct packet_input *in, struct view *payload_out);
/* New keys: takes the cipher. A `reset` sequence number is strict key exchange. */
void packet_input_rekey(struct packet_input *in, struct packet_cipher *take, bool reset);
/* Switches compression on, with a fresh stream, or off. ERR_MEMORY. */
MUST int packet_input_compress(struct packet_input *in, bool on);
/* Overwrites the payload given out last. */
void packet_input_wipe(struct packet_input *in);
/* Frees the buffer when it holds nothing. */
void packet_input_release(struct packet_input *in);

#endif
