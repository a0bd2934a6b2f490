/*
 * From the client's bytes to requests, and from requests to their handlers.
 *
 * A request that lies in the input in one piece is used where it is; one that comes in pieces is
 * put together first. The data of a WRITE is never put together: each piece goes to the file as
 * it comes. A request is carried out only when there is room for its answer.
 */
#include "sftp/table.h"

#include <errno.h>
#include <string.h>

/* Ends the session for good. */
static int
end_session(struct sftp_server *server, int err, const char *why)
{
	sftp_log(server, LOG_LEVEL_WARN, why);
	server->broken = err;
	return err;
}

/* ---- allowances */

/* How many of so many bytes may go now; 0: the server waits. */
static size_t
allow(struct sftp_server *server, struct sftp_allowance *allowance, size_t bytes)
{
	if (allowance == NULL || !allowance->limited)
		return bytes;
	if (allowance->left <= 0) {
		allowance->held = server->held = true;
		return 0;
	}
	return (uint64_t)allowance->left < bytes ? (size_t)allowance->left : bytes;
}

/* ---- requests */

static int
answer_status(struct sftp_server *server, uint32_t id, enum sftp_status status, const char *text)
{
	struct sftp_answer answer;
	int result = sftp_answer_reserve(&answer, &server->output, SFTP_STATUS_ROOM);

	if (result == 0)
		sftp_answer_status(&answer, id, status, text);
	return result;
}

/* The version, and every extension that this client may use. */
static int
handle_init(struct sftp_server *server, struct view message)
{
	enum { ROOM = 2048 };
	struct rd r = rd_of(message);
	struct sftp_answer answer;
	int result;

	if (rd_u8(&r) != SFTP_INIT)
		return end_session(server, ERR_PROTOCOL, "a request before INIT");
	if ((result = sftp_answer_reserve(&answer, &server->output, ROOM)) != 0)
		return result;
	/* The version stands where other answers have the id. */
	sftp_answer_begin(&answer, SFTP_VERSION_REPLY, SFTP_VERSION);
	for (size_t i = 0; i < sftp_row_count; i++) {
		const struct sftp_row *row = &sftp_rows[i];

		if (row->extension == NULL || server->refused[i])
			continue;
		sftp_answer_string(&answer, row->extension, strlen(row->extension));
		sftp_answer_string(&answer, row->version, strlen(row->version));
	}
	sftp_answer_end(&answer);
	server->initialised = true;
	return 0;
}

/* What is answered with OK and not done may be asked in a read-only tree as well. */
static bool
is_ignored(const struct sftp_server *server, const struct sftp_row *row)
{
	return server->ignore_setstat && (row->act == sftp_op_setstat ||
	    row->act == sftp_op_fsetstat || row->act == sftp_op_lsetstat);
}

static bool
is_refused(const struct sftp_server *server, const struct sftp_row *row)
{
	return server->refused[row - sftp_rows] ||
	    (server->read_only && row->writes && !is_ignored(server, row));
}

/* Fills in what the handler works with; false when the request was answered with its fault. */
static bool
validate(struct sftp_call *call, const struct sftp_row *row)
{
	struct sftp_server *server = call->server;
	const struct sftp_request *request = call->request;
	int error = 0;

	switch (row->shape) {
	case SFTP_SHAPE_TWO_PATHS:
		error = sftp_path_parse(server, request->second_path, &server->second_path);
		if (error != 0)
			break;
		/* fall through */
	case SFTP_SHAPE_OPEN:
	case SFTP_SHAPE_PATH:
	case SFTP_SHAPE_PATH_ATTRIBUTES:
	case SFTP_SHAPE_TEXT_PATH:
		error = sftp_path_parse(server, request->path, &server->path);
		call->path = &server->path;
		call->second_path = &server->second_path;
		break;
	case SFTP_SHAPE_COPY:
		call->to_handle =
		    sftp_handle_find(&server->handles, request->to_handle, row->kind);
		if (call->to_handle == NULL)
			goto bad_handle;
		/* fall through */
	case SFTP_SHAPE_HANDLE:
	case SFTP_SHAPE_READ:
	case SFTP_SHAPE_HANDLE_ATTRIBUTES:
		call->handle = sftp_handle_find(&server->handles, request->handle, row->kind);
		if (call->handle == NULL)
			goto bad_handle;
		break;
	case SFTP_SHAPE_EMPTY:
	case SFTP_SHAPE_TEXT:
	case SFTP_SHAPE_IDS:
		break;
	}
	if (error != 0)
		sftp_call_errno(call, error);
	return error == 0;

bad_handle:
	sftp_call_status(call, SFTP_FAILURE, "invalid handle");
	return false;
}

