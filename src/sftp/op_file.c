/* Requests on open files: OPEN, CLOSE, READ, FSTAT, FSETSTAT, fsync, fstatvfs, copy-data. */
#include "sftp/table.h"

#include "base/clock.h"

#include <errno.h>

/*
 * 0 when the flags ask for nothing. A missing file that is opened for writing is created whether
 * CREAT is there or not, and APPEND or CREAT without READ and WRITE starts the file over: clients
 * of the servers that we replace rely on it.
 */
static unsigned
open_flags(uint32_t wire)
{
	const uint32_t changing =
	    SFTP_OPEN_WRITE | SFTP_OPEN_APPEND | SFTP_OPEN_CREAT | SFTP_OPEN_TRUNC;
	unsigned flags = 0;

	if (wire & SFTP_OPEN_READ)
		flags |= VFS_READ;
	if ((wire & changing) == 0)
		return flags;
	flags |= VFS_WRITE | VFS_CREATE;
	if (wire & SFTP_OPEN_EXCL)
		flags |= VFS_EXCLUSIVE;
	if ((wire & SFTP_OPEN_TRUNC) || (wire & (SFTP_OPEN_READ | SFTP_OPEN_WRITE)) == 0)
		flags |= VFS_TRUNCATE;
	else if (wire & SFTP_OPEN_APPEND)
		flags |= VFS_APPEND;
	return flags;
}

void
sftp_op_open(struct sftp_call *call)
{
	struct sftp_server *server = call->server;
	unsigned flags = open_flags(call->request->flags);
	struct sftp_handle *handle;
	int error;

	if (flags == 0) {
		sftp_call_status(call, SFTP_FAILURE, "bad file flags");
		return;
	}
	if ((flags & VFS_WRITE) && server->read_only) {
		sftp_call_errno(call, EACCES);
		return;
	}
	if ((handle = sftp_handle_take(&server->handles)) == NULL) {
		sftp_call_status(call, SFTP_FAILURE, "too many open files");
		return;
	}
	if ((error = vfs_open(server->vfs, call->path, flags, &handle->file)) != 0) {
		sftp_handle_release(&server->handles, handle);
		if (error == EISDIR && (flags & VFS_WRITE))
			sftp_call_status(call, SFTP_OP_UNSUPPORTED, "Is a directory");
		else
			sftp_call_errno(call, error);
		return;
	}
	handle->kind = SFTP_HANDLE_FILE;
	handle->readable = flags & VFS_READ;
	handle->writable = flags & VFS_WRITE;
	handle->transfer = (struct sftp_transfer){
		.id = ++server->transfers,
		.upload = handle->writable,
		.started_ms = clock_mono_ms(),
	};
	sftp_call_handle(call, handle);
}

void
sftp_op_close(struct sftp_call *call)
{
	sftp_call_errno(call, sftp_handle_close(call->server, call->handle, false));
}

void
sftp_op_read(struct sftp_call *call)
{
	enum { HEADER = 4 + 1 + 4 + 4 };
	struct sftp_answer *answer = call->answer;
	struct sftp_handle *handle = call->handle;
	uint64_t offset = call->request->offset, length = call->request->length;
	struct iovec iov[SFTP_OUTPUT_PIECES];
	size_t done = 0;
	int error = 0;

	if (!handle->readable) {
		sftp_call_status(call, SFTP_FAILURE, "not open for reading");
		return;
	}
	if (length > SFTP_DATA_MAX)
		length = SFTP_DATA_MAX;
	/* Nothing lies beyond the largest offset that a file can have. */
	if (offset > INT64_MAX - length)
		length = offset > INT64_MAX ? 0 : INT64_MAX - offset;
	if (length > 0) {
		int count = sftp_answer_pieces(answer, HEADER, (size_t)length, iov);

		error = vfs_read(handle->file, iov, count, offset, &done);
	}
	if (error != 0) {
		handle->transfer.failed = true;
		sftp_call_errno(call, error);
	} else if (done == 0 && call->request->length > 0) {
		sftp_call_status(call, SFTP_EOF, "End of file");
	} else {
		sftp_answer_begin(answer, SFTP_DATA, call->id);
		sftp_answer_u32(answer, (uint32_t)done);
		sftp_answer_skip(answer, done);
		sftp_answer_end(answer);
		handle->transfer.bytes += done;
		sftp_allowance_use(call->server->download, done);
	}
}

