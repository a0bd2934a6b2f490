/*
 * postern user explain
 */
#include "cli/user_explain.h"

#include "cli/cli.h"
#include "cli/table.h"

#include <stdio.h>

static const char usage[] =
    "Usage: postern user explain NAME PATH [OPTION...]\n\n"
    "What the account may do at a path of its tree, and what decided: which directory's\n"
    "permissions, which pattern of file names, which virtual folder. The path is judged as it is\n"
    "written; where it leads through symbolic links, both spellings must be allowed.\n\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

/* "list,download", or "-" for none. */
static void
permissions_text(const json_t *names, char *out, size_t size)
{
	cli_join(names, out, size);
	if (out[0] == '\0')
		snprintf(out, size, "-");
}

static void
print_rule(const char *title, const json_t *rule)
{
	char permissions[256];

	if (json_is_null(rule)) {
		printf("%-12s none\n", title);
		return;
	}
	permissions_text(json_object_get(rule, "permissions"), permissions, sizeof(permissions));
	printf("%-12s \"%s\": %s\n", title, cli_text_of(rule, "path"), permissions);
}

static void
print_decision(const json_t *answer)
{
	const json_t *folder = json_object_get(answer, "virtual_folder");
	const json_t *filter = json_object_get(answer, "file_extensions");

	printf("%-12s %s\n", "Path", cli_text_of(answer, "path"));
	printf("%-12s %s\n", "On the host", cli_text_of(answer, "host_path"));
	if (!json_is_null(folder))
		printf("%-12s \"%s\"\n", "Folder", cli_text_of(folder, "virtual_path"));
	print_rule("Permissions", json_object_get(answer, "rule"));
	print_rule("In parent", json_object_get(answer, "parent_rule"));
	if (!json_is_null(filter))
		printf("%-12s \"%s\": a file may%s have this name\n", "Patterns",
		    cli_text_of(filter, "path"),
		    json_is_true(json_object_get(filter, "passes")) ? "" : " not");
}

/* What a file, or a directory, needs: "delete in parent". */
static void
needs_text(const json_t *verdict, char *out, size_t size)
{
	const json_t *own = json_object_get(verdict, "needs");
	const json_t *parent = json_object_get(verdict, "parent_needs");
	char here[128], above[128];

	permissions_text(own, here, sizeof(here));
	permissions_text(parent, above, sizeof(above));
	if (json_array_size(parent) == 0)
		snprintf(out, size, "%s", here);
	else if (json_array_size(own) == 0)
		snprintf(out, size, "%s in parent", above);
	else
		snprintf(out, size, "%s; %s in parent", here, above);
}

static void
add_verdict(struct table *table, const json_t *operation, const char *kind)
{
	const json_t *verdict = json_object_get(operation, kind);
	bool as_target = json_is_true(json_object_get(operation, "as_target"));
	char name[96], needs[320];

	if (json_is_null(verdict))
		return;
	snprintf(name, sizeof(name), "%s%s", cli_text_of(operation, "operation"),
	    as_target ? " to here" : "");
	needs_text(verdict, needs, sizeof(needs));
	table_row(table, name, kind, json_is_true(json_object_get(verdict, "allowed"))
	    ? "yes" : "no", cli_text_of(verdict, "decided_by"), needs);
}

static void
print_operations(const json_t *operations)
{
	struct table *table = table_new(5);
	const json_t *operation;
	size_t i;

	table_row(table, "OPERATION", "ON A", "ALLOWED", "DECIDED BY", "NEEDS");
	json_array_foreach (operations, i, operation) {
		add_verdict(table, operation, "file");
		if (!json_equal(json_object_get(operation, "file"),
		    json_object_get(operation, "directory")))
			add_verdict(table, operation, "directory");
	}
	table_print(&table);
}

static void
print_answer(const json_t *answer)
{
	print_decision(answer);
	printf("\n");
	print_operations(json_object_get(answer, "operations"));
}

int
cli_user_explain(int argc, char **argv)
{
	struct cli_common common;
	int status;

	if (!cli_common_parse(&common, argc, argv, cli_common_options, usage, &status))
		return status;
	if (argc - optind != 2)
		return cli_usage_error(argv[0], "say for whom, and which path");
	return cli_ask_and_print(&common, "user", "explain", json_pack("{s:s, s:s}", "username",
	    argv[optind], "path", argv[optind + 1]), print_answer);
}
