/*
 * postern admin
 */
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/number.h"
#include "cli/password.h"
#include "cli/table.h"
#include "cli/totp.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: postern admin add NAME [OPTION...]\n"
    "       postern admin list [OPTION...]\n"
    "       postern admin show NAME [OPTION...]\n"
    "       postern admin update NAME [OPTION...]\n"
    "       postern admin passwd NAME [OPTION...]\n"
    "       postern admin delete NAME... [OPTION...]\n"
    "       postern admin totp enrol|disable NAME [OPTION...]\n"
    "       postern admin key add NAME KEY [OPTION...]\n"
    "       postern admin key list [NAME] [OPTION...]\n"
    "       postern admin key revoke NAME KEY [OPTION...]\n\n"
    "Manages those who may administer the server over HTTP. The first one is made here: there is\n"
    "no other way. add and passwd ask for the password, unless an option says where it is. KEY is\n"
    "the name of an API key; the key itself is printed once, when it is added.\n\n"
    "      --areas LIST         what is allowed (for add: *; for a key: what NAME may do):\n"
    "                           view_users, change_users, view_connections, close_connections,\n"
    "                           scans, bans, backups, system, metrics, audit, administrators\n"
    "      --allowed-addresses LIST  from where, in CIDR form (default: anywhere)\n"
    "      --status 0|1         0: disabled, 1: active\n"
    "      --expiration-date T  2030-12-31, \"never\", or milliseconds since 1970; also of a key\n"
    "      --description TEXT\n"
    "      --password-stdin     read the password from standard input\n"
    "      --password-file FILE read the password from a file; \"-\" is standard input\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

enum {
	OPTION_AREAS = CLI_OPTION_FIRST,
	OPTION_ADDRESSES,
	OPTION_STATUS,
	OPTION_EXPIRATION,
	OPTION_DESCRIPTION,
	OPTION_PASSWORD_STDIN,
	OPTION_PASSWORD_FILE,
};

static const struct option long_options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "areas", required_argument, NULL, OPTION_AREAS },
	{ "allowed-addresses", required_argument, NULL, OPTION_ADDRESSES },
	{ "status", required_argument, NULL, OPTION_STATUS },
	{ "expiration-date", required_argument, NULL, OPTION_EXPIRATION },
	{ "description", required_argument, NULL, OPTION_DESCRIPTION },
	{ "password-stdin", no_argument, NULL, OPTION_PASSWORD_STDIN },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ NULL, 0, NULL, 0 },
};

struct settings {
	struct cli_common common;
	json_t *changes; /* the members that were given */
	const char *password_file;
};

/* Asks, prints JSON when that is wanted, else `done` with the name. Takes the body. */
static int
ask(const struct settings *settings, const char *resource, const char *verb, json_t *body,
	const char *done, const char *name)
{
	json_t *answer = NULL;
	int status = cli_ask(&settings->common, resource, verb, body, &answer);

	if (status == CLI_DONE && settings->common.json && answer != NULL)
		cli_print_json(answer);
	else if (status == CLI_DONE)
		printf("Administrator %s %s.\n", name, done);
	json_decref(answer);
	return status;
}

/* ---- list and show */

static int
show(const struct settings *settings, const char *resource, const char *verb, json_t *body,
	void (*print)(const json_t *answer))
{
	return cli_ask_and_print(&settings->common, resource, verb, body, print);
}

static void
print_admins(const json_t *admins)
{
	struct table *table = table_new(6);
	const json_t *admin;
	size_t i;

	if (json_array_size(admins) == 0)
		printf("There are no administrators.\n");
	else
		table_row(table, "NAME", "STATUS", "CODES", "LAST LOGIN", "AREAS", "DESCRIPTION");
	json_array_foreach (admins, i, admin) {
		char last[32], areas[256];

		table_time(json_integer_value(json_object_get(admin, "last_login")), last,
		    sizeof(last));
		cli_join(json_object_get(admin, "areas"), areas, sizeof(areas));
		table_row(table, cli_text_of(admin, "username"),
		    json_integer_value(json_object_get(admin, "status")) == 1 ? "active"
		    : "disabled", json_is_true(json_object_get(admin, "one_time_codes")) ? "yes"
		    : "no", last, areas, cli_text_of(admin, "description"));
	}
	table_print(&table);
}

