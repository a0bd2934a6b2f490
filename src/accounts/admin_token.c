/* API keys and sessions of administrators. Of each token the file holds a digest alone. */
#include "accounts/admin_database.h"

#include "base/encode.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_PREFIX "postern-key-"
#define SESSION_PREFIX "postern-session-"
enum { RANDOM_BYTES = 24, DIGEST_BYTES = 32 };

static int
digest_of(struct view token, uint8_t digest[DIGEST_BYTES])
{
	return digest_once(DIGEST_SHA256, token, digest);
}

/* A fresh token, and what is stored of it. */
static int
make_token(const char *prefix, char out[ADMIN_TOKEN_MAX], uint8_t digest[DIGEST_BYTES])
{
	struct buf text = buf_init(ADMIN_TOKEN_MAX);
	uint8_t random[RANDOM_BYTES];
	int err;

	crypto_random(random, sizeof(random));
	buf_text(&text, prefix);
	hex_encode(&text, (struct view){ .p = random, .n = sizeof(random) });
	if ((err = buf_error(&text)) == 0)
		err = view_copy(buf_view(&text), out, ADMIN_TOKEN_MAX);
	if (err == 0)
		err = digest_of(buf_view(&text), digest);
	secret_wipe(random, sizeof(random));
	buf_free(&text);
	return err;
}

/* ---- keys */

int
admin_key_add(struct admin_store *store, const struct admin_key *key,
    char token_out[ADMIN_TOKEN_MAX], struct failure *failure)
{
	char *areas = json_dumps(key->areas, JSON_COMPACT);
	uint8_t digest[DIGEST_BYTES];
	struct admin_statement s;
	int err = areas == NULL ? ERR_MEMORY : make_token(KEY_PREFIX, token_out, digest);

	if (err == 0) {
		s = admin_begin(store,
		    "INSERT INTO keys (username, name, digest, areas, created, expires)"
		    " VALUES (?, ?, ?, ?, ?, ?)");
		admin_bind_text(&s, key->username);
		admin_bind_text(&s, key->name);
		admin_bind_bytes(&s, digest, sizeof(digest));
		admin_bind_text(&s, areas);
		admin_bind_number(&s, key->created);
		admin_bind_number(&s, key->expires);
		err = admin_end(&s, NULL, failure);
	}
	free(areas);
	return err == ERR_EXISTS ? failure_set(failure, ERR_EXISTS,
				       "\"%s\" has a key \"%s\" already, or is no administrator",
				       key->username, key->name)
				 : err;
}

#define KEY_COLUMNS "username, name, areas, created, expires"

static int
read_key(const struct admin_statement *s, struct admin_key *out, struct failure *failure)
{
	*out = (struct admin_key){ .created = admin_number(s, 3), .expires = admin_number(s, 4) };
	snprintf(out->username, sizeof(out->username), "%s", admin_text(s, 0));
	snprintf(out->name, sizeof(out->name), "%s", admin_text(s, 1));
	out->areas = json_loads(admin_text(s, 2), 0, NULL);
	return out->areas != NULL ? 0 : failure_set(failure, ERR_FORMAT,
					    "what is stored of the key \"%s\" cannot be read",
					    out->name);
}

int
admin_key_each(struct admin_store *store, const char *username,
    int (*each)(void *data, const struct admin_key *key), void *data, struct failure *failure)
{
	struct admin_statement s = admin_begin(store, "SELECT " KEY_COLUMNS
	    " FROM keys WHERE ?1 = '' OR username = ?1 ORDER BY username, name");
	int err = 0, ended;

	admin_bind_text(&s, username != NULL ? username : "");
	while (err == 0 && admin_step(&s)) {
		struct admin_key key;

		if ((err = read_key(&s, &key, failure)) == 0)
			err = each(data, &key);
		json_decref(key.areas);
	}
	ended = admin_end(&s, NULL, failure);
	return err != 0 ? err : ended;
}

int
admin_key_remove(struct admin_store *store, const char *username, const char *name,
    struct failure *failure)
{
	struct admin_statement s =
	    admin_begin(store, "DELETE FROM keys WHERE username = ? AND name = ?");
	int err, changed;

	admin_bind_text(&s, username);
	admin_bind_text(&s, name);
	err = admin_end(&s, &changed, failure);
	return err == 0 && changed == 0 ? failure_set(failure, ERR_NOT_FOUND,
					      "\"%s\" has no key \"%s\"", username, name)
					: err;
}

