/*
 * sftp.h - an SFTP version 3 server (draft-ietf-secsh-filexfer-02 and the OpenSSH extensions) over
 * any byte stream.
 *
 * It takes the client's bytes as they come, in pieces of any size, and writes answers straight
 * into the room that its output gives it, so that a file's bytes are copied once. It reaches files
 * through vfs/ only and knows no socket, no channel and no user. Called by the session worker, and
 * by `postern sftp-server` on standard input and output.
 */
#ifndef SFTP_SFTP_H
#define SFTP_SFTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log_line.h"
#include "vfs/vfs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Where answers go. */
struct sftp_output {
	void *ctx;
	/*
	 * Room for `bytes` more of the stream, all or nothing: fills at most *iov_count pieces and
	 * sets *iov_count. ERR_AGAIN when there is none now: the server stops taking input, and the
	 * owner calls sftp_server_input() again when there is room. The room is never larger than
	 * SFTP_OUTPUT_MAX. Valid until commit.
	 */
	int (*reserve)(void *ctx, size_t bytes, struct iovec *iov, int *iov_count);
	/* The first `bytes` of the room are the answer; the rest is given back. */
	void (*commit)(void *ctx, size_t bytes);
};

enum { SFTP_OUTPUT_MAX = 256 * 1024 + 1024, SFTP_OUTPUT_PIECES = 64 };

/* What a finished operation was, for logs and hooks. */
enum sftp_operation {
	SFTP_OPERATION_RENAME,
	SFTP_OPERATION_RMDIR,
	SFTP_OPERATION_MKDIR,
	SFTP_OPERATION_SYMLINK,
	SFTP_OPERATION_REMOVE,
	SFTP_OPERATION_CHMOD,
	SFTP_OPERATION_CHOWN,
	SFTP_OPERATION_CHTIMES,
	SFTP_OPERATION_LINK,
	SFTP_OPERATION_TRUNCATE,
};

struct sftp_operation_report {
	enum sftp_operation operation;
	const struct vpath *path;
	const struct vpath *target; /* NULL when there is none */
	const struct vfs_attributes *set; /* NULL when nothing was set */
	const struct vfs_attributes *was; /* what a removed file was; else NULL */
};

struct sftp_transfer {
	uint64_t id;         /* counts up from 1 */
	bool upload;
	bool failed;
	uint64_t started_ms; /* monotonic */
	uint64_t bytes;      /* so far */
	uint64_t file_size;  /* of an upload: at the end; of a download: at its beginning */
	const struct vpath *path;
};

/* What the owner hears; any of them may be NULL. */
struct sftp_events {
	void *ctx;
	void (*transfer_done)(void *ctx, const struct sftp_transfer *transfer);
	void (*operation_done)(void *ctx, const struct sftp_operation_report *report);
	void (*log)(void *ctx, enum log_level level, const char *text);
};

/*
 * How much of files' content may go one way now. Its owner fills it, for all servers that share it.
 * A server that finds nothing left stops before the content of a WRITE or the answer to a READ,
 * with ERR_AGAIN and `held` set, and goes on when sftp_server_input() is called. An answer that is
 * larger than what is left is given whole: `left` goes below zero then.
 */
struct sftp_allowance {
	bool limited; /* false: the rest means nothing */
	bool held;    /* somebody waits */
	int64_t left; /* bytes */
	uint64_t moved; /* counts up while there is a limit */
};

struct sftp_settings {
	bool ignore_setstat; /* answer OK to SETSTAT and FSETSTAT and do nothing */
	const char *home;    /* answer of the home-directory extension; NULL is "/" */
	const char *start;   /* where a relative path starts; NULL is "/" */
	bool read_only;      /* refuse every request that writes, before vfs/ is asked */
	/*
	 * Comma-separated names of requests ("open", "rename", "posix-rename", ...): only these are
	 * served, and none of those; NULL is all, and none. A name that is none is ERR_INVALID.
	 */
	const char *allowed_requests, *denied_requests;
	struct sftp_allowance *upload, *download; /* borrowed; NULL: no limit */
};

enum { SFTP_HANDLES_MAX = 1024 };

struct sftp_server;

/*
 * Borrows the vfs; copies the rest. Listings show local time: call tzset() while the time zone
 * file can still be read. ERR_INVALID for a bad setting, or ERR_MEMORY.
 */
MUST int sftp_server_new(struct sftp_server **out, struct vfs *vfs,
	const struct sftp_settings *settings, const struct sftp_output *output,
	const struct sftp_events *events);
/*
 * Takes input; *consumed_out says how many bytes were used up and need not come again. 0 when all
 * were; ERR_AGAIN when the output is full (call again later, also with n = 0, with what was left),
 * when an allowance is used up, or when sftp_server_wants_turn();
 * any other code ends the session: the client broke the protocol in a way that no answer mends.
 */
MUST int sftp_server_input(struct sftp_server *server, const uint8_t *bytes, size_t n,
	size_t *consumed_out);
/*
 * True while a large file is copied, or moves to another folder: sftp_server_input() does a part
 * of it each time that it is called, so that whatever else its owner has to do is done in between.
 */
bool sftp_server_wants_turn(const struct sftp_server *server);
/* Calls `each` for every running transfer. */
void sftp_server_transfers(struct sftp_server *server,
	void (*each)(void *ctx, const struct sftp_transfer *transfer), void *ctx);
/* True while a request has come only in part, or its answer waits for room. */
bool sftp_server_is_busy(const struct sftp_server *server);
/* True while something waits for an allowance that may be there again. */
bool sftp_server_is_held(const struct sftp_server *server);
/* True while a file or directory is open. */
bool sftp_server_has_handles(const struct sftp_server *server);
/*
 * True while the server can be written down: it is neither busy nor broken, and nothing is open.
 * Appends what another server needs to go on: a client's stale handle stays stale.
 */
bool sftp_server_can_export(const struct sftp_server *server);
void sftp_server_export(const struct sftp_server *server, struct buf *out);
/*
 * Takes it up, in a server that was just made; bytes are checked as if an enemy had written them.
 * 0 or the ERR_ code of the reader.
 */
MUST int sftp_server_import(struct sftp_server *server, struct rd *state);
/* Ends: open transfers are reported as failed. */
void sftp_server_free(struct sftp_server **server);

#endif
