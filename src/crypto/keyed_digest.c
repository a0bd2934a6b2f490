#include "crypto/keyed_digest.h"

#include "crypto/fetched.h"
#include "crypto/result.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <limits.h>

int
hmac_once(enum digest_algorithm algorithm, struct view key, struct view bytes, uint8_t *out)
{
	/* The parameter is read only, whatever its type says. */
	char *name = (char *)(uintptr_t)digest_openssl_name(algorithm);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(fetched()->hmac);
	/* libcrypto takes a key without an address for "the key from before". */
	const uint8_t *key_bytes = key.n > 0 ? key.p : (const uint8_t *)"";
	size_t n = 0;
	bool good;

	if (ctx == NULL)
		return ERR_MEMORY;
	good = EVP_MAC_init(ctx, key_bytes, key.n, params) == 1;
	if (good && bytes.n > 0)
		good = EVP_MAC_update(ctx, bytes.p, bytes.n) == 1;
	good = good && EVP_MAC_final(ctx, out, &n, digest_bytes(algorithm)) == 1 &&
	       n == digest_bytes(algorithm);
	EVP_MAC_CTX_free(ctx);
	return crypto_result(good);
}

int
pbkdf2(enum digest_algorithm algorithm, struct view password, struct view salt,
    uint32_t iterations, uint8_t *out, size_t n)
{
	const char *text = password.n > 0 ? (const char *)password.p : "";

	if (iterations == 0 || iterations > INT_MAX || password.n > INT_MAX || salt.n > INT_MAX ||
	    n > INT_MAX)
		return ERR_INVALID;
	return crypto_result(PKCS5_PBKDF2_HMAC(text, (int)password.n, salt.p, (int)salt.n,
				 (int)iterations, fetched()->digest[algorithm], (int)n, out) == 1);
}
