/*
 * postern user
 */
#include "base/clock.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/password.h"
#include "cli/table.h"
#include "cli/user_explain.h"
#include "cli/user_import.h"
#include "cli/user_options.h"
#include "cli/user_totp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500 };

static const char usage[] =
    "Usage: postern user add NAME [OPTION...]\n"
    "       postern user list [NAME] [--search TEXT] [OPTION...]\n"
    "       postern user show NAME [OPTION...]\n"
    "       postern user update NAME [OPTION...]\n"
    "       postern user delete NAME... [OPTION...]\n"
    "       postern user authorize-key NAME KEY [OPTION...]\n"
    "       postern user passwd NAME [OPTION...]\n"
    "       postern user explain NAME PATH [OPTION...]\n"
    "       postern user import FORMAT [FILE...] [OPTION...]\n"
    "       postern user totp enrol|disable|show NAME [OPTION...]\n\n"
    "Manages the accounts of the running server. update changes what is given and keeps the rest;\n"
    "its --key and --permissions replace all keys and all permissions. A KEY is a file with a\n"
    "public key, or its text. passwd asks for the password, unless an option says where it is.\n"
    "explain says what an account may do at a path, and why.\n"
    "\"postern user import --help\" and \"postern user totp --help\" show the options of these.\n\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n"
    "      --search TEXT        list only those with this in their name\n";

static int
told_not_text(const char *name)
{
	cli_error("\"%s\" is not UTF-8 text", name);
	return CLI_FAILED;
}

/* ---- list and show */

static void
permission_text(const json_t *user, char *out, size_t size)
{
	const json_t *permissions = json_object_get(user, "permissions");
	size_t n;

	cli_join(json_object_get(permissions, "/"), out, size);
	n = strlen(out);
	if (json_object_size(permissions) > 1)
		snprintf(out + n, size - n, " (and %zu directories)",
		    json_object_size(permissions) - 1);
}

static const char *
status_text(const json_t *user)
{
	json_int_t expires = json_integer_value(json_object_get(user, "expiration_date"));

	if (json_integer_value(json_object_get(user, "status")) != 1)
		return "disabled";
	return expires > 0 && expires < clock_wall_ms() ? "expired" : "active";
}

static void
add_row(struct table *table, const json_t *user)
{
	char keys[32], expires[32], last[32], permissions[256];

	snprintf(keys, sizeof(keys), "%zu",
	    json_array_size(json_object_get(user, "public_keys")));
	table_time(json_integer_value(json_object_get(user, "expiration_date")), expires,
	    sizeof(expires));
	table_time(json_integer_value(json_object_get(user, "last_login")), last, sizeof(last));
	permission_text(user, permissions, sizeof(permissions));
	table_row(table, cli_text_of(user, "username"), status_text(user), keys, expires, last,
	    permissions, cli_text_of(user, "home_dir"));
}

/* All accounts, a page at a time; NULL when the fault has been told. */
static json_t *
fetch_all(const struct cli_common *common, const char *username, const char *search,
	int *status_out)
{
	json_t *all = json_array();
	size_t before;

	do {
		json_t *page = NULL;
		json_t *query = json_pack("{s:i, s:I}", "limit", PAGE, "offset",
		    (json_int_t)json_array_size(all));

		if (username != NULL)
			json_object_set_new(query, "username", json_string(username));
		if (search != NULL)
			json_object_set_new(query, "search", json_string(search));
		before = json_array_size(all);
		*status_out = cli_ask(common, "user", "list", query, &page);
		if (*status_out == CLI_DONE)
			json_array_extend(all, page);
		json_decref(page);
	} while (*status_out == CLI_DONE && json_array_size(all) == before + PAGE);
	if (*status_out != CLI_DONE) {
		json_decref(all);
		all = NULL;
	}
	return all;
}

static int
list(const struct cli_common *common, const struct user_options *options, int argc, char **argv)
{
	int status;
	json_t *users = fetch_all(common, argc > 0 ? argv[0] : NULL, options->search, &status);
	json_t *user;
	struct table *table;
	size_t i;

	if (users == NULL)
		return status;
	if (common->json) {
		cli_print_json(users);
	} else if (json_array_size(users) == 0) {
		printf("There are no accounts.\n");
	} else {
		table = table_new(7);
		table_row(table, "USER", "STATUS", "KEYS", "EXPIRES", "LAST LOGIN", "PERMISSIONS",
		    "HOME");
		json_array_foreach (users, i, user)
			add_row(table, user);
		table_print(&table);
	}
	json_decref(users);
	return status;
}

/* ---- changes */

/* Prints the account when JSON is wanted, else one line. */
static int
ask_change(const struct cli_common *common, const char *verb, json_t *body, const char *done,
	const char *name)
{
	json_t *user = NULL;
	int status = cli_ask(common, "user", verb, body, &user);

	if (status == CLI_DONE && common->json && user != NULL)
		cli_print_json(user);
	else if (status == CLI_DONE)
		printf("User %s %s.\n", name, done);
	json_decref(user);
	return status;
}

