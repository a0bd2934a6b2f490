#include "crypto_support.h"

enum { BYTES_MAX = 1 << 16 };

/* A key, its blob and a good signature over "data". */
struct signer {
	struct private_key *key; /* NULL for FIDO keys, whose private half is below */
	struct private_key *authenticator;
	enum key_type type;
	struct buf blob, signature;
	const char *algorithm;
};

static const char application[] = "ssh:postern";

/* What an authenticator would hash and sign. */
static void
fido_message(struct buf *out, const char *app, uint8_t flags, uint32_t counter, struct view data)
{
	uint8_t hash[32];

	assert_int_equal(digest_once(DIGEST_SHA256, view_of(app), hash), 0);
	buf_raw(out, hash, sizeof(hash));
	buf_u8(out, flags);
	buf_u32(out, counter);
	assert_int_equal(digest_once(DIGEST_SHA256, data, hash), 0);
	buf_raw(out, hash, sizeof(hash));
}

/* Signs as an authenticator does; `said` is what the signature says, `did` what was signed. */
static void
fido_sign(struct signer *s, uint8_t did, uint8_t said, const char *app)
{
	struct buf message = buf_init(256), inner = buf_init(2048);
	const char *name = private_key_algorithm_at(s->authenticator, 0, 0);
	struct view value;
	struct rd r;

	fido_message(&message, app, did, 77, view_of("data"));
	assert_int_equal(
	    private_key_sign(s->authenticator, view_of(name), buf_view(&message), 0, &inner), 0);
	r = rd_of(buf_view(&inner));
	(void)rd_str(&r, 64);
	value = rd_str(&r, 1024);
	assert_int_equal(rd_end(&r), 0);
	buf_clear(&s->signature);
	buf_cstr(&s->signature, s->algorithm);
	buf_str(&s->signature, value);
	buf_u8(&s->signature, said);
	buf_u32(&s->signature, 77);
	buf_free(&message);
	buf_free(&inner);
}

static struct signer
signer_new(enum key_type type)
{
	struct signer s = {
		.type = type,
		.blob = buf_init(BYTES_MAX),
		.signature = buf_init(BYTES_MAX),
	};
	struct view blob, data = view_of("data");
	struct rd r;

	if (type == KEY_SK_ED25519 || type == KEY_SK_ECDSA_P256) {
		s.algorithm = key_type_name(type);
		assert_int_equal(
		    private_key_generate(
			type == KEY_SK_ED25519 ? KEY_ED25519 : KEY_ECDSA_P256, &s.authenticator),
		    0);
		blob = private_key_blob(s.authenticator);
		r = rd_of(blob);
		(void)rd_str(&r, 64);
		buf_cstr(&s.blob, s.algorithm);
		blob = rd_rest(&r);
		buf_raw(&s.blob, blob.p, blob.n);
		buf_cstr(&s.blob, application);
		fido_sign(&s, 1, 1, application);
		return s;
	}
	assert_int_equal(private_key_generate(type, &s.key), 0);
	s.algorithm = private_key_algorithm_at(s.key, 0, 0);
	blob = private_key_blob(s.key);
	buf_raw(&s.blob, blob.p, blob.n);
	assert_int_equal(private_key_sign(s.key, view_of(s.algorithm), data, 0, &s.signature), 0);
	return s;
}

static void
signer_free(struct signer *s)
{
	private_key_free(&s->key);
	private_key_free(&s->authenticator);
	buf_free(&s->blob);
	buf_free(&s->signature);
}

static int
verify(const struct signer *s, const char *algorithm, const char *data)
{
	return public_key_verify(
	    buf_view(&s->blob), view_of(algorithm), view_of(data), buf_view(&s->signature), 0);
}

/* One signer of each type, made once: RSA keys take seconds. */
static struct signer signers[KEY_TYPE_COUNT];

static int
setup(void **state)
{
	int i, err;

	if ((err = setup_crypto(state)) != 0)
		return err;
	for (i = 0; i < KEY_TYPE_COUNT; i++)
		signers[i] = signer_new((enum key_type)i);
	return 0;
}

