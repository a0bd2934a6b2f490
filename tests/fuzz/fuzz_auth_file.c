/* The file of users of the HTTP API. */
#include "accounts/auth_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct failure failure = { 0 };
	struct auth_file *file;
	const char *other;

	if (auth_file_parse((struct view){ .p = bytes, .n = n }, &file, &failure) == 0)
		(void)auth_file_find(file, view_of("ann"), &other);
	auth_file_free(&file);
	return 0;
}
