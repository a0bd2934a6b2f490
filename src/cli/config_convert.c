/*
 * postern config
 */
#include "base/buf.h"
#include "base/fd.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 8 * CONFIG_FILE_MAX };

enum { OPTION_TO = CLI_OPTION_FIRST, OPTION_FROM };

static const char usage[] =
    "Usage: postern config convert --to FORMAT [--from FILE] [OPTION...]\n\n"
    "Prints the configuration file in another format, passwords included.\n\n"
    "      --to FORMAT          json, yaml, toml, hcl, properties or env\n"
    "      --from FILE          this file, and not the one that a server would read\n"
    CLI_COMMON_USAGE;

static const struct option options[] = {
	CLI_COMMON_LONG,
	{ "to", required_argument, NULL, OPTION_TO },
	{ "from", required_argument, NULL, OPTION_FROM },
	{ NULL, 0, NULL, 0 },
};

static int
told(int err, const struct cli_common *common, const char *from)
{
	if (err == ERR_NOT_FOUND)
		cli_error("no configuration file was found; name one with --from");
	else if (err == ERR_IO)
		cli_error("configuration directory %s: %s", common->config_dir, strerror(errno));
	else if (err != ERR_INVALID)
		cli_error("%s: %s", from != NULL ? from : common->config_dir, err_text(err));
	return CLI_FAILED;
}

static int
convert(const struct cli_common *common, enum config_format to, const char *from)
{
	struct config_request request = { .config_dir = common->config_dir,
		.config_file = common->config_file, .path = from, .home = getenv("HOME") };
	struct buf text = buf_init(TEXT_MAX), mistakes = buf_init(TEXT_MAX);
	int err = config_convert(&request, to, &text, &mistakes), status = CLI_DONE;

	cli_error_lines(&mistakes);
	if (err != 0) {
		status = told(err, common, from);
	} else if (fd_write_all(STDOUT_FILENO, text.p, text.n) != 0) {
		cli_error("standard output: %s", strerror(errno));
		status = CLI_FAILED;
	}
	buf_free(&mistakes);
	buf_free(&text);
	return status;
}

int
cli_config(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	const char *to = NULL, *from = NULL;
	enum config_format format;
	int option;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (option == OPTION_TO)
			to = optarg;
		else if (option == OPTION_FROM)
			from = optarg;
		else if (!cli_common_option(&common, option))
			return cli_usage_error(argv[0], "stopped at a wrong option");
	}
	if (common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (optind + 1 != argc || strcmp(argv[optind], "convert") != 0)
		return cli_usage_error(argv[0], "say what to do: convert");
	if (to == NULL)
		return cli_usage_error(argv[0], "--to is missing");
	if (config_format_of_extension(to, &format) != 0 || format == CONFIG_INI)
		return cli_usage_error(argv[0], "\"%s\" is no format that can be written", to);
	return convert(&common, format, from);
}
