#include "worker/http_tls.h"

#include "base/library.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 16, SIGNATURE_MAX = 1024, WARNINGS_MAX = 8 };

/* The last part takes away what has no forward secrecy. */
static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:"
			       "%SERVER_PRECEDENCE";

/* The library's functions that we call. */
static struct {
	__typeof__(gnutls_alert_send_appropriate) *gnutls_alert_send_appropriate;
	__typeof__(gnutls_bye) *gnutls_bye;
	__typeof__(gnutls_certificate_allocate_credentials) *gnutls_certificate_allocate_credentials;
	__typeof__(gnutls_certificate_free_credentials) *gnutls_certificate_free_credentials;
	__typeof__(gnutls_certificate_set_flags) *gnutls_certificate_set_flags;
	__typeof__(gnutls_certificate_set_key) *gnutls_certificate_set_key;
	__typeof__(gnutls_credentials_set) *gnutls_credentials_set;
	__typeof__(gnutls_deinit) *gnutls_deinit;
	__typeof__(gnutls_error_is_fatal) *gnutls_error_is_fatal;
	__typeof__(gnutls_handshake) *gnutls_handshake;
	__typeof__(gnutls_init) *gnutls_init;
	__typeof__(gnutls_pcert_deinit) *gnutls_pcert_deinit;
	__typeof__(gnutls_pcert_list_import_x509_raw) *gnutls_pcert_list_import_x509_raw;
	__typeof__(gnutls_priority_set_direct) *gnutls_priority_set_direct;
	__typeof__(gnutls_privkey_deinit) *gnutls_privkey_deinit;
	__typeof__(gnutls_privkey_import_ext4) *gnutls_privkey_import_ext4;
	__typeof__(gnutls_privkey_init) *gnutls_privkey_init;
	__typeof__(gnutls_pubkey_get_pk_algorithm) *gnutls_pubkey_get_pk_algorithm;
	__typeof__(gnutls_record_get_direction) *gnutls_record_get_direction;
	__typeof__(gnutls_record_recv) *gnutls_record_recv;
	__typeof__(gnutls_record_send) *gnutls_record_send;
	__typeof__(gnutls_transport_set_int2) *gnutls_transport_set_int2;
} lib;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(lib, gnutls_alert_send_appropriate),
	LIBRARY_SYMBOL(lib, gnutls_bye),
	LIBRARY_SYMBOL(lib, gnutls_certificate_allocate_credentials),
	LIBRARY_SYMBOL(lib, gnutls_certificate_free_credentials),
	LIBRARY_SYMBOL(lib, gnutls_certificate_set_flags),
	LIBRARY_SYMBOL(lib, gnutls_certificate_set_key),
	LIBRARY_SYMBOL(lib, gnutls_credentials_set),
	LIBRARY_SYMBOL(lib, gnutls_deinit),
	LIBRARY_SYMBOL(lib, gnutls_error_is_fatal),
	LIBRARY_SYMBOL(lib, gnutls_handshake),
	LIBRARY_SYMBOL(lib, gnutls_init),
	LIBRARY_SYMBOL(lib, gnutls_pcert_deinit),
	LIBRARY_SYMBOL(lib, gnutls_pcert_list_import_x509_raw),
	LIBRARY_SYMBOL(lib, gnutls_priority_set_direct),
	LIBRARY_SYMBOL(lib, gnutls_privkey_deinit),
	LIBRARY_SYMBOL(lib, gnutls_privkey_import_ext4),
	LIBRARY_SYMBOL(lib, gnutls_privkey_init),
	LIBRARY_SYMBOL(lib, gnutls_pubkey_get_pk_algorithm),
	LIBRARY_SYMBOL(lib, gnutls_record_get_direction),
	LIBRARY_SYMBOL(lib, gnutls_record_recv),
	LIBRARY_SYMBOL(lib, gnutls_record_send),
	LIBRARY_SYMBOL(lib, gnutls_transport_set_int2),
};

static const struct scheme {
	gnutls_sign_algorithm_t algorithm;
	gnutls_pk_algorithm_t key;
	uint16_t scheme; /* RFC 8446 section 4.2.3 */
} schemes[] = {
	{ GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, GNUTLS_PK_EC, 0x0403 },
	{ GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, GNUTLS_PK_EC, 0x0503 },
	{ GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, GNUTLS_PK_EC, 0x0603 },
	{ GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_EC, 0x0403 },
	{ GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_EC, 0x0503 },
	{ GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_PK_EC, 0x0603 },
	{ GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519, 0x0807 },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, 0x0804 },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, 0x0805 },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, GNUTLS_PK_RSA, 0x0806 },
	{ GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA, 0x0401 },
	{ GNUTLS_SIGN_RSA_SHA384, GNUTLS_PK_RSA, 0x0501 },
	{ GNUTLS_SIGN_RSA_SHA512, GNUTLS_PK_RSA, 0x0601 },
};

