/*
 * secret_text.h - secrets of an account that must be read back: "$aes$key$data".
 *
 * The key is 32 hexadecimal characters, which are as such the AES-256 key; the data is hexadecimal
 * of nonce, ciphertext and tag, by AES-256-GCM. The key stands beside the data, so this hides a
 * secret from a glance and from logs and from nobody who has the database: keep that safe. The
 * form is what SFTPGo's databases and dumps hold. Used by validation, and by whoever needs the
 * plain text in the end.
 */
#ifndef ACCOUNTS_SECRET_TEXT_H
#define ACCOUNTS_SECRET_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>

enum { SECRET_TEXT_PLAIN_MAX = 32768 };

/* True for "$aes$" text of four parts, whether or not it can be opened. */
bool secret_text_is_sealed(const char *text);
/* A sealed form with a fresh key, which the caller frees. ERR_LIMIT, ERR_MEMORY, ERR_CRYPTO. */
MUST int secret_text_seal(struct view plain, char **out);
/*
 * Appends the plain text. ERR_FORMAT when the text is not sealed or not well formed, ERR_CRYPTO
 * when it was changed, ERR_LIMIT, ERR_MEMORY.
 */
MUST int secret_text_open(const char *text, struct buf *plain);
/* Appends "$aes$data", which opens nothing, for sealed text; nothing for any other text. */
void secret_text_mask(const char *text, struct buf *out);

#endif
