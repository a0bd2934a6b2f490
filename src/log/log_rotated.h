/*
 * log_rotated.h - the rotated files of a log: their names, their compression, which ones go.
 * Private to log*.c; knows no lock and no open log.
 */
#ifndef LOG_LOG_ROTATED_H
#define LOG_LOG_ROTATED_H

#include "base/err.h"

#include <stdint.h>

/*
 * "/var/log/x.log" rotated at a moment: "/var/log/x-2020-02-05T10-11-12.345.log" (UTC). Caller
 * frees; NULL when memory is short.
 */
char *log_rotated_name(const char *path, int64_t wall_ms);
/* Replaces `path` by a gzip file `path`.gz of the same mode. After ERR_IO the original stays. */
MUST int log_rotated_compress(const char *path);
/*
 * Deletes the rotated files of `path` beyond the newest max_backups and those older than
 * max_age_days; 0 switches either off. The date is read from the name.
 */
void log_rotated_remove_old(const char *path, unsigned max_backups, unsigned max_age_days,
	int64_t now_ms);

#endif
