/*
 * password_pbkdf2.h - checking "$pbkdf2-sha256$iterations$salt$hash", as other programs made it.
 * None is ever made here.
 *
 * The salt is the text as it stands, the hash is base64 and exactly as long as the digest.
 */
#ifndef ACCOUNTS_PASSWORD_PBKDF2_H
#define ACCOUNTS_PASSWORD_PBKDF2_H

#include "accounts/password.h"

enum { PASSWORD_PBKDF2_ITERATIONS_MAX = 2000000 }; /* about four seconds of SHA-512 */

/* True for "$pbkdf2-sha1$", "$pbkdf2-sha256$" and "$pbkdf2-sha512$". */
bool password_pbkdf2_knows(const char *hash);
/* Neither is empty. */
MUST enum password_result password_pbkdf2_check(const char *hash, struct view password);

#endif
