/*
 * Becoming the user as which the server runs.
 */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

bool
cli_become_service_user(const char *name)
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
