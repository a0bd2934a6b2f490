/*
 * The peer's public value in key exchange, for both sides: the name of the algorithm as a string,
 * then the value. Either there is a secret and an answer, or there is nothing.
 */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_respond(const struct key_agreement_algorithm *algorithm, struct view value)
{
	struct buf public_out = buf_init(KEY_AGREEMENT_PUBLIC_MAX);
	struct buf shared = buf_init(KEY_AGREEMENT_SHARED_MAX);
	int err = key_agreement_respond(algorithm, value, &public_out, &shared);

	if ((err == 0) != (public_out.n > 0) || (err == 0) != (shared.n > 4))
		bug("%s: result %d with %zu and %zu bytes", algorithm->name, err, public_out.n,
		    shared.n);
	buf_free(&public_out);
	buf_free(&shared);
}

static void
try_finish(const struct key_agreement_algorithm *algorithm, struct view value)
{
	struct buf public_out = buf_init(KEY_AGREEMENT_PUBLIC_MAX);
	struct buf shared = buf_init(KEY_AGREEMENT_SHARED_MAX);
	struct key_agreement *k;
	int err;

	if (key_agreement_start(algorithm, &public_out, &k) != 0)
		bug("%s does not start", algorithm->name);
	err = key_agreement_finish(k, value, &shared);
	if ((err == 0) != (shared.n > 4))
		bug("%s: result %d with %zu bytes", algorithm->name, err, shared.n);
	key_agreement_free(&k);
	buf_free(&public_out);
	buf_free(&shared);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct key_agreement_algorithm *algorithm;
	struct rd r = rd_init(data, size);
	struct view name, value;

	if (crypto_init() != 0)
		bug("libcrypto does not start");
	name = rd_str(&r, 64);
	value = rd_rest(&r);
	if (rd_end(&r) != 0 || (algorithm = key_agreement_find(name)) == NULL)
		return 0;
	try_respond(algorithm, value);
	try_finish(algorithm, value);
	return 0;
}
