/*
 * auth_file.h - the file of users who may use the HTTP API, as htpasswd(1) writes it.
 *
 * CSV with ':' between the fields (the contract's reading of it): a name and a hash on each line,
 * '#' begins a comment line, leading spaces are left out, a field may stand in double quotes.
 * Hashes are bcrypt, MD5-crypt or Apache's form of it; others never match. Opens no file.
 */
#ifndef ACCOUNTS_AUTH_FILE_H
#define ACCOUNTS_AUTH_FILE_H

#include "accounts/failure.h"
#include "accounts/password.h"
#include "base/err.h"
#include "base/rd.h"

enum { AUTH_FILE_MAX = 1024 * 1024 };

struct auth_file;

/* The caller frees it. ERR_FORMAT with a text that names the line; ERR_MEMORY. */
MUST int auth_file_parse(struct view text, struct auth_file **out, struct failure *failure);
void auth_file_free(struct auth_file **file);
/*
 * The hash of the last line with this name, or NULL. *other_out is then some hash of the file, for
 * whoever wants to do the same work; NULL in an empty file. Both live as long as the file.
 */
const char *auth_file_find(const struct auth_file *file, struct view name, const char **other_out);
/* Blocks for as long as the hash takes. */
enum password_result auth_file_check(const char *hash, struct view password);

#endif
