/* The rules for users' certificates, the options that make authorities, and revoked keys. */
#include "accounts/accounts.h"

#include "accounts/key_options.h"
#include "certificate_support.h"
#include "hostile_bytes.h"

static struct private_key *user_key, *authority, *stranger;

enum { NOW_S = 1500 };

static int
setup(void **state)
{
	int err = setup_crypto(state);

	if (err == 0)
		err = private_key_generate(KEY_ED25519, &user_key);
	if (err == 0)
		err = private_key_generate(KEY_ED25519, &authority);
	return err == 0 ? private_key_generate(KEY_ED25519, &stranger) : err;
}

static int
teardown(void **state)
{
	(void)state;
	private_key_free(&user_key);
	private_key_free(&authority);
	private_key_free(&stranger);
	return 0;
}

/* An account and a certificate for it that is good, for tests to spoil. */
struct scene {
	struct user *user;
	struct recipe recipe;
	struct buf principals, critical, blob, key, reason;
	struct certificate certificate;
	struct certificate_terms terms;
	struct address address;
	struct certificate_facts facts;
};

static void
scene_open(struct scene *s)
{
	*s = (struct scene){ .principals = STRINGS("alice", "bob"), .critical = buf_init(4096),
		.key = buf_init(4096), .reason = buf_init(4096),
		.recipe = { .key = private_key_blob(user_key), .authority = authority, .serial = 7,
		    .kind = CERTIFICATE_OF_USER, .key_id = "id", .valid_after = 1000,
		    .valid_before = 2000 } };
	assert_int_equal(user_new(&s->user), 0);
	assert_int_equal(user_set_text(&s->user->username, "bob"), 0);
	assert_int_equal(address_parse("192.0.2.7", &s->address), 0);
	s->facts = (struct certificate_facts){ .now_ms = NOW_S * 1000,
		.is_authority_trusted = true };
}

static void
scene_close(struct scene *s)
{
	user_free(&s->user);
	buf_free(&s->principals);
	buf_free(&s->critical);
	buf_free(&s->blob);
	buf_free(&s->key);
	buf_free(&s->reason);
}

/* Makes the certificate and asks. */
static bool
good(struct scene *s)
{
	enum certificate_verdict verdict;

	buf_free(&s->blob);
	buf_clear(&s->key);
	buf_clear(&s->reason);
	s->recipe.principals = buf_view(&s->principals);
	s->recipe.critical = buf_view(&s->critical);
	s->blob = certificate_make(&s->recipe);
	assert_int_equal(certificate_parse(buf_view(&s->blob), &s->certificate, &s->key), 0);
	s->facts.certificate = &s->certificate;
	s->facts.blob = buf_view(&s->blob);
	s->facts.key = buf_view(&s->key);
	s->facts.user = s->user;
	s->facts.address = &s->address;
	s->facts.is_signed = certificate_verify(&s->certificate, 0) == 0;
	verdict = certificate_decide(&s->facts, &s->terms, &s->reason);
	assert_true((verdict == CERTIFICATE_GOOD) == (s->reason.n == 0));
	buf_u8(&s->reason, 0);
	return verdict == CERTIFICATE_GOOD;
}

