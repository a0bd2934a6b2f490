#include "crypto/signature_name.h"

#include "crypto/certificate.h"
#include "crypto/fetched.h"

#define CERTIFICATE "-cert-v01@openssh.com"

static const struct signature_name names[] = {
	{ "ssh-ed25519", "ssh-ed25519" CERTIFICATE, KEY_ED25519, 0, 0 },
	{ "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519" CERTIFICATE, KEY_SK_ED25519, 0, 0 },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" CERTIFICATE, KEY_ECDSA_P256, DIGEST_SHA256,
	    0 },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" CERTIFICATE, KEY_ECDSA_P384, DIGEST_SHA384,
	    0 },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" CERTIFICATE, KEY_ECDSA_P521, DIGEST_SHA512,
	    0 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256" CERTIFICATE,
	    KEY_SK_ECDSA_P256, DIGEST_SHA256, 0 },
	{ "rsa-sha2-512", "rsa-sha2-512" CERTIFICATE, KEY_RSA, DIGEST_SHA512, 0 },
	{ "rsa-sha2-256", "rsa-sha2-256" CERTIFICATE, KEY_RSA, DIGEST_SHA256, 0 },
	{ "ssh-rsa", "ssh-rsa" CERTIFICATE, KEY_RSA, DIGEST_SHA1, PUBLIC_KEY_ALLOW_SHA1 },
};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };

const struct signature_name *
signature_name_at(size_t number, unsigned allow)
{
	size_t i;

	for (i = 0; i < NAME_COUNT; i++) {
		if ((names[i].needs & ~allow) == 0 && number-- == 0)
			return &names[i];
	}
	return NULL;
}

const struct signature_name *
signature_name_find(enum key_type type, struct view algorithm, unsigned allow)
{
	size_t i;

	for (i = 0; i < NAME_COUNT; i++) {
		if (names[i].type == type && view_is(algorithm, names[i].name) &&
		    (names[i].needs & ~allow) == 0)
			return &names[i];
	}
	return NULL;
}

const char *
signature_name_digest(const struct signature_name *name)
{
	if (name->type == KEY_ED25519 || name->type == KEY_SK_ED25519)
		return NULL;
	return digest_openssl_name(name->digest);
}

const char *
certificate_name(struct view plain)
{
	size_t i;

	for (i = 0; i < NAME_COUNT; i++) {
		if (view_is(plain, names[i].name))
			return names[i].certificate;
	}
	return NULL;
}

const char *
certificate_plain_name(struct view name)
{
	size_t i;

	for (i = 0; i < NAME_COUNT; i++) {
		if (view_is(name, names[i].certificate))
			return names[i].name;
	}
	return NULL;
}

bool
public_key_accepts(enum key_type type, struct view algorithm, unsigned allow)
{
	return signature_name_find(type, algorithm, allow) != NULL;
}

const char *
public_key_algorithm_at(size_t number, unsigned allow)
{
	const struct signature_name *name = signature_name_at(number, allow);

	return name == NULL ? NULL : name->name;
}
