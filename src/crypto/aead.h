/*
 * aead.h - AES-256-GCM over one short text at a time, for secrets that are stored.
 *
 * Packets of a connection have packet_cipher.h. A nonce must never be used twice with one key:
 * callers take both, or at least the nonce, from crypto_random().
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdint.h>

enum { AEAD_KEY_BYTES = 32, AEAD_NONCE_BYTES = 12, AEAD_TAG_BYTES = 16, AEAD_TEXT_MAX = 65536 };

/*
 * Appends the encrypted text and then the tag. ERR_LIMIT for more than AEAD_TEXT_MAX bytes,
 * ERR_MEMORY, ERR_CRYPTO; the buffer's own faults show in the buffer and in the result.
 */
MUST int aead_seal(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES],
    struct view text, struct buf *out);
/*
 * Appends the text that was sealed, after the tag was found to be right: on ERR_CRYPTO the buffer
 * is as it was. ERR_SHORT without room for a tag, ERR_LIMIT, ERR_MEMORY.
 */
MUST int aead_open(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES],
    struct view sealed, struct buf *out);

#endif
