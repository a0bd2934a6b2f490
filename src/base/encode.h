/*
 * encode.h - base64 (RFC 4648) and hexadecimal.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

/* Appends the standard alphabet; with `=` padding or without. */
void base64_encode(struct buf *out, struct view bytes, bool padded);
/*
 * Appends the decoded bytes. Padding may be present or absent, but not wrong; white space and any
 * other byte is ERR_FORMAT; ERR_LIMIT or ERR_MEMORY from the buffer.
 */
MUST int base64_decode(struct buf *out, struct view text);
/* Lower-case hexadecimal. */
void hex_encode(struct buf *out, struct view bytes);
/* The value of a hexadecimal digit, in either case; -1 for anything else. */
int hex_value(uint8_t c);
MUST int hex_decode(struct buf *out, struct view text);

#endif
