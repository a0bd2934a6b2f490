#include "certificate_support.h"

/* Keys made once: an authority of each type that can sign, and blobs to certify of all types. */
static struct private_key *keys[KEY_TYPE_COUNT];
static struct buf blobs[KEY_TYPE_COUNT];

static int
setup(void **state)
{
	static const char application[] = "ssh:";
	int err = setup_crypto(state);

	for (int i = 0; i < KEY_TYPE_COUNT && err == 0; i++) {
		enum key_type type = (enum key_type)i;
		struct rd r;

		if (type == KEY_SK_ED25519)
			type = KEY_ED25519;
		else if (type == KEY_SK_ECDSA_P256)
			type = KEY_ECDSA_P256;
		if ((err = private_key_generate(type, &keys[i])) != 0)
			break;
		blobs[i] = buf_init(4096);
		r = rd_of(private_key_blob(keys[i]));
		(void)rd_str(&r, 64);
		buf_cstr(&blobs[i], key_type_name((enum key_type)i));
		buf_raw(&blobs[i], r.p, r.n);
		if (type != (enum key_type)i) {
			private_key_free(&keys[i]);
			buf_cstr(&blobs[i], application);
		}
	}
	return err;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < KEY_TYPE_COUNT; i++) {
		private_key_free(&keys[i]);
		buf_free(&blobs[i]);
	}
	return 0;
}

static struct recipe
recipe_of(enum key_type key, enum key_type authority)
{
	return (struct recipe){ .key = buf_view(&blobs[key]), .authority = keys[authority],
		.serial = 0x123456789abcdef0, .kind = CERTIFICATE_OF_USER, .key_id = "the id",
		.valid_after = 1000, .valid_before = 2000 };
}

/* Reads, and gives the result; what it was is thrown away. */
static int
parse(const struct buf *blob)
{
	struct buf key = buf_init(4096);
	struct certificate certificate;
	int err = certificate_parse(buf_view(blob), &certificate, &key);

	assert_true((err == 0) == (key.n > 0));
	buf_free(&key);
	return err;
}

static int
parse_recipe(const struct recipe *recipe)
{
	struct buf blob = certificate_make(recipe);
	int err = parse(&blob);

	buf_free(&blob);
	return err;
}

static void
test_each_type_by_each_authority(void **state)
{
	struct buf principals = STRINGS("bob", "", "alice"), critical = STRINGS("a", "1", "b", "");

	(void)state;
	for (int i = 0; i < KEY_TYPE_COUNT; i++) {
		for (int j = 0; j < KEY_TYPE_COUNT; j++) {
			struct buf blob, key = buf_init(4096);
			struct certificate c;
			struct recipe recipe = recipe_of((enum key_type)i, (enum key_type)j);

			if (keys[j] == NULL)
				continue;
			recipe.principals = buf_view(&principals);
			recipe.critical = recipe.extensions = buf_view(&critical);
			recipe.reserved = view_of("whatever");
			blob = certificate_make(&recipe);
			assert_int_equal(certificate_parse(buf_view(&blob), &c, &key), 0);
			assert_int_equal(c.type, i);
			assert_int_equal(c.kind, CERTIFICATE_OF_USER);
			assert_true(c.serial == recipe.serial);
			assert_true(view_is(c.key_id, "the id"));
			assert_true(c.valid_after == 1000 && c.valid_before == 2000);
			assert_true(view_eq(c.principals, buf_view(&principals)));
			assert_true(view_eq(c.critical, buf_view(&critical)));
			assert_true(view_eq(c.extensions, buf_view(&critical)));
			assert_true(view_eq(c.authority, private_key_blob(keys[j])));
			assert_true(view_eq(buf_view(&key), buf_view(&blobs[i])));
			assert_int_equal(certificate_verify(&c, 0), 0);
			buf_free(&blob);
			buf_free(&key);
		}
	}
	buf_free(&principals);
	buf_free(&critical);
}

static void
test_every_truncation(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ECDSA_P256);
	struct buf blob = certificate_make(&recipe);
	size_t whole = blob.n;

	(void)state;
	for (blob.n = 0; blob.n < whole; blob.n++)
		assert_int_not_equal(parse(&blob), 0);
	blob.n = whole;
	assert_int_equal(parse(&blob), 0);
	buf_u8(&blob, 0);
	assert_int_equal(parse(&blob), ERR_TRAILING);
	buf_free(&blob);
}

