/*
 * table.h - every request that is served, in one table.
 */
#ifndef SFTP_TABLE_H
#define SFTP_TABLE_H

#include "sftp/server.h"

enum {
	SFTP_NAME_ROOM = 4 + 1 + 4 + 4 + 2 * (4 + VPATH_MAX) + SFTP_ATTRIBUTES_ROOM,
	SFTP_LISTING_ROOM = 32 * 1024,
	/* The row depends on the request. */
	SFTP_ROOM_OF_REQUEST = 0,
};

struct sftp_row {
	const char *name;
	uint8_t type;            /* SFTP_EXTENDED for an extension */
	const char *extension;   /* its name on the wire, and its version */
	const char *version;
	bool writes;             /* changes something, whatever its arguments are */
	enum sftp_shape shape;
	enum sftp_handle_kind kind; /* what its handle has to be */
	size_t room;             /* of its longest answer */
	void (*act)(struct sftp_call *call);
};

extern const struct sftp_row sftp_rows[];
extern const size_t sftp_row_count;

/* NULL when there is none. The index of a row is its place in sftp_rows. */
const struct sftp_row *sftp_row_of_type(uint8_t type);
const struct sftp_row *sftp_row_of_extension(struct view name);
const struct sftp_row *sftp_row_of_name(struct view name);
/* Room for the longest answer to this request. */
size_t sftp_row_room(const struct sftp_row *row, const struct sftp_request *request);

/* The handlers. WRITE has none: its data is never in one piece (server.c). */
void sftp_op_open(struct sftp_call *call);
void sftp_op_close(struct sftp_call *call);
void sftp_op_read(struct sftp_call *call);
void sftp_op_lstat(struct sftp_call *call);
void sftp_op_stat(struct sftp_call *call);
void sftp_op_fstat(struct sftp_call *call);
void sftp_op_setstat(struct sftp_call *call);
void sftp_op_lsetstat(struct sftp_call *call);
void sftp_op_fsetstat(struct sftp_call *call);
void sftp_op_opendir(struct sftp_call *call);
void sftp_op_readdir(struct sftp_call *call);
void sftp_op_remove(struct sftp_call *call);
void sftp_op_mkdir(struct sftp_call *call);
void sftp_op_rmdir(struct sftp_call *call);
void sftp_op_realpath(struct sftp_call *call);
void sftp_op_rename(struct sftp_call *call);
void sftp_op_readlink(struct sftp_call *call);
void sftp_op_symlink(struct sftp_call *call);
void sftp_op_hardlink(struct sftp_call *call);
void sftp_op_fsync(struct sftp_call *call);
void sftp_op_statvfs(struct sftp_call *call);
void sftp_op_fstatvfs(struct sftp_call *call);
void sftp_op_limits(struct sftp_call *call);
void sftp_op_expand_path(struct sftp_call *call);
void sftp_op_copy_data(struct sftp_call *call);
/* The next part of the running copy; its answer waits for room after the last one. */
void sftp_copy_step(struct sftp_server *server);
/* The same for a file that moves to another folder. */
void sftp_move_step(struct sftp_server *server);
/* What one step copies at most. */
enum { SFTP_STEP_BYTES = 8 * 1024 * 1024 };
void sftp_op_home_directory(struct sftp_call *call);
void sftp_op_users_groups(struct sftp_call *call);

#endif
