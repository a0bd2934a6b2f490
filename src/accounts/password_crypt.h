/*
 * password_crypt.h - checking hashes of the crypt(3) family that other programs made: bcrypt,
 * SHA-512-crypt, MD5-crypt and Apache's form of it. None of them is ever made here.
 */
#ifndef ACCOUNTS_PASSWORD_CRYPT_H
#define ACCOUNTS_PASSWORD_CRYPT_H

#include "accounts/password.h"

enum {
	PASSWORD_BCRYPT_COST_MAX = 16,        /* about five seconds */
	PASSWORD_SHA512_ROUNDS_MAX = 5000000, /* about as long */
};

/* True for "$2a$", "$2b$", "$2y$", "$6$", "$1$" and "$apr1$". */
bool password_crypt_knows(const char *hash);
/*
 * Neither is empty. A password with a NUL matches nothing: these functions would see only what
 * stands before it.
 */
MUST enum password_result password_crypt_check(const char *hash, struct view password);

#endif
