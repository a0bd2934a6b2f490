/*
 * TOML 1.0: keys, tables and their rules. The values are read in config_toml_value.c.
 */
#include "config/config_toml.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_PARTS_MAX = CONFIG_DEPTH_MAX, TABLES_MAX = 1000 };

#define BARE_KEY "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

struct toml_key {
	struct buf parts[KEY_PARTS_MAX];
	size_t count;
	unsigned line;
};

/* ---- what is known of a table */

static struct toml_note *
find_note(const struct toml *toml, const json_t *value)
{
	for (size_t i = 0; i < toml->note_count; i++) {
		if (toml->notes[i].value == value)
			return &toml->notes[i];
	}
	return NULL;
}

static enum toml_table
kind_of(const struct toml *toml, const json_t *value)
{
	const struct toml_note *note = find_note(toml, value);

	return note != NULL ? note->table : TOML_UNKNOWN;
}

static int
add_note(struct toml *toml, const json_t *value, enum toml_table table)
{
	if (toml->note_count >= TABLES_MAX)
		return config_source_fault(toml->src, toml->t.line,
		    "there are more than %d tables", TABLES_MAX);
	if (toml->note_count == toml->note_room) {
		size_t room = toml->note_room * 2 + 16;
		struct toml_note *notes = reallocarray(toml->notes, room, sizeof(*notes));

		if (notes == NULL)
			return ERR_MEMORY;
		toml->notes = notes;
		toml->note_room = room;
	}
	toml->notes[toml->note_count++] = (struct toml_note){ .value = value, .table = table,
		.section = toml->section };
	return 0;
}

static int
add_table(struct toml *toml, json_t *object, struct view key, unsigned line,
	enum toml_table table, json_t **out)
{
	json_t *made = json_object();
	int err = config_source_add(toml->src, object, key, line, made);

	if (err != 0)
		return err;
	*out = made;
	return add_note(toml, made, table);
}

/* ---- keys */

static void
key_free(struct toml_key *key)
{
	for (size_t i = 0; i < key->count; i++)
		buf_free(&key->parts[i]);
	key->count = 0;
}

static int
read_key_part(struct toml *toml, struct buf *part)
{
	int c = text_peek(&toml->t, 0);
	struct view bare;

	if (c == '"' || c == '\'')
		return toml_read_string(toml, false, part);
	bare = text_span(&toml->t, BARE_KEY);
	if (bare.n == 0)
		return config_source_fault(toml->src, toml->t.line, "a key is missing");
	buf_raw(part, bare.p, bare.n);
	return 0;
}

static int
read_key(struct toml *toml, struct toml_key *key)
{
	int err = 0;

	*key = (struct toml_key){ .line = toml->t.line };
	do {
		if (key->count == KEY_PARTS_MAX)
			return config_source_fault(toml->src, toml->t.line,
			    "a key has more than %d parts", KEY_PARTS_MAX);
		text_span(&toml->t, TOML_BLANKS);
		key->parts[key->count] = buf_init(CONFIG_FILE_MAX);
		err = read_key_part(toml, &key->parts[key->count++]);
		if (err == 0)
			err = buf_error(&key->parts[key->count - 1]);
		text_span(&toml->t, TOML_BLANKS);
	} while (err == 0 && text_take(&toml->t, "."));
	return err;
}

static json_t *
member(const json_t *object, const struct buf *part)
{
	char name[CONFIG_KEY_MAX + 1];

	/* One that is too long is in no object. */
	return view_copy(buf_view(part), name, sizeof(name)) == 0
	    ? json_object_get(object, name) : NULL;
}

static int
fault_taken(struct toml *toml, const struct toml_key *key, size_t part)
{
	const struct buf *name = &key->parts[part];

	return config_source_fault(toml->src, key->line,
	    "\"%.*s\" is given twice, or is not a table that can be added to here",
	    (int)(name->n > 80 ? 80 : name->n), (const char *)name->p);
}

/* ---- a key and its value */