static void
assert_refused(struct scene *s, const char *reason)
{
	assert_false(good(s));
	if (strstr((const char *)s->reason.p, reason) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", reason, (const char *)s->reason.p);
}

/* An option whose data is a string. */
static void
set_option(struct scene *s, const char *name, const char *value)
{
	struct buf data = buf_init(4096);

	buf_clear(&s->critical);
	buf_cstr(&data, value);
	buf_cstr(&s->critical, name);
	buf_str(&s->critical, buf_view(&data));
	buf_free(&data);
}

static void
add_line(struct scene *s, const char *options, struct view blob, const char *type)
{
	struct buf line = buf_init(1 << 15);

	buf_text(&line, options);
	buf_text(&line, type);
	buf_text(&line, " ");
	base64_encode(&line, blob, true);
	buf_u8(&line, 0);
	assert_int_equal(text_list_add(&s->user->public_keys, (const char *)line.p), 0);
	buf_free(&line);
}

static void
a_certificate_is_good_from_one_second_to_another(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	for (int64_t now = 998; now < 2003; now++) {
		s.facts.now_ms = now * 1000 + 999;
		if (now > 1002 && now < 1998)
			continue;
		if (now < 1000)
			assert_refused(&s, "it is not valid before 1000, now is 99");
		else if (now >= 2000)
			assert_refused(&s, "it has expired at 2000, now is 200");
		else
			assert_true(good(&s));
	}
	s.recipe.valid_after = 0;
	s.recipe.valid_before = UINT64_MAX;
	assert_true(good(&s));
	s.facts.now_ms = -1;
	assert_true(good(&s));
	s.recipe.valid_after = 2000;
	s.recipe.valid_before = 1000;
	assert_false(good(&s));
	scene_close(&s);
}

static void
principals_are_compared_whole(void **state)
{
	static const char *const others[] = { "", "bo", "bobb", "BOB", "alice,bob", "bob ", "*" };
	struct scene s;

	(void)state;
	scene_open(&s);
	assert_true(good(&s));
	for (size_t i = 0; i < COUNT(others); i++) {
		buf_free(&s.principals);
		s.principals = STRINGS("alice", others[i]);
		assert_refused(&s, "none of its principals is for the user \"bob\"");
	}
	buf_clear(&s.principals);
	buf_str(&s.principals, view_bytes("bob\0", 4));
	assert_refused(&s, "none of its principals");
	buf_clear(&s.principals);
	assert_refused(&s, "it names no principals");
	buf_cstr(&s.principals, "");
	assert_int_equal(user_set_text(&s.user->username, ""), 0);
	assert_refused(&s, "none of its principals");
	scene_close(&s);
}

static void
whose_word_it_is(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.facts.is_authority_trusted = false;
	assert_refused(&s, "its authority is not trusted");
	/* The authority's key without the option lets its owner in, and nobody else. */
	add_line(&s, "", private_key_blob(authority), "ssh-ed25519");
	assert_refused(&s, "its authority is not trusted");
	add_line(&s, "cert-authority,from=\"192.0.2.7\" ", private_key_blob(authority),
	    "ssh-ed25519");
	assert_refused(&s, "the option \"from=\"192.0.2.7\"\" of the account's authority");
	add_line(&s, "cert-authority,principals=\"carol\" ", private_key_blob(authority),
	    "ssh-ed25519");
	assert_refused(&s, "none of its principals");
	add_line(&s, "principals=\"carol,alice\",Cert-Authority ", private_key_blob(authority),
	    "ssh-ed25519");
	assert_true(good(&s));
	/* Signed by somebody else in its name. */
	s.recipe.authority = stranger;
	s.recipe.authority_blob = private_key_blob(authority);
	assert_refused(&s, "its authority's signature is wrong");
	s.recipe.authority_blob = (struct view){ 0 };
	assert_refused(&s, "its authority is not trusted");
	s.recipe.authority = authority;
	s.recipe.kind = CERTIFICATE_OF_HOST;
	assert_refused(&s, "it is a host's");
	scene_close(&s);
}

/* Neither authority nor principals are asked, but all that it limits. */
static void
one_that_is_listed_itself(void **state)
{
	struct scene s;
	enum certificate_verdict verdict;

	(void)state;
	scene_open(&s);
	s.recipe.authority = stranger;
	buf_clear(&s.principals);
	s.facts.is_authority_trusted = false;
	set_option(&s, "source-address", "192.0.2.7/32");
	assert_refused(&s, "its authority is not trusted");
	add_line(&s, "", buf_view(&s.blob), "ssh-ed25519-cert-v01@openssh.com");
	buf_clear(&s.reason);
	verdict = certificate_decide(&s.facts, &s.terms, &s.reason);
	assert_int_equal(verdict, CERTIFICATE_GOOD);
	s.facts.now_ms = 2000 * 1000;
	verdict = certificate_decide(&s.facts, &s.terms, &s.reason);
	assert_int_equal(verdict, CERTIFICATE_REFUSED);
	s.facts.now_ms = NOW_S * 1000;
	assert_int_equal(address_parse("192.0.2.8", &s.address), 0);
	verdict = certificate_decide(&s.facts, &s.terms, &s.reason);
	assert_int_equal(verdict, CERTIFICATE_REFUSED);
	/* Another of the same key is another. */
	assert_refused(&s, "its authority is not trusted");
	scene_close(&s);
}

static void
source_addresses(void **state)
{
	static const struct {
		const char *list, *address;
		bool good;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.7", true },
		{ "192.0.2.0/24", "192.0.3.7", false },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "::ffff:192.0.2.7", true },
		{ "198.51.100.1,192.0.2.0/29", "192.0.2.7", true },
		{ "192.0.2.0/30", "192.0.2.4", false },
		{ "192.0.2.0/30", "192.0.2.3", true },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "2001:db8::/33,::1", "::1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "0.0.0.0/0", "192.0.2.7", true },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.7", false },
		{ "", "192.0.2.7", false },
		{ ",192.0.2.7", "192.0.2.7", false },
		{ "192.0.2.7,", "192.0.2.7", true },
		{ "192.0.2.7,nonsense", "192.0.2.7", false },
		{ "192.0.2.7/33", "192.0.2.7", false },
		{ "!192.0.2.1,192.0.2.0/24", "192.0.2.7", false },
		{ "192.0.2.*", "192.0.2.7", false },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1", "::1",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene s;

		scene_open(&s);
		set_option(&s, "source-address", cases[i].list);
		assert_int_equal(address_parse(cases[i].address, &s.address), 0);
		if (good(&s) != cases[i].good)
			fail_msg("%s from %s", cases[i].list, cases[i].address);
		scene_close(&s);
	}
}

