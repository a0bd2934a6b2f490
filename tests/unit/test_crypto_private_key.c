#include "crypto_support.h"

#include "crypto/private_key_private.h"

#include <sys/stat.h>

enum { BYTES_MAX = 1 << 16 };

static char folder[256];

static int
setup(void **state)
{
	scratch_make(folder, sizeof(folder));
	return setup_crypto(state);
}

static int
teardown(void **state)
{
	(void)state;
	return RUN("rm", "-rf", folder);
}

/* "folder/name"; two results live at a time. */
static char *
path(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *p = paths[next++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

static void
store(const char *name, struct view content)
{
	assert_int_equal(fd_write_file(path(name), 0600, content), 0);
}

static int
parse(struct view file, struct private_key **out)
{
	const char *reason = NULL;
	int err = private_key_parse(file, out, &reason);

	if (err != 0) {
		assert_non_null(reason);
		assert_true(strlen(reason) > 0);
		assert_null(*out);
	}
	return err;
}

/* Loads a key that must be good. */
static struct private_key *
parse_path(const char *p)
{
	struct private_key *key;
	struct buf file = load(p);

	assert_int_equal(parse(buf_view(&file), &key), 0);
	buf_free(&file);
	return key;
}

static int
parse_error(const char *p)
{
	struct private_key *key;
	struct buf file = load(p);
	int err = parse(buf_view(&file), &key);

	private_key_free(&key);
	buf_free(&file);
	return err;
}

/* The blob of the .pub file beside a key. */
static struct buf
public_of(const char *p)
{
	struct buf file = load(p), blob = buf_init(BYTES_MAX);
	struct public_key_line line;

	assert_int_equal(public_key_parse_line(buf_view(&file), &line, &blob), 0);
	buf_free(&file);
	return blob;
}

static void
signs_with_all_names(const struct private_key *key)
{
	struct buf signature = buf_init(BYTES_MAX);
	struct view data = view_of("some data");
	const char *name;
	size_t i;

	for (i = 0; (name = private_key_algorithm_at(key, i, PUBLIC_KEY_ALLOW_SHA1)) != NULL; i++) {
		buf_clear(&signature);
		assert_int_equal(
		    private_key_sign(key, view_of(name), data, PUBLIC_KEY_ALLOW_SHA1, &signature),
		    0);
		assert_int_equal(public_key_verify(private_key_blob(key), view_of(name), data,
				     buf_view(&signature), PUBLIC_KEY_ALLOW_SHA1),
		    0);
		signature.p[signature.n - 1] ^= 1;
		assert_int_not_equal(public_key_verify(private_key_blob(key), view_of(name), data,
					 buf_view(&signature), PUBLIC_KEY_ALLOW_SHA1),
		    0);
	}
	assert_int_equal(i, private_key_type(key) == KEY_RSA ? 3 : 1);
	assert_int_equal(
	    private_key_sign(key, view_of("ssh-dss"), data, 0, &signature), ERR_DENIED);
	assert_int_equal(
	    private_key_sign(key, (struct view){ 0 }, data, 0, &signature), ERR_DENIED);
	buf_free(&signature);
}

/* Every type in every format that ssh-keygen writes; the same encrypted. */
static void
test_ssh_keygen_files(void **state)
{
	static const char *const rows[][4] = {
		{ "rsa", "2048", "RFC4716", "0" },
		{ "rsa", "2048", "PEM", "0" },
		{ "rsa", "2048", "PKCS8", "0" },
		{ "rsa", "1024", "RFC4716", "0" },
		{ "ecdsa", "256", "RFC4716", "1" },
		{ "ecdsa", "256", "PEM", "1" },
		{ "ecdsa", "256", "PKCS8", "1" },
		{ "ecdsa", "384", "RFC4716", "2" },
		{ "ecdsa", "384", "PEM", "2" },
		{ "ecdsa", "384", "PKCS8", "2" },
		{ "ecdsa", "521", "RFC4716", "3" },
		{ "ecdsa", "521", "PEM", "3" },
		{ "ecdsa", "521", "PKCS8", "3" },
		{ "ed25519", "256", "RFC4716", "4" },
	};
	struct private_key *key;
	struct buf blob;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		(void)unlink(path("k"));
		(void)unlink(path("e"));
		assert_int_equal(RUN("ssh-keygen", "-q", "-t", rows[i][0], "-b", rows[i][1], "-m",
				     rows[i][2], "-N", "", "-C", "a comment", "-f", path("k")),
		    0);
		key = parse_path(path("k"));
		assert_int_equal(private_key_type(key), rows[i][3][0] - '0');
		blob = public_of(path("k.pub"));
		assert_true(view_eq(buf_view(&blob), private_key_blob(key)));
		signs_with_all_names(key);
		private_key_free(&key);
		buf_free(&blob);

		assert_int_equal(RUN("ssh-keygen", "-q", "-p", "-m", rows[i][2], "-P", "", "-N",
				     "secret", "-f", path("k")),
		    0);
		assert_int_equal(parse_error(path("k")), ERR_DENIED);
	}
}

static void
openssl_key(const char *const argv[])
{
	assert_int_equal(run_program(NULL, argv), 0);
}

#define OPENSSL(...) openssl_key((const char *const[]){ "openssl", __VA_ARGS__, NULL })

static void
expect_openssl(enum key_type type)
{
	struct private_key *key = parse_path(path("o"));

	assert_int_equal(private_key_type(key), type);
	signs_with_all_names(key);
	private_key_free(&key);
}

static void
test_openssl_files(void **state)
{
	(void)state;
	OPENSSL("genrsa", "-out", path("o"), "2048");
	expect_openssl(KEY_RSA);
	OPENSSL("rsa", "-traditional", "-in", path("o"), "-out", path("o"));
	expect_openssl(KEY_RSA);
	/* with "EC PARAMETERS" in front */
	OPENSSL("ecparam", "-genkey", "-name", "prime256v1", "-out", path("o"));
	expect_openssl(KEY_ECDSA_P256);
	OPENSSL("pkcs8", "-topk8", "-nocrypt", "-in", path("o"), "-out", path("p"));
	OPENSSL("ec", "-in", path("o"), "-conv_form", "compressed", "-out", path("o"));
	expect_openssl(KEY_ECDSA_P256);
	OPENSSL("ec", "-in", path("p"), "-no_public", "-out", path("o"));
	expect_openssl(KEY_ECDSA_P256);
	OPENSSL("ecparam", "-genkey", "-name", "secp521r1", "-out", path("o"));
	expect_openssl(KEY_ECDSA_P521);
	OPENSSL("genpkey", "-algorithm", "ed25519", "-out", path("o"));
	expect_openssl(KEY_ED25519);
}

static void
test_unsupported_files(void **state)
{
	(void)state;
	OPENSSL("dsaparam", "-genkey", "-noout", "-out", path("o"), "1024");
	assert_int_equal(parse_error(path("o")), ERR_UNSUPPORTED);
	OPENSSL("pkcs8", "-topk8", "-nocrypt", "-in", path("o"), "-out", path("p"));
	assert_int_equal(parse_error(path("p")), ERR_UNSUPPORTED);
	OPENSSL("genpkey", "-algorithm", "ed448", "-out", path("o"));
	assert_int_equal(parse_error(path("o")), ERR_UNSUPPORTED);
	OPENSSL("genpkey", "-algorithm", "x25519", "-out", path("o"));
	assert_int_equal(parse_error(path("o")), ERR_UNSUPPORTED);
	OPENSSL("ecparam", "-genkey", "-name", "secp256k1", "-noout", "-out", path("o"));
	assert_int_equal(parse_error(path("o")), ERR_UNSUPPORTED);
	OPENSSL("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:1024", "-out",
	    path("o"));
	assert_int_equal(parse_error(path("o")), ERR_UNSUPPORTED);
	OPENSSL("genrsa", "-out", path("o"), "1016");
	assert_int_equal(parse_error(path("o")), ERR_LIMIT);
	OPENSSL("genrsa", "-aes128", "-passout", "pass:secret", "-out", path("o"), "1024");
	assert_int_equal(parse_error(path("o")), ERR_DENIED);
	OPENSSL("genrsa", "-aes128", "-traditional", "-passout", "pass:secret", "-out", path("o"),
	    "1024");
	assert_int_equal(parse_error(path("o")), ERR_DENIED);
}

/* What we write is what others read, and we read it ourselves. */
static void
test_generate_and_serialise(void **state)
{
	static const struct {
		enum key_type type;
		const char *first_line;
	} rows[] = {
		{ KEY_RSA, "-----BEGIN RSA PRIVATE KEY-----\n" },
		{ KEY_ECDSA_P256, "-----BEGIN EC PRIVATE KEY-----\n" },
		{ KEY_ECDSA_P384, "-----BEGIN EC PRIVATE KEY-----\n" },
		{ KEY_ECDSA_P521, "-----BEGIN EC PRIVATE KEY-----\n" },
		{ KEY_ED25519, "-----BEGIN OPENSSH PRIVATE KEY-----\n" },
	};
	struct private_key *key, *again, *other;
	struct buf text = buf_init(PRIVATE_KEY_FILE_MAX), blob;
	char command[2048];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(private_key_generate(rows[i].type, &key), 0);
		assert_int_equal(private_key_type(key), rows[i].type);
		buf_clear(&text);
		assert_int_equal(private_key_serialise(key, "postern@here", &text), 0);
		assert_memory_equal(text.p, rows[i].first_line, strlen(rows[i].first_line));
		assert_int_equal(parse(buf_view(&text), &again), 0);
		assert_true(view_eq(private_key_blob(key), private_key_blob(again)));
		signs_with_all_names(again);

		store("g", buf_view(&text));
		snprintf(command, sizeof(command), "ssh-keygen -y -f '%s' > '%s'", path("g"),
		    path("g.pub"));
		assert_int_equal(RUN("sh", "-c", command), 0);
		blob = public_of(path("g.pub"));
		assert_true(view_eq(buf_view(&blob), private_key_blob(key)));
		buf_free(&blob);
		if (rows[i].type != KEY_RSA) {
			assert_int_equal(private_key_generate(rows[i].type, &other), 0);
			assert_false(view_eq(private_key_blob(key), private_key_blob(other)));
			private_key_free(&other);
		} else {
			/* "ssh-rsa", 65537, and a modulus of 4096 bits. */
			assert_int_equal(private_key_blob(key).n,
			    4 + 7 + 4 + 3 + 4 + 1 + PRIVATE_KEY_RSA_BITS / 8);
		}
		private_key_free(&key);
		private_key_free(&again);
	}
	assert_int_equal(private_key_generate(KEY_SK_ED25519, &key), ERR_UNSUPPORTED);
	buf_free(&text);
}

