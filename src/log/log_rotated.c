#include "log/log_rotated.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

/* "2020-02-05T10-11-12.345" */
enum { STAMP_LENGTH = 23, STAMP_SIZE = 64, COPY_BYTES = 64 * 1024 };

#define DAY_MS (24 * 3600 * INT64_C(1000))

/* Splits "/a/b.log" after "/a/b": at the last dot of the last component. */
static size_t
stem_length(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');

	if (dot == NULL || (slash != NULL && dot < slash))
		return strlen(path);
	return (size_t)(dot - path);
}

static void
write_stamp(int64_t wall_ms, char *out)
{
	time_t seconds = wall_ms / 1000;
	char text[STAMP_SIZE / 2];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H-%M-%S", &tm);
	snprintf(out, STAMP_SIZE, "%s.%03d", text, (int)(wall_ms % 1000));
}

char *
log_rotated_name(const char *path, int64_t wall_ms)
{
	size_t stem = stem_length(path);
	char stamp[STAMP_SIZE], *name = NULL;

	write_stamp(wall_ms, stamp);
	if (asprintf(&name, "%.*s-%s%s", (int)stem, path, stamp, path + stem) < 0)
		return NULL;
	return name;
}

/* ---- compressing */

static int
copy_to_gzip(int from, gzFile to)
{
	uint8_t *bytes = malloc(COPY_BYTES);
	ssize_t n = -1;

	if (bytes == NULL)
		return ERR_MEMORY;
	while ((n = read(from, bytes, COPY_BYTES)) > 0) {
		if (gzwrite(to, bytes, (unsigned)n) != (int)n) {
			n = -1;
			break;
		}
	}
	free(bytes);
	return n == 0 ? 0 : ERR_IO;
}

int
log_rotated_compress(const char *path)
{
	char *packed = NULL, *unfinished = NULL;
	int from = -1, to = -1, err = ERR_IO;
	struct stat st;
	gzFile gz = NULL;

	if (asprintf(&packed, "%s.gz", path) < 0)
		packed = NULL;
	if (asprintf(&unfinished, "%s.gz.tmp", path) < 0)
		unfinished = NULL;
	if (packed == NULL || unfinished == NULL)
		goto out;
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) != 0)
		goto out;
	to = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
	if (to < 0 || (gz = gzdopen(to, "wb")) == NULL)
		goto out;
	to = -1; /* gz owns it */
	err = copy_to_gzip(from, gz);
	if (gzclose(gz) != Z_OK && err == 0)
		err = ERR_IO;
	gz = NULL;
	if (err == 0 && rename(unfinished, packed) != 0)
		err = ERR_IO;
	if (err == 0)
		unlink(path);
	else
		unlink(unfinished);
out:
	fd_close(&from);
	fd_close(&to);
	free(packed);
	free(unfinished);
	return err;
}

/* ---- forgetting */

struct rotated {
	char *name; /* without directory */
	char stamp[STAMP_LENGTH + 1];
};

static int
newest_first(const void *a, const void *b)
{
	return strcmp(((const struct rotated *)b)->stamp, ((const struct rotated *)a)->stamp);
}

/* "x-<stamp>.log" or "x-<stamp>.log.gz" for stem "x" and extension ".log". */
static bool
is_rotated(const char *name, const char *stem, size_t stem_bytes, const char *extension,
	char *stamp_out)
{
	static const char shape[] = "dddd-dd-ddTdd-dd-dd.ddd";
	const char *stamp, *rest;

	if (strncmp(name, stem, stem_bytes) != 0 || name[stem_bytes] != '-')
		return false;
	stamp = name + stem_bytes + 1;
	for (size_t i = 0; i < STAMP_LENGTH; i++) {
		bool digit = stamp[i] >= '0' && stamp[i] <= '9';

		if (shape[i] == 'd' ? !digit : stamp[i] != shape[i])
			return false;
	}
	rest = stamp + STAMP_LENGTH;
	if (strncmp(rest, extension, strlen(extension)) != 0)
		return false;
	rest += strlen(extension);
	if (rest[0] != '\0' && strcmp(rest, ".gz") != 0)
		return false;
	memcpy(stamp_out, stamp, STAMP_LENGTH);
	stamp_out[STAMP_LENGTH] = '\0';
	return true;
}

static struct rotated *
list_rotated(DIR *directory, const char *path, size_t *count_out)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
	size_t stem = stem_length(base), count = 0;
	struct rotated *list = NULL;
	struct dirent *entry;

	while ((entry = readdir(directory)) != NULL) {
		char stamp[STAMP_LENGTH + 1];
		struct rotated *more;

		if (!is_rotated(entry->d_name, base, stem, base + stem, stamp))
			continue;
		more = reallocarray(list, count + 1, sizeof(*list));
		if (more == NULL)
			break;
		list = more;
		if ((list[count].name = strdup(entry->d_name)) == NULL)
			break;
		memcpy(list[count].stamp, stamp, sizeof(stamp));
		count++;
	}
	*count_out = count;
	return list;
}

void
log_rotated_remove_old(const char *path, unsigned max_backups, unsigned max_age_days,
	int64_t now_ms)
{
	char oldest[STAMP_SIZE] = "", *directory_name;
	const char *slash = strrchr(path, '/');
	struct rotated *list = NULL;
	size_t count = 0;
	DIR *directory;

	if (max_backups == 0 && max_age_days == 0)
		return;
	if (slash == path)
		directory_name = strdup("/");
	else
		directory_name = slash != NULL ? strndup(path, (size_t)(slash - path))
		    : strdup(".");
	if (directory_name == NULL)
		return;
	directory = opendir(directory_name);
	free(directory_name);
	if (directory == NULL)
		return;
	list = list_rotated(directory, path, &count);
	if (count > 0)
		qsort(list, count, sizeof(*list), newest_first);
	if (max_age_days > 0)
		write_stamp(now_ms - (int64_t)max_age_days * DAY_MS, oldest);
	for (size_t i = 0; i < count; i++) {
		if ((max_backups > 0 && i >= max_backups) || strcmp(list[i].stamp, oldest) < 0)
			unlinkat(dirfd(directory), list[i].name, 0);
		free(list[i].name);
	}
	free(list);
	closedir(directory);
}
