/*
 * postern status, metrics, settings, service, transfer: what the server is asked without changing
 * anything.
 */
#include "cli/cli.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

enum { ID_SHOWN = 12 };

/* What one of them asks for, and how it is shown. */
struct question {
	const char *usage;
	const char *resource, *verb;
	const char *word; /* that must follow the command, or NULL */
	void (*print)(const json_t *body);
};

static void
print_text(const json_t *body)
{
	fputs(json_string_value(body) != NULL ? json_string_value(body) : "", stdout);
}

static void
print_services(const json_t *services)
{
	struct table *table = table_new(2);
	const json_t *service;
	size_t i;

	table_row(table, "PROTOCOL", "ADDRESS");
	json_array_foreach (services, i, service)
		table_row(table, cli_text_of(service, "protocol"), cli_text_of(service, "address"));
	table_print(&table);
}

static void
print_transfers(const json_t *transfers)
{
	struct table *table = table_new(7);
	const json_t *transfer;
	size_t i;

	if (json_array_size(transfers) == 0)
		printf("No transfer has run for long enough to be shown.\n");
	else
		table_row(table, "CONNECTION", "USER", "DIRECTION", "SINCE", "BYTES", "BYTES/S",
		    "PATH");
	json_array_foreach (transfers, i, transfer) {
		char id[ID_SHOWN + 1], since[32], size[32], rate[32];

		snprintf(id, sizeof(id), "%.*s", ID_SHOWN, cli_text_of(transfer, "connection_id"));
		table_time(json_integer_value(json_object_get(transfer, "start_time")), since,
		    sizeof(since));
		snprintf(size, sizeof(size), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(transfer, "size")));
		snprintf(rate, sizeof(rate), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(transfer, "rate")));
		table_row(table, id, cli_text_of(transfer, "username"),
		    cli_text_of(transfer, "operation_type"), since, size, rate,
		    cli_text_of(transfer, "path"));
	}
	table_print(&table);
}

#define COMMON_USAGE CLI_COMMON_USAGE "      --json               print JSON\n"

static int
show(int argc, char **argv, const struct question *question)
{
	struct cli_common common;
	int status;

	if (!cli_common_parse(&common, argc, argv, cli_common_options, question->usage, &status))
		return status;
	if (question->word != NULL &&
	    (optind == argc || strcmp(argv[optind++], question->word) != 0))
		return cli_usage_error(argv[0], "say \"%s\"", question->word);
	if (optind < argc)
		return cli_usage_error(argv[0], "\"%s\" is no option", argv[optind]);
	return cli_ask_and_print(&common, question->resource, question->verb, json_object(),
	    question->print);
}

int
cli_status(int argc, char **argv)
{
	return show(argc, argv, &(struct question){ .usage =
		"Usage: postern status [OPTION...]\n\n"
		"Shows what the running server is doing. Ends with 3 when none is running.\n\n"
		COMMON_USAGE, .resource = "status", .verb = "show", .print = cli_print_members });
}

int
cli_metrics(int argc, char **argv)
{
	return show(argc, argv, &(struct question){ .usage =
		"Usage: postern metrics [OPTION...]\n\n"
		"Prints the numbers that the running server counts, as Prometheus reads them.\n\n"
		COMMON_USAGE, .resource = "metrics", .verb = "show", .print = print_text });
}

int
cli_settings(int argc, char **argv)
{
	return show(argc, argv, &(struct question){ .usage =
		"Usage: postern settings [OPTION...]\n\n"
		"Shows every setting of the running server, which may differ from what \"postern\n"
		"check\" finds in the file: some take effect at a restart alone.\n\n"
		COMMON_USAGE, .resource = "settings", .verb = "show", .print = cli_print_settings });
}

int
cli_service(int argc, char **argv)
{
	return show(argc, argv, &(struct question){ .usage =
		"Usage: postern service list [OPTION...]\n\n"
		"Lists what the running server listens on.\n\n"
		COMMON_USAGE, .resource = "service", .verb = "list", .word = "list",
		.print = print_services });
}

int
cli_transfer(int argc, char **argv)
{
	return show(argc, argv, &(struct question){ .usage =
		"Usage: postern transfer list [OPTION...]\n\n"
		"Lists the transfers that have run for a second or more, with their rates.\n\n"
		COMMON_USAGE, .resource = "transfer", .verb = "list", .word = "list",
		.print = print_transfers });
}