/* The message under a signature of "ssh-keygen -Y" (OpenSSH's PROTOCOL.sshsig). */
static void
sshsig_message(struct buf *out, struct view data)
{
	uint8_t hash[64];

	assert_int_equal(digest_once(DIGEST_SHA512, data, hash), 0);
	buf_text(out, "SSHSIG");
	buf_cstr(out, "postern");
	buf_cstr(out, "");
	buf_cstr(out, "sha512");
	buf_str(out, view_bytes(hash, 64));
}

/* ssh-keygen believes what we sign. */
static void
test_ssh_keygen_checks_ours(void **state)
{
	static const enum key_type types[] = { KEY_RSA, KEY_ECDSA_P256, KEY_ECDSA_P384,
		KEY_ECDSA_P521, KEY_ED25519 };
	struct buf message = buf_init(BYTES_MAX), signature = buf_init(BYTES_MAX);
	struct buf whole = buf_init(BYTES_MAX), text = buf_init(BYTES_MAX);
	struct view data = view_of("what is signed\n");
	struct private_key *key;
	const char *name;
	size_t i, j;

	(void)state;
	store("message", data);
	sshsig_message(&message, data);
	for (i = 0; i < COUNT(types); i++) {
		assert_int_equal(private_key_generate(types[i], &key), 0);
		for (j = 0; (name = private_key_algorithm_at(key, j, 0)) != NULL; j++) {
			buf_clear(&signature);
			assert_int_equal(
			    private_key_sign(key, view_of(name), buf_view(&message), 0, &signature),
			    0);
			buf_clear(&whole);
			buf_text(&whole, "SSHSIG");
			buf_u32(&whole, 1);
			buf_str(&whole, private_key_blob(key));
			buf_cstr(&whole, "postern");
			buf_cstr(&whole, "");
			buf_cstr(&whole, "sha512");
			buf_str(&whole, buf_view(&signature));
			buf_clear(&text);
			buf_text(&text, "-----BEGIN SSH SIGNATURE-----\n");
			base64_encode(&text, buf_view(&whole), true);
			buf_text(&text, "\n-----END SSH SIGNATURE-----\n");
			store("message.sig", buf_view(&text));
			assert_int_equal(
			    run_program(path("message"),
				(const char *const[]){ "ssh-keygen", "-Y", "check-novalidate", "-n",
				    "postern", "-s", path("message.sig"), NULL }),
			    0);
		}
		private_key_free(&key);
	}
	buf_free(&message);
	buf_free(&signature);
	buf_free(&whole);
	buf_free(&text);
}

