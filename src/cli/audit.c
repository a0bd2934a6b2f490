/*
 * postern audit
 */
#include "cli/cli.h"
#include "cli/number.h"
#include "cli/table.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: postern audit list [OPTION...]\n\n"
    "Lists who changed what, the newest change first. With --json each entry has what it was\n"
    "before and after.\n\n"
    "      --actor NAME         only by this user, administrator, or administrator/key\n"
    "      --resource NAME      only of this: user, admin, key, session, backup, ...\n"
    "      --verb NAME          only this: add, update, delete, ...\n"
    "      --subject NAME       only of this account, administrator, ...\n"
    "      --since T, --until T 2030-12-31, or milliseconds since 1970\n"
    "      --limit N            at most so many (default: 100; at most 500)\n"
    "      --offset N           after so many\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

enum { OPTION_TEXT = CLI_OPTION_FIRST, OPTION_DATE = OPTION_TEXT + 16, OPTION_COUNT =
	OPTION_DATE + 16 };

static const struct option long_options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "actor", required_argument, NULL, OPTION_TEXT },
	{ "resource", required_argument, NULL, OPTION_TEXT + 1 },
	{ "verb", required_argument, NULL, OPTION_TEXT + 2 },
	{ "subject", required_argument, NULL, OPTION_TEXT + 3 },
	{ "since", required_argument, NULL, OPTION_DATE },
	{ "until", required_argument, NULL, OPTION_DATE + 1 },
	{ "limit", required_argument, NULL, OPTION_COUNT },
	{ "offset", required_argument, NULL, OPTION_COUNT + 1 },
	{ NULL, 0, NULL, 0 },
};

static void
print_entries(const json_t *entries)
{
	struct table *table = table_new(7);
	const json_t *entry;
	size_t i;

	if (json_array_size(entries) == 0)
		printf("Nothing was changed.\n");
	else
		table_row(table, "TIME", "BY", "NAME", "FROM", "WHAT", "OF", "RESULT");
	json_array_foreach (entries, i, entry) {
		char time[32], what[64], result[256];

		table_time(json_integer_value(json_object_get(entry, "time")), time, sizeof(time));
		snprintf(what, sizeof(what), "%s %s", cli_text_of(entry, "resource"),
		    cli_text_of(entry, "verb"));
		snprintf(result, sizeof(result), "%" JSON_INTEGER_FORMAT " %s",
		    json_integer_value(json_object_get(entry, "status")),
		    cli_text_of(entry, "message"));
		table_row(table, time, cli_text_of(entry, "kind"), cli_text_of(entry, "actor"),
		    cli_text_of(entry, "origin"), what, cli_text_of(entry, "subject"), result);
	}
	table_print(&table);
}

/* Takes the option with this name. */
static int
take_option(json_t *query, const char *command, int option, const char *name)
{
	long long number;

	if (option >= OPTION_COUNT) {
		if (!cli_number(command, name, optarg, 0, LLONG_MAX, &number))
			return CLI_USAGE;
		json_object_set_new(query, name, json_integer(number));
	} else if (option >= OPTION_DATE) {
		if (!cli_date(command, name, optarg, &number))
			return CLI_USAGE;
		json_object_set_new(query, name, json_integer(number));
	} else if (json_object_set_new(query, name, json_string(optarg)) != 0) {
		return cli_usage_error(command, "%s: \"%s\" is not UTF-8 text", name, optarg);
	}
	return CLI_DONE;
}

int
cli_audit(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	json_t *query = json_object();
	int option, number, status = CLI_DONE;

	while (status == CLI_DONE &&
	    (option = getopt_long(argc, argv, CLI_COMMON_SHORT, long_options, &number)) != -1) {
		if (option == '?')
			status = cli_usage_error(argv[0], "stopped at a wrong option");
		else if (!cli_common_option(&common, option))
			status = take_option(query, argv[0], option, long_options[number].name);
	}
	if (status == CLI_DONE && common.help)
		fputs(usage, stdout);
	else if (status == CLI_DONE && (optind + 1 != argc || strcmp(argv[optind], "list") != 0))
		status = cli_usage_error(argv[0], "say \"list\"");
	else if (status == CLI_DONE)
		status = cli_ask_and_print(&common, "audit", "list", json_incref(query),
		    print_entries);
	json_decref(query);
	return status;
}
