/*
 * sandbox.h - what a process gives up before it meets the network: one call a role.
 *
 * Landlock, seccomp with default kill, no-new-privileges, capabilities, rlimits, and the change of
 * user and group ids. Each process calls sandbox_enter() as its last act before the first byte
 * from outside; after it nothing can be given back. Knows no protocol, no account and no message.
 * Called by the master, the nursery, the workers and `postern sftp-server`.
 *
 * What a role may still do is written in one table, sandbox/calls.def; the file system rights of a
 * session are in sandbox/landlock.c.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sandbox_role {
	/* Owns everything, so it gives up little: no new privileges, no core, not traceable. */
	SANDBOX_MASTER,
	/* Forks, reaps, changes ids for its children; executes and connects to nothing. */
	SANDBOX_NURSERY,
	/* Opens, creates, executes and connects to nothing. */
	SANDBOX_LOGIN,
	/* Reaches what lies beneath its trees, and nothing else. */
	SANDBOX_SESSION,
	/* As SANDBOX_SESSION, for `postern sftp-server DIR`. */
	SANDBOX_STDIO,
	/* Looks at what lies beneath its root, and does nothing else with it. */
	SANDBOX_SCAN,
	/* Holds sockets and bytes: receives, sends and waits, and nothing else. */
	SANDBOX_PARKING,
	/* Reads and writes pipes of a program that runs already; kills it and reaps it. */
	SANDBOX_SUPERVISOR,
	/* Accepts from the listener that it was given, receives and sends; opens nothing. */
	SANDBOX_HTTP,
};

/* A directory, and what is allowed beneath it. The descriptor stays the caller's. */
struct sandbox_tree {
	int fd;
	uint32_t rights; /* enum tree_right bits (base/tree_right.h) */
};

struct sandbox_rules {
	bool require; /* ERR_UNSUPPORTED where the kernel has no Landlock; else go on without it */
	/* SESSION, STDIO and SCAN: all that they reach; none for the others. The caller's. */
	const struct sandbox_tree *trees;
	size_t tree_count;
	/* SESSION and STDIO: no system call that changes a file or a directory, whatever trees say */
	bool read_only;
};

/* What the kernel under us can do. */
struct sandbox_support {
	unsigned landlock_abi; /* 0: no Landlock, or switched off at boot */
	bool seccomp;          /* seccomp filters with SECCOMP_RET_KILL_PROCESS */
};

enum { SANDBOX_TEXT_MAX = 256 };

void sandbox_probe(struct sandbox_support *out);
/* True when "sandbox": "require" may start: seccomp and at least the first Landlock. */
bool sandbox_support_enough(const struct sandbox_support *support);
/* True when nothing that we know how to use is missing. */
bool sandbox_support_complete(const struct sandbox_support *support);
/* One line for the log at start: what there is, and what the kernel lacks. Returns out. */
const char *sandbox_support_text(const struct sandbox_support *support, char *out, size_t size);

/*
 * Builds the seccomp programs of the nursery and of all that it forks, so that a child installs one
 * with a single system call. The nursery calls it before its own sandbox_enter(); a process that is
 * executed anew need not. 0 or ERR_MEMORY or ERR_IO.
 */
MUST int sandbox_prepare(void);

/*
 * Enters the role for good. 0, or the caller must end at once: ERR_UNSUPPORTED when the kernel
 * lacks what `require` wants (or seccomp, in any mode), ERR_DENIED or ERR_IO when a step failed.
 * Never half succeeds quietly: what cannot be installed is an error. Must be called with one
 * thread only (but for SANDBOX_MASTER).
 *
 * Afterwards a forbidden system call ends the process with SIGSYS; a file outside the trees is
 * EACCES, and so is what a tree's rights do not have; with read_only a change is EROFS too. The
 * process must end with _exit(2).
 */
MUST int sandbox_enter(enum sandbox_role role, const struct sandbox_rules *rules);

/*
 * Becomes this user and group for good, without supplementary groups and without capabilities,
 * and reads all of it back (CVE-2024-48651: supplementary groups of root were kept). Neither id
 * may be 0 or -1: ERR_INVALID. ERR_DENIED when the kernel refuses or when the read-back differs;
 * the caller must then end.
 */
MUST int sandbox_set_ids(uid_t uid, gid_t gid);

/*
 * The capabilities that uid mapping needs: the ids of a session, and the owner of a home that the
 * master makes.
 */
enum sandbox_capability {
	SANDBOX_CAPABILITY_SETUID = 1,
	SANDBOX_CAPABILITY_SETGID = 2,
	SANDBOX_CAPABILITY_CHOWN = 4,
};

/*
 * For a master started as root: becomes the service user with that user's own groups, keeps the
 * capabilities named by `keep` (enum sandbox_capability bits) and gives up all others, also from
 * the bounding set. 0 at once when not started as root. ERR_NOT_FOUND for a user that does not
 * exist, ERR_INVALID for one that is root, ERR_DENIED when the kernel refuses.
 */
MUST int sandbox_drop_root(const char *user, unsigned keep);
/*
 * Whether a program executed by this thread keeps the capabilities that the thread holds. Set
 * around the start of the nursery and cleared again, so that no other program executed by the
 * master ever has them. 0 or ERR_DENIED.
 */
MUST int sandbox_pass_capabilities(bool pass);

#endif
