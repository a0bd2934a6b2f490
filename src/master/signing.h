/*
 * signing.h - host-key signatures for workers: at once where they are quick, on the thread pool
 * where they take milliseconds. Private to master/.
 */
#ifndef MASTER_SIGNING_H
#define MASTER_SIGNING_H

#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct worker_link;

enum { SIGNING_EACH_SECOND_MAX = 500 };

/* How many signatures one worker has had in the second that began then; zeroed at first. */
struct signing_rate {
	uint64_t since_ms;
	unsigned count;
};

/*
 * Counts one more. False above SIGNING_EACH_SECOND_MAX: no client that honours its own part of an
 * exchange is so quick, and a session worker counts for itself.
 */
MUST bool signing_admit(struct signing_rate *rate, uint64_t now_ms);

/*
 * Signs and answers HOST_KEY_SIGNED on the link; an empty signature when no key has the algorithm.
 * ERR_PROTOCOL while the connection waits for another answer, ERR_MEMORY.
 */
MUST int signing_start(struct connection *connection, struct worker_link *link,
	struct view algorithm, struct view exchange_hash);

#endif
