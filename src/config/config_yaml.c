/*
 * YAML, read event by event. Plain words are understood as YAML 1.1 does where it matters to
 * existing files (yes, no, on, off, null, leading-zero octal), everything else is a text. An alias
 * shares the value of its anchor and copies nothing, so no file grows by reading it.
 */
#include "config/config_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { ANCHORS_MAX = 100 };

#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	char *name;
	json_t *value;
};

struct yaml_reading {
	struct config_source *src;
	yaml_parser_t parser;
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
	unsigned depth, values;
};

static int read_node(struct yaml_reading *y, const yaml_event_t *event, json_t **out);

static unsigned
line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

static int
next_event(struct yaml_reading *y, yaml_event_t *event)
{
	const yaml_parser_t *p = &y->parser;

	if (yaml_parser_parse(&y->parser, event))
		return 0;
	if (p->error == YAML_MEMORY_ERROR)
		return ERR_MEMORY;
	return config_source_fault(y->src, (unsigned)p->problem_mark.line + 1, "%s",
	    p->problem != NULL ? p->problem : "it cannot be understood");
}

/* ---- scalars */

static bool
is_word(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* Digits of one base, with a sign in front or without. */
static bool
is_decimal(const char *text)
{
	text += text[0] == '-' || text[0] == '+';
	/* A leading zero means octal: it stays a text, from which the setting reads it. */
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' &&
	    (text[0] != '0' || text[1] == '\0');
}

/* "0o17" in the spelling that settings read, "017". */
static json_t *
new_text(const char *text, size_t n)
{
	char octal[24];

	if (n > 2 && n < sizeof(octal) && memcmp(text, "0o", 2) == 0 &&
	    text[2 + strspn(text + 2, "01234567")] == '\0') {
		octal[0] = '0';
		memcpy(octal + 1, text + 2, n - 1);
		return json_string(octal);
	}
	return json_stringn(text, n);
}

static json_t *
new_plain(const char *text, size_t n)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On",
		"ON", NULL };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No", "NO", "off",
		"Off", "OFF", NULL };
	json_int_t number;

	if (is_word(text, nulls))
		return json_null();
	if (is_word(text, yes))
		return json_true();
	if (is_word(text, no))
		return json_false();
	errno = 0;
	if (is_decimal(text) && (number = strtoll(text, NULL, 10), errno == 0))
		return json_integer(number);
	return new_text(text, n);
}

static int
read_scalar(struct yaml_reading *y, const yaml_event_t *event, json_t **out)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	size_t n = event->data.scalar.length;

	/* An escape can write what the file itself may not hold. */
	if (memchr(text, '\0', n) != NULL)
		return config_source_fault(y->src, line_of(event), "there is a NUL in a text");
	if (tag != NULL && strcmp(tag, "!") != 0 && strcmp(tag, CORE_TAG "str") != 0 &&
	    strcmp(tag, CORE_TAG "int") != 0 && strcmp(tag, CORE_TAG "bool") != 0)
		return config_source_fault(y->src, line_of(event), "the tag %s is not read", tag);
	if (event->data.scalar.plain_implicit || (tag != NULL &&
	    (strcmp(tag, CORE_TAG "int") == 0 || strcmp(tag, CORE_TAG "bool") == 0)))
		*out = new_plain(text, n);
	else
		*out = json_stringn(text, n);
	/* libyaml lets an escape make half of a surrogate pair. */
	if (*out == NULL)
		return config_source_fault(y->src, line_of(event), "a text is not UTF-8");
	return 0;
}

/* ---- sequences and mappings */

static int
read_sequence(struct yaml_reading *y, json_t *array)
{
	yaml_event_t event;
	json_t *item;
	int err;

	while ((err = next_event(y, &event)) == 0 && event.type != YAML_SEQUENCE_END_EVENT) {
		item = NULL;
		err = read_node(y, &event, &item);
		yaml_event_delete(&event);
		if (err == 0 && json_array_append_new(array, item) != 0)
			err = ERR_MEMORY;
		if (err != 0)
			return err;
	}
	if (err == 0)
		yaml_event_delete(&event);
	return err;
}

static int
read_pair(struct yaml_reading *y, const yaml_event_t *key, json_t *object)
{
	yaml_event_t event;
	json_t *value = NULL;
	struct view name;
	int err;

	if (key->type != YAML_SCALAR_EVENT)
		return config_source_fault(y->src, line_of(key), "a key is not a text");
	name = (struct view){ .p = key->data.scalar.value, .n = key->data.scalar.length };
	if (view_has_nul(name))
		return config_source_fault(y->src, line_of(key), "there is a NUL in a key");
	if ((err = next_event(y, &event)) != 0)
		return err;
	err = read_node(y, &event, &value);
	yaml_event_delete(&event);
	return err == 0 ? config_source_add(y->src, object, name, line_of(key), value) : err;
}

