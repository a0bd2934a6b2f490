/*
 * key_agreement.h - the mathematics of SSH key exchange: one public value in, one out, a secret K.
 *
 * Public values are given and taken as the body of the SSH string (or, for diffie-hellman-*, of
 * the mpint) of SSH_MSG_KEXDH_INIT and SSH_MSG_KEXDH_REPLY: read with rd_str(), written with
 * buf_str(), in messages and in the exchange hash alike. K comes out encoded as the exchange hash
 * and key derivation need it: an mpint with its length, or a string for mlkem768x25519-sha256.
 *
 * Every value from the peer is checked before it is used: exact lengths, points on the curve,
 * 2 <= e <= p - 2, and no secret of zeros.
 */
#ifndef CRYPTO_KEY_AGREEMENT_H
#define CRYPTO_KEY_AGREEMENT_H

#include "crypto/digest.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	KEY_AGREEMENT_PUBLIC_MAX = 2048, /* longest public value in bytes; ML-KEM has 1216 */
	KEY_AGREEMENT_SHARED_MAX = 2048, /* longest encoded K; group18 has 1029 */
};

struct key_agreement_algorithm {
	const char *name;
	enum digest_algorithm digest; /* of the exchange hash and key derivation */
	bool is_legacy;               /* only by configuration */
	bool is_optional;             /* needs a libcrypto that not every system has */
};

struct key_agreement;

/* The table, in the order of preference, with what this libcrypto lacks left out; NULL past the
 * end. */
const struct key_agreement_algorithm *key_agreement_at(size_t number);
/* NULL for a name that we do not know, or that this libcrypto does not have. */
const struct key_agreement_algorithm *key_agreement_find(struct view name);
/* True for a name that we know, even if this libcrypto lacks it: for messages about configuration.
 */
bool key_agreement_known(struct view name);

/*
 * The server's whole part: makes an ephemeral key, appends the public value to public_out and the
 * encoded K to shared_out (both plain bodies as described above). ERR_CRYPTO for a value that the
 * mathematics refuses, ERR_FORMAT for one of the wrong length; nothing is appended then.
 */
MUST int key_agreement_respond(const struct key_agreement_algorithm *algorithm,
    struct view client_public, struct buf *public_out, struct buf *shared_out);

/*
 * The client's part: start makes the key and appends the public value to send; finish takes the
 * server's. The object is freed by the caller and good for one finish. Errors as above.
 */
MUST int key_agreement_start(const struct key_agreement_algorithm *algorithm,
    struct buf *public_out, struct key_agreement **out);
MUST int key_agreement_finish(
    struct key_agreement *k, struct view server_public, struct buf *shared_out);
void key_agreement_free(struct key_agreement **k);

#endif
