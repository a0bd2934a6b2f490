#include "crypto/packet_cipher.h"

#include "crypto/fetched.h"
#include "crypto/packet_cipher_private.h"

#include "base/secret.h"

#include <openssl/err.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { NONE_BLOCK_BYTES = 8 };

/* RFC 4344 section 3.1: a sequence number never comes twice under one key. */
static const uint64_t packets_max = (uint64_t)1 << 32;

static const struct packet_cipher_algorithm ciphers[] = {
	{ "aes128-gcm@openssh.com", 16, 12, 16, 16, true, false },
	{ "aes256-gcm@openssh.com", 32, 12, 16, 16, true, false },
	{ "chacha20-poly1305@openssh.com", 64, 0, 8, 16, true, false },
	{ "aes128-ctr", 16, 16, 16, 0, false, false },
	{ "aes192-ctr", 24, 16, 16, 0, false, false },
	{ "aes256-ctr", 32, 16, 16, 0, false, false },
	{ "aes128-cbc", 16, 16, 16, 0, false, true },
};

static const struct packet_mac_algorithm macs[] = {
	{ "hmac-sha2-256-etm@openssh.com", 32, 32, true, false },
	{ "hmac-sha2-512-etm@openssh.com", 64, 64, true, false },
	{ "hmac-sha2-256", 32, 32, false, false },
	{ "hmac-sha2-512", 64, 64, false, false },
	{ "hmac-sha1-etm@openssh.com", 20, 20, true, true },
	{ "hmac-sha1", 20, 20, false, true },
};

const struct packet_cipher_algorithm *
packet_cipher_algorithm_at(size_t number)
{
	return number < sizeof(ciphers) / sizeof(ciphers[0]) ? &ciphers[number] : NULL;
}

const struct packet_mac_algorithm *
packet_mac_algorithm_at(size_t number)
{
	return number < sizeof(macs) / sizeof(macs[0]) ? &macs[number] : NULL;
}

const struct packet_cipher_algorithm *
packet_cipher_find(struct view name)
{
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (view_is(name, ciphers[i].name))
			return &ciphers[i];
	}
	return NULL;
}

const struct packet_mac_algorithm *
packet_mac_find(struct view name)
{
	size_t i;

	for (i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		if (view_is(name, macs[i].name))
			return &macs[i];
	}
	return NULL;
}

const EVP_CIPHER *
packet_cipher_evp(const struct packet_cipher_algorithm *algorithm)
{
	const struct fetched *f = fetched();
	const EVP_CIPHER *evp[] = { f->aes128_gcm, f->aes256_gcm, f->chacha20, f->aes128_ctr,
		f->aes192_ctr, f->aes256_ctr, f->aes128_cbc };

	_Static_assert(sizeof(evp) / sizeof(evp[0]) == sizeof(ciphers) / sizeof(ciphers[0]),
	    "one implementation for each row of the table");
	return evp[algorithm - ciphers];
}

static const struct packet_mode *
mode_of(const struct packet_cipher_algorithm *cipher, const struct packet_mac_algorithm *mac)
{
	if (cipher->is_aead)
		return cipher->iv_bytes == 0 ? &packet_mode_chacha20 : &packet_mode_gcm;
	return mac->is_etm ? &packet_mode_etm : &packet_mode_mac;
}

static void
copy_exact(uint8_t *to, struct view from, size_t n)
{
	if (from.n != n)
		bug("key material of %zu bytes where %zu are needed", from.n, n);
	if (n > 0)
		memcpy(to, from.p, n);
}

int
packet_cipher_new(const struct packet_cipher_algorithm *cipher,
    const struct packet_mac_algorithm *mac, struct view iv, struct view key, struct view mac_key,
    bool encrypt, struct packet_cipher **out)
{
	struct packet_cipher *c;
	int err;

	*out = NULL;
	if (cipher->is_aead != (mac == NULL))
		bug("%s with%s a MAC", cipher->name, mac == NULL ? "out" : "");
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return ERR_MEMORY;
	c->cipher = cipher;
	c->mac = mac;
	c->mode = mode_of(cipher, mac);
	c->encrypt = encrypt;
	copy_exact(c->iv, iv, cipher->iv_bytes);
	copy_exact(c->key, key, cipher->key_bytes);
	if (mac != NULL)
		copy_exact(c->mac_key, mac_key, mac->key_bytes);
	if ((err = c->mode->start(c)) != 0) {
		ERR_clear_error();
		packet_cipher_free(&c);
		return err;
	}
	*out = c;
	return 0;
}

