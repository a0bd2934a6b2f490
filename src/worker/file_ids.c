#include "worker/file_ids.h"

#include <stdint.h>
#include <stdlib.h>

enum { ROOM_MIN = 256 };

/* Where it is, or where it would be; at most three quarters are in use, so there is one. */
static struct file_id *
place_of(const struct file_ids *ids, struct file_id id)
{
	uint64_t hash = ((uint64_t)id.inode ^ (uint64_t)id.device << 32) * 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(hash >> 20) & (ids->room - 1);

	while (ids->places[at].inode != 0 &&
	       (ids->places[at].inode != id.inode || ids->places[at].device != id.device))
		at = (at + 1) & (ids->room - 1);
	return &ids->places[at];
}

static int
grow(struct file_ids *ids)
{
	struct file_ids larger = { .count = ids->count,
		.room = ids->room == 0 ? ROOM_MIN : 2 * ids->room };

	if ((larger.places = calloc(larger.room, sizeof(*larger.places))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < ids->room; i++) {
		if (ids->places[i].inode != 0)
			*place_of(&larger, ids->places[i]) = ids->places[i];
	}
	free(ids->places);
	*ids = larger;
	return 0;
}

int
file_ids_add(struct file_ids *ids, struct file_id id, bool *known_out)
{
	struct file_id *place;
	int err;

	if (ids->count >= ids->room / 4 * 3 && (err = grow(ids)) != 0)
		return err;
	place = place_of(ids, id);
	*known_out = place->inode != 0;
	if (!*known_out) {
		*place = id;
		ids->count++;
	}
	return 0;
}

void
file_ids_free(struct file_ids *ids)
{
	free(ids->places);
	*ids = (struct file_ids){ 0 };
}
