/*
 * public_key_parts.h - a public key's blob taken apart, for the files of this folder.
 */
#ifndef CRYPTO_PUBLIC_KEY_PARTS_H
#define CRYPTO_PUBLIC_KEY_PARTS_H

#include "crypto/pkey.h"
#include "crypto/public_key.h"

/* Views into the blob; those that the type does not have are empty. */
struct public_key_parts {
	enum key_type type;
	struct view exponent;    /* RSA */
	struct view modulus;     /* RSA */
	struct view point;       /* ECDSA, uncompressed; ed25519: the 32 bytes */
	struct view application; /* FIDO */
};

/* Reads and limits, without any mathematics. Errors of public_key_check() but ERR_CRYPTO. */
MUST int public_key_take_apart(struct view blob, struct public_key_parts *out);
/* The key as libcrypto takes it; ERR_CRYPTO when it is none. The caller frees. */
MUST int public_key_to_pkey(const struct public_key_parts *parts, EVP_PKEY **out);
/* Appends the blob of an RSA, ECDSA or ed25519 key. */
MUST int public_key_from_pkey(enum key_type type, EVP_PKEY *pkey, struct buf *blob_out);
/* Number of bits of a number without leading zero bytes. */
size_t public_key_bits(struct view number);

#endif
