#include "cipher.h"

#include "ssh.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

size_t
cipher_key_bytes(const char *name)
{
	if (strcmp(name, "aes128-gcm@openssh.com") == 0)
		return 16;
	if (strcmp(name, "aes128-ctr") == 0)
		return 16;
	if (strcmp(name, "aes256-gcm@openssh.com") == 0)
		return 32;
	if (strcmp(name, "chacha20-poly1305@openssh.com") == 0)
		return 64;
	die("unknown cipher %s", name);
}

static EVP_CIPHER_CTX *
context(const EVP_CIPHER *kind, const uint8_t *key, const uint8_t *iv, int encrypt)
{
	EVP_CIPHER_CTX *made = EVP_CIPHER_CTX_new();

	if (made == NULL || EVP_CipherInit_ex(made, kind, NULL, key, iv, encrypt) != 1)
		die("libcrypto refused a cipher");
	return made;
}

static EVP_MAC_CTX *
mac_context(const char *name, const uint8_t *key)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
	OSSL_PARAM parameters[] = { OSSL_PARAM_END, OSSL_PARAM_END };
	EVP_MAC_CTX *made = EVP_MAC_CTX_new(mac);

	EVP_MAC_free(mac);
	if (made == NULL)
		die("libcrypto has no %s", name);
	if (key == NULL)
		return made;
	parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" },
	    0);
	if (EVP_MAC_init(made, key, HMAC_BYTES, parameters) != 1)
		die("hmac");
	return made;
}

void
cipher_start(struct cipher *cipher, const char *name, const uint8_t *key, const uint8_t *iv,
	const uint8_t *mac_key, int encrypt)
{
	size_t bytes = cipher_key_bytes(name);

	cipher_end(cipher);
	memcpy(cipher->iv, iv, IV_BYTES);
	if (strcmp(name, "aes128-ctr") == 0) {
		cipher->kind = CIPHER_CTR;
		cipher->body = context(EVP_aes_128_ctr(), key, iv, encrypt);
		cipher->mac = mac_context("HMAC", mac_key);
	} else if (bytes < 64) {
		cipher->kind = CIPHER_GCM;
		cipher->body = context(bytes == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), key, NULL,
		    encrypt);
	} else {
		cipher->kind = CIPHER_CHACHA;
		cipher->body = context(EVP_chacha20(), key, NULL, 1);
		cipher->length = context(EVP_chacha20(), key + 32, NULL, 1);
		cipher->mac = mac_context("POLY1305", NULL);
	}
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
	switch (cipher->kind) {
	case CIPHER_NONE: return 0;
	case CIPHER_CTR: return HMAC_BYTES;
	default: return TAG_BYTES;
	}
}

/* The invocation counter of RFC 5647: the last eight bytes, big-endian. */
static void
iv_next(uint8_t *iv)
{
	for (int at = 11; at >= 4; at--)
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

/* Encrypt-then-MAC: over the sequence number and the packet as it is sent. */
static void
hmac(struct cipher *cipher, uint32_t sequence, const uint8_t *packet, size_t n, uint8_t *tag)
{
	uint8_t head[4] = { (uint8_t)(sequence >> 24), (uint8_t)(sequence >> 16),
		(uint8_t)(sequence >> 8), (uint8_t)sequence };
	size_t got;

	if (EVP_MAC_init(cipher->mac, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(cipher->mac, head, sizeof(head)) != 1 ||
	    EVP_MAC_update(cipher->mac, packet, 4 + n) != 1 ||
	    EVP_MAC_final(cipher->mac, tag, &got, HMAC_BYTES) != 1)
		die("hmac");
}

static void
ctr(struct cipher *cipher, uint8_t *body, size_t n)
{
	int got;

	if (EVP_CipherUpdate(cipher->body, body, &got, body, (int)n) != 1)
		die("aes-ctr");
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
	} else if (cipher->kind == CIPHER_CTR) {
		ctr(cipher, body, n);
		hmac(cipher, sequence, packet, n, body + n);
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
	uint8_t *body = packet + 4, tag[HMAC_BYTES];
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
	} else if (cipher->kind == CIPHER_CTR) {
		hmac(cipher, sequence, packet, n, tag);
		if (CRYPTO_memcmp(tag, body + n, HMAC_BYTES) != 0)
			die("a packet's MAC is wrong");
		ctr(cipher, body, n);
	}
}
