#include "config/config.h"

#include "config/config_check.h"
#include "config/config_file.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE_PREFIX "SFTPGO_"

const char *
config_origin_text(enum config_origin origin)
{
	static const char *const texts[] = { "default", "file", "environment", "flag" };

	return texts[origin];
}

/* ---- making and freeing */

void
config_free(struct config **config)
{
	struct config *c = *config;

	if (c == NULL)
		return;
	for (size_t i = 0; i < setting_count; i++)
		setting_free(c, &settings[i]);
	free(c->config_dir);
	free(c->file);
	free(c->origins);
	free(c);
	*config = NULL;
}

int
config_new(struct config **out, const char *config_dir)
{
	struct config *config = calloc(1, sizeof(*config));
	struct buf fault = buf_init(4096);
	int err = ERR_MEMORY;

	*out = NULL;
	if (config == NULL)
		return ERR_MEMORY;
	config->origins = calloc(setting_count, sizeof(*config->origins));
	config->file = strdup("");
	if (config->origins == NULL || config->file == NULL)
		goto out;
	if ((config->config_dir = realpath(config_dir, NULL)) == NULL) {
		err = errno == ENOMEM ? ERR_MEMORY : ERR_IO;
		goto out;
	}
	for (size_t i = 0; i < setting_count; i++) {
		err = setting_set_text(config, &settings[i], settings[i].preset, &fault);
		if (err == ERR_INVALID)
			bug("the default of %s is not possible", settings[i].name);
		if (err != 0)
			goto out;
	}
	*out = config;
	config = NULL;
	err = 0;
out:
	buf_free(&fault);
	config_free(&config);
	return err;
}

char *
config_path(const struct config *config, const char *value)
{
	char *path = NULL;

	if (value[0] == '\0' || value[0] == '/')
		return strdup(value);
	if (asprintf(&path, "%s%s%s", config->config_dir,
		strcmp(config->config_dir, "/") == 0 ? "" : "/", value) < 0)
		return NULL;
	return path;
}

/* ---- the environment */

void
config_setting_variable(size_t number, struct buf *out)
{
	buf_text(out, VARIABLE_PREFIX);
	for (const char *c = settings[number].name; *c != '\0'; c++) {
		if (*c == '.')
			buf_text(out, "__");
		else
			buf_u8(out, (uint8_t)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
	}
}

static const struct setting *
setting_of_variable(struct view variable)
{
	const struct setting *found = NULL;

	for (size_t i = 0; i < setting_count && found == NULL; i++) {
		struct buf name = buf_init(256);

		config_setting_variable(i, &name);
		if (buf_error(&name) == 0 && view_eq(buf_view(&name), variable))
			found = &settings[i];
		buf_free(&name);
	}
	return found;
}

/* True for SFTPGO_SFTPD__ANYTHING: in a section of ours, so it can only be meant for us. */
static bool
variable_in_section(struct view variable)
{
	static const char *const sections[] = { "SFTPGO_LIMITS__", "SFTPGO_SFTPD__",
		"SFTPGO_DATA_PROVIDER__", "SFTPGO_HTTPD__" };

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct view section = view_of(sections[i]);

		if (variable.n > section.n && memcmp(variable.p, section.p, section.n) == 0)
			return true;
	}
	return false;
}

static int
set_text(struct config *config, const struct setting *setting, const char *text,
	enum config_origin origin, const char *where, struct buf *mistakes)
{
	struct buf fault = buf_init(4096);
	int err = setting_set_text(config, setting, text, &fault);

	if (err == 0)
		config->origins[setting_number(setting)] = origin;
	else if (err == ERR_INVALID)
		buf_printf(mistakes, "%s: %s: %.*s\n", where, setting->name, (int)fault.n,
		    (const char *)fault.p);
	buf_free(&fault);
	return err;
}

static int
read_variable(struct config *config, const char *entry, struct buf *mistakes)
{
	const char *equals = strchr(entry, '=');
	const struct setting *setting;
	struct view name;
	char where[160];

	if (equals == NULL || strncmp(entry, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) != 0)
		return 0;
	name = (struct view){ .p = (const uint8_t *)entry, .n = (size_t)(equals - entry) };
	snprintf(where, sizeof(where), "environment variable %.*s", (int)name.n, entry);
	if ((setting = setting_of_variable(name)) != NULL)
		return set_text(config, setting, equals + 1, CONFIG_FROM_ENVIRONMENT, where,
		    mistakes);
	if (!variable_in_section(name))
		return 0;
	buf_printf(mistakes, "%s: no such setting; unset it (\"postern check\" lists all keys)\n",
	    where);
	return ERR_INVALID;
}

static int
read_environment(struct config *config, const char *const *environment, struct buf *mistakes)
{
	int result = 0;

	for (; environment != NULL && *environment != NULL; environment++) {
		int err = read_variable(config, *environment, mistakes);

		if (err == ERR_MEMORY)
			return err;
		if (err != 0)
			result = err;
	}
	return result;
}

