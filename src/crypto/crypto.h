/*
 * crypto.h - the face of the only folder that includes OpenSSL.
 *
 * libcrypto reports by 1, 0, -1 and by pointers, and means different things by them; nothing of
 * that leaves this folder. Every function here returns 0 or a negative ERR_ code: ERR_CRYPTO is a
 * wrong tag, key or signature, or a refusal of libcrypto itself. It knows no connection, no user
 * and no policy beyond what makes a key or a value mathematically unsafe. Used by ssh/, accounts/,
 * master/ and worker/.
 *
 * crypto_init() is called once per process tree before anything else here; after it nothing is
 * loaded or opened, so that it works in a forked child whose sandbox can open no file. One object
 * is not used from two threads at once, with one exception: several threads may sign with one
 * private key.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "crypto/aead.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/key_agreement.h"
#include "crypto/keyed_digest.h"
#include "crypto/packet_cipher.h"
#include "crypto/private_key.h"
#include "crypto/public_key.h"
#include "crypto/tls_pair.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Fetches every algorithm. Reads no openssl.cnf. A second call does nothing. ERR_CRYPTO when
 * libcrypto lacks an algorithm that is not optional.
 */
MUST int crypto_init(void);
/*
 * Agrees on keys with itself, so that what libcrypto looks up and makes on first use is there, and
 * children that are forked then share its pages. For a process that forks login workers. ERR_CRYPTO
 * when it does not agree.
 */
MUST int crypto_warm(void);
/* Fills n bytes from the kernel's generator through libcrypto's; a generator that fails is a bug().
 */
void crypto_random(void *out, size_t n);
/* Compares n bytes in a time that depends on n alone. */
bool crypto_equal(const void *a, const void *b, size_t n);

#endif
