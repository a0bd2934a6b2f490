#include "cli/user_options.h"

#include "cli/number.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum user_option {
	OPTION_HOME = CLI_OPTION_FIRST,
	OPTION_KEY,
	OPTION_PASSWORD_STDIN,
	OPTION_PASSWORD_FILE,
	OPTION_NO_PASSWORD,
	OPTION_PERMISSIONS,
	OPTION_PERMISSION,
	OPTION_EXPIRATION_DATE,
	OPTION_ALLOWED_IP,
	OPTION_DENIED_IP,
	OPTION_ACCESS_TIME,
	OPTION_IDLE_TIMEOUT,
	OPTION_FROM_JSON,
	OPTION_SEARCH,
	OPTION_NUMBER, /* this and the following: see number_options */
};

const char user_options_usage[] =
    "Options of add and update:\n"
    "      --home DIR           home directory\n"
    "      --key KEY            public key: a file with one, or its text; may be repeated\n"
    "      --password-stdin     read the password from standard input\n"
    "      --password-file FILE read the password from a file; \"-\" is standard input\n"
    "      --no-password        take the password away\n"
    "      --permissions LIST   what is allowed, as in list,download (for add: *)\n"
    "      --permission DIR:LIST what is allowed below a directory; may be repeated\n"
    "      --status 0|1         0: disabled, 1: active\n"
    "      --expiration-date T  2030-12-31, \"never\", or milliseconds since 1970\n"
    "      --uid N, --gid N     owner of the files, where the server may give files away\n"
    "      --max-sessions N     --quota-size BYTES      --quota-files N\n"
    "      --upload-bandwidth N --download-bandwidth N  (1000 bytes a second)\n"
    "      --allowed-ip LIST    --denied-ip LIST        (CIDR)\n"
    "      --access-time LIST   allowed hours, as in 1/08:00-17:59,2/08:00-17:59 (0: Sunday)\n"
    "      --idle-timeout N     minutes; 0: the server's, -1: never\n"
    "      --from-json FILE     any other field: an object as `user show --json` prints;\n"
    "                           \"-\" is standard input\n";

/* Options whose value is a number of the account; the same order as in user_options_long. */
static const struct {
	const char *name;
	const char *member;
	long long min, max;
} number_options[] = {
	{ "status", "status", 0, 1 },
	{ "uid", "uid", 0, INT_MAX },
	{ "gid", "gid", 0, INT_MAX },
	{ "max-sessions", "max_sessions", 0, INT_MAX },
	{ "quota-size", "quota_size", 0, LLONG_MAX },
	{ "quota-files", "quota_files", 0, INT_MAX },
	{ "upload-bandwidth", "upload_bandwidth", 0, LLONG_MAX },
	{ "download-bandwidth", "download_bandwidth", 0, LLONG_MAX },
};

const struct option user_options_long[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "home", required_argument, NULL, OPTION_HOME },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "password-stdin", no_argument, NULL, OPTION_PASSWORD_STDIN },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "no-password", no_argument, NULL, OPTION_NO_PASSWORD },
	{ "permissions", required_argument, NULL, OPTION_PERMISSIONS },
	{ "permission", required_argument, NULL, OPTION_PERMISSION },
	{ "expiration-date", required_argument, NULL, OPTION_EXPIRATION_DATE },
	{ "allowed-ip", required_argument, NULL, OPTION_ALLOWED_IP },
	{ "denied-ip", required_argument, NULL, OPTION_DENIED_IP },
	{ "access-time", required_argument, NULL, OPTION_ACCESS_TIME },
	{ "idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT },
	{ "from-json", required_argument, NULL, OPTION_FROM_JSON },
	{ "search", required_argument, NULL, OPTION_SEARCH },
	{ "status", required_argument, NULL, OPTION_NUMBER },
	{ "uid", required_argument, NULL, OPTION_NUMBER + 1 },
	{ "gid", required_argument, NULL, OPTION_NUMBER + 2 },
	{ "max-sessions", required_argument, NULL, OPTION_NUMBER + 3 },
	{ "quota-size", required_argument, NULL, OPTION_NUMBER + 4 },
	{ "quota-files", required_argument, NULL, OPTION_NUMBER + 5 },
	{ "upload-bandwidth", required_argument, NULL, OPTION_NUMBER + 6 },
	{ "download-bandwidth", required_argument, NULL, OPTION_NUMBER + 7 },
	{ NULL, 0, NULL, 0 },
};

int
user_options_init(struct user_options *options)
{
	*options = (struct user_options){ .user = json_object() };
	return options->user != NULL ? 0 : ERR_MEMORY;
}

void
user_options_free(struct user_options *options)
{
	json_decref(options->user);
	options->user = NULL;
}

/* The member, made when it is not there. */
static json_t *
member(json_t *object, const char *key, json_t *(*make)(void))
{
	if (json_object_get(object, key) == NULL)
		json_object_set_new(object, key, make());
	return json_object_get(object, key);
}

static int
fault_text(const char *command, const char *option, const char *text)
{
	return cli_usage_error(command, "%s: \"%s\" is not UTF-8 text", option, text);
}

static int
set_text(json_t *object, const char *key, const char *text, const char *command)
{
	return json_object_set_new(object, key, json_string(text)) == 0 ? CLI_DONE
	    : fault_text(command, key, text);
}

/* Relative to where the command is run, which is not where the server runs. */
static int
set_home(struct user_options *options, const char *command, const char *text)
{
	char *absolute = NULL, *here;
	int status = CLI_FAILED;

	if (text[0] == '/' || text[0] == '\0')
		return set_text(options->user, "home_dir", text, command);
	here = getcwd(NULL, 0);
	if (here != NULL && asprintf(&absolute, "%s/%s", here, text) >= 0)
		status = set_text(options->user, "home_dir", absolute, command);
	else
		cli_error("the working directory cannot be found; give --home as an absolute path");
	free(absolute);
	free(here);
	return status;
}

