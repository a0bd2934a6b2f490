#include "accounts/password.h"

#include "accounts/password_crypt.h"
#include "accounts/password_parts.h"
#include "accounts/password_pbkdf2.h"

#include "base/encode.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <argon2.h>
#include <stdlib.h>
#include <string.h>

enum {
	SALT_BYTES = 16,
	KEY_BYTES = 32,
	STORED_SALT_MIN = 8, /* what argon2 itself asks for */
	STORED_SALT_MAX = 256,
	STORED_KEY_MIN = 16, /* a short key matches many passwords, an empty one all */
	STORED_KEY_MAX = 256,
};

const struct password_cost password_cost_default = { .memory_kib = 65536, .passes = 3, .lanes = 2 };

static bool
is_argon2(const char *hash)
{
	static const char prefix[] = "$argon2id$";

	return strncmp(hash, prefix, sizeof(prefix) - 1) == 0;
}

bool
password_is_hash(const char *text)
{
	return is_argon2(text) || password_pbkdf2_knows(text) || password_crypt_knows(text);
}

const char *
password_result_text(enum password_result result)
{
	switch (result) {
	case PASSWORD_RIGHT: return "the password matches";
	case PASSWORD_WRONG: return "Invalid credentials";
	case PASSWORD_EMPTY: return "Credentials cannot be null or empty";
	case PASSWORD_TOO_LONG: return "the offered password is too long";
	case PASSWORD_BROKEN:
		return "the stored password hash cannot be read, or asks for too "
		       "much memory or time: set the password anew";
	case PASSWORD_FAILED: return "no memory is left to check a password";
	}
	return "Invalid credentials";
}

static int
derive(struct view password, const struct password_cost *cost, struct view salt, uint8_t *key,
    size_t key_bytes)
{
	/* libargon2 takes its inputs without const, and changes none of them with flags 0. */
	argon2_context context = {
		.out = key,
		.outlen = (uint32_t)key_bytes,
		.pwd = (uint8_t *)(uintptr_t)password.p,
		.pwdlen = (uint32_t)password.n,
		.salt = (uint8_t *)(uintptr_t)salt.p,
		.saltlen = (uint32_t)salt.n,
		.t_cost = cost->passes,
		.m_cost = cost->memory_kib,
		.lanes = cost->lanes,
		.threads = cost->lanes,
		.version = ARGON2_VERSION_13,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
	int result = argon2_ctx(&context, Argon2_id);

	if (result == ARGON2_THREAD_FAIL) {
		context.threads = 1;
		result = argon2_ctx(&context, Argon2_id);
	}
	if (result == ARGON2_OK)
		return 0;
	return result == ARGON2_MEMORY_ALLOCATION_ERROR || result == ARGON2_THREAD_FAIL
		   ? ERR_MEMORY
		   : ERR_INVALID;
}

int
password_hash(struct view password, const struct password_cost *cost, char **out)
{
	uint8_t salt[SALT_BYTES], key[KEY_BYTES];
	struct buf text = buf_init(PASSWORD_HASH_MAX);
	int err;

	*out = NULL;
	if (cost == NULL)
		cost = &password_cost_default;
	if (password.n == 0 || password.n > PASSWORD_BYTES_MAX)
		return ERR_INVALID;
	crypto_random(salt, sizeof(salt));
	err =
	    derive(password, cost, (struct view){ .p = salt, .n = sizeof(salt) }, key, sizeof(key));
	if (err != 0)
		goto out;
	buf_printf(
	    &text, "$argon2id$v=19$m=%u,t=%u,p=%u$", cost->memory_kib, cost->passes, cost->lanes);
	base64_encode(&text, (struct view){ .p = salt, .n = sizeof(salt) }, false);
	buf_u8(&text, '$');
	base64_encode(&text, (struct view){ .p = key, .n = sizeof(key) }, false);
	if ((err = buf_error(&text)) == 0 && (*out = view_dup(buf_view(&text))) == NULL)
		err = ERR_MEMORY;
out:
	secret_wipe(key, sizeof(key));
	buf_free(&text);
	return err;
}

/* --- PHC strings: $argon2id$v=19$m=65536,t=3,p=2$salt$hash --- */

struct stored {
	struct password_cost cost;
	struct buf salt;
	struct buf key;
};

static int
parse_stored(const char *hash, struct stored *out)
{
	struct rd r = rd_init(hash, strlen(hash));
	struct view salt, key;
	int err;

	rd_expect(&r, "$argon2id$v=19$m=");
	out->cost.memory_kib = rd_decimal(&r, PASSWORD_MEMORY_MAX_KIB);
	rd_expect(&r, ",t=");
	out->cost.passes = rd_decimal(&r, PASSWORD_PASSES_MAX);
	rd_expect(&r, ",p=");
	out->cost.lanes = rd_decimal(&r, PASSWORD_LANES_MAX);
	rd_expect(&r, "$");
	salt = rd_until_dollar(&r);
	rd_expect(&r, "$");
	key = rd_rest(&r);
	if ((err = rd_end(&r)) != 0 || (err = base64_decode(&out->salt, salt)) != 0 ||
	    (err = base64_decode(&out->key, key)) != 0)
		return err;
	return out->salt.n < STORED_SALT_MIN || out->key.n < STORED_KEY_MIN ? ERR_SHORT : 0;
}

static enum password_result
check_argon2(const char *hash, struct view password)
{
	struct stored stored = { .salt = buf_init(STORED_SALT_MAX),
		.key = buf_init(STORED_KEY_MAX) };
	enum password_result result = PASSWORD_BROKEN;
	uint8_t key[STORED_KEY_MAX] = { 0 };
	int err;

	if (parse_stored(hash, &stored) != 0)
		goto out;
	err = derive(password, &stored.cost, buf_view(&stored.salt), key, stored.key.n);
	if (err == 0)
		result =
		    crypto_equal(key, stored.key.p, stored.key.n) ? PASSWORD_RIGHT : PASSWORD_WRONG;
	else if (err == ERR_MEMORY)
		result = PASSWORD_FAILED;
out:
	secret_wipe(key, sizeof(key));
	buf_free(&stored.salt);
	buf_free(&stored.key);
	return result;
}

enum password_result
password_check(const char *hash, struct view password)
{
	if (hash[0] == '\0' || password.n == 0)
		return PASSWORD_EMPTY;
	if (password.n > PASSWORD_BYTES_MAX)
		return PASSWORD_TOO_LONG;
	if (strlen(hash) > PASSWORD_HASH_MAX)
		return PASSWORD_BROKEN;
	if (is_argon2(hash))
		return check_argon2(hash, password);
	if (password_pbkdf2_knows(hash))
		return password_pbkdf2_check(hash, password);
	if (password_crypt_knows(hash))
		return password_crypt_check(hash, password);
	return PASSWORD_BROKEN;
}

enum password_result
password_check_dummy(struct view password, const struct password_cost *cost)
{
	static const uint8_t salt[SALT_BYTES] = "no such password";
	uint8_t key[KEY_BYTES];
	int err;

	if (password.n == 0)
		return PASSWORD_EMPTY;
	if (password.n > PASSWORD_BYTES_MAX)
		return PASSWORD_TOO_LONG;
	err = derive(password, cost == NULL ? &password_cost_default : cost,
	    (struct view){ .p = salt, .n = sizeof(salt) }, key, sizeof(key));
	secret_wipe(key, sizeof(key));
	return err == ERR_MEMORY ? PASSWORD_FAILED : PASSWORD_WRONG;
}
