/*
 * A value as text, for files and for people.
 */
#include "config/config_value.h"

#include "base/utf8.h"

#include <string.h>

static uint32_t
character_of(struct view v, size_t n)
{
	uint32_t c = n == 1 ? v.p[0] : v.p[0] & (0x7fU >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (v.p[i] & 0x3f);
	return c;
}

/* What a reader could take for a line's end, for nothing, or refuse. */
static bool
must_be_escaped(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	    (c & 0xfffe) == 0xfffe;
}

/* A text in double quotes with the escapes that JSON, TOML, YAML and HCL share. */
static void
write_quoted(struct buf *out, enum config_format format, const char *text)
{
	static const char meanings[] = "\n\r\t\"\\", letters[] = "nrt\"\\";
	struct view rest = view_of(text);
	size_t n;

	buf_u8(out, '"');
	for (; rest.n > 0; rest.p += n, rest.n -= n) {
		uint32_t c;
		const char *meaning;

		if ((n = utf8_length(rest)) == 0) { /* a variable can hold any byte */
			buf_text(out, "\xef\xbf\xbd");
			n = 1;
			continue;
		}
		c = character_of(rest, n);
		meaning = c < 0x80 ? strchr(meanings, (int)c) : NULL;
		if (meaning != NULL)
			buf_printf(out, "\\%c", letters[meaning - meanings]);
		else if (format == CONFIG_HCL && c == '$' && rest.n > 1 && rest.p[1] == '{')
			buf_text(out, "\\u0024");
		else if (!must_be_escaped(c))
			buf_raw(out, rest.p, n);
		else if (c <= 0xffff)
			buf_printf(out, "\\u%04x", c);
		else if (format == CONFIG_JSON)
			buf_printf(out, "\\u%04x\\u%04x", 0xd800 | ((c - 0x10000) >> 10),
			    0xdc00 | ((c - 0x10000) & 0x3ff));
		else
			buf_printf(out, "\\U%08x", c);
	}
	buf_u8(out, '"');
}

static void
write_list(struct buf *out, enum config_format format, const struct config_list *list, bool keys)
{
	const char *separator = format == CONFIG_TOML || format == CONFIG_HCL ? " = " : ": ";
	bool quote_key = format == CONFIG_JSON || format == CONFIG_YAML;

	buf_u8(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		buf_text(out, i > 0 ? ", " : "");
		if (keys)
			buf_printf(out, "{ %sprivate_key%s%s", quote_key ? "\"" : "",
			    quote_key ? "\"" : "", separator);
		write_quoted(out, format, list->items[i]);
		if (keys)
			buf_text(out, " }");
	}
	buf_u8(out, ']');
}

void
setting_write(const struct setting *setting, const void *at, enum config_format format,
	struct buf *out)
{
	switch (setting->type) {
	case SETTING_INT:
		buf_printf(out, "%d", *(const int *)at);
		break;
	case SETTING_OCTAL:
		buf_printf(out, "\"%04o\"", *(const unsigned *)at);
		break;
	case SETTING_BOOL:
		buf_text(out, *(const bool *)at ? "true" : "false");
		break;
	case SETTING_TEXT:
		write_quoted(out, format, *(char *const *)at);
		break;
	case SETTING_LIST:
	case SETTING_KEYS:
		write_list(out, format, at, setting->type == SETTING_KEYS);
		break;
	}
}

void
setting_show(const struct config *config, const struct setting *setting, struct buf *out)
{
	const void *at = setting_place(config, setting);

	if (setting->type == SETTING_KEYS)
		write_list(out, CONFIG_JSON, at, false);
	else
		setting_write(setting, at, CONFIG_JSON, out);
}
