#include "accounts/revoked_keys_private.h"

#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

enum { SERIALS_BYTES = SHA256_BYTES + 8 + 8 };

const uint8_t revoked_by_any[SHA256_BYTES] = { 0 };

void
revoked_keys_add_blob(struct revoked_keys *keys, struct view blob)
{
	uint8_t hash[SHA256_BYTES];

	if (digest_once(DIGEST_SHA256, blob, hash) != 0)
		keys->sha256.bad = ERR_CRYPTO;
	else
		buf_raw(&keys->sha256, hash, sizeof(hash));
}

void
revoked_keys_add_serials(struct revoked_keys *keys, const uint8_t *authority, uint64_t first,
    uint64_t last)
{
	buf_raw(&keys->serials, authority, SHA256_BYTES);
	buf_u64(&keys->serials, first);
	buf_u64(&keys->serials, last);
}

void
revoked_keys_add_key_id(struct revoked_keys *keys, const uint8_t *authority, struct view id)
{
	buf_raw(&keys->key_ids, authority, SHA256_BYTES);
	buf_str(&keys->key_ids, id);
	keys->key_id_count++;
}

static int
check_buffers(const struct revoked_keys *keys, struct failure *failure)
{
	const struct buf *all[] = { &keys->sha256, &keys->sha1, &keys->serials, &keys->key_ids };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (buf_error(all[i]) == ERR_LIMIT)
			return failure_set(failure, ERR_INVALID, "it has too many entries");
		if (buf_error(all[i]) != 0)
			return buf_error(all[i]);
	}
	return 0;
}

int
revoked_keys_parse(struct view file, struct revoked_keys **out, struct failure *failure)
{
	struct revoked_keys *keys = calloc(1, sizeof(*keys));
	int err;

	*out = NULL;
	if (keys == NULL)
		return ERR_MEMORY;
	keys->sha256 = buf_init((size_t)REVOKED_KEYS_ENTRIES_MAX * SHA256_BYTES);
	keys->sha1 = buf_init((size_t)REVOKED_KEYS_ENTRIES_MAX * SHA1_BYTES);
	keys->serials = buf_init((size_t)REVOKED_KEYS_ENTRIES_MAX * SERIALS_BYTES);
	keys->key_ids = buf_init((size_t)REVOKED_KEYS_ENTRIES_MAX * SHA256_BYTES);
	err = revoked_krl_is(file) ? revoked_krl_read(file, keys, failure)
				   : revoked_text_read(file, keys, failure);
	if (err == 0)
		err = check_buffers(keys, failure);
	if (err == 0)
		*out = keys;
	else
		revoked_keys_free(&keys);
	return err;
}

void
revoked_keys_free(struct revoked_keys **keys)
{
	struct revoked_keys *last = *keys;

	*keys = NULL;
	if (last == NULL)
		return;
	buf_free(&last->sha256);
	buf_free(&last->sha1);
	buf_free(&last->serials);
	buf_free(&last->key_ids);
	free(last);
}

size_t
revoked_keys_count(const struct revoked_keys *keys)
{
	if (keys == NULL)
		return 0;
	return keys->sha256.n / SHA256_BYTES + keys->sha1.n / SHA1_BYTES +
	       keys->serials.n / SERIALS_BYTES + keys->key_id_count;
}

static bool
has_hash(const struct buf *hashes, enum digest_algorithm algorithm, struct view blob)
{
	uint8_t hash[DIGEST_BYTES_MAX];
	size_t size = digest_bytes(algorithm);

	if (hashes->n == 0 || blob.n == 0)
		return false;
	if (digest_once(algorithm, blob, hash) != 0)
		return true; /* whoever cannot be looked up does not come in */
	for (size_t at = 0; at < hashes->n; at += size) {
		if (memcmp(hashes->p + at, hash, size) == 0)
			return true;
	}
	return false;
}

static bool
has_blob(const struct revoked_keys *keys, struct view blob)
{
	return has_hash(&keys->sha256, DIGEST_SHA256, blob) ||
	       has_hash(&keys->sha1, DIGEST_SHA1, blob);
}

static bool
is_by(struct view authority, const uint8_t *hash)
{
	return memcmp(authority.p, hash, SHA256_BYTES) == 0 ||
	       memcmp(authority.p, revoked_by_any, SHA256_BYTES) == 0;
}

static bool
has_serial(const struct revoked_keys *keys, const uint8_t *authority, uint64_t serial)
{
	struct rd r = rd_of(buf_view(&keys->serials));

	while (serial != 0 && r.n > 0) {
		struct view by = rd_raw(&r, SHA256_BYTES);
		uint64_t first = rd_u64(&r), last = rd_u64(&r);

		if (serial >= first && serial <= last && is_by(by, authority))
			return true;
	}
	return false;
}

static bool
has_key_id(const struct revoked_keys *keys, const uint8_t *authority, struct view id)
{
	struct rd r = rd_of(buf_view(&keys->key_ids));

	while (r.n > 0) {
		struct view by = rd_raw(&r, SHA256_BYTES);

		if (view_eq(rd_str(&r, REVOKED_KEYS_FILE_MAX), id) && is_by(by, authority))
			return true;
	}
	return false;
}

const char *
revoked_keys_find(const struct revoked_keys *keys, const struct revoked_question *question)
{
	uint8_t authority[SHA256_BYTES];

	if (keys == NULL)
		return NULL;
	if (has_blob(keys, question->key))
		return "its key";
	if (question->certificate.n == 0)
		return NULL;
	if (has_blob(keys, question->certificate))
		return "the certificate itself";
	if (has_blob(keys, question->authority))
		return "its authority";
	if (digest_once(DIGEST_SHA256, question->authority, authority) != 0 ||
	    has_serial(keys, authority, question->serial))
		return "its serial number";
	return has_key_id(keys, authority, question->key_id) ? "its key id" : NULL;
}
