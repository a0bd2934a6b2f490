/*
 * The families of one Diffie-Hellman each: X25519 (RFC 8731), ECDH on the NIST curves (RFC 5656)
 * and the MODP groups (RFC 4253, RFC 8268).
 */
#include "crypto/key_agreement_private.h"

#include "crypto/crypto.h"
#include "crypto/fetched.h"
#include "crypto/result.h"

#include "base/secret.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <string.h>

enum { DH_BYTES_MAX = 1024 };

int
key_agreement_derive(EVP_PKEY *own, EVP_PKEY *peer, size_t max, struct buf *raw_out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	uint8_t secret[DH_BYTES_MAX];
	size_t n = sizeof(secret);
	bool good;

	/*
	 * The peer's value was checked by the caller. For the MODP groups libcrypto's own check
	 * would be a full-length exponentiation: with group 18 a third of a second for anybody who
	 * sends a packet; in a safe-prime group the bounds of RFC 8268 section 4 suffice.
	 */
	good = max <= sizeof(secret) && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	       EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
	       EVP_PKEY_derive(ctx, secret, &n) == 1 && n <= max;
	if (good) {
		buf_raw(raw_out, secret, n);
		good = raw_out->bad == 0;
	}
	EVP_PKEY_CTX_free(ctx);
	secret_wipe(secret, sizeof(secret));
	return crypto_result(good);
}

