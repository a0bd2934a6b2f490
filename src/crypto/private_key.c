#include "crypto/private_key.h"

#include "crypto/private_key_private.h"
#include "crypto/public_key_parts.h"
#include "crypto/result.h"
#include "crypto/signature_name.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

enum { PEM_WIDTH = 64, OPENSSH_WIDTH = 70 };

struct private_key {
	enum key_type type;
	EVP_PKEY *pkey;
	struct buf blob;
};

/* The type of an EC key by its curve; false for curves that SSH has no name for. */
static bool
ec_type(EVP_PKEY *pkey, enum key_type *type_out)
{
	static const enum key_type types[] = { KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521 };
	char name[64];
	size_t i;

	if (EVP_PKEY_get_utf8_string_param(
		pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), NULL) != 1)
		return false;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(name, ec_curve_of(types[i])->openssl_name) == 0) {
			*type_out = types[i];
			return true;
		}
	}
	return false;
}

static int
find_type(EVP_PKEY *pkey, enum key_type *type_out, const char **reason_out)
{
	int bits;

	if (EVP_PKEY_is_a(pkey, "ED25519") == 1) {
		*type_out = KEY_ED25519;
		return 0;
	}
	if (EVP_PKEY_is_a(pkey, "EC") == 1 && ec_type(pkey, type_out))
		return 0;
	if (EVP_PKEY_is_a(pkey, "RSA") != 1) {
		*reason_out = EVP_PKEY_is_a(pkey, "DSA") == 1 ? "DSA keys are not supported"
							      : "this type of key is not supported";
		return ERR_UNSUPPORTED;
	}
	*type_out = KEY_RSA;
	bits = EVP_PKEY_get_bits(pkey);
	if (bits < PUBLIC_KEY_RSA_BITS_MIN || bits > PUBLIC_KEY_RSA_BITS_MAX) {
		*reason_out = "the size of the RSA key is outside of 1024 to 8192 bits";
		return ERR_LIMIT;
	}
	return 0;
}

/*
 * Signs and checks: the halves of a file that was put together wrongly, or by somebody who wants
 * faulty signatures made, do not pass. The first signature of a large RSA key would take a quarter
 * of the server's start; its numbers tell the same.
 */
static int
prove(const struct private_key *k)
{
	struct buf signature = buf_init(PUBLIC_KEY_SIGNATURE_MAX);
	struct view data = view_of("proof"), name = view_of(private_key_algorithm_at(k, 0, 0));
	int err;

	if (k->type == KEY_RSA && rsa_numbers_agree(k->pkey))
		return 0;
	if ((err = private_key_sign(k, name, data, 0, &signature)) == 0)
		err = public_key_verify(buf_view(&k->blob), name, data, buf_view(&signature), 0);
	buf_free(&signature);
	return err == 0 ? 0 : ERR_CRYPTO;
}

int
private_key_take(EVP_PKEY *pkey, struct private_key **out, const char **reason_out)
{
	struct private_key *k;
	int err;

	*out = NULL;
	if ((k = calloc(1, sizeof(*k))) == NULL) {
		EVP_PKEY_free(pkey);
		return ERR_MEMORY;
	}
	k->pkey = pkey;
	k->blob = buf_init(PUBLIC_KEY_BLOB_MAX);
	if ((err = find_type(pkey, &k->type, reason_out)) != 0)
		goto out;
	*reason_out = "the parts of the key do not belong together";
	if ((err = public_key_from_pkey(k->type, pkey, &k->blob)) == 0 &&
	    (err = public_key_check(buf_view(&k->blob), NULL)) == 0)
		err = prove(k);
out:
	if (err != 0)
		private_key_free(&k);
	*out = k;
	return err;
}

/* The type-specific and PKCS#8 encodings, none of them encrypted. */
static int
parse_der(struct view label, struct view der, EVP_PKEY **out, const char **reason_out)
{
	const uint8_t *p = der.p;

	*out = NULL;
	if (view_is(label, "DSA PRIVATE KEY")) {
		*reason_out = "DSA keys are not supported";
		return ERR_UNSUPPORTED;
	}
	if (view_is(label, "RSA PRIVATE KEY"))
		*out = d2i_PrivateKey_ex(EVP_PKEY_RSA, NULL, &p, (long)der.n, NULL, NULL);
	else if (view_is(label, "EC PRIVATE KEY"))
		*out = d2i_PrivateKey_ex(EVP_PKEY_EC, NULL, &p, (long)der.n, NULL, NULL);
	else if (view_is(label, "PRIVATE KEY"))
		*out = d2i_AutoPrivateKey_ex(NULL, &p, (long)der.n, NULL, NULL);
	else {
		*reason_out = "this type of key is not supported";
		return ERR_UNSUPPORTED;
	}
	if (*out == NULL || p != der.p + der.n) {
		EVP_PKEY_free(*out);
		*out = NULL;
		(void)crypto_result(false);
		return ERR_FORMAT;
	}
	return 0;
}

