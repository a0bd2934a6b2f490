/*
 * public_key.h - public keys as SSH writes them (RFC 4253 section 6.6, RFC 5656, RFC 8709, and the
 * FIDO types of OpenSSH's PROTOCOL.u2f), and the checking of signatures.
 *
 * A key is kept as its wire blob; there is no object. Everything here takes hostile input: sizes
 * are limited before any mathematics is done with them. Certificates are in certificate.h.
 */
#ifndef CRYPTO_PUBLIC_KEY_H
#define CRYPTO_PUBLIC_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PUBLIC_KEY_BLOB_MAX = 2048,
	PUBLIC_KEY_SIGNATURE_MAX = 2048,
	PUBLIC_KEY_RSA_BITS_MIN = 1024,
	PUBLIC_KEY_RSA_BITS_MAX = 8192,
	PUBLIC_KEY_LINE_MAX = 16384, /* a line of authorized_keys */
	/* "SHA256:", 43 characters of base64, NUL */
	PUBLIC_KEY_FINGERPRINT_BYTES = 7 + 43 + 1,
};

enum key_type {
	KEY_RSA,
	KEY_ECDSA_P256,
	KEY_ECDSA_P384,
	KEY_ECDSA_P521,
	KEY_ED25519,
	KEY_SK_ECDSA_P256,
	KEY_SK_ED25519,
};

enum { KEY_TYPE_COUNT = KEY_SK_ED25519 + 1 };

/* What a caller allows, or demands, beyond the default. */
enum {
	PUBLIC_KEY_ALLOW_SHA1 = 1 << 0,      /* signatures named "ssh-rsa" */
	PUBLIC_KEY_DEMAND_VERIFIED = 1 << 1, /* a FIDO device made sure of its user */
};

/* A line in the form of authorized_keys; the views point into the line. */
struct public_key_line {
	struct view options; /* what stood before the key type; empty when nothing did */
	struct view comment; /* without surrounding blanks; may be empty */
	enum key_type type;
	bool is_certificate; /* the blob is a certificate of a key of that type */
};

/* "ssh-rsa", "ecdsa-sha2-nistp256", ... */
const char *key_type_name(enum key_type type);

/*
 * Reads one line (a line ending may be left on it) and appends the blob: of a key, which has passed
 * public_key_check(), or of a certificate that certificate_parse() can read. ERR_FORMAT when it is
 * neither, an empty line or a comment line included; ERR_UNSUPPORTED for ssh-dss; errors of the
 * two. Options are split off but not judged.
 */
MUST int public_key_parse_line(struct view line, struct public_key_line *out, struct buf *blob_out);
/*
 * Reads a blob whole: type known, numbers in canonical form and within limits, points on their
 * curve; that the 32 bytes of an ed25519 key are no point is found by public_key_verify().
 * ERR_UNSUPPORTED for a type that we do not know, ERR_LIMIT for a size outside of the limits,
 * ERR_CRYPTO for a value that is no key, else a parse error. type_out may be NULL.
 */
MUST int public_key_check(struct view blob, enum key_type *type_out);
/*
 * True when keys of this type may sign under this algorithm name: the only place that knows which
 * names fit which type. "ssh-rsa" needs PUBLIC_KEY_ALLOW_SHA1.
 */
bool public_key_accepts(enum key_type type, struct view algorithm, unsigned allow);
/*
 * Signature algorithm names in the order of preference for "server-sig-algs" (RFC 8308); NULL past
 * the end.
 */
const char *public_key_algorithm_at(size_t number, unsigned allow);
/*
 * 0 only when `signature` (string algorithm, string signature, and what FIDO adds) is a good
 * signature over `data` by the key, made under exactly the algorithm name given. FIDO signatures
 * must say that the user was present, and with PUBLIC_KEY_DEMAND_VERIFIED that the device made sure
 * who it is, which other keys cannot say. ERR_CRYPTO when it is not, ERR_DENIED when the algorithm
 * does not fit the key or is not allowed, else a parse error. Anything but 0 means no.
 */
MUST int public_key_verify(struct view blob, struct view algorithm, struct view data,
    struct view signature, unsigned allow);
/* Writes "SHA256:..." as ssh-keygen -l shows it; out holds PUBLIC_KEY_FINGERPRINT_BYTES. */
MUST int public_key_fingerprint(struct view blob, char *out);

#endif
