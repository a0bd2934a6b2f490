#include "master/open_provider.h"

#include <stdlib.h>
#include <string.h>

static bool
is_on_server(const char *driver)
{
	return strcmp(driver, "postgresql") == 0 || strcmp(driver, "mysql") == 0;
}

/* What the settings borrow beside the configuration. */
struct paths {
	char *name;
	char *credentials;
};

static int
fill(const struct config *config, struct paths *paths, struct provider_config *out)
{
	const struct config_data_provider *c = &config->data_provider;
	bool programs = c->external_auth_program[0] != '\0' || c->pre_login_program[0] != '\0';

	paths->name = is_on_server(c->driver) ? strdup(c->name) : config_path(config, c->name);
	paths->credentials = config_path(config, c->credentials_path);
	*out = (struct provider_config){ .driver = c->driver, .name = paths->name,
		.host = c->host, .port = c->port, .username = c->username,
		.password = c->password, .sslmode = c->sslmode,
		.connection_string = c->connection_string, .pool_size = c->pool_size,
		.users_table = c->users_table, .users_base_dir = c->users_base_dir,
		.credentials_path = paths->credentials, .manage_users = c->manage_users != 0,
		.programs_write = programs, .track_quota = c->track_quota };
	return paths->name == NULL || paths->credentials == NULL ? ERR_MEMORY : 0;
}

static void
paths_free(struct paths *paths)
{
	free(paths->name);
	free(paths->credentials);
}

int
open_provider(const struct config *config, struct provider **out, struct failure *failure)
{
	struct provider_config settings;
	struct paths paths;
	int err = fill(config, &paths, &settings);

	*out = NULL;
	if (err == 0)
		err = provider_open(&settings, out, failure);
	paths_free(&paths);
	return err;
}

bool
open_provider_differs(const struct config *a, const struct config *b)
{
	const struct config_data_provider *p = &a->data_provider, *q = &b->data_provider;

	return strcmp(p->host, q->host) != 0 || p->port != q->port ||
	    strcmp(p->username, q->username) != 0 || strcmp(p->password, q->password) != 0 ||
	    p->sslmode != q->sslmode || p->pool_size != q->pool_size ||
	    strcmp(p->connection_string, q->connection_string) != 0;
}

int
open_provider_change(
    const struct config *config, struct provider *provider, struct failure *failure)
{
	struct provider_config settings;
	struct paths paths;
	int err = fill(config, &paths, &settings);

	if (err == 0)
		err = provider_change(provider, &settings, failure);
	paths_free(&paths);
	return err;
}
