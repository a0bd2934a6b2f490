/*
 * mlkem768x25519-sha256: ML-KEM-768 (FIPS 203) and X25519 side by side, the secret being
 * SHA-256(ML-KEM secret || X25519 secret). Needs a libcrypto that has ML-KEM, found at run time.
 */
#include "crypto/key_agreement_private.h"

#include "crypto/crypto.h"
#include "crypto/result.h"

#include "base/secret.h"

#include <openssl/core_names.h>

#include <string.h>

enum {
	MLKEM_PUBLIC_BYTES = 1184,
	MLKEM_CIPHERTEXT_BYTES = 1088,
	MLKEM_SECRET_BYTES = 32,
};

/* Appends SHA-256 over the two secrets, the post-quantum one first. */
static int
combine(const uint8_t *kem_secret, EVP_PKEY *own, struct view peer, struct buf *secret_out)
{
	struct buf both = buf_init(MLKEM_SECRET_BYTES + X25519_BYTES);
	uint8_t hash[DIGEST_BYTES_MAX];
	int err;

	buf_raw(&both, kem_secret, MLKEM_SECRET_BYTES);
	if ((err = key_agreement_x25519.derive(NULL, own, peer, &both)) == 0 &&
	    (err = digest_once(DIGEST_SHA256, buf_view(&both), hash)) == 0) {
		buf_raw(secret_out, hash, digest_bytes(DIGEST_SHA256));
		err = buf_error(secret_out);
	}
	buf_free(&both);
	secret_wipe(hash, sizeof(hash));
	return err;
}

int
key_agreement_mlkem_start(EVP_PKEY **kem, EVP_PKEY **own, struct buf *public_out)
{
	uint8_t bytes[MLKEM_PUBLIC_BYTES];
	size_t n = 0;

	if ((*kem = EVP_PKEY_Q_keygen(NULL, NULL, "ML-KEM-768")) == NULL)
		return crypto_result(false);
	if (EVP_PKEY_get_octet_string_param(
		*kem, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes), &n) != 1 ||
	    n != sizeof(bytes))
		return crypto_result(false);
	buf_raw(public_out, bytes, sizeof(bytes));
	return key_agreement_x25519.generate(NULL, own, public_out);
}

/* The client's encapsulation key; libcrypto makes the modulus check of FIPS 203 section 7.2. */
static int
mlkem_public_new(struct view bytes, EVP_PKEY **out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)bytes.p, bytes.n),
		OSSL_PARAM_construct_end(),
	};

	return pkey_from_params("ML-KEM-768", EVP_PKEY_PUBLIC_KEY, params, out);
}

static int
encapsulate(EVP_PKEY *kem, uint8_t *ciphertext, uint8_t *secret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, kem, NULL);
	size_t ciphertext_n = MLKEM_CIPHERTEXT_BYTES, secret_n = MLKEM_SECRET_BYTES;
	bool good;

	good = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
	       EVP_PKEY_encapsulate(ctx, ciphertext, &ciphertext_n, secret, &secret_n) == 1 &&
	       ciphertext_n == MLKEM_CIPHERTEXT_BYTES && secret_n == MLKEM_SECRET_BYTES;
	EVP_PKEY_CTX_free(ctx);
	return crypto_result(good);
}

static int
decapsulate(EVP_PKEY *kem, struct view ciphertext, uint8_t *secret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, kem, NULL);
	size_t n = MLKEM_SECRET_BYTES;
	bool good;

	good = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	       EVP_PKEY_decapsulate(ctx, secret, &n, ciphertext.p, ciphertext.n) == 1 &&
	       n == MLKEM_SECRET_BYTES;
	EVP_PKEY_CTX_free(ctx);
	return crypto_result(good);
}

int
key_agreement_mlkem_respond(
    struct view client_public, struct buf *public_out, struct buf *secret_out)
{
	uint8_t ciphertext[MLKEM_CIPHERTEXT_BYTES], secret[MLKEM_SECRET_BYTES];
	EVP_PKEY *kem = NULL, *own = NULL;
	struct view kem_public, x25519_public;
	int err;

	if (client_public.n != MLKEM_PUBLIC_BYTES + X25519_BYTES)
		return ERR_FORMAT;
	kem_public = (struct view){ .p = client_public.p, .n = MLKEM_PUBLIC_BYTES };
	x25519_public = (struct view){
		.p = client_public.p + MLKEM_PUBLIC_BYTES,
		.n = X25519_BYTES,
	};
	if ((err = mlkem_public_new(kem_public, &kem)) != 0 ||
	    (err = encapsulate(kem, ciphertext, secret)) != 0)
		goto out;
	buf_raw(public_out, ciphertext, sizeof(ciphertext));
	if ((err = key_agreement_x25519.generate(NULL, &own, public_out)) == 0)
		err = combine(secret, own, x25519_public, secret_out);
out:
	EVP_PKEY_free(kem);
	EVP_PKEY_free(own);
	secret_wipe(secret, sizeof(secret));
	return err;
}

int
key_agreement_mlkem_finish(
    EVP_PKEY *kem, EVP_PKEY *own, struct view server_public, struct buf *secret_out)
{
	uint8_t secret[MLKEM_SECRET_BYTES];
	struct view ciphertext, x25519_public;
	int err;

	if (server_public.n != MLKEM_CIPHERTEXT_BYTES + X25519_BYTES)
		return ERR_FORMAT;
	ciphertext = (struct view){ .p = server_public.p, .n = MLKEM_CIPHERTEXT_BYTES };
	x25519_public = (struct view){
		.p = server_public.p + MLKEM_CIPHERTEXT_BYTES,
		.n = X25519_BYTES,
	};
	if ((err = decapsulate(kem, ciphertext, secret)) == 0)
		err = combine(secret, own, x25519_public, secret_out);
	secret_wipe(secret, sizeof(secret));
	return err;
}
