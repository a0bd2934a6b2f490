/*
 * bans_json.h - bans as JSON, for lists and for the file that they survive a restart in.
 *
 * [{"network":"192.0.2.1","until":1770292800000,"manual":false,"times":2}]: `until` is wall clock
 * in ms, 0 is without end. Private to master/.
 */
#ifndef MASTER_BANS_JSON_H
#define MASTER_BANS_JSON_H

#include "master/bans.h"

#include <jansson.h>

/* One moment on both clocks. */
struct moment {
	uint64_t mono_ms;
	int64_t wall_ms;
};

struct moment moment_now(void);

/* The bans that hold. NULL when memory is short. */
json_t *bans_to_json(struct bans *bans, struct moment now);
/*
 * Puts those in place that are not over. ERR_FORMAT at the first that is none, with those before it
 * in place; else what bans_put() says.
 */
MUST int bans_from_json(struct bans *bans, const json_t *list, struct moment now);

#endif
