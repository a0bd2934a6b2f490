/*
 * hours.h - ends sessions of accounts whose allowed hours are over (filters.access_time).
 *
 * Logins outside the hours are refused by accounts/login.h. Private to master/.
 */
#ifndef MASTER_HOURS_H
#define MASTER_HOURS_H

#include <stdint.h>

struct master;

/* Closes sessions whose hours are over now (wall clock). To be called twice a minute or more. */
void hours_sweep(struct master *master, int64_t now_ms);

#endif
