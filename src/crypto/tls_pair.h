/*
 * tls_pair.h - a certificate and its private key, and the signatures of TLS handshakes.
 *
 * For the master: the process that speaks TLS has the certificate only, and asks for each
 * signature. It can have signatures made as long as it is there, but never takes the key away.
 */
#ifndef CRYPTO_TLS_PAIR_H
#define CRYPTO_TLS_PAIR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

enum { TLS_CHAIN_MAX = 64 * 1024, TLS_SIGNATURE_MAX = 1024 };

struct tls_pair;

/*
 * Reads both files: PEM, the server's own certificate first, and a key that private_key_parse()
 * reads. ERR_FORMAT, ERR_LIMIT, ERR_DENIED for a key with a passphrase, ERR_CRYPTO when the two do
 * not belong together. On error *reason_out is a sentence part for the operator, never freed, and
 * *is_key_out says which of the files it is about.
 */
MUST int tls_pair_parse(struct view certificates, struct view key, struct tls_pair **out,
    const char **reason_out, bool *is_key_out);
void tls_pair_free(struct tls_pair **pair);
/* The chain as PEM text; valid as long as the pair. */
struct view tls_pair_chain(const struct tls_pair *pair);
/*
 * Appends the signature of a handshake. `scheme` is a SignatureScheme (RFC 8446 section 4.2.3).
 * `data` is the digest of what is signed, because TLS libraries make it themselves; but for ed25519
 * it is the data itself, that of a CertificateVerify of a TLS 1.3 server (section 4.4.3) or of a
 * ServerKeyExchange with an elliptic curve (RFC 8422 section 5.4). ERR_DENIED for anything else,
 * and for a scheme that is not the key's; ERR_CRYPTO. Several threads may call it at a time.
 */
MUST int tls_pair_sign(const struct tls_pair *pair, uint16_t scheme, struct view data,
    struct buf *signature_out);

#endif
