/*
 * config_value.h - one value: from text, from JSON, to JSON. Private to config_*.c.
 */
#ifndef CONFIG_CONFIG_VALUE_H
#define CONFIG_CONFIG_VALUE_H

#include "config/config_table.h"

#include <jansson.h>

/*
 * Both set the value only when it is good. 0; ERR_MEMORY; ERR_INVALID, with what is wrong in
 * `fault`: "\"x\" is not a whole number from 0 to 65535".
 */
MUST int setting_set_text(struct config *config, const struct setting *setting, const char *text,
	struct buf *fault);
MUST int setting_set_json(struct config *config, const struct setting *setting,
	const json_t *value, struct buf *fault);
/* The value as JSON, secrets too. */
void setting_write(const struct config *config, const struct setting *setting, struct buf *out);
void setting_free(struct config *config, const struct setting *setting);

/* Replaces an owned text. */
MUST int setting_replace_text(char **text, const char *with);
MUST int config_list_add(struct config_list *list, const char *item);
void config_list_free(struct config_list *list);

#endif
