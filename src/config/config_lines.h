/*
 * config_lines.h - what the formats of one "name = value" a line share: the walk over the lines and
 * the end of each. Private to config_env.c and config_properties.c.
 */
#ifndef CONFIG_CONFIG_LINES_H
#define CONFIG_CONFIG_LINES_H

#include "config/config_source.h"
#include "config/config_text.h"

/*
 * Gives `read_line` the beginning of each line that is neither blank nor begins, behind `blanks`,
 * with one of the bytes of `comments`; it takes the line, or as many as its value has. 0,
 * ERR_MEMORY, or the code of the first line that failed.
 */
MUST int config_lines_read(struct config_source *src, const char *blanks, const char *comments,
	int (*read_line)(struct config_source *src, struct text *t));
/*
 * Adds what a line was, unless `err` says that it was none, and frees both buffers. 0, `err`, or
 * what config_source_add() says.
 */
MUST int config_lines_add(struct config_source *src, unsigned line, struct buf *key,
	struct buf *value, int err);

#endif
