/* A connection string for MySQL. */
#include "accounts/mysql_dsn.h"

#include "base/rd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = view_dup((struct view){ .p = bytes, .n = n });
	struct failure failure = { 0 };
	struct mysql_dsn dsn;

	if (text == NULL)
		return 0;
	if (mysql_dsn_parse(text, &dsn, &failure) == 0 &&
	    (dsn.host == NULL || dsn.database == NULL || dsn.port < 0 || dsn.port > 65535))
		bug("a connection string with a hole");
	mysql_dsn_free(&dsn);
	free(text);
	return 0;
}
