#include "vfs/temporary.h"

#include "base/fd.h"
#include "vfs/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* SFTPGo's ids have no letter above 'v'. */
#define PREFIX ".sftpgo-upload.z"

enum {
	PREFIX_BYTES = sizeof(PREFIX) - 1,
	RANDOM_BYTES = 19,                              /* 5 bits each */
	OWN_BYTES = PREFIX_BYTES + RANDOM_BYTES + 1,    /* with the '.' before the target */
	TARGET_BYTES_MAX = VPATH_NAME_MAX - OWN_BYTES,
	CREATE_TRIES = 16,
};

/* Some file systems do not tell capitals from small letters; then clients could use both. */
bool
temporary_is_name(const char *name)
{
	if (name[0] != '.' || strncasecmp(name, PREFIX, PREFIX_BYTES) != 0)
		return false;
	for (size_t i = PREFIX_BYTES; i < OWN_BYTES - 1; i++) {
		char c = name[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return false;
	}
	return name[OWN_BYTES - 1] == '.';
}

/* A long target's name is cut, between two characters: some file systems want UTF-8. */
static void
make_name(const char *target, char out[static VPATH_NAME_MAX + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	uint8_t random[RANDOM_BYTES];
	size_t n = strlen(target);
	char *at = out + PREFIX_BYTES;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		bug("the kernel gives no random bytes");
	if (n > TARGET_BYTES_MAX) {
		n = TARGET_BYTES_MAX;
		while (n > 0 && ((uint8_t)target[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, PREFIX, PREFIX_BYTES);
	for (size_t i = 0; i < RANDOM_BYTES; i++)
		*at++ = digits[random[i] % 32];
	*at++ = '.';
	memcpy(at, target, n);
	at[n] = '\0';
}

/*
 * Between the creation and the lock somebody may take the file for a stale one: then the lock is
 * theirs, or the name is gone already. A file system without locks says so in another way; what
 * lies there is then never swept.
 */
static bool
lock_new(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return false;
	return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

MUST int
temporary_create(int directory_fd, const char *target, int flags,
	char name_out[static VPATH_NAME_MAX + 1], int *fd_out)
{
	int err = EBUSY;

	for (int i = 0; i < CREATE_TRIES && err == EBUSY; i++) {
		make_name(target, name_out);
		err = resolve_at(directory_fd, name_out, flags | O_CREAT | O_EXCL | O_NOCTTY,
		    fd_out);
		if (err == 0 && !lock_new(*fd_out)) {
			fd_close(fd_out);
			err = EBUSY;
		}
	}
	return err;
}

/* Its client may have set any mode. */
static int
open_any(int directory_fd, const char *name, int *fd_out)
{
	const int flags = O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	int err = resolve_at(directory_fd, name, O_WRONLY | flags, fd_out);

	return err == EACCES ? resolve_at(directory_fd, name, O_RDONLY | flags, fd_out) : err;
}

bool
temporary_sweep(int directory_fd, const char *name)
{
	struct stat st;
	bool gone = false;
	int fd = -1;

	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	if (!S_ISREG(st.st_mode) || open_any(directory_fd, name, &fd) != 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		gone = unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT;
	fd_close(&fd);
	return gone;
}

bool
temporary_sweep_all(int directory_fd)
{
	int fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool empty = directory != NULL;

	if (directory == NULL) {
		fd_close(&fd);
		return false;
	}
	while (empty && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			empty = temporary_is_name(entry->d_name) &&
			    temporary_sweep(directory_fd, entry->d_name);
	}
	closedir(directory);
	return empty;
}
