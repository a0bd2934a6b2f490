/*
 * key_agreement_private.h - what the families of key agreement give to their common face.
 */
#ifndef CRYPTO_KEY_AGREEMENT_PRIVATE_H
#define CRYPTO_KEY_AGREEMENT_PRIVATE_H

#include "crypto/key_agreement.h"
#include "crypto/pkey.h"

#include <openssl/evp.h>

enum { X25519_BYTES = 32 };

/*
 * One family; parameter is the curve or group of the row of the table. Secrets are raw: the face
 * encodes them. Results as in key_agreement.h.
 */
struct key_agreement_family {
	/* A fresh key, and its public value appended. */
	MUST int (*generate)(const void *parameter, EVP_PKEY **own, struct buf *public_out);
	/* The raw secret between our key and the peer's public value, appended. */
	MUST int (*derive)(
	    const void *parameter, EVP_PKEY *own, struct view peer, struct buf *raw_out);
};

extern const struct key_agreement_family key_agreement_x25519;
extern const struct key_agreement_family key_agreement_ecdh; /* parameter: struct ec_curve */
extern const struct key_agreement_family key_agreement_dh;   /* parameter: libcrypto's group name */

/* Appends the secret between two keys of one kind, of at most max bytes. */
MUST int key_agreement_derive(EVP_PKEY *own, EVP_PKEY *peer, size_t max, struct buf *raw_out);

/*
 * mlkem768x25519-sha256 (draft-ietf-sshm-mlkem-hybrid-kex), whose two sides do different things.
 * The client's own keys are the ML-KEM one and the X25519 one.
 */
MUST int key_agreement_mlkem_start(EVP_PKEY **kem, EVP_PKEY **own, struct buf *public_out);
MUST int key_agreement_mlkem_respond(
    struct view client_public, struct buf *public_out, struct buf *secret_out);
MUST int key_agreement_mlkem_finish(
    EVP_PKEY *kem, EVP_PKEY *own, struct view server_public, struct buf *secret_out);

#endif
