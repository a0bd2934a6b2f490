/*
 * session_policy.h - from SESSION_FOLDER and SESSION_POLICY to a confined process with a tree.
 *
 * Apart from the rest of the session so that a test can stand exactly where a session stands.
 */
#ifndef WORKER_SESSION_POLICY_H
#define WORKER_SESSION_POLICY_H

#include "vfs/vfs.h"
#include "worker/master_link.h"

struct session_policy {
	struct vfs *vfs;
	struct vfs_uploads uploads;
	bool ignore_setstat;
	bool read_only; /* no permission anywhere changes anything */
	bool upload_limited, download_limited; /* to a rate, which the master will tell */
	bool parked;            /* a written-down session is taken up, no fresh login */
	bool counted[1 + VFS_FOLDERS_MAX]; /* home and folders: to a quota, */
	bool own[1 + VFS_FOLDERS_MAX];     /* which is the folder's own, not the account's */
	uint32_t park_after_ms; /* of idleness; 0: never */
};

/*
 * Waits until the deadline for the virtual folders and the policy, builds the tree from them and
 * enters the sandbox for it; the master's umask is set. Frees with session_policy_free(). 0, what
 * the link said, ERR_PROTOCOL for a message that is none of these, the code of the reader for one
 * that says nonsense, or what sandbox_enter() said.
 */
MUST int session_policy_receive(
    struct master_link *link, uint64_t deadline_ms, struct session_policy *out);
/*
 * Other rules from the fields of a SESSION_POLICY_CHANGED. What is open stays open. 0, the code of
 * the reader, ERR_INVALID for other folders, ERR_MEMORY; the rules are as they were then.
 */
MUST int session_policy_change(struct session_policy *policy, struct rd fields);
void session_policy_free(struct session_policy *policy);

#endif
