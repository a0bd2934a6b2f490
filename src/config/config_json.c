/*
 * JSON (RFC 8259). The library keeps no positions, so a walk of our own over the text that it has
 * accepted finds the line of a key; nothing depends on that but the number in a message.
 */
#include "config/config_file.h"
#include "config/config_source.h"

#include "base/rd.h"

#include <string.h>
#include <strings.h>

enum { NAME_SIZE = 256 };

struct walk {
	struct view text;
	size_t at;
	unsigned line;
	const char *wanted;
	unsigned found;
	char name[NAME_SIZE]; /* of the object that the walk is in */
};

static void walk_value(struct walk *w);

static int
peek(struct walk *w)
{
	while (w->at < w->text.n && memchr(" \t\r\n", w->text.p[w->at], 4) != NULL) {
		if (w->text.p[w->at] == '\n')
			w->line++;
		w->at++;
	}
	return w->at < w->text.n ? w->text.p[w->at] : -1;
}

/* A string literal, without its quotes and with its escapes as they stand. */
static struct view
walk_string(struct walk *w)
{
	size_t start = ++w->at;

	while (w->at < w->text.n && w->text.p[w->at] != '"')
		w->at += w->text.p[w->at] == '\\' ? 2 : 1;
	if (w->at > w->text.n)
		w->at = w->text.n;
	w->at++;
	return (struct view){ .p = w->text.p + start, .n = w->at - 1 - start };
}

static void
walk_object(struct walk *w)
{
	size_t length = strlen(w->name);

	w->at++;
	while (peek(w) == '"' && w->found == 0) {
		struct view key = walk_string(w);

		if (length + 1 + key.n < sizeof(w->name)) {
			if (length > 0)
				w->name[length] = '.';
			memcpy(w->name + length + (length > 0), key.p, key.n);
			w->name[length + (length > 0) + key.n] = '\0';
			if (strcasecmp(w->name, w->wanted) == 0)
				w->found = w->line;
		}
		if (peek(w) == ':')
			w->at++;
		walk_value(w);
		w->name[length] = '\0';
		if (peek(w) == ',')
			w->at++;
	}
	if (peek(w) == '}')
		w->at++;
}

static void
walk_array(struct walk *w)
{
	w->at++;
	while (peek(w) != ']' && w->at < w->text.n && w->found == 0) {
		size_t before = w->at;

		walk_value(w);
		if (peek(w) == ',')
			w->at++;
		if (w->at == before)
			return;
	}
	w->at++;
}

static void
walk_value(struct walk *w)
{
	switch (peek(w)) {
	case '{':
		walk_object(w);
		break;
	case '[':
		walk_array(w);
		break;
	case '"':
		walk_string(w);
		break;
	default:
		while (w->at < w->text.n && memchr(",]} \t\r\n", w->text.p[w->at], 7) == NULL)
			w->at++;
	}
}

unsigned
config_line_of(struct view json, const char *name)
{
	struct walk w = { .text = json, .line = 1, .wanted = name };

	walk_value(&w);
	return w.found;
}

int
config_read_json(struct config_source *src)
{
	json_error_t error;

	src->root = json_loadb((const char *)src->text.p, src->text.n, JSON_REJECT_DUPLICATES,
	    &error);
	if (src->root == NULL)
		return config_source_fault(src, error.line > 0 ? (unsigned)error.line : 1, "%s",
		    error.text);
	if (!json_is_object(src->root))
		return config_source_fault(src, 1, "the file must hold one object {...}");
	return 0;
}
