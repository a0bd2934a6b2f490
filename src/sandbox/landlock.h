/*
 * landlock.h - Landlock by its three system calls, with whatever rights the kernel knows.
 *
 * Internal to sandbox/. The kernel's headers of Debian 12 stop at the second version of the
 * interface, so the later rights are defined here.
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include "base/err.h"
#include "sandbox/sandbox.h"

#include <stdbool.h>

/* The last version of the interface that we know how to use. */
enum { LANDLOCK_ABI_KNOWN = 7 };

enum landlock_reach {
	LANDLOCK_NOTHING, /* no file, no TCP port, no abstract socket, no signal */
	LANDLOCK_SIGNALS, /* the same, but signals to what runs outside of its confinement */
	LANDLOCK_TREES,   /* beneath some directories what is allowed there, and else nothing */
	/*
	 * All files, but nothing executed and no device, FIFO or socket made: for the nursery,
	 * whose children still have to be given their roots.
	 */
	LANDLOCK_NURSERY,
};

/* The version that the kernel has, 0 for none. */
unsigned landlock_abi(void);
/*
 * Confines the calling thread for good, with the rights of version `abi` (at least 1; what is
 * above LANDLOCK_ABI_KNOWN counts as that). The trees are for LANDLOCK_TREES only. ERR_DENIED
 * when the kernel refuses. No-new-privileges must be set.
 */
MUST int landlock_enter(unsigned abi, enum landlock_reach reach, const struct sandbox_tree *trees,
	size_t tree_count);

#endif
