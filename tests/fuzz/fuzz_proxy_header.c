/* What stands in front of a connection that came through a proxy. */
#include "base/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct proxy_header whole, part;
	size_t used, part_used;
	int err = proxy_header_parse((struct view){ .p = bytes, .n = n }, &whole, &used);

	if (used > n || (err != 0 && whole.has_client))
		bug("a header of more bytes than came, or a client without a header");
	if (err == ERR_AGAIN && n >= PROXY_HEADER_V2_MAX)
		bug("a header without an end");
	/* the same header, whatever comes behind it, and none before its last byte */
	if (err == 0 && (proxy_header_parse((struct view){ .p = bytes, .n = used }, &part,
			     &part_used) != 0 || part_used != used))
		bug("what follows a header changes it");
	if (err == 0 && proxy_header_parse((struct view){ .p = bytes, .n = used - 1 }, &part,
			    &part_used) != ERR_AGAIN)
		bug("a header that is complete too early");
	return 0;
}
