#include "ssh/packet_output.h"

#include "base/buf.h"
#include "base/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH_BYTES = 4, PADDING_MIN = 4, PACKET_MIN = 16 };

int
packet_output_init(struct packet_output *out)
{
	*out = (struct packet_output){
		.capacity = PACKET_OUTPUT_LOGIN,
		.padding_used = PADDING_POOL_BYTES,
	};
	return packet_cipher_new_none(true, &out->cipher);
}

void
packet_output_free(struct packet_output *out)
{
	packet_cipher_free(&out->cipher);
	compression_free(&out->deflate);
	pages_free(out->deflated, PACKET_DEFLATED_MAX);
	pages_free(out->bytes, out->capacity);
	*out = (struct packet_output){ 0 };
}

/* RFC 4253 section 6: at least four, up to a multiple of the block, at least 16 bytes in all. */
static size_t
padding_for(const struct packet_output *out, size_t n)
{
	size_t block = packet_cipher_block_bytes(out->cipher);
	size_t counted = 1 + n + (packet_cipher_length_apart(out->cipher) ? 0 : LENGTH_BYTES);
	size_t padding = PADDING_MIN + (block - (counted + PADDING_MIN) % block) % block;

	while (PACKET_HEAD_BYTES + n + padding < PACKET_MIN)
		padding += block;
	return padding;
}

size_t
packet_output_slot_bytes(const struct packet_output *out, size_t n)
{
	if (out->deflate != NULL)
		n = compression_bound(n);
	return PACKET_HEAD_BYTES + n + padding_for(out, n) + packet_cipher_tag_bytes(out->cipher);
}

/* Of the open slot, without what sealing adds. */
static size_t
open_bytes(const struct packet_output *out)
{
	return out->open > 0 ? PACKET_HEAD_BYTES + out->open : 0;
}

int
packet_output_room(struct packet_output *out, size_t n, size_t spare)
{
	size_t sealed = out->end - out->start, open = open_bytes(out);

	if (out->bytes == NULL && (out->bytes = pages_alloc(out->capacity)) == NULL)
		return ERR_MEMORY;
	if (sealed + open == 0)
		out->start = out->end = 0;
	if (n > out->capacity || spare > out->capacity - n)
		return ERR_AGAIN;
	if (out->capacity - out->end >= n + spare)
		return 0;
	/* Bulk data moves only when there is little to move; small answers always find their way.
	 */
	if (out->capacity - sealed < n + spare || (spare > 0 && sealed > out->capacity / 4))
		return ERR_AGAIN;
	memmove(out->bytes, out->bytes + out->start, sealed + open);
	out->start = 0;
	out->end = sealed;
	return 0;
}

uint8_t *
packet_output_payload(struct packet_output *out)
{
	return out->bytes + out->end + PACKET_HEAD_BYTES;
}

/*
 * Padding is random, as the RFC wants it, but not worth a call of the generator for each packet.
 * It lies inside the ciphertext and is used once.
 */
static void
take_padding(struct packet_output *out, uint8_t *to, size_t n)
{
	if (n > PADDING_POOL_BYTES - out->padding_used) {
		crypto_random(out->padding, PADDING_POOL_BYTES);
		out->padding_used = 0;
	}
	memcpy(to, out->padding + out->padding_used, n);
	out->padding_used += n;
}

int
packet_output_seal(struct packet_output *out, uint8_t *payload, size_t n)
{
	uint8_t *packet = out->bytes + out->end;
	size_t padding, length;
	int err;

	if (out->deflate != NULL) {
		if ((err = compression_run(
			 out->deflate, payload, n, out->deflated, PACKET_DEFLATED_MAX, &n)) != 0)
			return err;
		memcpy(packet + PACKET_HEAD_BYTES, out->deflated, n);
	} else if (payload != packet + PACKET_HEAD_BYTES) {
		bug("a slot is sealed out of its order");
	}
	padding = padding_for(out, n);
	length = PACKET_HEAD_BYTES + n + padding;
	put_u32(packet, (uint32_t)(length - LENGTH_BYTES));
	packet[LENGTH_BYTES] = (uint8_t)padding;
	take_padding(out, packet + PACKET_HEAD_BYTES + n, padding);
	if ((err = packet_cipher_seal(out->cipher, out->sequence, packet, length)) != 0)
		return err;
	length += packet_cipher_tag_bytes(out->cipher);
	out->end += length;
	out->open = 0;
	out->key_bytes += length;
	out->key_packets++;
	out->sequence++;
	return 0;
}

int
packet_output_open(struct packet_output *out, uint8_t *payload, size_t n)
{
	/* What is compressed leaves a gap, and nothing can grow behind one. */
	if (out->deflate != NULL)
		return packet_output_seal(out, payload, n);
	if (payload != packet_output_payload(out))
		bug("a slot is opened out of its order");
	out->open = n;
	return 0;
}

int
packet_output_close(struct packet_output *out)
{
	if (out->open == 0)
		return 0;
	return packet_output_seal(out, packet_output_payload(out), out->open);
}

int
packet_output_send(struct packet_output *out, struct view payload)
{
	uint8_t *p;
	int err;

	if ((err = packet_output_close(out)) != 0 ||
	    (err = packet_output_room(out, packet_output_slot_bytes(out, payload.n), 0)) != 0)
		return err;
	p = packet_output_payload(out);
	memcpy(p, payload.p, payload.n);
	return packet_output_seal(out, p, payload.n);
}

int
packet_output_flush(struct packet_output *out, int fd)
{
	ssize_t n;
	int err;

	if ((err = packet_output_close(out)) != 0)
		return err;
	while (out->start < out->end) {
		n = write(fd, out->bytes + out->start, out->end - out->start);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return ERR_AGAIN;
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? ERR_EOF : ERR_IO;
		out->start += (size_t)n;
		out->total_bytes += (uint64_t)n;
	}
	out->start = out->end = 0;
	return 0;
}

size_t
packet_output_pending(const struct packet_output *out)
{
	return out->end - out->start + open_bytes(out);
}

void
packet_output_rekey(struct packet_output *out, struct packet_cipher *take, bool reset)
{
	if (out->open > 0)
		bug("a packet of the old keys is still open");
	packet_cipher_free(&out->cipher);
	out->cipher = take;
	out->key_bytes = 0;
	out->key_packets = 0;
	if (reset)
		out->sequence = 0;
}

int
packet_output_compress(struct packet_output *out, bool on)
{
	compression_free(&out->deflate);
	if (!on)
		return 0;
	if (out->deflated == NULL && (out->deflated = pages_alloc(PACKET_DEFLATED_MAX)) == NULL)
		return ERR_MEMORY;
	return compression_new(true, &out->deflate);
}

void
packet_output_release(struct packet_output *out)
{
	if (out->bytes == NULL || packet_output_pending(out) > 0)
		return;
	pages_free(out->bytes, out->capacity);
	out->bytes = NULL;
	out->start = out->end = 0;
}
