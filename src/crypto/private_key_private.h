/*
 * private_key_private.h - what the files about private keys share.
 */
#ifndef CRYPTO_PRIVATE_KEY_PRIVATE_H
#define CRYPTO_PRIVATE_KEY_PRIVATE_H

#include "crypto/pkey.h"
#include "crypto/private_key.h"

/*
 * Takes the key object (freed also on error), finds its type, limits it, makes its public blob and
 * proves that its parts belong together.
 */
MUST int private_key_take(EVP_PKEY *pkey, struct private_key **out, const char **reason_out);
/*
 * Whether the numbers of an RSA key of two primes belong together, which takes a fiftieth of the
 * time of a signature. False also for a key with more primes, or without what is computed from them;
 * such a key may be good. The primes are taken for primes.
 */
bool rsa_numbers_agree(EVP_PKEY *pkey);
/* The key object, as long as the key lives. */
EVP_PKEY *private_key_pkey(const struct private_key *k);

/* A block of PEM text (RFC 7468 and the older form with headers). */
struct pem {
	struct view label;   /* "RSA PRIVATE KEY" */
	bool has_encryption; /* a Proc-Type header says so */
	struct buf bytes;    /* decoded; the caller frees it with buf_free() */
};

/* Finds the first block whose label ends in "PRIVATE KEY". ERR_FORMAT when there is none. */
MUST int pem_find_private(struct view text, struct pem *out);
/* Appends a block with lines of `width` characters. */
void pem_write(struct buf *out, const char *label, struct view bytes, size_t width);

/* The body of an "OPENSSH PRIVATE KEY" block. */
MUST int openssh_key_parse(struct view bytes, EVP_PKEY **out, const char **reason_out);
/* Appends such a body for an ed25519 key. */
MUST int openssh_key_write(
    EVP_PKEY *pkey, struct view public_blob, const char *comment, struct buf *out);

#endif
