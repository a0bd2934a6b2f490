#include "crypto/digest.h"

#include "crypto/fetched.h"

#include <stdlib.h>

struct digest {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

static const struct {
	const char *openssl_name;
	size_t bytes;
} digests[DIGEST_COUNT] = {
	[DIGEST_MD5] = { "MD5", 16 },
	[DIGEST_SHA1] = { "SHA1", 20 },
	[DIGEST_SHA256] = { "SHA256", 32 },
	[DIGEST_SHA384] = { "SHA384", 48 },
	[DIGEST_SHA512] = { "SHA512", 64 },
};

const char *
digest_openssl_name(enum digest_algorithm algorithm)
{
	return digests[algorithm].openssl_name;
}

size_t
digest_bytes(enum digest_algorithm algorithm)
{
	return digests[algorithm].bytes;
}

int
digest_new(enum digest_algorithm algorithm, struct digest **out)
{
	struct digest *d;

	*out = NULL;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return ERR_MEMORY;
	d->md = fetched()->digest[algorithm];
	if ((d->ctx = EVP_MD_CTX_new()) == NULL || EVP_DigestInit_ex2(d->ctx, d->md, NULL) != 1) {
		digest_free(&d);
		return ERR_CRYPTO;
	}
	*out = d;
	return 0;
}

int
digest_update(struct digest *d, const void *bytes, size_t n)
{
	if (n == 0)
		return 0;
	return EVP_DigestUpdate(d->ctx, bytes, n) == 1 ? 0 : ERR_CRYPTO;
}

int
digest_final(struct digest *d, uint8_t *out)
{
	if (EVP_DigestFinal_ex(d->ctx, out, NULL) != 1)
		return ERR_CRYPTO;
	return EVP_DigestInit_ex2(d->ctx, d->md, NULL) == 1 ? 0 : ERR_CRYPTO;
}

void
digest_free(struct digest **d)
{
	if (*d == NULL)
		return;
	EVP_MD_CTX_free((*d)->ctx);
	free(*d);
	*d = NULL;
}

int
digest_once(enum digest_algorithm algorithm, struct view bytes, uint8_t *out)
{
	/* An empty view may have no address; libcrypto is never given NULL with a length. */
	const void *p = bytes.n > 0 ? (const void *)bytes.p : "";

	if (EVP_Digest(p, bytes.n, out, NULL, fetched()->digest[algorithm], NULL) != 1)
		return ERR_CRYPTO;
	return 0;
}
