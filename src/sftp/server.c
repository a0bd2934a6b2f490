#include "sftp/server.h"

#include "sftp/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers of a call */

void
sftp_call_status(struct sftp_call *call, enum sftp_status status, const char *text)
{
	sftp_answer_status(call->answer, call->id, status, text);
}

void
sftp_call_errno(struct sftp_call *call, int error)
{
	sftp_answer_errno(call->answer, call->id, error);
}

void
sftp_call_attributes(struct sftp_call *call, const struct vfs_attributes *attributes)
{
	sftp_answer_begin(call->answer, SFTP_ATTRS, call->id);
	sftp_attributes_write(call->answer, attributes);
	sftp_answer_end(call->answer);
}

void
sftp_call_handle(struct sftp_call *call, const struct sftp_handle *handle)
{
	uint8_t bytes[SFTP_HANDLE_BYTES];

	sftp_handle_write(handle, bytes);
	sftp_answer_begin(call->answer, SFTP_HANDLE, call->id);
	sftp_answer_string(call->answer, bytes, sizeof(bytes));
	sftp_answer_end(call->answer);
}

void
sftp_call_name(struct sftp_call *call, struct view name)
{
	sftp_answer_begin(call->answer, SFTP_NAME, call->id);
	sftp_answer_u32(call->answer, 1);
	sftp_answer_string(call->answer, name.p, name.n);
	sftp_answer_string(call->answer, name.p, name.n);
	sftp_answer_u32(call->answer, 0);
	sftp_answer_end(call->answer);
}

/* ---- reports */

void
sftp_log(struct sftp_server *server, enum log_level level, const char *text)
{
	if (server->events.log != NULL)
		server->events.log(server->events.ctx, level, text);
}

void
sftp_report(struct sftp_server *server, const struct sftp_operation_report *report)
{
	if (server->events.operation_done != NULL)
		server->events.operation_done(server->events.ctx, report);
}

void
sftp_report_set(struct sftp_server *server, const struct vpath *path,
	const struct vfs_attributes *set)
{
	static const struct {
		unsigned bit;
		enum sftp_operation operation;
	} kinds[] = {
		{ VFS_ATTRIBUTE_SIZE, SFTP_OPERATION_TRUNCATE },
		{ VFS_ATTRIBUTE_OWNER, SFTP_OPERATION_CHOWN },
		{ VFS_ATTRIBUTE_MODE, SFTP_OPERATION_CHMOD },
		{ VFS_ATTRIBUTE_TIMES, SFTP_OPERATION_CHTIMES },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (set->valid & kinds[i].bit)
			sftp_report(server, &(struct sftp_operation_report){
			    .operation = kinds[i].operation, .path = path, .set = set });
	}
}

/* The parts of a transfer that are not kept up to date while it runs. */
static struct sftp_transfer
transfer_now(const struct sftp_handle *handle)
{
	struct sftp_transfer transfer = handle->transfer;

	transfer.path = vfs_file_path(handle->file);
	transfer.file_size = transfer.upload ? vfs_file_size(handle->file)
					     : vfs_file_size_before(handle->file);
	return transfer;
}

int
sftp_handle_close(struct sftp_server *server, struct sftp_handle *handle, bool cut)
{
	struct sftp_transfer transfer;
	struct vpath path;
	int error;

	if (handle->kind == SFTP_HANDLE_DIRECTORY) {
		vfs_close_directory(&handle->directory);
		sftp_handle_release(&server->handles, handle);
		return 0;
	}
	transfer = transfer_now(handle);
	path.length = transfer.path->length;
	memcpy(path.text, transfer.path->text, (size_t)path.length + 1);
	transfer.path = &path;
	if (cut)
		vfs_file_fail(handle->file, ECANCELED);
	error = vfs_close(&handle->file);
	transfer.failed = transfer.failed || cut || error != 0;
	sftp_handle_release(&server->handles, handle);
	if (server->events.transfer_done != NULL)
		server->events.transfer_done(server->events.ctx, &transfer);
	return error;
}

/* ---- life */

/* Refuses the rows that a list names, or all that it does not name. */
static int
refuse(struct sftp_server *server, const char *names, bool named)
{
	struct view list, name;
	bool found[SFTP_ROWS_MAX] = { false };

	if (names == NULL)
		return 0;
	list = view_of(names);
	while (view_next_name(&list, &name)) {
		const struct sftp_row *row = sftp_row_of_name(name);

		if (row == NULL)
			return ERR_INVALID;
		found[row - sftp_rows] = true;
	}
	for (size_t i = 0; i < sftp_row_count; i++) {
		if (found[i] == named)
			server->refused[i] = true;
	}
	return 0;
}

static int
path_setting(const char *text, struct vpath *out)
{
	return vpath_parse(out, view_of(text != NULL ? text : "/")) == 0 ? 0 : ERR_INVALID;
}

int
sftp_server_new(struct sftp_server **out, struct vfs *vfs, const struct sftp_settings *settings,
	const struct sftp_output *output, const struct sftp_events *events)
{
	struct sftp_server *server = calloc(1, sizeof(*server));
	int result;

	*out = NULL;
	if (server == NULL)
		return ERR_MEMORY;
	server->vfs = vfs;
	server->output = *output;
	server->events = *events;
	server->ignore_setstat = settings->ignore_setstat;
	server->read_only = settings->read_only;
	server->upload = settings->upload;
	server->download = settings->download;
	server->partial = buf_init(4 + SFTP_REQUEST_MAX);
	server->text = buf_init(VPATH_MAX + 1 + SFTP_REQUEST_MAX);
	if ((result = path_setting(settings->home, &server->home)) != 0 ||
	    (result = path_setting(settings->start, &server->start)) != 0 ||
	    (result = refuse(server, settings->allowed_requests, false)) != 0 ||
	    (result = refuse(server, settings->denied_requests, true)) != 0) {
		sftp_server_free(&server);
		return result;
	}
	*out = server;
	return 0;
}

void
sftp_server_free(struct sftp_server **server)
{
	struct sftp_server *s = *server;

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->handles.count; i++) {
		struct sftp_handle *handle = s->handles.places[i];

		if (handle->kind != SFTP_HANDLE_NONE)
			(void)sftp_handle_close(s, handle, true);
	}
	sftp_handles_free(&s->handles);
	vfs_move_free(&s->move);
	buf_free(&s->partial);
	buf_free(&s->text);
	free(s);
	*server = NULL;
}

void
sftp_server_transfers(struct sftp_server *server,
	void (*each)(void *ctx, const struct sftp_transfer *transfer), void *ctx)
{
	for (uint32_t i = 0; i < server->handles.count; i++) {
		if (server->handles.places[i]->kind == SFTP_HANDLE_FILE) {
			struct sftp_transfer transfer = transfer_now(server->handles.places[i]);

			each(ctx, &transfer);
		}
	}
}

bool
sftp_server_is_busy(const struct sftp_server *server)
{
	return server->state != SFTP_INPUT_MESSAGE || server->partial.n > 0;
}

bool
sftp_server_wants_turn(const struct sftp_server *server)
{
	return server->broken == 0 &&
	    (server->state == SFTP_INPUT_COPY || server->state == SFTP_INPUT_MOVE);
}

bool
sftp_server_is_held(const struct sftp_server *server)
{
	return server->held;
}

bool
sftp_server_has_handles(const struct sftp_server *server)
{
	return server->handles.open > 0;
}
