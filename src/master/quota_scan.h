/*
 * quota_scan.h - counting what an account uses: its files are walked, and what was found replaces
 * what was believed.
 *
 * Each scan is a process of its own that may look and do nothing else (worker/scan.h). First it
 * walks while sessions go on. When one of them may have changed anything meanwhile, their leases
 * are called back and it walks again, now that the caches are warm, while their changes wait: so
 * nothing is missed and nothing counted twice. Where that takes too long, what the first walk found
 * is what an administrator gets who asked for it, and it will be tried again.
 *
 * An administrator starts scans; a session that died while it held a lease does, too, but such a
 * scan is not listed. A few run at the same time, the others wait. Private to master/.
 */
#ifndef MASTER_QUOTA_SCAN_H
#define MASTER_QUOTA_SCAN_H

#include "base/err.h"
#include "master/home.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct master;
struct quota_scans;

enum { QUOTA_SCANS_AT_ONCE = 4 };

MUST int quota_scans_new(struct quota_scans **out, struct master *master);
/* Ends all scans, and their processes. */
void quota_scans_stop(struct quota_scans *scans);
/* The loop has ended. */
void quota_scans_free(struct quota_scans **scans);

/*
 * Starts a scan of an account that is known to exist, or queues it. From any thread, for as many
 * accounts as there are. ERR_EXISTS when one is under way, ERR_MEMORY.
 */
MUST int quota_scan_start(struct quota_scans *scans, const char *username);
/*
 * Objects with "username", "start_time" and what has been found so far. NULL: no memory. From any
 * thread.
 */
json_t *quota_scan_list(struct quota_scans *scans);
/*
 * What came of the account's last scan, as long as that is remembered: "start_time", "found_size",
 * "found_files", and "error" when it failed. JSON null for none; NULL: no memory. From any thread.
 */
json_t *quota_scan_result(struct quota_scans *scans, const char *username);
/* Ends it without a result. ERR_NOT_FOUND. */
MUST int quota_scan_cancel(struct quota_scans *scans, const char *username);
/*
 * What is used became unsure: by the account, or in the directory, which is one of its folders.
 * For quota*.c, which ask again until it is not.
 */
void quota_scan_settle(struct quota_scans *scans, const char *username,
	const struct directory_id *directory);

/* From the nursery; false when the number is not that of a scan. */
bool quota_scan_forked(struct quota_scans *scans, uint64_t number, pid_t pid);

#endif
