/*
 * config_value.h - one value: from text, from JSON, to text. Private to config_*.c.
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
/* Where the value is in the settings: an int, a char *, a struct config_list, by its type. */
void *setting_place(const struct config *config, const struct setting *setting);
/*
 * Appends the value at `at`, secrets too, as a format writes it that has numbers, texts and lists:
 * JSON, YAML, TOML or HCL. What is not UTF-8 in a text becomes U+FFFD.
 */
void setting_write(const struct setting *setting, const void *at, enum config_format format,
	struct buf *out);
/* The same for people: JSON, where host keys are a list of their files. */
void setting_show(const struct config *config, const struct setting *setting, struct buf *out);
void setting_free(struct config *config, const struct setting *setting);

/* Replaces an owned text. */
MUST int setting_replace_text(char **text, const char *with);
MUST int config_list_add(struct config_list *list, const char *item);
void config_list_free(struct config_list *list);

#endif
