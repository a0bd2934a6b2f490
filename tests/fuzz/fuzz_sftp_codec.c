/*
 * The parsers of SFTP requests. First byte: the shape, or the head of a WRITE; the rest is what
 * follows the request id, or the message. What is accepted lies inside the input and adds up.
 */
#include "sftp/attributes.h"
#include "sftp/request.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_view(struct view v, const uint8_t *data, size_t size)
{
	if (v.n > 0 && (v.p < data || v.n > (size_t)(data + size - v.p)))
		bug("a field outside of the message");
}

static void
run_write(const uint8_t *data, size_t size)
{
	struct sftp_write_header header;
	uint32_t message;
	int result;

	if (size < 4)
		return;
	message = get_u32(data);
	data += 4;
	size -= 4;
	result = sftp_write_header_parse((struct view){ data, size }, message, &header);
	check_view(header.handle, data, size);
	if (result == 0 && (header.header > size || header.header > SFTP_WRITE_HEADER_MAX ||
	    header.header + (size_t)header.length > message))
		bug("a WRITE that does not add up");
	if (result == ERR_SHORT && size >= SFTP_WRITE_HEADER_MAX)
		bug("a WRITE that never gets its head");
}

static void
run_shape(enum sftp_shape shape, const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct sftp_request request;
	struct vfs_entry entry = { .name = "name" };
	uint8_t line[SFTP_LONG_NAME_MAX];

	if (sftp_request_parse(shape, &r, &request) != 0)
		return;
	check_view(request.path, data, size);
	check_view(request.second_path, data, size);
	check_view(request.text, data, size);
	check_view(request.handle, data, size);
	check_view(request.to_handle, data, size);
	check_view(request.users, data, size);
	check_view(request.groups, data, size);
	if (request.path.n + request.second_path.n + request.text.n + request.handle.n +
	    request.to_handle.n + request.users.n + request.groups.n > size)
		bug("fields that overlap");
	if (request.attributes.valid > 15)
		bug("attributes of another version");
	entry.attributes = request.attributes;
	if (sftp_long_name(&entry, 1600000000, line) > sizeof(line))
		bug("a long name that is too long");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { SHAPES = SFTP_SHAPE_IDS + 1 };

	if (size == 0)
		return 0;
	if (data[0] % (SHAPES + 1) == SHAPES)
		run_write(data + 1, size - 1);
	else
		run_shape((enum sftp_shape)(data[0] % (SHAPES + 1)), data + 1, size - 1);
	return 0;
}
