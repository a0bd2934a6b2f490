/*
 * totp.h - one-time codes that a telephone shows: HOTP (RFC 4226) and TOTP (RFC 6238), and base32
 * (RFC 4648 section 6), in which their secrets are told. It knows no account and stores nothing.
 */
#ifndef ACCOUNTS_TOTP_H
#define ACCOUNTS_TOTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	TOTP_PERIOD_MS = 30000,
	TOTP_WINDOW = 1, /* steps before and after now that are taken too */
	TOTP_DIGITS_MAX = 8,
};

/* What makes the codes. */
struct totp {
	enum digest_algorithm algorithm; /* DIGEST_SHA1, DIGEST_SHA256 or DIGEST_SHA512 */
	unsigned digits;                 /* 6 to 8 */
	struct view secret;
};

/* The code of a step, terminated. ERR_INVALID for other digits; ERR_MEMORY, ERR_CRYPTO. */
MUST int totp_code(const struct totp *totp, uint64_t step, char out[TOTP_DIGITS_MAX + 1]);
/* The step of a moment; 0 for one before 1970. */
uint64_t totp_step(int64_t now_ms);
/*
 * 0 with the step whose code this is, among those around `now` that are later than `used`;
 * ERR_NO_MATCH when it is the code of none, and totp_code()'s errors. All steps are computed,
 * whichever it was.
 */
MUST int totp_match(const struct totp *totp, uint64_t now, uint64_t used, struct view code,
    uint64_t *step_out);

/* Appends upper-case base32 without padding. */
void base32_encode(struct buf *out, struct view bytes);
/* Takes both cases, and padding or none at the end. ERR_FORMAT, ERR_LIMIT, ERR_MEMORY. */
MUST int base32_decode(struct buf *out, struct view text);

#endif
