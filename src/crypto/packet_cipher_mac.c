/*
 * AES-CTR and AES-CBC with an HMAC, in the two orders: encrypt-then-MAC (the tag over the
 * ciphertext, the length in the clear) and the one of RFC 4253 (the tag over the plain packet, the
 * length encrypted with the first block). Also no cipher at all.
 */
#include "crypto/packet_cipher_private.h"

#include "crypto/crypto.h"
#include "crypto/fetched.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

static const char *
mac_digest_name(const struct packet_mac_algorithm *mac)
{
	switch (mac->key_bytes) {
	case 20: return digest_openssl_name(DIGEST_SHA1);
	case 32: return digest_openssl_name(DIGEST_SHA256);
	default: return digest_openssl_name(DIGEST_SHA512);
	}
}

static int
mac_start(struct packet_cipher *c)
{
	/* libcrypto takes it as char * but only reads it. */
	char *name = (char *)(uintptr_t)mac_digest_name(c->mac);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};

	c->ctx = EVP_CIPHER_CTX_new();
	c->mac_ctx = EVP_MAC_CTX_new(fetched()->hmac);
	if (c->ctx == NULL || c->mac_ctx == NULL)
		return ERR_MEMORY;
	if (EVP_CipherInit_ex2(c->ctx, packet_cipher_evp(c->cipher), c->key, c->iv,
		c->encrypt ? 1 : 0, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(c->ctx, 0) != 1)
		return ERR_CRYPTO;
	if (EVP_MAC_init(c->mac_ctx, c->mac_key, c->mac->key_bytes, params) != 1)
		return ERR_CRYPTO;
	return 0;
}

static int
cipher_run(struct packet_cipher *c, uint8_t *bytes, size_t n)
{
	int done = 0;

	if (n == 0)
		return 0;
	if (EVP_CipherUpdate(c->ctx, bytes, &done, bytes, (int)n) != 1 || done != (int)n)
		return ERR_CRYPTO;
	return 0;
}

/* RFC 4253 section 6.4: the tag is over the sequence number and the packet. */
static int
mac_tag(
    struct packet_cipher *c, uint32_t sequence, const uint8_t *packet, size_t length, uint8_t *tag)
{
	uint8_t number[4];
	size_t n = 0;

	put_u32(number, sequence);
	/* Without a key: starts again with the one it has. */
	if (EVP_MAC_init(c->mac_ctx, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(c->mac_ctx, number, sizeof(number)) != 1 ||
	    EVP_MAC_update(c->mac_ctx, packet, length) != 1 ||
	    EVP_MAC_final(c->mac_ctx, tag, &n, c->mac->tag_bytes) != 1 || n != c->mac->tag_bytes)
		return ERR_CRYPTO;
	return 0;
}

static int
mac_check(struct packet_cipher *c, uint32_t sequence, const uint8_t *packet, size_t length)
{
	uint8_t tag[PACKET_CIPHER_TAG_MAX];
	int err;

	if ((err = mac_tag(c, sequence, packet, length, tag)) != 0)
		return err;
	return crypto_equal(tag, packet + length, c->mac->tag_bytes) ? 0 : ERR_CRYPTO;
}

static int
etm_seal(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	int err;

	err = cipher_run(c, packet + PACKET_LENGTH_BYTES, length - PACKET_LENGTH_BYTES);
	if (err != 0)
		return err;
	return mac_tag(c, sequence, packet, length, packet + length);
}

static int
etm_head(struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *length)
{
	(void)c;
	(void)sequence;
	*length = get_u32(head);
	return 0;
}

static int
etm_open(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	int err;

	if ((err = mac_check(c, sequence, packet, length)) != 0)
		return err;
	return cipher_run(c, packet + PACKET_LENGTH_BYTES, length - PACKET_LENGTH_BYTES);
}

const struct packet_mode packet_mode_etm = {
	.start = mac_start,
	.seal = etm_seal,
	.head = etm_head,
	.open = etm_open,
};

static int
mac_seal(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	int err;

	if ((err = mac_tag(c, sequence, packet, length, packet + length)) != 0)
		return err;
	return cipher_run(c, packet, length);
}

static int
mac_head(struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *length)
{
	int err;

	(void)sequence;
	if ((err = cipher_run(c, head, c->cipher->block_bytes)) != 0)
		return err;
	*length = get_u32(head);
	return 0;
}

/* The first block was decrypted by mac_head(). */
static int
mac_open(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	size_t block = c->cipher->block_bytes;
	int err;

	if ((err = cipher_run(c, packet + block, length - block)) != 0)
		return err;
	return mac_check(c, sequence, packet, length);
}

const struct packet_mode packet_mode_mac = {
	.start = mac_start,
	.seal = mac_seal,
	.head = mac_head,
	.open = mac_open,
};

static int
none_start(struct packet_cipher *c)
{
	(void)c;
	return 0;
}

static int
none_run(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	(void)c;
	(void)sequence;
	(void)packet;
	(void)length;
	return 0;
}

const struct packet_mode packet_mode_none = {
	.start = none_start,
	.seal = none_run,
	.head = etm_head,
	.open = none_run,
};
