/*
 * postern initprovider
 */
#include "accounts/accounts.h"
#include "cli/cli.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage: postern initprovider [OPTION...]\n\n"
    "Creates the database of accounts, or brings it up to date. \"postern serve\" does the same\n"
    "when it starts; this is for installation scripts.\n\n"
    CLI_COMMON_USAGE;

static const struct option options[] = {
	CLI_COMMON_LONG,
	{ NULL, 0, NULL, 0 },
};

/* As root, the file must become the server's and not root's. */
static bool
become_service_user(const char *name)
{
	const struct passwd *entry;

	if (geteuid() != 0)
		return true;
	if ((entry = getpwnam(name)) == NULL) {
		cli_error("service_user: there is no user \"%s\"; make it, or name another", name);
		return false;
	}
	if (initgroups(name, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
	    setuid(entry->pw_uid) != 0) {
		cli_error("cannot become the user \"%s\": %s", name, strerror(errno));
		return false;
	}
	return true;
}

static int
create(const struct config *config)
{
	const struct config_data_provider *c = &config->data_provider;
	char *name = config_path(config, c->name);
	char *credentials = config_path(config, c->credentials_path);
	struct provider_config provider_config = { .driver = c->driver, .name = name,
		.connection_string = c->connection_string, .users_table = c->users_table,
		.users_base_dir = c->users_base_dir, .credentials_path = credentials,
		.manage_users = c->manage_users != 0, .track_quota = c->track_quota };
	struct failure failure = { 0 };
	struct provider *provider = NULL;
	int err = ERR_MEMORY;

	if (name != NULL && credentials != NULL)
		err = provider_open(&provider_config, &provider, &failure);
	if (err == 0)
		printf("The %s provider is ready: %s\n", c->driver, name);
	else
		cli_error("data_provider: %s", failure.text[0] ? failure.text : err_text(err));
	provider_close(&provider);
	free(name);
	free(credentials);
	return err == 0 ? CLI_DONE : CLI_FAILED;
}

int
cli_initprovider(int argc, char **argv)
{
	struct cli_common common = cli_common_init();
	struct config *config;
	int option, status = CLI_FAILED;

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
	if ((config = cli_load_config(&common, false)) == NULL)
		return CLI_FAILED;
	if (crypto_init() != 0)
		cli_error("libcrypto lacks an algorithm that the server needs");
	else if (become_service_user(config->service_user))
		status = create(config);
	config_free(&config);
	return status;
}
