#include "crypto/pkey.h"

#include "crypto/result.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

enum { POINT_UNCOMPRESSED = 4, RSA_MODULUS_BYTES_MAX = PUBLIC_KEY_RSA_BITS_MAX / 8 };

static const struct ec_curve curve_p256 = { "nistp256", "prime256v1", 32, DIGEST_SHA256 };
static const struct ec_curve curve_p384 = { "nistp384", "secp384r1", 48, DIGEST_SHA384 };
static const struct ec_curve curve_p521 = { "nistp521", "secp521r1", 66, DIGEST_SHA512 };

const struct ec_curve *
ec_curve_of(enum key_type type)
{
	switch (type) {
	case KEY_ECDSA_P256:
	case KEY_SK_ECDSA_P256: return &curve_p256;
	case KEY_ECDSA_P384: return &curve_p384;
	case KEY_ECDSA_P521: return &curve_p521;
	case KEY_RSA:
	case KEY_ED25519:
	case KEY_SK_ED25519: return NULL;
	}
	return NULL;
}

int
pkey_from_params(const char *kind, int selection, OSSL_PARAM *params, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	bool good;

	*out = NULL;
	good = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, out, selection, params) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!good) {
		EVP_PKEY_free(*out);
		*out = NULL;
	}
	return crypto_result(good);
}

int
pkey_new_ed25519(struct view public_key, EVP_PKEY **out)
{
	*out = NULL;
	if (public_key.n != ED25519_PUBLIC_BYTES)
		return ERR_FORMAT;
	*out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key.p, public_key.n);
	return crypto_result(*out != NULL);
}

int
pkey_new_ec(const struct ec_curve *curve, struct view point, EVP_PKEY **out)
{
	/* libcrypto takes both as writable but only reads them. */
	char *group = (char *)(uintptr_t)curve->openssl_name;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.p, point.n),
		OSSL_PARAM_construct_end(),
	};

	*out = NULL;
	/* Not the point at infinity (one byte), not the compressed and hybrid forms. */
	if (point.n != 1 + 2 * curve->field_bytes || point.p[0] != POINT_UNCOMPRESSED)
		return ERR_FORMAT;
	return pkey_from_params("EC", EVP_PKEY_PUBLIC_KEY, params, out);
}

int
pkey_new_rsa(struct view modulus, struct view exponent, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
	BIGNUM *e = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
	OSSL_PARAM *params = NULL;
	int err = ERR_CRYPTO;

	*out = NULL;
	if (build != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL)
		err = pkey_from_params("RSA", EVP_PKEY_PUBLIC_KEY, params, out);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return err == 0 ? 0 : crypto_result(false);
}

int
pkey_ec_point(EVP_PKEY *pkey, const struct ec_curve *curve, struct buf *out)
{
	BIGNUM *x = NULL, *y = NULL;
	int field = (int)curve->field_bytes;
	uint8_t *point = NULL;
	bool good;

	/* By coordinates, as the key may have come from a file with a compressed point. */
	good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	       EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	       (point = buf_room(out, 1 + 2 * curve->field_bytes)) != NULL;
	if (good) {
		point[0] = POINT_UNCOMPRESSED;
		good = BN_bn2binpad(x, point + 1, field) == field &&
		       BN_bn2binpad(y, point + 1 + field, field) == field;
	}
	BN_free(x);
	BN_free(y);
	return crypto_result(good);
}

int
pkey_generate_ec(const struct ec_curve *curve, EVP_PKEY **out)
{
	*out = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->openssl_name);
	return crypto_result(*out != NULL);
}

