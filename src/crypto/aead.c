#include "crypto/aead.h"

#include "crypto/fetched.h"
#include "crypto/result.h"

#include "base/secret.h"

/* One pass: n bytes from in to out, and the tag, which is checked when opening. */
static int
gcm_once(bool seal, const uint8_t *key, const uint8_t *nonce, struct view in, uint8_t *out,
    uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done = 0, last = 0;
	bool good;

	if (ctx == NULL)
		return ERR_MEMORY;
	good = EVP_CipherInit_ex2(ctx, fetched()->aes256_gcm, key, nonce, seal ? 1 : 0, NULL) == 1;
	/* An update with no bytes would say that the text is over. */
	if (good && in.n > 0)
		good = EVP_CipherUpdate(ctx, out, &done, in.p, (int)in.n) == 1 &&
		       done == (int)in.n;
	if (good && !seal)
		good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, tag) == 1;
	if (good)
		good = EVP_CipherFinal_ex(ctx, out + in.n, &last) == 1 && last == 0;
	if (good && seal)
		good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return crypto_result(good);
}

int
aead_seal(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES],
    struct view text, struct buf *out)
{
	size_t before = out->n;
	uint8_t *room;
	int err;

	if (text.n > AEAD_TEXT_MAX)
		return ERR_LIMIT;
	if ((room = buf_room(out, text.n + AEAD_TAG_BYTES)) == NULL)
		return buf_error(out);
	err = gcm_once(true, key, nonce, text, room, room + text.n);
	if (err != 0)
		out->n = before;
	return err;
}

int
aead_open(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES],
    struct view sealed, struct buf *out)
{
	uint8_t tag[AEAD_TAG_BYTES], nothing[1];
	struct view text = sealed;
	size_t before = out->n;
	/* An empty text, too, has an address. */
	uint8_t *room = nothing;
	int err;

	if (sealed.n < AEAD_TAG_BYTES)
		return ERR_SHORT;
	text.n -= AEAD_TAG_BYTES;
	if (text.n > AEAD_TEXT_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < sizeof(tag); i++)
		tag[i] = sealed.p[text.n + i];
	if (text.n > 0 && (room = buf_room(out, text.n)) == NULL)
		return buf_error(out);
	err = gcm_once(false, key, nonce, text, room, tag);
	if (err != 0)
		secret_wipe(room, text.n);
	out->n = err == 0 ? before + text.n : before;
	return err;
}
