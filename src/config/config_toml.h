/*
 * config_toml.h - what the two files of the TOML reader share. Private to config_toml*.c.
 */
#ifndef CONFIG_CONFIG_TOML_H
#define CONFIG_CONFIG_TOML_H

#include "config/config_source.h"
#include "config/config_text.h"

/* How a table came to be, which decides who may still add to it. */
enum toml_table {
	TOML_UNKNOWN = 0,
	TOML_IMPLICIT, /* on the way to a [header]; its own header may come once */
	TOML_HEADER,   /* by its [header] or [[header]] */
	TOML_DOTTED,   /* by a dotted key; more dotted keys of the same section may add */
	TOML_CLOSED,   /* written {...}: complete */
	TOML_ARRAY,    /* an array of [[header]] tables; one written [...] is not noted */
};

struct toml_note {
	const json_t *value;
	enum toml_table table;
	unsigned section; /* in which it was made: each header and each {...} begins one */
};

struct toml {
	struct config_source *src;
	struct text t;
	struct toml_note *notes;
	size_t note_count, note_room;
	unsigned section, section_count, depth, values;
};

#define TOML_BLANKS " \t"

/* A value as it stands; arrays and {...} by the functions of config_toml.c. */
MUST int toml_read_value(struct toml *toml, json_t **out);
MUST int toml_read_array(struct toml *toml, json_t **out);
MUST int toml_read_inline(struct toml *toml, json_t **out);
/* A string with its quotes, of any of the four kinds, or of the two that a key can be. */
MUST int toml_read_string(struct toml *toml, bool may_be_long, struct buf *out);

#endif