static int
teardown(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++)
		signer_free(&signers[i]);
	return 0;
}

static void
test_good(void **state)
{
	enum key_type type;
	int i;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		assert_int_equal(public_key_check(buf_view(&signers[i].blob), &type), 0);
		assert_int_equal(type, i);
		assert_int_equal(verify(&signers[i], signers[i].algorithm, "data"), 0);
		assert_int_not_equal(verify(&signers[i], signers[i].algorithm, "dat"), 0);
		assert_int_not_equal(verify(&signers[i], signers[i].algorithm, "Data"), 0);
		assert_int_not_equal(verify(&signers[i], signers[i].algorithm, ""), 0);
	}
}

/* Another key of the same type did not sign it. */
static void
test_wrong_key(void **state)
{
	struct signer other;
	int i;

	(void)state;
	for (i = KEY_ECDSA_P256; i < KEY_TYPE_COUNT; i++) {
		other = signer_new((enum key_type)i);
		assert_int_equal(public_key_verify(buf_view(&other.blob), view_of(other.algorithm),
				     view_of("data"), buf_view(&signers[i].signature), 0),
		    ERR_CRYPTO);
		signer_free(&other);
	}
}

/* Every type against every name, outside and inside of the signature. */
static void
test_type_against_name(void **state)
{
	static const char *const names[] = { "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512",
		"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519",
		"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ssh-ed25519@openssh.com", "ssh-dss",
		"ssh-rsa-cert-v01@openssh.com", "rsa-sha2-51", "RSA-SHA2-512", "" };
	struct buf changed = buf_init(BYTES_MAX);
	struct view rest;
	struct rd r;
	size_t i, j;
	bool fits;
	int err;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		for (j = 0; j < COUNT(names); j++) {
			fits = strcmp(names[j], key_type_name((enum key_type)i)) == 0 ||
			       (i == KEY_RSA && strncmp(names[j], "rsa-sha2-", 9) == 0 &&
				   strlen(names[j]) == 12);
			assert_int_equal(public_key_accepts((enum key_type)i, view_of(names[j]),
					     PUBLIC_KEY_ALLOW_SHA1),
			    fits);
			if (i == KEY_RSA && strcmp(names[j], "ssh-rsa") == 0)
				fits = false;
			assert_int_equal(
			    public_key_accepts((enum key_type)i, view_of(names[j]), 0), fits);
			err = verify(&signers[i], names[j], "data");
			if (strcmp(names[j], signers[i].algorithm) == 0)
				assert_int_equal(err, 0);
			else
				assert_int_equal(err, ERR_DENIED);
			/* The asked name is right, the one inside is another. */
			r = rd_of(buf_view(&signers[i].signature));
			(void)rd_str(&r, 64);
			rest = rd_rest(&r);
			buf_clear(&changed);
			buf_cstr(&changed, names[j]);
			buf_raw(&changed, rest.p, rest.n);
			err = public_key_verify(buf_view(&signers[i].blob),
			    view_of(signers[i].algorithm), view_of("data"), buf_view(&changed), 0);
			assert_int_equal(err == 0, strcmp(names[j], signers[i].algorithm) == 0);
		}
	}
	buf_free(&changed);
}

static void
test_sha1_only_when_allowed(void **state)
{
	struct signer *s = &signers[KEY_RSA];
	struct buf signature = buf_init(BYTES_MAX);
	struct view name = view_of("ssh-rsa"), data = view_of("data");

	(void)state;
	assert_int_equal(private_key_sign(s->key, name, data, 0, &signature), ERR_DENIED);
	assert_int_equal(signature.n, 0);
	assert_int_equal(
	    private_key_sign(s->key, name, data, PUBLIC_KEY_ALLOW_SHA1, &signature), 0);
	assert_int_equal(
	    public_key_verify(buf_view(&s->blob), name, data, buf_view(&signature), 0), ERR_DENIED);
	assert_int_equal(public_key_verify(buf_view(&s->blob), name, data, buf_view(&signature),
			     PUBLIC_KEY_ALLOW_SHA1),
	    0);
	buf_free(&signature);
}

