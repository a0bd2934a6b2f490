/*
 * postern initprovider
 */
#include "accounts/accounts.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "master/open_provider.h"

#include <stdio.h>

static const char usage[] =
    "Usage: postern initprovider [OPTION...]\n\n"
    "Creates the database of accounts, or brings it up to date. \"postern serve\" does the same\n"
    "when it starts; this is for installation scripts.\n\n"
    CLI_COMMON_USAGE;

static const struct option options[] = {
	CLI_COMMON_LONG,
	{ NULL, 0, NULL, 0 },
};

static int
create(const struct config *config)
{
	struct failure failure = { 0 };
	struct provider *provider = NULL;
	int err = open_provider(config, &provider, &failure);

	/* A server that does not answer can be opened all the same. */
	if (err == 0)
		err = provider_check(provider, &failure);
	if (err == 0)
		printf("The %s provider is ready: %s\n", config->data_provider.driver,
		    config->data_provider.name);
	else
		cli_error("data_provider: %s", failure.text[0] ? failure.text : err_text(err));
	provider_close(&provider);
	return err == 0 ? CLI_DONE : CLI_FAILED;
}

int
cli_initprovider(int argc, char **argv)
{
	struct cli_common common;
	struct config *config;
	int status;

	if (!cli_common_parse(&common, argc, argv, options, usage, &status))
		return status;
	if (optind < argc)
		return cli_usage_error(argv[0], "\"%s\" is no option", argv[optind]);
	if ((config = cli_load_config(&common, false)) == NULL)
		return CLI_FAILED;
	status = CLI_FAILED;
	if (crypto_init() != 0)
		cli_error("libcrypto lacks an algorithm that the server needs");
	else if (cli_become_service_user(config->service_user))
		status = create(config);
	config_free(&config);
	return status;
}