int
admin_key_find(struct admin_store *store, struct view token, int64_t now_ms,
    struct admin_key *out, struct failure *failure)
{
	uint8_t digest[DIGEST_BYTES];
	struct admin_statement s;
	int err = digest_of(token, digest), ended;

	*out = (struct admin_key){ 0 };
	if (err != 0)
		return err;
	s = admin_begin(store, "SELECT " KEY_COLUMNS
	    " FROM keys WHERE digest = ? AND (expires = 0 OR expires > ?)");
	admin_bind_bytes(&s, digest, sizeof(digest));
	admin_bind_number(&s, now_ms);
	err = admin_step(&s) ? read_key(&s, out, failure) : ERR_NOT_FOUND;
	ended = admin_end(&s, NULL, failure);
	return ended != 0 ? ended : err;
}

/* ---- sessions */

bool
admin_token_is_session(struct view token)
{
	size_t n = strlen(SESSION_PREFIX);

	return token.n > n && memcmp(token.p, SESSION_PREFIX, n) == 0;
}

static int
remove_expired(struct admin_store *store, int64_t now_ms, struct failure *failure)
{
	struct admin_statement s = admin_begin(store, "DELETE FROM sessions WHERE expires <= ?");

	admin_bind_number(&s, now_ms);
	return admin_end(&s, NULL, failure);
}

int
admin_session_add(struct admin_store *store, const char *username, int64_t now_ms,
    int64_t expires_ms, char token_out[ADMIN_TOKEN_MAX], struct failure *failure)
{
	uint8_t digest[DIGEST_BYTES];
	struct admin_statement s;
	int err = remove_expired(store, now_ms, failure);

	if (err == 0)
		err = make_token(SESSION_PREFIX, token_out, digest);
	if (err != 0)
		return err;
	s = admin_begin(
	    store, "INSERT INTO sessions (digest, username, expires) VALUES (?, ?, ?)");
	admin_bind_bytes(&s, digest, sizeof(digest));
	admin_bind_text(&s, username);
	admin_bind_number(&s, expires_ms);
	return admin_end(&s, NULL, failure);
}

int
admin_session_find(struct admin_store *store, struct view token, int64_t now_ms,
    char username_out[USER_NAME_MAX + 1], struct failure *failure)
{
	uint8_t digest[DIGEST_BYTES];
	struct admin_statement s;
	bool found;
	int err = digest_of(token, digest);

	if (err != 0)
		return err;
	s = admin_begin(store, "SELECT username FROM sessions WHERE digest = ? AND expires > ?");
	admin_bind_bytes(&s, digest, sizeof(digest));
	admin_bind_number(&s, now_ms);
	found = admin_step(&s);
	if (found)
		snprintf(username_out, USER_NAME_MAX + 1, "%s", admin_text(&s, 0));
	err = admin_end(&s, NULL, failure);
	return err != 0 || found ? err : ERR_NOT_FOUND;
}

int
admin_session_remove(struct admin_store *store, struct view token, struct failure *failure)
{
	uint8_t digest[DIGEST_BYTES];
	struct admin_statement s;
	int err = digest_of(token, digest), changed;

	if (err != 0)
		return err;
	s = admin_begin(store, "DELETE FROM sessions WHERE digest = ?");
	admin_bind_bytes(&s, digest, sizeof(digest));
	err = admin_end(&s, &changed, failure);
	return err == 0 && changed == 0 ? ERR_NOT_FOUND : err;
}

int
admin_sessions_remove(struct admin_store *store, const char *username, struct failure *failure)
{
	struct admin_statement s = admin_begin(store, "DELETE FROM sessions WHERE username = ?");

	admin_bind_text(&s, username);
	return admin_end(&s, NULL, failure);
}

int
admin_session_csrf(struct view token, char out[ADMIN_TOKEN_MAX])
{
	uint8_t mark[DIGEST_BYTES];
	struct buf text = buf_init(ADMIN_TOKEN_MAX);
	int err = hmac_once(DIGEST_SHA256, token, view_of("csrf"), mark);

	if (err == 0) {
		hex_encode(&text, (struct view){ .p = mark, .n = sizeof(mark) });
		err = buf_error(&text);
	}
	if (err == 0)
		err = view_copy(buf_view(&text), out, ADMIN_TOKEN_MAX);
	buf_free(&text);
	return err;
}