static void
critical_options(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	set_option(&s, "force-command", "internal-sftp");
	assert_true(good(&s) && s.terms.sftp_only && !s.terms.demands_verified);
	set_option(&s, "force-command", "internal-sftp -R");
	assert_refused(&s, "its force-command is not \"internal-sftp\"");
	buf_clear(&s.critical);
	buf_cstr(&s.critical, "verify-required");
	buf_cstr(&s.critical, "");
	assert_true(good(&s) && s.terms.demands_verified && !s.terms.sftp_only);
	set_option(&s, "Force-Command", "internal-sftp");
	assert_refused(&s, "its critical option \"Force-Command\" is not known");
	set_option(&s, "zz", "");
	assert_refused(&s, "its critical option \"zz\" is not known");
	/* Data that is no string. */
	buf_clear(&s.critical);
	buf_cstr(&s.critical, "source-address");
	buf_cstr(&s.critical, "192.0.2.7");
	assert_refused(&s, "its critical option \"source-address\"");
	s.recipe.extensions = view_bytes("\0\0\0\1x\0\0\0\0", 9);
	buf_clear(&s.critical);
	assert_true(good(&s));
	scene_close(&s);
}

static void
nobody_s_certificate(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	assert_true(good(&s));
	s.facts.user = NULL;
	buf_clear(&s.reason);
	assert_int_equal(
	    certificate_decide(&s.facts, &s.terms, &s.reason), CERTIFICATE_REFUSED);
	scene_close(&s);
}

static void
what_it_is_called(void **state)
{
	struct scene s;
	char id[300];

	(void)state;
	scene_open(&s);
	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	s.recipe.key_id = "a\" serial 1\n";
	assert_true(good(&s));
	buf_clear(&s.reason);
	certificate_describe(&s.certificate, &s.reason);
	assert_memory_equal(s.reason.p, "ID \"a? serial 1?\" serial 7 CA SHA256:", 37);
	s.recipe.key_id = id;
	assert_true(good(&s));
	buf_clear(&s.reason);
	certificate_describe(&s.certificate, &s.reason);
	assert_int_equal(s.reason.n,
	    strlen("ID \"\" serial 7 CA ") + 128 + PUBLIC_KEY_FINGERPRINT_BYTES - 1);
	assert_memory_equal(s.reason.p, "ID \"iiii", 8);
	scene_close(&s);
}

