/*
 * The two AEAD families: AES-GCM (RFC 5647 as OpenSSH names and negotiates it) and
 * chacha20-poly1305@openssh.com. In both the length field is outside of the padding blocks.
 */
#include "crypto/packet_cipher_private.h"

#include "crypto/crypto.h"
#include "crypto/fetched.h"

#include "base/secret.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string.h>

enum {
	GCM_TAG_BYTES = 16,
	GCM_IV_BYTES = 12,
	GCM_IV_FIXED_BYTES = 4,
	GCM_IV_COUNTER_BYTES = 8,
	POLY1305_KEY_BYTES = 32,
	POLY1305_TAG_BYTES = 16,
	CHACHA20_BLOCK_BYTES = 64,
	CHACHA20_IV_BYTES = 16,
	CHACHA20_KEY_BYTES = 32,
};

/*
 * A nonce is its first four bytes, which stay, and a counter of the packets (RFC 5647 section 7.1).
 * libcrypto knows that shape from TLS: it is given the whole nonce once, and from then on counts
 * by itself when sealing and is told the counter when opening. A nonce for each packet with
 * EVP_CipherInit_ex2() would be right as well, but in OpenSSL 3.0 that costs as much as a small
 * packet's encryption. c->iv is kept for packet_cipher_export().
 */
static int
gcm_start(struct packet_cipher *c)
{
	uint8_t counter[GCM_IV_COUNTER_BYTES];

	if ((c->ctx = EVP_CIPHER_CTX_new()) == NULL)
		return ERR_MEMORY;
	if (EVP_CipherInit_ex2(
		c->ctx, packet_cipher_evp(c->cipher), c->key, c->iv, c->encrypt ? 1 : 0, NULL) != 1)
		return ERR_CRYPTO;
	/* -1: all of it */
	if (EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_GCM_SET_IV_FIXED, -1, c->iv) != 1)
		return ERR_CRYPTO;
	if (c->encrypt &&
	    EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_GCM_IV_GEN, sizeof(counter), counter) != 1)
		return ERR_CRYPTO;
	return 0;
}

static void
gcm_next_iv(struct packet_cipher *c)
{
	size_t i;

	for (i = GCM_IV_BYTES; i > GCM_IV_FIXED_BYTES; i--) {
		if (++c->iv[i - 1] != 0)
			break;
	}
}

/*
 * Runs the cipher over the length field as associated data and over the content in place. When
 * opening, the tag is compared here.
 */
static int
gcm_run(struct packet_cipher *c, uint8_t *packet, size_t length)
{
	uint8_t *content = packet + PACKET_LENGTH_BYTES, nothing[PACKET_CIPHER_BLOCK_MAX];
	int n = (int)(length - PACKET_LENGTH_BYTES);
	int done = 0;

	if (EVP_CipherUpdate(c->ctx, NULL, &done, packet, PACKET_LENGTH_BYTES) != 1)
		return ERR_CRYPTO;
	if (EVP_CipherUpdate(c->ctx, content, &done, content, n) != 1 || done != n)
		return ERR_CRYPTO;
	if (EVP_CipherFinal_ex(c->ctx, nothing, &done) != 1 || done != 0)
		return ERR_CRYPTO;
	return 0;
}

static int
gcm_seal(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	uint8_t counter[GCM_IV_COUNTER_BYTES];
	/* The tag, and on to the next nonce. */
	OSSL_PARAM end[] = {
		OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, packet + length, GCM_TAG_BYTES),
		OSSL_PARAM_octet_string(
		    OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN, counter, sizeof(counter)),
		OSSL_PARAM_END,
	};
	int err;

	(void)sequence;
	if ((err = gcm_run(c, packet, length)) != 0)
		return err;
	gcm_next_iv(c);
	return EVP_CIPHER_CTX_get_params(c->ctx, end) == 1 ? 0 : ERR_CRYPTO;
}

static int
gcm_open(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	const OSSL_PARAM begin[] = {
		OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, packet + length, GCM_TAG_BYTES),
		OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV,
		    c->iv + GCM_IV_FIXED_BYTES, GCM_IV_COUNTER_BYTES),
		OSSL_PARAM_END,
	};

	(void)sequence;
	if (EVP_CIPHER_CTX_set_params(c->ctx, begin) != 1)
		return ERR_CRYPTO;
	gcm_next_iv(c);
	return gcm_run(c, packet, length);
}

static int
clear_head(struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *length)
{
	(void)c;
	(void)sequence;
	*length = get_u32(head);
	return 0;
}

const struct packet_mode packet_mode_gcm = {
	.start = gcm_start,
	.seal = gcm_seal,
	.head = clear_head,
	.open = gcm_open,
};

