#include "cli/number.h"

#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool
parse(const char *text, int base, long long min, long long max, long long *out)
{
	char *end;

	if (text[0] == '\0' || strchr("+-0123456789", text[0]) == NULL)
		return false;
	errno = 0;
	*out = strtoll(text, &end, base);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

bool
cli_number(const char *command, const char *option, const char *text, long long min,
	long long max, long long *out)
{
	if (parse(text, 0, min, max, out))
		return true;
	if (max == LLONG_MAX)
		cli_usage_error(command, "%s: \"%s\" is not a whole number from %lld", option, text,
		    min);
	else
		cli_usage_error(command, "%s: \"%s\" is not a whole number from %lld to %lld",
		    option, text, min, max);
	return false;
}

bool
cli_bool(const char *command, const char *option, const char *text, bool *out)
{
	static const char *const texts[] = { "0", "f", "F", "false", "FALSE", "False", "", "1", "t",
		"T", "true", "TRUE", "True" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i], text) == 0) {
			*out = i > 6;
			return true;
		}
	}
	cli_usage_error(command, "%s: \"%s\" is neither true nor false", option, text);
	return false;
}

bool
cli_date(const char *command, const char *option, const char *text, long long *out)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M:%S" };

	*out = 0;
	if (strcmp(text, "never") == 0 || parse(text, 10, 0, LLONG_MAX, out))
		return true;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, formats[i], &tm);

		if (end != NULL && *end == '\0') {
			*out = (long long)timegm(&tm) * 1000;
			return true;
		}
	}
	cli_usage_error(command, "%s: \"%s\" is not a date such as 2030-12-31, \"never\", or a "
	    "number of milliseconds", option, text);
	return false;
}

bool
cli_duration(const char *command, const char *option, const char *text, long long *out)
{
	static const struct {
		char letter;
		long long seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	const long long most = 10LL * 365 * 86400; /* the server takes no longer ones */
	size_t n = strlen(text);
	char *number = n > 1 ? strndup(text, n - 1) : NULL;
	bool is_good = false;

	for (size_t i = 0; number != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[n - 1] == units[i].letter && parse(number, 10, 1, most / units[i].seconds, out)) {
			*out *= units[i].seconds;
			is_good = true;
		}
	}
	free(number);
	if (!is_good)
		cli_usage_error(command, "%s: \"%s\" is not a duration such as 90s, 30m, 12h or 7d",
		    option, text);
	return is_good;
}
