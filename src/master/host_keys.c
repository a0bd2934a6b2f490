#include "master/host_keys.h"

#include "base/fd.h"
#include "config/config.h"
#include "crypto/crypto.h"
#include "master/host_certificates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is used, and made, when no key is configured. */
static const struct {
	const char *file;
	enum key_type type;
} defaults[] = {
	{ "id_rsa", KEY_RSA },
	{ "id_ecdsa", KEY_ECDSA_P256 },
	{ "id_ed25519", KEY_ED25519 },
};

struct host_keys {
	struct private_key *keys[KEY_TYPE_COUNT];
	struct buf certificates[KEY_TYPE_COUNT]; /* of the key with the same number; or empty */
	size_t count;
	unsigned allow;
	unsigned owners;
};

static void
mistake(struct buf *mistakes, const char *path, const char *what, const char *remedy)
{
	buf_printf(mistakes, "host key %s: %s; %s\n", path, what, remedy);
}

/* The later key of a type takes the place of the earlier one. */
static void
add(struct host_keys *keys, struct private_key *key)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (private_key_type(keys->keys[i]) == private_key_type(key)) {
			private_key_free(&keys->keys[i]);
			keys->keys[i] = key;
			return;
		}
	}
	keys->keys[keys->count++] = key;
}

static int
load_file(struct host_keys *keys, const char *path, struct buf *mistakes)
{
	struct buf file = buf_init(PRIVATE_KEY_FILE_MAX);
	struct private_key *key = NULL;
	const char *reason = NULL;
	int err;

	err = fd_read_file(path, &file);
	if (err == ERR_NOT_FOUND)
		goto out;
	if (err != 0) {
		mistake(mistakes, path, err == ERR_IO ? strerror(errno) : err_text(err),
		    "make the file readable for the user that starts the server");
		err = ERR_INVALID;
		goto out;
	}
	if (private_key_parse(buf_view(&file), &key, &reason) != 0) {
		mistake(mistakes, path, reason,
		    "give an unencrypted RSA, ECDSA or ed25519 key, as ssh-keygen -N '' makes it");
		err = ERR_INVALID;
		goto out;
	}
	add(keys, key);
out:
	buf_free(&file);
	return err;
}

static int
make_file(struct host_keys *keys, const char *path, enum key_type type, struct buf *mistakes)
{
	struct buf file = buf_init(PRIVATE_KEY_FILE_MAX);
	struct private_key *key = NULL;
	int err;

	err = private_key_generate(type, &key);
	if (err == 0)
		err = private_key_serialise(key, "postern", &file);
	if (err == 0)
		err = fd_write_file(path, 0600, buf_view(&file));
	if (err == 0) {
		add(keys, key);
		key = NULL;
	} else {
		mistake(mistakes, path, err == ERR_IO ? strerror(errno) : err_text(err),
		    "it was to be made: let the server write to its configuration directory, or name "
		    "existing keys in sftpd.keys");
		err = ERR_INVALID;
	}
	private_key_free(&key);
	buf_free(&file);
	return err;
}

static int
load_default(struct host_keys *keys, const struct config *config, size_t number,
	struct buf *mistakes)
{
	char *path = config_path(config, defaults[number].file);
	int err;

	if (path == NULL)
		return ERR_MEMORY;
	err = load_file(keys, path, mistakes);
	if (err == ERR_NOT_FOUND)
		err = make_file(keys, path, defaults[number].type, mistakes);
	free(path);
	return err;
}

static int
load_configured(struct host_keys *keys, const struct config *config, size_t number,
	struct buf *mistakes)
{
	char *path = config_path(config, config->sftpd.keys.items[number]);
	int err;

	if (path == NULL)
		return ERR_MEMORY;
	err = load_file(keys, path, mistakes);
	if (err == ERR_NOT_FOUND) {
		mistake(mistakes, path, "no such file", "correct sftpd.keys, or leave it empty");
		err = ERR_INVALID;
	}
	free(path);
	return err;
}

int
host_keys_load(struct host_keys **out, const struct config *config, unsigned allow,
	struct buf *mistakes, struct buf *warnings)
{
	struct host_keys *keys = calloc(1, sizeof(*keys));
	int err = 0, first = 0;

