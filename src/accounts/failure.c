#include "accounts/failure.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that did not fit may end within a character: take its bytes away. */
static void
drop_cut_character(char *text)
{
	size_t n = strlen(text), start = n;

	while (start > 0 && n - start < 4) {
		uint8_t c = (uint8_t)text[--start];

		if ((c & 0xc0) == 0x80)
			continue;
		if (utf8_length(
			(struct view){ .p = (const uint8_t *)text + start, .n = n - start }) == 0)
			text[start] = '\0';
		return;
	}
}

static void __attribute__((format(printf, 3, 0)))
set(struct failure *failure, const char *prefix, const char *format, va_list ap)
{
	size_t n = strlen(prefix);

	memcpy(failure->text, prefix, n + 1);
	if (vsnprintf(failure->text + n, sizeof(failure->text) - n, format, ap) < 0)
		failure->text[n] = '\0';
	if (strlen(failure->text) == sizeof(failure->text) - 1)
		drop_cut_character(failure->text);
}

int
failure_set(struct failure *failure, int code, const char *format, ...)
{
	va_list ap;

	if (failure != NULL) {
		va_start(ap, format);
		set(failure, "", format, ap);
		va_end(ap);
	}
	return code;
}

int
failure_invalid(struct failure *failure, const char *format, ...)
{
	va_list ap;

	if (failure != NULL) {
		va_start(ap, format);
		set(failure, "Validation error: ", format, ap);
		va_end(ap);
	}
	return ERR_INVALID;
}
