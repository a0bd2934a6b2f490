/*
 * handle.h - the files and directories that a client has open.
 *
 * What a client holds is a place and a count of how often the place was given out; both are
 * checked, so that a forged, stale or closed handle is never more than "invalid handle".
 */
#ifndef SFTP_HANDLE_H
#define SFTP_HANDLE_H

#include "sftp/protocol.h"
#include "sftp/sftp.h"

enum sftp_handle_kind {
	SFTP_HANDLE_NONE = 0,
	SFTP_HANDLE_FILE = 1,
	SFTP_HANDLE_DIRECTORY = 2,
	SFTP_HANDLE_ANY = 3,
};

struct sftp_handle {
	enum sftp_handle_kind kind; /* NONE while the place is free */
	uint32_t place;
	uint32_t generation;
	struct sftp_handle *next_free;
	bool readable, writable;    /* of a file */
	struct vfs_file *file;
	struct vfs_directory *directory;
	struct sftp_transfer transfer; /* of a file; path and size are filled in for reports */
	int error; /* of a directory: what ended the listing */
};

struct sftp_handles {
	struct sftp_handle **places;
	uint32_t count; /* places, free or not */
	uint32_t room;  /* of the array */
	uint32_t open;
	uint32_t first_generation; /* what a new place begins with: above all that were ever given */
	struct sftp_handle *first_free;
};

/*
 * A free place, or NULL when SFTP_HANDLES_MAX are open or memory is short. The caller sets its
 * kind and what it holds, or gives it back with sftp_handle_release().
 */
struct sftp_handle *sftp_handle_take(struct sftp_handles *handles);
/* The place is free again; what it held was closed by the caller. */
void sftp_handle_release(struct sftp_handles *handles, struct sftp_handle *handle);
/* What goes to the client. */
void sftp_handle_write(const struct sftp_handle *handle,
	uint8_t out[static SFTP_HANDLE_BYTES]);
/* NULL when the bytes are no handle, or one of another kind. */
struct sftp_handle *sftp_handle_find(const struct sftp_handles *handles, struct view bytes,
	enum sftp_handle_kind kind);
/* Frees the table; every handle was closed before. */
void sftp_handles_free(struct sftp_handles *handles);

#endif
