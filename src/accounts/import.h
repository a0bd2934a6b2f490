/*
 * import.h - accounts of other programs, made into ours: the system's passwd and shadow files,
 * pure-ftpd's and ProFTPD's virtual users, and an SFTPGo dump.
 *
 * From text to rows; nothing is stored and no file is read here. Every line that could be an
 * account becomes a row, with the account or with the reason why it is left out: nothing is
 * dropped in silence. The files are trusted no more than a client: any bytes may stand in them.
 * Used by `postern user import`.
 */
#ifndef ACCOUNTS_IMPORT_H
#define ACCOUNTS_IMPORT_H

#include "accounts/failure.h"
#include "accounts/user.h"

enum {
	IMPORT_BYTES_MAX = 64 * 1024 * 1024, /* of a file */
	IMPORT_LINE_MAX = 16 * 1024,
	IMPORT_ROWS_MAX = 1000000,
	IMPORT_NOTE_MAX = 160,
};

struct import_row {
	struct user *user;          /* not validated; NULL when it is left out */
	char *name;                 /* "" when there was none to be read; may hold any byte but NUL */
	char note[IMPORT_NOTE_MAX]; /* why it is left out, or what there is to know; "" if nothing */
};

struct import {
	struct import_row *rows;
	size_t count;
};

/*
 * The readers add rows to `out`, which starts zeroed. ERR_LIMIT above IMPORT_BYTES_MAX or
 * IMPORT_ROWS_MAX, ERR_MEMORY.
 *
 * An account whose password is locked with a "!" before its hash comes in disabled; one without a
 * usable hash is left out. `today` counts days since 1970.
 */
MUST int import_unix(struct view passwd, struct view shadow, int64_t today, struct import *out);
MUST int import_pure_ftpd(struct view text, struct import *out);
MUST int import_proftpd(struct view text, struct import *out);
/* In addition what dump_parse() gives, with its text. */
MUST int import_dump(struct view text, struct import *out, struct failure *failure);

struct import_choice {
	int64_t min_uid, max_uid;    /* of accounts that are taken; -1: no limit */
	struct text_list usernames;  /* the only ones that are taken; empty: all */
	int64_t force_uid, force_gid; /* given to all of them; -1: as they are */
};

/*
 * Removes the rows that were not chosen, among them all without an account when there is a limit
 * of uids; leaves out accounts whose name came before, and those that no server would take.
 * ERR_MEMORY.
 */
MUST int import_choose(struct import *import, const struct import_choice *choice);

void import_free(struct import *import);

#endif
