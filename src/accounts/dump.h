/*
 * dump.h - all accounts as one JSON text: {"users":[...]}, with every secret.
 *
 * The format of dumpdata and loaddata, and of the memory provider's file.
 */
#ifndef ACCOUNTS_DUMP_H
#define ACCOUNTS_DUMP_H

#include "accounts/failure.h"
#include "accounts/user.h"

#include "base/buf.h"

enum { DUMP_BYTES_MAX = 10485760, DUMP_WHOLE_BYTES_MAX = 1 << 30 };

/*
 * Reads a dump into a list that the caller frees. Does not validate the users. ERR_SHORT when the
 * text is empty, ERR_LIMIT above DUMP_BYTES_MAX, ERR_FORMAT, ERR_MEMORY.
 */
MUST int dump_parse(struct view text, struct user_list *out, struct failure *failure);
/* The same from a file; in addition ERR_NOT_FOUND and ERR_IO. */
MUST int dump_load(const char *path, struct user_list *out, struct failure *failure);
/* The same for conversions, where the file may be longer than SFTPGo would read: up to 1 GiB. */
MUST int dump_load_whole(const char *path, struct user_list *out, struct failure *failure);
/* Appends the text; the buffer's maximum is the caller's limit, and errors show in it. */
void dump_write(const struct user_list *list, bool indent, struct buf *out);

#endif
