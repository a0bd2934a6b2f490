/*
 * request.h - the codec of requests: bytes in, fields out, nothing checked but the form.
 *
 * All requests are a few shapes; a row of the table (table.h) says which shape its request has.
 * Views point into the message and live as long as it does.
 */
#ifndef SFTP_REQUEST_H
#define SFTP_REQUEST_H

#include "sftp/attributes.h"
#include "sftp/protocol.h"

enum sftp_shape {
	SFTP_SHAPE_EMPTY,
	SFTP_SHAPE_OPEN,              /* path, flags, attributes */
	SFTP_SHAPE_HANDLE,
	SFTP_SHAPE_READ,              /* handle, offset, length */
	SFTP_SHAPE_PATH,
	SFTP_SHAPE_PATH_ATTRIBUTES,
	SFTP_SHAPE_HANDLE_ATTRIBUTES,
	SFTP_SHAPE_TWO_PATHS,
	SFTP_SHAPE_TEXT,              /* a string that is not simply a path */
	SFTP_SHAPE_TEXT_PATH,
	SFTP_SHAPE_COPY,              /* handle, offset, length, to_handle, to_offset */
	SFTP_SHAPE_IDS,               /* two strings full of numbers */
};

struct sftp_request {
	struct view path, second_path, text;
	struct view handle, to_handle;
	uint64_t offset, length, to_offset;
	uint32_t flags;
	struct view users, groups;
	struct vfs_attributes attributes;
};

/* What follows the request id, or the extension's name, to the end of the message. */
MUST int sftp_request_parse(enum sftp_shape shape, struct rd *r, struct sftp_request *out);

struct sftp_write_header {
	uint32_t id;
	struct view handle;
	uint64_t offset;
	uint32_t length;    /* of the data */
	size_t header;      /* bytes before the data, the message's length field not counted */
};

/*
 * The start of a WRITE, from its type byte on, as far as it has come; `message` is the length
 * that the message gives itself. ERR_SHORT when more is needed, which is never above
 * SFTP_WRITE_HEADER_MAX bytes; ERR_FORMAT, with the id in place, when the lengths contradict each
 * other or the handle is longer than any may be; bytes behind the data are allowed.
 */
MUST int sftp_write_header_parse(struct view bytes, uint32_t message,
	struct sftp_write_header *out);

enum { SFTP_WRITE_HEADER_MAX = 1 + 4 + 4 + SFTP_HANDLE_BYTES_MAX + 8 + 4 };

#endif
