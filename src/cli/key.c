/* Public keys, as arguments name them. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 64 * 1024 };

static char *
first_key_line(const struct buf *content)
{
	struct view text = buf_view(content), line;

	while (view_next_line(&text, &line)) {
		while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
			line.n--;
		if (line.n > 0 && line.p[0] != '#')
			return view_dup(line);
	}
	return NULL;
}

char *
cli_read_key(const char *argument)
{
	struct buf content = buf_init(KEY_FILE_MAX);
	char *key = NULL;
	int err = 0;

	if (strcmp(argument, "-") == 0) {
		char line[KEY_FILE_MAX];

		if (fgets(line, sizeof(line), stdin) != NULL)
			buf_text(&content, line);
		key = first_key_line(&content);
	} else if (strchr(argument, ' ') != NULL && access(argument, F_OK) != 0) {
		key = strdup(argument); /* "ssh-ed25519 AAAA..." */
	} else if ((err = fd_read_file(argument, &content)) == 0) {
		key = first_key_line(&content);
	}
	if (err != 0)
		cli_error("%s: %s", argument, err == ERR_IO ? strerror(errno) : err_text(err));
	else if (key == NULL)
		cli_error("%s: there is no public key in it", argument);
	else if (strstr(key, "PRIVATE KEY") != NULL)
		cli_error("%s: this is a private key; give the public one (usually %s.pub)",
		    argument, argument);
	if (key != NULL && strstr(key, "PRIVATE KEY") != NULL) {
		free(key);
		key = NULL;
	}
	buf_free(&content);
	return key;
}
