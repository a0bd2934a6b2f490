/*
 * config_file.h - the configuration file: finding it, reading it. Private to config_*.c, and to
 * the fuzz target, which reads bytes that no administrator wrote.
 */
#ifndef CONFIG_CONFIG_FILE_H
#define CONFIG_CONFIG_FILE_H

#include "config/config.h"

/*
 * The first file in the order of the search, allocated: *path_out is NULL when there is none.
 * The working directory is the last that is searched. ERR_MEMORY.
 */
MUST int config_file_find(const struct config_request *request, const char *config_dir,
	char **path_out);
/* Reads the file into the settings. ERR_INVALID with lines in `mistakes`, ERR_MEMORY. */
MUST int config_file_read(struct config *config, const char *path, struct buf *mistakes);
/* The same for a text; `path` is only named in the mistakes. */
MUST int config_file_parse(struct config *config, const char *path, enum config_format format,
	struct view text, struct buf *mistakes);

/*
 * The line, from 1, on which a key stands in JSON text that is known to be valid; `name` as in the
 * table. 0 when it is not found.
 */
unsigned config_line_of(struct view json, const char *name);

#endif
