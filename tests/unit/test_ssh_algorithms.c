/* Lists, presets, negotiation, KEXINIT and the configuration on its way to the nursery. */
#include "ssh_test_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
has(const struct ssh_algorithms *a, enum ssh_algorithm_class class, const char *name)
{
	return ssh_name_list_has(view_of(a->list[class]), view_of(name));
}

static void
presets(void **state)
{
	struct ssh_algorithms compatible, modern, legacy;
	enum ssh_preset preset;

	(void)state;
	assert_int_equal(ssh_preset_parse("compatible", &preset), 0);
	ssh_algorithms_preset(preset, &compatible);
	assert_int_equal(ssh_preset_parse("modern", &preset), 0);
	assert_int_equal(preset, SSH_PRESET_MODERN);
	assert_int_equal(ssh_preset_parse("legacy", &preset), 0);
	assert_int_equal(preset, SSH_PRESET_LEGACY);
	assert_int_equal(ssh_preset_parse("Modern", &preset), ERR_INVALID);
	ssh_algorithms_preset(SSH_PRESET_MODERN, &modern);
	ssh_algorithms_preset(SSH_PRESET_LEGACY, &legacy);
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "curve25519-sha256"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "curve25519-sha256@libssh.org"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "ecdh-sha2-nistp256"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "ecdh-sha2-nistp384"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "ecdh-sha2-nistp521"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "diffie-hellman-group14-sha256"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "diffie-hellman-group16-sha512"));
	assert_true(has(&compatible, SSH_ALGORITHM_KEX, "diffie-hellman-group18-sha512"));
	assert_true(has(&compatible, SSH_ALGORITHM_CIPHER, "aes128-gcm@openssh.com"));
	assert_true(has(&compatible, SSH_ALGORITHM_CIPHER, "aes256-gcm@openssh.com"));
	assert_true(has(&compatible, SSH_ALGORITHM_CIPHER, "chacha20-poly1305@openssh.com"));
	assert_true(has(&compatible, SSH_ALGORITHM_CIPHER, "aes128-ctr"));
	assert_true(has(&compatible, SSH_ALGORITHM_CIPHER, "aes192-ctr"));
	assert_true(has(&compatible, SSH_ALGORITHM_CIPHER, "aes256-ctr"));
	assert_true(has(&compatible, SSH_ALGORITHM_MAC, "hmac-sha2-256-etm@openssh.com"));
	assert_true(has(&compatible, SSH_ALGORITHM_MAC, "hmac-sha2-512-etm@openssh.com"));
	assert_true(has(&compatible, SSH_ALGORITHM_MAC, "hmac-sha2-256"));
	assert_true(has(&compatible, SSH_ALGORITHM_MAC, "hmac-sha2-512"));
	assert_string_equal(compatible.list[SSH_ALGORITHM_COMPRESSION], "none,zlib@openssh.com");
	assert_true(has(&compatible, SSH_ALGORITHM_USER_KEY, "sk-ssh-ed25519@openssh.com"));

	assert_false(has(&compatible, SSH_ALGORITHM_KEX, "diffie-hellman-group14-sha1"));
	assert_false(has(&compatible, SSH_ALGORITHM_HOST_KEY, "ssh-rsa"));
	assert_false(has(&compatible, SSH_ALGORITHM_USER_KEY, "ssh-rsa"));
	assert_false(has(&compatible, SSH_ALGORITHM_CIPHER, "aes128-cbc"));
	assert_false(has(&compatible, SSH_ALGORITHM_MAC, "hmac-sha1"));
	assert_true(has(&legacy, SSH_ALGORITHM_KEX, "diffie-hellman-group14-sha1"));
	assert_true(has(&legacy, SSH_ALGORITHM_HOST_KEY, "ssh-rsa"));
	assert_true(has(&legacy, SSH_ALGORITHM_USER_KEY, "ssh-rsa"));
	assert_true(has(&legacy, SSH_ALGORITHM_CIPHER, "aes128-cbc"));
	assert_true(has(&legacy, SSH_ALGORITHM_MAC, "hmac-sha1"));

	assert_false(has(&modern, SSH_ALGORITHM_KEX, "ecdh-sha2-nistp256"));
	assert_false(has(&modern, SSH_ALGORITHM_HOST_KEY, "ecdsa-sha2-nistp256"));
	assert_false(has(&modern, SSH_ALGORITHM_MAC, "hmac-sha2-256"));
	assert_true(has(&modern, SSH_ALGORITHM_MAC, "hmac-sha2-256-etm@openssh.com"));
}