static void
print_keys(const json_t *keys)
{
	struct table *table = table_new(5);
	const json_t *key;
	size_t i;

	if (json_array_size(keys) == 0)
		printf("There are no keys.\n");
	else
		table_row(table, "NAME", "KEY", "CREATED", "EXPIRES", "AREAS");
	json_array_foreach (keys, i, key) {
		char created[32], expires[32], areas[256];

		table_time(json_integer_value(json_object_get(key, "created")), created,
		    sizeof(created));
		table_time(json_integer_value(json_object_get(key, "expires")), expires,
		    sizeof(expires));
		cli_join(json_object_get(key, "areas"), areas, sizeof(areas));
		table_row(table, cli_text_of(key, "username"), cli_text_of(key, "name"), created,
		    expires, areas);
	}
	table_print(&table);
}

/* ---- changes */

static int
take_password(struct settings *settings, const char *name)
{
	char *password = settings->password_file != NULL ? password_read(settings->password_file)
	    : password_prompt(name);
	int status = CLI_DONE;

	if (password == NULL)
		return CLI_FAILED;
	if (json_object_set_new(settings->changes, "password", json_string(password)) != 0) {
		cli_error("the password is not UTF-8 text");
		status = CLI_FAILED;
	}
	secret_free_str(password);
	return status;
}

static int
change(struct settings *settings, const char *verb, const char *done, const char *name)
{
	if (json_object_set_new(settings->changes, "username", json_string(name)) != 0) {
		cli_error("\"%s\" is not UTF-8 text", name);
		return CLI_FAILED;
	}
	return ask(settings, "admin", verb, json_incref(settings->changes), done, name);
}

static int
add(struct settings *settings, const char *name)
{
	int status = take_password(settings, name);

	if (status != CLI_DONE)
		return status;
	if (json_object_get(settings->changes, "areas") == NULL)
		json_object_set_new(settings->changes, "areas", json_pack("[s]", "*"));
	return change(settings, "add", "added", name);
}

static int
update(struct settings *settings, const char *name, bool asks)
{
	if ((asks || settings->password_file != NULL) &&
	    take_password(settings, name) != CLI_DONE)
		return CLI_FAILED;
	if (json_object_size(settings->changes) == 0)
		return cli_usage_error("postern admin", "update: nothing to change was given");
	return change(settings, "update", asks ? "has a new password" : "updated", name);
}

static int
delete(const struct settings *settings, int argc, char **argv)
{
	int status = CLI_DONE;

	for (int i = 0; i < argc && status != CLI_NO_SERVER; i++) {
		int one = ask(settings, "admin", "delete", cli_named(argv[i]), "deleted", argv[i]);

		status = one != CLI_DONE ? one : status;
	}
	return status;
}

/* ---- one-time codes and keys */

static int
totp(const struct settings *settings, const char *command, const char *verb, const char *name)
{
	if (strcmp(verb, "enrol") == 0)
		return show(settings, "admin", "totp-enrol", cli_named(name), totp_print_enrolment);
	if (strcmp(verb, "disable") == 0)
		return ask(settings, "admin", "totp-disable", cli_named(name),
		    "has no one-time codes", name);
	return cli_usage_error(command, "totp: \"%s\" is not a verb", verb);
}

static void
print_key(const json_t *answer)
{
	printf("%s\n", cli_text_of(answer, "key"));
}

static json_t *
key_body(const struct settings *settings, const char *name, const char *key)
{
	json_t *body = json_pack("{s:s, s:s}", "username", name, "name", key);
	json_t *areas = json_object_get(settings->changes, "areas");
	json_t *expires = json_object_get(settings->changes, "expiration_date");

	if (areas != NULL)
		json_object_set(body, "areas", areas);
	if (expires != NULL)
		json_object_set(body, "expires", expires);
	return body;
}

