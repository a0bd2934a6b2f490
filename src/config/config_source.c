#include "config/config_source.h"

#include "base/log_line.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;  /* for options */
	const char *title; /* for messages */
	int (*read)(struct config_source *src);
} formats[] = {
	[CONFIG_JSON] = { "json", "JSON", config_read_json },
	[CONFIG_TOML] = { "toml", "TOML", config_read_toml },
	[CONFIG_YAML] = { "yaml", "YAML", config_read_yaml },
	[CONFIG_PROPERTIES] = { "properties", "Java properties", config_read_properties },
	[CONFIG_HCL] = { "hcl", "HCL", config_read_hcl },
	[CONFIG_ENV] = { "env", "an environment file", config_read_env },
	[CONFIG_INI] = { "ini", "INI", config_read_ini },
};

static const struct {
	const char *extension;
	enum config_format format;
} extensions[] = {
	/* In the order of the search. */
	{ "json", CONFIG_JSON },
	{ "toml", CONFIG_TOML },
	{ "yaml", CONFIG_YAML },
	{ "yml", CONFIG_YAML },
	{ "properties", CONFIG_PROPERTIES },
	{ "props", CONFIG_PROPERTIES },
	{ "prop", CONFIG_PROPERTIES },
	{ "hcl", CONFIG_HCL },
	{ "dotenv", CONFIG_ENV },
	{ "env", CONFIG_ENV },
	{ "ini", CONFIG_INI },
};

enum { EXTENSIONS = sizeof(extensions) / sizeof(extensions[0]) };

const char *
config_format_extension(size_t number)
{
	return number < EXTENSIONS ? extensions[number].extension : NULL;
}

int
config_format_of_extension(const char *extension, enum config_format *out)
{
	for (size_t i = 0; i < EXTENSIONS; i++) {
		if (strcasecmp(extension, extensions[i].extension) == 0) {
			*out = extensions[i].format;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

int
config_format_of_path(const char *path, enum config_format *out)
{
	const char *dot = strrchr(path, '.');

	if (dot == NULL || strchr(dot, '/') != NULL)
		return ERR_NOT_FOUND;
	return config_format_of_extension(dot + 1, out);
}

const char *
config_format_text(enum config_format format)
{
	return formats[format].name;
}

/* ---- faults */

int
config_source_fault(struct config_source *src, unsigned line, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	/* What is quoted from the file must not break the line, nor the terminal. */
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	}
	buf_printf(src->mistakes, "%s:%u: this is not %s: %s\n", src->path, line > 0 ? line : 1,
	    formats[src->format].title, text);
	return ERR_INVALID;
}

static int
check_text(struct config_source *src)
{
	struct view rest = src->text;
	unsigned line = 1;

	while (rest.n > 0) {
		size_t n = utf8_length(rest);

		if (n == 0)
			return config_source_fault(src, line, "the text is not UTF-8");
		if (rest.p[0] == '\0')
			return config_source_fault(src, line, "there is a NUL byte in it");
		line += rest.p[0] == '\n';
		rest.p += n;
		rest.n -= n;
	}
	return 0;
}

/* ---- the tree */

static int
add_place(struct config_source *src, const json_t *object, const char *key, unsigned line)
{
	if (src->place_count == src->place_room) {
		size_t room = src->place_room * 2 + 64;
		struct config_place *places = reallocarray(src->places, room, sizeof(*places));

		if (places == NULL)
			return ERR_MEMORY;
		src->places = places;
		src->place_room = room;
	}
	src->places[src->place_count++] =
	    (struct config_place){ .object = object, .key = key, .line = line };
	return 0;
}

static int
check_key(struct config_source *src, const json_t *object, const char *key, unsigned line)
{
	if (key[0] == '\0')
		return config_source_fault(src, line, "a key is empty");
	if (json_object_get(object, key) != NULL)
		return config_source_fault(src, line, "\"%s\" is given twice", key);
	if (src->place_count >= CONFIG_VALUES_MAX)
		return config_source_fault(src, line, "there are more than %d keys",
		    CONFIG_VALUES_MAX);
	return 0;
}

int
config_source_add(struct config_source *src, json_t *object, struct view key, unsigned line,
	json_t *value)
{
	char name[CONFIG_KEY_MAX + 1];
	int err = value != NULL ? view_copy(key, name, sizeof(name)) : ERR_MEMORY;

	if (err == ERR_LIMIT || err == ERR_FORMAT)
		err = config_source_fault(src, line, "a key is longer than %d bytes",
		    CONFIG_KEY_MAX);
	if (err == 0)
		err = check_key(src, object, name, line);
	if (err != 0) {
		json_decref(value);
		return err;
	}
	if (json_object_set_new(object, name, value) != 0)
		return ERR_MEMORY;
	return add_place(src, object, json_object_iter_key(json_object_iter_at(object, name)),
	    line);
}

unsigned
config_source_line(const struct config_source *src, const json_t *object, const char *key)
{
	for (size_t i = 0; i < src->place_count; i++) {
		if (src->places[i].object == object && src->places[i].key == key)
			return src->places[i].line;
	}
	return 0;
}

int
config_source_read(struct config_source *src)
{
	static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };
	int err;

	/* The readers add to the pointer, also where there is nothing. */
	if (src->text.n == 0)
		src->text = view_of("");
	if (src->text.n >= 3 && memcmp(src->text.p, byte_order_mark, 3) == 0) {
		src->text.p += 3;
		src->text.n -= 3;
	}
	err = check_text(src);
	return err == 0 ? formats[src->format].read(src) : err;
}

void
config_source_free(struct config_source *src)
{
	json_decref(src->root);
	src->root = NULL;
	free(src->places);
	src->places = NULL;
	src->place_count = src->place_room = 0;
}
