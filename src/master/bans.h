/*
 * bans.h - addresses that are refused for what they did: a score for each, bans that grow with each
 * repetition, and what an administrator has banned.
 *
 * Pure bookkeeping: no socket, no clock, no log, no list of settings. Addresses count as
 * address_source() has them: an IPv4 address, or 64 bits of an IPv6 one. A score sinks steadily, so
 * that one of the threshold's height is gone after the observation time. Times are milliseconds of
 * one monotonic clock, the caller's. Memory is bounded. Called by access.c.
 */
#ifndef MASTER_BANS_H
#define MASTER_BANS_H

#include "base/address.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BANS_ADDRESSES_MAX = 16384, /* with a score or a ban */
	BANS_MANUAL_MAX = 1024,     /* networks that an administrator has banned */
};

/* What raises a score. */
enum ban_event {
	BAN_NOTHING = 0,
	BAN_UNKNOWN_USER,
	BAN_BAD_CREDENTIAL,
	BAN_BROKEN_PROTOCOL,
	BAN_CONNECTION,
	BAN_EVENTS,
};

struct ban_rules {
	bool enabled;              /* false: no scores, and only manual bans hold */
	uint32_t threshold;        /* a score that reaches it is a ban; 1 to 100000 */
	uint64_t observation_ms;   /* up to a day */
	uint64_t first_ms, most_ms; /* a ban; each repetition lasts twice as long, up to the most */
	uint32_t scores[BAN_EVENTS];
	uint32_t login; /* what a successful login takes off */
};

struct ban {
	struct cidr network;
	bool manual;
	unsigned times;   /* how often already; 0 for a manual one */
	uint64_t left_ms; /* 0: without end */
};

struct bans;

MUST int bans_new(struct bans **out, const struct ban_rules *rules);
void bans_free(struct bans **bans);
/* From now on; bans that are there last as long as they were meant to. */
void bans_set_rules(struct bans *bans, const struct ban_rules *rules);

bool bans_refuse(struct bans *bans, const struct address *address, uint64_t now_ms);
/*
 * The address did this. True when that was the last straw: *out is then the ban that has begun. A
 * table that is full forgets who was seen longest ago and is not banned; when all are banned, new
 * addresses are not watched.
 */
bool bans_note(struct bans *bans, const struct address *address, enum ban_event event,
	uint64_t now_ms, struct ban *out);
void bans_login(struct bans *bans, const struct address *address, uint64_t now_ms);

/*
 * Puts a ban in place, by hand or as it was before a restart; one of the same network is replaced.
 * ERR_LIMIT when there is no room, ERR_MEMORY; ERR_INVALID for one that nobody can have had.
 */
MUST int bans_put(struct bans *bans, const struct ban *ban, uint64_t now_ms);
/*
 * Lifts the bans of exactly this network, whoever made them; an address's is also that of what it
 * counts as. The score is forgotten. ERR_NOT_FOUND.
 */
MUST int bans_lift(struct bans *bans, const struct cidr *network, uint64_t now_ms);
/* Each ban that holds, in no order. */
void bans_each(struct bans *bans, uint64_t now_ms,
	void (*each)(void *ctx, const struct ban *ban), void *ctx);

#endif
