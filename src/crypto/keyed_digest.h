/*
 * keyed_digest.h - HMAC (RFC 2104) and PBKDF2 over it (RFC 8018 section 5.2), all at once.
 *
 * For passwords and one-time codes of accounts. PBKDF2 takes as long as its iterations say: the
 * caller limits them.
 */
#ifndef CRYPTO_KEYED_DIGEST_H
#define CRYPTO_KEYED_DIGEST_H

#include "crypto/digest.h"

/* out has room for digest_bytes() bytes. ERR_MEMORY or ERR_CRYPTO. */
MUST int hmac_once(
    enum digest_algorithm algorithm, struct view key, struct view bytes, uint8_t *out);
/* Fills n bytes. ERR_INVALID for no iterations or more than 2^31 - 1; ERR_CRYPTO. */
MUST int pbkdf2(enum digest_algorithm algorithm, struct view password, struct view salt,
    uint32_t iterations, uint8_t *out, size_t n);

#endif