void
sftp_op_fstat(struct sftp_call *call)
{
	struct vfs_attributes attributes;
	int error;

	if (call->handle->kind == SFTP_HANDLE_FILE)
		error = vfs_file_stat(call->handle->file, &attributes);
	else
		error = vfs_directory_stat(call->handle->directory, &attributes);
	if (error != 0)
		sftp_call_errno(call, error);
	else
		sftp_call_attributes(call, &attributes);
}

void
sftp_op_fsetstat(struct sftp_call *call)
{
	struct sftp_server *server = call->server;
	const struct vfs_attributes *set = &call->request->attributes;
	const struct vpath *path;
	int error;

	if (server->ignore_setstat) {
		sftp_call_errno(call, 0);
		return;
	}
	if (call->handle->kind == SFTP_HANDLE_FILE) {
		path = vfs_file_path(call->handle->file);
		error = vfs_file_set_attributes(call->handle->file, set);
	} else {
		path = vfs_directory_path(call->handle->directory);
		error = vfs_set_attributes(server->vfs, path, true, set);
	}
	if (error == 0)
		sftp_report_set(server, path, set);
	sftp_call_errno(call, error);
}

void
sftp_op_fsync(struct sftp_call *call)
{
	sftp_call_errno(call, vfs_file_sync(call->handle->file));
}

/* How much there is to copy: to the end as it is now, whatever is written meanwhile. */
static uint64_t
copy_length(const struct sftp_request *request, const struct vfs_file *from)
{
	uint64_t size = vfs_file_size(from);
	uint64_t rest = size > request->offset ? size - request->offset : 0;

	return request->length > 0 && request->length < rest ? request->length : rest;
}

/* Only begins: the copy is made, and answered, by sftp_copy_step(). */
void
sftp_op_copy_data(struct sftp_call *call)
{
	const struct sftp_request *request = call->request;
	struct sftp_server *server = call->server;
	struct sftp_handle *from = call->handle, *to = call->to_handle;

	if (!from->readable || !to->writable) {
		sftp_call_status(call, SFTP_FAILURE, "not open for that");
		return;
	}
	if (request->offset > INT64_MAX || request->length > INT64_MAX - request->offset) {
		sftp_call_errno(call, EINVAL);
		return;
	}
	server->copy = (struct sftp_copy){ .id = call->id, .from = from, .to = to,
		.from_offset = request->offset, .to_offset = request->to_offset,
		.left = copy_length(request, from->file) };
	server->state = SFTP_INPUT_COPY;
	sftp_answer_cancel(call->answer);
}

void
sftp_copy_step(struct sftp_server *server)
{
	struct sftp_copy *copy = &server->copy;
	uint64_t copied = 0, step = copy->left;
	int error;

	/* also of nothing: vfs/ says whether such a copy can be at all */
	if (step == 0 || step > SFTP_STEP_BYTES)
		step = SFTP_STEP_BYTES;
	error = vfs_file_copy(copy->from->file, copy->from_offset, step, copy->to->file,
	    copy->to_offset, &copied);
	copy->from->transfer.bytes += copied;
	copy->to->transfer.bytes += copied;
	copy->from_offset += copied;
	copy->to_offset += copied;
	copy->left -= copied < copy->left ? copied : copy->left;
	if (error == 0 && copied > 0 && copy->left > 0)
		return;
	if (error != 0)
		copy->to->transfer.failed = true;
	server->write = (struct sftp_write){ .id = copy->id, .error = error };
	server->state = SFTP_INPUT_ANSWER;
}
