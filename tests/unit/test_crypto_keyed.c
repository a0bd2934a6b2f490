/* HMAC, PBKDF2 and sealed texts against published vectors, and everything that must not open. */
#include "crypto_support.h"

/* RFC 2202 case 2, RFC 4231 cases 1, 2 and 6 (a key longer than a block). */
static void
test_hmac_vectors(void **state)
{
	uint8_t long_key[131], out[DIGEST_BYTES_MAX];
	struct buf b = unhex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	struct view jefe = view_of("Jefe"), what = view_of("what do ya want for nothing?");

	(void)state;
	memset(long_key, 0xaa, sizeof(long_key));
	assert_int_equal(hmac_once(DIGEST_SHA1, jefe, what, out), 0);
	assert_hex(view_bytes(out, 20), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	assert_int_equal(hmac_once(DIGEST_SHA256, jefe, what, out), 0);
	assert_hex(view_bytes(out, 32),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_int_equal(hmac_once(DIGEST_SHA512, jefe, what, out), 0);
	assert_hex(view_bytes(out, 64),
	    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
	assert_int_equal(hmac_once(DIGEST_SHA256, buf_view(&b), view_of("Hi There"), out), 0);
	assert_hex(view_bytes(out, 32),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_int_equal(hmac_once(DIGEST_SHA256, view_bytes(long_key, sizeof(long_key)),
			     view_of("Test Using Larger Than Block-Size Key - Hash Key First"), out),
	    0);
	assert_hex(view_bytes(out, 32),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	/* HMAC-SHA256 of nothing under no key. */
	assert_int_equal(
	    hmac_once(DIGEST_SHA256, (struct view){ 0 }, (struct view){ 0 }, out), 0);
	assert_hex(view_bytes(out, 32),
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	buf_free(&b);
}

/* RFC 6070 and RFC 7914 section 11. */
static void
test_pbkdf2_vectors(void **state)
{
	struct view password = view_of("password"), salt = view_of("salt");
	struct view nul = view_bytes("pass\0word", 9), nul_salt = view_bytes("sa\0lt", 5);
	uint8_t out[64];

	(void)state;
	assert_int_equal(pbkdf2(DIGEST_SHA1, password, salt, 1, out, 20), 0);
	assert_hex(view_bytes(out, 20), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
	assert_int_equal(pbkdf2(DIGEST_SHA1, password, salt, 4096, out, 20), 0);
	assert_hex(view_bytes(out, 20), "4b007901b765489abead49d926f721d065a429c1");
	assert_int_equal(pbkdf2(DIGEST_SHA1, view_of("passwordPASSWORDpassword"),
			     view_of("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096, out, 25),
	    0);
	assert_hex(view_bytes(out, 25), "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
	assert_int_equal(pbkdf2(DIGEST_SHA1, nul, nul_salt, 4096, out, 16), 0);
	assert_hex(view_bytes(out, 16), "56fa6aa75548099dcc37d7f03425e0c3");
	assert_int_equal(pbkdf2(DIGEST_SHA256, view_of("passwd"), salt, 1, out, 64), 0);
	assert_hex(view_bytes(out, 64),
	    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
	    "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
	assert_int_equal(pbkdf2(DIGEST_SHA256, password, salt, 0, out, 20), ERR_INVALID);
	assert_int_equal(
	    pbkdf2(DIGEST_SHA256, password, salt, (uint32_t)INT32_MAX + 1, out, 20), ERR_INVALID);
}

/* Test cases 13, 14 and 15 of the GCM specification (McGrew and Viega, appendix B). */
static void
test_aead_vectors(void **state)
{
	static const struct {
		const char *key, *nonce, *text, *sealed;
	} rows[] = {
		{ "0000000000000000000000000000000000000000000000000000000000000000",
		    "000000000000000000000000", "", "530f8afbc74536b9a963b4f1c4cb738b" },
		{ "0000000000000000000000000000000000000000000000000000000000000000",
		    "000000000000000000000000", "00000000000000000000000000000000",
		    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		    "cafebabefacedbaddecaf888",
		    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
		    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
		    "b094dac5d93471bdec1a502270e3cc6c" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf key = unhex(rows[i].key), nonce = unhex(rows[i].nonce);
		struct buf text = unhex(rows[i].text), out = buf_init(1024);

		buf_text(&out, "before");
		assert_int_equal(aead_seal(key.p, nonce.p, buf_view(&text), &out), 0);
		assert_memory_equal(out.p, "before", 6);
		buf_drop(&out, 6);
		assert_hex(buf_view(&out), rows[i].sealed);

		struct buf opened = buf_init(1024);

		assert_int_equal(aead_open(key.p, nonce.p, buf_view(&out), &opened), 0);
		assert_true(view_eq(buf_view(&opened), buf_view(&text)));
		buf_free(&opened);
		buf_free(&key);
		buf_free(&nonce);
		buf_free(&text);
		buf_free(&out);
	}
}

static void
test_aead_refuses_what_was_changed(void **state)
{
	uint8_t key[AEAD_KEY_BYTES] = { 1 }, nonce[AEAD_NONCE_BYTES] = { 2 };
	struct buf sealed = buf_init(1024), out = buf_init(1024);

	(void)state;
	assert_int_equal(aead_seal(key, nonce, view_of("a secret"), &sealed), 0);
	for (size_t i = 0; i < sealed.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			sealed.p[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(
			    aead_open(key, nonce, buf_view(&sealed), &out), ERR_CRYPTO);
			assert_int_equal(out.n, 0);
			sealed.p[i] ^= (uint8_t)(1 << bit);
		}
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(aead_open(key, nonce, view_bytes(sealed.p, n), &out),
		    n < AEAD_TAG_BYTES ? ERR_SHORT : ERR_CRYPTO);
	key[31] ^= 1;
	assert_int_equal(aead_open(key, nonce, buf_view(&sealed), &out), ERR_CRYPTO);
	key[31] ^= 1;
	nonce[11] ^= 1;
	assert_int_equal(aead_open(key, nonce, buf_view(&sealed), &out), ERR_CRYPTO);
	nonce[11] ^= 1;
	assert_int_equal(aead_open(key, nonce, buf_view(&sealed), &out), 0);
	assert_true(view_is(buf_view(&out), "a secret"));
	buf_free(&sealed);
	buf_free(&out);
}

static void
test_aead_limits(void **state)
{
	static const uint8_t text[AEAD_TEXT_MAX + 1], key[AEAD_KEY_BYTES], nonce[AEAD_NONCE_BYTES];
	struct buf sealed = buf_init(2 * AEAD_TEXT_MAX), out = buf_init(2 * AEAD_TEXT_MAX);
	struct buf small = buf_init(8 + AEAD_TAG_BYTES - 1);

	(void)state;
	assert_int_equal(aead_seal(key, nonce, view_bytes(text, sizeof(text)), &sealed), ERR_LIMIT);
	assert_int_equal(aead_seal(key, nonce, view_bytes(text, AEAD_TEXT_MAX), &sealed), 0);
	assert_int_equal(aead_open(key, nonce, buf_view(&sealed), &out), 0);
	assert_int_equal(out.n, AEAD_TEXT_MAX);
	buf_u8(&sealed, 0);
	assert_int_equal(aead_open(key, nonce, buf_view(&sealed), &out), ERR_LIMIT);
	assert_int_equal(aead_seal(key, nonce, view_of("8 bytes!"), &small), ERR_LIMIT);
	/* A buffer with just enough room is enough. */
	buf_free(&sealed);
	buf_free(&small);
	small = buf_init(8 + AEAD_TAG_BYTES);
	assert_int_equal(aead_seal(key, nonce, view_of("8 bytes!"), &small), 0);
	sealed = buf_init(8);
	assert_int_equal(aead_open(key, nonce, buf_view(&small), &sealed), 0);
	buf_free(&sealed);
	sealed = buf_init(7);
	assert_int_equal(aead_open(key, nonce, buf_view(&small), &sealed), ERR_LIMIT);
	buf_free(&sealed);
	buf_free(&out);
	buf_free(&small);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac_vectors),
		cmocka_unit_test(test_pbkdf2_vectors),
		cmocka_unit_test(test_aead_vectors),
		cmocka_unit_test(test_aead_refuses_what_was_changed),
		cmocka_unit_test(test_aead_limits),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
