#include "control/control_address.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int
control_address_of(const char *path, struct control_address *out)
{
	const char *slash = strrchr(path, '/');
	size_t size = sizeof(out->sun.sun_path);
	char *directory;
	int n;

	*out = (struct control_address){ .sun = { .sun_family = AF_UNIX }, .directory_fd = -1,
		.name = slash != NULL ? slash + 1 : path };
	if (slash == NULL)
		directory = strdup(".");
	else
		directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (directory == NULL)
		return ERR_MEMORY;
	out->directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (out->directory_fd < 0)
		return ERR_IO;
	if (strlen(path) < size)
		n = snprintf(out->sun.sun_path, size, "%s", path);
	else
		n = snprintf(out->sun.sun_path, size, "/proc/self/fd/%d/%s", out->directory_fd,
		    out->name);
	return n >= 0 && (size_t)n < size ? 0 : ERR_LIMIT;
}
