/*
 * postern check
 */
#include "base/buf.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 256 * 1024 };

static const char usage[] =
    "Usage: postern check [OPTION...]\n\n"
    "Shows every setting, its value and where it comes from. Ends with 1 after a mistake.\n\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

int
cli_check(int argc, char **argv)
{
	struct cli_common common;
	struct config_request request;
	struct buf mistakes = buf_init(TEXT_MAX), notes = buf_init(TEXT_MAX);
	struct config *config = NULL;
	json_t *report;
	int status, err;

	if (!cli_common_parse(&common, argc, argv, cli_common_options, usage, &status))
		return status;
	if (optind < argc)
		return cli_usage_error(argv[0], "\"%s\" is no option", argv[optind]);
	request = (struct config_request){ .config_dir = common.config_dir,
		.config_file = common.config_file, .home = getenv("HOME"),
		.environment = (const char *const *)environ };
	err = config_load(&config, &request, &mistakes);
	if (config == NULL) {
		cli_error("configuration directory %s: %s", common.config_dir,
		    err == ERR_IO ? strerror(errno) : err_text(err));
		return CLI_FAILED;
	}
	report = config_to_json(config);
	if (common.json)
		cli_print_json(report);
	else
		cli_print_settings(report);
	json_decref(report);
	fflush(stdout);
	config_notes(config, &notes);
	cli_error_lines(&notes);
	cli_error_lines(&mistakes);
	buf_free(&notes);
	buf_free(&mistakes);
	config_free(&config);
	return err == 0 ? CLI_DONE : CLI_FAILED;
}