/* The 512-bit key is two: first the one for content, then the one for lengths. */
static int
chacha20_start(struct packet_cipher *c)
{
	const EVP_CIPHER *evp = packet_cipher_evp(c->cipher);

	c->ctx = EVP_CIPHER_CTX_new();
	c->head_ctx = EVP_CIPHER_CTX_new();
	c->mac_ctx = EVP_MAC_CTX_new(fetched()->poly1305);
	if (c->ctx == NULL || c->head_ctx == NULL || c->mac_ctx == NULL)
		return ERR_MEMORY;
	if (EVP_EncryptInit_ex2(c->ctx, evp, c->key, NULL, NULL) != 1)
		return ERR_CRYPTO;
	if (EVP_EncryptInit_ex2(c->head_ctx, evp, c->key + CHACHA20_KEY_BYTES, NULL, NULL) != 1)
		return ERR_CRYPTO;
	return 0;
}

/* Block counter zero (64 bits, little-endian), then the sequence number as the nonce. */
static int
chacha20_restart(EVP_CIPHER_CTX *ctx, uint32_t sequence)
{
	uint8_t iv[CHACHA20_IV_BYTES] = { 0 };

	put_u64(iv + 8, sequence);
	return EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) == 1 ? 0 : ERR_CRYPTO;
}

static int
chacha20_run(EVP_CIPHER_CTX *ctx, uint8_t *bytes, size_t n)
{
	int done = 0;

	if (EVP_EncryptUpdate(ctx, bytes, &done, bytes, (int)n) != 1 || done != (int)n)
		return ERR_CRYPTO;
	return 0;
}

static int
chacha20_length(struct packet_cipher *c, uint32_t sequence, uint8_t *length)
{
	int err;

	if ((err = chacha20_restart(c->head_ctx, sequence)) != 0)
		return err;
	return chacha20_run(c->head_ctx, length, PACKET_LENGTH_BYTES);
}

/*
 * Block 0 of the content's key stream is the one-time key of Poly1305; running it whole leaves the
 * context at block 1, where the content begins.
 */
static int
poly1305_restart(struct packet_cipher *c, uint32_t sequence)
{
	uint8_t block[CHACHA20_BLOCK_BYTES] = { 0 };
	int err;

	if ((err = chacha20_restart(c->ctx, sequence)) == 0 &&
	    (err = chacha20_run(c->ctx, block, sizeof(block))) == 0 &&
	    EVP_MAC_init(c->mac_ctx, block, POLY1305_KEY_BYTES, NULL) != 1)
		err = ERR_CRYPTO;
	secret_wipe(block, sizeof(block));
	return err;
}

static int
poly1305_tag(struct packet_cipher *c, const uint8_t *packet, size_t length, uint8_t *tag)
{
	size_t n = 0;

	if (EVP_MAC_update(c->mac_ctx, packet, length) != 1 ||
	    EVP_MAC_final(c->mac_ctx, tag, &n, POLY1305_TAG_BYTES) != 1 || n != POLY1305_TAG_BYTES)
		return ERR_CRYPTO;
	return 0;
}

static int
chacha20_seal(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	int err;

	if ((err = chacha20_length(c, sequence, packet)) != 0 ||
	    (err = poly1305_restart(c, sequence)) != 0)
		return err;
	err = chacha20_run(c->ctx, packet + PACKET_LENGTH_BYTES, length - PACKET_LENGTH_BYTES);
	if (err != 0)
		return err;
	return poly1305_tag(c, packet, length, packet + length);
}

/* The tag is over the encrypted length, which therefore stays as it is until the tag is checked. */
static int
chacha20_head(struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *length)
{
	uint8_t plain[PACKET_LENGTH_BYTES];
	int err;

	memcpy(plain, head, sizeof(plain));
	if ((err = chacha20_length(c, sequence, plain)) != 0)
		return err;
	*length = get_u32(plain);
	return 0;
}

static int
chacha20_open(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	uint8_t tag[POLY1305_TAG_BYTES];
	int err;

	if ((err = poly1305_restart(c, sequence)) != 0 ||
	    (err = poly1305_tag(c, packet, length, tag)) != 0)
		return err;
	if (!crypto_equal(tag, packet + length, sizeof(tag)))
		return ERR_CRYPTO;
	put_u32(packet, (uint32_t)(length - PACKET_LENGTH_BYTES));
	return chacha20_run(c->ctx, packet + PACKET_LENGTH_BYTES, length - PACKET_LENGTH_BYTES);
}

const struct packet_mode packet_mode_chacha20 = {
	.start = chacha20_start,
	.seal = chacha20_seal,
	.head = chacha20_head,
	.open = chacha20_open,
};
