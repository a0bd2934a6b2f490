/*
 * postern backup
 */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: postern backup dump FILE [OPTION...]\n"
    "       postern backup load FILE [OPTION...]\n\n"
    "dump has the server write all accounts, with every secret, to a file below the directory\n"
    "that the setting httpd.backups_path names. load has it read such a file, which may be\n"
    "anywhere that the server can read; accounts that are there are changed, others are added.\n\n"
    "      --indent             write for people to read\n"
    "      --keep               leave accounts that are there as they are\n"
    "      --scan all|limited   count the files of the accounts that were written, or of those\n"
    "                           of them that have a quota\n"
    CLI_COMMON_USAGE;

enum { OPTION_INDENT = CLI_OPTION_FIRST, OPTION_KEEP, OPTION_SCAN };

static const struct option options[] = {
	CLI_COMMON_LONG,
	{ "indent", no_argument, NULL, OPTION_INDENT },
	{ "keep", no_argument, NULL, OPTION_KEEP },
	{ "scan", required_argument, NULL, OPTION_SCAN },
	{ NULL, 0, NULL, 0 },
};

struct settings {
	struct cli_common common;
	int indent, mode, scan;
};

static int
dump(const struct settings *settings, const char *file)
{
	int status = cli_ask(&settings->common, "backup", "dump", json_pack("{s:s, s:i}",
	    "output_file", file, "indent", settings->indent), NULL);

	if (status == CLI_DONE)
		printf("All accounts were written to %s.\n", file);
	return status;
}

/* The server has another working directory. */
static int
load(const struct settings *settings, const char *file)
{
	char *path = realpath(file, NULL);
	int status = cli_ask(&settings->common, "backup", "load", json_pack("{s:s, s:i, s:i}",
	    "input_file", path != NULL ? path : file, "mode", settings->mode, "scan_quota",
	    settings->scan), NULL);

	free(path);
	if (status == CLI_DONE)
		printf("The accounts of %s were loaded.\n", file);
	return status;
}

static int
take_option(struct settings *settings, const char *command, int option)
{
	switch (option) {
	case OPTION_INDENT:
		settings->indent = 1;
		return CLI_DONE;
	case OPTION_KEEP:
		settings->mode = 1;
		return CLI_DONE;
	case OPTION_SCAN:
		settings->scan = strcmp(optarg, "all") == 0 ? 1
		    : strcmp(optarg, "limited") == 0 ? 2 : 0;
		if (settings->scan == 0)
			return cli_usage_error(command, "scan: \"%s\" is neither all nor limited",
			    optarg);
		return CLI_DONE;
	default:
		return cli_usage_error(command, "stopped at a wrong option");
	}
}

int
cli_backup(int argc, char **argv)
{
	struct settings settings = { .common = cli_common_init() };
	int option, status = CLI_DONE;

	while (status == CLI_DONE &&
	    (option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (!cli_common_option(&settings.common, option))
			status = take_option(&settings, argv[0], option);
	}
	if (status != CLI_DONE)
		return status;
	if (settings.common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (argc - optind == 2 && strcmp(argv[optind], "dump") == 0)
		return dump(&settings, argv[optind + 1]);
	if (argc - optind == 2 && strcmp(argv[optind], "load") == 0)
		return load(&settings, argv[optind + 1]);
	return cli_usage_error(argv[0], "say \"dump\" or \"load\", and a file");
}
