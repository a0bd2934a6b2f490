#include "vfs/vpath.h"

#include <stdlib.h>
#include <string.h>

void
vpath_set_root(struct vpath *path)
{
	path->length = 1;
	path->text[0] = '/';
	path->text[1] = '\0';
}

void
vpath_copy(struct vpath *to, const struct vpath *from)
{
	memmove(to->text, from->text, (size_t)from->length + 1);
	to->length = from->length;
}

struct vpath *
vpath_dup(const struct vpath *path)
{
	struct vpath *copy = malloc(sizeof(*copy));

	if (copy != NULL)
		vpath_copy(copy, path);
	return copy;
}

bool
vpath_is_root(const struct vpath *path)
{
	return path->length == 1;
}

MUST int
vpath_append(struct vpath *path, struct view name)
{
	size_t at = vpath_is_root(path) ? 0 : path->length;

	if (name.n > VPATH_NAME_MAX || at + 1 + name.n > VPATH_MAX)
		return ERR_LIMIT;
	path->text[at] = '/';
	memcpy(path->text + at + 1, name.p, name.n);
	path->length = (uint16_t)(at + 1 + name.n);
	path->text[path->length] = '\0';
	return 0;
}

bool
vpath_next_component(struct view *text, struct view *component_out)
{
	const uint8_t *slash;

	if (text->n == 0)
		return false;
	slash = memchr(text->p, '/', text->n);
	*component_out = *text;
	if (slash == NULL) {
		*text = (struct view){ 0 };
		return true;
	}
	component_out->n = (size_t)(slash - text->p);
	text->p = slash + 1;
	text->n -= component_out->n + 1;
	return true;
}

MUST int
vpath_parse(struct vpath *out, struct view path)
{
	struct view component;

	vpath_set_root(out);
	if (view_has_nul(path))
		return ERR_FORMAT;
	while (vpath_next_component(&path, &component)) {
		int err;

		if (component.n == 0 || view_is(component, "."))
			continue;
		if (view_is(component, "..")) {
			vpath_parent(out, out);
			continue;
		}
		err = vpath_append(out, component);
		if (err != 0) {
			vpath_set_root(out);
			return err;
		}
	}
	return 0;
}

size_t
vpath_parent_length(const struct vpath *path)
{
	const char *slash = memrchr(path->text, '/', path->length);

	return slash == path->text ? 1 : (size_t)(slash - path->text);
}

void
vpath_parent(const struct vpath *path, struct vpath *out)
{
	size_t length = vpath_parent_length(path);

	memmove(out->text, path->text, length);
	out->text[length] = '\0';
	out->length = (uint16_t)length;
}

const char *
vpath_name(const struct vpath *path)
{
	const char *slash = memrchr(path->text, '/', path->length);

	return slash + 1;
}

bool
vpath_wants_directory(struct view path)
{
	struct view last = { 0 };
	bool any = false;

	if (path.n > 0 && path.p[path.n - 1] == '/')
		return true;
	while (vpath_next_component(&path, &last))
		any = true;
	return any && (view_is(last, ".") || view_is(last, ".."));
}

bool
vpath_is_within(const char *path, size_t length, const struct vpath *directory)
{
	size_t n = directory->length;

	if (vpath_is_root(directory))
		return true;
	if (length < n || memcmp(path, directory->text, n) != 0)
		return false;
	return length == n || path[n] == '/';
}
