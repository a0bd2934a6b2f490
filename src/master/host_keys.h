/*
 * host_keys.h - the server's own keys: reading them, making them once, signing with them.
 *
 * They live in the master alone. Workers are told the public halves, and ask for signatures.
 */
#ifndef MASTER_HOST_KEYS_H
#define MASTER_HOST_KEYS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct host_keys;

/*
 * Reads the configured keys and their certificates (host_certificates.h); with no key configured,
 * id_rsa, id_ecdsa and id_ed25519 of the configuration directory, and makes those that are missing
 * (mode 0600). A file that is missing,
 * unreadable, encrypted or no key is ERR_INVALID with a line in `mistakes` that names the file and
 * the remedy; `warnings` gets lines about what does not stop the start. Of several keys of one type
 * the last one counts.
 * allow is PUBLIC_KEY_ALLOW_ bits. Frees with host_keys_free().
 */
MUST int host_keys_load(struct host_keys **out, const struct config *config, unsigned allow,
	struct buf *mistakes, struct buf *warnings);
void host_keys_free(struct host_keys **keys);
/*
 * One more owner, who has to free them too; on the master's loop only. A connection keeps the
 * keys that its worker shows, so that they can be exchanged while it lives.
 */
struct host_keys *host_keys_ref(struct host_keys *keys);
/* True when both show the same keys and certificates in the same order, under the same names. */
bool host_keys_equal(const struct host_keys *a, const struct host_keys *b);
size_t host_keys_count(const struct host_keys *keys);
/* The public blob of a key, and the signature algorithm names it offers (NULL past the end). */
struct view host_keys_blob(const struct host_keys *keys, size_t number);
const char *host_keys_algorithm(const struct host_keys *keys, size_t number, size_t algorithm);
/* The certificate of a key as a wire blob; empty when it has none. */
struct view host_keys_certificate(const struct host_keys *keys, size_t number);
/* Gives a certificate to the key with this public blob; the last one counts. ERR_NOT_FOUND. */
MUST int host_keys_certify(struct host_keys *keys, struct view public_blob,
	struct view certificate);
/* "SHA256:..." of a key; out holds PUBLIC_KEY_FINGERPRINT_BYTES. */
void host_keys_fingerprint(const struct host_keys *keys, size_t number, char *out);
/*
 * Signs an exchange hash under an algorithm name, on any thread: one of the key, or of its
 * certificate. ERR_NOT_FOUND when no key has that algorithm; ERR_CRYPTO.
 */
MUST int host_keys_sign(const struct host_keys *keys, struct view algorithm, struct view hash,
	struct buf *signature_out);
/* True when a signature under this name takes milliseconds (RSA) and belongs on the thread pool. */
bool host_keys_slow(const struct host_keys *keys, struct view algorithm);

#endif
