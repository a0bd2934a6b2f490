/*
 * The body of OpenSSH's own key files (its PROTOCOL.key): one key, not encrypted.
 */
#include "crypto/private_key_private.h"

#include "crypto/crypto.h"
#include "crypto/public_key_parts.h"
#include "crypto/result.h"

#include "base/secret.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <string.h>

enum {
	NAME_BYTES_MAX = 64,
	COMMENT_BYTES_MAX = 4096,
	SECTION_BYTES_MAX = 16384,
	PADDING_BYTES_MAX = 255,
	BLOCK_BYTES = 8, /* what the private section is padded to when it is not encrypted */
	ED25519_SEED_BYTES = 32,
	RSA_NUMBER_BYTES_MAX = PUBLIC_KEY_RSA_BITS_MAX / 8,
};

static const char magic[] = "openssh-key-v1"; /* with its NUL */

/* A set of numbers that is freed together; the parts of an RSA key. */
struct rsa_numbers {
	BIGNUM *n, *e, *d, *iqmp, *p, *q, *dmp1, *dmq1;
};

static void
rsa_numbers_free(struct rsa_numbers *k)
{
	BN_free(k->n);
	BN_free(k->e);
	BN_clear_free(k->d);
	BN_clear_free(k->iqmp);
	BN_clear_free(k->p);
	BN_clear_free(k->q);
	BN_clear_free(k->dmp1);
	BN_clear_free(k->dmq1);
}

/* d mod (prime - 1), which the file leaves out. */
static BIGNUM *
rsa_exponent(const BIGNUM *d, const BIGNUM *prime)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *less = BN_dup(prime), *out = BN_new();
	bool good;

	good = ctx != NULL && less != NULL && out != NULL && BN_sub_word(less, 1) == 1 &&
	       !BN_is_zero(less) && BN_mod(out, d, less, ctx) == 1;
	BN_clear_free(less);
	BN_CTX_free(ctx);
	if (!good) {
		BN_clear_free(out);
		return NULL;
	}
	return out;
}

static BIGNUM *
number(struct view v)
{
	return BN_bin2bn(v.p, (int)v.n, NULL);
}

static int
rsa_pkey(struct rsa_numbers *k, EVP_PKEY **out)
{
	const struct {
		const char *name;
		const BIGNUM *number;
	} fields[] = {
		{ OSSL_PKEY_PARAM_RSA_N, k->n },
		{ OSSL_PKEY_PARAM_RSA_E, k->e },
		{ OSSL_PKEY_PARAM_RSA_D, k->d },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, k->p },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, k->q },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, k->dmp1 },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, k->dmq1 },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, k->iqmp },
	};
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	bool good = build != NULL;
	size_t i;
	int err = ERR_CRYPTO;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]) && good; i++)
		good = fields[i].number != NULL &&
		       OSSL_PARAM_BLD_push_BN(build, fields[i].name, fields[i].number) == 1;
	if (good && (params = OSSL_PARAM_BLD_to_param(build)) != NULL)
		err = pkey_from_params("RSA", EVP_PKEY_KEYPAIR, params, out);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return err == 0 ? 0 : crypto_result(false);
}

static int
read_rsa(struct rd *r, EVP_PKEY **out)
{
	struct view n = rd_mpint(r, RSA_NUMBER_BYTES_MAX);
	struct view e = rd_mpint(r, RSA_NUMBER_BYTES_MAX);
	struct view d = rd_mpint(r, RSA_NUMBER_BYTES_MAX);
	struct view iqmp = rd_mpint(r, RSA_NUMBER_BYTES_MAX);
	struct view p = rd_mpint(r, RSA_NUMBER_BYTES_MAX);
	struct view q = rd_mpint(r, RSA_NUMBER_BYTES_MAX);
	struct rsa_numbers k;
	int err;

	if (r->bad != 0)
		return r->bad;
	k = (struct rsa_numbers){
		.n = number(n),
		.e = number(e),
		.d = number(d),
		.iqmp = number(iqmp),
		.p = number(p),
		.q = number(q),
	};
	if (k.d != NULL && k.p != NULL && k.q != NULL) {
		k.dmp1 = rsa_exponent(k.d, k.p);
		k.dmq1 = rsa_exponent(k.d, k.q);
	}
	err = rsa_pkey(&k, out);
	rsa_numbers_free(&k);
	return err;
}

