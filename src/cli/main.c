/*
 * The program: finds the command and hands over.
 */
#include "base/process_title.h"
#include "cli/cli.h"
#include "worker/sftp_stdio.h"
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	const char *title; /* what its messages begin with */
	const char *help;  /* one line; NULL: not shown */
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "serve", "postern serve", "run the server", cli_serve },
	{ "portable", "postern portable", "share one directory, without any configuration",
	    cli_portable },
	{ "user", "postern user", "add, list, show, update and delete accounts", cli_user },
	{ "session", "postern session", "list and close sessions", cli_session },
	{ "ban", "postern ban", "list, add and remove bans of addresses", cli_ban },
	{ "quota", "postern quota", "what accounts use, and counting it anew", cli_quota },
	{ "status", "postern status", "what the running server is doing", cli_status },
	{ "admin", "postern admin", "manage administrators and their API keys", cli_admin },
	{ "audit", "postern audit", "who changed what", cli_audit },
	{ "backup", "postern backup", "write all accounts to a file, or read them", cli_backup },
	{ "transfer", "postern transfer", "list the transfers under way", cli_transfer },
	{ "service", "postern service", "list what the server listens on", cli_service },
	{ "metrics", "postern metrics", "the numbers that the server counts", cli_metrics },
	{ "settings", "postern settings", "every setting of the running server", cli_settings },
	{ "check", "postern check", "show every setting and where it comes from", cli_check },
	{ "config", "postern config", "rewrite the configuration in another format", cli_config },
	{ "initprovider", "postern initprovider", "create the accounts' database",
	    cli_initprovider },
	{ "provider", "postern provider", "move accounts from one database to another",
	    cli_provider },
	{ "sftp-server", "postern sftp-server", "speak SFTP on standard input and output",
	    sftp_stdio_main },
	/* How the master starts the process that forks its workers. */
	{ "nursery", "postern nursery", NULL, nursery_main },
	/* And the one that holds sessions that idle. */
	{ "parking", "postern parking", NULL, parking_main },
	/* And each one that runs a program of the administrator. */
	{ "supervisor", "postern supervisor", NULL, supervisor_main },
	/* And the one that speaks HTTP. */
	{ "http", "postern http", NULL, http_main },
};

static int
usage(void)
{
	printf("Usage: postern COMMAND [OPTION...]\n\n"
	       "A file-transfer server: SFTP for accounts of its own.\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].help != NULL)
			printf("  %-13s %s\n", commands[i].name, commands[i].help);
	}
	printf("  %-13s %s\n\n", "help", "this list, or the help of a command");
	printf("  -v, --version  print the version\n"
	       "  -h, --help     print this list\n\n"
	       "\"postern COMMAND --help\" shows the options of a command.\n");
	return CLI_DONE;
}

static int
version(void)
{
	printf("Postern version: %s\n", POSTERN_VERSION);
	return CLI_DONE;
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	static char help_option[] = "-h";
	char *help_argv[] = { NULL, help_option, NULL };
	const struct command *command;
	const char *name = argc > 1 ? argv[1] : "--help";

	process_title_init(argc, argv);
	if (strcmp(name, "-v") == 0 || strcmp(name, "--version") == 0 ||
	    strcmp(name, "version") == 0)
		return version();
	if (strcmp(name, "help") == 0 && argc > 2 && (command = find(argv[2])) != NULL) {
		help_argv[0] = (char *)command->title;
		return command->run(2, help_argv);
	}
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0 ||
	    (strcmp(name, "help") == 0 && argc == 2))
		return usage();
	if ((command = find(strcmp(name, "help") == 0 ? argv[2] : name)) == NULL) {
		cli_error("there is no command \"%s\"; \"postern help\" lists them",
		    strcmp(name, "help") == 0 ? argv[2] : name);
		return CLI_FAILED;
	}
	if (command->run == nursery_main || command->run == parking_main ||
	    command->run == supervisor_main || command->run == http_main)
		return command->run(argc, argv);
	argv[1] = (char *)command->title;
	return command->run(argc - 1, argv + 1);
}
