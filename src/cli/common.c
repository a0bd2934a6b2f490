/* What the commands share: options, messages, settings. */
#include "cli/cli.h"

#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MISTAKES_MAX = 256 * 1024 };

const struct option cli_common_options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ NULL, 0, NULL, 0 },
};

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

bool
cli_common_parse(struct cli_common *out, int argc, char **argv, const struct option *options,
	const char *usage, int *status_out)
{
	int option;

	*out = cli_common_init();
	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (!cli_common_option(out, option)) {
			*status_out = cli_usage_error(argv[0], "stopped at a wrong option");
			return false;
		}
	}
	if (out->help)
		fputs(usage, stdout);
	*status_out = CLI_DONE;
	return !out->help;
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