/* One chain; clients keep the one that they began with. */
struct pair {
	struct http_tls_keys *keys;
	uint64_t number;
	unsigned references;
	gnutls_pk_algorithm_t key;
	unsigned key_bits;
	gnutls_certificate_credentials_t credentials;
};

struct http_tls_keys {
	http_tls_sign *sign;
	void *ctx;
	struct pair *pair; /* of clients that come now; NULL: there is none */
};

struct http_tls {
	gnutls_session_t session;
	struct pair *pair;
	bool is_sending; /* the library holds bytes that it could not send */
};

/* ---- the key that is elsewhere */

static const struct scheme *
scheme_of(gnutls_sign_algorithm_t algorithm, gnutls_pk_algorithm_t key)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (schemes[i].algorithm == algorithm && schemes[i].key == key)
			return &schemes[i];
	}
	return NULL;
}

static int
key_info(gnutls_privkey_t key, unsigned flags, void *userdata)
{
	const struct pair *pair = userdata;

	(void)key;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return (int)pair->key;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)pair->key_bits;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return scheme_of(GNUTLS_FLAGS_TO_SIGN_ALGO(flags), pair->key) != NULL;
	return -1;
}

/*
 * For PKCS #1 the library names no digest but gives a DigestInfo (RFC 8017 section 9.2, note 1),
 * whose last part is the digest. Nothing that is none gets through.
 */
static const struct scheme *
unwrap(struct view *data)
{
	static const gnutls_sign_algorithm_t algorithms[] = { GNUTLS_SIGN_RSA_SHA256,
		GNUTLS_SIGN_RSA_SHA384, GNUTLS_SIGN_RSA_SHA512 };
	static const uint8_t id[] = { 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
		0x04, 0x02 };
	enum { HEAD = 2, NUMBER = HEAD + sizeof(id), PREFIX = 19 };
	uint8_t number;

	if (data->n <= PREFIX || memcmp(data->p + HEAD, id, sizeof(id)) != 0)
		return NULL;
	number = data->p[NUMBER];
	data->p += PREFIX;
	data->n -= PREFIX;
	return number >= 1 && number <= 3 ? scheme_of(algorithms[number - 1], GNUTLS_PK_RSA) : NULL;
}

/* `data` is a digest, but for ed25519. */
static int
key_sign(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata, unsigned flags,
    const gnutls_datum_t *data, gnutls_datum_t *signature)
{
	const struct pair *pair = userdata;
	struct view what = { .p = data->data, .n = data->size };
	const struct scheme *scheme = algorithm == GNUTLS_SIGN_RSA_RAW
					  ? unwrap(&what)
					  : scheme_of(algorithm, pair->key);
	struct buf bytes = buf_init(SIGNATURE_MAX);
	int result = GNUTLS_E_PK_SIGN_FAILED;

	(void)key;
	(void)flags;
	/* the library frees it, with the same free(3) */
	if (scheme != NULL && pair->keys->sign(pair->keys->ctx, pair->number, scheme->scheme, what,
	    &bytes) == 0 &&
	    (signature->data = malloc(bytes.n)) != NULL) {
		memcpy(signature->data, bytes.p, bytes.n);
		signature->size = (unsigned)bytes.n;
		result = 0;
	}
	buf_free(&bytes);
	return result;
}

/* ---- certificates */

int
http_tls_keys_new(struct http_tls_keys **out, http_tls_sign *sign, void *ctx)
{
	const char *reason;
	int err = library_symbols_load("libgnutls.so.30", symbols,
	    sizeof(symbols) / sizeof(symbols[0]), &reason);

	*out = NULL;
	if (err != 0)
		return err;
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return ERR_MEMORY;
	(*out)->sign = sign;
	(*out)->ctx = ctx;
	return 0;
}

static void
pair_release(struct pair *pair)
{
	if (pair == NULL || --pair->references > 0)
		return;
	if (pair->credentials != NULL)
		lib.gnutls_certificate_free_credentials(pair->credentials);
	free(pair);
}

