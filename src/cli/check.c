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

static void
value_of(const struct config *config, size_t number, struct buf *out)
{
	config_setting_value(config, number, out);
	buf_u8(out, '\0');
}

static void
print_table(const struct config *config)
{
	struct table *table = table_new(3);

	table_row(table, "SETTING", "FROM", "VALUE");
	for (size_t i = 0; i < config_setting_count(); i++) {
		struct buf value = buf_init(TEXT_MAX);

		value_of(config, i, &value);
		if (buf_error(&value) == 0)
			table_row(table, config_setting_name(i),
			    config_origin_text(config_setting_origin(config, i)), value.p);
		buf_free(&value);
	}
	table_print(&table);
	printf("\nConfiguration file: %s\n",
	    config->file[0] != '\0' ? config->file : "none found, all defaults");
}

static void
print_json(const struct config *config)
{
	json_t *settings = json_array(), *all;

	for (size_t i = 0; i < config_setting_count(); i++) {
		struct buf value = buf_init(TEXT_MAX), variable = buf_init(TEXT_MAX);

		value_of(config, i, &value);
		config_setting_variable(i, &variable);
		buf_u8(&variable, '\0');
		json_array_append_new(settings, json_pack("{s:s, s:o, s:s, s:s}", "name",
		    config_setting_name(i), "value",
		    json_loads((const char *)value.p, JSON_DECODE_ANY, NULL), "from",
		    config_origin_text(config_setting_origin(config, i)), "variable",
		    (const char *)variable.p));
		buf_free(&value);
		buf_free(&variable);
	}
	all = json_pack("{s:s, s:o}", "file", config->file, "settings", settings);
	cli_print_json(all);
	json_decref(all);
}

int
cli_check(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	struct config_request request;
	struct buf mistakes = buf_init(TEXT_MAX), notes = buf_init(TEXT_MAX);
	struct config *config = NULL;
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
	if (common.json)
		print_json(config);
	else
		print_table(config);
	fflush(stdout);
	config_notes(config, &notes);
	cli_error_lines(&notes);
	cli_error_lines(&mistakes);
	buf_free(&notes);
	buf_free(&mistakes);
	config_free(&config);
	return err == 0 ? CLI_DONE : CLI_FAILED;
}
