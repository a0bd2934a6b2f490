#include "accounts/password_crypt.h"

#include "base/secret.h"
#include "crypto/crypto.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the whole family: a character is six bits. */
static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* --- MD5-crypt: "$1$" as in FreeBSD 2.0, "$apr1$" as in Apache, which differs by the name alone */

enum { MD5_BYTES = 16, MD5_SALT_MAX = 8, MD5_ROUNDS = 1000, MD5_TEXT_BYTES = 22 };

/* A digest that remembers its first failure, so that a formula can be written as one. */
struct md5 {
	struct digest *digest;
	int err;
};

static void
md5_add(struct md5 *md5, const void *bytes, size_t n)
{
	if (md5->err == 0)
		md5->err = digest_update(md5->digest, bytes, n);
}

static void
md5_end(struct md5 *md5, uint8_t *out)
{
	if (md5->err == 0)
		md5->err = digest_final(md5->digest, out);
}

static void
md5_crypt_start(
    struct md5 *md5, struct view magic, struct view salt, struct view password, uint8_t *state)
{
	uint8_t inner[MD5_BYTES] = { 0 };

	md5_add(md5, password.p, password.n);
	md5_add(md5, salt.p, salt.n);
	md5_add(md5, password.p, password.n);
	md5_end(md5, inner);

	md5_add(md5, password.p, password.n);
	md5_add(md5, magic.p, magic.n);
	md5_add(md5, salt.p, salt.n);
	for (size_t left = password.n; left > 0;) {
		size_t n = left < MD5_BYTES ? left : MD5_BYTES;

		md5_add(md5, inner, n);
		left -= n;
	}
	for (size_t bits = password.n; bits > 0; bits >>= 1)
		md5_add(md5, (bits & 1) != 0 ? (const uint8_t *)"" : password.p, 1);
	md5_end(md5, state);
	secret_wipe(inner, sizeof(inner));
}

static void
md5_crypt_round(
    struct md5 *md5, unsigned round, struct view salt, struct view password, uint8_t *state)
{
	struct view before = { .p = state, .n = MD5_BYTES };
	struct view first = (round & 1) != 0 ? password : before;
	struct view last = (round & 1) != 0 ? before : password;

	md5_add(md5, first.p, first.n);
	if (round % 3 != 0)
		md5_add(md5, salt.p, salt.n);
	if (round % 7 != 0)
		md5_add(md5, password.p, password.n);
	md5_add(md5, last.p, last.n);
	md5_end(md5, state);
}

/* Six bits a character, the lowest first. */
static char *
write_bits(char *out, uint32_t bits, unsigned characters)
{
	for (unsigned i = 0; i < characters; i++) {
		*out++ = alphabet[bits & 63];
		bits >>= 6;
	}
	return out;
}

static void
md5_crypt_text(const uint8_t *state, char *out)
{
	for (unsigned i = 0; i < 5; i++) {
		uint8_t third = i == 4 ? state[5] : state[12 + i];

		out = write_bits(
		    out, (uint32_t)state[i] << 16 | (uint32_t)state[6 + i] << 8 | third, 4);
	}
	write_bits(out, state[11], 2);
}

