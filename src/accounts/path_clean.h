/*
 * path_clean.h - the shortest lexical form of a slash-separated path.
 *
 * For names in accounts (permission keys, folders, home directories), never for opening files:
 * what a client sends is resolved in vfs/.
 */
#ifndef ACCOUNTS_PATH_CLEAN_H
#define ACCOUNTS_PATH_CLEAN_H

#include <stdbool.h>

/*
 * Without "//", "." and resolvable "..", and without a slash at the end; "" becomes ".". The
 * caller frees; NULL when memory is short.
 */
char *path_clean(const char *path);
/* base and name joined by a slash, and cleaned. */
char *path_join(const char *base, const char *name);
/* True when the clean path is the clean directory or lies below it, by whole components. */
bool path_is_within(const char *path, const char *directory);

#endif
