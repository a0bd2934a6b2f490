/*
 * signature_name.h - which signature algorithm name fits which type of key: one table for signing,
 * checking and announcing, and for certificates.
 */
#ifndef CRYPTO_SIGNATURE_NAME_H
#define CRYPTO_SIGNATURE_NAME_H

#include "crypto/digest.h"
#include "crypto/public_key.h"

struct signature_name {
	const char *name;
	const char *certificate; /* the same when the key comes in a certificate */
	enum key_type type;
	enum digest_algorithm digest; /* without meaning for ed25519 */
	unsigned needs;               /* PUBLIC_KEY_ALLOW_ flags that the caller must give */
};

/* In the order of preference; NULL past the end. */
const struct signature_name *signature_name_at(size_t number, unsigned allow);
/* NULL when the pair does not fit or is not allowed. */
const struct signature_name *signature_name_find(
    enum key_type type, struct view algorithm, unsigned allow);
/* libcrypto's name of the digest; NULL for ed25519, which has its own. */
const char *signature_name_digest(const struct signature_name *name);

#endif
