#include "crypto/crypto.h"

#include "crypto/fetched.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <errno.h>
#include <sys/random.h>

static struct fetched global;
static bool initialised;

const struct fetched *
fetched(void)
{
	if (!initialised)
		bug("crypto_init() was not called");
	return &global;
}

static int
fetch_ciphers(void)
{
	static const struct {
		EVP_CIPHER **slot;
		const char *name;
	} ciphers[] = {
		{ &global.aes128_gcm, "AES-128-GCM" },
		{ &global.aes256_gcm, "AES-256-GCM" },
		{ &global.aes128_ctr, "AES-128-CTR" },
		{ &global.aes192_ctr, "AES-192-CTR" },
		{ &global.aes256_ctr, "AES-256-CTR" },
		{ &global.aes128_cbc, "AES-128-CBC" },
		{ &global.chacha20, "ChaCha20" },
	};
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		*ciphers[i].slot = EVP_CIPHER_fetch(NULL, ciphers[i].name, NULL);
		if (*ciphers[i].slot == NULL)
			return ERR_CRYPTO;
	}
	return 0;
}

static int
fetch_digests(void)
{
	int i;

	for (i = 0; i < DIGEST_COUNT; i++) {
		global.digest[i] =
		    EVP_MD_fetch(NULL, digest_openssl_name((enum digest_algorithm)i), NULL);
		if (global.digest[i] == NULL)
			return ERR_CRYPTO;
	}
	if ((global.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL)) == NULL)
		return ERR_CRYPTO;
	if ((global.poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL)) == NULL)
		return ERR_CRYPTO;
	return 0;
}

static bool
has_kem(const char *name)
{
	EVP_KEM *kem = EVP_KEM_fetch(NULL, name, NULL);
	bool found = kem != NULL;

	EVP_KEM_free(kem);
	ERR_clear_error();
	return found;
}

/* Each way to agree on a key that does not take long, once. */
static int
warm_key_agreements(void)
{
	static const char *const names[] = { "curve25519-sha256", "ecdh-sha2-nistp256",
		"mlkem768x25519-sha256" };
	const struct key_agreement_algorithm *algorithm;
	struct key_agreement *client = NULL;
	struct buf client_public = buf_init(KEY_AGREEMENT_PUBLIC_MAX);
	struct buf server_public = buf_init(KEY_AGREEMENT_PUBLIC_MAX);
	struct buf shared = buf_init(2 * KEY_AGREEMENT_SHARED_MAX);
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && err == 0; i++) {
		if ((algorithm = key_agreement_find(view_of(names[i]))) == NULL)
			continue;
		buf_clear(&client_public);
		buf_clear(&server_public);
		buf_clear(&shared);
		if ((err = key_agreement_start(algorithm, &client_public, &client)) != 0)
			break;
		if ((err = key_agreement_respond(
			 algorithm, buf_view(&client_public), &server_public, &shared)) == 0)
			err = key_agreement_finish(client, buf_view(&server_public), &shared);
		key_agreement_free(&client);
		if (err == 0 && !crypto_equal(shared.p, shared.p + shared.n / 2, shared.n / 2))
			err = ERR_CRYPTO;
	}
	buf_free(&client_public);
	buf_free(&server_public);
	buf_free(&shared);
	return err;
}

/* The MODP groups take milliseconds; looking their parts up by name is what costs later. */
static int
warm_modp(void)
{
	EVP_KEYMGMT *keys = EVP_KEYMGMT_fetch(NULL, "DH", NULL);
	EVP_KEYEXCH *agreements = EVP_KEYEXCH_fetch(NULL, "DH", NULL);
	int err = keys != NULL && agreements != NULL ? 0 : ERR_CRYPTO;

	EVP_KEYMGMT_free(keys);
	EVP_KEYEXCH_free(agreements);
	return err;
}

int
crypto_init(void)
{
	int err;

	if (initialised)
		return 0;
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
				    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS |
				    OPENSSL_INIT_NO_ATEXIT,
		NULL) != 1)
		return ERR_CRYPTO;
	if ((err = fetch_ciphers()) != 0 || (err = fetch_digests()) != 0)
		return err;
	global.x25519 = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	if (global.x25519 == NULL || EVP_PKEY_fromdata_init(global.x25519) != 1)
		return ERR_CRYPTO;
	global.has_mlkem = has_kem("ML-KEM-768");
	initialised = true;
	return 0;
}

int
crypto_warm(void)
{
	int err = warm_key_agreements();

	return err != 0 ? err : warm_modp();
}

void
crypto_random(void *out, size_t n)
{
	uint8_t *to = out;

	/*
	 * The kernel's generator and not libcrypto's, which is seeded again after every fork: that
	 * costs a worker more than all the random bytes that it ever needs.
	 */
	while (n > 0) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			bug("the random generator failed");
		to += got;
		n -= (size_t)got;
	}
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}
