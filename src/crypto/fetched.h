/*
 * fetched.h - what crypto_init() fetched from libcrypto, for the files of this folder.
 *
 * A fetch by name walks the providers, takes locks and allocates; these are made once and shared
 * by every process forked later. Never freed.
 */
#ifndef CRYPTO_FETCHED_H
#define CRYPTO_FETCHED_H

#include "crypto/digest.h"

#include <openssl/evp.h>

#include <stdbool.h>

struct fetched {
	EVP_MD *digest[DIGEST_COUNT];
	EVP_CIPHER *aes128_gcm;
	EVP_CIPHER *aes256_gcm;
	EVP_CIPHER *aes128_ctr;
	EVP_CIPHER *aes192_ctr;
	EVP_CIPHER *aes256_ctr;
	EVP_CIPHER *aes128_cbc;
	EVP_CIPHER *chacha20;
	EVP_MAC *hmac;
	EVP_MAC *poly1305;
	EVP_PKEY_CTX *x25519; /* makes keys of bytes; for one thread at a time */
	bool has_mlkem; /* libcrypto 3.5 and later */
};

/* Empty until crypto_init(); using it before is a fault of this program. */
const struct fetched *fetched(void);
/* The name that libcrypto knows the digest by. */
const char *digest_openssl_name(enum digest_algorithm algorithm);

#endif
