/*
 * What the wrappers say when libcrypto runs out of memory in the middle: an error, or the right
 * result, and never a good-looking wrong one (CVE-2025-5372 was a failed derivation that was used).
 * Memory ends at each allocation of each operation in turn.
 */
#include "crypto_support.h"

#include "crypto/pkey.h"

#include <openssl/crypto.h>

/* Allocations that still succeed; negative: all do. */
static long left = -1;
static bool failed;

static bool
may_allocate(void)
{
	if (left < 0)
		return true;
	if (left == 0) {
		failed = true;
		return false;
	}
	left--;
	return true;
}

static void *
scarce_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return may_allocate() ? malloc(n) : NULL;
}

static void *
scarce_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return may_allocate() ? realloc(p, n) : NULL;
}

static void
scarce_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* One operation on its own; returns its result, and checks what it made when that is 0. */
typedef int (*operation)(const void *argument);

/* Runs the operation with its first, second, third, ... allocation failing, until none does. */
static void
fail_each(operation run, const void *argument)
{
	long n;
	int err;

	for (n = 0; n < 100000; n++) {
		failed = false;
		left = n;
		err = run(argument);
		left = -1;
		if (!failed) {
			assert_int_equal(err, 0);
			return;
		}
		assert_true(err <= 0);
	}
	fail_msg("it never ends");
}

static int
run_agreement(const void *argument)
{
	const struct key_agreement_algorithm *a = argument;
	struct buf ours = buf_init(2048), theirs = buf_init(2048);
	struct buf k1 = buf_init(2048), k2 = buf_init(2048);
	struct key_agreement *k = NULL;
	int err;

	if ((err = key_agreement_start(a, &ours, &k)) == 0 &&
	    (err = key_agreement_respond(a, buf_view(&ours), &theirs, &k1)) == 0 &&
	    (err = key_agreement_finish(k, buf_view(&theirs), &k2)) == 0) {
		assert_true(k1.n > 16);
		assert_true(view_eq(buf_view(&k1), buf_view(&k2)));
	} else {
		assert_int_equal(k2.n, 0);
		assert_int_equal(k1.n > 0, theirs.n > 0);
	}
	key_agreement_free(&k);
	buf_free(&ours);
	buf_free(&theirs);
	buf_free(&k1);
	buf_free(&k2);
	return err;
}

static void
test_agreement(void **state)
{
	static const char *const names[] = { "curve25519-sha256", "ecdh-sha2-nistp256",
		"ecdh-sha2-nistp521", "diffie-hellman-group14-sha256" };
	const struct key_agreement_algorithm *hybrid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++)
		fail_each(run_agreement, key_agreement_find(view_of(names[i])));
	if ((hybrid = key_agreement_find(view_of("mlkem768x25519-sha256"))) != NULL)
		fail_each(run_agreement, hybrid);
}

static int
run_cipher(const void *argument)
{
	const struct packet_cipher_algorithm *cipher = argument;
	const struct packet_mac_algorithm *mac =
	    cipher->is_aead ? NULL : packet_mac_find(view_of("hmac-sha2-256"));
	uint8_t zeros[64] = { 0 }, packet[128] = { 0 };
	struct view iv = view_bytes(zeros, cipher->iv_bytes);
	struct view key = view_bytes(zeros, cipher->key_bytes);
	struct view mac_key = view_bytes(zeros, mac == NULL ? 0 : 32);
	struct packet_cipher *seal = NULL, *open = NULL;
	size_t length = cipher->is_aead ? 36 : 32;
	uint32_t got;
	int err;

	put_u32(packet, (uint32_t)length - 4);
	if ((err = packet_cipher_new(cipher, mac, iv, key, mac_key, true, &seal)) == 0 &&
	    (err = packet_cipher_new(cipher, mac, iv, key, mac_key, false, &open)) == 0 &&
	    (err = packet_cipher_seal(seal, 1, packet, length)) == 0 &&
	    (err = packet_cipher_open_length(open, 1, packet, &got)) == 0 &&
	    (err = packet_cipher_open(open, 1, packet, length)) == 0) {
		assert_int_equal(got, length - 4);
		assert_memory_equal(packet + 4, zeros, length - 4);
	}
	packet_cipher_free(&seal);
	packet_cipher_free(&open);
	return err;
}

static void
test_cipher(void **state)
{
	const struct packet_cipher_algorithm *cipher;
	size_t i;

	(void)state;
	for (i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++)
		fail_each(run_cipher, cipher);
}