/* "server-sig-algs" */
static void
test_announced_names(void **state)
{
	const char *name;
	size_t i, with = 0, without = 0;

	(void)state;
	for (i = 0; (name = public_key_algorithm_at(i, 0)) != NULL; i++) {
		assert_string_not_equal(name, "ssh-rsa");
		without++;
	}
	for (i = 0; public_key_algorithm_at(i, PUBLIC_KEY_ALLOW_SHA1) != NULL; i++)
		with++;
	assert_int_equal(without, 8);
	assert_int_equal(with, 9);
}

/* No flipped bit of a signature or of a key leaves a good pair. */
static void
test_bit_flips(void **state)
{
	struct buf changed = buf_init(BYTES_MAX);
	size_t i, bit, step;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		struct signer *s = &signers[i];

		step = i == KEY_RSA ? 7 : 1;
		for (bit = 0; bit < s->signature.n * 8; bit += step) {
			buf_clear(&changed);
			buf_raw(&changed, s->signature.p, s->signature.n);
			changed.p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
			assert_int_not_equal(
			    public_key_verify(buf_view(&s->blob), view_of(s->algorithm),
				view_of("data"), buf_view(&changed), 0),
			    0);
		}
		for (bit = 0; bit < s->blob.n * 8; bit += step) {
			buf_clear(&changed);
			buf_raw(&changed, s->blob.p, s->blob.n);
			changed.p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
			(void)!public_key_check(buf_view(&changed), NULL);
			assert_int_not_equal(
			    public_key_verify(buf_view(&changed), view_of(s->algorithm),
				view_of("data"), buf_view(&s->signature), 0),
			    0);
		}
	}
	buf_free(&changed);
}

static void
test_truncations(void **state)
{
	struct buf longer = buf_init(BYTES_MAX);
	size_t i, n;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		struct signer *s = &signers[i];
		struct view name = view_of(s->algorithm), data = view_of("data");

		for (n = 0; n < s->blob.n; n++)
			assert_int_not_equal(public_key_check(view_bytes(s->blob.p, n), NULL), 0);
		for (n = 0; n < s->signature.n; n++)
			assert_int_not_equal(public_key_verify(buf_view(&s->blob), name, data,
						 view_bytes(s->signature.p, n), 0),
			    0);
		buf_clear(&longer);
		buf_raw(&longer, s->blob.p, s->blob.n);
		buf_u8(&longer, 0);
		assert_int_equal(public_key_check(buf_view(&longer), NULL), ERR_TRAILING);
		buf_clear(&longer);
		buf_raw(&longer, s->signature.p, s->signature.n);
		buf_u8(&longer, 0);
		assert_int_equal(
		    public_key_verify(buf_view(&s->blob), name, data, buf_view(&longer), 0),
		    ERR_TRAILING);
	}
	buf_free(&longer);
}

/* The value of a signature one byte shorter, one longer, and empty, in a well-formed blob. */
static void
test_signature_lengths(void **state)
{
	struct buf changed = buf_init(BYTES_MAX), value = buf_init(BYTES_MAX);
	size_t i, j;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		struct signer *s = &signers[i];
		struct rd r = rd_of(buf_view(&s->signature));
		struct view inner, rest;

		(void)rd_str(&r, 64);
		inner = rd_str(&r, 2048);
		rest = rd_rest(&r);
		for (j = 0; j < 5; j++) {
			buf_clear(&value);
			if (j == 0)
				buf_raw(&value, inner.p, inner.n - 1);
			else if (j == 1)
				buf_raw(&value, inner.p + 1, inner.n - 1);
			else if (j >= 2 && j <= 3)
				buf_raw(&value, inner.p, inner.n);
			if (j == 2)
				buf_u8(&value, 0);
			buf_clear(&changed);
			buf_cstr(&changed, s->algorithm);
			if (j == 3)
				buf_u32(&changed, (uint32_t)value.n + 1);
			else
				buf_u32(&changed, (uint32_t)value.n);
			if (j == 3)
				buf_u8(&changed, 0);
			buf_raw(&changed, value.p, value.n);
			buf_raw(&changed, rest.p, rest.n);
			assert_int_not_equal(
			    public_key_verify(buf_view(&s->blob), view_of(s->algorithm),
				view_of("data"), buf_view(&changed), 0),
			    0);
		}
	}
	buf_free(&changed);
	buf_free(&value);
}

