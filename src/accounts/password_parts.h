/*
 * password_parts.h - taking a stored hash apart. Private to password*.c.
 */
#ifndef ACCOUNTS_PASSWORD_PARTS_H
#define ACCOUNTS_PASSWORD_PARTS_H

#include "base/rd.h"

/* Takes a constant off the front; anything else poisons with ERR_FORMAT. */
void rd_expect(struct rd *r, const char *text);
/* Takes a decimal number from 1 to max off the front; anything else poisons with ERR_LIMIT. */
uint32_t rd_decimal(struct rd *r, uint32_t max);
/* What stands before the next '$', or everything. */
struct view rd_until_dollar(struct rd *r);

#endif
