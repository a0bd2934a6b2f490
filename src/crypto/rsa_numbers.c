/* The arithmetic that makes the numbers of a file one RSA key: RFC 8017 section 3.2. */
#include "crypto/private_key_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static const char *const names[NUMBERS] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };

/* a * b = 1 (mod m) */
static bool
are_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BIGNUM *room, BN_CTX *ctx)
{
	return BN_mod_mul(room, a, b, m, ctx) == 1 && BN_is_one(room);
}

/* The exponent of one prime: what is left of d, and undoes e. */
static bool
exponent_good(BIGNUM *const *k, const BIGNUM *exponent, const BIGNUM *prime, BIGNUM *room,
    BN_CTX *ctx)
{
	BIGNUM *less = BN_dup(prime);
	bool good;

	good = less != NULL && BN_sub_word(less, 1) == 1 && BN_mod(room, k[D], less, ctx) == 1 &&
	       BN_cmp(room, exponent) == 0 && are_inverse(k[E], exponent, less, room, ctx);
	BN_clear_free(less);
	return good;
}

static bool
numbers_good(BIGNUM *const *k, BIGNUM *room, BN_CTX *ctx)
{
	return BN_mul(room, k[P], k[Q], ctx) == 1 && BN_cmp(room, k[N]) == 0 &&
	       exponent_good(k, k[DP], k[P], room, ctx) &&
	       exponent_good(k, k[DQ], k[Q], room, ctx) &&
	       are_inverse(k[Q], k[QINV], k[P], room, ctx);
}

bool
rsa_numbers_agree(EVP_PKEY *pkey)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *k[NUMBERS] = { NULL }, *room = BN_new();
	bool good = ctx != NULL && room != NULL;

	for (int i = 0; i < NUMBERS && good; i++)
		good = EVP_PKEY_get_bn_param(pkey, names[i], &k[i]) == 1;
	good = good && numbers_good(k, room, ctx);
	if (!good)
		ERR_clear_error();
	for (int i = 0; i < NUMBERS; i++)
		BN_clear_free(k[i]);
	BN_clear_free(room);
	BN_CTX_free(ctx);
	return good;
}