/* Takes the certificates in any case. */
static int
give_key(struct pair *pair, gnutls_pcert_st *chain, unsigned count)
{
	gnutls_privkey_t key = NULL;
	int result = lib.gnutls_privkey_init(&key);

	pair->key = (gnutls_pk_algorithm_t)lib.gnutls_pubkey_get_pk_algorithm(
	    chain[0].pubkey, &pair->key_bits);
	if (result == 0)
		result = lib.gnutls_privkey_import_ext4(key, pair, key_sign, key_sign, NULL, NULL,
		    key_info, 0);
	if (result == 0)
		result = lib.gnutls_certificate_set_key(pair->credentials, NULL, 0, chain,
		    (int)count, key);
	if (result >= 0)
		return 0;
	for (unsigned i = 0; i < count; i++)
		lib.gnutls_pcert_deinit(&chain[i]);
	if (key != NULL)
		lib.gnutls_privkey_deinit(key);
	return ERR_FORMAT;
}

int
http_tls_keys_set(struct http_tls_keys *keys, uint64_t number, struct view chain)
{
	gnutls_datum_t text = { .data = (unsigned char *)chain.p, .size = (unsigned)chain.n };
	struct pair *pair = calloc(1, sizeof(*pair));
	gnutls_pcert_st certificates[CHAIN_MAX];
	unsigned count = CHAIN_MAX;

	if (pair == NULL)
		return ERR_MEMORY;
	*pair = (struct pair){ .keys = keys, .number = number, .references = 1 };
	if (lib.gnutls_certificate_allocate_credentials(&pair->credentials) != 0 ||
	    lib.gnutls_pcert_list_import_x509_raw(certificates, &count, &text,
		GNUTLS_X509_FMT_PEM, 0) != 0) {
		pair_release(pair);
		return ERR_FORMAT;
	}
	/* there is no key here to compare; the master has done it */
	lib.gnutls_certificate_set_flags(pair->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	if (give_key(pair, certificates, count) != 0) {
		pair_release(pair);
		return ERR_FORMAT;
	}
	pair_release(keys->pair);
	keys->pair = pair;
	return 0;
}

bool
http_tls_keys_ready(const struct http_tls_keys *keys)
{
	return keys->pair != NULL;
}

/* ---- clients */

int
http_tls_new(struct http_tls **out, struct http_tls_keys *keys, int fd)
{
	struct http_tls *tls = calloc(1, sizeof(*tls));

	*out = NULL;
	if (tls == NULL)
		return ERR_MEMORY;
	if (lib.gnutls_init(&tls->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
		GNUTLS_NO_TICKETS) != 0) {
		free(tls);
		return ERR_MEMORY;
	}
	tls->pair = keys->pair;
	tls->pair->references++;
	if (lib.gnutls_priority_set_direct(tls->session, priority, NULL) != 0 ||
	    lib.gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
		tls->pair->credentials) != 0) {
		http_tls_free(&tls);
		return ERR_MEMORY;
	}
	lib.gnutls_transport_set_int2(tls->session, fd, fd);
	*out = tls;
	return 0;
}

void
http_tls_free(struct http_tls **tls)
{
	if (*tls == NULL)
		return;
	lib.gnutls_deinit((*tls)->session);
	pair_release((*tls)->pair);
	free(*tls);
	*tls = NULL;
}

static bool
is_to_wait(ssize_t result)
{
	return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;
}

int
http_tls_handshake(struct http_tls *tls)
{
	int result;

	/* a client may send warnings in between, but not for ever */
	for (int i = 0; i < WARNINGS_MAX; i++) {
		result = lib.gnutls_handshake(tls->session);
		if (result == 0)
			return 0;
		if (is_to_wait(result))
			return ERR_AGAIN;
		if (lib.gnutls_error_is_fatal(result)) {
			(void)lib.gnutls_alert_send_appropriate(tls->session, result);
			break;
		}
	}
	return ERR_CRYPTO;
}

bool
http_tls_wants_write(const struct http_tls *tls)
{
	return lib.gnutls_record_get_direction(tls->session) == 1;
}

int
http_tls_read(struct http_tls *tls, void *bytes, size_t n, size_t *n_out)
{
	ssize_t result = lib.gnutls_record_recv(tls->session, bytes, n);

	*n_out = result > 0 ? (size_t)result : 0;
	if (result > 0)
		return 0;
	if (result == 0 || result == GNUTLS_E_PREMATURE_TERMINATION)
		return ERR_EOF;
	return is_to_wait(result) ? ERR_AGAIN : ERR_IO;
}

int
http_tls_write(struct http_tls *tls, const void *bytes, size_t n, size_t *n_out)
{
	ssize_t result = tls->is_sending ? lib.gnutls_record_send(tls->session, NULL, 0)
					 : lib.gnutls_record_send(tls->session, bytes, n);

	*n_out = result > 0 ? (size_t)result : 0;
	tls->is_sending = is_to_wait(result);
	if (result >= 0)
		return 0;
	return tls->is_sending ? ERR_AGAIN : ERR_IO;
}

void
http_tls_bye(struct http_tls *tls)
{
	(void)lib.gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}