static void
options_of_a_line(void **state)
{
	static const struct {
		const char *options, *principals, *unknown;
		bool authority, has_principals;
	} cases[] = {
		{ "", "", "", false, false },
		{ "no-pty", "", "", false, false },
		{ "cert-authority", "", "", true, false },
		{ "no-pty,cert-authority,restrict", "", "", true, false },
		{ "CERT-AUTHORITY,PRINCIPALS=\"a,b\"", "a,b", "", true, true },
		{ "principals=\"\",cert-authority", "", "", true, true },
		{ "cert-authority,from=\"a,b\",x", "", "from=\"a,b\"", true, false },
		{ "command=\"say \\\"cert-authority\\\",cert-authority\"", "",
		    "command=\"say \\\"cert-authority\\\",cert-authority\"", false, false },
		{ "cert-authorityx", "", "cert-authorityx", false, false },
		{ "cert-authority,principals=a", "", "principals=a", true, false },
		{ "cert-authority,principals=\"a", "", "principals=\"a", true, false },
		{ "cert-authority,principals=\"a\",principals=\"b\"", "a", "principals=\"b\"", true,
		    true },
		{ "cert-authority,,restrict", "", ",", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key_options options;

		key_options_parse(view_of(cases[i].options), &options);
		assert_int_equal(options.authority, cases[i].authority);
		assert_int_equal(options.has_principals, cases[i].has_principals);
		assert_true(view_is(options.principals, cases[i].principals));
		assert_true(view_is(options.unknown, cases[i].unknown));
	}
}

static void
an_authority_is_no_key_of_its_account(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	add_line(&s, "cert-authority ", private_key_blob(user_key), "ssh-ed25519");
	assert_false(user_find_key(s.user, private_key_blob(user_key), NULL));
	add_line(&s, "from=\"::1\" ", private_key_blob(user_key), "ssh-ed25519");
	assert_true(user_find_key(s.user, private_key_blob(user_key), NULL));
	scene_close(&s);
}

/* --- revoked keys --- */

static struct revoked_keys *
revoked(struct view file)
{
	struct failure failure = { 0 };
	struct revoked_keys *keys;

	if (revoked_keys_parse(file, &keys, &failure) != 0)
		fail_msg("%s", failure.text);
	return keys;
}

/* What of a question about one certificate is revoked; "" is nothing. */
static void
assert_found(const struct revoked_keys *keys, const char *what)
{
	const char *found = revoked_keys_find(keys,
	    &(struct revoked_question){ .key = private_key_blob(user_key),
		.certificate = view_of("certificate"), .authority = private_key_blob(authority),
		.key_id = view_of("the id"), .serial = 100 });

	assert_string_equal(found == NULL ? "" : found, what);
}

static void
entries_of_a_text(void **state)
{
	static const struct {
		const char *text, *found;
		size_t count;
	} cases[] = {
		{ "", "", 0 },
		{ "\n# serial: 100\n\r\n", "", 0 },
		{ "serial: 100", "its serial number", 1 },
		{ "serial:100\r\nserial: 7\n", "its serial number", 2 },
		{ "serial: 99\nserial: 101-200\nserial: 1-98\n", "", 3 },
		{ " serial: 100-100 ", "its serial number", 1 },
		{ "serial: 1-18446744073709551615", "its serial number", 1 },
		{ "id: the id", "its key id", 1 },
		{ "id: the i", "", 1 },
		{ "id:  the id  \n", "its key id", 1 },
		{ "[]", "", 0 },
		{ " [\"serial: 100\", \"id: x\"]\n", "its serial number", 2 },
	};
	static const char *const wrong[] = { "serial: 0", "serial: 1-0", "serial:", "serial: -1",
		"serial: 2-1", "serial: 1x", "serial: 18446744073709551616", "id:", "SHA256:",
		"SHA256:AAAA", "SHA1:AAAA", "ssh-ed25519", "anything", "[", "[1]", "[\"x\"]", "{}",
		"serial: 100\nserial: x", "hash: MD5:00" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct revoked_keys *keys = revoked(view_of(cases[i].text));

		assert_found(keys, cases[i].found);
		assert_int_equal(revoked_keys_count(keys), cases[i].count);
		revoked_keys_free(&keys);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct failure failure = { 0 };
		struct revoked_keys *keys;

		assert_int_equal(
		    revoked_keys_parse(view_of(wrong[i]), &keys, &failure), ERR_INVALID);
		assert_null(keys);
		assert_true(failure.text[0] != '\0');
	}
	assert_found(NULL, "");
	assert_int_equal(revoked_keys_count(NULL), 0);
}

static void
fingerprints_and_keys(void **state)
{
	const struct private_key *all[] = { user_key, authority, stranger };
	static const char *const found[] = { "its key", "its authority", "" };
	char fingerprint[PUBLIC_KEY_FINGERPRINT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct buf text = buf_init(4096);
		struct revoked_keys *keys;

		assert_int_equal(public_key_fingerprint(private_key_blob(all[i]), fingerprint), 0);
		buf_printf(&text, "%s\n", fingerprint);
		keys = revoked(buf_view(&text));
		assert_found(keys, found[i]);
		revoked_keys_free(&keys);
		buf_clear(&text);
		buf_text(&text, "key: ssh-ed25519 ");
		base64_encode(&text, private_key_blob(all[i]), true);
		keys = revoked(buf_view(&text));
		assert_found(keys, found[i]);
		revoked_keys_free(&keys);
		buf_free(&text);
	}
}

/* No number is no number to be revoked. */
static void
certificates_without_a_number(void **state)
{
	struct revoked_keys *keys = revoked(view_of("serial: 1-18446744073709551615"));

	(void)state;
	assert_null(revoked_keys_find(keys,
	    &(struct revoked_question){ .key = private_key_blob(user_key),
		.certificate = view_of("certificate"), .authority = private_key_blob(authority) }));
	revoked_keys_free(&keys);
}

static struct buf
krl_start(void)
{
	struct buf out = buf_init(1 << 16);

	buf_raw(&out, "SSHKRL\n\0", 8);
	buf_u32(&out, 1);
	buf_u64(&out, 1);
	buf_u64(&out, 0);
	buf_u64(&out, 0);
	buf_cstr(&out, "");
	buf_cstr(&out, "a comment");
	return out;
}

static void
section(struct buf *out, uint8_t type, struct buf *content)
{
	buf_u8(out, type);
	buf_str(out, buf_view(content));
	buf_free(content);
}

/* A section of certificates with one section in it. */
static struct buf
krl_of_certificates(struct view by, uint8_t type, struct buf *content)
{
	struct buf out = krl_start(), inner = buf_init(1 << 16);

	buf_str(&inner, by);
	buf_cstr(&inner, "");
	section(&inner, type, content);
	section(&out, 1, &inner);
	return out;
}

static void
assert_krl(struct buf krl, const char *found)
{
	struct revoked_keys *keys = revoked(buf_view(&krl));

	assert_found(keys, found);
	revoked_keys_free(&keys);
	buf_free(&krl);
}

static void
lists_of_ssh_keygen_s_form(void **state)
{
	struct view by[] = { private_key_blob(authority), { 0 }, private_key_blob(stranger) };

	(void)state;
	for (size_t i = 0; i < COUNT(by); i++) {
		const char *serial = i < 2 ? "its serial number" : "";
		struct buf content = buf_init(4096);

		buf_u64(&content, 99);
		buf_u64(&content, 100);
		assert_krl(krl_of_certificates(by[i], 0x20, &content), serial);
		buf_u64(&content, 100);
		buf_u64(&content, 100);
		assert_krl(krl_of_certificates(by[i], 0x21, &content), serial);
		buf_u64(&content, 101);
		buf_u64(&content, UINT64_MAX);
		assert_krl(krl_of_certificates(by[i], 0x21, &content), "");
		buf_u64(&content, 91);
		buf_mpint(&content, (const uint8_t *)"\2\1", 2); /* 91, 100 */
		assert_krl(krl_of_certificates(by[i], 0x22, &content), serial);
		buf_u64(&content, 91);
		buf_mpint(&content, (const uint8_t *)"\1\377", 2); /* 91 to 99 */
		assert_krl(krl_of_certificates(by[i], 0x22, &content), "");
		buf_cstr(&content, "other");
		buf_cstr(&content, "the id");
		assert_krl(
		    krl_of_certificates(by[i], 0x23, &content), i < 2 ? "its key id" : "");
		buf_cstr(&content, "ext@example.com");
		buf_bool(&content, false);
		buf_cstr(&content, "");
		assert_krl(krl_of_certificates(by[i], 0x39, &content), "");
	}
}

static void
sections_of_keys(void **state)
{
	struct buf krl = krl_start(), content = buf_init(4096);
	uint8_t hash[32];

	(void)state;
	buf_str(&content, private_key_blob(user_key));
	section(&krl, 2, &content);
	assert_krl(krl, "its key");
	krl = krl_start();
	assert_int_equal(digest_once(DIGEST_SHA1, private_key_blob(authority), hash), 0);
	buf_str(&content, view_bytes(hash, 20));
	section(&krl, 3, &content);
	assert_krl(krl, "its authority");
	krl = krl_start();
	assert_int_equal(digest_once(DIGEST_SHA256, private_key_blob(user_key), hash), 0);
	buf_str(&content, view_bytes(hash, 32));
	section(&krl, 5, &content);
	buf_u8(&krl, 4);
	buf_str(&krl, private_key_blob(authority));
	buf_cstr(&krl, "a signature, which nobody looks at");
	assert_krl(krl, "its key");
}

/* Half understood is not understood. */
static void
lists_that_are_refused(void **state)
{
	struct failure failure;
	struct revoked_keys *keys;
	struct buf krl, content = buf_init(4096);

	(void)state;
	for (int i = 0; i < 8; i++) {
		krl = krl_start();
		failure.text[0] = '\0';
		switch (i) {
		case 0: krl.p[11] = 2; break; /* another version */
		case 1:
			buf_cstr(&content, "x");
			section(&krl, 6, &content);
			break;
		case 2:
			buf_cstr(&content, "short");
			section(&krl, 5, &content);
			break;
		case 3:
		case 4:
			buf_cstr(&content, "ext@example.com");
			buf_bool(&content, true);
			buf_cstr(&content, "");
			if (i == 3)
				section(&krl, 255, &content);
			else {
				buf_free(&krl);
				krl = krl_of_certificates((struct view){ 0 }, 0x39, &content);
			}
			break;
		case 5:
			buf_u64(&content, 1);
			buf_free(&krl);
			krl = krl_of_certificates((struct view){ 0 }, 0x24, &content);
			break;
		case 6: /* past the last number */
			buf_u64(&content, UINT64_MAX - 7);
			buf_mpint(&content, (const uint8_t *)"\1", 1);
			buf_free(&krl);
			krl = krl_of_certificates((struct view){ 0 }, 0x22, &content);
			break;
		default: buf_u8(&krl, 2);
		}
		assert_int_equal(
		    revoked_keys_parse(buf_view(&krl), &keys, &failure), ERR_INVALID);
		assert_non_null(strstr(failure.text, "the key revocation list"));
		buf_free(&krl);
	}
}

static void
too_many_entries(void **state)
{
	static const char entry[] = "id: 0123456789012345678901234567\n";
	struct buf text = buf_init(REVOKED_KEYS_FILE_MAX * 4);
	struct failure failure = { 0 };
	struct revoked_keys *keys;
	size_t most = (size_t)REVOKED_KEYS_ENTRIES_MAX * 32 / (32 + 4 + 28);

	(void)state;
	for (size_t i = 0; i < most; i++)
		buf_text(&text, entry);
	keys = revoked(buf_view(&text));
	assert_int_equal(revoked_keys_count(keys), most);
	revoked_keys_free(&keys);
	buf_text(&text, entry);
	assert_int_equal(revoked_keys_parse(buf_view(&text), &keys, &failure), ERR_INVALID);
	assert_string_equal(failure.text, "it has too many entries");
	buf_free(&text);
}

static void
parse_cut(struct view krl)
{
	size_t start = 8 + 4 + 24 + 4 + 4 + 9; /* a list without a section is whole as well */
	struct revoked_keys *keys;
	int err = revoked_keys_parse(krl, &keys, NULL);

	assert_true((err == 0) == (krl.n == start || krl.n == 0));
	revoked_keys_free(&keys);
}

static void
parse_flipped(struct view krl)
{
	struct revoked_keys *keys;

	(void)!revoked_keys_parse(krl, &keys, NULL);
	revoked_keys_free(&keys);
}

static void
every_truncation_of_a_list(void **state)
{
	struct buf content = buf_init(4096), krl;

	(void)state;
	buf_u64(&content, 91);
	buf_mpint(&content, (const uint8_t *)"\2\1", 2);
	krl = krl_of_certificates(private_key_blob(authority), 0x22, &content);
	each_cut(buf_view(&krl), parse_cut);
	each_flip(buf_view(&krl), parse_flipped);
	assert_krl(krl, "its serial number");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_good_from_one_second_to_another),
		cmocka_unit_test(principals_are_compared_whole),
		cmocka_unit_test(whose_word_it_is),
		cmocka_unit_test(one_that_is_listed_itself),
		cmocka_unit_test(source_addresses),
		cmocka_unit_test(critical_options),
		cmocka_unit_test(nobody_s_certificate),
		cmocka_unit_test(what_it_is_called),
		cmocka_unit_test(options_of_a_line),
		cmocka_unit_test(an_authority_is_no_key_of_its_account),
		cmocka_unit_test(entries_of_a_text),
		cmocka_unit_test(fingerprints_and_keys),
		cmocka_unit_test(certificates_without_a_number),
		cmocka_unit_test(lists_of_ssh_keygen_s_form),
		cmocka_unit_test(sections_of_keys),
		cmocka_unit_test(lists_that_are_refused),
		cmocka_unit_test(too_many_entries),
		cmocka_unit_test(every_truncation_of_a_list),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
