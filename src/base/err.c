#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *
err_text(int err)
{
	switch (err) {
	case ERR_OK: return "no error";
	case ERR_SHORT: return "the data ends too early";
	case ERR_TRAILING: return "data is left over at the end";
	case ERR_LIMIT: return "a value is above its limit";
	case ERR_FORMAT: return "the data is malformed";
	case ERR_MEMORY: return "out of memory";
	case ERR_IO: return "input/output error";
	case ERR_EOF: return "the peer closed the connection";
	case ERR_AGAIN: return "not ready";
	case ERR_TIMEOUT: return "time limit reached";
	case ERR_CRYPTO: return "cryptographic check failed";
	case ERR_UNSUPPORTED: return "not supported";
	case ERR_DENIED: return "denied";
	case ERR_NOT_FOUND: return "not found";
	case ERR_EXISTS: return "exists already";
	case ERR_PROTOCOL: return "unexpected message";
	case ERR_NO_MATCH: return "no common algorithm";
	case ERR_INVALID: return "impossible value";
	case ERR_UNAVAILABLE: return "service not available";
	default: return "unknown error";
	}
}

void
bug_at(const char *file, int line, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "postern: bug at %s:%d: ", file, line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