static int
key(const struct settings *settings, const char *command, int argc, char **argv)
{
	if (strcmp(argv[0], "list") == 0 && argc <= 2)
		return show(settings, "key", "list", argc == 2 ? cli_named(argv[1]) : json_object(),
		    print_keys);
	if (strcmp(argv[0], "add") == 0 && argc == 3)
		return show(settings, "key", "add", key_body(settings, argv[1], argv[2]), print_key);
	if (strcmp(argv[0], "revoke") == 0 && argc == 3)
		return ask(settings, "key", "revoke", json_pack("{s:s, s:s}", "username", argv[1],
		    "name", argv[2]), "may not use that key any more", argv[1]);
	return cli_usage_error(command, "key: say \"add NAME KEY\", \"list\" or \"revoke NAME KEY\"");
}

static int
run(struct settings *settings, const char *command, int argc, char **argv)
{
	const char *verb = argc > 0 ? argv[0] : "";

	if (strcmp(verb, "list") == 0 && argc == 1)
		return show(settings, "admin", "list", json_object(), print_admins);
	if (argc < 2)
		return cli_usage_error(command, "say what to do, and with whom");
	if (strcmp(verb, "add") == 0 && argc == 2)
		return add(settings, argv[1]);
	if (strcmp(verb, "show") == 0 && argc == 2)
		return show(settings, "admin", "show", cli_named(argv[1]), cli_print_members);
	if (strcmp(verb, "update") == 0 && argc == 2)
		return update(settings, argv[1], false);
	if (strcmp(verb, "passwd") == 0 && argc == 2)
		return update(settings, argv[1], true);
	if (strcmp(verb, "delete") == 0)
		return delete(settings, argc - 1, argv + 1);
	if (strcmp(verb, "totp") == 0 && argc == 3)
		return totp(settings, command, argv[1], argv[2]);
	if (strcmp(verb, "key") == 0)
		return key(settings, command, argc - 1, argv + 1);
	return cli_usage_error(command, "\"%s\" is not a verb with these arguments", verb);
}

static int
take_text(struct settings *settings, const char *command, const char *member)
{
	if (json_object_set_new(settings->changes, member, json_string(optarg)) == 0)
		return CLI_DONE;
	return cli_usage_error(command, "%s: \"%s\" is not UTF-8 text", member, optarg);
}

static int
take_option(struct settings *settings, const char *command, int option)
{
	json_t *changes = settings->changes;
	long long number;

	switch (option) {
	case OPTION_AREAS:
		json_object_set_new(changes, "areas", cli_split(optarg));
		return CLI_DONE;
	case OPTION_ADDRESSES:
		json_object_set_new(changes, "allowed_addresses", cli_split(optarg));
		return CLI_DONE;
	case OPTION_STATUS:
		if (!cli_number(command, "status", optarg, 0, 1, &number))
			return CLI_USAGE;
		json_object_set_new(changes, "status", json_integer(number));
		return CLI_DONE;
	case OPTION_EXPIRATION:
		if (!cli_date(command, "expiration-date", optarg, &number))
			return CLI_USAGE;
		json_object_set_new(changes, "expiration_date", json_integer(number));
		return CLI_DONE;
	case OPTION_DESCRIPTION:
		return take_text(settings, command, "description");
	case OPTION_PASSWORD_STDIN:
		settings->password_file = "-";
		return CLI_DONE;
	case OPTION_PASSWORD_FILE:
		settings->password_file = optarg;
		return CLI_DONE;
	default:
		return cli_usage_error(command, "stopped at a wrong option");
	}
}

int
cli_admin(int argc, char **argv)
{
	struct settings settings = { .common = cli_common_init(), .changes = json_object() };
	int option, status = CLI_DONE;

	while (status == CLI_DONE &&
	    (option = getopt_long(argc, argv, CLI_COMMON_SHORT, long_options, NULL)) != -1) {
		if (!cli_common_option(&settings.common, option))
			status = take_option(&settings, argv[0], option);
	}
	if (status == CLI_DONE && settings.common.help)
		printf("%s", usage);
	else if (status == CLI_DONE)
		status = run(&settings, argv[0], argc - optind, argv + optind);
	json_decref(settings.changes);
	return status;
}
