/*
 * cipher.h - one direction of an SSH packet cipher, on libcrypto.
 */
#ifndef BENCH_CIPHER_H
#define BENCH_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

enum { TAG_BYTES = 16, HMAC_BYTES = 32, KEY_BYTES_MAX = 64, IV_BYTES = 16 };

struct cipher {
	enum { CIPHER_NONE, CIPHER_GCM, CIPHER_CHACHA, CIPHER_CTR } kind;
	uint8_t iv[IV_BYTES];
	EVP_CIPHER_CTX *body, *length; /* the second for chacha20-poly1305 only */
	EVP_MAC_CTX *mac;
};

/* Bytes of key that a cipher takes; ends the program for an unknown name. */
size_t cipher_key_bytes(const char *name);
/* The last key is for aes128-ctr, which goes with hmac-sha2-256-etm@openssh.com. */
void cipher_start(struct cipher *cipher, const char *name, const uint8_t *key, const uint8_t *iv,
	const uint8_t *mac_key, int encrypt);
void cipher_end(struct cipher *cipher);
/* The tag's length: nothing before the first key exchange. */
size_t cipher_tag_bytes(const struct cipher *cipher);
/* A packet is length(4), body(n), tag. Encrypts in place and writes the tag. */
void cipher_seal(struct cipher *cipher, uint32_t sequence, uint8_t *packet, size_t n);
/* The length of the packet that begins here. */
uint32_t cipher_length(struct cipher *cipher, uint32_t sequence, const uint8_t *packet);
/* Checks the tag and decrypts the body in place. */
void cipher_unseal(struct cipher *cipher, uint32_t sequence, uint8_t *packet, size_t n);

#endif
