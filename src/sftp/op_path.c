/* Requests on paths. */
#include "sftp/table.h"

#include <errno.h>

static void
stat_path(struct sftp_call *call, bool follow)
{
	struct vfs_attributes attributes;
	int error = vfs_stat(call->server->vfs, call->path, follow, &attributes);

	if (error != 0)
		sftp_call_errno(call, error);
	else
		sftp_call_attributes(call, &attributes);
}

/* A name with a slash behind it means the directory that a link leads to. */
void
sftp_op_lstat(struct sftp_call *call)
{
	stat_path(call, vpath_wants_directory(call->request->path));
}

void
sftp_op_stat(struct sftp_call *call)
{
	stat_path(call, true);
}

static void
set_path(struct sftp_call *call, bool follow)
{
	struct sftp_server *server = call->server;
	const struct vfs_attributes *set = &call->request->attributes;
	int error = 0;

	if (!server->ignore_setstat) {
		error = vfs_set_attributes(server->vfs, call->path, follow, set);
		if (error == 0)
			sftp_report_set(server, call->path, set);
	}
	sftp_call_errno(call, error);
}

void
sftp_op_setstat(struct sftp_call *call)
{
	set_path(call, true);
}

void
sftp_op_lsetstat(struct sftp_call *call)
{
	set_path(call, false);
}

void
sftp_op_remove(struct sftp_call *call)
{
	struct sftp_server *server = call->server;
	struct vfs_attributes was;
	int error = vfs_remove(server->vfs, call->path, &was);

	if (error == 0)
		sftp_report(server, &(struct sftp_operation_report){
		    .operation = SFTP_OPERATION_REMOVE, .path = call->path, .was = &was });
	sftp_call_errno(call, error);
}

void
sftp_op_mkdir(struct sftp_call *call)
{
	int error = vfs_make_directory(call->server->vfs, call->path);

	if (error == 0)
		sftp_report(call->server, &(struct sftp_operation_report){
		    .operation = SFTP_OPERATION_MKDIR, .path = call->path });
	sftp_call_errno(call, error);
}

void
sftp_op_rmdir(struct sftp_call *call)
{
	int error = vfs_remove_directory(call->server->vfs, call->path);

	if (error == 0)
		sftp_report(call->server, &(struct sftp_operation_report){
		    .operation = SFTP_OPERATION_RMDIR, .path = call->path });
	sftp_call_errno(call, error);
}

void
sftp_op_realpath(struct sftp_call *call)
{
	sftp_call_name(call, (struct view){ (const uint8_t *)call->path->text,
	    call->path->length });
}

static void
report_rename(struct sftp_server *server)
{
	sftp_report(server, &(struct sftp_operation_report){
	    .operation = SFTP_OPERATION_RENAME, .path = &server->path,
	    .target = &server->second_path });
}

/*
 * RENAME and posix-rename are one: an existing target is replaced. A move to another folder only
 * begins here, and is answered by sftp_move_step().
 */
void
sftp_op_rename(struct sftp_call *call)
{
	struct sftp_server *server = call->server;
	int error = vfs_rename_or_move(server->vfs, call->path, call->second_path, true,
	    &server->move);

	if (server->move != NULL) {
		server->write = (struct sftp_write){ .id = call->id };
		server->state = SFTP_INPUT_MOVE;
		sftp_answer_cancel(call->answer);
		return;
	}
	if (error == 0)
		report_rename(server);
	sftp_call_errno(call, error);
}

void
sftp_move_step(struct sftp_server *server)
{
	bool done;
	int error = vfs_move_step(server->move, SFTP_STEP_BYTES, &done);

	if (error == 0 && !done)
		return;
	vfs_move_free(&server->move);
	if (error == 0)
		report_rename(server);
	server->write.error = error;
	server->state = SFTP_INPUT_ANSWER;
}

void
sftp_op_readlink(struct sftp_call *call)
{
	struct buf target = buf_init(VPATH_MAX);
	int error = vfs_read_link(call->server->vfs, call->path, &target);

	if (error == 0 && buf_error(&target) != 0)
		error = ENAMETOOLONG;
	if (error != 0)
		sftp_call_errno(call, error);
	else
		sftp_call_name(call, buf_view(&target));
	buf_free(&target);
}

void
sftp_op_symlink(struct sftp_call *call)
{
	struct sftp_server *server = call->server;
	struct view target = call->request->text;
	struct vpath *leads_to = &server->second_path;
	int error = sftp_path_target(server, call->path, target, leads_to);

	/* A link to the root as such is refused; ".." that happens to lead there is not. */
	if (error == 0 && target.n > 0 && target.p[0] == '/' && vpath_is_root(leads_to))
		error = EACCES;
	if (error == 0)
		error = vfs_symlink(server->vfs, target, call->path);
	if (error == 0)
		sftp_report(server, &(struct sftp_operation_report){
		    .operation = SFTP_OPERATION_SYMLINK, .path = leads_to,
		    .target = call->path });
	sftp_call_errno(call, error);
}

void
sftp_op_hardlink(struct sftp_call *call)
{
	int error = vfs_hard_link(call->server->vfs, call->path, call->second_path);

	if (error == 0)
		sftp_report(call->server, &(struct sftp_operation_report){
		    .operation = SFTP_OPERATION_LINK, .path = call->path,
		    .target = call->second_path });
	sftp_call_errno(call, error);
}
