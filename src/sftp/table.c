#include "sftp/table.h"

#define CORE(name, type, writes, shape, kind, room, act) \
	{ name, type, NULL, NULL, writes, shape, kind, room, act }
#define EXTENSION(name, wire, version, writes, shape, kind, room, act) \
	{ name, SFTP_EXTENDED, wire, version, writes, shape, kind, room, act }

#define SMALL SFTP_STATUS_ROOM
#define NONE SFTP_HANDLE_NONE
#define FILE_ SFTP_HANDLE_FILE
#define DIRECTORY SFTP_HANDLE_DIRECTORY
#define ANY SFTP_HANDLE_ANY

/* clang-format off */
const struct sftp_row sftp_rows[] = {
	/* OPEN looks at its flags to see whether it writes. */
	CORE("open", SFTP_OPEN, false, SFTP_SHAPE_OPEN, NONE, SMALL, sftp_op_open),
	CORE("close", SFTP_CLOSE, false, SFTP_SHAPE_HANDLE, ANY, SMALL, sftp_op_close),
	CORE("read", SFTP_READ, false, SFTP_SHAPE_READ, FILE_, SFTP_ROOM_OF_REQUEST, sftp_op_read),
	CORE("write", SFTP_WRITE, true, SFTP_SHAPE_EMPTY, FILE_, SMALL, NULL),
	CORE("lstat", SFTP_LSTAT, false, SFTP_SHAPE_PATH, NONE, SMALL, sftp_op_lstat),
	CORE("fstat", SFTP_FSTAT, false, SFTP_SHAPE_HANDLE, ANY, SMALL, sftp_op_fstat),
	CORE("setstat", SFTP_SETSTAT, true, SFTP_SHAPE_PATH_ATTRIBUTES, NONE, SMALL,
		sftp_op_setstat),
	CORE("fsetstat", SFTP_FSETSTAT, true, SFTP_SHAPE_HANDLE_ATTRIBUTES, ANY, SMALL,
		sftp_op_fsetstat),
	CORE("opendir", SFTP_OPENDIR, false, SFTP_SHAPE_PATH, NONE, SMALL, sftp_op_opendir),
	CORE("readdir", SFTP_READDIR, false, SFTP_SHAPE_HANDLE, DIRECTORY, SFTP_LISTING_ROOM,
		sftp_op_readdir),
	CORE("remove", SFTP_REMOVE, true, SFTP_SHAPE_PATH, NONE, SMALL, sftp_op_remove),
	CORE("mkdir", SFTP_MKDIR, true, SFTP_SHAPE_PATH_ATTRIBUTES, NONE, SMALL, sftp_op_mkdir),
	CORE("rmdir", SFTP_RMDIR, true, SFTP_SHAPE_PATH, NONE, SMALL, sftp_op_rmdir),
	CORE("realpath", SFTP_REALPATH, false, SFTP_SHAPE_PATH, NONE, SFTP_NAME_ROOM,
		sftp_op_realpath),
	CORE("stat", SFTP_STAT, false, SFTP_SHAPE_PATH, NONE, SMALL, sftp_op_stat),
	CORE("rename", SFTP_RENAME, true, SFTP_SHAPE_TWO_PATHS, NONE, SMALL, sftp_op_rename),
	CORE("readlink", SFTP_READLINK, false, SFTP_SHAPE_PATH, NONE, SFTP_NAME_ROOM,
		sftp_op_readlink),
	/* The draft has the link first; every client sends what OpenSSH reads: the target first. */
	CORE("symlink", SFTP_SYMLINK, true, SFTP_SHAPE_TEXT_PATH, NONE, SMALL, sftp_op_symlink),
	EXTENSION("posix-rename", "posix-rename@openssh.com", "1", true, SFTP_SHAPE_TWO_PATHS,
		NONE, SMALL, sftp_op_rename),
	EXTENSION("statvfs", "statvfs@openssh.com", "2", false, SFTP_SHAPE_PATH, NONE, SMALL,
		sftp_op_statvfs),
	EXTENSION("fstatvfs", "fstatvfs@openssh.com", "2", false, SFTP_SHAPE_HANDLE, ANY, SMALL,
		sftp_op_fstatvfs),
	EXTENSION("hardlink", "hardlink@openssh.com", "1", true, SFTP_SHAPE_TWO_PATHS, NONE,
		SMALL, sftp_op_hardlink),
	EXTENSION("fsync", "fsync@openssh.com", "1", true, SFTP_SHAPE_HANDLE, FILE_, SMALL,
		sftp_op_fsync),
	EXTENSION("lsetstat", "lsetstat@openssh.com", "1", true, SFTP_SHAPE_PATH_ATTRIBUTES, NONE,
		SMALL, sftp_op_lsetstat),
	EXTENSION("limits", "limits@openssh.com", "1", false, SFTP_SHAPE_EMPTY, NONE, SMALL,
		sftp_op_limits),
	EXTENSION("expand-path", "expand-path@openssh.com", "1", false, SFTP_SHAPE_TEXT, NONE,
		SFTP_NAME_ROOM, sftp_op_expand_path),
	EXTENSION("copy-data", "copy-data", "1", true, SFTP_SHAPE_COPY, FILE_, SMALL,
		sftp_op_copy_data),
	EXTENSION("home-directory", "home-directory", "1", false, SFTP_SHAPE_TEXT, NONE,
		SFTP_NAME_ROOM, sftp_op_home_directory),
	EXTENSION("users-groups-by-id", "users-groups-by-id@openssh.com", "1", false,
		SFTP_SHAPE_IDS, NONE, SFTP_ROOM_OF_REQUEST, sftp_op_users_groups),
};
/* clang-format on */

const size_t sftp_row_count = sizeof(sftp_rows) / sizeof(sftp_rows[0]);
_Static_assert(sizeof(sftp_rows) / sizeof(sftp_rows[0]) <= SFTP_ROWS_MAX, "room for every row");

/* The core requests stand in the order of their numbers. */
const struct sftp_row *
sftp_row_of_type(uint8_t type)
{
	if (type < SFTP_OPEN || type > SFTP_SYMLINK)
		return NULL;
	return &sftp_rows[type - SFTP_OPEN];
}

const struct sftp_row *
sftp_row_of_extension(struct view name)
{
	for (size_t i = 0; i < sftp_row_count; i++) {
		if (sftp_rows[i].extension != NULL && view_is(name, sftp_rows[i].extension))
			return &sftp_rows[i];
	}
	return NULL;
}

const struct sftp_row *
sftp_row_of_name(struct view name)
{
	for (size_t i = 0; i < sftp_row_count; i++) {
		if (view_is(name, sftp_rows[i].name))
			return &sftp_rows[i];
	}
	return NULL;
}

size_t
sftp_row_room(const struct sftp_row *row, const struct sftp_request *request)
{
	size_t room = row->room;

	if (row->shape == SFTP_SHAPE_READ)
		room = 4 + 1 + 4 + 4 +
		    (request->length > SFTP_DATA_MAX ? SFTP_DATA_MAX : (size_t)request->length);
	else if (row->shape == SFTP_SHAPE_IDS)
		room = 4 + 1 + 4 + 2 * 4 + request->users.n + request->groups.n;
	return room < SFTP_STATUS_ROOM ? SFTP_STATUS_ROOM : room;
}
