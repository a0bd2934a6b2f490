#include "log/log_file.h"

#include "base/clock.h"
#include "base/fd.h"
#include "log/log_rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_FILE_MODE = 0644, LOG_DIRECTORY_MODE = 0744 };

/* What the compressing thread works on: its own copies, nothing of the log. */
struct packing {
	char *path;    /* of the log */
	char *rotated; /* the file to compress */
	unsigned max_backups, max_age_days;
	int64_t now_ms;
};

struct log_file {
	char *path;
	int fd; /* -1 after a rotation that could not open a new file */
	uint64_t size;
	uint64_t max_size;
	unsigned max_backups, max_age_days;
	bool compress;
	int64_t (*wall_ms)(void);
	pthread_t packer;
	bool packer_runs;
};

static int
make_directories(const char *path)
{
	char *copy = strdup(path);
	int err = copy != NULL ? 0 : ERR_MEMORY;

	for (char *slash = copy; err == 0 && (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		if (mkdir(copy, LOG_DIRECTORY_MODE) != 0 && errno != EEXIST)
			err = ERR_IO;
		*slash = '/';
	}
	free(copy);
	return err;
}

static int
open_path(struct log_file *file)
{
	struct stat st;
	int fd, flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;

	fd = open(file->path, flags, LOG_FILE_MODE);
	if (fd < 0 && errno == ENOENT) {
		int err = make_directories(file->path);

		if (err != 0)
			return err;
		fd = open(file->path, flags, LOG_FILE_MODE);
	}
	if (fd < 0)
		return ERR_IO;
	if (fstat(fd, &st) != 0) {
		fd_close(&fd);
		return ERR_IO;
	}
	file->fd = fd;
	file->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return 0;
}

int
log_file_open(struct log_file **out, const struct log_settings *settings)
{
	struct log_file *file = calloc(1, sizeof(*file));
	int err = ERR_MEMORY;

	*out = NULL;
	if (file == NULL)
		return ERR_MEMORY;
	file->fd = -1;
	file->max_size = settings->max_size_bytes;
	file->max_backups = settings->max_backups;
	file->max_age_days = settings->max_age_days;
	file->compress = settings->compress;
	file->wall_ms = settings->wall_ms != NULL ? settings->wall_ms : clock_wall_ms;
	/* Rotation must find it after a change of the working directory. */
	if (settings->path[0] == '/') {
		file->path = strdup(settings->path);
	} else {
		char *cwd = getcwd(NULL, 0);

		if (cwd == NULL || asprintf(&file->path, "%s/%s", cwd, settings->path) < 0)
			file->path = NULL;
		free(cwd);
	}
	if (file->path != NULL)
		err = open_path(file);
	if (err == 0)
		*out = file;
	else
		log_file_free(&file);
	return err;
}

static void
join_packer(struct log_file *file)
{
	if (file->packer_runs)
		pthread_join(file->packer, NULL);
	file->packer_runs = false;
}

void
log_file_free(struct log_file **file)
{
	if (*file == NULL)
		return;
	join_packer(*file);
	fd_close(&(*file)->fd);
	free((*file)->path);
	free(*file);
	*file = NULL;
}

/* ---- rotating */

static void
packing_free(struct packing *packing)
{
	free(packing->path);
	free(packing->rotated);
	free(packing);
}

static void *
pack(void *argument)
{
	struct packing *packing = argument;

	/* A file that cannot be compressed stays as it is; it still counts as a backup. */
	(void)!log_rotated_compress(packing->rotated);
	log_rotated_remove_old(packing->path, packing->max_backups, packing->max_age_days,
	    packing->now_ms);
	packing_free(packing);
	return NULL;
}

static void
start_packer(struct log_file *file, const char *rotated, int64_t now_ms)
{
	struct packing *packing = calloc(1, sizeof(*packing));

	if (packing == NULL)
		return;
	*packing = (struct packing){ .path = strdup(file->path), .rotated = strdup(rotated),
		.max_backups = file->max_backups, .max_age_days = file->max_age_days,
		.now_ms = now_ms };
	join_packer(file);
	if (packing->path != NULL && packing->rotated != NULL &&
	    pthread_create(&file->packer, NULL, pack, packing) == 0)
		file->packer_runs = true;
	else
		packing_free(packing);
}

static int
rotate(struct log_file *file)
{
	int64_t now_ms = file->wall_ms();
	char *rotated = log_rotated_name(file->path, now_ms);
	int err;

	if (rotated == NULL)
		return ERR_MEMORY;
	/* Without a new name the lines go on in the old file: better too long than lost. */
	if (rename(file->path, rotated) != 0 && errno != ENOENT) {
		free(rotated);
		return 0;
	}
	fd_close(&file->fd);
	err = open_path(file);
	if (file->compress)
		start_packer(file, rotated, now_ms);
	else
		log_rotated_remove_old(file->path, file->max_backups, file->max_age_days, now_ms);
	free(rotated);
	return err;
}

int
log_file_write(struct log_file *file, struct view line)
{
	int err;

	if (file->fd < 0 && (err = open_path(file)) != 0)
		return err;
	if (file->max_size > 0 && file->size > 0 && file->size + line.n > file->max_size) {
		err = rotate(file);
		if (err != 0)
			return err;
	}
	if (fd_write_all(file->fd, line.p, line.n) != 0) {
		int saved = errno;

		/* A line cut short by a full disk would spoil the next one too. */
		(void)!ftruncate(file->fd, (off_t)file->size);
		errno = saved;
		return ERR_IO;
	}
	file->size += line.n;
	return 0;
}
