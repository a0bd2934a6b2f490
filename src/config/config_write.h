/*
 * config_write.h - settings as the text of a configuration file. Private to config_*.c, and to the
 * tests, which hold what is written against what is read.
 */
#ifndef CONFIG_CONFIG_WRITE_H
#define CONFIG_CONFIG_WRITE_H

#include "config/config.h"

/*
 * Appends the settings that come from a file, and no others. ERR_UNSUPPORTED for INI, which has no
 * way to write every text; ERR_LIMIT or ERR_MEMORY.
 */
MUST int config_write(const struct config *config, enum config_format format, struct buf *out);

#endif
