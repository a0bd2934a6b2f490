#include "control/control_area.h"

#include <string.h>

static const char *const names[] = { "view_users", "change_users", "view_connections",
	"close_connections", "scans", "bans", "backups", "system", "metrics", "audit",
	"administrators" };

_Static_assert(sizeof(names) / sizeof(names[0]) == AREA_COUNT, "each area has a name");

const char *
control_area_name(size_t area)
{
	return area < AREA_COUNT ? names[area] : NULL;
}

json_t *
control_areas_to_json(uint32_t areas)
{
	json_t *list = json_array();

	if (areas == AREAS_ALL) {
		json_array_append_new(list, json_string("*"));
		return list;
	}
	for (size_t i = 0; i < AREA_COUNT; i++) {
		if (areas & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	}
	return list;
}

int
control_areas_from_json(const json_t *list, uint32_t *out)
{
	const json_t *item;
	size_t number;

	*out = 0;
	if (!json_is_array(list))
		return ERR_INVALID;
	json_array_foreach ((json_t *)list, number, item) {
		const char *name = json_is_string(item) ? json_string_value(item) : "";
		size_t area = 0;

		if (strcmp(name, "*") == 0) {
			*out = AREAS_ALL;
			continue;
		}
		while (area < AREA_COUNT && strcmp(names[area], name) != 0)
			area++;
		if (area == AREA_COUNT)
			return ERR_INVALID;
		*out |= 1u << area;
	}
	return 0;
}