/* The bytes between two armour lines. */
static struct buf
unarmour(struct view text)
{
	struct buf base64 = buf_init(BYTES_MAX), out = buf_init(BYTES_MAX);
	size_t i, start;

	for (i = 0; i < text.n; i = start + 1) {
		start = i;
		while (start < text.n && text.p[start] != '\n')
			start++;
		if (text.p[i] != '-')
			buf_raw(&base64, text.p + i, start - i);
	}
	assert_int_equal(base64_decode(&out, buf_view(&base64)), 0);
	buf_free(&base64);
	return out;
}

/* And we believe what ssh-keygen signs. */
static void
test_ours_checks_ssh_keygen(void **state)
{
	static const char *const rows[][2] = { { "rsa", "2048" }, { "ecdsa", "256" },
		{ "ecdsa", "384" }, { "ecdsa", "521" }, { "ed25519", "256" } };
	struct view data = view_of("what is signed\n"), signature, name, blob;
	struct buf message = buf_init(BYTES_MAX), file, raw;
	struct rd r;
	size_t i;

	(void)state;
	sshsig_message(&message, data);
	for (i = 0; i < COUNT(rows); i++) {
		(void)unlink(path("s"));
		(void)unlink(path("m.sig"));
		store("m", data);
		assert_int_equal(RUN("ssh-keygen", "-q", "-t", rows[i][0], "-b", rows[i][1], "-N",
				     "", "-f", path("s")),
		    0);
		assert_int_equal(RUN("ssh-keygen", "-q", "-Y", "sign", "-n", "postern", "-f",
				     path("s"), path("m")),
		    0);
		file = load(path("m.sig"));
		raw = unarmour(buf_view(&file));
		r = rd_of(buf_view(&raw));
		(void)rd_raw(&r, 6);
		(void)rd_u32(&r);
		blob = rd_str(&r, 2048);
		(void)rd_str(&r, 64);
		(void)rd_str(&r, 64);
		(void)rd_str(&r, 64);
		signature = rd_str(&r, 2048);
		assert_int_equal(rd_end(&r), 0);
		r = rd_of(signature);
		name = rd_str(&r, 64);
		assert_int_equal(
		    public_key_verify(blob, name, buf_view(&message), signature, 0), 0);
		assert_int_equal(public_key_verify(blob, name, data, signature, 0), ERR_CRYPTO);
		buf_free(&file);
		buf_free(&raw);
	}
	buf_free(&message);
}

