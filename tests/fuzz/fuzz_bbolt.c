/* A file of SFTPGo's bolt provider, as somebody hands it to the converter. */
#include "accounts/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct failure failure = { 0 };
	struct user_list users;

	if (bbolt_parse((struct view){ .p = bytes, .n = n }, &users, &failure) == 0)
		user_list_free(&users);
	else if (users.count != 0)
		bug("accounts came with a failure");
	return 0;
}
