/*
 * Certificates: the first byte chooses between the options of an account's key, and a certificate's
 * blob that is read, held against the rules and described.
 */
#include "accounts/accounts.h"

#include "accounts/key_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(struct view part, struct view whole)
{
	return part.n == 0 || (part.p >= whole.p && part.n <= whole.n &&
				  (size_t)(part.p - whole.p) <= whole.n - part.n);
}

static void
try_options(struct view text)
{
	struct key_options options;

	key_options_parse(text, &options);
	if (!is_inside(options.principals, text) ||
	    (!is_inside(options.unknown, text) && !view_is(options.unknown, ",")))
		bug("an option lies outside of its line");
}

static void
try_rules(const struct certificate *certificate, struct view blob, struct view key)
{
	struct buf reason = buf_init(4096);
	struct certificate_terms terms;
	struct address address;
	struct user *user;

	if (user_new(&user) != 0 || user_set_text(&user->username, "bob") != 0 ||
	    address_parse("192.0.2.7", &address) != 0)
		bug("no memory");
	if (certificate_decide(&(struct certificate_facts){ .certificate = certificate,
		    .blob = blob, .key = key, .user = user, .address = &address,
		    .now_ms = 1700000000000, .is_authority_trusted = true, .is_signed = true },
		&terms, &reason) == CERTIFICATE_GOOD &&
	    certificate->kind != CERTIFICATE_OF_USER)
		bug("a host's certificate lets a user in");
	certificate_describe(certificate, &reason);
	user_free(&user);
	buf_free(&reason);
}

static void
try_blob(struct view blob)
{
	struct buf key = buf_init(PUBLIC_KEY_BLOB_MAX);
	struct certificate certificate;

	if (certificate_parse(blob, &certificate, &key) == 0) {
		if (public_key_check(buf_view(&key), NULL) != 0 ||
		    public_key_check(certificate.authority, NULL) != 0)
			bug("a certificate was read whose keys are none");
		if (!is_inside(certificate.signed_bytes, blob))
			bug("the signed bytes are not those that came");
		(void)!certificate_verify(&certificate, 0);
		try_rules(&certificate, blob, buf_view(&key));
	} else if (key.n != 0) {
		bug("a refused certificate has left bytes");
	}
	buf_free(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);

	if (crypto_init() != 0)
		bug("libcrypto does not start");
	if (rd_u8(&r) == 'o')
		try_options(rd_rest(&r));
	else
		try_blob(rd_rest(&r));
	return 0;
}
