/* OPENDIR and READDIR: a directory is told in pieces, as the file system gives it. */
#include "sftp/table.h"

#include "base/clock.h"

#include <string.h>

enum { ENTRY_ROOM = 4 + VPATH_NAME_MAX + 4 + SFTP_LONG_NAME_MAX + SFTP_ATTRIBUTES_ROOM };

void
sftp_op_opendir(struct sftp_call *call)
{
	struct sftp_handles *handles = &call->server->handles;
	struct sftp_handle *handle;
	int error;

	if ((handle = sftp_handle_take(handles)) == NULL) {
		sftp_call_status(call, SFTP_FAILURE, "too many open files");
		return;
	}
	if ((error = vfs_open_directory(call->server->vfs, call->path, &handle->directory)) != 0) {
		sftp_handle_release(handles, handle);
		sftp_call_errno(call, error);
		return;
	}
	handle->kind = SFTP_HANDLE_DIRECTORY;
	sftp_call_handle(call, handle);
}

static void
write_entry(struct sftp_answer *answer, const struct vfs_entry *entry, int64_t now_s)
{
	uint8_t line[SFTP_LONG_NAME_MAX];

	sftp_answer_string(answer, entry->name, strnlen(entry->name, VPATH_NAME_MAX));
	sftp_answer_string(answer, line, sftp_long_name(entry, now_s, line));
	sftp_attributes_write(answer, &entry->attributes);
}

void
sftp_op_readdir(struct sftp_call *call)
{
	enum { COUNT_AT = 4 + 1 + 4 };
	struct sftp_answer *answer = call->answer;
	struct sftp_handle *handle = call->handle;
	struct vfs_entry *entry = &call->server->entry;
	int64_t now_s = clock_wall_ms() / 1000;
	uint32_t count = 0;
	bool end = false;

	/* Nothing is written before there is an entry: the answer may still become a status. */
	while (handle->error == 0 && sftp_answer_room_left(answer) >= COUNT_AT + 4 + ENTRY_ROOM) {
		handle->error = vfs_read_directory(handle->directory, entry, &end);
		if (handle->error != 0 || end)
			break;
		if (count++ == 0) {
			sftp_answer_begin(answer, SFTP_NAME, call->id);
			sftp_answer_u32(answer, 0);
		}
		write_entry(answer, entry, now_s);
	}
	if (count > 0) {
		sftp_answer_patch(answer, COUNT_AT, count);
		sftp_answer_end(answer);
	} else if (handle->error != 0) {
		sftp_call_errno(call, handle->error);
	} else {
		sftp_call_status(call, SFTP_EOF, "End of directory");
	}
}
