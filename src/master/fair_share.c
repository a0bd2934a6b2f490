#include "master/fair_share.h"

#include <stdbool.h>

/* Grants the wishes that are no larger than an equal part of what is left; true when any was. */
static bool
grant_small(struct fair_claims *claims, uint64_t *left, uint64_t *ungranted)
{
	uint64_t part = *left / *ungranted;
	struct fair_claim *claim;
	bool granted = false;

	TAILQ_FOREACH (claim, claims, link) {
		if (claim->share == claim->wanted || claim->wanted > part)
			continue;
		claim->share = claim->wanted;
		*left -= claim->wanted;
		--*ungranted;
		granted = true;
	}
	return granted;
}

void
fair_share_divide(struct fair_claims *claims, uint64_t rate)
{
	uint64_t left = rate, ungranted = 0;
	struct fair_claim *claim;

	TAILQ_FOREACH (claim, claims, link) {
		claim->share = 0;
		ungranted += claim->wanted > 0;
	}
	while (ungranted > 0 && grant_small(claims, &left, &ungranted))
		;
	TAILQ_FOREACH (claim, claims, link) {
		if (claim->share == claim->wanted)
			continue;
		/* the last one gets what the division left over */
		claim->share = left / ungranted;
		left -= claim->share;
		ungranted--;
	}
}
