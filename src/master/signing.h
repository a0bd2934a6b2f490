/*
 * signing.h - host-key signatures for workers: at once where they are quick, on the thread pool
 * where they take milliseconds. Private to master/.
 */
#ifndef MASTER_SIGNING_H
#define MASTER_SIGNING_H

#include "base/err.h"
#include "base/rd.h"

struct connection;
struct worker_link;

/*
 * Signs and answers HOST_KEY_SIGNED on the link; an empty signature when no key has the algorithm.
 * ERR_PROTOCOL while the connection waits for another answer, ERR_MEMORY.
 */
MUST int signing_start(struct connection *connection, struct worker_link *link,
	struct view algorithm, struct view exchange_hash);

#endif