static int
read_pair(struct toml *toml, json_t *table)
{
	struct toml_key key;
	json_t *value = NULL;
	int err = read_key(toml, &key);

	for (size_t i = 0; err == 0 && i + 1 < key.count; i++) {
		json_t *next = member(table, &key.parts[i]);
		const struct toml_note *note = find_note(toml, next);

		if (next == NULL)
			err = add_table(toml, table, buf_view(&key.parts[i]), key.line,
			    TOML_DOTTED, &next);
		else if (note == NULL || note->table != TOML_DOTTED ||
		    note->section != toml->section)
			err = fault_taken(toml, &key, i);
		table = next;
	}
	if (err == 0 && !text_take(&toml->t, "="))
		err = config_source_fault(toml->src, toml->t.line, "'=' does not follow a key");
	text_span(&toml->t, TOML_BLANKS);
	if (err == 0)
		err = toml_read_value(toml, &value);
	if (err == 0)
		err = config_source_add(toml->src, table, buf_view(&key.parts[key.count - 1]),
		    key.line, value);
	key_free(&key);
	return err;
}

/* ---- headers */

/* The table that a part on the way to a header stands for. */
static int
enter(struct toml *toml, const struct toml_key *key, size_t part, json_t **table)
{
	json_t *next = member(*table, &key->parts[part]);
	enum toml_table kind = kind_of(toml, next);

	if (next == NULL)
		return add_table(toml, *table, buf_view(&key->parts[part]), key->line,
		    TOML_IMPLICIT, table);
	if (kind == TOML_ARRAY)
		next = json_array_get(next, json_array_size(next) - 1);
	else if (kind == TOML_CLOSED || kind == TOML_UNKNOWN)
		return fault_taken(toml, key, part);
	*table = next;
	return 0;
}

static int
open_table(struct toml *toml, const struct toml_key *key, json_t **table)
{
	size_t last = key->count - 1;
	json_t *found = member(*table, &key->parts[last]);
	struct toml_note *note = find_note(toml, found);

	if (found == NULL)
		return add_table(toml, *table, buf_view(&key->parts[last]), key->line,
		    TOML_HEADER, table);
	if (note == NULL || note->table != TOML_IMPLICIT)
		return fault_taken(toml, key, last);
	note->table = TOML_HEADER;
	*table = found;
	return 0;
}

static int
open_array(struct toml *toml, const struct toml_key *key, json_t **table)
{
	size_t last = key->count - 1;
	json_t *array = member(*table, &key->parts[last]), *made;
	int err;

	if (array == NULL) {
		array = json_array();
		err = config_source_add(toml->src, *table, buf_view(&key->parts[last]), key->line,
		    array);
		if (err == 0)
			err = add_note(toml, array, TOML_ARRAY);
		if (err != 0)
			return err;
	} else if (kind_of(toml, array) != TOML_ARRAY) {
		return fault_taken(toml, key, last);
	}
	made = json_object();
	if (made == NULL || json_array_append_new(array, made) != 0)
		return ERR_MEMORY;
	*table = made;
	return add_note(toml, made, TOML_HEADER);
}

static int
read_header(struct toml *toml, json_t **table)
{
	bool array = text_take(&toml->t, "[[");
	struct toml_key key;
	int err;

	if (!array && !text_take(&toml->t, "["))
		return config_source_fault(toml->src, toml->t.line, "'[' is missing");
	toml->section = ++toml->section_count;
	err = read_key(toml, &key);
	if (err == 0 && !text_take(&toml->t, array ? "]]" : "]"))
		err = config_source_fault(toml->src, toml->t.line, "a header does not end with %s",
		    array ? "]]" : "]");
	*table = toml->src->root;
	for (size_t i = 0; err == 0 && i + 1 < key.count; i++)
		err = enter(toml, &key, i, table);
	if (err == 0)
		err = array ? open_array(toml, &key, table) : open_table(toml, &key, table);
	key_free(&key);
	return err;
}

/* ---- white space */

