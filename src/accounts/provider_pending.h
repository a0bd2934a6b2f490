/*
 * provider_pending.h - used quota that the database could not take, until it can.
 *
 * One sum for each account. For provider.c alone, which writes what is here as soon as the
 * database answers; a program that ends before that loses it. Any thread may call.
 */
#ifndef ACCOUNTS_PROVIDER_PENDING_H
#define ACCOUNTS_PROVIDER_PENDING_H

#include "accounts/provider.h"

enum { PENDING_MAX = 65536 }; /* accounts */

struct provider_pending;

MUST int pending_new(struct provider_pending **out);
/* *pending may be NULL, and is NULL afterwards. */
void pending_free(struct provider_pending **pending);
/* Adds to the account's sum. ERR_LIMIT beyond PENDING_MAX accounts, ERR_MEMORY. */
MUST int pending_add(struct provider_pending *pending, const char *username,
    struct provider_quota delta, int64_t now_ms);
/* The account's sum; zeros for none. */
struct provider_quota pending_get(struct provider_pending *pending, const char *username);
/* Forgets the account's sum, as when a scan has counted anew. */
void pending_drop(struct provider_pending *pending, const char *username);
/*
 * Takes any account's sum out; false when there is none. The caller frees the username and puts
 * the sum back with pending_add() when it cannot be written.
 */
bool pending_take(struct provider_pending *pending, char **username_out,
    struct provider_quota *delta_out, int64_t *now_ms_out);
/* a + b, or the end of the range where that lies beyond. */
int64_t pending_sum(int64_t a, int64_t b);

#endif
