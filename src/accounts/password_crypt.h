/*
 * password_crypt.h - checking hashes of the crypt(3) family that other programs made: bcrypt,
 * SHA-256-crypt, SHA-512-crypt, yescrypt, MD5-crypt and Apache's form of it. None of them is ever
 * made here.
 */
#ifndef ACCOUNTS_PASSWORD_CRYPT_H
#define ACCOUNTS_PASSWORD_CRYPT_H

#include "accounts/password.h"

enum {
	PASSWORD_BCRYPT_COST_MAX = 16,        /* about five seconds */
	PASSWORD_SHA_ROUNDS_MAX = 5000000,    /* about as long */
	PASSWORD_YESCRYPT_WORK_MAX_KIB = 1024 * 1024, /* memory times lanes; about three seconds */
};

/* True for "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$1$" and "$apr1$". */
bool password_crypt_knows(const char *hash);
/*
 * Neither is empty. A password with a NUL matches nothing: these functions would see only what
 * stands before it. Of libcrypt's kinds none takes more than 511 bytes.
 */
MUST enum password_result password_crypt_check(const char *hash, struct view password);

#endif
