/*
 * fair_share.h - divides a rate between those who want it. Arithmetic only: no clock, no sockets.
 *
 * Max-min fair: whoever wants less than an equal part gets what it wants, and what that leaves is
 * divided between the rest. The shares never sum to more than the rate, and to exactly the rate
 * when the wishes do. Private to master/.
 */
#ifndef MASTER_FAIR_SHARE_H
#define MASTER_FAIR_SHARE_H

#include <stdint.h>
#include <sys/queue.h>

struct fair_claim {
	TAILQ_ENTRY(fair_claim) link;
	uint64_t wanted; /* UINT64_MAX: as much as there is */
	uint64_t share;  /* set by fair_share_divide() */
};

TAILQ_HEAD(fair_claims, fair_claim);

void fair_share_divide(struct fair_claims *claims, uint64_t rate);

#endif
