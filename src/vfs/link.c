#include "vfs/link.h"

#include "base/fd.h"
#include "vfs/resolve.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as the kernel follows (path_resolution(7)). */
enum { LINKS_MAX = 40, PENDING_BYTES = 2 * PATH_MAX };

/* A walk from the root: what is behind is free of links, what is ahead is still text. */
struct walk {
	const struct vfs *vfs;
	struct vpath behind;
	int fd; /* of `behind`, or -1 for the root */
	int links;
	size_t ahead; /* where the text ahead begins; it ends with the buffer */
	char text[PENDING_BYTES];
};

/* Puts a text in front of what is ahead. */
static int
walk_prepend(struct walk *walk, struct view text)
{
	size_t needed = text.n + 1;

	if (needed > walk->ahead)
		return ENAMETOOLONG;
	walk->ahead -= needed;
	memcpy(walk->text + walk->ahead, text.p, text.n);
	walk->text[walk->ahead + text.n] = '/';
	return 0;
}

static bool
walk_next(struct walk *walk, struct view *component_out)
{
	struct view ahead = { (const uint8_t *)walk->text + walk->ahead,
		sizeof(walk->text) - walk->ahead };

	do {
		if (!vpath_next_component(&ahead, component_out)) {
			walk->ahead = sizeof(walk->text);
			return false;
		}
		walk->ahead = sizeof(walk->text) - ahead.n;
	} while (component_out->n == 0 || view_is(*component_out, "."));
	return true;
}

static bool
walk_is_at_end(const struct walk *walk)
{
	struct view ahead = { (const uint8_t *)walk->text + walk->ahead,
		sizeof(walk->text) - walk->ahead };
	struct view component;

	while (vpath_next_component(&ahead, &component)) {
		if (component.n > 0 && !view_is(component, "."))
			return false;
	}
	return true;
}

static void
walk_restart(struct walk *walk)
{
	fd_close(&walk->fd);
	vpath_set_root(&walk->behind);
}

static int
walk_up(struct walk *walk)
{
	fd_close(&walk->fd);
	vpath_parent(&walk->behind, &walk->behind);
	if (vpath_is_root(&walk->behind))
		return 0;
	return resolve_at(walk->vfs->root_fd, tree_relative(&walk->behind),
	    O_PATH | O_DIRECTORY | O_NOFOLLOW, &walk->fd);
}

/* The link's text takes the place of its name. */
static int
walk_link(struct walk *walk, int link_fd)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(link_fd, "", text, sizeof(text));

	if (n < 0)
		return errno;
	if (n == 0)
		return ENOENT;
	if ((size_t)n == sizeof(text))
		return ENAMETOOLONG;
	if (++walk->links > LINKS_MAX)
		return ELOOP;
	if (text[0] == '/')
		walk_restart(walk);
	return walk_prepend(walk,
	    link_inside(walk->vfs, (struct view){ (const uint8_t *)text, (size_t)n }));
}

static int
walk_into(struct walk *walk, struct view component, int *fd)
{
	struct stat st;

	if (fstat(*fd, &st) != 0)
		return errno;
	if (S_ISLNK(st.st_mode))
		return walk_link(walk, *fd);
	if (!S_ISDIR(st.st_mode) && !walk_is_at_end(walk))
		return ENOTDIR;
	if (vpath_append(&walk->behind, component) != 0)
		return ENAMETOOLONG;
	fd_close(&walk->fd);
	walk->fd = fd_take(fd);
	return 0;
}

static int
walk_down(struct walk *walk, struct view component)
{
	int from = walk->fd == -1 ? walk->vfs->root_fd : walk->fd;
	char name[VPATH_NAME_MAX + 1];
	int fd = -1;
	int err;

	if (view_copy(component, name, sizeof(name)) != 0)
		return ENAMETOOLONG;
	err = resolve_at(from, name, O_PATH | O_NOFOLLOW, &fd);
	if (err == ENOENT && walk_is_at_end(walk))
		return vpath_append(&walk->behind, component) == 0 ? 0 : ENAMETOOLONG;
	if (err == 0)
		err = walk_into(walk, component, &fd);
	fd_close(&fd);
	return err;
}

MUST int
link_follow(const struct vfs *vfs, const struct vpath *path, struct vpath *out)
{
	struct walk walk = { .vfs = vfs, .fd = -1, .ahead = PENDING_BYTES };
	struct view component;
	int err;

	vpath_set_root(&walk.behind);
	err = walk_prepend(&walk, (struct view){ (const uint8_t *)path->text, path->length });
	while (err == 0 && walk_next(&walk, &component)) {
		if (view_is(component, ".."))
			err = walk_up(&walk);
		else
			err = walk_down(&walk, component);
	}
	fd_close(&walk.fd);
	if (err == 0)
		vpath_copy(out, &walk.behind);
	return err;
}

struct view
link_inside(const struct vfs *vfs, struct view text)
{
	const struct vpath *root = &vfs->host_path;

	if (!vfs->has_host_path || vpath_is_root(root) ||
	    !vpath_is_within((const char *)text.p, text.n, root))
		return text;
	return (struct view){ text.p + root->length, text.n - root->length };
}

/* Bytes of the part that two paths have in common, by components; 0 when it is the root. */
static size_t
common_length(const struct vpath *a, const struct vpath *b)
{
	size_t common = 0;
	size_t n = a->length < b->length ? a->length : b->length;

	for (size_t i = 1; i <= n; i++) {
		bool a_ends = i == a->length || a->text[i] == '/';
		bool b_ends = i == b->length || b->text[i] == '/';

		if (a->text[i - 1] != b->text[i - 1])
			break;
		if (a_ends && b_ends)
			common = i;
	}
	return common == 1 ? 0 : common;
}

void
link_relative(struct buf *out, const struct vpath *directory, const struct vpath *target)
{
	size_t common = common_length(directory, target);
	const char *rest = target->text + common;
	bool first = true;

	for (size_t i = common; !vpath_is_root(directory) && i < directory->length; i++) {
		if (directory->text[i] == '/') {
			buf_text(out, first ? ".." : "/..");
			first = false;
		}
	}
	if (*rest == '/' && rest[1] != '\0') {
		buf_text(out, first ? rest + 1 : rest);
		first = false;
	}
	if (first)
		buf_text(out, ".");
}
