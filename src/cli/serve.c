/*
 * postern serve
 */
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/number.h"
#include "master/master.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, NOTES_MAX = 64 * 1024 };

static const char usage[] =
    "Usage: postern serve [OPTION...]\n\n"
    "Runs the server until SIGTERM (transfers end first) or SIGINT (at once).\n\n"
    CLI_COMMON_USAGE
    "  -l, --log-file-path FILE log file; empty: standard output (default: sftpgo.log)\n"
    "  -s, --log-max-size MIB   size at which the file is rotated (10)\n"
    "  -b, --log-max-backups N  rotated files kept; 0: all (5)\n"
    "  -a, --log-max-age DAYS   rotated files older than this go; 0: none do (28)\n"
    "  -z, --log-compress       compress rotated files\n"
    "  -v, --log-verbose[=BOOL] log debugging details too (true)\n\n"
    "Each has an environment variable: SFTPGO_CONFIG_DIR, SFTPGO_LOG_FILE_PATH, ...\n";

static const struct option options[] = {
	CLI_COMMON_LONG,
	{ "log-file-path", required_argument, NULL, 'l' },
	{ "log-max-size", required_argument, NULL, 's' },
	{ "log-max-backups", required_argument, NULL, 'b' },
	{ "log-max-age", required_argument, NULL, 'a' },
	{ "log-compress", optional_argument, NULL, 'z' },
	{ "log-verbose", optional_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

/* The texts of the log's flags, wherever they came from; read as values in one place. */
struct log_flags {
	const char *path, *max_size, *max_backups, *max_age, *compress, *verbose;
};

static const char *
from_environment(const char *name, const char *preset)
{
	const char *value = getenv(name);

	return value != NULL ? value : preset;
}

static struct log_flags
log_flags_init(void)
{
	return (struct log_flags){
		.path = from_environment("SFTPGO_LOG_FILE_PATH", "sftpgo.log"),
		.max_size = from_environment("SFTPGO_LOG_MAX_SIZE", "10"),
		.max_backups = from_environment("SFTPGO_LOG_MAX_BACKUPS", "5"),
		.max_age = from_environment("SFTPGO_LOG_MAX_AGE", "28"),
		.compress = from_environment("SFTPGO_LOG_COMPRESS", "false"),
		.verbose = from_environment("SFTPGO_LOG_VERBOSE", "true"),
	};
}

static bool
log_flag(struct log_flags *flags, int option)
{
	switch (option) {
	case 'l':
		flags->path = optarg;
		return true;
	case 's':
		flags->max_size = optarg;
		return true;
	case 'b':
		flags->max_backups = optarg;
		return true;
	case 'a':
		flags->max_age = optarg;
		return true;
	case 'z':
		flags->compress = optarg != NULL ? optarg : "true";
		return true;
	case 'v':
		flags->verbose = optarg != NULL ? optarg : "true";
		return true;
	default:
		return false;
	}
}

static bool
read_log_flags(const struct log_flags *flags, const char *command, struct log_settings *out)
{
	long long size, backups, age;

	*out = (struct log_settings){ .path = flags->path,
		.destination = flags->path[0] != '\0' ? LOG_TO_FILE : LOG_TO_STDOUT };
	if (!cli_number(command, "log-max-size", flags->max_size, 0, 1024 * 1024, &size) ||
	    !cli_number(command, "log-max-backups", flags->max_backups, 0, 1000000, &backups) ||
	    !cli_number(command, "log-max-age", flags->max_age, 0, 36500, &age) ||
	    !cli_bool(command, "log-compress", flags->compress, &out->compress) ||
	    !cli_bool(command, "log-verbose", flags->verbose, &out->verbose))
		return false;
	out->max_size_bytes = (uint64_t)size * MIB;
	out->max_backups = (unsigned)backups;
	out->max_age_days = (unsigned)age;
	return true;
}

/* What a person at the terminal wants to know before the log begins. */
static void
tell_config(const struct config *config, bool log_is_stdout)
{
	struct buf notes = buf_init(NOTES_MAX);

	config_notes(config, &notes);
	cli_error_lines(&notes);
	buf_free(&notes);
	if (log_is_stdout)
		return;
	if (config->file[0] != '\0')
		printf("Configuration: %s\n", config->file);
	else
		printf("Configuration: no file found, all defaults\n");
	fflush(stdout);
}

int
cli_serve(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	struct log_flags flags = log_flags_init();
	struct master_options master = { 0 };
	struct config_request request;
	struct config *config;
	int option, status;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT "l:s:b:a:zv", options, NULL)) !=
	    -1) {
		if (!cli_common_option(&common, option) && !log_flag(&flags, option))
			return cli_usage_error(argv[0], "stopped at a wrong option");
	}
	if (common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (optind < argc)
		return cli_usage_error(argv[0], "\"%s\" is no option", argv[optind]);
	if (!read_log_flags(&flags, argv[0], &master.log))
		return CLI_USAGE;
	if ((config = cli_load_config(&common, false)) == NULL)
		return CLI_FAILED;
	tell_config(config, master.log.destination == LOG_TO_STDOUT);
	request = (struct config_request){ .config_dir = common.config_dir,
		.config_file = common.config_file, .home = getenv("HOME"),
		.environment = (const char *const *)environ };
	master.config = config;
	master.request = &request;
	status = master_run(&master);
	config_free(&config);
	return status;
}
