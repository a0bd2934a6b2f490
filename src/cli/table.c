#include "cli/table.h"

#include "base/err.h"
#include "base/rd.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct table {
	size_t columns, cells;
	char **texts;
};

static void *
need(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "postern: %s\n", err_text(ERR_MEMORY));
		exit(1);
	}
	return p;
}

struct table *
table_new(size_t columns)
{
	struct table *table = need(calloc(1, sizeof(*table)));

	table->columns = columns;
	return table;
}

/* Bytes of the next character as it will be shown; 0 for one that is not to be shown. */
static size_t
shown_length(struct view text)
{
	size_t n = utf8_length(text);

	if (n == 1 && (text.p[0] < 0x20 || text.p[0] == 0x7f))
		return 0;
	if (n == 2 && text.p[0] == 0xc2 && text.p[1] < 0xa0)
		return 0; /* the second set of control characters */
	return n;
}

static char *
make_safe(const char *text)
{
	struct view rest = view_of(text);
	char *safe = need(malloc(rest.n + 1)), *to = safe;

	while (rest.n > 0) {
		size_t n = shown_length(rest);

		if (n == 0) {
			*to++ = '?';
			n = 1;
		} else {
			memcpy(to, rest.p, n);
			to += n;
		}
		rest.p += n;
		rest.n -= n;
	}
	*to = '\0';
	return safe;
}

void
table_row(struct table *table, ...)
{
	va_list ap;

	table->texts = need(reallocarray(table->texts, table->cells + table->columns,
	    sizeof(*table->texts)));
	va_start(ap, table);
	for (size_t i = 0; i < table->columns; i++)
		table->texts[table->cells++] = make_safe(va_arg(ap, const char *));
	va_end(ap);
}

static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80)
			width++;
	}
	return width;
}

void
table_print(struct table **table)
{
	struct table *t = *table;
	size_t *widths = need(calloc(t->columns, sizeof(*widths)));

	for (size_t i = 0; i < t->cells; i++) {
		size_t width = width_of(t->texts[i]);

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	for (size_t i = 0; i < t->cells; i++) {
		size_t column = i % t->columns;

		if (column + 1 == t->columns)
			printf("%s\n", t->texts[i]);
		else
			printf("%s%*s", t->texts[i],
			    (int)(widths[column] - width_of(t->texts[i]) + 2), "");
		free(t->texts[i]);
	}
	free(widths);
	free(t->texts);
	free(t);
	*table = NULL;
}

const char *
table_time(long long ms, char *out, size_t size)
{
	time_t seconds = ms / 1000;
	struct tm tm;

	if (ms == 0 || localtime_r(&seconds, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(out, size, "never");
	return out;
}