static int
read_mapping(struct yaml_reading *y, json_t *object)
{
	yaml_event_t event;
	int err;

	while ((err = next_event(y, &event)) == 0 && event.type != YAML_MAPPING_END_EVENT) {
		err = read_pair(y, &event, object);
		yaml_event_delete(&event);
		if (err != 0)
			return err;
	}
	if (err == 0)
		yaml_event_delete(&event);
	return err;
}

/* ---- anchors */

static int
read_alias(struct yaml_reading *y, const yaml_event_t *event, json_t **out)
{
	const char *name = (const char *)event->data.alias.anchor;

	/* The last anchor of a name counts. One that is still open is not here yet: no cycles. */
	for (size_t i = y->anchor_count; i-- > 0;) {
		if (strcmp(y->anchors[i].name, name) == 0) {
			*out = json_incref(y->anchors[i].value);
			return 0;
		}
	}
	return config_source_fault(y->src, line_of(event), "there is no anchor &%s before *%s",
	    name, name);
}

static int
keep_anchor(struct yaml_reading *y, const yaml_event_t *event, const yaml_char_t *name,
	json_t *value)
{
	struct anchor *anchor = &y->anchors[y->anchor_count];

	if (name == NULL)
		return 0;
	if (y->anchor_count == ANCHORS_MAX)
		return config_source_fault(y->src, line_of(event),
		    "there are more than %d anchors", ANCHORS_MAX);
	if ((anchor->name = strdup((const char *)name)) == NULL)
		return ERR_MEMORY;
	anchor->value = json_incref(value);
	y->anchor_count++;
	return 0;
}

/* ---- all of it */

static int
read_collection(struct yaml_reading *y, const yaml_event_t *event, json_t **out)
{
	bool sequence = event->type == YAML_SEQUENCE_START_EVENT;
	int err;

	if (++y->depth > CONFIG_DEPTH_MAX)
		return config_source_fault(y->src, line_of(event),
		    "it is nested more than %d levels deep", CONFIG_DEPTH_MAX);
	if ((*out = sequence ? json_array() : json_object()) == NULL)
		return ERR_MEMORY;
	err = sequence ? read_sequence(y, *out) : read_mapping(y, *out);
	y->depth--;
	return err;
}

/* On success *out is a new reference. */
static int
read_node(struct yaml_reading *y, const yaml_event_t *event, json_t **out)
{
	const yaml_char_t *anchor = NULL;
	int err;

	*out = NULL;
	if (++y->values > CONFIG_VALUES_MAX)
		return config_source_fault(y->src, line_of(event), "there are more than %d values",
		    CONFIG_VALUES_MAX);
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return read_alias(y, event, out);
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		err = read_scalar(y, event, out);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		err = read_collection(y, event, out);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		err = read_collection(y, event, out);
		break;
	default:
		err = config_source_fault(y->src, line_of(event), "a value is missing");
	}
	if (err == 0)
		err = keep_anchor(y, event, anchor, *out);
	if (err != 0) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}

static int
read_documents(struct yaml_reading *y)
{
	struct config_source *src = y->src;
	yaml_event_t event;
	bool done = false;
	int err;

	while (!done && (err = next_event(y, &event)) == 0) {
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_STREAM_END_EVENT:
			done = true;
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (src->root != NULL)
				err = config_source_fault(src, line_of(&event),
				    "there is more than one document");
			break;
		default:
			err = read_node(y, &event, &src->root);
		}
		yaml_event_delete(&event);
		if (err != 0)
			return err;
	}
	return err;
}

int
config_read_yaml(struct config_source *src)
{
	struct yaml_reading *y = calloc(1, sizeof(*y));
	int err;

	if (y == NULL || !yaml_parser_initialize(&y->parser)) {
		free(y);
		return ERR_MEMORY;
	}
	y->src = src;
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser, src->text.p, src->text.n);
	err = read_documents(y);
	while (y->anchor_count > 0) {
		y->anchor_count--;
		free(y->anchors[y->anchor_count].name);
		json_decref(y->anchors[y->anchor_count].value);
	}
	yaml_parser_delete(&y->parser);
	free(y);
	if (err != 0)
		return err;
	/* Nothing but comments is a file without settings. */
	if (src->root == NULL || json_is_null(src->root)) {
		json_decref(src->root);
		src->root = json_object();
		return src->root != NULL ? 0 : ERR_MEMORY;
	}
	if (!json_is_object(src->root))
		return config_source_fault(src, 1, "the file must hold keys at its top");
	return 0;
}
