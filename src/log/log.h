/*
 * log.h - the log: one JSON line an event, to a file that rotates or to standard output.
 *
 * The kinds of line, their keys and the order of the keys are fixed: log readers and the fail2ban
 * filter match on the text. Any thread of the master may write; workers cannot (they send IPC_LOG).
 * A line that cannot be written is counted and left out, and the server goes on; the next line
 * that can be written is preceded by one that tells how many are missing.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/err.h"
#include "base/log_line.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

enum log_destination {
	LOG_TO_STDOUT,
	LOG_TO_FILE,
	LOG_TO_NOTHING, /* console lines only */
};

struct log_settings {
	enum log_destination destination;
	const char *path;        /* for LOG_TO_FILE; missing directories are made (0744) */
	uint64_t max_size_bytes; /* a line that would pass it goes to a new file; 0: no limit */
	unsigned max_backups;    /* rotated files kept; 0: all */
	unsigned max_age_days;   /* rotated files older than this go; 0: none do */
	bool compress;           /* gzip rotated files, on a thread of their own */
	bool verbose;            /* write debug lines */
	int64_t (*wall_ms)(void); /* NULL is clock_wall_ms() */
};

struct log;

/*
 * Opens (and creates) the file. ERR_IO with errno when it cannot be opened for writing;
 * ERR_MEMORY. Copies the settings. Frees with log_free().
 */
MUST int log_open(struct log **out, const struct log_settings *settings);
/* Waits for a compression that is running. */
void log_free(struct log **log);

/*
 * Between the two, lines are kept in memory and leave in few writes: for many lines at once.
 * Lines of other threads wait as well. Calls nest.
 */
void log_hold(struct log *log);
void log_release(struct log *log);

/* A general line. connection_id may be "". */
void log_app(struct log *log, enum log_level level, const char *sender, const char *connection_id,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same for a text that a worker sent. */
void log_app_view(struct log *log, enum log_level level, const char *sender,
	const char *connection_id, struct view message);
/* One general line for each line of the text. */
void log_app_lines(struct log *log, enum log_level level, const char *sender, struct view lines);
/*
 * A general line that the person who starts the server should see too: also printed, short and
 * coloured on a terminal, on standard output, unless the log itself goes there.
 */
void log_console(struct log *log, enum log_level level, const char *sender, const char *format,
	...) __attribute__((format(printf, 4, 5)));

struct log_transfer {
	bool upload;
	uint64_t elapsed_ms;
	uint64_t size_bytes;
	const char *username;
	struct view file_path; /* on the host */
	const char *connection_id;
	const char *protocol; /* "SFTP", "SCP", "SSH" */
};

/* A transfer that went well. */
void log_transfer(struct log *log, const struct log_transfer *transfer);

/* Values that do not apply: uid and gid -1, times LOG_NO_TIME, texts "". */
#define LOG_NO_TIME INT64_MIN

struct log_command {
	const char *sender; /* "Rename", "Rmdir", "Mkdir", "Symlink", "Remove", "Chmod", ... */
	const char *username;
	struct view file_path;
	struct view target_path;
	const char *filemode; /* as log_filemode() writes it */
	int64_t uid, gid;
	int64_t access_time, modification_time; /* seconds since 1970 */
	struct view ssh_command;
	const char *connection_id;
	const char *protocol;
};

/* A change that went well. */
void log_command(struct log *log, const struct log_command *command);

/* "-rw-r-----" for st_mode bits; out holds LOG_FILEMODE_SIZE bytes. Returns out. */
enum { LOG_FILEMODE_SIZE = 11 };
const char *log_filemode(uint32_t mode, char *out);

struct log_http {
	struct view method, protocol, remote_address, request_id, uri, user_agent;
	uint32_t status;
	uint64_t size_bytes; /* of the answer's body */
	uint64_t elapsed_ms;
};

/* A request over HTTP, whatever became of it. */
void log_http(struct log *log, const struct log_http *request);

/*
 * A login that failed, or a connection that ended before one. login_type: "public_key",
 * "password", "keyboard-interactive" or "no_auth_tryed". Written whether verbose or not: the
 * fail2ban filter lives on it.
 */
void log_connection_failed(struct log *log, const char *client_ip, struct view username,
	const char *login_type, struct view error);

#endif
