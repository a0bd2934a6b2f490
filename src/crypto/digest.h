/*
 * digest.h - hash functions: all at once, or in pieces.
 *
 * MD5 and SHA-1 are here for what protocols demand of them (file check sums, old clients), not for
 * anything that must resist an attacker.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/err.h"
#include "base/rd.h"

#include <stddef.h>
#include <stdint.h>

enum digest_algorithm {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
};

enum { DIGEST_COUNT = DIGEST_SHA512 + 1, DIGEST_BYTES_MAX = 64 };

struct digest;

/* Length of the result: 16, 20, 32, 48 or 64. */
size_t digest_bytes(enum digest_algorithm algorithm);
/* A running digest, to be freed by the caller. ERR_MEMORY or ERR_CRYPTO. */
MUST int digest_new(enum digest_algorithm algorithm, struct digest **out);
MUST int digest_update(struct digest *d, const void *bytes, size_t n);
/* Writes digest_bytes() bytes; the object then starts afresh and may be used again. */
MUST int digest_final(struct digest *d, uint8_t *out);
void digest_free(struct digest **d);
/* All at once; out has room for digest_bytes() bytes. */
MUST int digest_once(enum digest_algorithm algorithm, struct view bytes, uint8_t *out);

#endif
