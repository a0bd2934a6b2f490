#include "cli/password.h"

#include "accounts/accounts.h"
#include "base/fd.h"
#include "base/secret.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line without its end, byte by byte: what follows it is not ours to read. */
static char *
read_line(int fd)
{
	char line[PASSWORD_BYTES_MAX + 2], *password;
	size_t n = 0;
	ssize_t done = 1;

	while (n < sizeof(line) - 1 && (done = read(fd, line + n, 1)) == 1 && line[n] != '\n')
		n++;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	password = done >= 0 && n > 0 && n <= PASSWORD_BYTES_MAX ? strdup(line) : NULL;
	secret_wipe(line, sizeof(line));
	return password;
}

char *
password_read(const char *file)
{
	bool standard = strcmp(file, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *password;

	if (fd < 0) {
		cli_error("%s: %s", file, strerror(errno));
		return NULL;
	}
	password = read_line(fd);
	if (password == NULL)
		cli_error("%s: its first line is not a password of 1 to %d bytes",
		    standard ? "standard input" : file, PASSWORD_BYTES_MAX);
	if (!standard)
		fd_close(&fd);
	return password;
}

bool
password_can_prompt(void)
{
	return isatty(STDIN_FILENO);
}

static char *
ask(int terminal, const char *what, const char *username)
{
	struct termios before, silent;
	char *password;

	if (tcgetattr(terminal, &before) != 0)
		return NULL;
	silent = before;
	silent.c_lflag &= (tcflag_t)~ECHO;
	dprintf(terminal, "%s for %s: ", what, username);
	tcsetattr(terminal, TCSAFLUSH, &silent);
	password = read_line(terminal);
	tcsetattr(terminal, TCSAFLUSH, &before);
	dprintf(terminal, "\n");
	return password;
}

char *
password_prompt(const char *username)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char *password = NULL, *again = NULL;

	if (terminal < 0) {
		cli_error("there is no terminal to ask for a password; use --password-stdin");
		return NULL;
	}
	password = ask(terminal, "Password", username);
	if (password != NULL)
		again = ask(terminal, "The same password again", username);
	if (password == NULL || again == NULL) {
		cli_error("no password was given");
	} else if (strcmp(password, again) != 0) {
		cli_error("the two passwords are not the same");
	}
	if (password != NULL && (again == NULL || strcmp(password, again) != 0)) {
		secret_free_str(password);
		password = NULL;
	}
	secret_free_str(again);
	fd_close(&terminal);
	return password;
}
