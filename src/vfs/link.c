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

/* A walk from "/": what is behind is free of links, what is ahead is still text. */
struct walk {
	const struct vfs *vfs;
	struct vpath behind;
	size_t root;     /* where that is */
	size_t confined; /* the folder whose link was followed, or 0; it is not left any more */
	bool is_virtual; /* what is behind need not exist: a folder is below it */
	int fd;          /* of what is behind; -1 for a root, and for what does not exist */
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

/* What is behind is now another path; its descriptor, -1 for none, is taken. */
static void
walk_stand(struct walk *walk, const struct vpath *behind, int *fd, bool is_virtual)
{
	fd_close(&walk->fd);
	walk->fd = fd_take(fd);
	vpath_copy(&walk->behind, behind);
	walk->root = vfs_policy_folder_of(&walk->vfs->policy, behind);
	walk->is_virtual = is_virtual;
}

/* What was found at a path that leads to a folder does not count unless it is a directory. */
static bool
is_directory(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
walk_up(struct walk *walk)
{
	const struct vfs_policy *policy = &walk->vfs->policy;
	struct vpath parent;
	size_t root;
	int fd = -1, err = 0;

	if (walk->confined != 0 && policy_is_mount(policy, &walk->behind))
		return 0;
	vpath_parent(&walk->behind, &parent);
	root = vfs_policy_folder_of(policy, &parent);
	if (!policy_is_mount(policy, &parent))
		err = resolve_at(walk->vfs->root_fds[root],
		    tree_relative(walk->vfs, root, &parent), O_PATH | O_DIRECTORY | O_NOFOLLOW,
		    &fd);
	if (err != 0 && !policy_holds_folder(policy, &parent))
		return err;
	walk_stand(walk, &parent, &fd, err != 0);
	return 0;
}

/* The link's text takes the place of its name. */
static int
walk_link(struct walk *walk, int link_fd)
{
	const struct vpath *base;
	struct view target;
	char text[PATH_MAX];
	ssize_t n = readlinkat(link_fd, "", text, sizeof(text));
	int none = -1;

	if (n < 0)
		return errno;
	if (n == 0)
		return ENOENT;
	if ((size_t)n == sizeof(text))
		return ENAMETOOLONG;
	if (++walk->links > LINKS_MAX)
		return ELOOP;
	walk->confined = walk->confined != 0 ? walk->confined : walk->root;
	target = (struct view){ (const uint8_t *)text, (size_t)n };
	if (text[0] == '/') {
		base = link_base(walk->vfs, walk->root, &target);
		walk_stand(walk, base, &none, false);
	}
	return walk_prepend(walk, target);
}

static int
walk_into(struct walk *walk, const struct vpath *next, int *fd)
{
	struct stat st;

	if (fstat(*fd, &st) != 0)
		return errno;
	if (S_ISLNK(st.st_mode))
		return walk_link(walk, *fd);
	if (!S_ISDIR(st.st_mode) && !walk_is_at_end(walk))
		return ENOTDIR;
	walk_stand(walk, next, fd, false);
	return 0;
}

static int
walk_down(struct walk *walk, struct view component)
{
	const struct vfs_policy *policy = &walk->vfs->policy;
	int from = walk->fd == -1 ? walk->vfs->root_fds[walk->root] : walk->fd;
	struct vpath next;
	int fd = -1, err = ENOENT;

	vpath_copy(&next, &walk->behind);
	if (vpath_append(&next, component) != 0)
		return ENAMETOOLONG;
	if (policy_is_mount(policy, &next)) {
		walk_stand(walk, &next, &fd, false);
		return 0;
	}
	if (!walk->is_virtual)
		err = resolve_at(from, vpath_name(&next), O_PATH | O_NOFOLLOW, &fd);
	if (policy_holds_folder(policy, &next) && !is_directory(fd)) {
		fd_close(&fd);
		walk_stand(walk, &next, &fd, true);
		return 0;
	}
	if (err == ENOENT && walk_is_at_end(walk)) {
		walk_stand(walk, &next, &fd, false);
		return 0;
	}
	if (err == 0)
		err = walk_into(walk, &next, &fd);
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

/* Takes the host path of a root off the front. */
static bool
take_host_path(const struct vfs *vfs, size_t root, struct view *text)
{
	const struct vpath *host = tree_host_path(vfs, root);

	if (host == NULL || !vpath_is_within((const char *)text->p, text->n, host))
		return false;
	text->p += host->length;
	text->n -= host->length;
	return true;
}

const struct vpath *
link_base(const struct vfs *vfs, size_t root, struct view *text)
{
	const struct vfs_policy *policy = &vfs->policy;

	if (take_host_path(vfs, root, text))
		return policy_mount(policy, root);
	for (size_t other = 1; root == 0 && other <= policy->folder_count; other++) {
		if (take_host_path(vfs, other, text))
			return policy_mount(policy, other);
	}
	return policy_mount(policy, root);
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
