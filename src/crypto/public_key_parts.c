#include "crypto/public_key_parts.h"

#include "crypto/result.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

enum {
	KEY_NAME_MAX = 64,
	CURVE_NAME_MAX = 16,
	APPLICATION_MAX = 256,
	RSA_EXPONENT_BYTES_MAX = 8,
	POINT_BYTES_MAX = 1 + 2 * EC_FIELD_BYTES_MAX,
};

size_t
public_key_bits(struct view number)
{
	size_t bits = number.n * 8;
	uint8_t first;

	if (number.n == 0)
		return 0;
	for (first = number.p[0]; bits > 0 && !(first & 0x80); first = (uint8_t)(first << 1))
		bits--;
	return bits;
}

static void
parse_rsa(struct rd *r, struct public_key_parts *out)
{
	out->exponent = rd_mpint(r, RSA_EXPONENT_BYTES_MAX);
	out->modulus = rd_mpint(r, PUBLIC_KEY_RSA_BITS_MAX / 8);
}

static void
parse_ecdsa(struct rd *r, struct public_key_parts *out)
{
	struct view curve = rd_str(r, CURVE_NAME_MAX);

	if (r->bad == 0 && !view_is(curve, ec_curve_of(out->type)->ssh_name))
		rd_fail(r, ERR_FORMAT);
	out->point = rd_str(r, POINT_BYTES_MAX);
}

static bool
type_from_name(struct view name, enum key_type *out)
{
	int i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		if (view_is(name, key_type_name((enum key_type)i))) {
			*out = (enum key_type)i;
			return true;
		}
	}
	return false;
}

static int
parse(struct view blob, struct public_key_parts *out)
{
	struct rd r = rd_of(blob);
	struct view name = rd_str(&r, KEY_NAME_MAX);

	*out = (struct public_key_parts){ 0 };
	if (r.bad != 0)
		return r.bad;
	if (!type_from_name(name, &out->type))
		return ERR_UNSUPPORTED;
	if (blob.n > PUBLIC_KEY_BLOB_MAX)
		return ERR_LIMIT;
	switch (out->type) {
	case KEY_RSA: parse_rsa(&r, out); break;
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521: parse_ecdsa(&r, out); break;
	case KEY_ED25519: out->point = rd_str(&r, ED25519_PUBLIC_BYTES); break;
	case KEY_SK_ECDSA_P256:
		parse_ecdsa(&r, out);
		out->application = rd_str(&r, APPLICATION_MAX);
		break;
	case KEY_SK_ED25519:
		out->point = rd_str(&r, ED25519_PUBLIC_BYTES);
		out->application = rd_str(&r, APPLICATION_MAX);
		break;
	}
	return rd_end(&r);
}

/* The numbers that decide how much work the mathematics will be (CVE-2026-39829). */
static int
check_rsa(const struct public_key_parts *parts)
{
	size_t bits = public_key_bits(parts->modulus);

	if (bits < PUBLIC_KEY_RSA_BITS_MIN || bits > PUBLIC_KEY_RSA_BITS_MAX)
		return ERR_LIMIT;
	if (!(parts->modulus.p[parts->modulus.n - 1] & 1))
		return ERR_CRYPTO;
	/* 1 would make every text its own signature. */
	if (public_key_bits(parts->exponent) < 2 || !(parts->exponent.p[parts->exponent.n - 1] & 1))
		return ERR_CRYPTO;
	return 0;
}

int
public_key_take_apart(struct view blob, struct public_key_parts *out)
{
	const struct ec_curve *curve;
	int err;

	if ((err = parse(blob, out)) != 0)
		return err;
	if (out->type == KEY_RSA)
		return check_rsa(out);
	curve = ec_curve_of(out->type);
	if (out->point.n != (curve == NULL ? ED25519_PUBLIC_BYTES : 1 + 2 * curve->field_bytes))
		return ERR_FORMAT;
	return 0;
}

int
public_key_to_pkey(const struct public_key_parts *parts, EVP_PKEY **out)
{
	const struct ec_curve *curve = ec_curve_of(parts->type);

	if (parts->type == KEY_RSA)
		return pkey_new_rsa(parts->modulus, parts->exponent, out);
	if (curve != NULL)
		return pkey_new_ec(curve, parts->point, out);
	return pkey_new_ed25519(parts->point, out);
}

static int
rsa_blob(EVP_PKEY *pkey, struct buf *out)
{
	BIGNUM *n = NULL, *e = NULL;
	int err = ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    (err = bn_to_mpint(e, out)) == 0)
		err = bn_to_mpint(n, out);
	BN_free(n);
	BN_free(e);
	return err == 0 ? 0 : crypto_result(false);
}

static int
ecdsa_blob(EVP_PKEY *pkey, const struct ec_curve *curve, struct buf *out)
{
	struct buf point = buf_init(POINT_BYTES_MAX);
	int err;

	buf_cstr(out, curve->ssh_name);
	if ((err = pkey_ec_point(pkey, curve, &point)) == 0)
		buf_str(out, buf_view(&point));
	buf_free(&point);
	return err;
}

static int
ed25519_blob(EVP_PKEY *pkey, struct buf *out)
{
	uint8_t bytes[ED25519_PUBLIC_BYTES];
	size_t n = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &n) != 1 || n != sizeof(bytes))
		return crypto_result(false);
	buf_str(out, (struct view){ .p = bytes, .n = n });
	return 0;
}

int
public_key_from_pkey(enum key_type type, EVP_PKEY *pkey, struct buf *blob_out)
{
	int err;

	buf_cstr(blob_out, key_type_name(type));
	if (type == KEY_RSA)
		err = rsa_blob(pkey, blob_out);
	else if (type == KEY_ED25519)
		err = ed25519_blob(pkey, blob_out);
	else
		err = ecdsa_blob(pkey, ec_curve_of(type), blob_out);
	return err == 0 ? buf_error(blob_out) : err;
}
