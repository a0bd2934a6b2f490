#include "accounts/password_pbkdf2.h"

#include "accounts/password_parts.h"

#include "base/encode.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <string.h>

static const struct {
	const char *prefix;
	enum digest_algorithm algorithm;
} kinds[] = {
	{ "$pbkdf2-sha1$", DIGEST_SHA1 },
	{ "$pbkdf2-sha256$", DIGEST_SHA256 },
	{ "$pbkdf2-sha512$", DIGEST_SHA512 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static size_t
kind_of(const char *hash)
{
	size_t kind = 0;

	while (kind < KINDS && strncmp(hash, kinds[kind].prefix, strlen(kinds[kind].prefix)) != 0)
		kind++;
	return kind;
}

bool
password_pbkdf2_knows(const char *hash)
{
	return kind_of(hash) < KINDS;
}

struct stored {
	uint32_t iterations;
	struct view salt; /* of the text that was parsed */
	struct buf key;
};

static int
parse_stored(const char *hash, const char *prefix, struct stored *out)
{
	struct rd r = rd_init(hash, strlen(hash));
	struct view key;
	int err;

	rd_expect(&r, prefix);
	out->iterations = rd_decimal(&r, PASSWORD_PBKDF2_ITERATIONS_MAX);
	rd_expect(&r, "$");
	out->salt = rd_until_dollar(&r);
	rd_expect(&r, "$");
	key = rd_rest(&r);
	return (err = rd_end(&r)) != 0 ? err : base64_decode(&out->key, key);
}

enum password_result
password_pbkdf2_check(const char *hash, struct view password)
{
	size_t kind = kind_of(hash), n = digest_bytes(kinds[kind].algorithm);
	struct stored stored = { .key = buf_init(DIGEST_BYTES_MAX) };
	enum password_result result = PASSWORD_BROKEN;
	uint8_t key[DIGEST_BYTES_MAX] = { 0 };

	if (parse_stored(hash, kinds[kind].prefix, &stored) != 0 || stored.key.n != n)
		goto out;
	if (pbkdf2(kinds[kind].algorithm, password, stored.salt, stored.iterations, key, n) != 0)
		result = PASSWORD_FAILED;
	else
		result = crypto_equal(key, stored.key.p, n) ? PASSWORD_RIGHT : PASSWORD_WRONG;
out:
	secret_wipe(key, sizeof(key));
	buf_free(&stored.key);
	return result;
}
