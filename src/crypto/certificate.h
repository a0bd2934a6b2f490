/*
 * certificate.h - OpenSSH's certificates (PROTOCOL.certkeys): a key, what it is good for, and the
 * signature of an authority over both.
 *
 * Reads them, and checks that signature. Whether the authority is trusted, and whom the certificate
 * lets in and when, is the caller's to decide. Takes hostile input.
 */
#ifndef CRYPTO_CERTIFICATE_H
#define CRYPTO_CERTIFICATE_H

#include "crypto/public_key.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdint.h>

enum {
	CERTIFICATE_BLOB_MAX = 12 * 1024, /* what a line of PUBLIC_KEY_LINE_MAX can hold */
	CERTIFICATE_PRINCIPALS_MAX = 256,
};

enum certificate_kind { CERTIFICATE_OF_USER = 1, CERTIFICATE_OF_HOST = 2 };

/* Views into the blob. */
struct certificate {
	enum key_type type; /* of the certified key */
	enum certificate_kind kind;
	uint64_t serial;        /* 0: the authority does not number */
	struct view key_id;     /* the authority's own name for it; any bytes */
	struct view principals; /* a sequence of RFC 4251 strings; may be empty */
	uint64_t valid_after;   /* seconds since 1970: good from here on, */
	uint64_t valid_before;  /* and here no more */
	struct view critical;   /* a sequence of pairs of RFC 4251 strings: name, data */
	struct view extensions; /* the same */
	struct view authority;  /* the blob of the key that signed; never a certificate */
	struct view signed_bytes;
	struct view signature;
};

/*
 * Reads a certificate's blob whole, and appends the blob of the plain key in it. Both keys have
 * passed public_key_check(); names in `critical` and `extensions` are in ascending order, each
 * once; the signature has NOT been checked. ERR_UNSUPPORTED for a type that we do not know, the
 * authority's included; ERR_LIMIT, ERR_FORMAT, ERR_CRYPTO or a parse error.
 */
MUST int certificate_parse(struct view blob, struct certificate *out, struct buf *key_out);
/*
 * 0 only when the signature is the authority's, over all that stands before it. ERR_DENIED when it
 * was made under an algorithm that is not allowed (SHA-1 without PUBLIC_KEY_ALLOW_SHA1); errors of
 * public_key_verify().
 */
MUST int certificate_verify(const struct certificate *certificate, unsigned allow);

/*
 * From the name of a key type or of a signature algorithm to the one that is used with a
 * certificate ("rsa-sha2-512" to "rsa-sha2-512-cert-v01@openssh.com"), and back; NULL for a name
 * that is none.
 */
const char *certificate_name(struct view plain);
const char *certificate_plain_name(struct view name);

#endif
