#include "log/log.h"

#include "base/clock.h"
#include "base/fd.h"
#include "log/log_file.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A line with two paths of 4 KiB in which every byte is escaped, and room to spare. */
enum { LINE_MAX_BYTES = 64 * 1024, MESSAGE_MAX = 4096, HELD_BYTES = 64 * 1024 };

struct log {
	pthread_mutex_t lock;
	enum log_destination destination;
	struct log_file *file; /* for LOG_TO_FILE */
	bool verbose;
	int64_t (*wall_ms)(void);
	struct local_time time; /* of the last line */
	struct buf lines; /* those that are not written yet, and the one that is being built */
	size_t begin;     /* of that one */
	uint64_t waiting; /* lines in `lines`, and the lost ones that they tell of */
	uint64_t lost;    /* lines that none tells of yet */
	unsigned holds;
};

int
log_open(struct log **out, const struct log_settings *settings)
{
	struct log *log = calloc(1, sizeof(*log));
	int err = 0;

	*out = NULL;
	if (log == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&log->lock, NULL);
	log->lines = buf_init(LINE_MAX_BYTES);
	log->destination = settings->destination;
	log->verbose = settings->verbose;
	log->wall_ms = settings->wall_ms != NULL ? settings->wall_ms : clock_wall_ms;
	if (log->destination == LOG_TO_FILE)
		err = log_file_open(&log->file, settings);
	if (err == 0)
		*out = log;
	else
		log_free(&log);
	return err;
}

void
log_free(struct log **log)
{
	if (*log == NULL)
		return;
	log_file_free(&(*log)->file);
	buf_free(&(*log)->lines);
	pthread_mutex_destroy(&(*log)->lock);
	free(*log);
	*log = NULL;
}

/* ---- writing */

static int
write_bytes(struct log *log, struct view bytes)
{
	switch (log->destination) {
	case LOG_TO_STDOUT:
		return fd_write_all(STDOUT_FILENO, bytes.p, bytes.n);
	case LOG_TO_FILE:
		return log_file_write(log->file, bytes);
	case LOG_TO_NOTHING:
		break;
	}
	return 0;
}

static void
write_lines(struct log *log)
{
	if (log->waiting > 0 && write_bytes(log, buf_view(&log->lines)) != 0)
		log->lost += log->waiting;
	log->waiting = 0;
	buf_clear(&log->lines);
}

void
log_hold(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	log->holds++;
	pthread_mutex_unlock(&log->lock);
}

void
log_release(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	if (log->holds == 0)
		bug("the log is released and was not held");
	if (--log->holds == 0)
		write_lines(log);
	pthread_mutex_unlock(&log->lock);
}

static void
begin_line(struct log *log, enum log_level level, const char *sender)
{
	log->begin = log->lines.n;
	log->lines.max = log->begin + LINE_MAX_BYTES;
	log_line_begin(&log->lines, level, log->wall_ms(), &log->time, sender);
}

/* `worth`: how many lines are missing when this one is. */
static void
end_line(struct log *log, uint64_t worth)
{
	log_line_end(&log->lines);
	if (buf_error(&log->lines) == 0) {
		log->waiting += worth;
	} else {
		buf_cut(&log->lines, log->begin);
		log->lost += worth;
	}
}

static void
tell_lost(struct log *log)
{
	char message[80];
	uint64_t lost = log->lost;

	snprintf(message, sizeof(message), "%" PRIu64 " lines could not be written before this one",
	    lost);
	log->lost = 0;
	begin_line(log, LOG_LEVEL_WARN, "service");
	log_line_cstr(&log->lines, "connection_id", "");
	log_line_cstr(&log->lines, "message", message);
	end_line(log, lost);
}

/* Locks the log until finish(): a line is built where it waits to be written. */
static struct buf *
begin(struct log *log, enum log_level level, const char *sender)
{
	pthread_mutex_lock(&log->lock);
	if (log->lost > 0)
		tell_lost(log);
	begin_line(log, level, sender);
	return &log->lines;
}

static void
finish(struct log *log)
{
	end_line(log, 1);
	if (log->holds == 0 || log->lines.n >= HELD_BYTES)
		write_lines(log);
	pthread_mutex_unlock(&log->lock);
}

static bool
is_wanted(const struct log *log, enum log_level level)
{
	return log->destination != LOG_TO_NOTHING && (log->verbose || level != LOG_LEVEL_DEBUG);
}

void
log_app_view(struct log *log, enum log_level level, const char *sender, const char *connection_id,
	struct view message)
{
	struct buf *line;

	if (!is_wanted(log, level))
		return;
	line = begin(log, level, sender);
	log_line_cstr(line, "connection_id", connection_id);
	log_line_text(line, "message", message);
	finish(log);
}

__attribute__((format(printf, 3, 0))) static struct view
format_message(char *message, size_t size, const char *format, va_list ap)
{
	int n = vsnprintf(message, size, format, ap);

	if (n < 0)
		n = 0;
	return (struct view){ .p = (const uint8_t *)message,
		.n = (size_t)n < size ? (size_t)n : size - 1 };
}

void
log_app(struct log *log, enum log_level level, const char *sender, const char *connection_id,
	const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	if (!is_wanted(log, level))
		return;
	va_start(ap, format);
	log_app_view(log, level, sender, connection_id,
	    format_message(message, sizeof(message), format, ap));
	va_end(ap);
}

