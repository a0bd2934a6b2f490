/*
 * A client's path: whatever its bytes, the result is in normal form or an error, parsing it again
 * changes nothing, and parent and name put together are the path.
 */
#include "vfs/vfs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
want(bool holds)
{
	if (!holds)
		abort();
}

static void
check_normal(const struct vpath *path)
{
	size_t start = 1;

	want(path->length >= 1 && path->length <= VPATH_MAX);
	want(strlen(path->text) == path->length && path->text[0] == '/');
	if (vpath_is_root(path))
		return;
	for (size_t i = 1; i <= path->length; i++) {
		size_t n = i - start;

		if (i < path->length && path->text[i] != '/')
			continue;
		want(n >= 1 && n <= VPATH_NAME_MAX);
		want(!(n == 1 && path->text[start] == '.'));
		want(!(n == 2 && path->text[start] == '.' && path->text[start + 1] == '.'));
		start = i + 1;
	}
}

static void
check_parts(const struct vpath *path)
{
	struct vpath parent, together;
	char text[VPATH_MAX + 2];
	const char *name = vpath_name(path);
	size_t n;

	vpath_parent(path, &parent);
	check_normal(&parent);
	n = parent.length;
	memcpy(text, parent.text, n);
	text[n++] = '/';
	memcpy(text + n, name, strlen(name));
	n += strlen(name);
	want(vpath_parse(&together, (struct view){ (const uint8_t *)text, n }) == 0);
	want(together.length == path->length && strcmp(together.text, path->text) == 0);
	want(vpath_is_root(path) == (name[0] == '\0'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpath path, again;

	if (vpath_parse(&path, (struct view){ data, size }) != 0)
		return 0;
	check_normal(&path);
	want(vpath_parse(&again, (struct view){ (const uint8_t *)path.text, path.length }) == 0);
	want(again.length == path.length && strcmp(again.text, path.text) == 0);
	check_parts(&path);
	return 0;
}
