/*
 * revoked_keys_private.h - what the two readers of a list of revoked keys add to.
 */
#ifndef ACCOUNTS_REVOKED_KEYS_PRIVATE_H
#define ACCOUNTS_REVOKED_KEYS_PRIVATE_H

#include "accounts/revoked_keys.h"

#include "base/buf.h"

enum { SHA1_BYTES = 20, SHA256_BYTES = 32 };

/* Each buffer holds records one behind the other. */
struct revoked_keys {
	struct buf sha256; /* hashes of the blobs of keys and certificates: 32 bytes each */
	struct buf sha1;   /* the same: 20 bytes each */
	struct buf serials; /* hash of an authority, first, last: 32, 8 and 8 bytes */
	struct buf key_ids; /* hash of an authority, RFC 4251 string */
	size_t key_id_count;
};

/* In place of the hash of an authority: any of them. Nothing hashes to it. */
extern const uint8_t revoked_by_any[SHA256_BYTES];

/* Each may poison its buffer, which is looked at in the end. */
void revoked_keys_add_blob(struct revoked_keys *keys, struct view blob);
void revoked_keys_add_serials(struct revoked_keys *keys, const uint8_t *authority, uint64_t first,
    uint64_t last);
void revoked_keys_add_key_id(struct revoked_keys *keys, const uint8_t *authority, struct view id);

/* revoked_krl.c: whether the file is a KRL; reads one. ERR_INVALID with a text. */
bool revoked_krl_is(struct view file);
MUST int revoked_krl_read(struct view file, struct revoked_keys *keys, struct failure *failure);

/* revoked_text.c: reads a text or a JSON list. ERR_INVALID with a text. */
MUST int revoked_text_read(struct view file, struct revoked_keys *keys, struct failure *failure);

#endif