/* ---- the console */

static void
write_console(struct log *log, enum log_level level, struct view message)
{
	static const char *const colours[] = { "\033[90m", "\033[32m", "\033[33m", "\033[31m" };
	static const char *const names[] = { "debug", "info ", "warn ", "error" };
	bool coloured = isatty(STDOUT_FILENO);
	time_t seconds = log->wall_ms() / 1000;
	struct buf line = buf_init(LINE_MAX_BYTES);
	char time_text[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(time_text, sizeof(time_text), "%H:%M:%S", &tm);
	buf_printf(&line, "%s %s%s%s ", time_text, coloured ? colours[level] : "", names[level],
	    coloured ? "\033[0m" : "");
	for (size_t i = 0; i < message.n; i++) {
		uint8_t c = message.p[i];

		/* A terminal obeys control characters. */
		buf_u8(&line, c < 0x20 || c == 0x7f ? '?' : c);
	}
	buf_text(&line, "\n");
	/* Nobody may be looking any more; that is no reason to stop. */
	if (buf_error(&line) == 0)
		(void)!fd_write_all(STDOUT_FILENO, line.p, line.n);
	buf_free(&line);
}

void
log_app_lines(struct log *log, enum log_level level, const char *sender, struct view lines)
{
	struct view line;

	while (view_next_line(&lines, &line))
		log_app_view(log, level, sender, "", line);
}

void
log_console(struct log *log, enum log_level level, const char *sender, const char *format, ...)
{
	char message[MESSAGE_MAX];
	struct view text;
	va_list ap;

	va_start(ap, format);
	text = format_message(message, sizeof(message), format, ap);
	va_end(ap);
	log_app_view(log, level, sender, "", text);
	if (log->destination != LOG_TO_STDOUT)
		write_console(log, level, text);
}

/* ---- the other kinds */

void
log_transfer(struct log *log, const struct log_transfer *transfer)
{
	struct buf *line;

	if (!is_wanted(log, LOG_LEVEL_INFO))
		return;
	line = begin(log, LOG_LEVEL_INFO, transfer->upload ? "Upload" : "Download");
	log_line_number(line, "elapsed_ms", (int64_t)transfer->elapsed_ms);
	log_line_number(line, "size_bytes", (int64_t)transfer->size_bytes);
	log_line_cstr(line, "username", transfer->username);
	log_line_text(line, "file_path", transfer->file_path);
	log_line_cstr(line, "connection_id", transfer->connection_id);
	log_line_cstr(line, "protocol", transfer->protocol);
	finish(log);
}

static void
add_time(struct buf *line, const char *key, int64_t seconds)
{
	struct local_time moment = { 0 };

	log_line_cstr(line, key, seconds != LOG_NO_TIME ? local_time_text(&moment, seconds) : "");
}

void
log_command(struct log *log, const struct log_command *command)
{
	struct buf *line;

	if (!is_wanted(log, LOG_LEVEL_INFO))
		return;
	line = begin(log, LOG_LEVEL_INFO, command->sender);
	log_line_cstr(line, "username", command->username);
	log_line_text(line, "file_path", command->file_path);
	log_line_text(line, "target_path", command->target_path);
	log_line_cstr(line, "filemode", command->filemode);
	log_line_number(line, "uid", command->uid);
	log_line_number(line, "gid", command->gid);
	add_time(line, "access_time", command->access_time);
	add_time(line, "modification_time", command->modification_time);
	log_line_text(line, "ssh_command", command->ssh_command);
	log_line_cstr(line, "connection_id", command->connection_id);
	log_line_cstr(line, "protocol", command->protocol);
	finish(log);
}

const char *
log_filemode(uint32_t mode, char *out)
{
	static const char letters[] = "rwxrwxrwx";
	char type = '-';

	if (S_ISDIR(mode))
		type = 'd';
	else if (S_ISLNK(mode))
		type = 'L';
	out[0] = type;
	for (unsigned i = 0; i < 9; i++)
		out[1 + i] = (mode & (0400u >> i)) ? letters[i] : '-';
	out[LOG_FILEMODE_SIZE - 1] = '\0';
	return out;
}

void
log_http(struct log *log, const struct log_http *request)
{
	struct buf *line;

	if (!is_wanted(log, LOG_LEVEL_INFO))
		return;
	line = begin(log, LOG_LEVEL_INFO, "httpd");
	log_line_text(line, "method", request->method);
	log_line_text(line, "proto", request->protocol);
	log_line_text(line, "remote_addr", request->remote_address);
	log_line_text(line, "request_id", request->request_id);
	log_line_text(line, "uri", request->uri);
	log_line_text(line, "user_agent", request->user_agent);
	log_line_number(line, "resp_status", request->status);
	log_line_number(line, "resp_size", (int64_t)request->size_bytes);
	log_line_number(line, "elapsed_ms", (int64_t)request->elapsed_ms);
	finish(log);
}

void
log_connection_failed(struct log *log, const char *client_ip, struct view username,
	const char *login_type, struct view error)
{
	struct buf *line;

	if (log->destination == LOG_TO_NOTHING)
		return;
	line = begin(log, LOG_LEVEL_DEBUG, "connection_failed");
	log_line_cstr(line, "client_ip", client_ip);
	log_line_text(line, "username", username);
	log_line_cstr(line, "login_type", login_type);
	log_line_text(line, "error", error);
	finish(log);
}
