#include "config/config_file.h"

#include "base/fd.h"
#include "base/log_line.h"
#include "base/secret.h"
#include "config/config_source.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- finding */

/* A directory counts as no file; one that cannot be looked at will fail to open, and says why. */
static bool
is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static int
find_in(const char *directory, const char *below, const char *name, char **path_out)
{
	const char *extension;

	for (size_t i = 0; (extension = config_format_extension(i)) != NULL; i++) {
		char *path = NULL;

		if (asprintf(&path, "%s%s/%s.%s", directory, below, name, extension) < 0)
			return ERR_MEMORY;
		if (is_there(path)) {
			*path_out = path;
			return 0;
		}
		free(path);
	}
	return ERR_NOT_FOUND;
}

int
config_file_find(const struct config_request *request, const char *config_dir, char **path_out)
{
	const char *const usual[] = { "postern", "sftpgo" };
	const char *const *names = request->config_file != NULL ? &request->config_file : usual;
	size_t name_count = request->config_file != NULL ? 1 : 2;
	const struct {
		const char *directory, *below;
	} places[] = {
		{ config_dir, "" },
		{ request->home, "/.config/postern" },
		{ request->home, "/.config/sftpgo" },
		{ "/etc/postern", "" },
		{ "/etc/sftpgo", "" },
		{ ".", "" },
	};

	*path_out = NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int err = ERR_NOT_FOUND;

		if (places[i].directory == NULL)
			continue;
		for (size_t j = 0; j < name_count && err == ERR_NOT_FOUND; j++)
			err = find_in(places[i].directory, places[i].below, names[j], path_out);
		if (err == 0 || err == ERR_MEMORY)
			return err;
	}
	return 0;
}

/* ---- reading */

/* More than anybody mends in one go; and what is told has to fit the caller's buffer. */
enum { MISTAKES_TOLD = 50 };

struct reading {
	struct config *config;
	struct config_source source;
	bool *seen; /* one a setting */
	unsigned mistakes_told;
	int err;    /* 0, ERR_INVALID or ERR_MEMORY */
};

/* One key of the tree, and the name that it has in the table. */
struct entry {
	const json_t *object;
	const char *key;
	const char *name;
	const json_t *value;
};

static struct buf *
mistake_begin(struct reading *r, const struct entry *entry)
{
	struct buf *mistakes = r->source.mistakes;
	unsigned line = r->source.format == CONFIG_JSON
	    ? config_line_of(r->source.text, entry->name)
	    : config_source_line(&r->source, entry->object, entry->key);

	if (line > 0)
		buf_printf(mistakes, "%s:%u: %.100s: ", r->source.path, line, entry->name);
	else
		buf_printf(mistakes, "%s: %.100s: ", r->source.path, entry->name);
	r->mistakes_told++;
	if (r->err == 0)
		r->err = ERR_INVALID;
	return mistakes;
}

static void
read_unknown(struct reading *r, const struct entry *entry)
{
	const char *suggestion = setting_suggest(entry->name);
	struct buf *mistakes = mistake_begin(r, entry);

	if (suggestion != NULL)
		buf_printf(mistakes, "unknown key; did you mean %s?\n", suggestion);
	else
		buf_text(mistakes, "unknown key; remove it (\"postern check\" lists all keys)\n");
}

static void
read_setting(struct reading *r, const struct setting *setting, const struct entry *entry)
{
	size_t number = setting_number(setting);
	struct buf fault = buf_init(4096);
	int err;

	if (r->seen[number]) {
		buf_text(mistake_begin(r, entry), "given twice; remove one\n");
		return;
	}
	r->seen[number] = true;
	err = r->source.flat
	    ? setting_set_text(r->config, setting, json_string_value(entry->value), &fault)
	    : setting_set_json(r->config, setting, entry->value, &fault);
	if (err == 0) {
		r->config->origins[number] = CONFIG_FROM_FILE;
	} else if (err == ERR_INVALID) {
		struct buf *mistakes = mistake_begin(r, entry);

		buf_raw(mistakes, fault.p, fault.n);
		buf_text(mistakes, "\n");
	} else {
		r->err = err;
	}
	buf_free(&fault);
}

static void read_object(struct reading *r, const json_t *object, const char *prefix);

static void
read_entry(struct reading *r, struct entry *entry)
{
	const struct setting *setting = setting_find(entry->name);

	if (setting != NULL) {
		entry->name = setting->name;
		read_setting(r, setting, entry);
		return;
	}
	if (!setting_is_group(entry->name))
		read_unknown(r, entry);
	else if (json_is_object(entry->value))
		read_object(r, entry->value, entry->name);
	else if (json_is_array(entry->value))
		buf_text(mistake_begin(r, entry), "this is a section; it can be given only once\n");
	/* In YAML a section whose keys are all comments is null. */
	else if (!json_is_null(entry->value))
		buf_text(mistake_begin(r, entry),
		    "this is a section; it must hold keys, not a value\n");
}

/* The table is three levels deep, and only its groups are entered. */
static void
read_object(struct reading *r, const json_t *object, const char *prefix)
{
	const json_t *value;
	const char *key;

	json_object_foreach ((json_t *)object, key, value) {
		struct entry entry = { .object = object, .key = key, .value = value };
		char *name = NULL;

		if (r->err == ERR_MEMORY || r->mistakes_told == MISTAKES_TOLD)
			return;
		if (asprintf(&name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key) < 0) {
			r->err = ERR_MEMORY;
			return;
		}
		entry.name = name;
		read_entry(r, &entry);
		free(name);
	}
}

int
config_file_parse(struct config *config, const char *path, enum config_format format,
	struct view text, struct buf *mistakes)
{
	struct reading r = { .config = config, .source = { .path = path, .format = format,
		.text = text, .mistakes = mistakes } };

	r.seen = calloc(setting_count, sizeof(*r.seen));
	if (r.seen == NULL)
		return ERR_MEMORY;
	r.err = config_source_read(&r.source);
	if (r.err == 0) {
		read_object(&r, r.source.root, "");
		if (r.mistakes_told == MISTAKES_TOLD)
			buf_printf(mistakes, "%s: what follows was not looked at\n", path);
	}
	config_source_free(&r.source);
	free(r.seen);
	return r.err;
}

int
config_file_read(struct config *config, const char *path, struct buf *mistakes)
{
	struct buf text = buf_init(CONFIG_FILE_MAX);
	enum config_format format;
	int err;

	if (config_format_of_path(path, &format) != 0) {
		buf_printf(mistakes, "%s: the name does not end as that of a configuration does: "
		    "json, toml, yaml, yml, properties, hcl, env or ini\n", path);
		return ERR_INVALID;
	}
	err = fd_read_file(path, &text);
	if (err == 0) {
		err = config_file_parse(config, path, format, buf_view(&text), mistakes);
	} else if (err != ERR_MEMORY) {
		buf_printf(mistakes, "%s: cannot be read: %s\n", path,
		    err == ERR_IO ? strerror(errno) : err_text(err));
		err = ERR_INVALID;
	}
	buf_free(&text);
	return err;
}