int
packet_cipher_new_none(bool encrypt, struct packet_cipher **out)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return ERR_MEMORY;
	(*out)->mode = &packet_mode_none;
	(*out)->encrypt = encrypt;
	return 0;
}

void
packet_cipher_free(struct packet_cipher **c)
{
	if (*c == NULL)
		return;
	EVP_CIPHER_CTX_free((*c)->ctx);
	EVP_CIPHER_CTX_free((*c)->head_ctx);
	EVP_MAC_CTX_free((*c)->mac_ctx);
	secret_free(*c, sizeof(**c));
	*c = NULL;
}

const struct packet_cipher_algorithm *
packet_cipher_algorithm(const struct packet_cipher *c)
{
	return c->cipher;
}

const struct packet_mac_algorithm *
packet_cipher_mac(const struct packet_cipher *c)
{
	return c->mac;
}

size_t
packet_cipher_block_bytes(const struct packet_cipher *c)
{
	return c->cipher == NULL ? NONE_BLOCK_BYTES : c->cipher->block_bytes;
}

size_t
packet_cipher_tag_bytes(const struct packet_cipher *c)
{
	if (c->cipher == NULL)
		return 0;
	return c->mac == NULL ? c->cipher->tag_bytes : c->mac->tag_bytes;
}

size_t
packet_cipher_head_bytes(const struct packet_cipher *c)
{
	return c->mode == &packet_mode_mac ? c->cipher->block_bytes : PACKET_LENGTH_BYTES;
}

bool
packet_cipher_length_apart(const struct packet_cipher *c)
{
	return c->mode != &packet_mode_mac && c->mode != &packet_mode_none;
}

/* Whether what is encrypted is one or more whole blocks, and libcrypto's int can hold it. */
static bool
length_fits(const struct packet_cipher *c, size_t length)
{
	size_t apart = packet_cipher_length_apart(c) ? PACKET_LENGTH_BYTES : 0;

	return length <= INT_MAX && length > apart && length > PACKET_LENGTH_BYTES &&
	       (length - apart) % packet_cipher_block_bytes(c) == 0;
}

int
packet_cipher_seal(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	int err;

	if (!c->encrypt || !length_fits(c, length))
		bug("a packet of %zu bytes cannot be sealed", length);
	if (c->packets >= packets_max)
		return ERR_LIMIT;
	c->packets++;
	if ((err = c->mode->seal(c, sequence, packet, length)) != 0)
		ERR_clear_error();
	return err;
}

int
packet_cipher_open_length(
    struct packet_cipher *c, uint32_t sequence, uint8_t *head, uint32_t *packet_length_out)
{
	int err;

	if (c->encrypt)
		bug("a sending cipher was asked to open a packet");
	*packet_length_out = 0;
	if (!c->head_open) {
		if (c->packets >= packets_max)
			return ERR_LIMIT;
		if ((err = c->mode->head(c, sequence, head, &c->head_length)) != 0) {
			ERR_clear_error();
			return err;
		}
		c->head_open = true;
	}
	*packet_length_out = c->head_length;
	return 0;
}

int
packet_cipher_open(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	int err;

	if (c->encrypt || !c->head_open)
		bug("a packet is opened whose length was not asked for");
	if (length < PACKET_LENGTH_BYTES || length - PACKET_LENGTH_BYTES != c->head_length ||
	    !length_fits(c, length))
		return ERR_FORMAT;
	c->head_open = false;
	c->head_length = 0;
	c->packets++;
	if ((err = c->mode->open(c, sequence, packet, length)) != 0)
		ERR_clear_error();
	return err;
}
