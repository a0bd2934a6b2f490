#include "master/config_file.h"

#include "base/fd.h"
#include "base/log_line.h"
#include "base/secret.h"
#include "master/config_table.h"
#include "master/config_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- finding */

static const char *const extensions[] = { "json", "toml", "yaml", "yml", "properties", "props",
	"prop", "hcl", "dotenv", "env", "ini" };

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
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		char *path = NULL;

		if (asprintf(&path, "%s%s/%s.%s", directory, below, name, extensions[i]) < 0)
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
	const char *path;
	struct view text;
	struct buf *mistakes;
	bool *seen; /* one a setting */
	unsigned mistakes_told;
	int err;    /* 0, ERR_INVALID or ERR_MEMORY */
};

static void
mistake_begin(struct reading *r, const char *name)
{
	unsigned line = config_line_of(r->text, name);

	if (line > 0)
		buf_printf(r->mistakes, "%s:%u: %.100s: ", r->path, line, name);
	else
		buf_printf(r->mistakes, "%s: %.100s: ", r->path, name);
	r->mistakes_told++;
	if (r->err == 0)
		r->err = ERR_INVALID;
}

static void
read_unknown(struct reading *r, const char *name)
{
	const char *suggestion = setting_suggest(name);

	mistake_begin(r, name);
	if (suggestion != NULL)
		buf_printf(r->mistakes, "unknown key; did you mean %s?\n", suggestion);
	else
		buf_text(r->mistakes,
		    "unknown key; remove it (\"postern check\" lists all keys)\n");
}

static void
read_setting(struct reading *r, const struct setting *setting, const json_t *value)
{
	size_t number = setting_number(setting);
	struct buf fault = buf_init(4096);
	int err;

	if (r->seen[number]) {
		mistake_begin(r, setting->name);
		buf_text(r->mistakes, "given twice, in different case; remove one\n");
		return;
	}
	r->seen[number] = true;
	err = setting_set_json(r->config, setting, value, &fault);
	if (err == 0) {
		r->config->origins[number] = CONFIG_FROM_FILE;
	} else if (err == ERR_INVALID) {
		mistake_begin(r, setting->name);
		buf_raw(r->mistakes, fault.p, fault.n);
		buf_text(r->mistakes, "\n");
	} else {
		r->err = err;
	}
	buf_free(&fault);
}

/* The table is three levels deep, and only its groups are entered. */
static void
read_object(struct reading *r, const json_t *object, const char *prefix)
{
	const json_t *value;
	const char *key;

	json_object_foreach ((json_t *)object, key, value) {
		const struct setting *setting;
		char *name = NULL;

		if (r->err == ERR_MEMORY || r->mistakes_told == MISTAKES_TOLD)
			return;
		if (asprintf(&name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key) < 0) {
			r->err = ERR_MEMORY;
			return;
		}
		if ((setting = setting_find(name)) != NULL) {
			read_setting(r, setting, value);
		} else if (!setting_is_group(name)) {
			read_unknown(r, name);
		} else if (json_is_object(value)) {
			read_object(r, value, name);
		} else {
			mistake_begin(r, name);
			buf_text(r->mistakes, "this is a section; it must be an object {...}\n");
		}
		free(name);
	}
}

int
config_file_parse(struct config *config, const char *path, struct view text, struct buf *mistakes)
{
	struct reading r = { .config = config, .path = path, .text = text, .mistakes = mistakes };
	json_error_t error;
	json_t *root;

	r.seen = calloc(setting_count, sizeof(*r.seen));
	if (r.seen == NULL)
		return ERR_MEMORY;
	root = json_loadb(text.n > 0 ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES,
	    &error);
	if (root == NULL) {
		/* The library quotes the text near the fault, and may break the line with it. */
		for (char *c = error.text; *c != '\0'; c++) {
			if (*c == '\n' || *c == '\r')
				*c = ' ';
		}
		buf_printf(mistakes, "%s:%d: this is not JSON: %s\n", path,
		    error.line > 0 ? error.line : 1, error.text);
		r.err = ERR_INVALID;
	} else if (!json_is_object(root)) {
		buf_printf(mistakes, "%s: the file must hold one JSON object {...}\n", path);
		r.err = ERR_INVALID;
	} else {
		read_object(&r, root, "");
		if (r.mistakes_told == MISTAKES_TOLD)
			buf_printf(mistakes, "%s: what follows was not looked at\n", path);
	}
	json_decref(root);
	free(r.seen);
	return r.err;
}

int
config_file_read(struct config *config, const char *path, struct buf *mistakes)
{
	const char *extension = strrchr(path, '.');
	struct buf text = buf_init(CONFIG_FILE_MAX);
	int err;

	if (strcmp(extension, ".json") != 0) {
		buf_printf(mistakes, "%s: this version reads JSON only; write the settings as "
		    "%.*s.json\n", path, (int)(extension - path), path);
		return ERR_INVALID;
	}
	err = fd_read_file(path, &text);
	if (err == 0) {
		err = config_file_parse(config, path, buf_view(&text), mistakes);
	} else if (err != ERR_MEMORY) {
		buf_printf(mistakes, "%s: cannot be read: %s\n", path,
		    err == ERR_IO ? strerror(errno) : err_text(err));
		err = ERR_INVALID;
	}
	buf_free(&text);
	return err;
}