static enum password_result
check_md5(const char *hash, const char *magic_text, struct view password)
{
	struct view magic = view_of(magic_text);
	const char *salt_text = hash + magic.n, *dollar = strchr(salt_text, '$');
	uint8_t state[MD5_BYTES] = { 0 };
	char text[MD5_TEXT_BYTES];
	struct md5 md5 = { 0 };
	struct view salt;

	if (dollar == NULL || dollar - salt_text > MD5_SALT_MAX ||
	    strlen(dollar + 1) != MD5_TEXT_BYTES)
		return PASSWORD_BROKEN;
	salt = (struct view){ .p = (const uint8_t *)salt_text, .n = (size_t)(dollar - salt_text) };
	if ((md5.err = digest_new(DIGEST_MD5, &md5.digest)) == 0) {
		md5_crypt_start(&md5, magic, salt, password, state);
		for (unsigned i = 0; i < MD5_ROUNDS; i++)
			md5_crypt_round(&md5, i, salt, password, state);
	}
	digest_free(&md5.digest);
	if (md5.err != 0)
		return PASSWORD_FAILED;
	md5_crypt_text(state, text);
	secret_wipe(state, sizeof(state));
	return crypto_equal(text, dollar + 1, MD5_TEXT_BYTES) ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* --- what libcrypt does --- */

static enum password_result
check_libcrypt(const char *hash, struct view password)
{
	enum password_result result = PASSWORD_WRONG;
	char *text = view_dup(password), *made;
	struct crypt_data *data = calloc(1, sizeof(*data));
	size_t n = strlen(hash);

	errno = 0;
	if (text == NULL || data == NULL)
		result = PASSWORD_FAILED;
	/* NULL: a setting that cannot be used; another length: a setting without its hash. */
	else if ((made = crypt_rn(text, hash, data, (int)sizeof(*data))) == NULL ||
		 strlen(made) != n)
		result = errno == ENOMEM ? PASSWORD_FAILED : PASSWORD_BROKEN;
	else if (crypto_equal(made, hash, n))
		result = PASSWORD_RIGHT;
	secret_free_str(text);
	secret_free(data, sizeof(*data));
	return result;
}

/* "$2b$12$...": two digits of cost. */
static bool
bcrypt_is_affordable(const char *hash)
{
	const char *cost = hash + 4;

	return cost[0] >= '0' && cost[0] <= '9' && cost[1] >= '0' && cost[1] <= '9' &&
	       (cost[0] - '0') * 10 + (cost[1] - '0') <= PASSWORD_BCRYPT_COST_MAX;
}

/* "$6$rounds=N$...", or "$6$salt$..." with 5000 rounds; "$5$" likewise. */
static bool
sha_is_affordable(const char *hash)
{
	static const char parameter[] = "rounds=";
	const char *rounds = hash + 3;

	if (strncmp(rounds, parameter, sizeof(parameter) - 1) != 0)
		return true;
	return strtoul(rounds + sizeof(parameter) - 1, NULL, 10) <= PASSWORD_SHA_ROUNDS_MAX;
}

/* One character of the crypt(3) alphabet as a number; 64 for any other. */
static unsigned
bits_of(char c)
{
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (unsigned)(at - alphabet) : 64;
}

/*
 * "$y$j9T$...": how it is done, log2(N) - 1 and r - 1, and perhaps more, of which only p is taken:
 * ".", then p - 2. Numbers from 48 on take several characters each; nobody can afford them.
 */
static bool
yescrypt_is_affordable(const char *hash)
{
	enum { ONE_CHARACTER_MAX = 47, LOG2_N_MAX = 30 };
	unsigned values[3], lanes = 1;
	const char *at = hash + 3;
	uint64_t kib;

	for (size_t i = 0; i < 3; i++) {
		if ((values[i] = bits_of(*at)) > ONE_CHARACTER_MAX)
			return false;
		at++;
	}
	if (*at == '.') {
		if (bits_of(at[1]) > ONE_CHARACTER_MAX)
			return false;
		lanes = bits_of(at[1]) + 2;
		at += 2;
	}
	if (*at != '$' || values[1] + 1 > LOG2_N_MAX)
		return false;
	/* RFC 7914 section 2: 128 * r * N bytes. */
	kib = ((UINT64_C(128) * (values[2] + 1)) << (values[1] + 1)) / 1024;
	return kib <= PASSWORD_MEMORY_MAX_KIB && kib * lanes <= PASSWORD_YESCRYPT_WORK_MAX_KIB;
}

/* --- the kinds --- */

static const struct {
	const char *prefix;
	bool (*is_affordable)(const char *hash); /* NULL: always, and not libcrypt's */
} kinds[] = {
	{ "$2a$", bcrypt_is_affordable },
	{ "$2b$", bcrypt_is_affordable },
	{ "$2y$", bcrypt_is_affordable },
	{ "$5$", sha_is_affordable },
	{ "$6$", sha_is_affordable },
	{ "$y$", yescrypt_is_affordable },
	{ "$1$", NULL },
	{ "$apr1$", NULL },
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
password_crypt_knows(const char *hash)
{
	return kind_of(hash) < KINDS;
}

enum password_result
password_crypt_check(const char *hash, struct view password)
{
	size_t kind = kind_of(hash);

	if (view_has_nul(password))
		return PASSWORD_WRONG;
	if (kinds[kind].is_affordable == NULL)
		return check_md5(hash, kinds[kind].prefix, password);
	if (!kinds[kind].is_affordable(hash))
		return PASSWORD_BROKEN;
	if (password.n >= CRYPT_MAX_PASSPHRASE_SIZE)
		return PASSWORD_TOO_LONG;
	return check_libcrypt(hash, password);
}
