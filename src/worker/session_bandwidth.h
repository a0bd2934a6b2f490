/*
 * session_bandwidth.h - the paces of a session's uploads and downloads: between its servers, which
 * stop when they are ahead of them, and the master, which says what the session's share is.
 *
 * Called by session.c. Without a limit it does nothing and sends nothing.
 */
#ifndef WORKER_SESSION_BANDWIDTH_H
#define WORKER_SESSION_BANDWIDTH_H

#include "worker/master_link.h"
#include "worker/pace.h"
#include "worker/session_policy.h"

struct session_bandwidth {
	struct pace upload, download;
};

void session_bandwidth_init(
    struct session_bandwidth *bandwidth, const struct session_policy *policy, uint64_t now_ms);
/* A SESSION_BANDWIDTH message: takes the shares, and says so. */
MUST int session_bandwidth_take(struct session_bandwidth *bandwidth, struct master_link *link,
    struct rd fields, uint64_t now_ms);
/* Tells the master what could be used, where that has changed. True when who was held may go on. */
bool session_bandwidth_tick(
    struct session_bandwidth *bandwidth, struct master_link *link, uint64_t now_ms);
/* When tick has something to do; 0: never. */
uint64_t session_bandwidth_deadline_ms(const struct session_bandwidth *bandwidth);

#endif