static int
read_ecdsa(struct rd *r, const struct ec_curve *curve, EVP_PKEY **out)
{
	struct view name = rd_str(r, NAME_BYTES_MAX);
	struct view point = rd_str(r, 1 + 2 * curve->field_bytes);
	struct view scalar = rd_mpint(r, curve->field_bytes);
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *params = NULL;
	BIGNUM *secret;
	int err = ERR_CRYPTO;

	if (r->bad != 0)
		return r->bad;
	if (!view_is(name, curve->ssh_name) || point.n != 1 + 2 * curve->field_bytes)
		return ERR_FORMAT;
	build = OSSL_PARAM_BLD_new();
	if ((secret = number(scalar)) != NULL)
		BN_set_flags(secret, BN_FLG_CONSTTIME);
	if (build != NULL && secret != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(
		build, OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl_name, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) ==
		1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL)
		err = pkey_from_params("EC", EVP_PKEY_KEYPAIR, params, out);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(secret);
	return err == 0 ? 0 : crypto_result(false);
}

/* The secret field is the seed and the public key once more; all copies must agree. */
static int
read_ed25519(struct rd *r, EVP_PKEY **out)
{
	struct view stated = rd_str(r, ED25519_PUBLIC_BYTES);
	struct view secret = rd_str(r, ED25519_SEED_BYTES + ED25519_PUBLIC_BYTES);
	uint8_t derived[ED25519_PUBLIC_BYTES];
	size_t n = sizeof(derived);

	if (r->bad != 0)
		return r->bad;
	if (stated.n != ED25519_PUBLIC_BYTES ||
	    secret.n != ED25519_SEED_BYTES + ED25519_PUBLIC_BYTES)
		return ERR_FORMAT;
	*out = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret.p, ED25519_SEED_BYTES);
	if (*out == NULL || EVP_PKEY_get_raw_public_key(*out, derived, &n) != 1)
		return crypto_result(false);
	if (memcmp(derived, stated.p, sizeof(derived)) != 0 ||
	    memcmp(derived, secret.p + ED25519_SEED_BYTES, sizeof(derived)) != 0)
		return ERR_CRYPTO;
	return 0;
}

static int
read_fields(struct rd *r, EVP_PKEY **out)
{
	struct view name = rd_str(r, NAME_BYTES_MAX);
	static const enum key_type curves[] = { KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521 };
	size_t i;

	if (r->bad != 0)
		return r->bad;
	if (view_is(name, key_type_name(KEY_RSA)))
		return read_rsa(r, out);
	if (view_is(name, key_type_name(KEY_ED25519)))
		return read_ed25519(r, out);
	for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (view_is(name, key_type_name(curves[i])))
			return read_ecdsa(r, ec_curve_of(curves[i]), out);
	}
	return ERR_UNSUPPORTED;
}

/* The numbers 1, 2, 3, ... to the end. */
static bool
padding_good(struct view padding)
{
	size_t i;

	for (i = 0; i < padding.n; i++) {
		if (padding.p[i] != (uint8_t)(i + 1))
			return false;
	}
	return padding.n < PADDING_BYTES_MAX;
}

static int
read_section(struct view section, EVP_PKEY **out)
{
	struct rd r = rd_of(section);
	uint32_t check = rd_u32(&r);
	struct view padding;
	int err;

	/* With encryption, two equal numbers tell that the passphrase was right. */
	if (rd_u32(&r) != check)
		return ERR_FORMAT;
	if ((err = read_fields(&r, out)) != 0)
		return err;
	(void)rd_str(&r, COMMENT_BYTES_MAX);
	padding = rd_rest(&r);
	if ((err = rd_end(&r)) != 0)
		return err;
	return padding_good(padding) && section.n % BLOCK_BYTES == 0 ? 0 : ERR_FORMAT;
}