static int
parse_pem(const struct pem *pem, EVP_PKEY **out, const char **reason_out)
{
	struct view bytes = buf_view(&pem->bytes);

	*out = NULL;
	if (pem->has_encryption || view_is(pem->label, "ENCRYPTED PRIVATE KEY")) {
		*reason_out = "the key is encrypted";
		return ERR_DENIED;
	}
	if (view_is(pem->label, "OPENSSH PRIVATE KEY"))
		return openssh_key_parse(bytes, out, reason_out);
	return parse_der(pem->label, bytes, out, reason_out);
}

int
private_key_parse(struct view file, struct private_key **out, const char **reason_out)
{
	const char *unused;
	EVP_PKEY *pkey = NULL;
	struct pem pem;
	int err;

	*out = NULL;
	if (reason_out == NULL)
		reason_out = &unused;
	*reason_out = "the file is too large for a key";
	if (file.n > PRIVATE_KEY_FILE_MAX)
		return ERR_LIMIT;
	*reason_out = "the file holds no private key";
	if ((err = pem_find_private(file, &pem)) != 0)
		return err;
	*reason_out = "the key file is damaged";
	if ((err = parse_pem(&pem, &pkey, reason_out)) == 0)
		err = private_key_take(pkey, out, reason_out);
	buf_free(&pem.bytes);
	return err;
}

int
private_key_generate(enum key_type type, struct private_key **out)
{
	const char *reason;
	EVP_PKEY *pkey = NULL;
	int err = 0;

	*out = NULL;
	switch (type) {
	case KEY_RSA:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)PRIVATE_KEY_RSA_BITS);
		break;
	case KEY_ED25519: pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521: err = pkey_generate_ec(ec_curve_of(type), &pkey); break;
	case KEY_SK_ECDSA_P256:
	case KEY_SK_ED25519: return ERR_UNSUPPORTED;
	}
	if (err != 0)
		return err;
	if (pkey == NULL)
		return crypto_result(false);
	return private_key_take(pkey, out, &reason);
}

/* PKCS#1 for RSA, SEC1 for EC. */
static int
serialise_der(const struct private_key *k, struct buf *out)
{
	const char *label = k->type == KEY_RSA ? "RSA PRIVATE KEY" : "EC PRIVATE KEY";
	uint8_t *der = NULL;
	int n = i2d_PrivateKey(k->pkey, &der);

	if (n <= 0)
		return crypto_result(false);
	pem_write(out, label, (struct view){ .p = der, .n = (size_t)n }, PEM_WIDTH);
	OPENSSL_clear_free(der, (size_t)n);
	return buf_error(out);
}

int
private_key_serialise(const struct private_key *k, const char *comment, struct buf *out)
{
	struct buf body = buf_init(PRIVATE_KEY_FILE_MAX);
	int err;

	if (k->type != KEY_ED25519)
		return serialise_der(k, out);
	if ((err = openssh_key_write(k->pkey, buf_view(&k->blob), comment, &body)) == 0) {
		pem_write(out, "OPENSSH PRIVATE KEY", buf_view(&body), OPENSSH_WIDTH);
		err = buf_error(out);
	}
	buf_free(&body);
	return err;
}

void
private_key_free(struct private_key **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->pkey);
	buf_free(&(*k)->blob);
	free(*k);
	*k = NULL;
}

EVP_PKEY *
private_key_pkey(const struct private_key *k)
{
	return k->pkey;
}

enum key_type
private_key_type(const struct private_key *k)
{
	return k->type;
}

struct view
private_key_blob(const struct private_key *k)
{
	return buf_view(&k->blob);
}

const char *
private_key_algorithm_at(const struct private_key *k, size_t number, unsigned allow)
{
	const struct signature_name *name;
	size_t i;

	for (i = 0; (name = signature_name_at(i, allow)) != NULL; i++) {
		if (name->type == k->type && number-- == 0)
			return name->name;
	}
	return NULL;
}

static int
sign_value(const struct private_key *k, const char *digest, struct view data, struct buf *out)
{
	struct buf der = buf_init(PUBLIC_KEY_SIGNATURE_MAX);
	int err;

	if (ec_curve_of(k->type) == NULL)
		return pkey_sign(k->pkey, digest, data, out);
	if ((err = pkey_sign(k->pkey, digest, data, &der)) == 0)
		err = ecdsa_signature_from_der(buf_view(&der), out);
	buf_free(&der);
	return err;
}

int
private_key_sign(const struct private_key *k, struct view algorithm, struct view data,
    unsigned allow, struct buf *signature_out)
{
	const struct signature_name *name = signature_name_find(k->type, algorithm, allow);
	struct buf value = buf_init(PUBLIC_KEY_SIGNATURE_MAX);
	int err;

	if (name == NULL)
		return ERR_DENIED;
	if ((err = sign_value(k, signature_name_digest(name), data, &value)) == 0) {
		buf_cstr(signature_out, name->name);
		buf_str(signature_out, buf_view(&value));
		err = buf_error(signature_out);
	}
	buf_free(&value);
	return err;
}
