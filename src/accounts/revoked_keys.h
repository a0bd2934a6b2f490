/*
 * revoked_keys.h - which keys and certificates are good no more, as the administrator's file says.
 *
 * The file is a text with an entry on each line (words of ssh-keygen's specification of a KRL), a
 * JSON list of such entries, or a key revocation list that ssh-keygen -k made (OpenSSH's
 * PROTOCOL.krl). One that cannot be understood whole is refused: half a list lets somebody in.
 */
#ifndef ACCOUNTS_REVOKED_KEYS_H
#define ACCOUNTS_REVOKED_KEYS_H

#include "accounts/failure.h"

#include "base/err.h"
#include "base/rd.h"

#include <stddef.h>
#include <stdint.h>

enum {
	REVOKED_KEYS_FILE_MAX = 8 * 1024 * 1024,
	REVOKED_KEYS_ENTRIES_MAX = 512 * 1024, /* of each kind */
};

struct revoked_keys;

/* ERR_INVALID with a text that names the fault, and the line in a text; ERR_MEMORY. */
MUST int revoked_keys_parse(struct view file, struct revoked_keys **out, struct failure *failure);
/* *keys may be NULL, and is NULL afterwards. */
void revoked_keys_free(struct revoked_keys **keys);
/* How many entries there are; 0 for NULL. */
size_t revoked_keys_count(const struct revoked_keys *keys);

/* What is asked about; views of what does not apply are empty. */
struct revoked_question {
	struct view key;         /* blob of the plain key */
	struct view certificate; /* blob */
	struct view authority;   /* blob of the key that signed the certificate */
	struct view key_id;
	uint64_t serial; /* 0: none */
};

/* What it is that is revoked ("its serial number"), or NULL for none. `keys` may be NULL. */
const char *revoked_keys_find(
    const struct revoked_keys *keys, const struct revoked_question *question);

#endif
