/*
 * config_source.h - one configuration file on its way into the settings: whatever format it has,
 * it becomes a JSON tree with the line of every key, and config_file.c reads that.
 *
 * Readers know no setting. They never run or include anything, expand no variable, refuse a key
 * that is given twice, and stop at CONFIG_DEPTH_MAX levels and CONFIG_VALUES_MAX values. The text
 * has been checked before they see it: valid UTF-8, no NUL. Private to config_*.c.
 */
#ifndef CONFIG_CONFIG_SOURCE_H
#define CONFIG_CONFIG_SOURCE_H

#include "config/config.h"

#include "base/rd.h"

#include <jansson.h>

/* Levels of nesting, values in all, bytes of a key. */
enum { CONFIG_DEPTH_MAX = 16, CONFIG_VALUES_MAX = 10000, CONFIG_KEY_MAX = 200 };

/* Where a key stands. */
struct config_place {
	const json_t *object;
	const char *key; /* the object's own copy */
	unsigned line;
};

struct config_source {
	const char *path; /* only named in the mistakes */
	enum config_format format;
	struct view text;
	struct buf *mistakes;
	json_t *root; /* an object after a good read */
	/* Values are texts, to be understood as those of the environment are. */
	bool flat;
	struct config_place *places;
	size_t place_count, place_room;
};

/*
 * Reads the text into src->root. path, format, text and mistakes are set by the caller, the rest
 * is zero. ERR_INVALID with one line in src->mistakes; ERR_MEMORY. config_source_free() in any
 * case.
 */
MUST int config_source_read(struct config_source *src);
void config_source_free(struct config_source *src);
/* The line of a key of an object of the tree, by their addresses; 0 when it is not known. */
unsigned config_source_line(const struct config_source *src, const json_t *object,
	const char *key);

/* ---- for the readers */

/* One reader a format: from src->text to src->root. */
MUST int config_read_json(struct config_source *src);
MUST int config_read_yaml(struct config_source *src);
MUST int config_read_toml(struct config_source *src);
MUST int config_read_hcl(struct config_source *src);
MUST int config_read_properties(struct config_source *src);
MUST int config_read_env(struct config_source *src);
MUST int config_read_ini(struct config_source *src);

/* Says why the text is not of its format; returns ERR_INVALID. */
MUST int config_source_fault(struct config_source *src, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Adds a member and takes the value (NULL: memory was short). A key that is empty, too long or
 * given twice, and one value too many, are faults.
 */
MUST int config_source_add(struct config_source *src, json_t *object, struct view key,
	unsigned line, json_t *value);

#endif
