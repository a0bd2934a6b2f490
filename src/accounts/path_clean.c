#include "accounts/path_clean.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * `out` holds n clean bytes; takes the last component away. False when there is none to take: at
 * the root, at the start of a relative path, or behind a ".." that had to stay.
 */
static bool
drop_component(const char *out, size_t *n, size_t floor)
{
	if (*n <= floor)
		return false;
	while (*n > floor && out[*n - 1] != '/')
		(*n)--;
	if (*n > floor)
		(*n)--; /* the slash */
	return true;
}

char *
path_clean(const char *path)
{
	bool rooted = path[0] == '/';
	size_t n = 0, floor = rooted ? 1 : 0; /* bytes that ".." may not take */
	char *out = malloc(strlen(path) + 2);

	if (out == NULL)
		return NULL;
	if (rooted)
		out[n++] = '/';
	for (const char *p = path; *p != '\0';) {
		size_t length = strcspn(p, "/");
		bool is_parent = length == 2 && p[0] == '.' && p[1] == '.';

		if (length == 0) {
			p++;
			continue;
		}
		if (length == 1 && p[0] == '.') {
			p += length;
			continue;
		}
		if (is_parent && (drop_component(out, &n, floor) || rooted)) {
			p += length;
			continue;
		}
		if (n > 0 && out[n - 1] != '/')
			out[n++] = '/';
		memcpy(out + n, p, length);
		n += length;
		p += length;
		if (is_parent)
			floor = n;
	}
	if (n == 0)
		out[n++] = '.';
	out[n] = '\0';
	return out;
}

char *
path_join(const char *base, const char *name)
{
	char *joined, *clean;

	if (asprintf(&joined, "%s/%s", base, name) < 0)
		return NULL;
	clean = path_clean(joined);
	free(joined);
	return clean;
}

bool
path_is_within(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return path[0] == '/';
	return strncmp(path, directory, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
