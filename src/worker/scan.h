/*
 * scan.h - the scan worker: counts the regular files of one tree and their bytes, and ends.
 *
 * It may list directories beneath its root and look at what is in them; it cannot open a file,
 * change anything, or meet the network. Links are not followed. A file with several names counts
 * once. Called in a child of the nursery, which has changed the ids where the account wants that.
 */
#ifndef WORKER_SCAN_H
#define WORKER_SCAN_H

#include "worker/worker.h"

#include <stdint.h>

struct scan_count {
	uint64_t bytes, files;
};

/* Takes root_fd. Reports to the master, and the caller ends the process with the result. */
enum worker_exit scan_main(int ipc_fd, int root_fd);

#endif
