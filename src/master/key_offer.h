/*
 * key_offer.h - is this key, or this certificate, one that the account lets in, and is the proof
 * that belongs to it good.
 *
 * Runs on the thread pool and touches nothing of the connection. Without a proof it only says
 * whether one would help. Private to master/.
 */
#ifndef MASTER_KEY_OFFER_H
#define MASTER_KEY_OFFER_H

#include "accounts/accounts.h"
#include "base/address.h"
#include "base/rd.h"
#include "master/user_authorities.h"

#include <stdbool.h>

struct key_offer {
	const struct user *user; /* NULL: there is none */
	struct view blob;        /* of the key or certificate */
	struct view algorithm;
	bool vouched; /* it is one of the user's keys, whatever is stored; not for certificates */
	bool is_proof;
	struct view signed_bytes; /* as the master itself builds them */
	struct view signature;
	const struct address *address;
	const struct user_authorities *authorities;
	unsigned allow; /* PUBLIC_KEY_ALLOW_ bits */
};

/* What came of it: zeroed at first, freed with key_finding_free(). */
struct key_finding {
	bool good;
	bool sftp_only;    /* a good certificate that is for nothing else */
	char *refusal;     /* why it is not good; NULL: nothing more than that it is not */
	char *description; /* of a good one: the comment of a key, what a certificate is */
	char fingerprint[PUBLIC_KEY_FINGERPRINT_BYTES]; /* of a good one's key */
};

/* The same work is done whether the account exists or not. */
void key_offer_check(const struct key_offer *offer, struct key_finding *out);
void key_finding_free(struct key_finding *finding);

#endif
