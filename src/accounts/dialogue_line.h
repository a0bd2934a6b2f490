/*
 * dialogue_line.h - one line of a keyboard-interactive program: a JSON object that asks the client
 * something, or says how the login ended. Pure parsing of what is not trusted; used by the master.
 */
#ifndef ACCOUNTS_DIALOGUE_LINE_H
#define ACCOUNTS_DIALOGUE_LINE_H

#include "accounts/failure.h"

#include "base/buf.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	DIALOGUE_LINE_MAX = 64 * 1024,      /* bytes, without the newline */
	DIALOGUE_QUESTIONS_MAX = 16,        /* at once */
	DIALOGUE_TEXT_MAX = 4096,           /* bytes of the instruction */
	DIALOGUE_QUESTIONS_BYTES_MAX = 8192 /* of all questions as RFC 4251 strings with booleans */
};

enum dialogue_verdict {
	DIALOGUE_FAILED = 0,
	DIALOGUE_ASKS,      /* the client is to answer */
	DIALOGUE_SUCCEEDED, /* the only success */
};

struct dialogue_line {
	enum dialogue_verdict verdict;
	bool check_password;   /* the one answer is the account's password, for the server to check */
	struct buf instruction;
	struct buf questions;  /* pairs of an RFC 4251 string and a boolean, as AUTH_QUESTIONS has */
	size_t question_count; /* at least 1 with DIALOGUE_ASKS */
};

/*
 * Reads a line; what follows its first JSON value is ignored. ERR_FORMAT with a text that names the
 * fault: no object, no questions, as many echos as there are not, too much of something. The caller
 * frees the line, also after an error.
 */
MUST int dialogue_line_read(
    struct view text, struct dialogue_line *out, struct failure *failure);
void dialogue_line_free(struct dialogue_line *line);

#endif