/* The clear half of the file names the key too; it must be the one of the private half. */
static int
check_public(EVP_PKEY *pkey, struct view stated)
{
	struct public_key_parts parts;
	struct buf blob = buf_init(PUBLIC_KEY_BLOB_MAX);
	int err;

	if ((err = public_key_take_apart(stated, &parts)) == 0 &&
	    (err = public_key_from_pkey(parts.type, pkey, &blob)) == 0 &&
	    !view_eq(buf_view(&blob), stated))
		err = ERR_CRYPTO;
	buf_free(&blob);
	return err;
}

int
openssh_key_parse(struct view bytes, EVP_PKEY **out, const char **reason_out)
{
	struct rd r = rd_of(bytes);
	struct view start = rd_raw(&r, sizeof(magic));
	struct view cipher = rd_str(&r, NAME_BYTES_MAX);
	struct view kdf = rd_str(&r, NAME_BYTES_MAX);
	struct view kdf_options = rd_str(&r, SECTION_BYTES_MAX);
	uint32_t count = rd_u32(&r);
	struct view blob = rd_str(&r, SECTION_BYTES_MAX);
	struct view section = rd_str(&r, SECTION_BYTES_MAX);
	int err;

	*out = NULL;
	*reason_out = "the key file is damaged";
	if (r.bad == 0 && !view_is(cipher, "none")) {
		*reason_out = "the key is encrypted";
		return ERR_DENIED;
	}
	if ((err = rd_end(&r)) != 0)
		return err;
	if (memcmp(start.p, magic, sizeof(magic)) != 0 || !view_is(kdf, "none") ||
	    kdf_options.n != 0 || count != 1)
		return ERR_FORMAT;
	if ((err = read_section(section, out)) == 0)
		err = check_public(*out, blob);
	if (err == ERR_UNSUPPORTED)
		*reason_out = "this type of key is not supported";
	else if (err == ERR_CRYPTO)
		*reason_out = "the parts of the key do not belong together";
	if (err != 0) {
		EVP_PKEY_free(*out);
		*out = NULL;
	}
	return err;
}

static int
write_section(EVP_PKEY *pkey, const char *comment, struct buf *out)
{
	uint8_t seed[ED25519_SEED_BYTES], public_bytes[ED25519_PUBLIC_BYTES], check[4];
	size_t seed_n = sizeof(seed), public_n = sizeof(public_bytes);
	struct view public_key = { .p = public_bytes, .n = sizeof(public_bytes) };
	uint8_t padding;

	if (EVP_PKEY_get_raw_private_key(pkey, seed, &seed_n) != 1 ||
	    EVP_PKEY_get_raw_public_key(pkey, public_bytes, &public_n) != 1)
		return crypto_result(false);
	crypto_random(check, sizeof(check));
	buf_raw(out, check, sizeof(check));
	buf_raw(out, check, sizeof(check));
	buf_cstr(out, key_type_name(KEY_ED25519));
	buf_str(out, public_key);
	buf_u32(out, ED25519_SEED_BYTES + ED25519_PUBLIC_BYTES);
	buf_raw(out, seed, sizeof(seed));
	buf_raw(out, public_bytes, sizeof(public_bytes));
	buf_cstr(out, comment);
	for (padding = 1; out->n % BLOCK_BYTES != 0 && out->bad == 0; padding++)
		buf_u8(out, padding);
	secret_wipe(seed, sizeof(seed));
	return buf_error(out);
}

int
openssh_key_write(EVP_PKEY *pkey, struct view public_blob, const char *comment, struct buf *out)
{
	struct buf section = buf_init(SECTION_BYTES_MAX);
	int err;

	buf_raw(out, magic, sizeof(magic));
	buf_cstr(out, "none");
	buf_cstr(out, "none");
	buf_cstr(out, "");
	buf_u32(out, 1);
	buf_str(out, public_blob);
	if ((err = write_section(pkey, comment, &section)) == 0)
		buf_str(out, buf_view(&section));
	buf_free(&section);
	return err == 0 ? buf_error(out) : err;
}
