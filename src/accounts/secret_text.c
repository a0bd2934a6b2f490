#include "accounts/secret_text.h"

#include "base/encode.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <string.h>

enum { KEY_RANDOM_BYTES = AEAD_KEY_BYTES / 2 };

static const char prefix[] = "$aes$";

struct parts {
	struct view key;
	struct view data;
};

/* Exactly four parts between dollar signs, the first of them empty. */
static bool
split(const char *text, struct parts *out)
{
	struct view rest = view_of(text);
	const uint8_t *dollar;
	size_t n = sizeof(prefix) - 1;

	if (strncmp(text, prefix, n) != 0)
		return false;
	rest.p += n;
	rest.n -= n;
	if ((dollar = memchr(rest.p, '$', rest.n)) == NULL)
		return false;
	out->key = (struct view){ .p = rest.p, .n = (size_t)(dollar - rest.p) };
	out->data = (struct view){ .p = dollar + 1, .n = rest.n - out->key.n - 1 };
	return memchr(out->data.p, '$', out->data.n) == NULL;
}

bool
secret_text_is_sealed(const char *text)
{
	struct parts parts;

	return split(text, &parts);
}

int
secret_text_seal(struct view plain, char **out)
{
	uint8_t random[KEY_RANDOM_BYTES], nonce[AEAD_NONCE_BYTES];
	struct buf key = buf_init(AEAD_KEY_BYTES);
	struct buf data = buf_init(SECRET_TEXT_PLAIN_MAX + AEAD_NONCE_BYTES + AEAD_TAG_BYTES);
	struct buf text = buf_init(4 * SECRET_TEXT_PLAIN_MAX);
	int err;

	*out = NULL;
	if (plain.n > SECRET_TEXT_PLAIN_MAX)
		return ERR_LIMIT;
	crypto_random(random, sizeof(random));
	crypto_random(nonce, sizeof(nonce));
	hex_encode(&key, (struct view){ .p = random, .n = sizeof(random) });
	buf_raw(&data, nonce, sizeof(nonce));
	if ((err = buf_error(&key)) != 0 || (err = buf_error(&data)) != 0 ||
	    (err = aead_seal(key.p, nonce, plain, &data)) != 0)
		goto out;
	buf_text(&text, prefix);
	buf_raw(&text, key.p, key.n);
	buf_u8(&text, '$');
	hex_encode(&text, buf_view(&data));
	if ((err = buf_error(&text)) == 0 && (*out = view_dup(buf_view(&text))) == NULL)
		err = ERR_MEMORY;
out:
	secret_wipe(random, sizeof(random));
	buf_free(&key);
	buf_free(&data);
	buf_free(&text);
	return err;
}

int
secret_text_open(const char *text, struct buf *plain)
{
	struct buf data = buf_init(SECRET_TEXT_PLAIN_MAX + AEAD_NONCE_BYTES + AEAD_TAG_BYTES);
	struct parts parts;
	struct rd r;
	struct view nonce;
	int err;

	if (!split(text, &parts) || parts.key.n != AEAD_KEY_BYTES)
		return ERR_FORMAT;
	if ((err = hex_decode(&data, parts.data)) == 0) {
		r = rd_of(buf_view(&data));
		nonce = rd_raw(&r, AEAD_NONCE_BYTES);
		if (r.bad != 0 || r.n < AEAD_TAG_BYTES)
			err = ERR_FORMAT;
		else
			err = aead_open(parts.key.p, nonce.p, rd_rest(&r), plain);
	}
	buf_free(&data);
	return err;
}

void
secret_text_mask(const char *text, struct buf *out)
{
	struct parts parts;

	if (!split(text, &parts))
		return;
	buf_text(out, prefix);
	buf_raw(out, parts.data.p, parts.data.n);
}