static void
explicit_lists(void **state)
{
	static const char *const good[] = { "aes256-ctr", "aes128-ctr", "aes256-ctr" };
	static const char *const bad[] = { "aes256-ctr", "rot13" };
	struct ssh_algorithms a;
	size_t fault;

	(void)state;
	ssh_algorithms_preset(SSH_PRESET_COMPATIBLE, &a);
	assert_int_equal(ssh_algorithms_set(&a, SSH_ALGORITHM_CIPHER, good, 3, &fault), 0);
	assert_string_equal(a.list[SSH_ALGORITHM_CIPHER], "aes256-ctr,aes128-ctr");
	assert_int_equal(ssh_algorithms_set(&a, SSH_ALGORITHM_CIPHER, bad, 2, &fault), ERR_INVALID);
	assert_int_equal(fault, 1);
	assert_int_equal(ssh_algorithms_set(&a, SSH_ALGORITHM_MAC, good, 1, &fault), ERR_INVALID);
	assert_int_equal(ssh_algorithms_set(&a, SSH_ALGORITHM_MAC, good, 0, &fault), ERR_LIMIT);
	assert_string_equal(a.list[SSH_ALGORITHM_CIPHER], "aes256-ctr,aes128-ctr");
	assert_int_equal(
	    ssh_algorithm_status(SSH_ALGORITHM_KEX, view_of("")), SSH_ALGORITHM_UNKNOWN);
	assert_int_not_equal(
	    ssh_algorithm_status(SSH_ALGORITHM_KEX, view_of("mlkem768x25519-sha256")),
	    SSH_ALGORITHM_UNKNOWN);
}

static void
negotiation(void **state)
{
	static const struct {
		const char *client, *ours, *result;
	} cases[] = {
		{ "a,b,c", "c,b", "b" },
		{ "c,b", "b,c", "c" },
		{ "x,y", "a,b", NULL },
		{ "", "a", NULL },
		{ ",,a,", "a", "a" },
		{ "aa", "a", NULL },
		{ "a", "aa", NULL },
		{ "", "", NULL },
	};
	struct view out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = ssh_negotiate(view_of(cases[i].client), view_of(cases[i].ours), &out);

		assert_int_equal(found, cases[i].result != NULL);
		if (found)
			assert_true(view_is(out, cases[i].result));
	}
}

