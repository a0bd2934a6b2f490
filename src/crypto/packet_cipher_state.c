/*
 * A packet cipher written down and taken up again, for a connection that changes its process.
 */
#include "crypto/packet_cipher_private.h"

#include <string.h>

#include "base/secret.h"

/*
 * Layout: string cipher name (empty: none), string MAC name, string iv, string key, string MAC
 * key, uint64 packets, boolean head open, uint32 head length.
 */
void
packet_cipher_export(const struct packet_cipher *c, struct buf *out)
{
	uint8_t iv[PACKET_CIPHER_IV_MAX];
	struct view empty = { 0 };
	size_t mac_key_bytes = c->mac == NULL ? 0 : c->mac->key_bytes;

	if (c->cipher == NULL) {
		buf_str(out, empty);
		buf_str(out, empty);
		buf_str(out, empty);
		buf_str(out, empty);
	} else {
		memcpy(iv, c->iv, sizeof(iv));
		/* Counter and chaining modes: where the key stream stands, between two packets or
		 * behind the first block of one. */
		if (!c->cipher->is_aead &&
		    EVP_CIPHER_CTX_get_updated_iv(c->ctx, iv, c->cipher->iv_bytes) != 1)
			bug("libcrypto does not tell the position of %s", c->cipher->name);
		buf_cstr(out, c->cipher->name);
		buf_cstr(out, c->mac == NULL ? "" : c->mac->name);
		buf_str(out, (struct view){ .p = iv, .n = c->cipher->iv_bytes });
		buf_str(out, (struct view){ .p = c->key, .n = c->cipher->key_bytes });
		secret_wipe(iv, sizeof(iv));
	}
	buf_str(out, (struct view){ .p = c->mac_key, .n = mac_key_bytes });
	buf_u64(out, c->packets);
	buf_bool(out, c->head_open);
	buf_u32(out, c->head_length);
}

struct state {
	struct view cipher, mac, iv, key, mac_key;
	uint64_t packets;
	uint8_t head_open;
	uint32_t head_length;
};

static int
state_parse(struct rd *r, struct state *s)
{
	enum { NAME_MAX_BYTES = 64 };

	s->cipher = rd_str(r, NAME_MAX_BYTES);
	s->mac = rd_str(r, NAME_MAX_BYTES);
	s->iv = rd_str(r, PACKET_CIPHER_IV_MAX);
	s->key = rd_str(r, PACKET_CIPHER_KEY_MAX);
	s->mac_key = rd_str(r, PACKET_MAC_KEY_MAX);
	s->packets = rd_u64(r);
	s->head_open = rd_u8(r);
	s->head_length = rd_u32(r);
	return r->bad;
}

static int
state_check(const struct state *s, bool encrypt, const struct packet_cipher_algorithm **cipher,
    const struct packet_mac_algorithm **mac)
{
	*cipher = packet_cipher_find(s->cipher);
	*mac = packet_mac_find(s->mac);
	if (s->packets > (uint64_t)1 << 32 || s->head_open > 1)
		return ERR_FORMAT;
	if ((s->head_open == 1 && encrypt) || (s->head_open == 0 && s->head_length != 0))
		return ERR_FORMAT;
	if (s->cipher.n == 0) {
		if (s->mac.n + s->iv.n + s->key.n + s->mac_key.n != 0)
			return ERR_FORMAT;
		return 0;
	}
	if (*cipher == NULL || s->iv.n != (*cipher)->iv_bytes || s->key.n != (*cipher)->key_bytes)
		return ERR_FORMAT;
	if ((*cipher)->is_aead)
		return s->mac.n + s->mac_key.n == 0 ? 0 : ERR_FORMAT;
	if (*mac == NULL || s->mac_key.n != (*mac)->key_bytes)
		return ERR_FORMAT;
	return 0;
}

int
packet_cipher_import(struct rd *r, bool encrypt, struct packet_cipher **out)
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;
	struct state s;
	int err;

	*out = NULL;
	if ((err = state_parse(r, &s)) != 0)
		return err;
	if ((err = state_check(&s, encrypt, &cipher, &mac)) != 0) {
		rd_fail(r, err);
		return err;
	}
	if (cipher == NULL)
		err = packet_cipher_new_none(encrypt, out);
	else
		err = packet_cipher_new(cipher, mac, s.iv, s.key, s.mac_key, encrypt, out);
	if (err != 0)
		return err;
	(*out)->packets = s.packets;
	(*out)->head_open = s.head_open == 1;
	(*out)->head_length = s.head_length;
	return 0;
}
