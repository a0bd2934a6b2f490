/*
 * HCL, version 1: keys with '=', blocks, lists, comments. A block that comes twice makes a list.
 * "${" in a text is refused, because that language would compute something there, and nothing is
 * computed here. A file that begins with '{' is JSON.
 */
#include "config/config_source.h"
#include "config/config_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

enum { WORD_MAX = 64 };

struct hcl {
	struct config_source *src;
	struct text t;
	unsigned depth, values;
};

static int read_value(struct hcl *h, json_t **out);

/* ---- between the words */

static int
skip(struct hcl *h)
{
	for (;;) {
		unsigned line;

		text_span(&h->t, BLANKS);
		line = h->t.line;
		if (text_peek(&h->t, 0) == '#' || text_take(&h->t, "//")) {
			text_rest_of_line(&h->t);
		} else if (text_take(&h->t, "/*")) {
			while (!text_take(&h->t, "*/")) {
				if (text_next(&h->t) < 0)
					return config_source_fault(h->src, line,
					    "a comment has no end");
			}
		} else {
			return 0;
		}
	}
}

/* ---- texts and words */

static int
read_escape(struct hcl *h, struct buf *out)
{
	static const char letters[] = "abfnrtv\\\"", meanings[] = "\a\b\f\n\r\t\v\\\"";
	int c = text_next(&h->t);
	const char *letter;

	if (c == 'u' || c == 'U') {
		if (text_hexadecimal(&h->t, c == 'u' ? 4 : 8, out))
			return 0;
		return config_source_fault(h->src, h->t.line,
		    "\\%c needs %d hexadecimal digits of a character", c, c == 'u' ? 4 : 8);
	}
	if ((letter = c > 0 ? strchr(letters, c) : NULL) == NULL)
		return config_source_fault(h->src, h->t.line,
		    "a backslash in a text stands before a b f n r t v \\ \" u U alone");
	buf_u8(out, (uint8_t)meanings[letter - letters]);
	return 0;
}

static int
read_text(struct hcl *h, struct buf *out)
{
	int c, err = 0;

	text_next(&h->t);
	while (err == 0 && (c = text_peek(&h->t, 0)) != '"') {
		if (c < 0 || c == '\n')
			return config_source_fault(h->src, h->t.line,
			    "a text has no end on its line");
		if (c == '$' && text_peek(&h->t, 1) == '{')
			return config_source_fault(h->src, h->t.line,
			    "nothing is computed here; write \\u0024{ for ${ in a text");
		text_next(&h->t);
		if (c == '\\')
			err = read_escape(h, out);
		else
			buf_u8(out, (uint8_t)c);
	}
	text_next(&h->t);
	return err == 0 ? buf_error(out) : err;
}

/* Numbers with 0x or a leading zero stay as they are written: settings read them so. */
static json_t *
new_number(const char *word)
{
	const char *digits = word + (word[0] == '-');
	size_t n = strspn(digits, DIGITS);
	char *end;
	double real;

	errno = 0;
	if (n > 0 && digits[n] == '\0' && (digits[0] != '0' || n == 1)) {
		json_int_t number = strtoll(word, NULL, 10);

		return errno == 0 ? json_integer(number) : NULL;
	}
	if (strncmp(digits, "0x", 2) == 0 || (n > 1 && digits[0] == '0' && digits[n] == '\0')) {
		(void)strtoll(word, &end, 0);
		return errno == 0 && *end == '\0' ? json_string(word) : NULL;
	}
	if (n == 0)
		return NULL;
	real = strtod(word, &end);
	return *end == '\0' && isfinite(real) ? json_real(real) : NULL;
}

static int
read_word(struct hcl *h, json_t **out)
{
	struct view word = text_span(&h->t, LETTERS DIGITS "+-.");
	char text[WORD_MAX + 1];

	if (word.n == 0)
		return config_source_fault(h->src, h->t.line, "%s",
		    text_peek(&h->t, 0) == '<' ? "texts over several lines are not read"
		    : "a value is missing");
	if (view_is(word, "true") || view_is(word, "false"))
		*out = json_boolean(word.n == 4);
	else if (view_copy(word, text, sizeof(text)) == 0)
		*out = new_number(text);
	if (*out == NULL)
		return config_source_fault(h->src, h->t.line,
		    "%.*s is no value; a text needs quotes", (int)(word.n > 80 ? 80 : word.n),
		    (const char *)word.p);
	return 0;
}

/* ---- objects */

static int
read_key(struct hcl *h, struct buf *out)
{
	struct view word;

	if (text_peek(&h->t, 0) == '"')
		return read_text(h, out);
	word = text_span(&h->t, LETTERS DIGITS "-.");
	if (word.n == 0)
		return config_source_fault(h->src, h->t.line, "a key is missing");
	buf_raw(out, word.p, word.n);
	return buf_error(out);
}

