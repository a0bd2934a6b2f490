#include "worker/scan.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree_right.h"
#include "sandbox/sandbox.h"
#include "worker/file_ids.h"
#include "worker/master_link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DEPTH_MAX = 4096, /* directories in one another: as many as a path can have, and more */
	ERROR_MAX = 255,
	PROGRESS_MS = 1000,
	LOOK_AT_CLOCK = 1024, /* entries from one look to the next */
};

struct scan {
	struct master_link link;
	struct scan_count found;
	struct file_ids linked; /* files with several names */
	DIR *open[DEPTH_MAX];
	size_t depth;
	unsigned entries;
	uint64_t progress_ms;
	char error[ERROR_MAX + 1];
};

static int
fail(struct scan *s, const char *name, const char *text)
{
	snprintf(s->error, sizeof(s->error), "%.128s: %s", name, text);
	return ERR_IO;
}

/* Among changes things come and go: what is not there any more is not counted. */
static bool
is_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static int
enter_directory(struct scan *s, int parent_fd, const char *name)
{
	int fd;

	if (s->depth == DEPTH_MAX)
		return fail(s, name, "directories lie too deep in one another");
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && is_gone(errno))
		return 0;
	if (fd < 0 || (s->open[s->depth] = fdopendir(fd)) == NULL) {
		int error = errno;

		fd_close(&fd);
		return fail(s, name, strerror(error));
	}
	s->depth++;
	return 0;
}

static int
count_file(struct scan *s, const struct stat *st)
{
	struct file_id id = { .device = st->st_dev, .inode = st->st_ino };
	bool known = false;
	int err = st->st_nlink > 1 ? file_ids_add(&s->linked, id, &known) : 0;

	if (err != 0)
		return fail(s, "files with several names", err_text(err));
	if (!known) {
		s->found.files++;
		s->found.bytes += st->st_size > 0 ? (uint64_t)st->st_size : 0;
	}
	return 0;
}

static int
take_entry(struct scan *s, int parent_fd, const struct dirent *entry)
{
	struct stat st;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	/* not every file system tells here what it is */
	if (entry->d_type == DT_DIR)
		return enter_directory(s, parent_fd, entry->d_name);
	if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
		return 0;
	if (fstatat(parent_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return is_gone(errno) ? 0 : fail(s, entry->d_name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return enter_directory(s, parent_fd, entry->d_name);
	return S_ISREG(st.st_mode) ? count_file(s, &st) : 0;
}

static void
report_progress(struct scan *s)
{
	uint64_t now_ms;

	if (++s->entries % LOOK_AT_CLOCK != 0 ||
	    (now_ms = clock_mono_ms()) - s->progress_ms < PROGRESS_MS)
		return;
	s->progress_ms = now_ms;
	ipc_encode_scan_progress(&s->link.out,
	    &(struct ipc_scan_progress){ .bytes = s->found.bytes, .files = s->found.files });
	(void)master_link_send(&s->link);
}

/* The next entry of the innermost directory, or its end. */
static int
step(struct scan *s)
{
	DIR *directory = s->open[s->depth - 1];
	const struct dirent *entry;

	errno = 0;
	if ((entry = readdir(directory)) != NULL) {
		report_progress(s);
		return take_entry(s, dirfd(directory), entry);
	}
	if (errno != 0 && !is_gone(errno))
		return fail(s, "a directory", strerror(errno));
	closedir(directory);
	s->depth--;
	return 0;
}

static int
walk(struct scan *s, int root_fd)
{
	int err = enter_directory(s, root_fd, ".");

	s->progress_ms = clock_mono_ms();
	while (err == 0 && s->depth > 0 && (err = master_link_error(&s->link)) == 0)
		err = step(s);
	while (s->depth > 0)
		closedir(s->open[--s->depth]);
	file_ids_free(&s->linked);
	return err;
}

enum worker_exit
scan_main(int ipc_fd, int root_fd)
{
	static struct scan s;
	const struct sandbox_tree tree = { .fd = root_fd, .rights = TREE_READ_DIRECTORY };
	const struct sandbox_rules rules = { .trees = &tree, .tree_count = 1, .read_only = true };

	master_link_init(&s.link, ipc_fd, PHASE_RUN);
	if (sandbox_enter(SANDBOX_SCAN, &rules) != 0)
		return WORKER_EXIT_SANDBOX;
	if (walk(&s, root_fd) != 0 && s.error[0] == '\0')
		return WORKER_EXIT_MASTER;
	fd_close(&root_fd);
	ipc_encode_scan_done(&s.link.out,
	    &(struct ipc_scan_done){ .bytes = s.found.bytes, .files = s.found.files,
		.error = view_of(s.error) });
	(void)master_link_send(&s.link);
	master_link_free(&s.link);
	return master_link_error(&s.link) == 0 ? WORKER_EXIT_DONE : WORKER_EXIT_MASTER;
}
