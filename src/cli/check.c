/*
 * postern check
 */
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/table.h"

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

static const struct option options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ NULL, 0, NULL, 0 },
};

/* A setting's value as JSON text; allocated. */
static char *
value_text(const json_t *setting)
{
	return json_dumps(json_object_get(setting, "value"), JSON_ENCODE_ANY);
}

void
cli_print_settings(const json_t *report)
{
	const char *file = json_string_value(json_object_get(report, "file"));
	struct table *table = table_new(3);
	const json_t *setting;
	size_t i;

	table_row(table, "SETTING", "FROM", "VALUE");
	json_array_foreach (json_object_get(report, "settings"), i, setting) {
		char *value = value_text(setting);

		table_row(table, json_string_value(json_object_get(setting, "name")),
		    json_string_value(json_object_get(setting, "from")),
		    value != NULL ? value : "");
		free(value);
	}
	table_print(&table);
	printf("\nConfiguration file: %s\n",
	    file != NULL && file[0] != '\0' ? file : "none found, all defaults");
}

int
cli_check(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	struct config_request request;
	struct buf mistakes = buf_init(TEXT_MAX), notes = buf_init(TEXT_MAX);
	struct config *config = NULL;
	json_t *report;
	int option, err;

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