/* ---- loading */

int
config_set(struct config *config, const char *name, const char *text, enum config_origin origin,
	struct buf *mistakes)
{
	const struct setting *setting = setting_find(name);

	if (setting == NULL)
		return ERR_NOT_FOUND;
	return set_text(config, setting, text, origin, config_origin_text(origin), mistakes);
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

static void
strip_brackets(char *address)
{
	size_t n = strlen(address);

	if (address[0] == '[') {
		memmove(address, address + 1, n - 2);
		address[n - 2] = '\0';
	}
}

static int
check_provider(const struct config_data_provider *provider, struct buf *mistakes)
{
	bool is_file = strcmp(provider->driver, "sqlite") == 0 ||
	    strcmp(provider->driver, "bolt") == 0;

	if (is_file && provider->name[0] == '\0') {
		buf_printf(mistakes, "data_provider.name: \"\" is not the file name that the driver "
		    "\"%s\" needs; set it, for example to \"sftpgo.db\"\n", provider->driver);
		return ERR_INVALID;
	}
	return 0;
}

int
config_check(struct config *config, struct buf *mistakes)
{
	int err, algorithms_err;

	strip_brackets(config->sftpd.bind_address);
	strip_brackets(config->httpd.bind_address);
	if (is_blank(config->sftpd.banner) &&
	    setting_replace_text(&config->sftpd.banner, CONFIG_BANNER_DEFAULT) != 0)
		return ERR_MEMORY;
	err = check_provider(&config->data_provider, mistakes);
	if (config->bans.ban_minutes > config->bans.ban_minutes_max) {
		buf_printf(mistakes, "bans.ban_minutes: %d is more than bans.ban_minutes_max (%d); raise "
		    "that, or lower this\n", config->bans.ban_minutes, config->bans.ban_minutes_max);
		err = ERR_INVALID;
	}
	algorithms_err = config_check_algorithms(config, mistakes);
	return algorithms_err != 0 ? algorithms_err : err;
}

int
config_load(struct config **out, const struct config_request *request, struct buf *mistakes)
{
	struct config *config = NULL;
	char *path = NULL;
	int err, worst;

	*out = NULL;
	err = config_new(&config, request->config_dir);
	if (err != 0)
		return err;
	if (request->path == NULL)
		err = config_file_find(request, config->config_dir, &path);
	else
		err = (path = strdup(request->path)) != NULL ? 0 : ERR_MEMORY;
	if (err == 0 && path != NULL) {
		free(config->file);
		config->file = path;
		err = config_file_read(config, path, mistakes);
	}
	if (err != 0 && err != ERR_INVALID)
		goto out;
	worst = err;
	err = read_environment(config, request->environment, mistakes);
	if (err != 0 && err != ERR_INVALID)
		goto out;
	worst = worst != 0 ? worst : err;
	err = config_check(config, mistakes);
	if (err != 0 && err != ERR_INVALID)
		goto out;
	err = worst != 0 ? worst : err;
	*out = config;
	config = NULL;
out:
	config_free(&config);
	return err;
}

/* ---- walking */

size_t
config_setting_count(void)
{
	return setting_count;
}

const char *
config_setting_name(size_t number)
{
	return settings[number].name;
}

enum config_origin
config_setting_origin(const struct config *config, size_t number)
{
	return config->origins[number];
}

void
config_setting_value(const struct config *config, size_t number, struct buf *out)
{
	const struct setting *setting = &settings[number];
	size_t start = out->n;

	setting_show(config, setting, out);
	if ((setting->flags & SETTING_SECRET) && buf_error(out) == 0 && out->n - start > 2) {
		out->n = start;
		buf_text(out, "\"(set)\"");
	}
}

void
config_notes(const struct config *config, struct buf *notes)
{
	struct config *presets = NULL;

	if (config_new(&presets, "/") != 0)
		return;
	for (size_t i = 0; i < setting_count; i++) {
		struct buf now = buf_init(CONFIG_FILE_MAX), preset = buf_init(CONFIG_FILE_MAX);

		setting_show(config, &settings[i], &now);
		setting_show(presets, &settings[i], &preset);
		if ((settings[i].flags & SETTING_LATER) &&
		    !((settings[i].flags & SETTING_ZERO_IS_OFF) && view_is(buf_view(&now), "0")) &&
		    !view_eq(buf_view(&now), buf_view(&preset)))
			buf_printf(notes, "%s: is set, but has no effect in this version\n",
			    settings[i].name);
		buf_free(&now);
		buf_free(&preset);
	}
	if (config->sftpd.proxy_protocol != 0 && config->sftpd.proxy_allowed.count == 0)
		buf_text(notes, "sftpd.proxy_allowed: is empty while sftpd.proxy_protocol is not 0, so "
		    "whoever connects is believed any address; name the proxies\n");
	config_free(&presets);
}
