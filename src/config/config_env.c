/*
 * Environment files: lines "NAME=value". The name is a setting's variable, with its prefix or
 * without, or its key: SFTPGO_SFTPD__BIND_PORT, SFTPD__BIND_PORT, sftpd.bind_port. A value can
 * stand in single quotes, which keep all of it, or in double ones, which know \n \r \t \" \\ \$.
 * "$NAME" is text like any other.
 */
#include "config/config_lines.h"

#include <string.h>
#include <strings.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_BYTES LETTERS "0123456789_."
#define PREFIX "SFTPGO_"
#define BLANKS " \t"

/* "SFTPGO_SFTPD__BIND_PORT" to "sftpd.bind_port". */
static void
write_key(struct view name, struct buf *out)
{
	size_t prefix = strlen(PREFIX);

	if (name.n > prefix && strncasecmp((const char *)name.p, PREFIX, prefix) == 0) {
		name.p += prefix;
		name.n -= prefix;
	}
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (c == '_' && i + 1 < name.n && name.p[i + 1] == '_') {
			c = '.';
			i++;
		}
		buf_u8(out, (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
	}
}

static int
read_escape(struct config_source *src, struct text *t, struct buf *out)
{
	static const char letters[] = "nrt\"\\$", meanings[] = "\n\r\t\"\\$";
	int c = text_next(t);
	const char *letter = c > 0 ? strchr(letters, c) : NULL;

	if (letter == NULL)
		return config_source_fault(src, t->line,
		    "a backslash in double quotes can stand before n r t \" \\ $ alone");
	buf_u8(out, (uint8_t)meanings[letter - letters]);
	return 0;
}

static int
read_quoted(struct config_source *src, struct text *t, struct buf *out)
{
	int quote = text_next(t), c, err = 0;

	while (err == 0 && (c = text_peek(t, 0)) != quote) {
		if (c < 0 || c == '\n')
			return config_source_fault(src, t->line, "a quote has no end on its line");
		text_next(t);
		if (c == '\\' && quote == '"')
			err = read_escape(src, t, out);
		else
			buf_u8(out, (uint8_t)c);
	}
	if (err != 0)
		return err;
	text_next(t);
	text_span(t, BLANKS);
	if (text_peek(t, 0) != '#' && text_trim(text_rest_of_line(t)).n > 0)
		return config_source_fault(src, t->line, "something follows a quoted value");
	text_rest_of_line(t);
	return 0;
}

/* A '#' after a blank begins a comment. */
static void
read_plain(struct text *t, struct buf *out)
{
	struct view value = text_rest_of_line(t);

	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '#' && (i == 0 || memchr(BLANKS, value.p[i - 1], 2) != NULL))
			value.n = i;
	}
	value = text_trim(value);
	buf_raw(out, value.p, value.n);
}

static int
read_line(struct config_source *src, struct text *t)
{
	struct buf key = buf_init(CONFIG_FILE_MAX), value = buf_init(CONFIG_FILE_MAX);
	unsigned line = t->line;
	struct view name;
	int err = 0;

	if (text_take(t, "export ") || text_take(t, "export\t"))
		text_span(t, BLANKS);
	name = text_span(t, NAME_BYTES);
	write_key(name, &key);
	text_span(t, BLANKS);
	if (name.n == 0)
		err = config_source_fault(src, line, "a line does not begin with a name");
	else if (!text_take(t, "="))
		err = config_source_fault(src, line, "'=' does not follow the name %.*s",
		    (int)(name.n > 80 ? 80 : name.n), (const char *)name.p);
	text_span(t, BLANKS);
	if (err == 0 && (text_peek(t, 0) == '"' || text_peek(t, 0) == '\''))
		err = read_quoted(src, t, &value);
	else if (err == 0)
		read_plain(t, &value);
	return config_lines_add(src, line, &key, &value, err);
}

int
config_read_env(struct config_source *src)
{
	return config_lines_read(src, BLANKS, "#", read_line);
}