/* A block beside others of its name makes them a list. Takes the block. */
static int
add_block(struct hcl *h, json_t *object, struct view key, unsigned line, json_t *block)
{
	char name[CONFIG_KEY_MAX + 1];
	json_t *before = NULL, *list;

	if (view_copy(key, name, sizeof(name)) == 0)
		before = json_object_get(object, name);
	if (json_is_array(before))
		return json_array_append_new(before, block) == 0 ? 0 : ERR_MEMORY;
	if (!json_is_object(before))
		return config_source_add(h->src, object, key, line, block);
	list = json_pack("[O, o]", before, block);
	return list != NULL && json_object_set_new(object, name, list) == 0 ? 0 : ERR_MEMORY;
}

static int
read_item(struct hcl *h, json_t *object)
{
	struct buf key = buf_init(CONFIG_FILE_MAX);
	unsigned line = h->t.line;
	json_t *value = NULL;
	bool block = false;
	int err = read_key(h, &key);

	if (err == 0)
		err = skip(h);
	if (err == 0 && text_peek(&h->t, 0) == '{')
		block = true;
	else if (err == 0 && text_take(&h->t, "="))
		err = skip(h);
	else if (err == 0)
		err = config_source_fault(h->src, h->t.line,
		    "'=' or '{' does not follow a key; blocks have no labels here");
	if (err == 0)
		err = read_value(h, &value);
	if (err == 0 && block)
		err = add_block(h, object, buf_view(&key), line, value);
	else if (err == 0)
		err = config_source_add(h->src, object, buf_view(&key), line, value);
	buf_free(&key);
	return err;
}

/* Up to the '}', or to the end of the file. */
static int
read_items(struct hcl *h, json_t *object, bool nested)
{
	int err;

	for (;;) {
		if ((err = skip(h)) != 0)
			return err;
		if (nested && text_take(&h->t, "}"))
			return 0;
		if (text_peek(&h->t, 0) < 0)
			return nested ? config_source_fault(h->src, h->t.line,
			    "a '}' is missing at the end") : 0;
		if ((err = read_item(h, object)) != 0 || (err = skip(h)) != 0)
			return err;
		(void)text_take(&h->t, ",");
	}
}

/* ---- values */

static int
read_list(struct hcl *h, json_t *array)
{
	json_t *item;
	int err;

	while ((err = skip(h)) == 0 && !text_take(&h->t, "]")) {
		if (json_array_size(array) > 0 && !text_take(&h->t, ","))
			return config_source_fault(h->src, h->t.line,
			    "',' or ']' does not follow a value of a list");
		if (json_array_size(array) > 0 && ((err = skip(h)) != 0 || text_take(&h->t, "]")))
			return err;
		err = read_value(h, &item);
		if (err == 0 && json_array_append_new(array, item) != 0)
			err = ERR_MEMORY;
		if (err != 0)
			return err;
	}
	return err;
}

static int
read_nested(struct hcl *h, json_t **out)
{
	bool list = text_next(&h->t) == '[';
	int err;

	if (++h->depth > CONFIG_DEPTH_MAX)
		return config_source_fault(h->src, h->t.line,
		    "it is nested more than %d levels deep", CONFIG_DEPTH_MAX);
	if ((*out = list ? json_array() : json_object()) == NULL)
		return ERR_MEMORY;
	err = list ? read_list(h, *out) : read_items(h, *out, true);
	h->depth--;
	return err;
}

static int
read_string(struct hcl *h, json_t **out)
{
	struct buf text = buf_init(CONFIG_FILE_MAX);
	int err = read_text(h, &text);

	if (err == 0 &&
	    (*out = json_stringn(text.n > 0 ? (const char *)text.p : "", text.n)) == NULL)
		err = ERR_MEMORY;
	buf_free(&text);
	return err;
}

static int
read_value(struct hcl *h, json_t **out)
{
	int err, c = text_peek(&h->t, 0);

	*out = NULL;
	if (++h->values > CONFIG_VALUES_MAX)
		return config_source_fault(h->src, h->t.line, "there are more than %d values",
		    CONFIG_VALUES_MAX);
	if (c == '"')
		err = read_string(h, out);
	else if (c == '[' || c == '{')
		err = read_nested(h, out);
	else
		err = read_word(h, out);
	if (err != 0) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}

int
config_read_hcl(struct config_source *src)
{
	struct hcl h = { .src = src, .t = { .all = src->text, .line = 1 } };

	text_span(&h.t, BLANKS);
	if (text_peek(&h.t, 0) == '{') {
		src->format = CONFIG_JSON;
		return config_read_json(src);
	}
	src->root = json_object();
	return src->root != NULL ? read_items(&h, src->root, false) : ERR_MEMORY;
}