/*
 * RFC 8332 wants the zeros in front; clients that leave them out are understood. With this key the
 * signature over "208" starts with a zero.
 */
static void
test_rsa_without_leading_zeros(void **state)
{
	static const char file[] =
	    "-----BEGIN RSA PRIVATE KEY-----\n"
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
	struct buf signature = buf_init(BYTES_MAX), changed = buf_init(BYTES_MAX);
	struct view name = view_of("rsa-sha2-256"), data = view_of("208"), inner;
	struct private_key *key;
	struct rd r;

	(void)state;
	assert_int_equal(private_key_parse(view_of(file), &key, NULL), 0);
	assert_int_equal(private_key_sign(key, name, data, 0, &signature), 0);
	r = rd_of(buf_view(&signature));
	(void)rd_str(&r, 64);
	inner = rd_str(&r, 2048);
	assert_int_equal(inner.n, 128);
	assert_int_equal(inner.p[0], 0);
	buf_cstr(&changed, "rsa-sha2-256");
	buf_str(&changed, view_bytes(inner.p + 1, inner.n - 1));
	assert_int_equal(
	    public_key_verify(private_key_blob(key), name, data, buf_view(&changed), 0), 0);
	assert_int_not_equal(
	    public_key_verify(private_key_blob(key), name, view_of("209"), buf_view(&changed), 0),
	    0);
	private_key_free(&key);
	buf_free(&signature);
	buf_free(&changed);
}

/* CVE-2026-39831: the flag must be there, and must have been signed. */
static void
test_fido_flags(void **state)
{
	static const struct {
		uint8_t did, said;
		bool good;
	} rows[] = {
		{ 0x01, 0x01, true },
		{ 0x05, 0x05, true }, /* the user was also verified */
		{ 0x00, 0x00, false },
		{ 0x04, 0x04, false },
		{ 0xfe, 0xfe, false },
		{ 0x00, 0x01, false },
		{ 0x01, 0x05, false },
		{ 0x01, 0x00, false },
	};
	size_t i;
	int type;

	(void)state;
	for (type = KEY_SK_ECDSA_P256; type <= KEY_SK_ED25519; type++) {
		for (i = 0; i < COUNT(rows); i++) {
			fido_sign(&signers[type], rows[i].did, rows[i].said, application);
			assert_int_equal(verify(&signers[type], signers[type].algorithm, "data"),
			    rows[i].good ? 0 : ERR_CRYPTO);
		}
		/* A signature for another application is none. */
		fido_sign(&signers[type], 1, 1, "ssh:other");
		assert_int_equal(
		    verify(&signers[type], signers[type].algorithm, "data"), ERR_CRYPTO);
		fido_sign(&signers[type], 1, 1, application);
		assert_int_equal(verify(&signers[type], signers[type].algorithm, "data"), 0);
	}
}

