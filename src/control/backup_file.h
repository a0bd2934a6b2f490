/*
 * backup_file.h - writes a dump of the accounts below the directory that the setting
 * httpd.backups_path names, and nowhere else. Blocks: for the thread pool. Private to control_*.c.
 */
#ifndef CONTROL_BACKUP_FILE_H
#define CONTROL_BACKUP_FILE_H

#include "accounts/accounts.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>

/* Relative, not empty, without ".." anywhere, and ends with a name. */
bool backup_name_is_good(const char *name);
/*
 * Writes `directory`/`name`, in place of what was there: 0600, whole or not at all. Directories
 * that are missing are made, 0700. `directory` may be a link, nothing below it is followed.
 * ERR_IO with a text, ERR_MEMORY.
 */
MUST int backup_file_write(const char *directory, const char *name, struct view content,
	struct failure *failure);

#endif
