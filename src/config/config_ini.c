/*
 * INI: "[sftpd]" and "[sftpd.actions]" begin sections, "bind_port = 2022" is a key of the section
 * that it stands in. A value can stand in double or single quotes; there are no escapes.
 */
#include "config/config_source.h"
#include "config/config_text.h"

#include <string.h>

#define BLANKS " \t"

static int
read_section(struct config_source *src, struct text *t, struct view *section)
{
	unsigned line = t->line;
	struct view rest = text_trim(text_rest_of_line(t));

	/* Without the '[' that was seen. */
	if (rest.n < 3 || rest.p[rest.n - 1] != ']')
		return config_source_fault(src, line, "a section must be a name in brackets alone");
	*section = text_trim((struct view){ .p = rest.p + 1, .n = rest.n - 2 });
	if (section->n == 0)
		return config_source_fault(src, line, "a section has no name");
	/* What viper's library calls the keys that stand before the first section. */
	if (section->n == 7 && memcmp(section->p, "DEFAULT", 7) == 0)
		section->n = 0;
	return 0;
}

static int
read_value(struct config_source *src, unsigned line, struct view *value)
{
	uint8_t quote = value->n > 0 ? value->p[0] : 0;
	const uint8_t *end;

	if (quote != '"' && quote != '\'') {
		for (size_t i = 0; i < value->n; i++) {
			if ((value->p[i] == '#' || value->p[i] == ';') &&
			    (i == 0 || memchr(BLANKS, value->p[i - 1], 2) != NULL))
				value->n = i;
		}
		*value = text_trim(*value);
		return 0;
	}
	end = memchr(value->p + 1, quote, value->n - 1);
	if (end == NULL)
		return config_source_fault(src, line, "a quote has no end on its line");
	if (end + 1 != value->p + value->n)
		return config_source_fault(src, line, "something follows a quoted value");
	*value = (struct view){ .p = value->p + 1, .n = value->n - 2 };
	return 0;
}

static int
read_key(struct config_source *src, struct text *t, struct view section)
{
	unsigned line = t->line;
	struct view rest = text_rest_of_line(t), key, value;
	struct buf name = buf_init(CONFIG_FILE_MAX);
	const uint8_t *separator = memchr(rest.p, '=', rest.n);
	int err;

	if (separator == NULL)
		separator = memchr(rest.p, ':', rest.n);
	if (separator == NULL)
		return config_source_fault(src, line, "a line has no '='");
	key = text_trim((struct view){ .p = rest.p, .n = (size_t)(separator - rest.p) });
	value = text_trim((struct view){ .p = separator + 1,
		.n = rest.n - (size_t)(separator + 1 - rest.p) });
	if (key.n == 0)
		return config_source_fault(src, line, "a key is empty");
	if ((err = read_value(src, line, &value)) != 0)
		return err;
	buf_raw(&name, section.p, section.n);
	buf_text(&name, section.n > 0 ? "." : "");
	buf_raw(&name, key.p, key.n);
	err = buf_error(&name);
	if (err == 0)
		err = config_source_add(src, src->root, buf_view(&name), line,
		    json_stringn((const char *)value.p, value.n));
	buf_free(&name);
	return err;
}

int
config_read_ini(struct config_source *src)
{
	struct text t = { .all = src->text, .line = 1 };
	struct view section = { 0 };
	int c, err = 0;

	src->flat = true;
	if ((src->root = json_object()) == NULL)
		return ERR_MEMORY;
	while (err == 0) {
		text_span(&t, BLANKS "\r\n");
		if ((c = text_peek(&t, 0)) < 0)
			break;
		if (c == '#' || c == ';')
			text_rest_of_line(&t);
		else if (c == '[')
			err = read_section(src, &t, &section);
		else
			err = read_key(src, &t, section);
	}
	return err;
}
