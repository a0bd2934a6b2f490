/*
 * session_quota.h - what a session has borrowed of its quotas, and how it says what it used.
 *
 * vfs/ asks for a lease before the first change. While files are changed, what they cost is told
 * once a second; when nothing has changed for a second, all is given back, so that a session that
 * idles holds nothing. The master may call a lease back at any time, and gets it at once. Asking is
 * waiting: for a moment as a rule, for some seconds while the files are counted; whatever else the
 * master says meanwhile is kept for later. Called by session.c.
 */
#ifndef WORKER_SESSION_QUOTA_H
#define WORKER_SESSION_QUOTA_H

#include "worker/master_link.h"
#include "worker/session_policy.h"

/* Zeroed is a session whose files are not counted. */
struct session_quota {
	struct master_link *link;
	struct vfs_quota quotas[1 + VFS_FOLDERS_MAX]; /* by number: the account's, and of folders */
	size_t count;
	uint64_t settled_ms;

	/* an answer about this quota is waited for */
	uint32_t asked;
	bool answered, refused;
	struct ipc_quota_shown shown;
};

/* From now on what is changed where the policy says so counts. The struct must not move. */
void session_quota_init(struct session_quota *quota, struct master_link *link,
    const struct session_policy *policy);
/* QUOTA_GRANTED, QUOTA_RECALL and QUOTA_SHOWN; ERR_AGAIN for any other message. */
MUST int session_quota_message(struct session_quota *quota, struct ipc_message *message);
/* When session_quota_tick() has something to do; 0: not before the next change. */
uint64_t session_quota_due_ms(const struct session_quota *quota);
void session_quota_tick(struct session_quota *quota, uint64_t now_ms);
/* Before the session ends or is parked: tells what is left to tell and keeps nothing. */
void session_quota_end(struct session_quota *quota);

#endif