static const char rsa_file[] = "-----BEGIN RSA PRIVATE KEY-----\n"
			       "MIICXAIBAAKBgQDdLSBxKOPKue6ts262HL24R1Sa8mY8ZjAvrCJvGUMRVkhphT6X\n"
			       "V3GoT60R4YheYhvmblgwL4NIQLXZN4q/qWnX5O6UElvwcXjroghK1SpSH1jyaNFq\n"
			       "jLKCn/D8GJJpfp6zEU+lwSRANg3eGdhmCUaxcbKCNJvM8R67xbk8DcA5AQIDAQAB\n"
			       "AoGAVRAG+x5jxVMPBYUN3kJdgOMGGfWB9lbCz4LfV2Ua0y8g+FxDf0clMjs6b7cS\n"
			       "kGIhItVrW1Tao84nYhwnY6EPUD608/ou5DzlUXMO1qzuh+YrELxQumt5p7S0+tT1\n"
			       "mku85+v12NGKvvv0zJ7YurMqz4uCyVd1yirSOgIyfN/38AECQQD644cNnBSg/AGf\n"
			       "rrllA9XaquUEr9pCFx+VgX1rZXGs8I0200Ek+Ea9iidw6kSfPayGUJxik9b8lwpw\n"
			       "IXKiNfbBAkEA4a6jW1tqJIJAxjBQcpX6NvAvBCKh/hXlNJ6bOkSxCJCql8oDS2uP\n"
			       "cqVoWu7oM9V03Q7eOxnZu8+anp/zunMSQQJBANws1RbChPAKeLpUMetOhFzUYQvN\n"
			       "7/LULCmebBzV9/7XVHZqyt7Q6/PmzFoxnWtKSp/NGpEAQUmGm+hv0hQ824ECQFXj\n"
			       "zwv/2H+YiupijNtvNNEfy+T5AUngL2E9U7pzViT6WdJ28ZYMk4WAahzhe8HuZRGU\n"
			       "jQNVLUaLFj90hJ/bF4ECQHQUoNYM8i+C5e2qg2RMnNVHySc8MMfaJCHalo30MxKE\n"
			       "cRquXKewIfAlUMRro1PwLMt1ftu1tc3dlsHgnjgRhxQ=\n"
			       "-----END RSA PRIVATE KEY-----\n";

struct signing {
	struct private_key *key;
	struct buf signature;
};

static int
run_sign(const void *argument)
{
	const struct signing *s = argument;
	struct view name = view_of(private_key_algorithm_at(s->key, 0, 0)), data = view_of("data");
	struct buf signature = buf_init(2048);
	long budget;
	int err;

	if ((err = private_key_sign(s->key, name, data, 0, &signature)) == 0) {
		/* What was made must be good; that is looked at with memory at hand. */
		budget = left;
		left = -1;
		assert_int_equal(public_key_verify(
				     private_key_blob(s->key), name, data, buf_view(&signature), 0),
		    0);
		left = budget;
	} else {
		assert_int_equal(signature.n, 0);
	}
	buf_free(&signature);
	return err;
}

static int
run_verify(const void *argument)
{
	const struct signing *s = argument;
	struct view name = view_of(private_key_algorithm_at(s->key, 0, 0));

	return public_key_verify(
	    private_key_blob(s->key), name, view_of("data"), buf_view(&s->signature), 0);
}

/* The wrong data: whatever fails, the answer is no. */
static int
run_verify_wrong(const void *argument)
{
	const struct signing *s = argument;
	struct view name = view_of(private_key_algorithm_at(s->key, 0, 0));

	assert_int_not_equal(public_key_verify(private_key_blob(s->key), name, view_of("other"),
				 buf_view(&s->signature), 0),
	    0);
	return 0;
}

static int
run_parse(const void *argument)
{
	const struct buf *file = argument;
	struct private_key *key;
	int err = private_key_parse(buf_view(file), &key, NULL);

	assert_int_equal(err == 0, key != NULL);
	private_key_free(&key);
	return err;
}

static void
test_keys(void **state)
{
	static const enum key_type types[] = { KEY_ED25519, KEY_ECDSA_P256, KEY_ECDSA_P384,
		KEY_RSA };
	struct view name;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(types); i++) {
		struct signing s = { .signature = buf_init(2048) };
		struct buf file = buf_init(PRIVATE_KEY_FILE_MAX);

		if (types[i] == KEY_RSA)
			assert_int_equal(private_key_parse(view_of(rsa_file), &s.key, NULL), 0);
		else
			assert_int_equal(private_key_generate(types[i], &s.key), 0);
		assert_int_equal(private_key_serialise(s.key, "c", &file), 0);
		name = view_of(private_key_algorithm_at(s.key, 0, 0));
		assert_int_equal(
		    private_key_sign(s.key, name, view_of("data"), 0, &s.signature), 0);
		fail_each(run_sign, &s);
		fail_each(run_verify, &s);
		fail_each(run_verify_wrong, &s);
		/* libcrypto 3.0 does not recover when reading SEC1 ran out of memory once: every
		 * later EC key is refused. */
		if (ec_curve_of(types[i]) == NULL)
			fail_each(run_parse, &file);
		private_key_free(&s.key);
		buf_free(&s.signature);
		buf_free(&file);
	}
}

static int
run_digest(const void *argument)
{
	struct digest *d = NULL;
	uint8_t out[DIGEST_BYTES_MAX];
	int err;

	(void)argument;
	if ((err = digest_new(DIGEST_SHA256, &d)) == 0 && (err = digest_update(d, "abc", 3)) == 0 &&
	    (err = digest_final(d, out)) == 0)
		assert_hex(view_bytes(out, 32),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_free(&d);
	if (err != 0)
		return err;
	if ((err = digest_once(DIGEST_SHA1, view_of("abc"), out)) == 0)
		assert_hex(view_bytes(out, 20), "a9993e364706816aba3e25717850c26c9cd0d89d");
	return err;
}

static void
test_digest(void **state)
{
	(void)state;
	fail_each(run_digest, NULL);
}

static int
setup(void **state)
{
	if (CRYPTO_set_mem_functions(scarce_malloc, scarce_realloc, scarce_free) != 1)
		return -1;
	/* what libcrypto makes on first use is there before memory is scarce, as in the nursery */
	return setup_crypto(state) != 0 || crypto_warm() != 0 ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_cipher),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
