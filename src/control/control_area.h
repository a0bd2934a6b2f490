/*
 * control_area.h - what an administrator may do: areas, of which each control request has one.
 *
 * The names are those of stored administrators and keys, of the command line and of the API.
 */
#ifndef CONTROL_CONTROL_AREA_H
#define CONTROL_CONTROL_AREA_H

#include "base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum control_area {
	AREA_VIEW_USERS,
	AREA_CHANGE_USERS,
	AREA_VIEW_CONNECTIONS,
	AREA_CLOSE_CONNECTIONS,
	AREA_SCANS,
	AREA_BANS,
	AREA_BACKUPS,
	AREA_SYSTEM,  /* status, services, settings, the data provider */
	AREA_METRICS,
	AREA_AUDIT,
	AREA_ADMINISTRATORS,
	AREA_COUNT,
	AREA_ANY = AREA_COUNT, /* of a request that everybody who is known may make */
};

/* A set of areas has the bit 1 << area of each. */
#define AREAS_ALL ((1u << AREA_COUNT) - 1)

/* "view_users", ...; NULL past the end. */
const char *control_area_name(size_t area);
/* A set as a list of names, or as ["*"] when it is all of them. NULL when memory is short. */
json_t *control_areas_to_json(uint32_t areas);
/* ERR_INVALID when the value is not a list of names; an empty list is the empty set. */
MUST int control_areas_from_json(const json_t *list, uint32_t *out);

#endif
