/*
 * Java properties, as java.util.Properties documents them, in UTF-8: "sftpd.bind_port = 2022".
 * "${...}" is text like any other.
 */
#include "config/config_lines.h"

#include <string.h>

#define BLANKS " \t\f"

static int
read_escape(struct config_source *src, struct text *t, struct buf *out)
{
	static const char letters[] = "tnrf", meanings[] = "\t\n\r\f";
	unsigned line = t->line;
	const char *letter;
	int c;

	if (text_newline(t)) {
		text_span(t, BLANKS);
		return 0;
	}
	if ((c = text_next(t)) < 0)
		return 0; /* a backslash at the very end stands for nothing */
	if (c == 'u') {
		if (text_hexadecimal(t, 4, out))
			return 0;
		return config_source_fault(src, line,
		    "\\u needs four hexadecimal digits of a character");
	}
	letter = strchr(letters, c);
	buf_u8(out, (uint8_t)(letter != NULL ? meanings[letter - letters] : c));
	return 0;
}

/* Up to the end of the line, or to one of the bytes of `ends`. */
static int
read_part(struct config_source *src, struct text *t, const char *ends, struct buf *out)
{
	int c, err = 0;

	while (err == 0 && (c = text_peek(t, 0)) >= 0 && strchr(ends, c) == NULL && c != '\n' &&
	    !(c == '\r' && text_peek(t, 1) == '\n')) {
		text_next(t);
		if (c == '\\')
			err = read_escape(src, t, out);
		else
			buf_u8(out, (uint8_t)c);
	}
	return err;
}

static int
read_line(struct config_source *src, struct text *t)
{
	struct buf key = buf_init(CONFIG_FILE_MAX), value = buf_init(CONFIG_FILE_MAX);
	unsigned line = t->line;
	int err = read_part(src, t, "=:" BLANKS, &key);

	text_span(t, BLANKS);
	if (text_take(t, "=") || text_take(t, ":"))
		text_span(t, BLANKS);
	if (err == 0)
		err = read_part(src, t, "", &value);
	return config_lines_add(src, line, &key, &value, err);
}

int
config_read_properties(struct config_source *src)
{
	return config_lines_read(src, BLANKS, "#!", read_line);
}
