/*
 * config_check.h - checks of one setting against another, or against what this build can do.
 * Private to config_*.c.
 */
#ifndef CONFIG_CONFIG_CHECK_H
#define CONFIG_CONFIG_CHECK_H

#include "config/config.h"

/* 0; ERR_INVALID with one line for each list at fault; ERR_MEMORY. */
MUST int config_check_algorithms(const struct config *config, struct buf *mistakes);

#endif