/* What can still be read has a wrong signature. */
static void
test_every_flipped_bit(void **state)
{
	struct buf principals = STRINGS("bob"), critical = STRINGS("source-address", "::/0");
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ED25519);
	struct buf blob, key = buf_init(4096);
	struct certificate c;

	(void)state;
	recipe.principals = buf_view(&principals);
	recipe.critical = buf_view(&critical);
	blob = certificate_make(&recipe);
	for (size_t bit = 0; bit < blob.n * 8; bit++) {
		blob.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		buf_clear(&key);
		if (certificate_parse(buf_view(&blob), &c, &key) == 0)
			assert_int_not_equal(certificate_verify(&c, PUBLIC_KEY_ALLOW_SHA1), 0);
		blob.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(parse(&blob), 0);
	buf_free(&blob);
	buf_free(&key);
	buf_free(&principals);
	buf_free(&critical);
}

static void
test_kinds(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ED25519);

	(void)state;
	for (uint32_t kind = 0; kind < 5; kind++) {
		recipe.kind = kind;
		assert_int_equal(parse_recipe(&recipe), kind == 1 || kind == 2 ? 0 : ERR_FORMAT);
	}
	recipe.kind = UINT32_MAX;
	assert_int_equal(parse_recipe(&recipe), ERR_FORMAT);
}

static void
test_number_of_principals(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ED25519);
	struct buf principals = buf_init(1 << 16);

	(void)state;
	while (principals.n < (size_t)CERTIFICATE_PRINCIPALS_MAX * 5)
		buf_cstr(&principals, "x");
	recipe.principals = buf_view(&principals);
	assert_int_equal(parse_recipe(&recipe), 0);
	buf_cstr(&principals, "x");
	recipe.principals = buf_view(&principals);
	assert_int_equal(parse_recipe(&recipe), ERR_LIMIT);
	recipe.principals = view_bytes("\0\0\0\2x", 5);
	assert_int_equal(parse_recipe(&recipe), ERR_SHORT);
	buf_free(&principals);
}

static void
test_size(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ED25519);
	uint8_t filling[CERTIFICATE_BLOB_MAX] = { 0 };
	struct buf blob = certificate_make(&recipe);
	size_t room = CERTIFICATE_BLOB_MAX - blob.n;

	(void)state;
	recipe.reserved = view_bytes(filling, room);
	assert_int_equal(parse_recipe(&recipe), 0);
	recipe.reserved = view_bytes(filling, room + 1);
	assert_int_equal(parse_recipe(&recipe), ERR_LIMIT);
	buf_free(&blob);
}

static void
test_order_of_options(void **state)
{
	static const struct {
		const char *list[7];
		int err;
	} cases[] = {
		{ { NULL }, 0 },
		{ { "a", "1", "b", "2", "c", "3", NULL }, 0 },
		{ { "a", "", "aa", "", NULL }, 0 },
		{ { "b", "", "a", "", NULL }, ERR_FORMAT },
		{ { "a", "1", "a", "2", NULL }, ERR_FORMAT },
		{ { "aa", "", "a", "", NULL }, ERR_FORMAT },
		{ { "", "", NULL }, ERR_FORMAT },
		{ { "a", NULL }, ERR_SHORT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct recipe recipe = recipe_of(KEY_ED25519, KEY_ED25519);
		struct buf options = strings_make(cases[i].list);

		recipe.critical = buf_view(&options);
		assert_int_equal(parse_recipe(&recipe), cases[i].err);
		recipe.critical = (struct view){ 0 };
		recipe.extensions = buf_view(&options);
		assert_int_equal(parse_recipe(&recipe), cases[i].err);
		buf_free(&options);
	}
}

/* No chain: a certificate is no authority; nor is anything else that is no key. */
static void
test_authorities_that_are_none(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ED25519);
	struct buf inner = certificate_make(&recipe);

	(void)state;
	recipe.authority_blob = buf_view(&inner);
	assert_int_equal(parse_recipe(&recipe), ERR_UNSUPPORTED);
	recipe.authority_blob = view_of("ssh-ed25519");
	assert_int_not_equal(parse_recipe(&recipe), 0);
	buf_free(&inner);
}

/* Another key than the one that signed, and a key that is certified but no key. */
static void
test_wrong_keys(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_ECDSA_P256);
	struct buf blob, key = buf_init(4096), weak = buf_init(4096);
	uint8_t point[65] = { 4, 1, 2, 3 }; /* on no curve */
	struct certificate c;

	(void)state;
	recipe.authority_blob = private_key_blob(keys[KEY_ED25519]);
	blob = certificate_make(&recipe);
	assert_int_equal(certificate_parse(buf_view(&blob), &c, &key), 0);
	assert_int_equal(certificate_verify(&c, 0), ERR_DENIED);
	buf_free(&blob);
	buf_cstr(&weak, "ecdsa-sha2-nistp256");
	buf_cstr(&weak, "nistp256");
	buf_str(&weak, view_bytes(point, sizeof(point)));
	recipe = recipe_of(KEY_ED25519, KEY_ED25519);
	recipe.key = buf_view(&weak);
	assert_int_equal(parse_recipe(&recipe), ERR_CRYPTO);
	buf_free(&key);
	buf_free(&weak);
}

