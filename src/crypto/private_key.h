/*
 * private_key.h - host keys: reading, making, writing and signing.
 *
 * Lives in the master alone; workers ask it for signatures over IPC. Files that need a passphrase
 * are recognised, not opened.
 */
#ifndef CRYPTO_PRIVATE_KEY_H
#define CRYPTO_PRIVATE_KEY_H

#include "crypto/public_key.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PRIVATE_KEY_FILE_MAX = 64 * 1024,
	PRIVATE_KEY_RSA_BITS = 4096, /* of a generated key */
};

struct private_key;

/*
 * Reads a key file: PEM (PKCS#1, SEC1, PKCS#8) or OpenSSH's own format. The caller frees the key.
 * ERR_DENIED when it is encrypted, ERR_UNSUPPORTED for DSA and other types that we do not have,
 * ERR_LIMIT for an RSA size outside of PUBLIC_KEY_RSA_BITS_MIN to _MAX or a file that is too
 * large, ERR_CRYPTO when the parts do not belong together, else ERR_FORMAT or a parse error.
 * reason_out, which may be NULL, gets a sentence part for the operator ("the key is encrypted")
 * on error; never NULL then, never freed.
 */
MUST int private_key_parse(struct view file, struct private_key **out, const char **reason_out);
/*
 * Makes a key; RSA has PRIVATE_KEY_RSA_BITS and takes seconds. The FIDO types are ERR_UNSUPPORTED.
 */
MUST int private_key_generate(enum key_type type, struct private_key **out);
/*
 * Appends the text of a key file: PKCS#1 PEM for RSA, SEC1 PEM for ECDSA, OpenSSH's format with
 * the comment for ed25519. The buffer's maximum must allow PRIVATE_KEY_FILE_MAX.
 */
MUST int private_key_serialise(const struct private_key *k, const char *comment, struct buf *out);
void private_key_free(struct private_key **k);

enum key_type private_key_type(const struct private_key *k);
/* The public key as a wire blob; valid as long as the key. */
struct view private_key_blob(const struct private_key *k);
/*
 * Names under which the key can sign, best first: rsa-sha2-512, rsa-sha2-256 and, with
 * PUBLIC_KEY_ALLOW_SHA1, ssh-rsa; the others have one. NULL past the end.
 */
const char *private_key_algorithm_at(const struct private_key *k, size_t number, unsigned allow);
/*
 * Appends the signature blob (string algorithm, string signature) over data. ERR_DENIED when the
 * key cannot sign under that name; ERR_CRYPTO.
 */
MUST int private_key_sign(const struct private_key *k, struct view algorithm, struct view data,
    unsigned allow, struct buf *signature_out);

#endif
