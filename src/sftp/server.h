/*
 * server.h - what the files of this folder share of one server: its state, the call that a
 * request becomes, and the handlers' helpers. Never included from outside.
 */
#ifndef SFTP_SERVER_H
#define SFTP_SERVER_H

#include "sftp/answer.h"
#include "sftp/handle.h"
#include "sftp/request.h"

enum { SFTP_ROWS_MAX = 40 };

enum sftp_input_state {
	SFTP_INPUT_MESSAGE, /* collecting a request, or the header of a WRITE */
	SFTP_INPUT_DATA,    /* the data of a WRITE goes to the file */
	SFTP_INPUT_COPY,    /* a copy is under way, and nothing is read */
	SFTP_INPUT_MOVE,    /* a file moves to another folder, and nothing is read */
	SFTP_INPUT_ANSWER,  /* the status of a WRITE, a copy or a move waits for room */
};

/* The WRITE that is running. */
struct sftp_write {
	uint32_t id;
	struct sftp_handle *handle; /* NULL when the data is only skipped */
	uint64_t offset;
	uint32_t data; /* bytes still to be written */
	uint32_t left; /* bytes of the message still to come: the data, and what is only skipped */
	enum sftp_status status;
	int error;                  /* an errno value, or 0 and status decides */
	const char *text;
};

/* The copy that is running: what is left of it. */
struct sftp_copy {
	uint32_t id;
	struct sftp_handle *from, *to;
	uint64_t from_offset, to_offset, left;
};

struct sftp_server {
	struct vfs *vfs;
	struct sftp_output output;
	struct sftp_events events;
	bool ignore_setstat, read_only;
	struct sftp_allowance *upload, *download; /* NULL: no limit */
	bool held; /* one of them was used up */
	bool refused[SFTP_ROWS_MAX]; /* rows of the table */
	struct vpath home, start;

	struct sftp_handles handles;
	uint64_t transfers; /* how many there were */

	bool initialised;
	int broken;         /* why the session is over */
	enum sftp_input_state state;
	struct buf partial; /* a message that came in pieces */
	struct sftp_write write;
	struct sftp_copy copy;
	struct vfs_move *move; /* that is running, between the paths of the request at hand */

	struct vpath path, second_path; /* of the request at hand */
	struct buf text;                /* a path under construction */
	struct vfs_entry entry;         /* of a listing */
};

/* A request that was parsed and checked: what a handler gets. */
struct sftp_call {
	struct sftp_server *server;
	uint32_t id;
	const struct sftp_request *request;
	const struct vpath *path, *second_path;
	struct sftp_handle *handle, *to_handle;
	struct sftp_answer *answer;
};

/* Answers of a call. Every handler gives exactly one. */
void sftp_call_status(struct sftp_call *call, enum sftp_status status, const char *text);
void sftp_call_errno(struct sftp_call *call, int error);
void sftp_call_attributes(struct sftp_call *call, const struct vfs_attributes *attributes);
void sftp_call_handle(struct sftp_call *call, const struct sftp_handle *handle);
/* A NAME with one name and no attributes. */
void sftp_call_name(struct sftp_call *call, struct view name);

/* A client's path in its only spelling, relative ones from the start directory; an errno value. */
MUST int sftp_path_parse(struct sftp_server *server, struct view bytes, struct vpath *out);
/* The same, with `~` for the home directory in front. */
MUST int sftp_path_expand(struct sftp_server *server, struct view bytes, struct vpath *out);

/* Where a symbolic link leads, as a path of the client. */
MUST int sftp_path_target(struct sftp_server *server, const struct vpath *link,
	struct view target, struct vpath *out);

void sftp_log(struct sftp_server *server, enum log_level level, const char *text);
void sftp_report(struct sftp_server *server, const struct sftp_operation_report *report);
/* One report for each thing that was set. */
void sftp_report_set(struct sftp_server *server, const struct vpath *path,
	const struct vfs_attributes *set);
/* So many bytes of content went; NULL is no limit. */
static inline void
sftp_allowance_use(struct sftp_allowance *allowance, size_t bytes)
{
	if (allowance == NULL || !allowance->limited)
		return;
	allowance->left -= (int64_t)bytes;
	allowance->moved += bytes;
}

/* Closes what the handle holds, reports the transfer, frees the place; an errno value. */
int sftp_handle_close(struct sftp_server *server, struct sftp_handle *handle, bool cut);

#endif
