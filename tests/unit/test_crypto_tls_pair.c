/* Pairs of a certificate and a key, and what is signed with them. The keys are this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

static const char ec_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIUKiwFYcovIc6tmzdFr38fYs0xX44wCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYwODExMTRaGA8yMTI2MTEwMjA4MTEx\n"
    "NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLDo\n"
    "U2r5IeZZsccaRj3t1BIJAWVm4aPKHrP6Sdj0TE6xfGXLzgW8LvFFFxopAjDLCX47\n"
    "MmPZFSm0GwMdNG2BnfKjUzBRMB0GA1UdDgQWBBRzqQIrze+C7LSCYnMmGHsQE8mB\n"
    "XTAfBgNVHSMEGDAWgBRzqQIrze+C7LSCYnMmGHsQE8mBXTAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDcZ2OgJO1Ui3K4+d80/becICy6FKCQ5sM3\n"
    "eLKf2Xa6GwIgEBVpp1Vz46GomDNyXKBHiNWRQXtoJ8dkhNdZc7NM4sI=\n"
    "-----END CERTIFICATE-----\n";
static const char ec_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0J/PAMUEWyQsGB97\n"
    "dXXk82jO0p+xBVsIcBSghE2NbZChRANCAASw6FNq+SHmWbHHGkY97dQSCQFlZuGj\n"
    "yh6z+knY9ExOsXxly84FvC7xRRcaKQIwywl+OzJj2RUptBsDHTRtgZ3y\n"
    "-----END PRIVATE KEY-----\n";
static const char ed_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBNDCB56ADAgECAhRXxMoxujfIn1i5tnDyynNfXQgB1zAFBgMrZXAwDzENMAsG\n"
    "A1UEAwwEdGVzdDAgFw0yNjExMjYwODExMTRaGA8yMTI2MTEwMjA4MTExNFowDzEN\n"
    "MAsGA1UEAwwEdGVzdDAqMAUGAytlcAMhAAO7KFmPrpZefcnQxg0hqSzTGExfCR3w\n"
    "rSqs5/0NIeYGo1MwUTAdBgNVHQ4EFgQUJ00aV+Eo1lRtXkzM/BwL6TSyQKYwHwYD\n"
    "VR0jBBgwFoAUJ00aV+Eo1lRtXkzM/BwL6TSyQKYwDwYDVR0TAQH/BAUwAwEB/zAF\n"
    "BgMrZXADQQBbI1/tC1Hv65+08Qg0vrgioxG3cfbciGLY4eU3kcdA79PYDzXN7K73\n"
    "Qb0iuWFs+sFPPkl9+sKazF52He/HFs8M\n"
    "-----END CERTIFICATE-----\n";
static const char ed_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIDG90HdFiptDVEQd66XZFmhBxut3UhobjpgziqleDRD6\n"
    "-----END PRIVATE KEY-----\n";

enum { ECDSA_SHA256 = 0x0403, RSA_PSS_SHA256 = 0x0804, RSA_SHA256 = 0x0401, ED25519 = 0x0807 };

static int
parse(const char *certificate, const char *key, struct tls_pair **out, bool *is_key_out)
{
	const char *reason = NULL;
	int err = tls_pair_parse(view_of(certificate), view_of(key), out, &reason, is_key_out);

	assert_true(err == 0 || (reason != NULL && *out == NULL));
	return err;
}

static int
sign(const struct tls_pair *pair, uint16_t scheme, struct view data)
{
	struct buf signature = buf_init(TLS_SIGNATURE_MAX);
	int err = tls_pair_sign(pair, scheme, data, &signature);

	assert_true((err == 0) == (signature.n > 0));
	buf_free(&signature);
	return err;
}

static void
test_pairs(void **state)
{
	struct tls_pair *pair;
	bool is_key;

	(void)state;
	assert_int_equal(parse(ec_certificate, ec_key, &pair, &is_key), 0);
	assert_true(view_is(tls_pair_chain(pair), ec_certificate));
	tls_pair_free(&pair);
	assert_null(pair);
	assert_int_equal(parse(ec_certificate, ed_key, &pair, &is_key), ERR_CRYPTO);
	assert_true(is_key);
	assert_true(parse(ec_certificate, "no key", &pair, &is_key) != 0 && is_key);
	assert_int_equal(parse("no certificate", ec_key, &pair, &is_key), ERR_FORMAT);
	assert_false(is_key);
	assert_int_equal(parse(ec_key, ec_key, &pair, &is_key), ERR_FORMAT);
}

/* The chain is for a process that must not have the key, wherever the key stands. */
static void
test_key_beside_certificate(void **state)
{
	char both[sizeof(ec_certificate) + sizeof(ec_key)];
	struct tls_pair *pair;
	bool is_key;

	(void)state;
	snprintf(both, sizeof(both), "%s%s", ec_key, ec_certificate);
	assert_int_equal(parse(both, both, &pair, &is_key), 0);
	assert_true(view_is(tls_pair_chain(pair), ec_certificate));
	tls_pair_free(&pair);
}

static void
test_digests(void **state)
{
	static const uint8_t digest[64] = { 1 };
	struct tls_pair *pair;
	bool is_key;

	(void)state;
	assert_int_equal(parse(ec_certificate, ec_key, &pair, &is_key), 0);
	for (size_t n = 0; n <= sizeof(digest); n++)
		assert_int_equal(sign(pair, ECDSA_SHA256, (struct view){ .p = digest, .n = n }),
		    n == 32 ? 0 : ERR_DENIED);
	assert_int_equal(sign(pair, RSA_PSS_SHA256, (struct view){ digest, 32 }), ERR_DENIED);
	assert_int_equal(sign(pair, RSA_SHA256, (struct view){ digest, 32 }), ERR_DENIED);
	assert_int_equal(sign(pair, ED25519, (struct view){ digest, 32 }), ERR_DENIED);
	assert_int_equal(sign(pair, 0, (struct view){ digest, 32 }), ERR_DENIED);
	tls_pair_free(&pair);
}

/* Where the whole data comes it must be that of a handshake, to the byte. */
static void
test_handshakes(void **state)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	uint8_t verify[64 + sizeof(context) + 33], exchange[64 + 4 + 32] = { 0 };
	struct tls_pair *pair;
	bool is_key;

	(void)state;
	memset(verify, ' ', 64);
	memset(verify + 64, 7, sizeof(verify) - 64);
	memcpy(verify + 64, context, sizeof(context));
	exchange[64] = 3;
	exchange[66] = 29;
	exchange[67] = 32;
	assert_int_equal(parse(ed_certificate, ed_key, &pair, &is_key), 0);
	for (size_t n = 0; n <= sizeof(verify); n++)
		assert_int_equal(sign(pair, ED25519, (struct view){ verify, n }),
		    n == sizeof(verify) - 1 ? 0 : ERR_DENIED);
	for (size_t n = 0; n <= sizeof(exchange); n++)
		assert_int_equal(sign(pair, ED25519, (struct view){ exchange, n }),
		    n == sizeof(exchange) ? 0 : ERR_DENIED);
	verify[70] ^= 1;
	assert_int_equal(sign(pair, ED25519, (struct view){ verify, sizeof(verify) - 1 }),
	    ERR_DENIED);
	exchange[64] = 1;
	assert_int_equal(sign(pair, ED25519, (struct view){ exchange, sizeof(exchange) }),
	    ERR_DENIED);
	tls_pair_free(&pair);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_key_beside_certificate),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_handshakes),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
