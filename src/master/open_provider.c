#include "master/open_provider.h"

#include <stdlib.h>
#include <string.h>

static bool
is_on_server(const char *driver)
{
	return strcmp(driver, "postgresql") == 0 || strcmp(driver, "mysql") == 0;
}

int
open_provider(const struct config *config, struct provider **out, struct failure *failure)
{
	const struct config_data_provider *c = &config->data_provider;
	bool programs = c->external_auth_program[0] != '\0' || c->pre_login_program[0] != '\0';
	char *name = is_on_server(c->driver) ? strdup(c->name) : config_path(config, c->name);
	char *credentials = config_path(config, c->credentials_path);
	const struct provider_config settings = { .driver = c->driver, .name = name,
		.host = c->host, .port = c->port, .username = c->username,
		.password = c->password, .sslmode = c->sslmode,
		.connection_string = c->connection_string, .pool_size = c->pool_size,
		.users_table = c->users_table, .users_base_dir = c->users_base_dir,
		.credentials_path = credentials, .manage_users = c->manage_users != 0, .programs_write = programs,
		.track_quota = c->track_quota };
	int err = ERR_MEMORY;

	*out = NULL;
	if (name != NULL && credentials != NULL)
		err = provider_open(&settings, out, failure);
	free(name);
	free(credentials);
	return err;
}
