/*
 * postern status
 */
#include "cli/cli.h"

#include <stdio.h>

static const char usage[] =
    "Usage: postern status [OPTION...]\n\n"
    "Shows what the running server is doing. Ends with 3 when none is running.\n\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

static const struct option options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ NULL, 0, NULL, 0 },
};

int
cli_status(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	json_t *body = NULL;
	int option, status;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (!cli_common_option(&common, option))
			return cli_usage_error(argv[0], "stopped at a wrong option");
	}
	if (common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (optind < argc)
		return cli_usage_error(argv[0], "\"%s\" is no option", argv[optind]);
	status = cli_ask(&common, "status", "show", json_object(), &body);
	if (status == CLI_DONE && common.json)
		cli_print_json(body);
	else if (status == CLI_DONE)
		cli_print_members(body);
	json_decref(body);
	return status;
}
