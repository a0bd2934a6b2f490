/*
 * postern ban
 */
#include "cli/cli.h"
#include "cli/number.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: postern ban list [OPTION...]\n"
    "       postern ban add NETWORK... [--for DURATION] [OPTION...]\n"
    "       postern ban remove NETWORK... [OPTION...]\n\n"
    "Shows which addresses the running server refuses, bans some, or lifts bans. A NETWORK is\n"
    "an IP address or a range such as 192.0.2.0/24. Who is logged in stays: see\n"
    "\"postern session\".\n\n"
    "      --for DURATION       how long: 90s, 30m, 12h or 7d (default: without end)\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

enum { OPTION_FOR = CLI_OPTION_FIRST };

static const struct option options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "for", required_argument, NULL, OPTION_FOR },
	{ NULL, 0, NULL, 0 },
};

static void
print_bans(const json_t *bans)
{
	struct table *table = table_new(4);
	const json_t *ban;
	size_t i;

	if (json_array_size(bans) == 0)
		printf("Nobody is banned.\n");
	else
		table_row(table, "NETWORK", "UNTIL", "BY", "TIMES");
	json_array_foreach (bans, i, ban) {
		long long until = json_integer_value(json_object_get(ban, "until"));
		bool manual = json_is_true(json_object_get(ban, "manual"));
		char times[32], until_text[32];

		snprintf(times, sizeof(times), "%lld",
		    (long long)json_integer_value(json_object_get(ban, "times")));
		table_row(table, json_string_value(json_object_get(ban, "network")),
		    until == 0 ? "without end" : table_time(until, until_text, sizeof(until_text)),
		    manual ? "hand" : "score", manual ? "-" : times);
	}
	table_print(&table);
}

/* The worst of what became of each. */
static int
change_all(const struct cli_common *common, const char *verb, long long seconds, char **networks)
{
	int worst = CLI_DONE;

	for (; *networks != NULL && worst != CLI_NO_SERVER; networks++) {
		json_t *body = json_pack("{s:s}", "network", *networks);
		int status;

		if (seconds > 0)
			json_object_set_new(body, "seconds", json_integer(seconds));
		status = cli_ask(common, "ban", verb, body, NULL);
		if (status != CLI_DONE)
			worst = status;
	}
	return worst;
}

int
cli_ban(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	long long seconds = 0;
	const char *verb;
	int option;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (option == OPTION_FOR) {
			if (!cli_duration(argv[0], "for", optarg, &seconds))
				return CLI_USAGE;
		} else if (!cli_common_option(&common, option)) {
			return cli_usage_error(argv[0], "stopped at a wrong option");
		}
	}
	if (common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	verb = optind < argc ? argv[optind++] : "";
	if (strcmp(verb, "list") == 0 && optind == argc && seconds == 0)
		return cli_ask_and_print(&common, "ban", "list", json_object(), print_bans);
	if (strcmp(verb, "add") == 0 && optind < argc)
		return change_all(&common, verb, seconds, argv + optind);
	if (strcmp(verb, "remove") == 0 && optind < argc && seconds == 0)
		return change_all(&common, verb, 0, argv + optind);
	return cli_usage_error(argv[0], "say \"list\", or \"add\" or \"remove\" and a network");
}
