/* What the commands share: options, errors, settings, asking the server, printing its answers. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/fd.h"
#include "cli/table.h"
#include "control/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MISTAKES_MAX = 256 * 1024, KEY_FILE_MAX = 64 * 1024 };

struct cli_common
cli_common_init(void)
{
	const char *directory = getenv("SFTPGO_CONFIG_DIR"), *file = getenv("SFTPGO_CONFIG_FILE");

	return (struct cli_common){ .config_dir = directory != NULL ? directory : ".",
		.config_file = file };
}

bool
cli_common_option(struct cli_common *common, int option)
{
	switch (option) {
	case 'c':
		common->config_dir = optarg;
		return true;
	case 'f':
		common->config_file = optarg;
		return true;
	case 'h':
		common->help = true;
		return true;
	case CLI_OPTION_JSON:
		common->json = true;
		return true;
	default:
		return false;
	}
}

void
cli_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "postern: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}

void
cli_error_lines(const struct buf *lines)
{
	struct view text = buf_view(lines), line;

	while (view_next_line(&text, &line))
		cli_error("%.*s", (int)line.n, (const char *)line.p);
}

int
cli_usage_error(const char *command, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "%s: ", command);
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	fprintf(stderr, "\"%s --help\" shows what it takes.\n", command);
	return CLI_USAGE;
}

struct config *
cli_load_config(const struct cli_common *common, bool forgiving)
{
	struct config_request request = { .config_dir = common->config_dir,
		.config_file = common->config_file, .home = getenv("HOME"),
		.environment = (const char *const *)environ };
	struct buf mistakes = buf_init(MISTAKES_MAX);
	struct config *config = NULL;
	int err = config_load(&config, &request, &mistakes);

	if (err == ERR_INVALID && !forgiving) {
		cli_error_lines(&mistakes);
		config_free(&config);
	} else if (config == NULL) {
		cli_error("configuration directory %s: %s", common->config_dir,
		    err == ERR_IO ? strerror(errno) : err_text(err));
	}
	buf_free(&mistakes);
	return config;
}

/* ---- asking the server */

static int
tell_fault(int err, const char *path, const struct cli_common *common)
{
	switch (err) {
	case ERR_UNAVAILABLE:
		cli_error("no server is running with this configuration (nobody listens on %s)",
		    path);
		cli_error("start one with: postern serve --config-dir %s", common->config_dir);
		return CLI_NO_SERVER;
	case ERR_DENIED:
		cli_error("%s is not ours to use: be root, or the user that the server runs as",
		    path);
		return CLI_FAILED;
	case ERR_LIMIT:
		cli_error("the request is longer than %d bytes", CONTROL_REQUEST_MAX);
		return CLI_FAILED;
	case ERR_IO:
		cli_error("%s: %s", path, strerror(errno));
		return CLI_FAILED;
	default:
		cli_error("%s: %s", path, err_text(err));
		return CLI_FAILED;
	}
}

static int
take_answer(json_t *answer, json_t **body_out)
{
	json_int_t status = json_integer_value(json_object_get(answer, "status"));
	const char *message = json_string_value(json_object_get(answer, "message"));

	if (status >= 200 && status < 300) {
		if (body_out != NULL)
			*body_out = json_incref(json_object_get(answer, "body"));
		return CLI_DONE;
	}
	if (message != NULL)
		cli_error("%s", message);
	else
		cli_error("the server answered with status %" JSON_INTEGER_FORMAT, status);
	return CLI_FAILED;
}

int
cli_ask(const struct cli_common *common, const char *resource, const char *verb, json_t *body,
	json_t **body_out)
{
	struct config *config = cli_load_config(common, true);
	json_t *request = json_pack("{s:s, s:s, s:o}", "resource", resource, "verb", verb, "body",
	    body);
	json_t *answer = NULL;
	char *path = config != NULL ? config_path(config, config->control_socket) : NULL;
	int status = CLI_FAILED, err;

	if (body_out != NULL)
		*body_out = NULL;
	if (request == NULL || (config != NULL && path == NULL)) {
		cli_error("%s", err_text(ERR_MEMORY));
	} else if (config != NULL) {
		err = control_ask(path, request, &answer);
		status = err == 0 ? take_answer(answer, body_out)
		    : tell_fault(err, path, common);
	}
	json_decref(answer);
	json_decref(request);
	free(path);
	config_free(&config);
	return status;
}

const char *
cli_text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

json_t *
cli_split(const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;
	json_t *list = json_array();

	while (text[0] != '\0' && (item = strsep(&rest, ",")) != NULL)
		json_array_append_new(list, json_string(item));
	free(copy);
	return list;
}

/* ---- printing */

void
cli_print_json(const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);

	if (text != NULL)
		puts(text);
	free(text);
}

/* Members that hold milliseconds since 1970. */
static bool
is_time(const char *key)
{
	static const char *const keys[] = { "expiration_date", "last_login", "last_quota_update",
		"started" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

/* A value for people; allocated. */
static char *
member_text(const char *key, const json_t *value)
{
	char time[32];

	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_integer(value) && is_time(key))
		return strdup(table_time(json_integer_value(value), time, sizeof(time)));
	return json_dumps(value, JSON_ENCODE_ANY);
}

static void
add_members(struct table *table, const char *prefix, const json_t *object)
{
	const json_t *value;
	const char *key;

	json_object_foreach ((json_t *)object, key, value) {
		char *name = NULL, *text = NULL;

		if (asprintf(&name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key) < 0)
			return;
		if (json_is_object(value) && json_object_size(value) > 0) {
			add_members(table, name, value);
		} else {
			text = member_text(key, value);
			table_row(table, name, text != NULL ? text : "");
		}
		free(text);
		free(name);
	}
}

void
cli_print_members(const json_t *object)
{
	struct table *table = table_new(2);

	add_members(table, "", object);
	table_print(&table);
}

/* ---- keys */

static char *
first_key_line(const struct buf *content)
{
	struct view text = buf_view(content), line;

	while (view_next_line(&text, &line)) {
		while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
			line.n--;
		if (line.n > 0 && line.p[0] != '#')
			return view_dup(line);
	}
	return NULL;
}

char *
cli_read_key(const char *argument)
{
	struct buf content = buf_init(KEY_FILE_MAX);
	char *key = NULL;
	int err = 0;

	if (strcmp(argument, "-") == 0) {
		char line[KEY_FILE_MAX];

		if (fgets(line, sizeof(line), stdin) != NULL)
			buf_text(&content, line);
		key = first_key_line(&content);
	} else if (strchr(argument, ' ') != NULL && access(argument, F_OK) != 0) {
		key = strdup(argument); /* "ssh-ed25519 AAAA..." */
	} else if ((err = fd_read_file(argument, &content)) == 0) {
		key = first_key_line(&content);
	}
	if (err != 0)
		cli_error("%s: %s", argument, err == ERR_IO ? strerror(errno) : err_text(err));
	else if (key == NULL)
		cli_error("%s: there is no public key in it", argument);
	else if (strstr(key, "PRIVATE KEY") != NULL)
		cli_error("%s: this is a private key; give the public one (usually %s.pub)",
		    argument, argument);
	if (key != NULL && strstr(key, "PRIVATE KEY") != NULL) {
		free(key);
		key = NULL;
	}
	buf_free(&content);
	return key;
}
