/*
 * packet_output.h - from payloads to the socket's bytes: one buffer, in which packets are built in
 * slots, sealed where they lie, and written many at a time.
 *
 * A slot is room for one packet: length, padding length, payload, padding, tag. Slots are filled
 * and sealed in the order in which they lie. The last one may stay open for a while, so that its
 * payload can grow in place: whatever comes after it, and every flush, seals it first. Knows
 * nothing of what payloads mean.
 */
#ifndef SSH_PACKET_OUTPUT_H
#define SSH_PACKET_OUTPUT_H

#include "base/err.h"
#include "base/rd.h"
#include "crypto/crypto.h"
#include "ssh/compression.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_OUTPUT_LOGIN = 128 * 1024,
	PACKET_OUTPUT_SESSION = 1024 * 1024,
	/* So much is worth a system call: enough to fill it, little enough to be in the cache
	   still. */
	PACKET_OUTPUT_BATCH = 256 * 1024,
	/* What channel data leaves free for answers and window adjustments. */
	PACKET_OUTPUT_SPARE = 128 * 1024,
	PACKET_HEAD_BYTES = 5,
	PADDING_POOL_BYTES = 512,
	PACKET_DEFLATED_MAX = 96 * 1024, /* more than any payload of ours can become */
};

struct packet_output {
	uint8_t *bytes; /* allocated when first needed */
	size_t capacity;
	size_t start, end; /* sealed and not yet written */
	size_t open;       /* bytes of the payload in the open slot, at `end`; 0: none is open */
	struct packet_cipher *cipher;
	uint32_t sequence;
	uint64_t key_bytes; /* encrypted under the present key */
	uint64_t key_packets;
	uint64_t total_bytes;
	struct compression *deflate; /* NULL: not compressed */
	uint8_t *deflated;           /* PACKET_DEFLATED_MAX while compression is on */
	uint8_t padding[PADDING_POOL_BYTES];
	size_t padding_used;
};

/* ERR_MEMORY or ERR_CRYPTO. */
MUST int packet_output_init(struct packet_output *out);
void packet_output_free(struct packet_output *out);
/* The size of a slot for a payload of n bytes; exact when there is no compression. */
size_t packet_output_slot_bytes(const struct packet_output *out, size_t n);
/*
 * Makes sure that n bytes and then `spare` more can be had behind `end`; an open slot is part of
 * the n. What was sealed or is open may move; other slots do not survive. ERR_AGAIN, ERR_MEMORY.
 */
MUST int packet_output_room(struct packet_output *out, size_t n, size_t spare);
/* Where the payload of the slot at `end` begins. */
uint8_t *packet_output_payload(struct packet_output *out);
/*
 * Seals the slot of which the payload begins at `payload`; it must be the next one. The packet
 * lies at the old `end` then. ERR_LIMIT when the key is used up, ERR_CRYPTO.
 */
MUST int packet_output_seal(struct packet_output *out, uint8_t *payload, size_t n);
/*
 * The same for later: the payload may grow into the room that there was for the slot, by another
 * call of this or of packet_output_seal(). With compression it is sealed at once. Errors as above.
 */
MUST int packet_output_open(struct packet_output *out, uint8_t *payload, size_t n);
/* Seals the open slot, if there is one. Errors as above. */
MUST int packet_output_close(struct packet_output *out);
/* Copies a payload into a slot and seals it. ERR_AGAIN when there is no room, or as above. */
MUST int packet_output_send(struct packet_output *out, struct view payload);
/* Writes until all has left (0) or the socket is full (ERR_AGAIN). ERR_EOF, ERR_IO. */
MUST int packet_output_flush(struct packet_output *out, int fd);
/* Bytes that wait, those of an open slot with them as far as they are there. */
size_t packet_output_pending(const struct packet_output *out);
/* As for packet_input. */
void packet_output_rekey(struct packet_output *out, struct packet_cipher *take, bool reset);
MUST int packet_output_compress(struct packet_output *out, bool on);
void packet_output_release(struct packet_output *out);

#endif
