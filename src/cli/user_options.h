/*
 * user_options.h - the options that describe an account, as the JSON that the server takes.
 * Private to cli/.
 */
#ifndef CLI_USER_OPTIONS_H
#define CLI_USER_OPTIONS_H

#include "cli/cli.h"

struct user_options {
	json_t *user;      /* owned: the members that were given */
	const char *password_file; /* "-" is standard input; NULL: none was named */
	bool no_password;
	const char *search; /* of list; NULL: none was given */
};

extern const char user_options_usage[];
/* The table for getopt_long(): these, and those that all commands have. */
extern const struct option user_options_long[];

MUST int user_options_init(struct user_options *options);
void user_options_free(struct user_options *options);
/* Takes one option. CLI_DONE, or what went wrong has been told. */
int user_options_take(struct user_options *options, const char *command, int option);

#endif
