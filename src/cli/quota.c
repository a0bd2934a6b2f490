/*
 * postern quota
 */
#include "cli/cli.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* How often --wait looks whether the scan has ended. */
enum { WAIT_MS = 200 };

enum { OPTION_WAIT = CLI_OPTION_FIRST };

static const char usage[] =
    "Usage: postern quota show USER [OPTION...]\n"
    "       postern quota scan USER [--wait] [OPTION...]\n"
    "       postern quota list [OPTION...]\n"
    "       postern quota cancel USER [OPTION...]\n\n"
    "Shows what an account may use and uses. Counts the files of an account anew, lists the scans\n"
    "that do so, or ends one.\n\n"
    CLI_COMMON_USAGE
    "      --wait               wait for the scan's end, and show what it has found\n"
    "      --json               print JSON\n";

static const struct option options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "wait", no_argument, NULL, OPTION_WAIT },
	{ NULL, 0, NULL, 0 },
};

static json_int_t
number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void
print_amount(const char *name, json_int_t used, json_int_t limit)
{
	if (limit > 0)
		printf("%s: %lld of %lld\n", name, (long long)used, (long long)limit);
	else
		printf("%s: %lld, no limit\n", name, (long long)used);
}

static void
print_folders(const json_t *folders)
{
	const json_t *folder;
	size_t i;

	json_array_foreach (folders, i, folder) {
		printf("folder %s (%s)\n",
		    json_string_value(json_object_get(folder, "virtual_path")),
		    json_string_value(json_object_get(folder, "mapped_path")));
		if (json_is_null(json_object_get(folder, "used_quota_size"))) {
			printf("  not counted: nobody is using it\n");
			continue;
		}
		print_amount("  bytes", number_of(folder, "used_quota_size"),
		    number_of(folder, "quota_size"));
		print_amount("  files", number_of(folder, "used_quota_files"),
		    number_of(folder, "quota_files"));
	}
}

static void
print_quota(const json_t *quota)
{
	char time[32];

	print_amount("bytes", number_of(quota, "used_quota_size"), number_of(quota, "quota_size"));
	print_amount("files", number_of(quota, "used_quota_files"),
	    number_of(quota, "quota_files"));
	printf("last update: %s\n",
	    table_time(number_of(quota, "last_quota_update"), time, sizeof(time)));
	print_folders(json_object_get(quota, "folders"));
}

static void
print_scans(const json_t *scans)
{
	struct table *table = table_new(4);
	const json_t *scan;
	size_t i;

	if (json_array_size(scans) == 0)
		printf("No scan is in progress.\n");
	else
		table_row(table, "USER", "SINCE", "FILES", "BYTES");
	json_array_foreach ((json_t *)scans, i, scan) {
		char since[32], files[32], bytes[32];

		snprintf(files, sizeof(files), "%lld", (long long)number_of(scan, "found_files"));
		snprintf(bytes, sizeof(bytes), "%lld", (long long)number_of(scan, "found_size"));
		table_row(table, cli_text_of(scan, "username"),
		    table_time(number_of(scan, "start_time"), since, sizeof(since)), files, bytes);
	}
	table_print(&table);
}

/* CLI_DONE with *running_out. */
static int
look(const struct cli_common *common, const char *username, bool *running_out)
{
	json_t *scans = NULL;
	const json_t *scan;
	size_t i;
	int status = cli_ask(common, "quota_scan", "list", json_object(), &scans);

	*running_out = false;
	json_array_foreach (scans, i, scan) {
		*running_out |= strcmp(cli_text_of(scan, "username"), username) == 0;
	}
	json_decref(scans);
	return status;
}

static int
print_result(const struct cli_common *common, const char *username)
{
	json_t *quota = NULL;
	int status = cli_ask(common, "quota", "show", cli_named(username), &quota);
	const json_t *scan = json_object_get(quota, "last_scan");
	const char *error = json_string_value(json_object_get(scan, "error"));

	if (error != NULL) {
		cli_error("the scan has found nothing: %s", error);
		status = CLI_FAILED;
	} else if (status == CLI_DONE && common->json) {
		cli_print_json(scan);
	} else if (status == CLI_DONE) {
		printf("%lld bytes in %lld files\n", (long long)number_of(scan, "found_size"),
		    (long long)number_of(scan, "found_files"));
	}
	json_decref(quota);
	return status;
}

static int
scan(const struct cli_common *common, const char *username, bool wait)
{
	const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };
	bool running = wait;
	int status = cli_ask(common, "quota_scan", "start",
	    cli_named(username), NULL);

	while (status == CLI_DONE && running) {
		nanosleep(&pause, NULL);
		status = look(common, username, &running);
	}
	if (status != CLI_DONE)
		return status;
	if (wait)
		return print_result(common, username);
	printf("Scan started.\n");
	return CLI_DONE;
}

static int
cancel(const struct cli_common *common, const char *username)
{
	return cli_ask(common, "quota_scan", "cancel", cli_named(username),
	    NULL);
}

int
cli_quota(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	const char *verb;
	bool wait = false;
	int option;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (option == OPTION_WAIT)
			wait = true;
		else if (!cli_common_option(&common, option))
			return cli_usage_error(argv[0], "stopped at a wrong option");
	}
	if (common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	verb = optind < argc ? argv[optind++] : "";
	if (strcmp(verb, "list") == 0 && optind == argc)
		return cli_ask_and_print(&common, "quota_scan", "list", json_object(), print_scans);
	if (optind + 1 == argc && strcmp(verb, "show") == 0)
		return cli_ask_and_print(&common, "quota", "show", cli_named(argv[optind]),
		    print_quota);
	if (optind + 1 == argc && strcmp(verb, "scan") == 0)
		return scan(&common, argv[optind], wait);
	if (optind + 1 == argc && strcmp(verb, "cancel") == 0)
		return cancel(&common, argv[optind]);
	return cli_usage_error(argv[0],
	    "say \"list\", or \"show\", \"scan\" or \"cancel\" and a user");
}
