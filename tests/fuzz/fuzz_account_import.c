/*
 * Files of accounts of other programs, through every reader. What is taken must be an account that
 * validation accepts, with a hash as password; what is left out must say why.
 */
#include "accounts/accounts.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct import *import)
{
	static const struct import_choice everything = {
		.min_uid = -1, .max_uid = -1, .force_uid = -1, .force_gid = -1
	};
	static const struct user_rules rules = { .users_base_dir = "/" };

	if (import_choose(import, &everything) != 0)
		abort();
	for (size_t i = 0; i < import->count; i++) {
		struct import_row *row = &import->rows[i];

		if (row->user == NULL && row->note[0] == '\0')
			abort();
		if (row->user == NULL)
			continue;
		if (!password_is_hash(row->user->password) ||
		    strcmp(row->user->username, row->name) != 0 ||
		    user_validate_check(row->user, &rules, NULL) != 0)
			abort();
	}
	import_free(import);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { .p = data, .n = size }, shadow = { 0 };
	struct import import = { 0 };
	const uint8_t *split = size > 0 ? memchr(data, 0x1c, size) : NULL;

	if (crypto_init() != 0)
		abort();
	if (import_proftpd(text, &import) != 0)
		abort();
	check(&import);
	if (import_pure_ftpd(text, &import) != 0)
		abort();
	check(&import);
	if (split != NULL) {
		text.n = (size_t)(split - data);
		shadow = (struct view){ .p = split + 1, .n = size - text.n - 1 };
	}
	if (import_unix(text, shadow, 20000, &import) != 0)
		abort();
	check(&import);
	return 0;
}
