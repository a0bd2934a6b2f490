/*
 * pkey.h - EVP_PKEY objects from numbers and back, and raw signatures, for the files of this
 * folder.
 *
 * Callers have limited the sizes of what they give. Results are 0 or ERR_ codes; libcrypto's error
 * queue is left empty.
 */
#ifndef CRYPTO_PKEY_H
#define CRYPTO_PKEY_H

#include "crypto/digest.h"
#include "crypto/public_key.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <openssl/evp.h>

enum { ED25519_PUBLIC_BYTES = 32, ED25519_SIGNATURE_BYTES = 64, EC_FIELD_BYTES_MAX = 66 };

/* What differs between the three curves. */
struct ec_curve {
	const char *ssh_name;         /* "nistp256" */
	const char *openssl_name;     /* "prime256v1" */
	size_t field_bytes;           /* 32, 48, 66 */
	enum digest_algorithm digest; /* RFC 5656 section 6.2.1 */
};

/* The curve of an ECDSA type, the FIDO one included; NULL for other types. */
const struct ec_curve *ec_curve_of(enum key_type type);

/* Public keys. The caller frees with EVP_PKEY_free(). ERR_CRYPTO for a value that is no key. */
MUST int pkey_new_ed25519(struct view public_key, EVP_PKEY **out);
/* Only the uncompressed form; ERR_FORMAT for other lengths and forms, ERR_CRYPTO off the curve. */
MUST int pkey_new_ec(const struct ec_curve *curve, struct view point, EVP_PKEY **out);
MUST int pkey_new_rsa(struct view modulus, struct view exponent, EVP_PKEY **out);

/* Appends the uncompressed point of an EC key. */
MUST int pkey_ec_point(EVP_PKEY *pkey, const struct ec_curve *curve, struct buf *out);
/* A fresh key on the curve. */
MUST int pkey_generate_ec(const struct ec_curve *curve, EVP_PKEY **out);
/* Builds a key object of a kind ("RSA", "EC", "DH") from parameters. ERR_CRYPTO. */
MUST int pkey_from_params(const char *kind, int selection, OSSL_PARAM *params, EVP_PKEY **out);

/* digest NULL for ed25519; sign appends libcrypto's form of the signature. */
MUST int pkey_sign(EVP_PKEY *pkey, const char *digest, struct view data, struct buf *out);
/*
 * The same for a digest that was made elsewhere; RSA, with is_pss by RSASSA-PSS with a salt as long
 * as the digest (RFC 8446 section 4.2.3), or ECDSA.
 */
MUST int pkey_sign_digest(EVP_PKEY *pkey, const char *digest, bool is_pss, struct view value,
    struct buf *out);
/* 0 only for a good signature, else ERR_CRYPTO. */
MUST int pkey_verify(EVP_PKEY *pkey, const char *digest, struct view data, struct view signature);

/* Between the two mpints of RFC 5656 section 3.1.2 and the DER that libcrypto wants. */
MUST int ecdsa_signature_to_der(struct view ssh, struct buf *der_out);
MUST int ecdsa_signature_from_der(struct view der, struct buf *ssh_out);

/* Appends a non-negative number as an SSH mpint. */
MUST int bn_to_mpint(const BIGNUM *number, struct buf *out);

#endif
