/*
 * The programs of the configuration: whether they are there and can be run. Not part of loading,
 * since only a server runs them.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check(const struct config *config, const char *key, const char *path, struct buf *mistakes)
{
	struct stat st;
	const char *what = NULL;

	if (path[0] == '\0')
		return 0;
	if (stat(path, &st) != 0 || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		what = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		what = "it is no file";
	if (what == NULL)
		return 0;
	buf_printf(mistakes, "%s%s%s: \"%s\" cannot be run: %s; put a program there that the "
	    "server's user may execute, or leave the setting empty\n", config->file,
	    config->file[0] != '\0' ? ": " : "", key, path, what);
	return ERR_INVALID;
}

int
config_check_programs(const struct config *config, struct buf *mistakes)
{
	const struct {
		const char *key, *path;
	} programs[] = {
		{ "data_provider.external_auth_program",
		    config->data_provider.external_auth_program },
		{ "data_provider.pre_login_program", config->data_provider.pre_login_program },
		{ "sftpd.keyboard_interactive_auth_program",
		    config->sftpd.keyboard_interactive_auth_program },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (check(config, programs[i].key, programs[i].path, mistakes) != 0)
			err = ERR_INVALID;
	}
	return err;
}
