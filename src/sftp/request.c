#include "sftp/request.h"

int
sftp_request_parse(enum sftp_shape shape, struct rd *r, struct sftp_request *out)
{
	*out = (struct sftp_request){ 0 };
	switch (shape) {
	case SFTP_SHAPE_EMPTY:
		break;
	case SFTP_SHAPE_OPEN:
		out->path = rd_str(r, SFTP_REQUEST_MAX);
		out->flags = rd_u32(r);
		sftp_attributes_parse(r, &out->attributes);
		break;
	case SFTP_SHAPE_HANDLE:
		out->handle = rd_str(r, SFTP_HANDLE_BYTES_MAX);
		break;
	case SFTP_SHAPE_READ:
		out->handle = rd_str(r, SFTP_HANDLE_BYTES_MAX);
		out->offset = rd_u64(r);
		out->length = rd_u32(r);
		break;
	case SFTP_SHAPE_PATH:
		out->path = rd_str(r, SFTP_REQUEST_MAX);
		break;
	case SFTP_SHAPE_PATH_ATTRIBUTES:
		out->path = rd_str(r, SFTP_REQUEST_MAX);
		sftp_attributes_parse(r, &out->attributes);
		break;
	case SFTP_SHAPE_HANDLE_ATTRIBUTES:
		out->handle = rd_str(r, SFTP_HANDLE_BYTES_MAX);
		sftp_attributes_parse(r, &out->attributes);
		break;
	case SFTP_SHAPE_TWO_PATHS:
		out->path = rd_str(r, SFTP_REQUEST_MAX);
		out->second_path = rd_str(r, SFTP_REQUEST_MAX);
		break;
	case SFTP_SHAPE_TEXT:
		out->text = rd_str(r, SFTP_REQUEST_MAX);
		break;
	case SFTP_SHAPE_TEXT_PATH:
		out->text = rd_str(r, SFTP_REQUEST_MAX);
		out->path = rd_str(r, SFTP_REQUEST_MAX);
		break;
	case SFTP_SHAPE_COPY:
		out->handle = rd_str(r, SFTP_HANDLE_BYTES_MAX);
		out->offset = rd_u64(r);
		out->length = rd_u64(r);
		out->to_handle = rd_str(r, SFTP_HANDLE_BYTES_MAX);
		out->to_offset = rd_u64(r);
		break;
	case SFTP_SHAPE_IDS:
		out->users = rd_str(r, SFTP_REQUEST_MAX);
		out->groups = rd_str(r, SFTP_REQUEST_MAX);
		if (out->users.n % 4 != 0 || out->groups.n % 4 != 0)
			rd_fail(r, ERR_FORMAT);
		break;
	}
	return rd_end(r);
}

int
sftp_write_header_parse(struct view bytes, uint32_t message, struct sftp_write_header *out)
{
	struct rd r = rd_of(bytes);
	uint32_t handle;

	*out = (struct sftp_write_header){ 0 };
	rd_u8(&r);
	out->id = rd_u32(&r);
	if (r.bad != 0)
		return ERR_SHORT;
	/* The smallest WRITE has an empty handle and no data. */
	if (message < 1 + 4 + 4 + 8 + 4)
		return ERR_FORMAT;
	handle = rd_u32(&r);
	if (r.bad != 0)
		return ERR_SHORT;
	if (handle > SFTP_HANDLE_BYTES_MAX)
		return ERR_FORMAT;
	out->header = 1 + 4 + 4 + handle + 8 + 4;
	if (message < out->header)
		return ERR_FORMAT;
	out->handle = rd_raw(&r, handle);
	out->offset = rd_u64(&r);
	out->length = rd_u32(&r);
	if (r.bad != 0)
		return ERR_SHORT;
	/* rclone sends more behind the data; as with other servers it means nothing */
	return out->length <= message - out->header ? 0 : ERR_FORMAT;
}
