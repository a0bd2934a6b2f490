#include "vfs/charge.h"

#include "base/fd.h"
#include "vfs/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* What is paid at once, so that a large file asks the kernel for its size now and then only. */
enum { PIECE_BYTES = 1024 * 1024 };

struct charge {
	LIST_ENTRY(charge) link;
	struct vfs_quota *quota;
	dev_t device;
	ino_t inode;
	unsigned users;
	int fd;       /* of the first user, or our own copy of it: it has the lock */
	bool owns_fd;
	bool alone;   /* nobody else changes the file: what it gives back is ours */
	bool lost;    /* it will not be alone any more */
	bool nameless;
	uint64_t paid;
};

/* ---- the lease */

/* At least so much is left, and the lease is open. */
static int
lease(struct vfs_quota *q, struct vfs_amount need)
{
	q->in_use = true;
	if (q->open && q->left.bytes >= need.bytes && q->left.files >= need.files)
		return 0;
	return q->ask(q, need, false);
}

MUST int
charge_open_lease(struct vfs_quota *quota)
{
	return quota == NULL ? 0 : lease(quota, (struct vfs_amount){ 0 });
}

/* What was lent beyond the limit is not lent any more. */
static void
repay(struct vfs_quota *q, int64_t files)
{
	int64_t part = files < q->beyond ? files : q->beyond;

	q->beyond -= part;
	q->left.files -= part;
}

/* `change` of what is used, paid from what is left. */
static void
pay(struct vfs_quota *q, int64_t bytes, int64_t files)
{
	q->left.bytes -= bytes;
	q->left.files -= files;
	if (files < 0)
		repay(q, -files);
	q->change.bytes += bytes;
	q->change.files += files;
}

MUST int
charge_begin(struct vfs_quota *quota, enum charge_for what)
{
	/* one byte: not even an empty file is made when the quota is used up */
	struct vfs_amount need = { .bytes = 1, .files = what == CHARGE_OLD ? 0 : 1 };
	int err;

	if (quota == NULL)
		return 0;
	err = what == CHARGE_BEYOND ? quota->ask(quota, need, true) : lease(quota, need);
	if (err != 0)
		return err;
	pay(quota, 0, need.files);
	quota->beyond += what == CHARGE_BEYOND;
	return 0;
}

void
charge_undo(struct vfs_quota *quota, enum charge_for what)
{
	if (quota != NULL && what != CHARGE_OLD)
		pay(quota, 0, -1);
}

MUST int
charge_claim(struct vfs_quota *quota)
{
	const struct vfs_amount one = { .files = 1 };
	int refused, err;

	if (quota == NULL)
		return 0;
	/* given back, and asked for again by the rules */
	pay(quota, 0, -1);
	quota->left.files = 0;
	refused = quota->ask(quota, one, false);
	err = refused == 0 ? 0 : quota->ask(quota, one, true);
	if (err == 0)
		pay(quota, 0, 1);
	else
		quota->unsure = true;
	quota->beyond += refused != 0 && err == 0;
	return refused;
}

/* ---- files that are open */

static bool
lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EBADF);
}

static uint64_t
size_of(const struct stat *st)
{
	return st->st_size > 0 ? (uint64_t)st->st_size : 0;
}

static struct charge *
find(const struct vfs_quota *quota, const struct stat *st)
{
	struct charge *charge;

	LIST_FOREACH(charge, &quota->charges, link) {
		if (charge->inode == st->st_ino && charge->device == st->st_dev)
			return charge;
	}
	return NULL;
}

MUST int
charge_take(struct vfs_quota *quota, int fd, struct charge **out)
{
	struct charge *charge;
	struct stat st;
	bool alone;

	*out = NULL;
	if (quota == NULL)
		return 0;
	/* before it is looked at: others may change it until we have the lock */
	alone = lock(fd);
	if (fstat(fd, &st) != 0)
		return errno;
	if ((charge = find(quota, &st)) == NULL) {
		if ((charge = malloc(sizeof(*charge))) == NULL)
			return ENOMEM;
		*charge = (struct charge){ .quota = quota, .device = st.st_dev,
			.inode = st.st_ino, .fd = fd, .alone = alone, .paid = size_of(&st) };
		LIST_INSERT_HEAD(&quota->charges, charge, link);
	} else if (alone) {
		/* a charge of our own that is not alone tries for it again by itself */
		(void)flock(fd, LOCK_UN);
	}
	charge->users++;
	*out = charge;
	return 0;
}

/* What the file is known to have cost already. */
static uint64_t
known_size(struct charge *c)
{
	struct stat st;

	if (c->alone)
		return c->paid;
	c->alone = !c->lost && lock(c->fd);
	/* who cannot be sure what others paid has it counted */
	c->quota->unsure |= !c->alone;
	return fstat(c->fd, &st) == 0 ? size_of(&st) : 0;
}