/* RFC 8032 section 7.1, RFC 6979 appendix A.2.5. */
static void
test_vectors(void **state)
{
	static const struct {
		const char *point, *data, *signature;
	} rows[] = {
		{ "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a3"
		    "3bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
		{ "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15"
		    "996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	};
	struct buf blob = buf_init(256), signature = buf_init(256), value = buf_init(256);
	struct buf point, data, r, s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		point = unhex(rows[i].point);
		data = unhex(rows[i].data);
		r = unhex(rows[i].signature);
		buf_clear(&blob);
		buf_clear(&signature);
		buf_cstr(&blob, "ssh-ed25519");
		buf_str(&blob, buf_view(&point));
		buf_cstr(&signature, "ssh-ed25519");
		buf_str(&signature, buf_view(&r));
		assert_int_equal(public_key_verify(buf_view(&blob), view_of("ssh-ed25519"),
				     buf_view(&data), buf_view(&signature), 0),
		    0);
		buf_free(&point);
		buf_free(&data);
		buf_free(&r);
	}
	point = unhex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
		      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
	r = unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
	s = unhex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
	buf_clear(&blob);
	buf_cstr(&blob, "ecdsa-sha2-nistp256");
	buf_cstr(&blob, "nistp256");
	buf_str(&blob, buf_view(&point));
	buf_mpint(&value, r.p, r.n);
	buf_mpint(&value, s.p, s.n);
	buf_clear(&signature);
	buf_cstr(&signature, "ecdsa-sha2-nistp256");
	buf_str(&signature, buf_view(&value));
	assert_int_equal(public_key_verify(buf_view(&blob), view_of("ecdsa-sha2-nistp256"),
			     view_of("sample"), buf_view(&signature), 0),
	    0);
	buf_free(&point);
	buf_free(&r);
	buf_free(&s);
	buf_free(&blob);
	buf_free(&signature);
	buf_free(&value);
}

/* r and s at zero, at the order, and negative (CVE-2022-21449 was zero taken for good). */
static void
test_ecdsa_numbers(void **state)
{
	static const char *const numbers[] = { "", "01",
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552" };
	struct signer *signer = &signers[KEY_ECDSA_P256];
	struct buf value = buf_init(256), signature = buf_init(512), r, s;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(numbers); i++) {
		for (j = 0; j < COUNT(numbers); j++) {
			r = unhex(numbers[i]);
			s = unhex(numbers[j]);
			buf_clear(&value);
			buf_mpint(&value, r.p, r.n);
			buf_mpint(&value, s.p, s.n);
			buf_clear(&signature);
			buf_cstr(&signature, signer->algorithm);
			buf_str(&signature, buf_view(&value));
			assert_int_not_equal(
			    public_key_verify(buf_view(&signer->blob), view_of(signer->algorithm),
				view_of("data"), buf_view(&signature), 0),
			    0);
			buf_free(&r);
			buf_free(&s);
		}
	}
	buf_clear(&value);
	buf_str(&value, view_bytes("\x81", 1)); /* negative */
	buf_str(&value, view_bytes("\x01", 1));
	buf_clear(&signature);
	buf_cstr(&signature, signer->algorithm);
	buf_str(&signature, buf_view(&value));
	assert_int_not_equal(public_key_verify(buf_view(&signer->blob), view_of(signer->algorithm),
				 view_of("data"), buf_view(&signature), 0),
	    0);
	buf_free(&value);
	buf_free(&signature);
}

/* An RSA blob of a modulus of that many bits, all of them set. */
static int
check_rsa(size_t bits, const char *exponent_hex, bool odd)
{
	struct buf blob = buf_init(4096), exponent = unhex(exponent_hex);
	uint8_t modulus[1100];
	size_t n = (bits + 7) / 8;
	int err;

	memset(modulus, 0xff, sizeof(modulus));
	if (bits % 8 != 0)
		modulus[0] = (uint8_t)((1 << (bits % 8)) - 1);
	if (!odd)
		modulus[n - 1] = 0xfe;
	buf_cstr(&blob, "ssh-rsa");
	buf_mpint(&blob, exponent.p, exponent.n);
	buf_mpint(&blob, modulus, n);
	err = public_key_check(buf_view(&blob), NULL);
	buf_free(&blob);
	buf_free(&exponent);
	return err;
}

/* CVE-2026-39829: sizes are limited before there is any mathematics. */
static void
test_rsa_limits(void **state)
{
	(void)state;
	assert_int_equal(check_rsa(1023, "010001", true), ERR_LIMIT);
	assert_int_equal(check_rsa(1024, "010001", true), 0);
	assert_int_equal(check_rsa(8192, "010001", true), 0);
	assert_int_equal(check_rsa(8193, "010001", true), ERR_LIMIT);
	assert_int_equal(check_rsa(0, "010001", true), ERR_LIMIT);
	assert_int_equal(check_rsa(2048, "010001", false), ERR_CRYPTO);
	assert_int_equal(check_rsa(2048, "03", true), 0);
	assert_int_equal(check_rsa(2048, "01", true), ERR_CRYPTO);
	assert_int_equal(check_rsa(2048, "02", true), ERR_CRYPTO);
	assert_int_equal(check_rsa(2048, "04", true), ERR_CRYPTO);
	assert_int_equal(check_rsa(2048, "", true), ERR_CRYPTO);
	assert_int_equal(check_rsa(2048, "ffffffffffffffff", true), 0);
	assert_int_equal(check_rsa(2048, "01ffffffffffffffff", true), ERR_LIMIT);
}

static int
check_ed25519(const char *type, size_t n, size_t app)
{
	struct buf blob = buf_init(4096);
	uint8_t bytes[512];
	int err;

	memset(bytes, 'a', sizeof(bytes));
	buf_cstr(&blob, type);
	buf_str(&blob, view_bytes(bytes, n));
	if (app != SIZE_MAX)
		buf_str(&blob, view_bytes(bytes, app));
	err = public_key_check(buf_view(&blob), NULL);
	buf_free(&blob);
	return err;
}

static void
test_ed25519_lengths(void **state)
{
	(void)state;
	assert_int_equal(check_ed25519("ssh-ed25519", 32, SIZE_MAX), 0);
	assert_int_not_equal(check_ed25519("ssh-ed25519", 31, SIZE_MAX), 0);
	assert_int_not_equal(check_ed25519("ssh-ed25519", 33, SIZE_MAX), 0);
	assert_int_not_equal(check_ed25519("ssh-ed25519", 0, SIZE_MAX), 0);
	assert_int_equal(check_ed25519("sk-ssh-ed25519@openssh.com", 32, 256), 0);
	assert_int_equal(check_ed25519("sk-ssh-ed25519@openssh.com", 32, 257), ERR_LIMIT);
	assert_int_equal(check_ed25519("sk-ssh-ed25519@openssh.com", 32, SIZE_MAX), ERR_SHORT);
	assert_int_equal(check_ed25519("ssh-ed25519", 32, 0), ERR_TRAILING);
	assert_int_equal(check_ed25519("ssh-ed448", 57, SIZE_MAX), ERR_UNSUPPORTED);
	assert_int_equal(check_ed25519("ssh-dss", 32, SIZE_MAX), ERR_UNSUPPORTED);
	assert_int_equal(check_ed25519("", 32, SIZE_MAX), ERR_UNSUPPORTED);
}

/* RFC 8032 section 5.1.3: no point of the curve has 2 as its y. */
static void
test_ed25519_without_a_point(void **state)
{
	static const uint8_t two[32] = { 2 };
	struct buf blob = buf_init(256);

	(void)state;
	buf_cstr(&blob, "ssh-ed25519");
	buf_str(&blob, view_bytes(two, sizeof(two)));
	assert_int_equal(public_key_check(buf_view(&blob), NULL), 0);
	assert_int_equal(public_key_verify(buf_view(&blob), view_of("ssh-ed25519"), view_of("data"),
			     buf_view(&signers[KEY_ED25519].signature), 0),
	    ERR_CRYPTO);
	buf_free(&blob);
}

static void
test_ecdsa_curve_name(void **state)
{
	struct buf blob = buf_init(256);
	struct rd r = rd_of(buf_view(&signers[KEY_ECDSA_P256].blob));
	struct view point;

	(void)state;
	(void)rd_str(&r, 64);
	(void)rd_str(&r, 64);
	point = rd_str(&r, 256);
	buf_cstr(&blob, "ecdsa-sha2-nistp256");
	buf_cstr(&blob, "nistp384");
	buf_str(&blob, point);
	assert_int_equal(public_key_check(buf_view(&blob), NULL), ERR_FORMAT);
	buf_clear(&blob);
	buf_cstr(&blob, "ecdsa-sha2-nistp384");
	buf_cstr(&blob, "nistp384");
	buf_str(&blob, point);
	assert_int_equal(public_key_check(buf_view(&blob), NULL), ERR_FORMAT);
	buf_clear(&blob);
	buf_cstr(&blob, "ecdsa-sha2-nistp256");
	buf_cstr(&blob, "nistp256");
	buf_str(&blob, view_bytes(point.p, point.n - 1));
	assert_int_equal(public_key_check(buf_view(&blob), NULL), ERR_FORMAT);
	buf_free(&blob);
}

static void
test_blob_and_signature_limits(void **state)
{
	struct buf big = buf_init(BYTES_MAX);
	uint8_t zeros[4096] = { 0 };

	(void)state;
	buf_cstr(&big, "ssh-ed25519");
	buf_raw(&big, zeros, PUBLIC_KEY_BLOB_MAX + 1 - big.n);
	assert_int_equal(public_key_check(buf_view(&big), NULL), ERR_LIMIT);
	assert_int_not_equal(
	    public_key_check(view_bytes(big.p, PUBLIC_KEY_BLOB_MAX), NULL), ERR_LIMIT);
	assert_int_equal(
	    public_key_verify(buf_view(&signers[KEY_ED25519].blob), view_of("ssh-ed25519"),
		view_of("data"), view_bytes(zeros, PUBLIC_KEY_SIGNATURE_MAX + 1), 0),
	    ERR_LIMIT);
	buf_free(&big);
}

/* Makes a line of authorized_keys from parts. */
static struct buf
line_of(const char *before, const struct signer *s, const char *type, const char *after)
{
	struct buf line = buf_init(BYTES_MAX);

	buf_text(&line, before);
	buf_text(&line, type == NULL ? key_type_name(s->type) : type);
	buf_text(&line, " ");
	base64_encode(&line, buf_view(&s->blob), true);
	buf_text(&line, after);
	assert_int_equal(buf_error(&line), 0);
	return line;
}

static void
test_lines(void **state)
{
	static const struct {
		const char *before, *after, *options, *comment;
	} rows[] = {
		{ "", "", "", "" },
		{ "", "\n", "", "" },
		{ "", " me@host\r\n", "", "me@host" },
		{ " \t", " \t two words \t\n", "", "two words" },
		{ "no-pty ", " c", "no-pty", "c" },
		{ "command=\"echo \\\"ssh-rsa x\\\"\",no-pty\t", " c",
		    "command=\"echo \\\"ssh-rsa x\\\"\",no-pty", "c" },
		{ "from=\"a b,c\" ", "", "from=\"a b,c\"", "" },
	};
	struct buf blob = buf_init(BYTES_MAX), line;
	struct public_key_line parsed;
	size_t i, j;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		for (j = 0; j < COUNT(rows); j++) {
			line = line_of(rows[j].before, &signers[i], NULL, rows[j].after);
			buf_clear(&blob);
			assert_int_equal(public_key_parse_line(buf_view(&line), &parsed, &blob), 0);
			assert_true(view_eq(buf_view(&blob), buf_view(&signers[i].blob)));
			assert_true(view_is(parsed.options, rows[j].options));
			assert_true(view_is(parsed.comment, rows[j].comment));
			assert_int_equal(parsed.type, i);
			buf_free(&line);
		}
	}
	buf_free(&blob);
}

static void
test_bad_lines(void **state)
{
	static const char *const lines[] = { "", "\n", "   ", "# comment", "ssh-rsa", "ssh-rsa ",
		"ssh-rsa !!!!", "ssh-ed25519 AAAA", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "x y z",
		"no-pty", "\"", "no-pty \"", "ssh-", "\\\"", "----BEGIN SSH2 PUBLIC KEY ----" };
	struct signer *s = &signers[KEY_ED25519];
	struct buf blob = buf_init(BYTES_MAX), line, big = buf_init(BYTES_MAX);
	struct public_key_line parsed;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lines); i++)
		assert_int_not_equal(public_key_parse_line(view_of(lines[i]), &parsed, &blob), 0);
	/* The type in front is not the one inside. */
	line = line_of("", s, "ssh-rsa", "");
	assert_int_equal(public_key_parse_line(buf_view(&line), &parsed, &blob), ERR_FORMAT);
	buf_free(&line);
	line = line_of("", s, NULL, "");
	assert_int_not_equal(
	    public_key_parse_line(view_bytes(line.p, line.n - 4), &parsed, &blob), 0);
	buf_u8(&line, 0);
	assert_int_equal(public_key_parse_line(buf_view(&line), &parsed, &blob), ERR_FORMAT);
	buf_free(&line);
	/* The longest line, and one more. */
	line = line_of("", s, NULL, " ");
	buf_raw(&big, line.p, line.n);
	while (big.n < PUBLIC_KEY_LINE_MAX)
		buf_u8(&big, 'c');
	assert_int_equal(public_key_parse_line(buf_view(&big), &parsed, &blob), 0);
	buf_clear(&blob);
	buf_u8(&big, 'c');
	assert_int_equal(public_key_parse_line(buf_view(&big), &parsed, &blob), ERR_LIMIT);
	assert_int_equal(blob.n, 0);
	buf_free(&line);
	buf_free(&big);
	buf_free(&blob);
}

