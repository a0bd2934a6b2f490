/*
 * postern user totp
 */
#include "cli/user_totp.h"

#include "cli/cli.h"
#include "cli/number.h"
#include "cli/totp.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: postern user totp enrol NAME [OPTION...]\n"
    "       postern user totp disable NAME [OPTION...]\n"
    "       postern user totp show NAME [OPTION...]\n\n"
    "One-time codes of an account, as an application on a telephone shows them. enrol prints the\n"
    "secret, also as the address that such applications read, and codes for the day when the\n"
    "telephone is lost. Neither can be shown again.\n\n"
    "      --algorithm NAME     SHA1 (the default, which all applications know), SHA256 or SHA512\n"
    "      --digits 6|8         of a code (default: 6)\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

enum { OPTION_ALGORITHM = CLI_OPTION_FIRST, OPTION_DIGITS };

static const struct option long_options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "algorithm", required_argument, NULL, OPTION_ALGORITHM },
	{ "digits", required_argument, NULL, OPTION_DIGITS },
	{ NULL, 0, NULL, 0 },
};

struct settings {
	struct cli_common common;
	const char *algorithm;
	long long digits;
};

void
totp_print_enrolment(const json_t *answer)
{
	const json_t *codes = json_object_get(answer, "recovery_codes"), *code;
	size_t i;

	printf("Secret:  %s\n", json_string_value(json_object_get(answer, "secret")));
	printf("Address: %s\n\n", json_string_value(json_object_get(answer, "uri")));
	printf("Recovery codes, each of which works once in place of a code:\n");
	json_array_foreach (codes, i, code)
		printf("  %s\n", json_string_value(code));
}

static int
enrol(const struct settings *settings, const char *name)
{
	return cli_ask_and_print(&settings->common, "totp", "enrol", json_pack("{s:s, s:s, s:I}",
	    "username", name, "algorithm", settings->algorithm, "digits",
	    (json_int_t)settings->digits), totp_print_enrolment);
}

static int
disable(const struct settings *settings, const char *name)
{
	int status = cli_ask(&settings->common, "totp", "disable", cli_named(name), NULL);

	if (status == CLI_DONE && !settings->common.json)
		printf("User %s has no one-time codes.\n", name);
	return status;
}

static int
show(const struct settings *settings, const char *name)
{
	return cli_ask_and_print(&settings->common, "totp", "show", cli_named(name),
	    cli_print_members);
}

static const struct {
	const char *verb;
	int (*run)(const struct settings *settings, const char *name);
} verbs[] = {
	{ "enrol", enrol },
	{ "disable", disable },
	{ "show", show },
};

static int
run(const struct settings *settings, const char *command, int argc, char **argv)
{
	if (argc != 2)
		return cli_usage_error(command, "say what to do, and with whom");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, argv[0]) == 0)
			return verbs[i].run(settings, argv[1]);
	}
	return cli_usage_error(command, "\"%s\" is not a verb", argv[0]);
}

static int
take_option(struct settings *settings, const char *command, int option)
{
	switch (option) {
	case OPTION_ALGORITHM:
		settings->algorithm = optarg;
		return CLI_DONE;
	case OPTION_DIGITS:
		return cli_number(command, "digits", optarg, 6, 8, &settings->digits) ? CLI_DONE
		    : CLI_USAGE;
	default:
		return cli_usage_error(command, "stopped at a wrong option");
	}
}

int
cli_user_totp(int argc, char **argv)
{
	struct settings settings = { .common = cli_common_init(), .algorithm = "SHA1",
		.digits = 6 };
	int option;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, long_options, NULL)) != -1) {
		int status = CLI_DONE;

		if (!cli_common_option(&settings.common, option))
			status = take_option(&settings, argv[0], option);
		if (status != CLI_DONE)
			return status;
	}
	if (settings.common.help) {
		printf("%s", usage);
		return CLI_DONE;
	}
	return run(&settings, argv[0], argc - optind, argv + optind);
}
