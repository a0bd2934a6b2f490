/*
 * config_write.h - settings as the text of a configuration file. Private to config_*.c, and to the
 * tests, which hold what is written against what is read.
 */
#ifndef MASTER_CONFIG_WRITE_H
#define MASTER_CONFIG_WRITE_H

#include "master/config.h"

/*
 * Appends the settings that come from a file, and no others. ERR_UNSUPPORTED for INI, which has no
 * way to write every text; ERR_LIMIT or ERR_MEMORY.
 */
MUST int config_write(const struct config *config, enum config_format format, struct buf *out);

#endif
