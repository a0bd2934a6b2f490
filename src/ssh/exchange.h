/*
 * exchange.h - the steps of a key exchange (RFC 4253 sections 7 and 8), first or repeated.
 *
 * Steps only: who calls them decides when they may come, the login half in a straight line, the
 * connection half from its table. Each step that fails has told the client and set the
 * transport's error.
 */
#ifndef SSH_EXCHANGE_H
#define SSH_EXCHANGE_H

#include "base/buf.h"
#include "crypto/crypto.h"
#include "ssh/kexinit.h"
#include "ssh/messages.h"

#include <stdbool.h>

struct ssh_transport;

enum exchange_stage {
	EXCHANGE_IDLE = 0, /* the client has not sent KEXINIT (we may have) */
	EXCHANGE_INIT,     /* its KEXINIT is here, its public value not */
	EXCHANGE_SIGN,     /* our signature is missing */
	EXCHANGE_NEWKEYS,  /* our part is done, the client's NEWKEYS is missing */
};

struct exchange {
	enum exchange_stage stage;
	bool announced; /* our KEXINIT has left, our NEWKEYS has not: no other messages from us */
	bool skip;      /* the next key exchange message was a wrong guess */
	struct kex_choice next;
	struct buf ours, theirs; /* the payloads of both KEXINIT */
	struct buf server_public;
	uint8_t hash[SSH_HASH_MAX];
	size_t hash_bytes;
	struct packet_cipher *input, *output; /* to be used from NEWKEYS on */
};

void exchange_init(struct exchange *x);
void exchange_free(struct exchange *x);
/* Sends our KEXINIT. */
MUST int exchange_announce(struct ssh_transport *t);
/* The client's KEXINIT; announces ours if that is still to do. IDLE -> INIT. */
MUST int exchange_client_kexinit(struct ssh_transport *t, struct view payload);
/*
 * A message of the method itself (30 to 49). Skips a wrong guess, else computes the hash to be
 * signed. INIT -> INIT or SIGN.
 */
MUST int exchange_client_value(struct ssh_transport *t, struct view payload);
/* What is to be signed, and how. */
struct view exchange_hash(const struct ssh_transport *t);
struct view exchange_signature_name(const struct ssh_transport *t);
/* Our answer and NEWKEYS; new keys out. SIGN -> NEWKEYS. */
MUST int exchange_answer(struct ssh_transport *t, struct view signature);
/* The client's NEWKEYS; new keys in. NEWKEYS -> IDLE. */
MUST int exchange_client_newkeys(struct ssh_transport *t, struct view payload);
/*
 * Queues our EXT_INFO where the client wants one: once, as the first packet behind our first
 * NEWKEYS (RFC 8308 section 2.4). Called when the client's NEWKEYS has come and not before: many
 * clients hold their next packet back until that one is acknowledged, and so it is at once.
 */
MUST int exchange_tell_extensions(struct ssh_transport *t);

#endif
