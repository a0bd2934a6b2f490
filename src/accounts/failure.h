/*
 * failure.h - the text that goes with a code: one sentence for a log line or a REST answer.
 *
 * Functions of accounts/ that can fail for a reason worth telling take a `struct failure *`, which
 * may be NULL. It is written only when the function fails. Texts hold no password and no secret,
 * but may hold names that a client chose: whoever prints them escapes them.
 */
#ifndef ACCOUNTS_FAILURE_H
#define ACCOUNTS_FAILURE_H

#include "base/err.h"

enum { FAILURE_TEXT_MAX = 1024 };

struct failure {
	char text[FAILURE_TEXT_MAX]; /* terminated; cut at a character when longer */
};

/* Writes the text when `failure` is not NULL, and returns `code`: `return failure_set(...)`. */
MUST int failure_set(struct failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the "Validation error: " that REST clients know in front; returns ERR_INVALID. */
MUST int failure_invalid(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