MUST int
charge_grow(struct charge *c, uint64_t size)
{
	struct vfs_amount need = { 0 };
	int64_t part;
	int err;

	if (c == NULL || (c->quota->open && c->alone && size <= c->paid))
		return 0;
	/*
	 * Opened first: while it was closed, others could have shortened the file. And asking
	 * settles what has been paid, so that afterwards more may be missing than before.
	 */
	do {
		if ((err = lease(c->quota, need)) != 0)
			return err;
		c->paid = known_size(c);
		if (size <= c->paid)
			return 0;
		need.bytes = (int64_t)(size - c->paid);
	} while (c->quota->left.bytes < need.bytes);
	part = c->alone && need.bytes < PIECE_BYTES ? PIECE_BYTES : need.bytes;
	if (part > c->quota->left.bytes)
		part = c->quota->left.bytes;
	pay(c->quota, part, 0);
	c->paid += (uint64_t)part;
	return 0;
}

void
charge_settle(struct charge *c)
{
	struct stat st;

	if (c == NULL || fstat(c->fd, &st) != 0)
		return;
	c->nameless = st.st_nlink == 0;
	if (!c->alone)
		return;
	if (size_of(&st) < c->paid)
		pay(c->quota, -(int64_t)(c->paid - size_of(&st)), 0);
	/* what others have let it grow by they have paid */
	c->paid = size_of(&st);
}

/* The last user closes it. While the lease is closed, there is nothing to settle but the name. */
static void
give_back(struct charge *c)
{
	struct vfs_quota *q = c->quota;
	struct stat st;

	if (q->open)
		charge_settle(c);
	else if (fstat(c->fd, &st) == 0)
		c->nameless = st.st_nlink == 0;
	if (!c->nameless)
		return;
	if (lease(q, (struct vfs_amount){ 0 }) == 0 && c->alone)
		pay(q, -(int64_t)c->paid, -1);
	else
		q->unsure = true;
}

void
charge_drop(struct charge **charge, int fd)
{
	struct charge *c = *charge;

	*charge = NULL;
	if (c == NULL)
		return;
	if (--c->users > 0) {
		/* the lock stays with a copy of the descriptor */
		if (c->fd == fd) {
			c->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
			c->owns_fd = true;
			c->alone &= c->fd >= 0;
			c->quota->unsure |= c->fd < 0;
		}
		return;
	}
	give_back(c);
	LIST_REMOVE(c, link);
	if (c->owns_fd)
		fd_close(&c->fd);
	free(c);
}

void
vfs_quota_settle(struct vfs_quota *quota)
{
	struct charge *c;

	quota->nameless = (struct vfs_amount){ 0 };
	LIST_FOREACH(c, &quota->charges, link) {
		charge_settle(c);
		if (c->nameless && c->alone) {
			quota->nameless.bytes += (int64_t)c->paid;
			quota->nameless.files++;
		}
	}
}

void
vfs_quota_reopened(struct vfs_quota *quota)
{
	struct charge *c;
	struct stat st;

	LIST_FOREACH(c, &quota->charges, link) {
		if (!c->alone || fstat(c->fd, &st) != 0)
			continue;
		c->paid = size_of(&st);
		if (st.st_nlink == 0 && !c->nameless) {
			c->alone = false;
			c->lost = true;
			quota->unsure = true;
		}
	}
}

void
charge_unsure(struct vfs_quota *quota)
{
	if (quota != NULL)
		quota->unsure = true;
}

/* ---- names that go */

/* For the lock alone; a file's mode may allow only one of the two. */
static int
open_to_lock(int directory_fd, const char *name, int *fd_out)
{
	const int flags = O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	int err = resolve_at(directory_fd, name, O_RDONLY | flags, fd_out);

	return err == EACCES ? resolve_at(directory_fd, name, O_WRONLY | flags, fd_out) : err;
}

MUST int
removal_begin(struct vfs_quota *quota, int directory_fd, const char *name, struct removal *out)
{
	struct stat st;
	int err;

	*out = (struct removal){ .quota = quota, .fd = -1 };
	if (quota == NULL)
		return 0;
	if ((err = lease(quota, (struct vfs_amount){ 0 })) != 0)
		return err;
	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return 0;
	out->names = st.st_nlink;
	if (find(quota, &st) != NULL)
		return 0;
	out->unknown = open_to_lock(directory_fd, name, &out->fd) != 0 ||
	    fstat(out->fd, &st) != 0;
	out->alone = !out->unknown && lock(out->fd);
	out->names = st.st_nlink;
	return 0;
}

void
removal_end(struct removal *r, bool done)
{
	struct stat st;

	if (done && r->fd >= 0 && r->alone && fstat(r->fd, &st) == 0) {
		if (st.st_nlink == 0)
			pay(r->quota, -(int64_t)size_of(&st), -1);
		else if (st.st_nlink >= r->names)
			r->quota->unsure = true; /* it was another file that had the name then */
	} else if (done && (r->fd >= 0 || r->unknown)) {
		r->quota->unsure = true;
	}
	fd_close(&r->fd);
}