static void
kexinit_round_trip(void **state)
{
	struct ssh_config *config = test_config();
	struct buf m = buf_init(KEXINIT_BYTES_MAX);
	struct kexinit k;
	struct kex_choice choice;
	enum kexinit_list missing;

	(void)state;
	kexinit_write(&m, config, true);
	assert_int_equal(kexinit_parse(buf_view(&m), &k), 0);
	assert_true(
	    ssh_name_list_has(k.list[KEXINIT_KEX], view_of("kex-strict-s-v00@openssh.com")));
	assert_int_equal(kexinit_choose(&k, config, &choice, &missing), 0);
	assert_false(kexinit_guess_is_wrong(&k, config));
	assert_false(kexinit_is_strict(&k));
	for (size_t n = 0; n < m.n; n++)
		assert_int_not_equal(kexinit_parse((struct view){ m.p, n }, &k), 0);
	for (size_t bit = 0; bit < m.n * 8; bit++) {
		m.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (kexinit_parse(buf_view(&m), &k) == 0 &&
		    kexinit_choose(&k, config, &choice, &missing) == 0)
			assert_true(choice.kex != NULL && choice.key != NULL &&
				    choice.cipher_in != NULL && choice.cipher_out != NULL);
		m.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_u8(&m, 0);
	assert_int_equal(kexinit_parse(buf_view(&m), &k), ERR_TRAILING);
	buf_clear(&m);
	kexinit_write(&m, config, false);
	assert_int_equal(kexinit_parse(buf_view(&m), &k), 0);
	assert_false(
	    ssh_name_list_has(k.list[KEXINIT_KEX], view_of("kex-strict-s-v00@openssh.com")));
	buf_free(&m);
	free(config);
}

static void
every_missing_list_is_named(void **state)
{
	struct ssh_config *config = test_config();

	(void)state;
	for (enum kexinit_list hole = KEXINIT_KEX; hole <= KEXINIT_COMPRESSION_OUT; hole++) {
		struct kexinit k = { .list = {
					 [KEXINIT_KEX] = view_of("curve25519-sha256"),
					 [KEXINIT_HOST_KEY] = view_of("nothing,ssh-ed25519"),
					 [KEXINIT_CIPHER_IN] = view_of("aes128-ctr"),
					 [KEXINIT_CIPHER_OUT] = view_of("aes128-ctr"),
					 [KEXINIT_MAC_IN] = view_of("hmac-sha2-256"),
					 [KEXINIT_MAC_OUT] = view_of("hmac-sha2-512"),
					 [KEXINIT_COMPRESSION_IN] = view_of("none"),
					 [KEXINIT_COMPRESSION_OUT] = view_of("zlib@openssh.com"),
				     } };
		enum kexinit_list missing;
		struct kex_choice choice;

		assert_int_equal(kexinit_choose(&k, config, &choice, &missing), 0);
		assert_false(choice.compress_in);
		assert_true(choice.compress_out);
		k.list[hole] = view_of("kex-strict-s-v00@openssh.com");
		assert_int_equal(kexinit_choose(&k, config, &choice, &missing), ERR_NO_MATCH);
		assert_int_equal(missing, hole);
	}
	free(config);
}

static void
config_round_trip(void **state)
{
	struct ssh_config *config = test_config(), *out = calloc(1, sizeof(*out));
	struct buf b = buf_init(65000), again = buf_init(65000);
	struct rd r;

	(void)state;
	assert_int_equal(ssh_config_set_software(config, "Postern_1.2 comment"), 0);
	assert_int_equal(ssh_config_set_banner(config, view_of("hi \xc3\xa4\n")), 0);
	config->max_auth_tries = -1;
	config->rekey_bytes = 1;
	ssh_config_encode(&b, config);
	r = rd_of(buf_view(&b));
	assert_int_equal(ssh_config_decode(&r, out), 0);
	assert_int_equal(rd_end(&r), 0);
	ssh_config_encode(&again, out);
	assert_true(view_eq(buf_view(&b), buf_view(&again)));
	assert_int_equal(out->max_auth_tries, -1);
	for (size_t n = 0; n < b.n; n++) {
		r = rd_init(b.p, n);
		assert_int_not_equal(ssh_config_decode(&r, out), 0);
	}
	for (size_t bit = 0; bit < b.n * 8; bit++) {
		b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		r = rd_of(buf_view(&b));
		if (ssh_config_decode(&r, out) == 0)
			assert_true(
			    out->host_key_count <= SSH_HOST_KEYS_MAX && out->max_channels > 0);
		b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_free(&b);
	buf_free(&again);
	free(config);
	free(out);
}

static void
config_limits(void **state)
{
	struct ssh_config *config = test_config();
	char text[SSH_BANNER_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[SSH_VERSION_MAX - 8] = '\0';
	assert_int_equal(ssh_config_set_software(config, text), 0);
	text[SSH_VERSION_MAX - 8] = 'x';
	text[SSH_VERSION_MAX - 7] = '\0';
	assert_int_equal(ssh_config_set_software(config, text), ERR_LIMIT);
	assert_int_equal(ssh_config_set_software(config, ""), ERR_INVALID);
	assert_int_equal(ssh_config_set_software(config, " x"), ERR_INVALID);
	assert_int_equal(ssh_config_set_software(config, "a\nb"), ERR_INVALID);
	assert_int_equal(ssh_config_set_software(config, "\xc3\xa4"), ERR_INVALID);
	memset(text, 'x', sizeof(text));
	assert_int_equal(
	    ssh_config_set_banner(config, (struct view){ (uint8_t *)text, SSH_BANNER_MAX - 1 }), 0);
	assert_int_equal(
	    ssh_config_set_banner(config, (struct view){ (uint8_t *)text, SSH_BANNER_MAX }),
	    ERR_LIMIT);
	assert_int_equal(ssh_config_set_banner(config, view_of("\xff")), ERR_FORMAT);
	assert_int_equal(
	    ssh_config_set_banner(config, (struct view){ (uint8_t *)"a\0b", 3 }), ERR_FORMAT);
	free(config);
}

static void
host_keys(void **state)
{
	struct ssh_config *config = calloc(1, sizeof(*config));
	struct buf rsa = buf_init(4096), ecdsa = buf_init(4096), other = buf_init(4096);

	(void)state;
	ssh_config_init(config);
	buf_cstr(&rsa, "ssh-rsa");
	buf_cstr(&rsa, "e and n");
	buf_cstr(&ecdsa, "ecdsa-sha2-nistp384");
	buf_cstr(&other, "ssh-dss");
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&rsa)), 0);
	assert_string_equal(config->host_keys[0].algorithms, "rsa-sha2-512,rsa-sha2-256");
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&ecdsa)), 0);
	assert_int_equal(config->host_key_count, 2);
	/* a second of the same type takes the place of the first */
	buf_u8(&rsa, 1);
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&rsa)), 0);
	assert_int_equal(config->host_key_count, 2);
	assert_int_equal(config->host_keys[0].blob_bytes, rsa.n);
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&other)), ERR_UNSUPPORTED);
	assert_int_equal(ssh_config_add_host_key(config, (struct view){ 0 }), ERR_SHORT);
	buf_room(&rsa, SSH_HOST_KEY_BLOB_MAX - rsa.n);
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&rsa)), 0);
	buf_u8(&rsa, 1);
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&rsa)), ERR_LIMIT);
	ssh_algorithms_preset(SSH_PRESET_LEGACY, &config->algorithms);
	config->host_key_count = 0;
	rsa.n = 20;
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&rsa)), 0);
	assert_string_equal(config->host_keys[0].algorithms, "rsa-sha2-512,rsa-sha2-256,ssh-rsa");
	buf_free(&rsa);
	buf_free(&ecdsa);
	buf_free(&other);
	free(config);
}

