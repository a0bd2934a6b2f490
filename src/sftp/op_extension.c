/* Extensions that tell something about the server or the file system. */
#include "sftp/table.h"

#include <string.h>

/* PROTOCOL of OpenSSH, section 4.4: the two flags have numbers of their own. */
static void
answer_statvfs(struct sftp_call *call, int error, const struct statvfs *v)
{
	enum { READ_ONLY = 1, NO_SETUID = 2 };
	struct sftp_answer *answer = call->answer;
	uint64_t flags = 0;

	if (error != 0) {
		sftp_call_errno(call, error);
		return;
	}
	if (v->f_flag & ST_RDONLY)
		flags |= READ_ONLY;
	if (v->f_flag & ST_NOSUID)
		flags |= NO_SETUID;
	sftp_answer_begin(answer, SFTP_EXTENDED_REPLY, call->id);
	sftp_answer_u64(answer, v->f_bsize);
	sftp_answer_u64(answer, v->f_frsize);
	sftp_answer_u64(answer, v->f_blocks);
	sftp_answer_u64(answer, v->f_bfree);
	sftp_answer_u64(answer, v->f_bavail);
	sftp_answer_u64(answer, v->f_files);
	sftp_answer_u64(answer, v->f_ffree);
	sftp_answer_u64(answer, v->f_favail);
	sftp_answer_u64(answer, v->f_fsid);
	sftp_answer_u64(answer, flags);
	sftp_answer_u64(answer, v->f_namemax);
	sftp_answer_end(answer);
}

void
sftp_op_statvfs(struct sftp_call *call)
{
	struct statvfs v;
	int error = vfs_statvfs(call->server->vfs, call->path, &v);

	answer_statvfs(call, error, &v);
}

void
sftp_op_fstatvfs(struct sftp_call *call)
{
	struct statvfs v;
	int error;

	if (call->handle->kind == SFTP_HANDLE_FILE)
		error = vfs_file_statvfs(call->handle->file, &v);
	else
		error = vfs_statvfs(call->server->vfs,
		    vfs_directory_path(call->handle->directory), &v);
	answer_statvfs(call, error, &v);
}

void
sftp_op_limits(struct sftp_call *call)
{
	struct sftp_answer *answer = call->answer;

	sftp_answer_begin(answer, SFTP_EXTENDED_REPLY, call->id);
	sftp_answer_u64(answer, SFTP_MESSAGE_MAX);
	sftp_answer_u64(answer, SFTP_DATA_MAX);
	sftp_answer_u64(answer, SFTP_DATA_MAX);
	sftp_answer_u64(answer, SFTP_HANDLES_MAX);
	sftp_answer_end(answer);
}

void
sftp_op_expand_path(struct sftp_call *call)
{
	struct vpath *path = &call->server->path;
	int error = sftp_path_expand(call->server, call->request->text, path);

	if (error != 0)
		sftp_call_errno(call, error);
	else
		sftp_call_name(call, (struct view){ (const uint8_t *)path->text, path->length });
}

/* There is one account here: whichever name the client gives, it means its own. */
void
sftp_op_home_directory(struct sftp_call *call)
{
	const struct vpath *home = &call->server->home;

	sftp_call_name(call, (struct view){ (const uint8_t *)home->text, home->length });
}

/* The ids belong to no account that has a name: an empty string for each, "not known". */
void
sftp_op_users_groups(struct sftp_call *call)
{
	const struct view ids[2] = { call->request->users, call->request->groups };
	struct sftp_answer *answer = call->answer;

	sftp_answer_begin(answer, SFTP_EXTENDED_REPLY, call->id);
	for (int i = 0; i < 2; i++) {
		sftp_answer_u32(answer, (uint32_t)ids[i].n);
		for (size_t n = ids[i].n / 4; n > 0; n--)
			sftp_answer_string(answer, "", 0);
	}
	sftp_answer_end(answer);
}
