/*
 * log_file.h - the file of a log: appending, rotating, compressing, forgetting. Private to log*.c.
 *
 * Not for two threads at once: log.c holds the lock. Compression runs on a thread of its own that
 * touches only the rotated file.
 */
#ifndef LOG_LOG_FILE_H
#define LOG_LOG_FILE_H

#include "base/rd.h"
#include "log/log.h"

struct log_file;

/* ERR_IO with errno, ERR_MEMORY. Copies what it needs of the settings. */
MUST int log_file_open(struct log_file **out, const struct log_settings *settings);
void log_file_free(struct log_file **file);
/* Appends one line, rotating before it where it would pass the size. 0 or ERR_IO with errno. */
MUST int log_file_write(struct log_file *file, struct view line);

#endif
