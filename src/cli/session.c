/*
 * postern session
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

enum { ID_SHOWN = 12, ID_SHORTEST = 4 };

static const char usage[] =
    "Usage: postern session list [OPTION...]\n"
    "       postern session close CONNECTION... [OPTION...]\n\n"
    "Lists the sessions of the running server, or ends some. A CONNECTION is the id that the list\n"
    "shows, or its beginning where that is enough to tell it from the others.\n\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

static void
transfer_text(const json_t *session, char *out, size_t size)
{
	const json_t *transfers = json_object_get(session, "active_transfers"), *transfer;
	size_t i, uploads = 0, downloads = 0;

	json_array_foreach (transfers, i, transfer) {
		if (strcmp(cli_text_of(transfer, "operation_type"), "upload") == 0)
			uploads++;
		else
			downloads++;
	}
	if (uploads + downloads == 0)
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%zu up, %zu down", uploads, downloads);
}

static void
print_sessions(const json_t *sessions)
{
	struct table *table = table_new(8);
	const json_t *session;
	size_t i;

	if (json_array_size(sessions) == 0)
		printf("Nobody is logged in.\n");
	else
		table_row(table, "CONNECTION", "USER", "ADDRESS", "PROTOCOL", "SINCE", "IDLE",
		    "TRANSFERS", "CLIENT");
	json_array_foreach (sessions, i, session) {
		long long active = json_integer_value(json_object_get(session, "last_activity"));
		char id[ID_SHOWN + 1], since[32], idle[32], transfers[64];

		snprintf(id, sizeof(id), "%.*s", ID_SHOWN, cli_text_of(session, "connection_id"));
		table_time(json_integer_value(json_object_get(session, "connection_time")), since,
		    sizeof(since));
		snprintf(idle, sizeof(idle), "%lld s", (clock_wall_ms() - active) / 1000);
		transfer_text(session, transfers, sizeof(transfers));
		table_row(table, id, cli_text_of(session, "username"),
		    cli_text_of(session, "remote_address"), cli_text_of(session, "protocol"), since, idle,
		    transfers, cli_text_of(session, "client_version"));
	}
	table_print(&table);
}

/* The whole id for its beginning; NULL, told, when none or several begin so. */
static const char *
whole_id(const json_t *sessions, const char *beginning)
{
	const char *found = NULL;
	const json_t *session;
	size_t i;

	if (strlen(beginning) < ID_SHORTEST) {
		cli_error("\"%s\" is too short to name a connection", beginning);
		return NULL;
	}
	json_array_foreach (sessions, i, session) {
		const char *id = cli_text_of(session, "connection_id");

		if (strncmp(id, beginning, strlen(beginning)) != 0)
			continue;
		if (found != NULL) {
			cli_error("several connections begin with \"%s\"", beginning);
			return NULL;
		}
		found = id;
	}
	if (found == NULL)
		cli_error("there is no connection \"%s\"", beginning);
	return found;
}

static int
close_all(const struct cli_common *common, int argc, char **argv)
{
	json_t *sessions = NULL;
	int status = cli_ask(common, "session", "list", json_object(), &sessions);

	for (int i = 0; i < argc && status != CLI_NO_SERVER; i++) {
		const char *id = whole_id(sessions, argv[i]);

		if (id == NULL || cli_ask(common, "session", "close",
			json_pack("{s:s}", "connection_id", id), NULL) != CLI_DONE)
			status = CLI_FAILED;
	}
	json_decref(sessions);
	return status;
}

int
cli_session(int argc, char **argv)
{
	struct cli_common common;
	const char *verb;
	int status;

	if (!cli_common_parse(&common, argc, argv, cli_common_options, usage, &status))
		return status;
	verb = optind < argc ? argv[optind++] : "";
	if (strcmp(verb, "list") == 0 && optind == argc)
		return cli_ask_and_print(&common, "session", "list", json_object(), print_sessions);
	if (strcmp(verb, "close") == 0 && optind < argc)
		return close_all(&common, argc - optind, argv + optind);
	return cli_usage_error(argv[0], "say \"list\", or \"close\" and a connection");
}
