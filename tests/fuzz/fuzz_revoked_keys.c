/*
 * Lists of revoked keys, in all of their forms.
 */
#include "accounts/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view file = { .p = data, .n = size };
	struct failure failure = { 0 };
	struct revoked_keys *keys;

	if (crypto_init() != 0)
		bug("libcrypto does not start");
	if (revoked_keys_parse(file, &keys, &failure) == 0) {
		if (revoked_keys_count(keys) == 0 &&
		    revoked_keys_find(keys, &(struct revoked_question){ .key = file,
					       .certificate = file, .authority = file,
					       .key_id = file, .serial = 1 }) != NULL)
			bug("an empty list revokes something");
		revoked_keys_free(&keys);
	} else if (failure.text[0] == '\0' || keys != NULL) {
		bug("a refused list does not say why");
	}
	return 0;
}
