/*
 * Private key files. A file that is taken as a key must sign, and be the same key when it is
 * written and read again.
 */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_key(const struct private_key *key)
{
	struct buf text = buf_init(2 * PRIVATE_KEY_FILE_MAX);
	struct buf signature = buf_init(PUBLIC_KEY_SIGNATURE_MAX);
	struct view name = view_of(private_key_algorithm_at(key, 0, 0)), message = view_of("text");
	struct private_key *again;

	if (private_key_sign(key, name, message, 0, &signature) != 0 ||
	    public_key_verify(private_key_blob(key), name, message, buf_view(&signature), 0) != 0)
		bug("a key was read that cannot sign");
	if (private_key_serialise(key, "fuzz", &text) != 0 ||
	    private_key_parse(buf_view(&text), &again, NULL) != 0)
		bug("a key was written that cannot be read");
	if (!view_eq(private_key_blob(key), private_key_blob(again)))
		bug("a key has become another");
	private_key_free(&again);
	buf_free(&text);
	buf_free(&signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct private_key *key;
	const char *reason = NULL;

	if (crypto_init() != 0)
		bug("libcrypto does not start");
	if (private_key_parse((struct view){ .p = data, .n = size }, &key, &reason) == 0) {
		check_key(key);
		private_key_free(&key);
	} else if (reason == NULL || key != NULL) {
		bug("a refusal without a reason");
	}
	return 0;
}
