/*
 * banning.h - bans in the running server: what raises a score, whom bans spare, what is logged, and
 * the file that bans survive a restart in.
 *
 * bans.h keeps the books; here they meet the settings (the group `bans`), the clock and the log.
 * Private to master/; all on the loop.
 */
#ifndef MASTER_BANNING_H
#define MASTER_BANNING_H

#include "base/address.h"
#include "base/err.h"
#include "master/bans.h"

#include <jansson.h>
#include <stdint.h>

struct banning;
struct master;

/* Follows master->config. ERR_MEMORY. */
MUST int banning_new(struct banning **out, struct master *master);
/* Waits for nothing: the loop has run until the thread pool gave all back. */
void banning_free(struct banning **banning);
/* The settings have changed. ERR_MEMORY: a list may be as it was. */
MUST int banning_take_settings(struct banning *banning);

/* Reads the file, if there is one; what is wrong with it is logged. */
void banning_load(struct banning *banning);
/* Writes the file on the thread pool if bans have changed since it was written. */
void banning_save(struct banning *banning);
/* The same at the end of the server, at once. */
void banning_save_last(struct banning *banning);

/* Why the address may not come in, for the log; NULL when it may. */
const char *banning_reason(struct banning *banning, const struct address *address);
void banning_note(struct banning *banning, const struct address *address, enum ban_event event);
void banning_login(struct banning *banning, const struct address *address);

/* How many bans hold now. */
size_t banning_count(struct banning *banning);
/* For administrators: an array as in bans_json.h; NULL when memory is short. */
json_t *banning_list(struct banning *banning);
/* for_ms 0 is without end. ERR_DENIED for what bans.allow_list holds, ERR_LIMIT, ERR_MEMORY. */
MUST int banning_add(struct banning *banning, const struct cidr *network, uint64_t for_ms);
/* ERR_NOT_FOUND */
MUST int banning_remove(struct banning *banning, const struct cidr *network);

#endif