/*
 * Damage to a file: it is refused, or it was damage that does not matter (a comment) and the key
 * is the same. Never a crash, never another key.
 */
static void
damage(struct view file, struct view blob, unsigned bits_per_byte)
{
	struct private_key *key;
	struct buf changed = buf_init(BYTES_MAX);
	size_t i;
	unsigned bit;

	for (i = 0; i < file.n; i++) {
		if (parse(view_bytes(file.p, i), &key) == 0) {
			/* only the last line ending may miss */
			assert_int_equal(i, file.n - 1);
			private_key_free(&key);
		}
	}
	for (i = 0; i < file.n; i++) {
		for (bit = 0; bit < bits_per_byte; bit++) {
			buf_clear(&changed);
			buf_raw(&changed, file.p, file.n);
			changed.p[i] ^= (uint8_t)(1 << ((bits_per_byte == 8 ? bit : i) % 8));
			if (parse(buf_view(&changed), &key) != 0)
				continue;
			assert_true(view_eq(private_key_blob(key), blob));
			private_key_free(&key);
		}
	}
	buf_free(&changed);
}

static void
test_damaged_files(void **state)
{
	static const char *const rows[][4] = {
		{ "ed25519", "256", "RFC4716", "8" },
		{ "ecdsa", "256", "RFC4716", "8" },
		{ "ecdsa", "521", "PEM", "1" },
		{ "ecdsa", "384", "PKCS8", "1" },
		{ "rsa", "1024", "RFC4716", "1" },
		{ "rsa", "1024", "PEM", "1" },
		{ "rsa", "1024", "PKCS8", "1" },
	};
	struct private_key *key;
	struct buf file;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		(void)unlink(path("d"));
		assert_int_equal(RUN("ssh-keygen", "-q", "-t", rows[i][0], "-b", rows[i][1], "-m",
				     rows[i][2], "-N", "", "-C", "c", "-f", path("d")),
		    0);
		file = load(path("d"));
		assert_int_equal(parse(buf_view(&file), &key), 0);
		damage(buf_view(&file), private_key_blob(key), (unsigned)(rows[i][3][0] - '0'));
		private_key_free(&key);
		buf_free(&file);
	}
}

