#include "crypto_support.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* FIPS 180-4 examples and RFC 1321 appendix A.5. */
static void
test_digest_vectors(void **state)
{
	static const struct {
		enum digest_algorithm algorithm;
		const char *text, *want;
	} rows[] = {
		{ DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA256, "",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ DIGEST_SHA256, "abc",
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ DIGEST_SHA384, "abc",
		    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		    "8086072ba1e7cc2358baeca134c825a7" },
		{ DIGEST_SHA512, "abc",
		    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	};
	uint8_t out[DIGEST_BYTES_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(digest_once(rows[i].algorithm, view_of(rows[i].text), out), 0);
		assert_hex(view_bytes(out, digest_bytes(rows[i].algorithm)), rows[i].want);
	}
	assert_int_equal(digest_once(DIGEST_SHA1, (struct view){ 0 }, out), 0);
	assert_hex(view_bytes(out, 20), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* In pieces of every size it is the same as at once, and an object serves twice. */
static void
test_digest_pieces(void **state)
{
	uint8_t text[300], once[DIGEST_BYTES_MAX], pieces[DIGEST_BYTES_MAX];
	struct digest *d;
	size_t i, step, done, n;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	for (i = 0; i < DIGEST_COUNT; i++) {
		n = digest_bytes((enum digest_algorithm)i);
		assert_int_equal(
		    digest_once((enum digest_algorithm)i, view_bytes(text, 300), once), 0);
		assert_int_equal(digest_new((enum digest_algorithm)i, &d), 0);
		for (step = 1; step <= 300; step += 13) {
			assert_int_equal(digest_update(d, NULL, 0), 0);
			for (done = 0; done < 300; done += step)
				assert_int_equal(digest_update(d, text + done,
						     300 - done < step ? 300 - done : step),
				    0);
			assert_int_equal(digest_final(d, pieces), 0);
			assert_memory_equal(pieces, once, n);
		}
		digest_free(&d);
		assert_null(d);
		digest_free(&d);
	}
}

static void
test_equal(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	size_t bit;

	(void)state;
	assert_true(crypto_equal(a, b, sizeof(a)));
	assert_true(crypto_equal(NULL, NULL, 0));
	for (bit = 0; bit < sizeof(b) * 8; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		assert_false(crypto_equal(a, b, sizeof(a)));
		b[bit / 8] = 0;
	}
}

/* No proof of quality, but of the classic accidents: constants, and twins after a fork. */
static void
test_random(void **state)
{
	uint8_t a[4096], b[4096], child[32], parent[32];
	size_t i, ones = 0;
	int fds[2], status;
	pid_t pid;

	(void)state;
	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	for (i = 0; i < sizeof(a) * 8; i++)
		ones += a[i / 8] >> (i % 8) & 1;
	/* 32768 fair coins: ten standard deviations are 905. */
	assert_in_range(ones, 16384 - 905, 16384 + 905);
	crypto_random(a, 0);

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		crypto_random(child, sizeof(child));
		_exit(write(fds[1], child, sizeof(child)) == (ssize_t)sizeof(child) ? 0 : 1);
	}
	crypto_random(parent, sizeof(parent));
	assert_int_equal(read(fds[0], child, sizeof(child)), sizeof(child));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_memory_not_equal(child, parent, sizeof(child));
	close(fds[0]);
	close(fds[1]);
}

/* Kills the process at whatever would open a file, make a socket or run a program. */
static void
forbid_opening(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __NR_open
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_open, 5, 0),
#else
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 5, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat2, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execve, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { .len = COUNT(filter), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(77);
}

/* Every key agreement from both ends; 0 when all secrets agree. */
static int
agree_on_all(void)
{
	const struct key_agreement_algorithm *a;
	size_t i;

	for (i = 0; (a = key_agreement_at(i)) != NULL; i++) {
		struct buf ours = buf_init(2048), theirs = buf_init(2048);
		struct buf k1 = buf_init(2048), k2 = buf_init(2048);
		struct key_agreement *k;

		if (key_agreement_start(a, &ours, &k) != 0 ||
		    key_agreement_respond(a, buf_view(&ours), &theirs, &k1) != 0 ||
		    key_agreement_finish(k, buf_view(&theirs), &k2) != 0 ||
		    !view_eq(buf_view(&k1), buf_view(&k2)))
			return 1;
		key_agreement_free(&k);
		buf_free(&ours);
		buf_free(&theirs);
		buf_free(&k1);
		buf_free(&k2);
	}
	return 0;
}

static int
sign_with(struct view file)
{
	struct buf signature = buf_init(2048);
	struct private_key *key;
	const char *name;
	int err;

	if (private_key_parse(file, &key, NULL) != 0)
		return 1;
	name = private_key_algorithm_at(key, 0, 0);
	err = private_key_sign(key, view_of(name), view_of("data"), 0, &signature);
	if (err == 0)
		err = public_key_verify(
		    private_key_blob(key), view_of(name), view_of("data"), buf_view(&signature), 0);
	buf_free(&signature);
	private_key_free(&key);
	return err != 0;
}

static int
cipher_all(void)
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;
	struct packet_cipher *c;
	uint8_t zeros[64] = { 0 }, packet[128] = { 0, 0, 0, 32 };
	size_t i, j;

	for (i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++) {
		for (j = 0; (mac = packet_mac_algorithm_at(j)) != NULL; j++) {
			if (cipher->is_aead)
				mac = NULL;
			if (packet_cipher_new(cipher, mac, view_bytes(zeros, cipher->iv_bytes),
				view_bytes(zeros, cipher->key_bytes),
				view_bytes(zeros, mac == NULL ? 0 : mac->key_bytes), true,
				&c) != 0 ||
			    packet_cipher_seal(
				c, 0, packet, packet_cipher_length_apart(c) ? 36 : 32) != 0)
				return 1;
			packet_cipher_free(&c);
		}
	}
	return 0;
}

/* The promise of crypto_init(): a forked child that can open nothing can do everything. */
static void
test_works_without_files(void **state)
{
	static const enum key_type types[] = { KEY_RSA, KEY_ECDSA_P256, KEY_ECDSA_P384,
		KEY_ECDSA_P521, KEY_ED25519 };
	struct buf files[COUNT(types)];
	struct private_key *key;
	size_t i;
	int status;
	pid_t pid;

	(void)state;
	for (i = 0; i < COUNT(types); i++) {
		files[i] = buf_init(PRIVATE_KEY_FILE_MAX);
		assert_int_equal(private_key_generate(types[i], &key), 0);
		assert_int_equal(private_key_serialise(key, "", &files[i]), 0);
		private_key_free(&key);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		uint8_t random[64];

		forbid_opening();
		crypto_random(random, sizeof(random));
		status = agree_on_all() | cipher_all() << 1;
		for (i = 0; i < COUNT(types); i++)
			status |= sign_with(buf_view(&files[i])) << 2;
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77)
		assert_int_equal(WEXITSTATUS(status), 0);
	for (i = 0; i < COUNT(types); i++)
		buf_free(&files[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest_vectors),
		cmocka_unit_test(test_digest_pieces),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_works_without_files),
	};

	return cmocka_run_group_tests(tests, setup_crypto, NULL);
}
