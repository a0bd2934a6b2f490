#include "crypto/tls_pair.h"

#include "crypto/private_key_private.h"
#include "crypto/result.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct tls_pair {
	struct private_key *key;
	struct buf chain;
};

struct scheme {
	uint16_t number;
	enum key_type type; /* of ECDSA any curve will do: in TLS 1.2 it is not bound to the digest */
	const char *digest; /* NULL: ed25519, which signs the data itself */
	size_t digest_bytes;
	bool is_pss;
};

static const struct scheme schemes[] = {
	{ 0x0401, KEY_RSA, "SHA256", 32, false },
	{ 0x0501, KEY_RSA, "SHA384", 48, false },
	{ 0x0601, KEY_RSA, "SHA512", 64, false },
	{ 0x0804, KEY_RSA, "SHA256", 32, true },
	{ 0x0805, KEY_RSA, "SHA384", 48, true },
	{ 0x0806, KEY_RSA, "SHA512", 64, true },
	{ 0x0403, KEY_ECDSA_P256, "SHA256", 32, false },
	{ 0x0503, KEY_ECDSA_P256, "SHA384", 48, false },
	{ 0x0603, KEY_ECDSA_P256, "SHA512", 64, false },
	{ 0x0807, KEY_ED25519, NULL, 0, false },
};

/* ---- the files */

/*
 * Writes the certificates anew, each of them and nothing else: the file may hold the key as well,
 * and the chain goes to a process that must not have it. The first one is the server's own.
 */
static int
copy_chain(BIO *from, BIO *to, X509 **first_out)
{
	X509 *one;
	bool good = true;

	*first_out = NULL;
	while (good && (one = PEM_read_bio_X509(from, NULL, NULL, NULL)) != NULL) {
		good = PEM_write_bio_X509(to, one) == 1;
		if (*first_out == NULL)
			*first_out = one;
		else
			X509_free(one);
	}
	/* the loop ends with an error, which is that there is no more */
	good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	(void)crypto_result(false);
	return good && *first_out != NULL ? 0 : ERR_FORMAT;
}

static int
parse_chain(struct view text, struct buf *chain, X509 **first_out)
{
	BIO *from = BIO_new_mem_buf(text.p, (int)text.n), *to = BIO_new(BIO_s_mem());
	int err = ERR_MEMORY;
	char *bytes;
	long n;

	*first_out = NULL;
	if (from != NULL && to != NULL && (err = copy_chain(from, to, first_out)) == 0) {
		n = BIO_get_mem_data(to, &bytes);
		buf_raw(chain, bytes, n > 0 ? (size_t)n : 0);
		err = buf_error(chain);
	}
	BIO_free(from);
	BIO_free(to);
	return err;
}

static int
parse(struct tls_pair *pair, struct view certificates, struct view key, const char **reason_out,
    bool *is_key_out)
{
	X509 *certificate = NULL;
	int err;

	*is_key_out = false;
	if (certificates.n > TLS_CHAIN_MAX) {
		*reason_out = "the file is too large";
		return ERR_LIMIT;
	}
	if ((err = parse_chain(certificates, &pair->chain, &certificate)) != 0) {
		*reason_out = "it is not a list of certificates in PEM format";
		goto out;
	}
	*is_key_out = true;
	err = private_key_parse(key, &pair->key, reason_out);
	if (err == 0 && EVP_PKEY_eq(X509_get0_pubkey(certificate), private_key_pkey(pair->key)) != 1) {
		*reason_out = "it is not the key of the certificate";
		err = crypto_result(false);
	}
out:
	X509_free(certificate);
	return err;
}

int
tls_pair_parse(struct view certificates, struct view key, struct tls_pair **out,
    const char **reason_out, bool *is_key_out)
{
	int err = ERR_MEMORY;

	*reason_out = err_text(err);
	*is_key_out = false;
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return err;
	(*out)->chain = buf_init(TLS_CHAIN_MAX);
	err = parse(*out, certificates, key, reason_out, is_key_out);
	if (err != 0)
		tls_pair_free(out);
	return err;
}

void
tls_pair_free(struct tls_pair **pair)
{
	if (*pair == NULL)
		return;
	private_key_free(&(*pair)->key);
	buf_free(&(*pair)->chain);
	free(*pair);
	*pair = NULL;
}

struct view
tls_pair_chain(const struct tls_pair *pair)
{
	return buf_view(&pair->chain);
}

/* ---- signing */

/* RFC 8446 section 4.4.3: 64 spaces, a text, a zero, the hash of the handshake. */
static bool
is_certificate_verify(struct view data)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	enum { SPACES = 64, BEFORE = SPACES + sizeof(context) };

	if (data.n != BEFORE + 32 && data.n != BEFORE + 48)
		return false;
	for (size_t i = 0; i < SPACES; i++) {
		if (data.p[i] != ' ')
			return false;
	}
	return memcmp(data.p + SPACES, context, sizeof(context)) == 0;
}

/* RFC 8422 section 5.4: both randoms, then a named curve and a point. */
static bool
is_server_key_exchange(struct view data)
{
	enum { RANDOMS = 64, NAMED_CURVE = 3 };
	struct rd r = rd_of(data);
	uint8_t kind, length;

	(void)rd_raw(&r, RANDOMS);
	kind = rd_u8(&r);
	(void)rd_u16(&r);
	length = rd_u8(&r);
	(void)rd_raw(&r, length);
	return rd_end(&r) == 0 && kind == NAMED_CURVE && length >= 32;
}

static const struct scheme *
scheme_of(uint16_t number, enum key_type type)
{
	if (type == KEY_ECDSA_P384 || type == KEY_ECDSA_P521)
		type = KEY_ECDSA_P256;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (schemes[i].number == number && schemes[i].type == type)
			return &schemes[i];
	}
	return NULL;
}

int
tls_pair_sign(const struct tls_pair *pair, uint16_t number, struct view data,
    struct buf *signature_out)
{
	const struct scheme *scheme = scheme_of(number, private_key_type(pair->key));
	EVP_PKEY *key = private_key_pkey(pair->key);

	if (scheme == NULL)
		return ERR_DENIED;
	if (scheme->digest != NULL)
		return data.n != scheme->digest_bytes ? ERR_DENIED
			   : pkey_sign_digest(key, scheme->digest, scheme->is_pss, data,
				 signature_out);
	if (!is_certificate_verify(data) && !is_server_key_exchange(data))
		return ERR_DENIED;
	return pkey_sign(key, NULL, data, signature_out);
}