int
pkey_sign(EVP_PKEY *pkey, const char *digest, struct view data, struct buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const uint8_t *bytes = data.n > 0 ? data.p : (const uint8_t *)"";
	uint8_t *room;
	size_t before = out->n, n = 0;
	bool good;

	good =
	    ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL) == 1 &&
	    EVP_DigestSign(ctx, NULL, &n, bytes, data.n) == 1 &&
	    (room = buf_room(out, n)) != NULL && EVP_DigestSign(ctx, room, &n, bytes, data.n) == 1;
	/* ECDSA needs less than it asked for. */
	if (out->bad == 0)
		out->n = good ? before + n : before;
	EVP_MD_CTX_free(ctx);
	return crypto_result(good);
}

static bool
choose_padding(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey, const char *digest, bool is_pss)
{
	if (EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(digest)) != 1)
		return false;
	if (EVP_PKEY_is_a(pkey, "RSA") != 1)
		return true;
	if (!is_pss)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

int
pkey_sign_digest(EVP_PKEY *pkey, const char *digest, bool is_pss, struct view value,
    struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	uint8_t *room;
	size_t before = out->n, n = 0;
	bool good;

	good = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	       choose_padding(ctx, pkey, digest, is_pss) &&
	       EVP_PKEY_sign(ctx, NULL, &n, value.p, value.n) == 1 &&
	       (room = buf_room(out, n)) != NULL &&
	       EVP_PKEY_sign(ctx, room, &n, value.p, value.n) == 1;
	/* ECDSA needs less than it asked for. */
	if (out->bad == 0)
		out->n = good ? before + n : before;
	EVP_PKEY_CTX_free(ctx);
	return crypto_result(good);
}

int
pkey_verify(EVP_PKEY *pkey, const char *digest, struct view data, struct view signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const uint8_t *bytes = data.n > 0 ? data.p : (const uint8_t *)"";
	bool good;

	/* 0 is a wrong signature, -1 a malformed one; both are no. */
	good = ctx != NULL && signature.n > 0 &&
	       EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL) == 1 &&
	       EVP_DigestVerify(ctx, signature.p, signature.n, bytes, data.n) == 1;
	EVP_MD_CTX_free(ctx);
	return crypto_result(good);
}

int
ecdsa_signature_to_der(struct view ssh, struct buf *der_out)
{
	struct rd rd = rd_of(ssh);
	struct view r_bytes = rd_mpint(&rd, EC_FIELD_BYTES_MAX);
	struct view s_bytes = rd_mpint(&rd, EC_FIELD_BYTES_MAX);
	ECDSA_SIG *signature = NULL;
	BIGNUM *r, *s;
	uint8_t *der = NULL;
	int n = 0, err;

	if ((err = rd_end(&rd)) != 0)
		return err;
	r = BN_bin2bn(r_bytes.p, (int)r_bytes.n, NULL);
	s = BN_bin2bn(s_bytes.p, (int)s_bytes.n, NULL);
	signature = ECDSA_SIG_new();
	if (r != NULL && s != NULL && signature != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(signature, &der);
	}
	if (n > 0)
		buf_raw(der_out, der, (size_t)n);
	OPENSSL_free(der);
	ECDSA_SIG_free(signature);
	BN_free(r);
	BN_free(s);
	return crypto_result(n > 0 && der_out->bad == 0);
}

int
ecdsa_signature_from_der(struct view der, struct buf *ssh_out)
{
	const uint8_t *p = der.p;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
	const BIGNUM *r, *s;
	int err;

	if (signature == NULL)
		return crypto_result(false);
	ECDSA_SIG_get0(signature, &r, &s);
	if ((err = bn_to_mpint(r, ssh_out)) == 0)
		err = bn_to_mpint(s, ssh_out);
	ECDSA_SIG_free(signature);
	return err;
}

int
bn_to_mpint(const BIGNUM *number, struct buf *out)
{
	uint8_t bytes[RSA_MODULUS_BYTES_MAX];
	int n = BN_num_bytes(number);

	if (n > (int)sizeof(bytes) || BN_bn2bin(number, bytes) != n)
		return crypto_result(false);
	buf_mpint(out, bytes, (size_t)n);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return buf_error(out);
}
