/*
 * Writes the settings that a file has set, in any format, so that reading them gives the same
 * settings. Secrets are written as they are: this is a file's content and not a report.
 */
#include "config/config_write.h"

#include "config/config_check.h"
#include "config/config_file.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include <stdlib.h>
#include <string.h>

/* ---- a value where all are texts */

/* A list is its items with commas between, or JSON where an item would not survive that. */
static void
write_flat_list(struct buf *text, const struct setting *setting, const struct config_list *list)
{
	bool plain = true;

	for (size_t i = 0; i < list->count; i++)
		plain = plain && list->items[i][0] != '\0' && list->items[i][0] != '[' &&
		    strchr(list->items[i], ',') == NULL;
	if (!plain) {
		setting_write(setting, list, CONFIG_JSON, text);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		buf_printf(text, "%s%s", i > 0 ? "," : "", list->items[i]);
}

static void
write_flat_value(struct buf *text, const struct setting *setting, const void *at)
{
	if (setting->type == SETTING_LIST || setting->type == SETTING_KEYS)
		write_flat_list(text, setting, at);
	else if (setting->type == SETTING_TEXT)
		buf_text(text, *(char *const *)at);
	else if (setting->type == SETTING_OCTAL)
		buf_printf(text, "%04o", *(const unsigned *)at);
	else
		setting_write(setting, at, CONFIG_JSON, text);
}

static void
write_property(struct buf *out, const char *name, struct view text)
{
	static const char meanings[] = "\n\r\t\f\\", letters[] = "nrtf\\";

	buf_printf(out, "%s = ", name);
	for (size_t i = 0; i < text.n; i++) {
		const char *meaning = strchr(meanings, text.p[i]);

		if (text.p[i] == ' ' && i == 0)
			buf_text(out, "\\ ");
		else if (meaning != NULL)
			buf_printf(out, "\\%c", letters[meaning - meanings]);
		else
			buf_u8(out, text.p[i]);
	}
	buf_u8(out, '\n');
}

static void
write_variable(struct buf *out, const struct setting *setting, struct view text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+./:,@%=";
	static const char meanings[] = "\n\r\"\\$", letters[] = "nr\"\\$";
	bool quote = false;

	config_setting_variable(setting_number(setting), out);
	buf_u8(out, '=');
	for (size_t i = 0; i < text.n; i++)
		quote = quote || strchr(plain, text.p[i]) == NULL;
	buf_text(out, quote ? "\"" : "");
	for (size_t i = 0; i < text.n; i++) {
		const char *meaning = strchr(meanings, text.p[i]);

		if (meaning != NULL)
			buf_printf(out, "\\%c", letters[meaning - meanings]);
		else
			buf_u8(out, text.p[i]);
	}
	buf_text(out, quote ? "\"\n" : "\n");
}

static void
write_flat(struct buf *out, enum config_format format, const struct setting *setting,
	const void *at)
{
	struct buf text = buf_init(CONFIG_FILE_MAX);

	write_flat_value(&text, setting, at);
	if (buf_error(&text) != 0)
		out->bad = buf_error(&text);
	else if (format == CONFIG_ENV)
		write_variable(out, setting, buf_view(&text));
	else
		write_property(out, setting->name, buf_view(&text));
	buf_free(&text);
}

/* ---- sections */

static unsigned
common_levels(struct view a, struct view b)
{
	unsigned levels = 0;

	for (size_t i = 0;; i++) {
		uint8_t in_a = i < a.n ? a.p[i] : '.', in_b = i < b.n ? b.p[i] : '.';

		if (in_a != in_b)
			return levels;
		levels += in_a == '.' && i > 0;
		if (i >= a.n || i >= b.n)
			return levels;
	}
}

/* "sftpd.actions" of "sftpd.actions.command". */
static struct view
section_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return (struct view){ .p = (const uint8_t *)name,
		.n = dot != NULL ? (size_t)(dot - name) : 0 };
}

static unsigned
levels_of(struct view section)
{
	unsigned levels = section.n > 0;

	for (size_t i = 0; i < section.n; i++)
		levels += section.p[i] == '.';
	return levels;
}

struct writing {
	struct buf *out;
	enum config_format format;
	struct view section; /* that is open */
	bool first;          /* nothing stands in it yet */
};

static void
indent(const struct writing *w, unsigned levels)
{
	for (unsigned i = 0; i < levels; i++)
		buf_text(w->out, "  ");
}

