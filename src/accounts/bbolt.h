/*
 * bbolt.h - reading the file of SFTPGo's bolt provider, to move its accounts elsewhere.
 *
 * The format is bbolt's: pages with a B+tree for each bucket, of which the bucket "users" has the
 * accounts as JSON. It is never written, and nothing in it is trusted: each offset and count is
 * checked, and no page is visited twice.
 */
#ifndef ACCOUNTS_BBOLT_H
#define ACCOUNTS_BBOLT_H

#include "accounts/failure.h"
#include "accounts/user.h"

enum { BBOLT_BYTES_MAX = 1 << 30, BBOLT_HEAD_BYTES = 20 };

/* True when a file that begins like this is one of bbolt's; BBOLT_HEAD_BYTES are enough. */
bool bbolt_is(struct view head);
/*
 * Every account, ordered by the bytes of the username, with those of older versions brought up to
 * date; the caller frees the list. ERR_FORMAT, ERR_MEMORY.
 */
MUST int bbolt_parse(struct view file, struct user_list *out, struct failure *failure);
/*
 * The same from a file; in addition ERR_NOT_FOUND, ERR_UNAVAILABLE while SFTPGo has it open,
 * ERR_LIMIT above BBOLT_BYTES_MAX, ERR_IO.
 */
MUST int bbolt_load(const char *path, struct user_list *out, struct failure *failure);

#endif
