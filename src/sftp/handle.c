#include "sftp/handle.h"

#include <stdlib.h>

/* A place more at the end of the table. */
static struct sftp_handle *
append(struct sftp_handles *handles)
{
	struct sftp_handle *handle;

	if (handles->count == SFTP_HANDLES_MAX)
		return NULL;
	if (handles->count == handles->room) {
		uint32_t room = handles->room == 0 ? 8 : handles->room * 2;
		struct sftp_handle **places =
		    reallocarray(handles->places, room, sizeof(struct sftp_handle *));

		if (places == NULL)
			return NULL;
		handles->places = places;
		handles->room = room;
	}
	if ((handle = calloc(1, sizeof(*handle))) == NULL)
		return NULL;
	handle->place = handles->count;
	handle->generation = handles->first_generation;
	handles->places[handles->count++] = handle;
	return handle;
}

struct sftp_handle *
sftp_handle_take(struct sftp_handles *handles)
{
	struct sftp_handle *handle = handles->first_free;

	if (handle != NULL)
		handles->first_free = handle->next_free;
	else if ((handle = append(handles)) == NULL)
		return NULL;
	*handle = (struct sftp_handle){
		.place = handle->place,
		.generation = handle->generation + 1,
	};
	handles->open++;
	return handle;
}

void
sftp_handle_release(struct sftp_handles *handles, struct sftp_handle *handle)
{
	handle->kind = SFTP_HANDLE_NONE;
	handle->next_free = handles->first_free;
	handles->first_free = handle;
	handles->open--;
}

void
sftp_handle_write(const struct sftp_handle *handle, uint8_t out[static SFTP_HANDLE_BYTES])
{
	put_u32(out, handle->place);
	put_u32(out + 4, handle->generation);
}

struct sftp_handle *
sftp_handle_find(const struct sftp_handles *handles, struct view bytes,
	enum sftp_handle_kind kind)
{
	struct rd r = rd_of(bytes);
	uint32_t place = rd_u32(&r), generation = rd_u32(&r);
	struct sftp_handle *handle;

	if (rd_end(&r) != 0 || place >= handles->count)
		return NULL;
	handle = handles->places[place];
	if (handle->generation != generation || (handle->kind & kind) == 0)
		return NULL;
	return handle;
}

void
sftp_handles_free(struct sftp_handles *handles)
{
	for (uint32_t i = 0; i < handles->count; i++)
		free(handles->places[i]);
	free(handles->places);
	*handles = (struct sftp_handles){ 0 };
}
