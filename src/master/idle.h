/*
 * idle.h - ends sessions whose client has done nothing for too long: sftpd.idle_timeout, or what
 * the account has of its own.
 *
 * Requests and data count, keepalives do not: a client that only keeps the line open is idle.
 * Private to master/.
 */
#ifndef MASTER_IDLE_H
#define MASTER_IDLE_H

#include <stdbool.h>
#include <stdint.h>

struct master;

/* True when the time since the last activity is over; timeout_minutes 0 or less: never. */
bool idle_expired(uint64_t last_activity_ms, uint64_t now_ms, int timeout_minutes);
/* The minutes that hold for a session: the account's, or the setting where it has none. */
int idle_minutes(int64_t of_account, int setting);
/* Closes the sessions that are idle now (monotonic clock). Called by a timer of the master. */
void idle_sweep(struct master *master, uint64_t now_ms);

/* How often the timer fires. */
enum { IDLE_SWEEP_MS = 20000 };

#endif