	*out = NULL;
	if (keys == NULL)
		return ERR_MEMORY;
	keys->allow = allow;
	keys->owners = 1;
	for (size_t i = 0; i < KEY_TYPE_COUNT; i++)
		keys->certificates[i] = buf_init(CERTIFICATE_BLOB_MAX);
	for (size_t i = 0; i < config->sftpd.keys.count; i++) {
		err = load_configured(keys, config, i, mistakes);
		first = first == 0 ? err : first;
	}
	for (size_t i = 0; config->sftpd.keys.count == 0 && i < sizeof(defaults) / sizeof(*defaults);
	     i++) {
		err = load_default(keys, config, i, mistakes);
		first = first == 0 ? err : first;
	}
	if (first == 0)
		first = host_certificates_load(keys, config, allow, mistakes, warnings);
	if (first != 0) {
		host_keys_free(&keys);
		return first;
	}
	*out = keys;
	return 0;
}

void
host_keys_free(struct host_keys **keys)
{
	struct host_keys *last = *keys;

	*keys = NULL;
	if (last == NULL || --last->owners > 0)
		return;
	for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
		private_key_free(&last->keys[i]);
		buf_free(&last->certificates[i]);
	}
	free(last);
}

struct host_keys *
host_keys_ref(struct host_keys *keys)
{
	keys->owners++;
	return keys;
}

bool
host_keys_equal(const struct host_keys *a, const struct host_keys *b)
{
	if (a->count != b->count || a->allow != b->allow)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!view_eq(host_keys_blob(a, i), host_keys_blob(b, i)) ||
		    !view_eq(host_keys_certificate(a, i), host_keys_certificate(b, i)))
			return false;
	}
	return true;
}

size_t
host_keys_count(const struct host_keys *keys)
{
	return keys->count;
}

struct view
host_keys_blob(const struct host_keys *keys, size_t number)
{
	return private_key_blob(keys->keys[number]);
}

struct view
host_keys_certificate(const struct host_keys *keys, size_t number)
{
	return buf_view(&keys->certificates[number]);
}

int
host_keys_certify(struct host_keys *keys, struct view public_blob, struct view certificate)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct buf *place = &keys->certificates[i];

		if (!view_eq(host_keys_blob(keys, i), public_blob))
			continue;
		buf_clear(place);
		buf_raw(place, certificate.p, certificate.n);
		return buf_error(place);
	}
	return ERR_NOT_FOUND;
}

const char *
host_keys_algorithm(const struct host_keys *keys, size_t number, size_t algorithm)
{
	return private_key_algorithm_at(keys->keys[number], algorithm, keys->allow);
}

void
host_keys_fingerprint(const struct host_keys *keys, size_t number, char *out)
{
	if (public_key_fingerprint(host_keys_blob(keys, number), out) != 0)
		bug("a host key without a fingerprint");
}

/* The key, and the name under which it signs for itself or for its certificate. */
static const struct private_key *
find(const struct host_keys *keys, struct view algorithm, const char **plain_out)
{
	for (size_t i = 0; i < keys->count; i++) {
		bool certified = keys->certificates[i].n > 0;
		const char *name;

		for (size_t j = 0; (name = host_keys_algorithm(keys, i, j)) != NULL; j++) {
			*plain_out = name;
			if (view_is(algorithm, name) ||
			    (certified && view_is(algorithm, certificate_name(view_of(name)))))
				return keys->keys[i];
		}
	}
	return NULL;
}

int
host_keys_sign(const struct host_keys *keys, struct view algorithm, struct view hash,
	struct buf *signature_out)
{
	const char *plain;
	const struct private_key *key = find(keys, algorithm, &plain);

	if (key == NULL)
		return ERR_NOT_FOUND;
	return private_key_sign(key, view_of(plain), hash, keys->allow, signature_out);
}

bool
host_keys_slow(const struct host_keys *keys, struct view algorithm)
{
	const char *plain;
	const struct private_key *key = find(keys, algorithm, &plain);

	return key != NULL && private_key_type(key) == KEY_RSA;
}
