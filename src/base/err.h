/*
 * err.h - the one set of result codes that every module returns.
 *
 * A function that can fail is declared MUST and returns 0 or one negative ERR_ code; callers
 * compare with `== 0`, never with `!= ERR_X`. Nothing here logs or ends the process, except bug().
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST __attribute__((warn_unused_result))

enum err {
	ERR_OK = 0,
	ERR_SHORT = -1,        /* the bytes ended before the value did */
	ERR_TRAILING = -2,     /* bytes were left over after the last value */
	ERR_LIMIT = -3,        /* a number or a length is above its limit */
	ERR_FORMAT = -4,       /* the bytes are not what the format says */
	ERR_MEMORY = -5,       /* no memory, or a buffer reached its maximum */
	ERR_IO = -6,           /* a system call failed; errno says why */
	ERR_EOF = -7,          /* the peer closed */
	ERR_AGAIN = -8,        /* nothing can be done now; try when the descriptor is ready */
	ERR_TIMEOUT = -9,      /* the deadline passed */
	ERR_CRYPTO = -10,      /* a tag, key or signature is wrong, or libcrypto refused */
	ERR_UNSUPPORTED = -11, /* a known thing that this build or this kernel does not have */
	ERR_DENIED = -12,      /* policy says no */
	ERR_NOT_FOUND = -13,
	ERR_EXISTS = -14,
	ERR_PROTOCOL = -15,    /* a message that must not come now, or at all */
	ERR_NO_MATCH = -16,    /* negotiation found nothing in common */
	ERR_INVALID = -17,     /* a value of configuration or of an account is not possible */
	ERR_UNAVAILABLE = -18, /* a service behind us does not answer */
};

/* A short text for a code, for log lines: "the bytes ended before the value did". Never NULL. */
const char *err_text(int err);

/*
 * A fault of this program itself: prints file, line and text on standard error and aborts.
 * Input from outside must never be able to reach it.
 */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
