/*
 * admission.h - who may connect now: caps on connections that have not logged in, in all and per
 * source address, and penalties for addresses whose connections broke a worker.
 *
 * Pure bookkeeping: no socket, no clock, no log. Memory is bounded by the caps and by
 * ADMISSION_PENALTIES_MAX. Called by the master for every accepted socket.
 */
#ifndef MASTER_ADMISSION_H
#define MASTER_ADMISSION_H

#include "base/address.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { ADMISSION_PENALTIES_MAX = 4096 };

struct admission_limits {
	uint32_t unauthenticated;             /* in all */
	uint32_t unauthenticated_per_address; /* per address_source() */
	uint32_t connections;                 /* in all, logged in or not; 0: no limit */
	uint32_t penalty_ms;                  /* the first penalty; doubles up to 16 times it */
};

enum admission_verdict {
	ADMISSION_REFUSED_TOTAL = 0,
	ADMISSION_REFUSED_UNAUTHENTICATED,
	ADMISSION_REFUSED_ADDRESS,
	ADMISSION_REFUSED_PENALTY,
	ADMISSION_ACCEPTED,
};

struct admission;

MUST int admission_new(struct admission **out, const struct admission_limits *limits);
void admission_free(struct admission **admission);
/* From now on; connections that are there already stay, also above a new limit. */
void admission_set_limits(struct admission *admission, const struct admission_limits *limits);
/*
 * Counts the connection when the verdict is ADMISSION_ACCEPTED, and only then. With no address
 * (NULL) it is that of a proxy, whose client is not known yet: it counts for nobody, but in all.
 */
enum admission_verdict admission_enter(struct admission *admission, const struct address *address,
	uint64_t now_ms);
/*
 * The address of such a connection has become known. It counts for the address when the verdict is
 * ADMISSION_ACCEPTED; else it has to leave, without an address.
 */
enum admission_verdict admission_place(struct admission *admission, const struct address *address,
	uint64_t now_ms);
/* The connection logged in: it no longer counts as unauthenticated. */
void admission_authenticated(struct admission *admission, const struct address *address);
/*
 * The connection ended; NULL when it never had an address. `authenticated` says whether
 * admission_authenticated() was called.
 */
void admission_leave(struct admission *admission, const struct address *address,
	bool authenticated);
/* Refuses the address for a while; each further penalty lasts twice as long. */
void admission_penalise(struct admission *admission, const struct address *address,
	uint64_t now_ms);
/* "too many connections", ... for the log. */
const char *admission_verdict_text(enum admission_verdict verdict);
uint32_t admission_unauthenticated(const struct admission *admission);

#endif