/* Known by name, not read: a clear answer for who moves a data base over. */
static void
test_unsupported_lines(void **state)
{
	static const char *const types[] = { "ssh-dss", "ssh-dss-cert-v01@openssh.com",
		"rsa-sha2-512" };
	struct buf blob = buf_init(BYTES_MAX), inner = buf_init(BYTES_MAX), line;
	struct public_key_line parsed;
	uint8_t zeros[3000] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(types); i++) {
		buf_clear(&inner);
		buf_cstr(&inner, types[i]);
		buf_raw(&inner, zeros, sizeof(zeros));
		line = buf_init(BYTES_MAX);
		buf_text(&line, types[i]);
		buf_text(&line, " ");
		base64_encode(&line, buf_view(&inner), true);
		assert_int_equal(public_key_parse_line(buf_view(&line), &parsed, &blob),
		    strncmp(types[i], "rsa", 3) == 0 ? ERR_FORMAT : ERR_UNSUPPORTED);
		buf_free(&line);
	}
	buf_free(&blob);
	buf_free(&inner);
}

static void
test_line_flips(void **state)
{
	struct signer *s = &signers[KEY_ED25519];
	struct buf line = line_of("no-pty ", s, NULL, " me"), blob = buf_init(BYTES_MAX);
	struct public_key_line parsed;
	size_t n, bit;

	(void)state;
	for (n = 0; n < line.n; n++) {
		buf_clear(&blob);
		(void)!public_key_parse_line(view_bytes(line.p, n), &parsed, &blob);
	}
	for (bit = 0; bit < line.n * 8; bit++) {
		line.p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		buf_clear(&blob);
		(void)!public_key_parse_line(buf_view(&line), &parsed, &blob);
		line.p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
	buf_free(&line);
	buf_free(&blob);
}

static void
test_fingerprint(void **state)
{
	char text[PUBLIC_KEY_FINGERPRINT_BYTES];

	(void)state;
	/* SHA-256 of nothing, in base64. */
	assert_int_equal(public_key_fingerprint((struct view){ 0 }, text), 0);
	assert_string_equal(text, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_type_against_name),
		cmocka_unit_test(test_sha1_only_when_allowed),
		cmocka_unit_test(test_announced_names),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_signature_lengths),
		cmocka_unit_test(test_rsa_without_leading_zeros),
		cmocka_unit_test(test_fido_flags),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_ecdsa_numbers),
		cmocka_unit_test(test_rsa_limits),
		cmocka_unit_test(test_ed25519_lengths),
		cmocka_unit_test(test_ed25519_without_a_point),
		cmocka_unit_test(test_ecdsa_curve_name),
		cmocka_unit_test(test_blob_and_signature_limits),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_unsupported_lines),
		cmocka_unit_test(test_line_flips),
		cmocka_unit_test(test_fingerprint),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