/* One of each type of key and certificate, as large as may be, in what a nursery is told. */
static void
host_certificates(void **state)
{
	static const char *const types[] = { "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa-cert-v01@openssh.com",
		"ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
		"ecdsa-sha2-nistp384-cert-v01@openssh.com",
		"ecdsa-sha2-nistp521-cert-v01@openssh.com" };
	struct ssh_config *config = calloc(1, sizeof(*config)), *copy = calloc(1, sizeof(*copy));
	struct buf blob = buf_init(4096), out = buf_init(65000); /* of NURSERY_SETUP */
	struct rd r;

	(void)state;
	ssh_config_init(config);
	ssh_algorithms_preset(SSH_PRESET_LEGACY, &config->algorithms);
	memset(config->banner, 'x', sizeof(config->banner) - 1);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		buf_clear(&blob);
		buf_cstr(&blob, types[i]);
		buf_room(&blob, SSH_HOST_KEY_BLOB_MAX - blob.n);
		assert_int_equal(ssh_config_add_host_key(config, buf_view(&blob)), 0);
		assert_int_equal(config->host_key_count, i + 1);
	}
	assert_string_equal(config->host_keys[5].algorithms,
	    "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,"
	    "ssh-rsa-cert-v01@openssh.com");
	assert_string_equal(config->host_keys[9].algorithms, types[9]);
	ssh_config_encode(&out, config);
	assert_int_equal(buf_error(&out), 0);
	r = rd_of(buf_view(&out));
	assert_int_equal(ssh_config_decode(&r, copy), 0);
	assert_int_equal(rd_end(&r), 0);
	assert_memory_equal(copy->host_keys, config->host_keys, sizeof(config->host_keys));
	/* What the list of algorithms does not have for a key, its certificate does not have. */
	ssh_algorithms_preset(SSH_PRESET_MODERN, &config->algorithms);
	assert_int_equal(ssh_config_add_host_key(config, buf_view(&blob)), ERR_UNSUPPORTED);
	buf_free(&blob);
	buf_free(&out);
	free(config);
	free(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presets),
		cmocka_unit_test(explicit_lists),
		cmocka_unit_test(negotiation),
		cmocka_unit_test(kexinit_round_trip),
		cmocka_unit_test(every_missing_list_is_named),
		cmocka_unit_test(config_round_trip),
		cmocka_unit_test(config_limits),
		cmocka_unit_test(host_keys),
		cmocka_unit_test(host_certificates),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