/* A whole message, its length field not counted. ERR_AGAIN leaves everything as it was. */
static int
handle_message(struct sftp_server *server, struct view message)
{
	struct rd r = rd_of(message);
	uint8_t type = rd_u8(&r);
	uint32_t id = rd_u32(&r);
	const struct sftp_row *row;
	struct sftp_request request;
	struct sftp_answer answer;
	struct sftp_call call = { .server = server, .id = id, .request = &request,
		.answer = &answer };
	int result;

	if (type == SFTP_INIT)
		return end_session(server, ERR_PROTOCOL, "a second INIT");
	if (type == SFTP_EXTENDED)
		row = sftp_row_of_extension(rd_str(&r, SFTP_REQUEST_MAX));
	else
		row = sftp_row_of_type(type);
	if (r.bad != 0)
		return answer_status(server, id, SFTP_BAD_MESSAGE, "Bad message");
	if (row == NULL)
		return answer_status(server, id, SFTP_OP_UNSUPPORTED, "Operation unsupported");
	if (is_refused(server, row))
		return answer_status(server, id, SFTP_PERMISSION_DENIED, "Permission denied");
	if (sftp_request_parse(row->shape, &r, &request) != 0)
		return answer_status(server, id, SFTP_BAD_MESSAGE, "Bad message");
	if (row->shape == SFTP_SHAPE_READ && allow(server, server->download, 1) == 0)
		return ERR_AGAIN;
	result = sftp_answer_reserve(&answer, &server->output, sftp_row_room(row, &request));
	if (result == 0 && validate(&call, row))
		row->act(&call);
	return result;
}

/* ---- WRITE */

static void
begin_write(struct sftp_server *server, const struct sftp_write_header *header, uint32_t left,
	bool well_formed)
{
	const struct sftp_row *row = sftp_row_of_type(SFTP_WRITE);
	struct sftp_write *write = &server->write;
	struct sftp_handle *handle = NULL;

	*write = (struct sftp_write){ .id = header->id, .offset = header->offset,
		.data = header->length, .left = left, .status = SFTP_FAILURE };
	if (!well_formed) {
		write->status = SFTP_BAD_MESSAGE;
		write->text = "Bad message";
	} else if (is_refused(server, row)) {
		write->error = EACCES;
	} else if ((handle = sftp_handle_find(&server->handles, header->handle, row->kind)) ==
	    NULL) {
		write->text = "invalid handle";
	} else if (!handle->writable) {
		write->text = "not open for writing";
	} else if (header->offset > (uint64_t)INT64_MAX - header->length) {
		write->error = EFBIG;
		handle->transfer.failed = true;
		vfs_file_fail(handle->file, EFBIG);
	} else {
		write->status = SFTP_OK;
		write->handle = handle;
	}
	server->state = left > 0 ? SFTP_INPUT_DATA : SFTP_INPUT_ANSWER;
}

static int
write_data(struct sftp_server *server, struct view *in)
{
	struct sftp_write *write = &server->write;
	size_t n = in->n < write->left ? in->n : write->left, done = 0;
	size_t data = n < write->data ? n : write->data, allowed;

	if (write->handle != NULL && data > 0) {
		if ((allowed = allow(server, server->upload, data)) == 0)
			return ERR_AGAIN;
		if (allowed < data)
			n = data = allowed;
		struct iovec iov = { .iov_base = (void *)(uintptr_t)in->p, .iov_len = data };

		write->error = vfs_write(write->handle->file, &iov, 1, write->offset, &done);
		write->offset += done;
		write->handle->transfer.bytes += done;
		sftp_allowance_use(server->upload, done);
		if (write->error != 0) {
			write->handle->transfer.failed = true;
			write->handle = NULL;
		}
	}
	in->p += n;
	in->n -= n;
	write->data -= (uint32_t)data;
	write->left -= (uint32_t)n;
	if (write->left == 0)
		server->state = SFTP_INPUT_ANSWER;
	return 0;
}

static int
answer_write(struct sftp_server *server)
{
	struct sftp_write *write = &server->write;
	struct sftp_answer answer;
	int result = sftp_answer_reserve(&answer, &server->output, SFTP_STATUS_ROOM);

	if (result != 0)
		return result;
	if (write->text != NULL)
		sftp_answer_status(&answer, write->id, write->status, write->text);
	else
		sftp_answer_errno(&answer, write->id, write->error);
	server->state = SFTP_INPUT_MESSAGE;
	return 0;
}

/* ---- messages */

