/*
 * number.h - numbers, truths and dates on the command line; faults are told. Private to cli/.
 */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>

/* Decimal, 0x and leading-zero octal, as the environment's settings. */
bool cli_number(const char *command, const char *option, const char *text, long long min,
	long long max, long long *out);
bool cli_bool(const char *command, const char *option, const char *text, bool *out);
/*
 * Milliseconds since 1970 from a number of them, or from "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS" in
 * UTC; 0 for "never".
 */
bool cli_date(const char *command, const char *option, const char *text, long long *out);
/* Seconds, more than none, from "90s", "30m", "12h" or "7d". */
bool cli_duration(const char *command, const char *option, const char *text, long long *out);

#endif
