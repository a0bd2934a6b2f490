#include "crypto/key_agreement.h"

#include "crypto/fetched.h"
#include "crypto/key_agreement_private.h"

#include <stdlib.h>

struct key_agreement {
	const struct key_agreement_algorithm *algorithm;
	EVP_PKEY *own;
	EVP_PKEY *kem; /* mlkem768x25519-sha256 only */
};

static const struct key_agreement_algorithm algorithms[] = {
	{ "mlkem768x25519-sha256", DIGEST_SHA256, false, true },
	{ "curve25519-sha256", DIGEST_SHA256, false, false },
	{ "curve25519-sha256@libssh.org", DIGEST_SHA256, false, false },
	{ "ecdh-sha2-nistp256", DIGEST_SHA256, false, false },
	{ "ecdh-sha2-nistp384", DIGEST_SHA384, false, false },
	{ "ecdh-sha2-nistp521", DIGEST_SHA512, false, false },
	{ "diffie-hellman-group16-sha512", DIGEST_SHA512, false, false },
	{ "diffie-hellman-group18-sha512", DIGEST_SHA512, false, false },
	{ "diffie-hellman-group14-sha256", DIGEST_SHA256, false, false },
	{ "diffie-hellman-group14-sha1", DIGEST_SHA1, true, false },
};

enum { ALGORITHM_COUNT = sizeof(algorithms) / sizeof(algorithms[0]) };

/* How a row of the table works; the family is NULL for the hybrid. */
struct method {
	const struct key_agreement_family *family;
	const void *parameter;
};

static struct method
method_of(const struct key_agreement_algorithm *algorithm)
{
	const struct method methods[] = {
		{ NULL, NULL },
		{ &key_agreement_x25519, NULL },
		{ &key_agreement_x25519, NULL },
		{ &key_agreement_ecdh, ec_curve_of(KEY_ECDSA_P256) },
		{ &key_agreement_ecdh, ec_curve_of(KEY_ECDSA_P384) },
		{ &key_agreement_ecdh, ec_curve_of(KEY_ECDSA_P521) },
		{ &key_agreement_dh, "modp_4096" },
		{ &key_agreement_dh, "modp_8192" },
		{ &key_agreement_dh, "modp_2048" },
		{ &key_agreement_dh, "modp_2048" },
	};

	_Static_assert(sizeof(methods) / sizeof(methods[0]) == ALGORITHM_COUNT,
	    "one method for each row of the table");
	return methods[algorithm - algorithms];
}

static bool
available(const struct key_agreement_algorithm *algorithm)
{
	return !algorithm->is_optional || fetched()->has_mlkem;
}

const struct key_agreement_algorithm *
key_agreement_at(size_t number)
{
	size_t i;

	for (i = 0; i < ALGORITHM_COUNT; i++) {
		if (available(&algorithms[i]) && number-- == 0)
			return &algorithms[i];
	}
	return NULL;
}

const struct key_agreement_algorithm *
key_agreement_find(struct view name)
{
	size_t i;

	for (i = 0; i < ALGORITHM_COUNT; i++) {
		if (view_is(name, algorithms[i].name) && available(&algorithms[i]))
			return &algorithms[i];
	}
	return NULL;
}

bool
key_agreement_known(struct view name)
{
	size_t i;

	for (i = 0; i < ALGORITHM_COUNT; i++) {
		if (view_is(name, algorithms[i].name))
			return true;
	}
	return false;
}

/* Moves what was made to the caller's buffers, all or nothing. */
static int
hand_over(struct buf *public_made, struct buf *shared_made, struct buf *public_out,
    struct buf *shared_out)
{
	size_t public_before = public_out->n;
	int err;

	buf_raw(public_out, public_made->p, public_made->n);
	if ((err = buf_error(public_out)) != 0)
		return err;
	buf_raw(shared_out, shared_made->p, shared_made->n);
	if ((err = buf_error(shared_out)) != 0)
		public_out->n = public_before;
	return err;
}

int
key_agreement_respond(const struct key_agreement_algorithm *algorithm, struct view client_public,
    struct buf *public_out, struct buf *shared_out)
{
	struct method method = method_of(algorithm);
	struct buf public_made = buf_init(KEY_AGREEMENT_PUBLIC_MAX);
	struct buf raw = buf_init(KEY_AGREEMENT_SHARED_MAX);
	struct buf shared_made = buf_init(KEY_AGREEMENT_SHARED_MAX);
	EVP_PKEY *own = NULL;
	int err;

	if (method.family == NULL) {
		if ((err = key_agreement_mlkem_respond(client_public, &public_made, &raw)) == 0)
			buf_str(&shared_made, buf_view(&raw));
	} else {
		if ((err = method.family->generate(method.parameter, &own, &public_made)) == 0 &&
		    (err = method.family->derive(method.parameter, own, client_public, &raw)) == 0)
			buf_mpint(&shared_made, raw.p, raw.n);
	}
	if (err == 0 && (err = buf_error(&shared_made)) == 0)
		err = hand_over(&public_made, &shared_made, public_out, shared_out);
	EVP_PKEY_free(own);
	buf_free(&public_made);
	buf_free(&raw);
	buf_free(&shared_made);
	return err;
}

int
key_agreement_start(const struct key_agreement_algorithm *algorithm, struct buf *public_out,
    struct key_agreement **out)
{
	struct method method = method_of(algorithm);
	struct key_agreement *k;
	int err;

	*out = NULL;
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return ERR_MEMORY;
	k->algorithm = algorithm;
	if (method.family == NULL)
		err = key_agreement_mlkem_start(&k->kem, &k->own, public_out);
	else
		err = method.family->generate(method.parameter, &k->own, public_out);
	if (err != 0) {
		key_agreement_free(&k);
		return err;
	}
	*out = k;
	return 0;
}

int
key_agreement_finish(struct key_agreement *k, struct view server_public, struct buf *shared_out)
{
	struct method method = method_of(k->algorithm);
	struct buf raw = buf_init(KEY_AGREEMENT_SHARED_MAX);
	int err;

	if (method.family == NULL) {
		if ((err = key_agreement_mlkem_finish(k->kem, k->own, server_public, &raw)) == 0)
			buf_str(shared_out, buf_view(&raw));
	} else {
		err = method.family->derive(method.parameter, k->own, server_public, &raw);
		if (err == 0)
			buf_mpint(shared_out, raw.p, raw.n);
	}
	buf_free(&raw);
	return err == 0 ? buf_error(shared_out) : err;
}

void
key_agreement_free(struct key_agreement **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->own);
	EVP_PKEY_free((*k)->kem);
	free(*k);
	*k = NULL;
}