/* Length and type say whether a message can be at all, as soon as they are there. */
static int
check_length(struct sftp_server *server, struct view have)
{
	uint32_t length, longest;

	if (have.n < 4)
		return 0;
	/* Type and id, or the version. */
	if ((length = get_u32(have.p)) < 1 + 4)
		return end_session(server, ERR_PROTOCOL, "a message without an id");
	if (have.n == 4)
		return 0;
	longest = SFTP_REQUEST_MAX;
	if (have.p[4] == SFTP_WRITE)
		longest = SFTP_MESSAGE_MAX + SFTP_MESSAGE_SLACK;
	if (length > longest)
		return end_session(server, ERR_LIMIT, "a message that is too long");
	return 0;
}

/*
 * How many bytes have to be there before anything can be done, judged by those that are: all of a
 * message, but of a WRITE only what stands before its data. header_out is filled in for a WRITE
 * that got so far.
 */
static size_t
bytes_wanted(const struct sftp_server *server, struct view have,
	struct sftp_write_header *header_out, int *form_out)
{
	enum { FIXED = 1 + 4 + 4 }; /* type, id, length of the handle */
	uint32_t length;
	struct view head;

	if (have.n < 4 + 1)
		return 4 + 1;
	length = get_u32(have.p);
	if (have.p[4] != SFTP_WRITE || !server->initialised)
		return 4 + (size_t)length;
	head = (struct view){ have.p + 4, have.n - 4 };
	if (head.n > SFTP_WRITE_HEADER_MAX)
		head.n = SFTP_WRITE_HEADER_MAX;
	if (head.n > length)
		head.n = length;
	*form_out = sftp_write_header_parse(head, length, header_out);
	if (*form_out == 0)
		return 4 + header_out->header;
	if (*form_out != ERR_SHORT)
		return 4 + 1 + 4;
	if (header_out->header > 0)
		return 4 + header_out->header;
	return 4 + (size_t)(length < FIXED ? length : FIXED);
}

/* Moves bytes to the message that comes in pieces, until it has `wanted`. */
static int
collect(struct sftp_server *server, struct view *in, size_t wanted)
{
	size_t n = wanted - server->partial.n;

	if (n > in->n)
		n = in->n;
	buf_raw(&server->partial, in->p, n);
	in->p += n;
	in->n -= n;
	if (buf_error(&server->partial) != 0)
		return end_session(server, ERR_MEMORY, "no memory for a request");
	return 0;
}

/* One message, or the head of a WRITE. *more_out is false when the input is used up. */
static int
take_message(struct sftp_server *server, struct view *in, bool *more_out)
{
	struct sftp_write_header header;
	struct view have;
	size_t wanted;
	int form = 0, result;

	*more_out = true;
	for (;;) {
		have = server->partial.n > 0 ? buf_view(&server->partial) : *in;
		if ((result = check_length(server, have)) != 0)
			return result;
		wanted = bytes_wanted(server, have, &header, &form);
		if (have.n >= wanted)
			break;
		if (in->n == 0) {
			*more_out = false;
			return 0;
		}
		if ((result = collect(server, in, wanted)) != 0)
			return result;
	}
	if (have.p[4] == SFTP_WRITE && server->initialised) {
		/* Of a malformed one, more may have been collected than is wanted. */
		size_t taken = server->partial.n > 0 ? server->partial.n : wanted;
		uint32_t left = (uint32_t)(get_u32(have.p) - (taken - 4));

		begin_write(server, &header, left, form == 0);
		result = 0;
	} else {
		have = (struct view){ have.p + 4, wanted - 4 };
		result = server->initialised ? handle_message(server, have)
		                             : handle_init(server, have);
	}
	if (result != 0)
		return result;
	if (server->partial.n > 0) {
		buf_clear(&server->partial);
	} else {
		in->p += wanted;
		in->n -= wanted;
	}
	return 0;
}

int
sftp_server_input(struct sftp_server *server, const uint8_t *bytes, size_t n,
	size_t *consumed_out)
{
	struct view in = { bytes, n };
	bool more = true, had_turn = false;
	int result = server->broken;

	server->held = false;
	while (result == 0 && more) {
		switch (server->state) {
		case SFTP_INPUT_MESSAGE:
			result = take_message(server, &in, &more);
			break;
		case SFTP_INPUT_DATA:
			if (in.n > 0)
				result = write_data(server, &in);
			else
				more = false;
			break;
		case SFTP_INPUT_COPY:
		case SFTP_INPUT_MOVE:
			if (had_turn)
				result = ERR_AGAIN;
			else if (server->state == SFTP_INPUT_COPY)
				sftp_copy_step(server);
			else
				sftp_move_step(server);
			had_turn = true;
			break;
		case SFTP_INPUT_ANSWER:
			result = answer_write(server);
			break;
		}
	}
	if (result != 0 && result != ERR_AGAIN)
		server->broken = result;
	*consumed_out = n - in.n;
	return result;
}
