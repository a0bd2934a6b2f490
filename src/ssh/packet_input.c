#include "ssh/packet_input.h"

#include "base/pages.h"
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LENGTH_BYTES = 4,
	PADDING_MIN = 4,
	/* padding_length, one byte of payload, padding */
	PACKET_MIN = 1 + 1 + PADDING_MIN,
	LARGE_MIN = 8 * 1024, /* packets that are worth not being moved */
};

int
packet_input_init(struct packet_input *in)
{
	*in = (struct packet_input){
		.capacity = PACKET_INPUT_LOGIN,
		.packet_max = SSH_PACKET_MAX_LOGIN,
	};
	return packet_cipher_new_none(false, &in->cipher);
}

void
packet_input_free(struct packet_input *in)
{
	packet_cipher_free(&in->cipher);
	compression_free(&in->inflate);
	pages_free(in->inflated, SSH_PACKET_MAX + 1);
	pages_free(in->bytes, in->capacity);
	*in = (struct packet_input){ 0 };
}

void
packet_input_wipe(struct packet_input *in)
{
	/* The view is into our own buffers; they are only shown to others as constant. */
	if (in->last.n > 0)
		secret_wipe((void *)(uintptr_t)in->last.p, in->last.n);
	in->last = (struct view){ 0 };
}

bool
packet_input_has_room(const struct packet_input *in)
{
	return in->end - in->start < in->capacity;
}

static int
make_buffer(struct packet_input *in)
{
	if (in->bytes == NULL && (in->bytes = pages_alloc(in->capacity)) == NULL)
		return ERR_MEMORY;
	return 0;
}

int
packet_input_put(struct packet_input *in, struct view bytes)
{
	if (bytes.n > in->capacity - in->end)
		return ERR_LIMIT;
	if (bytes.n == 0)
		return 0;
	if (make_buffer(in) != 0)
		return ERR_MEMORY;
	memcpy(in->bytes + in->end, bytes.p, bytes.n);
	in->end += bytes.n;
	return 0;
}

/*
 * How much to read. A piece of a packet at the end of the buffer has to be moved to its beginning
 * before the next read; when bulk data comes in packets of one size, a read that ends where such
 * a packet will leaves no piece behind.
 */
static size_t
read_bytes(const struct packet_input *in)
{
	size_t room = in->capacity - in->end, have = in->end - in->start;
	size_t whole = in->whole != 0 ? in->whole : in->usual;
	size_t missing = whole > have ? whole - have : 0;

	if (in->usual == 0 || missing > room)
		return room;
	if (missing == 0 && room < in->usual)
		return room;
	return room - (room - missing) % in->usual;
}