static void
close_sections(struct writing *w, unsigned down_to)
{
	bool braces = w->format == CONFIG_JSON || w->format == CONFIG_HCL;

	for (unsigned level = levels_of(w->section); braces && level > down_to; level--) {
		buf_text(w->out, w->format == CONFIG_JSON ? "\n" : "");
		indent(w, level - (w->format == CONFIG_HCL));
		buf_u8(w->out, '}');
		buf_text(w->out, w->format == CONFIG_HCL ? "\n" : "");
		w->first = false;
	}
}

/* What stands before an entry: in JSON the comma, else nothing. */
static void
begin_entry(struct writing *w, unsigned levels)
{
	if (w->format == CONFIG_JSON) {
		buf_text(w->out, w->first ? "\n" : ",\n");
		indent(w, levels + 1);
	} else {
		indent(w, levels);
	}
	w->first = false;
}

static void
open_sections(struct writing *w, struct view section, unsigned from)
{
	struct view rest = section;

	for (unsigned level = 0; level < levels_of(section); level++) {
		const uint8_t *dot = memchr(rest.p, '.', rest.n);
		int n = (int)(dot != NULL ? (size_t)(dot - rest.p) : rest.n);

		if (level >= from) {
			begin_entry(w, level);
			buf_printf(w->out, w->format == CONFIG_JSON ? "\"%.*s\": {" :
			    w->format == CONFIG_YAML ? "%.*s:\n" : "%.*s {\n", n,
			    (const char *)rest.p);
			w->first = true;
		}
		rest.p += n + (dot != NULL);
		rest.n -= (size_t)n + (dot != NULL);
	}
}

/* In TOML only sections of the first level are headers; below them keys have dots. */
static void
write_toml_entry(struct writing *w, const struct setting *setting, const void *at)
{
	const char *dot = strchr(setting->name, '.');
	struct view section = { .p = (const uint8_t *)setting->name,
		.n = dot != NULL ? (size_t)(dot - setting->name) : 0 };

	if (!view_eq(section, w->section))
		buf_printf(w->out, "%s[%.*s]\n", w->first ? "" : "\n", (int)section.n,
		    setting->name);
	w->section = section;
	w->first = false;
	buf_printf(w->out, "%s = ", dot != NULL ? dot + 1 : setting->name);
	setting_write(setting, at, CONFIG_TOML, w->out);
	buf_u8(w->out, '\n');
}

static void
write_nested_entry(struct writing *w, const struct setting *setting, const void *at)
{
	struct view section = section_of(setting->name);
	unsigned common = common_levels(w->section, section);
	const char *key = setting->name + section.n + (section.n > 0);

	close_sections(w, common);
	open_sections(w, section, common);
	w->section = section;
	begin_entry(w, levels_of(section));
	buf_printf(w->out, w->format == CONFIG_JSON ? "\"%s\": " :
	    w->format == CONFIG_YAML ? "%s: " : "%s = ", key);
	setting_write(setting, at, w->format, w->out);
	buf_text(w->out, w->format == CONFIG_JSON ? "" : "\n");
}

int
config_write(const struct config *config, enum config_format format, struct buf *out)
{
	struct writing w = { .out = out, .format = format, .first = true };

	if (format == CONFIG_INI)
		return ERR_UNSUPPORTED;
	buf_text(out, format == CONFIG_JSON ? "{" : "");
	for (size_t i = 0; i < setting_count; i++) {
		const void *at = setting_place(config, &settings[i]);

		if (config->origins[i] != CONFIG_FROM_FILE)
			continue;
		if (format == CONFIG_PROPERTIES || format == CONFIG_ENV)
			write_flat(out, format, &settings[i], at);
		else if (format == CONFIG_TOML)
			write_toml_entry(&w, &settings[i], at);
		else
			write_nested_entry(&w, &settings[i], at);
	}
	if (format == CONFIG_JSON || format == CONFIG_HCL)
		close_sections(&w, 0);
	buf_text(out, format == CONFIG_JSON ? "\n}\n" : "");
	return buf_error(out);
}

int
config_convert(const struct config_request *request, enum config_format to, struct buf *out,
	struct buf *mistakes)
{
	struct config *config = NULL;
	char *path = NULL;
	int err = config_new(&config, request->config_dir);

	if (err == 0 && request->path != NULL)
		err = (path = strdup(request->path)) != NULL ? 0 : ERR_MEMORY;
	else if (err == 0)
		err = config_file_find(request, config->config_dir, &path);
	if (err == 0 && path == NULL)
		err = ERR_NOT_FOUND;
	if (err == 0)
		err = config_file_read(config, path, mistakes);
	/* Before the check, which gives some values another form. */
	if (err == 0)
		err = config_write(config, to, out);
	if (err == 0)
		err = config_check(config, mistakes);
	free(path);
	config_free(&config);
	return err;
}
