/* Moving a file to another folder: a copy, then the end of the source. */
#include "base/fd.h"
#include "vfs/attributes.h"
#include "vfs/file.h"
#include "vfs/place.h"
#include "vfs/tree.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct vfs_move {
	struct vfs *vfs;
	struct vpath from_path;
	struct vfs_file *from, *to;
	struct stat source; /* as it was when the copy began */
	uint64_t copied;
	bool done;
};

/* Links and special files are not moved: what they mean depends on where they are. */
static int
check_kind(struct vfs *vfs, operations wanted, const struct vpath *path, bool may_miss)
{
	struct place place;
	struct stat st;
	int err = place_find_node(vfs, wanted, path, false, &place, &st);

	place_free(&place);
	if (err == ENOENT && may_miss)
		return 0;
	return err == 0 && !S_ISREG(st.st_mode) ? EXDEV : err;
}

static int
move_open(struct vfs_move *move, const struct vpath *to, bool replace)
{
	struct vfs *vfs = move->vfs;
	unsigned flags = VFS_WRITE | VFS_CREATE | (replace ? VFS_TRUNCATE : VFS_EXCLUSIVE);
	int err = check_kind(vfs, OPERATION_BIT(OPEN_READ) | OPERATION_BIT(REMOVE),
	    &move->from_path, false);

	if (err == 0)
		err = vfs_open(vfs, &move->from_path, VFS_READ, &move->from);
	if (err == 0)
		err = check_kind(vfs, OPERATION_BIT(RENAME), to, true);
	if (err == 0)
		err = vfs_open(vfs, to, flags, &move->to);
	if (err == 0 && fstat(move->from->fd, &move->source) != 0)
		err = errno;
	return err;
}

MUST int
vfs_rename_or_move(struct vfs *vfs, const struct vpath *from, const struct vpath *to, bool replace,
	struct vfs_move **move_out)
{
	struct vfs_move *move;
	int err = vfs_rename(vfs, from, to, replace);

	*move_out = NULL;
	if (err != EXDEV || !vfs->policy.rename_copies)
		return err;
	move = calloc(1, sizeof(*move));
	if (move == NULL)
		return ENOMEM;
	move->vfs = vfs;
	vpath_copy(&move->from_path, from);
	err = move_open(move, to, replace);
	if (err != 0)
		vfs_move_free(&move);
	*move_out = move;
	return err;
}

static bool
same_content(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Still what was copied, under that name. */
static int
check_source(struct vfs_move *move)
{
	struct place place;
	struct stat st;
	int err = place_find_node(move->vfs, OPERATION_BIT(REMOVE), &move->from_path, false,
	    &place, &st);

	place_free(&place);
	return err == 0 && !same_content(&st, &move->source) ? EBUSY : err;
}

/* The copy is on the disk and has its name before the source goes. */
static int
move_finish(struct vfs_move *move)
{
	struct vfs_attributes set;
	int err;

	attributes_from_stat(&move->source, &set);
	set.valid = VFS_ATTRIBUTE_MODE | VFS_ATTRIBUTE_TIMES;
	err = upload_set(move->to, &set);
	if (err == 0)
		err = vfs_file_sync(move->to);
	if (err == 0)
		err = check_source(move);
	if (err != 0)
		return err;
	err = vfs_close(&move->to);
	if (err == 0)
		err = vfs_remove(move->vfs, &move->from_path, NULL);
	return err;
}

MUST int
vfs_move_step(struct vfs_move *move, uint64_t bytes, bool *done_out)
{
	uint64_t size = (uint64_t)move->source.st_size, copied = 0;
	int err = 0;

	*done_out = false;
	if (move->copied < size)
		err = vfs_file_copy(move->from, move->copied, bytes, move->to, move->copied,
		    &copied);
	move->copied += copied;
	/* it has got shorter meanwhile */
	if (err == 0 && move->copied < size && copied == 0)
		err = EBUSY;
	if (err == 0 && move->copied >= size) {
		err = move_finish(move);
		*done_out = move->done = err == 0;
	}
	return err;
}

void
vfs_move_free(struct vfs_move **move)
{
	struct vfs_move *m = *move;

	if (m == NULL)
		return;
	(void)vfs_close(&m->from);
	if (m->to != NULL) {
		struct vpath path = *vfs_file_path(m->to);
		bool is_new = vfs_file_is_new(m->to);

		vfs_file_fail(m->to, ECANCELED);
		(void)vfs_close(&m->to);
		/* a part that nobody asked for; what it may not remove stays, as of any upload */
		if (is_new)
			(void)!vfs_remove(m->vfs, &path, NULL);
	}
	free(m);
	*move = NULL;
}
