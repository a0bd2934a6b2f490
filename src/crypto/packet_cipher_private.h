/*
 * packet_cipher_private.h - what the files of the packet cipher share.
 */
#ifndef CRYPTO_PACKET_CIPHER_PRIVATE_H
#define CRYPTO_PACKET_CIPHER_PRIVATE_H

#include "crypto/packet_cipher.h"

#include <openssl/evp.h>

/*
 * One way of combining cipher, length field and tag. Lengths have been checked by the face:
 * seal and open get a whole number of blocks, at least one; head is called once per packet.
 */
struct packet_mode {
	MUST int (*start)(struct packet_cipher *c);
	MUST int (*seal)(
	    struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length);
	MUST int (*head)(
	    struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *length);
	MUST int (*open)(
	    struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length);
};

struct packet_cipher {
	const struct packet_cipher_algorithm *cipher; /* NULL: none */
	const struct packet_mac_algorithm *mac;
	const struct packet_mode *mode;
	bool encrypt;
	bool head_open;       /* the next packet's length is known already */
	uint32_t head_length; /* that length */
	uint64_t packets;
	EVP_CIPHER_CTX *ctx;
	EVP_CIPHER_CTX *head_ctx; /* chacha20-poly1305: the key for lengths */
	EVP_MAC_CTX *mac_ctx;
	uint8_t iv[PACKET_CIPHER_IV_MAX]; /* GCM: the next nonce; else what it started with */
	uint8_t key[PACKET_CIPHER_KEY_MAX];
	uint8_t mac_key[PACKET_MAC_KEY_MAX];
};

enum { PACKET_LENGTH_BYTES = 4 };

extern const struct packet_mode packet_mode_none;
extern const struct packet_mode packet_mode_gcm;
extern const struct packet_mode packet_mode_chacha20;
extern const struct packet_mode packet_mode_etm;
extern const struct packet_mode packet_mode_mac;

/* libcrypto's implementation of a cipher of the table. */
const EVP_CIPHER *packet_cipher_evp(const struct packet_cipher_algorithm *algorithm);

#endif