static int
add_key(struct user_options *options, const char *argument)
{
	char *key = cli_read_key(argument);
	int status = CLI_FAILED;

	if (key != NULL && json_array_append_new(member(options->user, "public_keys", json_array),
		json_string(key)) == 0)
		status = CLI_DONE;
	else if (key != NULL)
		cli_error("%s: the key is not UTF-8 text", argument);
	free(key);
	return status;
}

static int
add_permission(struct user_options *options, const char *command, const char *argument)
{
	const char *colon = strrchr(argument, ':');
	char *directory;
	int status = CLI_DONE;

	if (colon == NULL || colon == argument)
		return cli_usage_error(command, "permission: \"%s\" is not DIR:LIST", argument);
	directory = strndup(argument, (size_t)(colon - argument));
	if (directory == NULL || json_object_set_new(member(options->user, "permissions",
		json_object), directory, cli_split(colon + 1)) != 0)
		status = fault_text(command, "permission", argument);
	free(directory);
	return status;
}

/* "1/08:00-17:59"; what stands in it is the server's to judge. */
static json_t *
access_window(const char *text)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	char *end;
	long day = strtol(text, &end, 10);

	if (slash == NULL || end != slash || slash == text || dash == NULL || dash < slash)
		return NULL;
	return json_pack("{s:I, s:s%, s:s}", "day_of_week", (json_int_t)day, "from", slash + 1,
	    (size_t)(dash - slash - 1), "to", dash + 1);
}

static int
set_access_time(struct user_options *options, const char *command, const char *argument)
{
	json_t *texts = cli_split(argument), *windows = json_array(), *text;
	int status = CLI_DONE;
	size_t i;

	json_array_foreach (texts, i, text) {
		if (status == CLI_DONE && json_array_append_new(windows,
			access_window(json_string_value(text))) != 0)
			status = cli_usage_error(command, "access-time: \"%s\" is not "
			    "DAY/HH:MM-HH:MM", json_string_value(text));
	}
	json_object_set_new(member(options->user, "filters", json_object), "access_time", windows);
	json_decref(texts);
	return status;
}

static int
set_idle_timeout(struct user_options *options, const char *command, const char *argument)
{
	long long minutes;

	if (!cli_number(command, "idle-timeout", argument, -1, INT_MAX, &minutes))
		return CLI_USAGE;
	json_object_set_new(member(options->user, "filters", json_object), "idle_timeout",
	    json_integer(minutes));
	return CLI_DONE;
}

static int
merge_json(struct user_options *options, const char *file)
{
	json_error_t error;
	json_t *object = strcmp(file, "-") == 0
	    ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
	    : json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	int status = CLI_FAILED;

	if (object == NULL && error.line < 0)
		cli_error("%s", error.text); /* it names the file, which cannot be opened */
	else if (object == NULL)
		cli_error("%s:%d: %s", file, error.line, error.text);
	else if (!json_is_object(object))
		cli_error("%s: is not a JSON object", file);
	else if (json_object_update_missing(options->user, object) == 0)
		status = CLI_DONE;
	json_decref(object);
	return status;
}

static int
take_number(struct user_options *options, const char *command, size_t number)
{
	long long value;

	if (!cli_number(command, number_options[number].name, optarg, number_options[number].min,
		number_options[number].max, &value))
		return CLI_USAGE;
	json_object_set_new(options->user, number_options[number].member,
	    json_integer((json_int_t)value));
	return CLI_DONE;
}

int
user_options_take(struct user_options *options, const char *command, int option)
{
	long long date;

	switch (option) {
	case OPTION_HOME:
		return set_home(options, command, optarg);
	case OPTION_KEY:
		return add_key(options, optarg);
	case OPTION_PASSWORD_STDIN:
		options->password_file = "-";
		return CLI_DONE;
	case OPTION_PASSWORD_FILE:
		options->password_file = optarg;
		return CLI_DONE;
	case OPTION_NO_PASSWORD:
		options->no_password = true;
		return CLI_DONE;
	case OPTION_PERMISSIONS:
		json_object_set_new(member(options->user, "permissions", json_object), "/",
		    cli_split(optarg));
		return CLI_DONE;
	case OPTION_PERMISSION:
		return add_permission(options, command, optarg);
	case OPTION_EXPIRATION_DATE:
		if (!cli_date(command, "expiration-date", optarg, &date))
			return CLI_USAGE;
		json_object_set_new(options->user, "expiration_date", json_integer(date));
		return CLI_DONE;
	case OPTION_ALLOWED_IP:
		json_object_set_new(member(options->user, "filters", json_object), "allowed_ip",
		    cli_split(optarg));
		return CLI_DONE;
	case OPTION_DENIED_IP:
		json_object_set_new(member(options->user, "filters", json_object), "denied_ip",
		    cli_split(optarg));
		return CLI_DONE;
	case OPTION_ACCESS_TIME:
		return set_access_time(options, command, optarg);
	case OPTION_IDLE_TIMEOUT:
		return set_idle_timeout(options, command, optarg);
	case OPTION_FROM_JSON:
		return merge_json(options, optarg);
	case OPTION_SEARCH:
		options->search = optarg;
		return CLI_DONE;
	default:
		break;
	}
	if (option >= OPTION_NUMBER && option < OPTION_NUMBER +
		(int)(sizeof(number_options) / sizeof(number_options[0])))
		return take_number(options, command, (size_t)(option - OPTION_NUMBER));
	return cli_usage_error(command, "stopped at a wrong option");
}