static void
test_sha1_of_an_authority(void **state)
{
	struct recipe recipe = recipe_of(KEY_ED25519, KEY_RSA);
	struct buf blob, key = buf_init(4096);
	struct certificate c;

	(void)state;
	recipe.algorithm = "ssh-rsa";
	blob = certificate_make(&recipe);
	assert_int_equal(certificate_parse(buf_view(&blob), &c, &key), 0);
	assert_int_equal(certificate_verify(&c, 0), ERR_DENIED);
	assert_int_equal(certificate_verify(&c, PUBLIC_KEY_ALLOW_SHA1), 0);
	buf_free(&blob);
	buf_free(&key);
}

static void
test_names(void **state)
{
	static const char *const names[][2] = {
		{ "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com" },
		{ "rsa-sha2-256", "rsa-sha2-256-cert-v01@openssh.com" },
		{ "ssh-rsa", "ssh-rsa-cert-v01@openssh.com" },
		{ "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com" },
		{ "sk-ecdsa-sha2-nistp256@openssh.com",
		    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(certificate_name(view_of(names[i][0])), names[i][1]);
		assert_string_equal(certificate_plain_name(view_of(names[i][1])), names[i][0]);
		assert_null(certificate_name(view_of(names[i][1])));
		assert_null(certificate_plain_name(view_of(names[i][0])));
	}
	assert_null(certificate_name(view_of("")));
	assert_null(certificate_plain_name(view_of("-cert-v01@openssh.com")));
	assert_null(certificate_plain_name(view_of("ssh-dss-cert-v01@openssh.com")));
}

static void
test_a_line_with_one(void **state)
{
	struct recipe recipe = recipe_of(KEY_ECDSA_P384, KEY_ED25519);
	struct buf blob = certificate_make(&recipe), line = buf_init(1 << 15);
	struct buf read = buf_init(1 << 15);
	struct public_key_line parsed;

	(void)state;
	buf_text(&line, "no-pty ecdsa-sha2-nistp384-cert-v01@openssh.com ");
	base64_encode(&line, buf_view(&blob), true);
	buf_text(&line, " of bob");
	assert_int_equal(public_key_parse_line(buf_view(&line), &parsed, &read), 0);
	assert_true(parsed.is_certificate);
	assert_int_equal(parsed.type, KEY_ECDSA_P384);
	assert_true(view_is(parsed.comment, "of bob") && view_is(parsed.options, "no-pty"));
	assert_true(view_eq(buf_view(&read), buf_view(&blob)));
	buf_free(&blob);
	buf_free(&line);
	buf_free(&read);
}

/* And one that ssh-keygen made. */
static void
test_ssh_keygen(void **state)
{
	char dir[256], key[300], public[300], path[300];
	struct buf file, blob = buf_init(1 << 15), plain = buf_init(4096);
	struct public_key_line line;
	struct certificate c;
	struct rd r;

	(void)state;
	scratch_make(dir, sizeof(dir));
	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(public, sizeof(public), "%s/key.pub", dir);
	snprintf(path, sizeof(path), "%s/key-cert.pub", dir);
	assert_int_equal(RUN("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key), 0);
	assert_int_equal(
	    RUN("ssh-keygen", "-q", "-s", key, "-I", "an id", "-n", "bob,alice", "-z", "9", "-O",
		"source-address=::1/128", "-V", "20200101000000Z:20900101000000Z", public),
	    0);
	file = load(path);
	assert_int_equal(public_key_parse_line(buf_view(&file), &line, &blob), 0);
	assert_int_equal(certificate_parse(buf_view(&blob), &c, &plain), 0);
	assert_int_equal(certificate_verify(&c, 0), 0);
	assert_true(c.serial == 9 && view_is(c.key_id, "an id"));
	r = rd_of(c.principals);
	assert_true(view_is(rd_str(&r, 64), "bob") && view_is(rd_str(&r, 64), "alice"));
	assert_int_equal(rd_end(&r), 0);
	assert_true(c.valid_before > c.valid_after);
	unlink(key);
	unlink(public);
	unlink(path);
	rmdir(dir);
	buf_free(&file);
	buf_free(&blob);
	buf_free(&plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_type_by_each_authority),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_flipped_bit),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_number_of_principals),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_order_of_options),
		cmocka_unit_test(test_authorities_that_are_none),
		cmocka_unit_test(test_wrong_keys),
		cmocka_unit_test(test_sha1_of_an_authority),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_a_line_with_one),
		cmocka_unit_test(test_ssh_keygen),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
