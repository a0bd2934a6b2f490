/*
 * proxy_header.h - the header of the PROXY protocol, versions 1 and 2, as haproxy's
 * doc/proxy-protocol.txt defines it: which client a proxy speaks for.
 *
 * A pure parser over bytes of the network; whether the sender may be believed is the master's
 * business, who never reads one itself. Called in confined workers, before anything else is read.
 */
#ifndef BASE_PROXY_HEADER_H
#define BASE_PROXY_HEADER_H

#include "base/address.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROXY_HEADER_V1_MAX = 107,  /* with CR LF (section 2.1) */
	PROXY_HEADER_V2_MAX = 4096, /* ours: addresses, and what extensions (TLVs) come with them */
};

/* What a worker does about a header. */
enum proxy_use {
	PROXY_OFF,
	PROXY_SKIPPED,  /* a header may come, and says nothing */
	PROXY_OPTIONAL, /* a header may come, and counts */
	PROXY_REQUIRED,
};

struct proxy_header {
	bool has_client; /* false: the proxy speaks for itself, as health checks do */
	struct address client;
	uint16_t port;
};

/*
 * Reads a header at the beginning of the bytes. 0, and *used_out is its length; ERR_AGAIN when more
 * bytes have to come first; ERR_NO_MATCH when they are no header; ERR_FORMAT for one that is
 * malformed; ERR_LIMIT for one that is too long.
 */
MUST int proxy_header_parse(struct view bytes, struct proxy_header *out, size_t *used_out);

#endif
