/*
 * password.h - making and checking password hashes.
 *
 * Every check blocks and takes memory for its duration: 64 MiB for a hash of the default cost, at
 * most PASSWORD_MEMORY_MAX_KIB for one that was imported. How many run at once is for the caller
 * to limit. Checked are argon2id and what password_pbkdf2.h and password_crypt.h know. A stored
 * hash that would take more than a few seconds or too much memory is refused before it is begun.
 */
#ifndef ACCOUNTS_PASSWORD_H
#define ACCOUNTS_PASSWORD_H

#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PASSWORD_BYTES_MAX = 1024,
	PASSWORD_HASH_MAX = 1024,             /* longest stored hash that is looked at */
	PASSWORD_MEMORY_MAX_KIB = 256 * 1024, /* a stored hash that asks for more is refused */
	PASSWORD_PASSES_MAX = 64,
	PASSWORD_LANES_MAX = 64,
};

struct password_cost {
	uint32_t memory_kib;
	uint32_t passes;
	uint32_t lanes;
};

/* 65536 KiB, 3 passes, 2 lanes: what the contract gives. */
extern const struct password_cost password_cost_default;

enum password_result {
	PASSWORD_WRONG = 0,
	PASSWORD_RIGHT,       /* the only success */
	PASSWORD_EMPTY,       /* none was offered, or none is stored: never matches */
	PASSWORD_TOO_LONG,    /* more than PASSWORD_BYTES_MAX, or than the hash's own limit */
	PASSWORD_BROKEN,      /* the stored hash cannot be read, or asks for too much */
	PASSWORD_FAILED,      /* no memory or no thread: nothing is known */
};

/* The text for the log: "Invalid credentials", "Credentials cannot be null or empty", ... */
const char *password_result_text(enum password_result result);

/* True for text that starts like a hash that we can check: such a password is stored as it is. */
bool password_is_hash(const char *text);
/*
 * Hashes with argon2id, a fresh 16-byte salt and a 32-byte key, to a PHC string that the caller
 * frees. cost NULL is the default. ERR_INVALID for an empty or too long password, ERR_MEMORY.
 */
MUST int password_hash(struct view password, const struct password_cost *cost, char **out);
/* Compares in a time that does not depend on where the difference is. */
enum password_result password_check(const char *hash, struct view password);
/* Does the work of a check on a hash of this cost that no password has. Never succeeds. */
enum password_result password_check_dummy(struct view password, const struct password_cost *cost);

#endif
