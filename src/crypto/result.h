/*
 * result.h - the one place where what libcrypto said becomes an ERR_ code.
 */
#ifndef CRYPTO_RESULT_H
#define CRYPTO_RESULT_H

#include "base/err.h"

#include <openssl/err.h>

#include <stdbool.h>

/*
 * Ends a function: 0, or ERR_CRYPTO after emptying libcrypto's queue of reasons, so that no old
 * reason is taken for that of a later fault.
 */
static inline int
crypto_result(bool good)
{
	if (good)
		return 0;
	ERR_clear_error();
	return ERR_CRYPTO;
}

#endif
