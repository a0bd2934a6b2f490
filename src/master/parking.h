/*
 * parking.h - where a session is: with its worker, with the parking worker, or on the way.
 *
 *   WITH_WORKER --PARK_ASK--> LEAVING --held--> PARKED --woken, or an order--> WAITING
 *        ^                       |                                                |
 *        +---the worker stayed---+                                  its turn, and its root is open
 *        +-----------------------SESSION_READY------------------------------- WAKING
 *
 * An order to close that comes while no worker can be told waits here, and wakes the session, so
 * that every client gets its goodbye. Private to master/.
 */
#ifndef MASTER_PARKING_H
#define MASTER_PARKING_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct master;
struct parking;

/* Zero is where every connection begins. */
enum parking_place {
	PARKING_WITH_WORKER = 0,
	PARKING_LEAVING, /* its worker may write it down; or it has, and that is not here yet */
	PARKING_PARKED,
	PARKING_WAITING, /* for its turn to be woken, or for its root */
	PARKING_WAKING,  /* a fresh worker takes it up */
};

/* Sessions that are woken at the same time; more wait for their turn. */
enum { PARKING_WAKES_AT_ONCE = 32 };

/* ERR_MEMORY. */
MUST int parking_new(struct parking **out, struct master *master);
void parking_free(struct parking **parking);
/* Sessions that are parked, or wait to be woken. */
unsigned parking_count(const struct parking *parking);

/* SESSION_READY came: true when the session had been parked. Gives it an order that waited. */
bool parking_session_ready(struct connection *connection);
/*
 * The session worker has closed its end. True when that is as it should be, because the session
 * was written down or may be.
 */
bool parking_worker_left(struct connection *connection);
/*
 * Keeps an order to close for which there is no worker, and sees to it that there will be one.
 * False when there is one.
 */
bool parking_keep_order(struct connection *connection, const char *reason, bool when_idle);
/* The connection ends, wherever it is. */
void parking_connection_ended(struct connection *connection);

#endif
