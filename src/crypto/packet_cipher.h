/*
 * packet_cipher.h - encryption and integrity of SSH packets (RFC 4253 section 6), one object per
 * direction.
 *
 * A packet is four length bytes, then what the length counts (padding length, payload, padding),
 * then packet_cipher_tag_bytes() bytes of tag. All work is done in place. The caller pads, counts
 * sequence numbers, limits lengths and decides when to rekey; the object counts its packets only
 * to refuse the 2^32nd and later, where a sequence number (the nonce of chacha20-poly1305) would
 * come twice under one key.
 *
 * Sending:   packet_cipher_seal()
 * Receiving: wait for packet_cipher_head_bytes(); packet_cipher_open_length(); check the length;
 *            wait for the rest and the tag; packet_cipher_open().
 *
 * How to pad: the counted bytes, plus the four length bytes unless packet_cipher_length_apart(),
 * are a multiple of packet_cipher_block_bytes().
 */
#ifndef CRYPTO_PACKET_CIPHER_H
#define CRYPTO_PACKET_CIPHER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_CIPHER_BLOCK_MAX = 16,
	PACKET_CIPHER_KEY_MAX = 64,
	PACKET_CIPHER_IV_MAX = 16,
	PACKET_CIPHER_TAG_MAX = 64,
	PACKET_MAC_KEY_MAX = 64,
};

struct packet_cipher_algorithm {
	const char *name;
	unsigned key_bytes;
	unsigned iv_bytes;
	unsigned block_bytes; /* what packets are padded to a multiple of */
	unsigned tag_bytes;   /* of an AEAD cipher, else 0 */
	bool is_aead;         /* no MAC is negotiated or used */
	bool is_legacy;       /* only by configuration */
};

struct packet_mac_algorithm {
	const char *name;
	unsigned key_bytes;
	unsigned tag_bytes;
	bool is_etm;    /* the tag is over the ciphertext and the length travels in the clear */
	bool is_legacy; /* only by configuration */
};

struct packet_cipher;

/* The table, in the order of preference; NULL past the end. "none" is not in it. */
const struct packet_cipher_algorithm *packet_cipher_algorithm_at(size_t number);
const struct packet_mac_algorithm *packet_mac_algorithm_at(size_t number);
/* NULL for a name that we do not know. */
const struct packet_cipher_algorithm *packet_cipher_find(struct view name);
const struct packet_mac_algorithm *packet_mac_find(struct view name);

/*
 * A cipher for one direction. iv, key and mac_key are copied and have exactly the lengths that the
 * tables give (anything else is a bug()); mac is NULL and mac_key unused when the cipher is AEAD.
 * The caller frees the object. ERR_CRYPTO or ERR_MEMORY.
 */
MUST int packet_cipher_new(const struct packet_cipher_algorithm *cipher,
    const struct packet_mac_algorithm *mac, struct view iv, struct view key, struct view mac_key,
    bool encrypt, struct packet_cipher **out);
/* The state before the first key exchange: nothing is encrypted, nothing is checked. */
MUST int packet_cipher_new_none(bool encrypt, struct packet_cipher **out);
void packet_cipher_free(struct packet_cipher **c);

/* The algorithms in use; NULL for none. */
const struct packet_cipher_algorithm *packet_cipher_algorithm(const struct packet_cipher *c);
const struct packet_mac_algorithm *packet_cipher_mac(const struct packet_cipher *c);
/* 8 or 16. */
size_t packet_cipher_block_bytes(const struct packet_cipher *c);
size_t packet_cipher_tag_bytes(const struct packet_cipher *c);
/* Bytes of a packet that packet_cipher_open_length() needs. */
size_t packet_cipher_head_bytes(const struct packet_cipher *c);
/* True when the length field is outside of the blocks (AEAD and encrypt-then-MAC). */
bool packet_cipher_length_apart(const struct packet_cipher *c);

/*
 * Encrypts in place. packet points to 4 length bytes (already filled in with length - 4) and the
 * padded content, length bytes in all, with packet_cipher_tag_bytes() of room behind, where the
 * tag is written. A length that is not padded as described above is a bug(). ERR_LIMIT when the
 * key has sealed as many packets as it may, ERR_CRYPTO.
 */
MUST int packet_cipher_seal(
    struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length);
/*
 * Finds the packet's length field. head points to the packet_cipher_head_bytes() first bytes of
 * the packet; where MAC-then-encrypt is used they are decrypted in place, so the same bytes must
 * be given to packet_cipher_open() later, and may be moved but not changed. Asking again for the
 * same packet gives the same answer and changes nothing. The length is NOT authenticated yet and
 * not checked: the caller limits it, and its fit with the block size, before it waits for more.
 * With aes128-cbc and a MAC that is not etm, the answer to a bad length must not come sooner than
 * the answer to a bad tag would (CVE-2008-5161): go on reading before disconnecting.
 */
MUST int packet_cipher_open_length(
    struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *packet_length_out);
/*
 * Checks the tag in constant time and decrypts in place. packet is the whole packet and length is
 * 4 plus what packet_cipher_open_length() gave, which must have been called; the tag follows.
 * Afterwards the four length bytes are plain. ERR_CRYPTO when the tag is wrong, ERR_FORMAT when the
 * length does not fit the block size or is not the one announced, ERR_LIMIT as in
 * packet_cipher_seal(). After an error the content is undefined and the connection must end.
 */
MUST int packet_cipher_open(
    struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length);

/*
 * Appends the running state: algorithms, keys, counter position, and the length of a packet of
 * which only the head has been opened. The receiver goes on where this object stands; using both
 * afterwards would repeat nonces. Errors show in the buffer.
 */
void packet_cipher_export(const struct packet_cipher *c, struct buf *out);
/*
 * Reads what packet_cipher_export() wrote, as hostile input: unknown names, wrong lengths and
 * pairs that cannot be are ERR_FORMAT (or what poisoned the cursor). Does not demand that the
 * cursor ends here.
 */
MUST int packet_cipher_import(struct rd *r, bool encrypt, struct packet_cipher **out);

#endif
