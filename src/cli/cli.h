/*
 * cli.h - what the commands of `postern` share: exit codes, common options, messages.
 *
 * Each command is one function in a file with its name; it gets its own argc and argv, with its
 * full name ("postern user") in argv[0], and returns an exit code. Commands that ask the server do
 * so through the control socket and open no database. Private to cli/.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "config/config.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,    /* it did not work, or the server refused; said on standard error */
	CLI_USAGE = 2,     /* the arguments are wrong */
	CLI_NO_SERVER = 3, /* no server is running with this configuration directory */
};

int cli_serve(int argc, char **argv);
int cli_portable(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_initprovider(int argc, char **argv);
int cli_provider(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_session(int argc, char **argv);
int cli_ban(int argc, char **argv);
int cli_quota(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_metrics(int argc, char **argv);
int cli_settings(int argc, char **argv);
int cli_service(int argc, char **argv);
int cli_transfer(int argc, char **argv);
int cli_admin(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_backup(int argc, char **argv);

/* Where the configuration is, and how to print: options that most commands take. */
struct cli_common {
	const char *config_dir;
	const char *config_file; /* NULL: the usual names */
	bool json;
	bool help;
};

#define CLI_COMMON_SHORT "c:f:h"
#define CLI_COMMON_LONG \
	{ "config-dir", required_argument, NULL, 'c' }, \
	{ "config-file", required_argument, NULL, 'f' }, \
	{ "help", no_argument, NULL, 'h' }
#define CLI_JSON_LONG { "json", no_argument, NULL, CLI_OPTION_JSON }
#define CLI_COMMON_USAGE \
	"  -c, --config-dir DIR     where the configuration is (default: .)\n" \
	"  -f, --config-file NAME   its file, without directory and extension\n"

/* Of a command that has no others: these and --json. */
extern const struct option cli_common_options[];

/* Options without a short form start here; commands number theirs from CLI_OPTION_FIRST. */
enum { CLI_OPTION_JSON = 256, CLI_OPTION_FIRST };

/* The defaults: environment, then built in. */
struct cli_common cli_common_init(void);
/* Takes an option that all commands have; false when it is none of them. */
bool cli_common_option(struct cli_common *common, int option);

/*
 * Takes the options of a command that has no others than these, and shows its help. True: the first
 * argument is at optind. Else *status_out is how the command ends.
 */
bool cli_common_parse(struct cli_common *out, int argc, char **argv, const struct option *options,
	const char *usage, int *status_out);

/*
 * As root, becomes the user as which the server runs, so that files that are made are the server's.
 * False, told, when that cannot be.
 */
bool cli_become_service_user(const char *name);
/* "postern: <text>" on standard error. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Each line of the text as cli_error() does. */
void cli_error_lines(const struct buf *lines);
/* Says that the arguments are wrong and where help is; returns CLI_USAGE. */
int cli_usage_error(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Loads the configuration of a command that starts no server. Mistakes are told unless
 * `forgiving`, and then fail. NULL when it cannot be used.
 */
struct config *cli_load_config(const struct cli_common *common, bool forgiving);

/*
 * Asks the server; takes the request's body, NULL being one with an argument that JSON cannot hold.
 * CLI_DONE with the answer's body in *body_out (a new reference, NULL when it had none; body_out
 * may be NULL), else the fault has been told.
 */
int cli_ask(const struct cli_common *common, const char *resource, const char *verb, json_t *body,
	json_t **body_out);
/* The same; then prints the answer, as JSON where that is wanted. */
int cli_ask_and_print(const struct cli_common *common, const char *resource, const char *verb,
	json_t *body, void (*print)(const json_t *answer));
/* The body of a request about one user or administrator. */
json_t *cli_named(const char *username);

/* The member as text, "" when it is none. */
const char *cli_text_of(const json_t *object, const char *key);
/* "a,b" as a list of texts; "" is an empty one. A new reference. */
json_t *cli_split(const char *text);
/* The other way; what does not fit is left out. */
void cli_join(const json_t *texts, char *out, size_t size);
/* Prints a value as indented JSON. */
void cli_print_json(const json_t *value);
/* Prints what config_to_json() makes as a table. */
void cli_print_settings(const json_t *report);
/* Prints the members of an object as aligned lines "name: value". */
void cli_print_members(const json_t *object);
/*
 * A public key: the first key line of the file with this name, or the text itself when it is none.
 * "-" reads standard input. Allocated; NULL, told, when the file cannot be read.
 */
char *cli_read_key(const char *argument);

#endif