int
packet_input_fill(struct packet_input *in, int fd)
{
	ssize_t n;

	if (in->wipe)
		packet_input_wipe(in);
	if (make_buffer(in) != 0)
		return ERR_MEMORY;
	if (in->start > 0) {
		memmove(in->bytes, in->bytes + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
	}
	if (in->end == in->capacity)
		return 0;
	do
		n = read(fd, in->bytes + in->end, read_bytes(in));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN
		       : errno == ECONNRESET                   ? ERR_EOF
							       : ERR_IO;
	if (n == 0)
		return ERR_EOF;
	in->end += (size_t)n;
	in->total_bytes += (uint64_t)n;
	return 0;
}

static int
fault(struct packet_input *in, int err, enum ssh_disconnect reason)
{
	in->reason = reason;
	return err;
}

/*
 * A length that is impossible. With CBC the answer must not tell at which byte it was noticed, or
 * it becomes an oracle for plaintext (CVE-2008-5161): wait for as much as the largest packet has,
 * then fail as for a wrong MAC. All other ciphers authenticate or cannot be steered that way.
 */
static int
bad_length(struct packet_input *in)
{
	const struct packet_cipher_algorithm *cipher = packet_cipher_algorithm(in->cipher);

	if (cipher == NULL || !cipher->is_legacy || packet_cipher_length_apart(in->cipher))
		return fault(in, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR);
	in->discard = true;
	in->whole = in->packet_max + PACKET_CIPHER_TAG_MAX;
	return 0;
}

/* Learns how long the packet at start is. */
static int
open_length(struct packet_input *in)
{
	size_t have = in->end - in->start, counted;
	uint32_t length;
	int err;

	if (have < packet_cipher_head_bytes(in->cipher))
		return ERR_AGAIN;
	if ((err = packet_cipher_open_length(
		 in->cipher, in->sequence, in->bytes + in->start, &length)) != 0)
		return fault(in, err, SSH_DISCONNECT_PROTOCOL_ERROR);
	if (length < PACKET_MIN || length > in->packet_max)
		return bad_length(in);
	counted = packet_cipher_length_apart(in->cipher) ? length : (size_t)length + LENGTH_BYTES;
	if (counted % packet_cipher_block_bytes(in->cipher) != 0)
		return bad_length(in);
	in->whole = (size_t)length + LENGTH_BYTES + packet_cipher_tag_bytes(in->cipher);
	return 0;
}

static int
inflate_payload(struct packet_input *in, struct view *payload)
{
	size_t n;
	int err;

	/* One byte above the limit, so that a result of exactly the limit is told from more. */
	err = compression_run(
	    in->inflate, payload->p, payload->n, in->inflated, SSH_PACKET_MAX + 1, &n);
	if (err != 0 || n == 0)
		return fault(in, err != 0 ? err : ERR_FORMAT, SSH_DISCONNECT_COMPRESSION_ERROR);
	*payload = (struct view){ .p = in->inflated, .n = n };
	return 0;
}

int
packet_input_next(struct packet_input *in, struct view *payload_out)
{
	uint8_t *packet;
	size_t length, padding;
	int err;

	if (in->wipe)
		packet_input_wipe(in);
	*payload_out = (struct view){ 0 };
	if (in->whole == 0 && (err = open_length(in)) != 0)
		return err;
	if (in->end - in->start < in->whole)
		return ERR_AGAIN;
	if (in->discard)
		return fault(in, ERR_CRYPTO, SSH_DISCONNECT_MAC_ERROR);
	packet = in->bytes + in->start;
	length = in->whole - packet_cipher_tag_bytes(in->cipher);
	if ((err = packet_cipher_open(in->cipher, in->sequence, packet, length)) != 0)
		return fault(in, err, SSH_DISCONNECT_MAC_ERROR);
	padding = packet[LENGTH_BYTES];
	if (padding < PADDING_MIN || padding + LENGTH_BYTES + 1 >= length)
		return fault(in, ERR_FORMAT, SSH_DISCONNECT_PROTOCOL_ERROR);
	if (in->whole >= LARGE_MIN)
		in->usual = in->whole;
	in->start += in->whole;
	in->key_bytes += in->whole;
	in->key_packets++;
	in->sequence++;
	in->whole = 0;
	*payload_out = (struct view){
		.p = packet + LENGTH_BYTES + 1,
		.n = length - LENGTH_BYTES - 1 - padding,
	};
	if (in->inflate != NULL && (err = inflate_payload(in, payload_out)) != 0)
		return err;
	in->last = *payload_out;
	return 0;
}

void
packet_input_rekey(struct packet_input *in, struct packet_cipher *take, bool reset)
{
	packet_cipher_free(&in->cipher);
	in->cipher = take;
	in->key_bytes = 0;
	in->key_packets = 0;
	if (reset)
		in->sequence = 0;
}

int
packet_input_compress(struct packet_input *in, bool on)
{
	compression_free(&in->inflate);
	if (!on)
		return 0;
	if (in->inflated == NULL && (in->inflated = pages_alloc(SSH_PACKET_MAX + 1)) == NULL)
		return ERR_MEMORY;
	return compression_new(false, &in->inflate);
}

void
packet_input_release(struct packet_input *in)
{
	if (in->bytes == NULL || in->start != in->end)
		return;
	pages_free(in->bytes, in->capacity);
	in->bytes = NULL;
	in->start = in->end = 0;
	in->last = (struct view){ 0 };
}
