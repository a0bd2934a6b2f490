#include "ssh/algorithms.h"

#include "crypto/crypto.h"

#include <string.h>

/* Signatures of host keys, best first; the last is for preset legacy alone. */
static const char *const host_key_names[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"rsa-sha2-512",
	"rsa-sha2-256",
	"ssh-rsa",
};

/* "zlib" itself would run before authentication and is not offered (too much code too early). */
static const char *const compression_names[] = { "none", "zlib@openssh.com" };

/*
 * What an audit has no remark on: no NIST curves, no 2048-bit groups, no MAC that leaves the
 * ciphertext open.
 */
static const char *const modern_names[] = {
	"mlkem768x25519-sha256",
	"curve25519-sha256",
	"curve25519-sha256@libssh.org",
	"diffie-hellman-group16-sha512",
	"diffie-hellman-group18-sha512",
	"ssh-ed25519",
	"rsa-sha2-512",
	"rsa-sha2-256",
	"chacha20-poly1305@openssh.com",
	"aes256-gcm@openssh.com",
	"aes128-gcm@openssh.com",
	"aes256-ctr",
	"aes192-ctr",
	"aes128-ctr",
	"hmac-sha2-256-etm@openssh.com",
	"hmac-sha2-512-etm@openssh.com",
	"none",
	"zlib@openssh.com",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_modern(const char *name)
{
	for (size_t i = 0; i < COUNT(modern_names); i++)
		if (strcmp(modern_names[i], name) == 0)
			return true;
	return false;
}

const char *
ssh_algorithm_name(enum ssh_algorithm_class class, size_t number)
{
	const struct key_agreement_algorithm *kex;
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;

	switch (class) {
	case SSH_ALGORITHM_KEX: return (kex = key_agreement_at(number)) == NULL ? NULL : kex->name;
	case SSH_ALGORITHM_HOST_KEY:
		return number < COUNT(host_key_names) ? host_key_names[number] : NULL;
	case SSH_ALGORITHM_CIPHER:
		return (cipher = packet_cipher_algorithm_at(number)) == NULL ? NULL : cipher->name;
	case SSH_ALGORITHM_MAC:
		return (mac = packet_mac_algorithm_at(number)) == NULL ? NULL : mac->name;
	case SSH_ALGORITHM_COMPRESSION:
		return number < COUNT(compression_names) ? compression_names[number] : NULL;
	case SSH_ALGORITHM_USER_KEY: return public_key_algorithm_at(number, PUBLIC_KEY_ALLOW_SHA1);
	case SSH_ALGORITHM_CLASSES: break;
	}
	return NULL;
}

static bool
is_legacy(enum ssh_algorithm_class class, const char *name)
{
	switch (class) {
	case SSH_ALGORITHM_KEX: return key_agreement_find(view_of(name))->is_legacy;
	case SSH_ALGORITHM_CIPHER: return packet_cipher_find(view_of(name))->is_legacy;
	case SSH_ALGORITHM_MAC: return packet_mac_find(view_of(name))->is_legacy;
	case SSH_ALGORITHM_HOST_KEY:
	case SSH_ALGORITHM_USER_KEY: return strcmp(name, "ssh-rsa") == 0;
	case SSH_ALGORITHM_COMPRESSION:
	case SSH_ALGORITHM_CLASSES: break;
	}
	return false;
}

enum ssh_algorithm_status
ssh_algorithm_status(enum ssh_algorithm_class class, struct view name)
{
	const char *known;

	for (size_t i = 0; (known = ssh_algorithm_name(class, i)) != NULL; i++)
		if (view_is(name, known))
			return SSH_ALGORITHM_AVAILABLE;
	if (class == SSH_ALGORITHM_KEX && key_agreement_known(name))
		return SSH_ALGORITHM_UNAVAILABLE;
	return SSH_ALGORITHM_UNKNOWN;
}

int
ssh_preset_parse(const char *name, enum ssh_preset *out)
{
	if (strcmp(name, "compatible") == 0)
		*out = SSH_PRESET_COMPATIBLE;
	else if (strcmp(name, "modern") == 0)
		*out = SSH_PRESET_MODERN;
	else if (strcmp(name, "legacy") == 0)
		*out = SSH_PRESET_LEGACY;
	else
		return ERR_INVALID;
	return 0;
}

/* False when the list is full. */
static bool
list_add(char list[static SSH_NAME_LIST_MAX], struct view name)
{
	size_t used = strlen(list);

	if (used + name.n + 2 > SSH_NAME_LIST_MAX)
		return false;
	if (used > 0)
		list[used++] = ',';
	memcpy(list + used, name.p, name.n);
	list[used + name.n] = '\0';
	return true;
}

void
ssh_algorithms_preset(enum ssh_preset preset, struct ssh_algorithms *out)
{
	const char *name;

	memset(out, 0, sizeof(*out));
	for (int class = 0; class < SSH_ALGORITHM_CLASSES; class ++) {
		for (size_t i = 0; (name = ssh_algorithm_name(class, i)) != NULL; i++) {
			if (preset != SSH_PRESET_LEGACY && is_legacy(class, name))
				continue;
			/* A user's key is the user's own choice: the audit is about what we offer.
			 */
			if (preset == SSH_PRESET_MODERN && class != SSH_ALGORITHM_USER_KEY &&
			    !is_modern(name))
				continue;
			if (!list_add(out->list[class], view_of(name)))
				bug("the names of class %d do not fit", class);
		}
	}
}

int
ssh_algorithms_set(struct ssh_algorithms *algorithms, enum ssh_algorithm_class class,
    const char *const *names, size_t count, size_t *bad_out)
{
	char list[SSH_NAME_LIST_MAX] = "";

	*bad_out = 0;
	if (count == 0)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		struct view name = view_of(names[i]);

		*bad_out = i;
		switch (ssh_algorithm_status(class, name)) {
		case SSH_ALGORITHM_UNKNOWN: return ERR_INVALID;
		case SSH_ALGORITHM_UNAVAILABLE: return ERR_UNSUPPORTED;
		case SSH_ALGORITHM_AVAILABLE: break;
		}
		if (!ssh_name_list_has(view_of(list), name) && !list_add(list, name))
			return ERR_LIMIT;
	}
	memcpy(algorithms->list[class], list, sizeof(list));
	return 0;
}

bool
ssh_name_list_has(struct view list, struct view name)
{
	struct view one;

	while (view_next_name(&list, &one))
		if (view_eq(one, name))
			return true;
	return false;
}

bool
ssh_negotiate(struct view client, struct view ours, struct view *out)
{
	struct view theirs, one, rest;

	while (view_next_name(&client, &theirs)) {
		if (theirs.n == 0)
			continue;
		rest = ours;
		while (view_next_name(&rest, &one)) {
			if (view_eq(one, theirs)) {
				*out = one;
				return true;
			}
		}
	}
	*out = (struct view){ 0 };
	return false;
}