static int
read_comment(struct toml *toml)
{
	unsigned line = toml->t.line;
	struct view comment;

	if (text_peek(&toml->t, 0) != '#')
		return 0;
	comment = text_rest_of_line(&toml->t);
	for (size_t i = 0; i < comment.n; i++) {
		if ((comment.p[i] < ' ' && comment.p[i] != '\t') || comment.p[i] == 0x7f)
			return config_source_fault(toml->src, line,
			    "a control character stands in a comment");
	}
	return 0;
}

/* Blanks and a comment, then the end of the line or of the file. */
static int
end_line(struct toml *toml)
{
	int err;

	text_span(&toml->t, TOML_BLANKS);
	if ((err = read_comment(toml)) != 0)
		return err;
	if (text_peek(&toml->t, 0) < 0 || text_newline(&toml->t))
		return 0;
	return config_source_fault(toml->src, toml->t.line, "something follows on the line");
}

/* Blanks, comments and ends of lines, as they may stand in an array. */
static int
skip_lines(struct toml *toml)
{
	int err;

	do {
		text_span(&toml->t, TOML_BLANKS);
		if ((err = read_comment(toml)) != 0)
			return err;
	} while (text_newline(&toml->t));
	return 0;
}

/* ---- arrays and {...} */

static int
go_down(struct toml *toml)
{
	if (++toml->depth > CONFIG_DEPTH_MAX)
		return config_source_fault(toml->src, toml->t.line,
		    "it is nested more than %d levels deep", CONFIG_DEPTH_MAX);
	return 0;
}

int
toml_read_array(struct toml *toml, json_t **out)
{
	json_t *item;
	int err = go_down(toml);

	if ((*out = json_array()) == NULL)
		return ERR_MEMORY;
	text_take(&toml->t, "[");
	while (err == 0 && (err = skip_lines(toml)) == 0 && !text_take(&toml->t, "]")) {
		if (json_array_size(*out) > 0 && !text_take(&toml->t, ",")) {
			err = config_source_fault(toml->src, toml->t.line,
			    "',' or ']' does not follow a value of an array");
			break;
		}
		if (json_array_size(*out) > 0 && ((err = skip_lines(toml)) != 0 ||
		    text_take(&toml->t, "]")))
			break;
		err = toml_read_value(toml, &item);
		if (err == 0 && json_array_append_new(*out, item) != 0)
			err = ERR_MEMORY;
	}
	toml->depth--;
	return err;
}

int
toml_read_inline(struct toml *toml, json_t **out)
{
	unsigned outer = toml->section;
	int err = go_down(toml);
	bool first = true;

	if ((*out = json_object()) == NULL)
		return ERR_MEMORY;
	text_take(&toml->t, "{");
	text_span(&toml->t, TOML_BLANKS);
	/* Dotted keys inside add to each other, and to nothing outside. */
	toml->section = ++toml->section_count;
	while (err == 0 && !(first && text_take(&toml->t, "}"))) {
		first = false;
		err = read_pair(toml, *out);
		text_span(&toml->t, TOML_BLANKS);
		if (err != 0 || text_take(&toml->t, "}"))
			break;
		if (!text_take(&toml->t, ","))
			err = config_source_fault(toml->src, toml->t.line,
			    "',' or '}' does not follow a value on the line");
	}
	toml->section = outer;
	toml->depth--;
	return err == 0 ? add_note(toml, *out, TOML_CLOSED) : err;
}

/* ---- the file */

static int
read_file(struct toml *toml)
{
	json_t *table = toml->src->root;
	int err = 0;

	while (err == 0 && (err = skip_lines(toml)) == 0 && text_peek(&toml->t, 0) >= 0) {
		if (text_peek(&toml->t, 0) == '[')
			err = read_header(toml, &table);
		else
			err = read_pair(toml, table);
		if (err == 0)
			err = end_line(toml);
	}
	return err;
}

int
config_read_toml(struct config_source *src)
{
	struct toml toml = { .src = src, .t = { .all = src->text, .line = 1 } };
	int err;

	if ((src->root = json_object()) == NULL)
		return ERR_MEMORY;
	err = read_file(&toml);
	free(toml.notes);
	return err;
}
