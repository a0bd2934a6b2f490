#include "cipher.h"

#include "ssh.h"

#include <openssl/crypto.h>
#include <string.h>

size_t
cipher_key_bytes(const char *name)
{
	if (strcmp(name, "aes128-gcm@openssh.com") == 0)
		return 16;
	if (strcmp(name, "aes256-gcm@openssh.com") == 0)
		return 32;
	if (strcmp(name, "chacha20-poly1305@openssh.com") == 0)
		return 64;
	die("unknown cipher %s", name);
}

static EVP_CIPHER_CTX *
context(const EVP_CIPHER *kind, const uint8_t *key, int encrypt)
{
	EVP_CIPHER_CTX *made = EVP_CIPHER_CTX_new();

	if (made == NULL || EVP_CipherInit_ex(made, kind, NULL, key, NULL, encrypt) != 1)
		die("libcrypto refused a cipher");
	return made;
}

void
cipher_start(struct cipher *cipher, const char *name, const uint8_t *key, const uint8_t *iv,
	int encrypt)
{
	static EVP_MAC *poly1305;

	cipher_end(cipher);
	memcpy(cipher->iv, iv, IV_BYTES);
	if (cipher_key_bytes(name) < 64) {
		cipher->kind = CIPHER_GCM;
		cipher->body = context(cipher_key_bytes(name) == 16 ? EVP_aes_128_gcm() :
			EVP_aes_256_gcm(), key, encrypt);
		return;
	}
	cipher->kind = CIPHER_CHACHA;
	cipher->body = context(EVP_chacha20(), key, 1);
	cipher->length = context(EVP_chacha20(), key + 32, 1);
	if (poly1305 == NULL)
		poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	cipher->mac = EVP_MAC_CTX_new(poly1305);
	if (cipher->mac == NULL)
		die("libcrypto has no poly1305");
}

void
cipher_end(struct cipher *cipher)
{
	EVP_CIPHER_CTX_free(cipher->body);
	EVP_CIPHER_CTX_free(cipher->length);
	EVP_MAC_CTX_free(cipher->mac);
	*cipher = (struct cipher){ 0 };
}

size_t
cipher_tag_bytes(const struct cipher *cipher)
{
	return cipher->kind == CIPHER_NONE ? 0 : TAG_BYTES;
}

/* The invocation counter of RFC 5647: the last eight bytes, big-endian. */
static void
iv_next(uint8_t *iv)
{
	for (int at = IV_BYTES - 1; at >= 4; at--)
		if (++iv[at] != 0)
			return;
}

static void
chacha(EVP_CIPHER_CTX *context, uint32_t sequence, uint8_t block, uint8_t *out, const uint8_t *in,
	size_t n)
{
	uint8_t iv[16] = { block, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(sequence >> 24),
		(uint8_t)(sequence >> 16), (uint8_t)(sequence >> 8), (uint8_t)sequence };
	int got;

	if (EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 1) != 1 ||
	    EVP_CipherUpdate(context, out, &got, in, (int)n) != 1)
		die("chacha20");
}

static void
poly(struct cipher *cipher, uint32_t sequence, const uint8_t *packet, size_t n, uint8_t *tag)
{
	uint8_t key[32] = { 0 };
	size_t got;

	chacha(cipher->body, sequence, 0, key, key, sizeof(key));
	if (EVP_MAC_init(cipher->mac, key, sizeof(key), NULL) != 1 ||
	    EVP_MAC_update(cipher->mac, packet, 4 + n) != 1 ||
	    EVP_MAC_final(cipher->mac, tag, &got, TAG_BYTES) != 1)
		die("poly1305");
}

void
cipher_seal(struct cipher *cipher, uint32_t sequence, uint8_t *packet, size_t n)
{
	uint8_t *body = packet + 4;
	int got;

	if (cipher->kind == CIPHER_GCM) {
		if (EVP_CipherInit_ex(cipher->body, NULL, NULL, NULL, cipher->iv, 1) != 1 ||
		    EVP_CipherUpdate(cipher->body, NULL, &got, packet, 4) != 1 ||
		    EVP_CipherUpdate(cipher->body, body, &got, body, (int)n) != 1 ||
		    EVP_CipherFinal_ex(cipher->body, body + n, &got) != 1 ||
		    EVP_CIPHER_CTX_ctrl(cipher->body, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
			body + n) != 1)
			die("sealing a packet");
		iv_next(cipher->iv);
	} else if (cipher->kind == CIPHER_CHACHA) {
		chacha(cipher->length, sequence, 0, packet, packet, 4);
		chacha(cipher->body, sequence, 1, body, body, n);
		poly(cipher, sequence, packet, n, body + n);
	}
}

uint32_t
cipher_length(struct cipher *cipher, uint32_t sequence, const uint8_t *packet)
{
	uint8_t length[4];

	if (cipher->kind != CIPHER_CHACHA)
		return read_u32(packet);
	chacha(cipher->length, sequence, 0, length, packet, sizeof(length));
	return read_u32(length);
}

void
cipher_unseal(struct cipher *cipher, uint32_t sequence, uint8_t *packet, size_t n)
{
	uint8_t *body = packet + 4, tag[TAG_BYTES];
	int got;

	if (cipher->kind == CIPHER_GCM) {
		if (EVP_CipherInit_ex(cipher->body, NULL, NULL, NULL, cipher->iv, 0) != 1 ||
		    EVP_CIPHER_CTX_ctrl(cipher->body, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
			body + n) != 1 ||
		    EVP_CipherUpdate(cipher->body, NULL, &got, packet, 4) != 1 ||
		    EVP_CipherUpdate(cipher->body, body, &got, body, (int)n) != 1 ||
		    EVP_CipherFinal_ex(cipher->body, tag, &got) != 1)
			die("a packet's tag is wrong");
		iv_next(cipher->iv);
	} else if (cipher->kind == CIPHER_CHACHA) {
		poly(cipher, sequence, packet, n, tag);
		if (CRYPTO_memcmp(tag, body + n, TAG_BYTES) != 0)
			die("a packet's tag is wrong");
		chacha(cipher->body, sequence, 1, body, body, n);
	}
}