/* Of a private key the public one is computed. */
static EVP_PKEY *
x25519_key(const char *part, int selection, uint8_t *bytes)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(part, bytes, X25519_BYTES),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	if (EVP_PKEY_fromdata(fetched()->x25519, &key, selection, params) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static int
x25519_generate(const void *parameter, EVP_PKEY **own, struct buf *public_out)
{
	uint8_t bytes[X25519_BYTES];
	size_t n = sizeof(bytes);

	(void)parameter;
	/* RFC 7748 section 5: any 32 random bytes are a private key; its use fixes five bits. */
	crypto_random(bytes, sizeof(bytes));
	*own = x25519_key(OSSL_PKEY_PARAM_PRIV_KEY, EVP_PKEY_KEYPAIR, bytes);
	secret_wipe(bytes, sizeof(bytes));
	if (*own == NULL)
		return crypto_result(false);
	if (EVP_PKEY_get_raw_public_key(*own, bytes, &n) != 1 || n != sizeof(bytes))
		return crypto_result(false);
	buf_raw(public_out, bytes, sizeof(bytes));
	return buf_error(public_out);
}

static int
x25519_derive(const void *parameter, EVP_PKEY *own, struct view peer, struct buf *raw_out)
{
	static const uint8_t zeros[X25519_BYTES];
	uint8_t bytes[X25519_BYTES];
	EVP_PKEY *peer_key;
	size_t before = raw_out->n;
	int err;

	(void)parameter;
	if (peer.n != X25519_BYTES)
		return ERR_FORMAT;
	memcpy(bytes, peer.p, sizeof(bytes));
	peer_key = x25519_key(OSSL_PKEY_PARAM_PUB_KEY, EVP_PKEY_PUBLIC_KEY, bytes);
	if (peer_key == NULL)
		return crypto_result(false);
	err = key_agreement_derive(own, peer_key, X25519_BYTES, raw_out);
	EVP_PKEY_free(peer_key);
	if (err != 0)
		return err;
	/* RFC 8731 section 3: a point of small order makes a secret that everybody knows. */
	if (raw_out->n != before + X25519_BYTES ||
	    crypto_equal(raw_out->p + before, zeros, sizeof(zeros)))
		return ERR_CRYPTO;
	return 0;
}

const struct key_agreement_family key_agreement_x25519 = {
	.generate = x25519_generate,
	.derive = x25519_derive,
};

static int
ecdh_generate(const void *parameter, EVP_PKEY **own, struct buf *public_out)
{
	const struct ec_curve *curve = parameter;
	int err;

	if ((err = pkey_generate_ec(curve, own)) != 0)
		return err;
	return pkey_ec_point(*own, curve, public_out);
}

static int
ecdh_derive(const void *parameter, EVP_PKEY *own, struct view peer, struct buf *raw_out)
{
	const struct ec_curve *curve = parameter;
	EVP_PKEY *peer_key = NULL;
	int err;

	/* Refuses what is not on the curve; its points are all of full order. */
	if ((err = pkey_new_ec(curve, peer, &peer_key)) != 0)
		return err;
	err = key_agreement_derive(own, peer_key, curve->field_bytes, raw_out);
	EVP_PKEY_free(peer_key);
	return err;
}

const struct key_agreement_family key_agreement_ecdh = {
	.generate = ecdh_generate,
	.derive = ecdh_derive,
};

static int
dh_generate(const void *parameter, EVP_PKEY **own, struct buf *public_out)
{
	char *group = (char *)(uintptr_t)parameter;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	BIGNUM *number = NULL;
	struct buf encoded = buf_init(DH_BYTES_MAX + 8);
	bool good;

	good = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_params(ctx, params) == 1 && EVP_PKEY_generate(ctx, own) == 1 &&
	       EVP_PKEY_get_bn_param(*own, OSSL_PKEY_PARAM_PUB_KEY, &number) == 1 &&
	       bn_to_mpint(number, &encoded) == 0;
	if (good) {
		/* The body only: callers write the length, as for every other family. */
		buf_raw(public_out, encoded.p + 4, encoded.n - 4);
		good = public_out->bad == 0;
	}
	EVP_PKEY_CTX_free(ctx);
	BN_free(number);
	buf_free(&encoded);
	return crypto_result(good);
}

/* The body of an mpint, read under the same rules as the whole. */
static int
mpint_body(struct view body, struct view *number_out)
{
	struct buf whole = buf_init(KEY_AGREEMENT_PUBLIC_MAX + 4);
	struct rd rd;
	struct view number;
	int err;

	if (body.n > DH_BYTES_MAX + 1)
		return ERR_FORMAT;
	buf_str(&whole, body);
	if ((err = buf_error(&whole)) == 0) {
		rd = rd_of(buf_view(&whole));
		number = rd_mpint(&rd, DH_BYTES_MAX);
		if ((err = rd_end(&rd)) == 0)
			*number_out = (struct view){
				.p = body.p + (body.n - number.n),
				.n = number.n,
			};
	}
	buf_free(&whole);
	return err == 0 ? 0 : ERR_FORMAT;
}

/* RFC 8268 section 4: 1 < e < p - 1, which leaves no subgroup but the large ones. */
static bool
dh_value_good(const BIGNUM *value, const BIGNUM *prime)
{
	BIGNUM *last = BN_dup(prime);
	bool good = last != NULL && BN_sub_word(last, 2) == 1 &&
		    BN_cmp(value, BN_value_one()) > 0 && BN_cmp(value, last) <= 0;

	BN_free(last);
	return good;
}

static int
dh_peer_new(const char *group, const BIGNUM *value, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	int err = ERR_CRYPTO;

	*out = NULL;
	if (build != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PUB_KEY, value) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL)
		err = pkey_from_params("DH", EVP_PKEY_PUBLIC_KEY, params, out);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return err;
}

static int
dh_derive(const void *parameter, EVP_PKEY *own, struct view peer, struct buf *raw_out)
{
	BIGNUM *value = NULL, *prime = NULL;
	EVP_PKEY *peer_key = NULL;
	struct view number;
	int err;

	if ((err = mpint_body(peer, &number)) != 0)
		return err;
	value = BN_bin2bn(number.p, (int)number.n, NULL);
	if (value == NULL || EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_FFC_P, &prime) != 1 ||
	    !dh_value_good(value, prime)) {
		err = crypto_result(false);
		goto out;
	}
	if ((err = dh_peer_new(parameter, value, &peer_key)) == 0)
		err = key_agreement_derive(own, peer_key, DH_BYTES_MAX, raw_out);
out:
	EVP_PKEY_free(peer_key);
	BN_free(value);
	BN_free(prime);
	return err;
}

const struct key_agreement_family key_agreement_dh = {
	.generate = dh_generate,
	.derive = dh_derive,
};