/* The same below the armour, where base64 does not stand guard. */
static void
test_damaged_openssh_body(void **state)
{
	struct buf text = buf_init(BYTES_MAX), armoured = buf_init(BYTES_MAX), body;
	struct private_key *key, *again;
	size_t i, n;
	uint8_t bit, *byte;

	(void)state;
	assert_int_equal(private_key_generate(KEY_ED25519, &key), 0);
	assert_int_equal(private_key_serialise(key, "c", &text), 0);
	body = unarmour(buf_view(&text));
	/* every truncation, then the whole, then every flipped bit */
	for (i = 0; i <= body.n * 9; i++) {
		n = i < body.n ? i : body.n;
		bit = 0;
		if (i > body.n)
			bit = (uint8_t)(1 << (i % 8));
		byte = body.p + (bit == 0 ? 0 : (i - body.n - 1) / 8);
		*byte = (uint8_t)(*byte ^ bit);
		buf_clear(&armoured);
		buf_text(&armoured, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
		base64_encode(&armoured, view_bytes(body.p, n), true);
		buf_text(&armoured, "\n-----END OPENSSH PRIVATE KEY-----\n");
		*byte = (uint8_t)(*byte ^ bit);
		if (parse(buf_view(&armoured), &again) == 0) {
			assert_int_equal(n, body.n);
			assert_true(view_eq(private_key_blob(key), private_key_blob(again)));
			private_key_free(&again);
		} else {
			assert_true(i != body.n);
		}
	}
	private_key_free(&key);
	buf_free(&text);
	buf_free(&armoured);
	buf_free(&body);
}

/* The halves of two keys in one file. */
static void
test_mixed_halves(void **state)
{
	struct buf first = buf_init(BYTES_MAX), second = buf_init(BYTES_MAX);
	struct buf armoured = buf_init(BYTES_MAX), body_first, body_second;
	struct private_key *key;
	int i;

	(void)state;
	assert_int_equal(private_key_generate(KEY_ED25519, &key), 0);
	assert_int_equal(private_key_serialise(key, "c", &first), 0);
	private_key_free(&key);
	assert_int_equal(private_key_generate(KEY_ED25519, &key), 0);
	assert_int_equal(private_key_serialise(key, "c", &second), 0);
	private_key_free(&key);
	body_first = unarmour(buf_view(&first));
	body_second = unarmour(buf_view(&second));
	assert_int_equal(body_first.n, body_second.n);
	for (i = 0; i < 2; i++) {
		/* the public half ends before the length of the private section */
		size_t cut = 15 + 8 + 8 + 4 + 4 + 4 + 51;

		buf_clear(&armoured);
		buf_text(&armoured, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
		if (i == 1)
			memcpy(body_first.p, body_second.p, cut);
		base64_encode(&armoured, buf_view(&body_first), true);
		buf_text(&armoured, "\n-----END OPENSSH PRIVATE KEY-----\n");
		assert_int_equal(parse(buf_view(&armoured), &key), i == 0 ? 0 : ERR_CRYPTO);
		private_key_free(&key);
	}
	buf_free(&first);
	buf_free(&second);
	buf_free(&armoured);
	buf_free(&body_first);
	buf_free(&body_second);
}

struct rsa_fields {
	struct view n, e, d, iqmp, p, q;
};

/* An RSA key as ssh-keygen writes it: all of the body, and its numbers in there. */
static struct buf
rsa_body(const char *name, struct rsa_fields *out)
{
	struct buf file, body;
	struct view section;
	struct rd r;

	(void)unlink(path(name));
	assert_int_equal(RUN("ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-C", "c", "-f",
			     path(name)),
	    0);
	file = load(path(name));
	body = unarmour(buf_view(&file));
	buf_free(&file);
	r = rd_of(buf_view(&body));
	rd_raw(&r, 15); /* "openssh-key-v1" and its NUL */
	for (int i = 0; i < 3; i++)
		rd_str(&r, BYTES_MAX); /* cipher, key derivation, its options */
	rd_u32(&r);
	rd_str(&r, BYTES_MAX); /* the public key */
	section = rd_str(&r, BYTES_MAX);
	assert_int_equal(rd_end(&r), 0);
	r = rd_of(section);
	rd_u32(&r);
	rd_u32(&r);
	rd_str(&r, BYTES_MAX);
	*out = (struct rsa_fields){ .n = rd_mpint(&r, 1024) };
	out->e = rd_mpint(&r, 1024);
	out->d = rd_mpint(&r, 1024);
	out->iqmp = rd_mpint(&r, 1024);
	out->p = rd_mpint(&r, 1024);
	out->q = rd_mpint(&r, 1024);
	assert_int_equal(r.bad, 0);
	return body;
}

static int
parse_rsa_fields(const struct rsa_fields *k, struct private_key **out)
{
	struct buf blob = buf_init(BYTES_MAX), section = buf_init(BYTES_MAX);
	struct buf body = buf_init(BYTES_MAX), text = buf_init(BYTES_MAX);
	const struct view numbers[] = { k->n, k->e, k->d, k->iqmp, k->p, k->q };
	int err;

	buf_cstr(&blob, "ssh-rsa");
	buf_mpint(&blob, k->e.p, k->e.n);
	buf_mpint(&blob, k->n.p, k->n.n);
	buf_u64(&section, 0);
	buf_cstr(&section, "ssh-rsa");
	for (size_t i = 0; i < COUNT(numbers); i++)
		buf_mpint(&section, numbers[i].p, numbers[i].n);
	buf_cstr(&section, "");
	for (uint8_t padding = 1; section.n % 8 != 0; padding++)
		buf_u8(&section, padding);
	buf_raw(&body, "openssh-key-v1", 15);
	buf_cstr(&body, "none");
	buf_cstr(&body, "none");
	buf_cstr(&body, "");
	buf_u32(&body, 1);
	buf_str(&body, buf_view(&blob));
	buf_str(&body, buf_view(&section));
	buf_text(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(&text, buf_view(&body), true);
	buf_text(&text, "\n-----END OPENSSH PRIVATE KEY-----\n");
	assert_int_equal(buf_error(&text), 0);
	err = parse(buf_view(&text), out);
	buf_free(&blob);
	buf_free(&section);
	buf_free(&body);
	buf_free(&text);
	return err;
}

/* The numbers of two keys in one file: the arithmetic sees each of them. */
static void
test_mixed_rsa_numbers(void **state)
{
	struct rsa_fields a, b, mixed;
	struct buf body_a = rsa_body("a", &a), body_b = rsa_body("b", &b);
	struct private_key *key;

	(void)state;
	assert_int_equal(parse_rsa_fields(&a, &key), 0);
	assert_true(rsa_numbers_agree(private_key_pkey(key)));
	private_key_free(&key);
	mixed = a;
	mixed.d = b.d;
	assert_int_equal(parse_rsa_fields(&mixed, &key), ERR_CRYPTO);
	mixed = b;
	mixed.n = a.n;
	assert_int_equal(parse_rsa_fields(&mixed, &key), ERR_CRYPTO);
	for (int part = 0; part < 3; part++) {
		struct view *const parts[] = { &mixed.iqmp, &mixed.p, &mixed.q };
		const struct view wrong[] = { b.iqmp, b.p, b.q };

		mixed = a;
		*parts[part] = wrong[part];
		/* with d alone libcrypto makes good signatures, if slowly */
		if (parse_rsa_fields(&mixed, &key) == 0)
			assert_false(rsa_numbers_agree(private_key_pkey(key)));
		private_key_free(&key);
	}
	buf_free(&body_a);
	buf_free(&body_b);
}

/* Not a key of two primes, but a key. */
static void
test_three_primes(void **state)
{
	struct private_key *key;
	struct buf file;

	(void)state;
	OPENSSL("genrsa", "-traditional", "-primes", "3", "-out", path("o"), "2048");
	file = load(path("o"));
	assert_int_equal(parse(buf_view(&file), &key), 0);
	assert_false(rsa_numbers_agree(private_key_pkey(key)));
	private_key_free(&key);
	buf_free(&file);
}

static void
test_not_keys(void **state)
{
	static const char *const texts[] = { "", "\n", "hello",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\n\n-----END OPENSSH PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----",
		"-----BEGIN X PRIVATE KEY-----\nAAAA\n-----END X PRIVATE KEY-----\n" };
	struct private_key *key;
	struct buf big = buf_init(1 << 20);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		assert_int_not_equal(parse(view_of(texts[i]), &key), 0);
	assert_int_equal(parse((struct view){ 0 }, &key), ERR_FORMAT);
	for (i = 0; i < PRIVATE_KEY_FILE_MAX; i++)
		buf_u8(&big, '\n');
	assert_int_equal(parse(buf_view(&big), &key), ERR_FORMAT);
	buf_u8(&big, '\n');
	assert_int_equal(parse(buf_view(&big), &key), ERR_LIMIT);
	buf_free(&big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ssh_keygen_files),
		cmocka_unit_test(test_openssl_files),
		cmocka_unit_test(test_unsupported_files),
		cmocka_unit_test(test_generate_and_serialise),
		cmocka_unit_test(test_ssh_keygen_checks_ours),
		cmocka_unit_test(test_ours_checks_ssh_keygen),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_damaged_openssh_body),
		cmocka_unit_test(test_mixed_halves),
		cmocka_unit_test(test_mixed_rsa_numbers),
		cmocka_unit_test(test_three_primes),
		cmocka_unit_test(test_not_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