/* Puts the password where the options say it is into the account. */
static int
take_password(struct user_options *options, const char *name, bool ask)
{
	char *password = NULL;
	int status = CLI_DONE;

	if (options->no_password) {
		json_object_set_new(options->user, "password", json_string(""));
		return CLI_DONE;
	}
	if (options->password_file != NULL)
		password = password_read(options->password_file);
	else if (ask)
		password = password_prompt(name);
	else
		return CLI_DONE;
	if (password == NULL)
		return CLI_FAILED;
	if (json_object_set_new(options->user, "password", json_string(password)) != 0) {
		cli_error("the password is not UTF-8 text");
		status = CLI_FAILED;
	}
	secret_free_str(password);
	return status;
}

static int
add(const struct cli_common *common, struct user_options *options, const char *name)
{
	bool has_key = json_array_size(json_object_get(options->user, "public_keys")) > 0;
	bool has_password = json_object_get(options->user, "password") != NULL;
	int status = take_password(options, name,
	    !has_key && !has_password && password_can_prompt());

	if (status != CLI_DONE)
		return status;
	if (json_object_set_new(options->user, "username", json_string(name)) != 0)
		return told_not_text(name);
	if (json_object_get(options->user, "status") == NULL)
		json_object_set_new(options->user, "status", json_integer(1));
	if (json_object_get(options->user, "permissions") == NULL)
		json_object_set_new(options->user, "permissions", json_pack("{s:[s]}", "/", "*"));
	return ask_change(common, "add", json_incref(options->user), "added", name);
}

static int
update(const struct cli_common *common, struct user_options *options, const char *name)
{
	int status = take_password(options, name, false);

	if (status != CLI_DONE)
		return status;
	if (json_object_size(options->user) == 0)
		return cli_usage_error("postern user", "update: nothing to change was given");
	return ask_change(common, "update", json_pack("{s:s, s:O}", "username", name, "changes",
	    options->user), "updated", name);
}

static int
passwd(const struct cli_common *common, struct user_options *options, const char *name)
{
	int status;

	if (options->no_password)
		return update(common, options, name);
	status = take_password(options, name, true);
	if (status != CLI_DONE)
		return status;
	if (json_object_set_new(options->user, "username", json_string(name)) != 0)
		return told_not_text(name);
	return ask_change(common, "passwd", json_incref(options->user), "has a new password", name);
}

static int
authorize_key(const struct cli_common *common, const char *name, const char *argument)
{
	char *key = cli_read_key(argument);
	int status = CLI_FAILED;

	if (key != NULL)
		status = ask_change(common, "authorize-key", json_pack("{s:s, s:s}", "username",
		    name, "key", key), "may log in with the key", name);
	free(key);
	return status;
}

static int
delete(const struct cli_common *common, int argc, char **argv)
{
	int status = CLI_DONE;

	for (int i = 0; i < argc; i++) {
		int one = ask_change(common, "delete", cli_named(argv[i]), "deleted", argv[i]);

		status = one != CLI_DONE ? one : status;
		if (one == CLI_NO_SERVER)
			break;
	}
	return status;
}

static int
run(const struct cli_common *common, struct user_options *options, const char *command, int argc,
	char **argv)
{
	const char *verb = argc > 0 ? argv[0] : "";

	if (strcmp(verb, "list") == 0 && argc <= 2)
		return list(common, options, argc - 1, argv + 1);
	if (argc < 2)
		return cli_usage_error(command, "say what to do, and with whom");
	if (strcmp(verb, "add") == 0 && argc == 2)
		return add(common, options, argv[1]);
	if (strcmp(verb, "show") == 0 && argc == 2)
		return cli_ask_and_print(common, "user", "show", cli_named(argv[1]),
		    cli_print_members);
	if (strcmp(verb, "update") == 0 && argc == 2)
		return update(common, options, argv[1]);
	if (strcmp(verb, "passwd") == 0 && argc == 2)
		return passwd(common, options, argv[1]);
	if (strcmp(verb, "authorize-key") == 0 && argc == 3)
		return authorize_key(common, argv[1], argv[2]);
	if (strcmp(verb, "delete") == 0)
		return delete(common, argc - 1, argv + 1);
	return cli_usage_error(command, "\"%s\" is not a verb with these arguments", verb);
}

/* Verbs with options of their own. */
static const struct {
	const char *verb;
	const char *title;
	int (*run)(int argc, char **argv);
} own_options[] = {
	{ "explain", "postern user explain", cli_user_explain },
	{ "import", "postern user import", cli_user_import },
	{ "totp", "postern user totp", cli_user_totp },
};

int
cli_user(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	struct user_options options;
	int option, status = CLI_DONE;

	for (size_t i = 0; i < sizeof(own_options) / sizeof(own_options[0]); i++) {
		if (argc > 1 && strcmp(argv[1], own_options[i].verb) == 0) {
			argv[1] = (char *)own_options[i].title;
			return own_options[i].run(argc - 1, argv + 1);
		}
	}
	if (user_options_init(&options) != 0) {
		cli_error("%s", err_text(ERR_MEMORY));
		return CLI_FAILED;
	}
	while (status == CLI_DONE &&
	    (option = getopt_long(argc, argv, CLI_COMMON_SHORT, user_options_long, NULL)) != -1) {
		if (!cli_common_option(&common, option))
			status = user_options_take(&options, argv[0], option);
	}
	if (status == CLI_DONE && common.help)
		printf("%s\n%s", usage, user_options_usage);
	else if (status == CLI_DONE)
		status = run(&common, &options, argv[0], argc - optind, argv + optind);
	user_options_free(&options);
	return status;
}
