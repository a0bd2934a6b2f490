#include "control/backup_file.h"

#include "base/encode.h"
#include "base/fd.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MADE = 0700, FLAGS = O_DIRECTORY | O_RDONLY | O_CLOEXEC };

bool
backup_name_is_good(const char *name)
{
	const char *last = strrchr(name, '/');

	last = last != NULL ? last + 1 : name;
	return name[0] != '/' && strstr(name, "..") == NULL && last[0] != '\0' &&
	    strcmp(last, ".") != 0;
}

/* Goes down from *fd, which is replaced. */
static int
enter(int *fd, const char *component, int flags)
{
	int next;

	if (mkdirat(*fd, component, MADE) != 0 && errno != EEXIST)
		return ERR_IO;
	if ((next = openat(*fd, component, FLAGS | flags)) < 0)
		return ERR_IO;
	fd_close(fd);
	*fd = next;
	return 0;
}

/* Goes down a path of which nothing needs to exist, up to `end`. */
static int
enter_all(int *fd, const char *path, const char *end, int flags)
{
	while (path < end) {
		size_t n = strcspn(path, "/");
		char component[NAME_MAX + 1];

		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return ERR_IO;
		}
		memcpy(component, path, n);
		component[n] = '\0';
		if (n > 0 && enter(fd, component, flags) != 0)
			return ERR_IO;
		path += n;
		path += *path == '/';
	}
	return 0;
}

static int
write_new(int directory, const char *name, struct view content)
{
	char temporary[64] = ".postern-backup.";
	uint8_t random[8];
	struct buf text = buf_init(64);
	int fd, err = ERR_IO;

	crypto_random(random, sizeof(random));
	hex_encode(&text, (struct view){ .p = random, .n = sizeof(random) });
	buf_u8(&text, '\0');
	if (buf_error(&text) != 0)
		return ERR_MEMORY;
	strcat(temporary, (const char *)text.p);
	buf_free(&text);
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	if (fchmod(fd, 0600) == 0 && fd_write_all(fd, content.p, content.n) == 0 &&
	    fsync(fd) == 0 && renameat(directory, temporary, directory, name) == 0 &&
	    fsync(directory) == 0)
		err = 0;
	else
		unlinkat(directory, temporary, 0);
	fd_close(&fd);
	return err;
}

int
backup_file_write(const char *directory, const char *name, struct view content,
	struct failure *failure)
{
	const char *slash = strrchr(name, '/'), *last = slash != NULL ? slash + 1 : name;
	int fd = open("/", FLAGS), err = fd >= 0 ? 0 : ERR_IO;

	if (err == 0)
		err = enter_all(&fd, directory, directory + strlen(directory), 0);
	if (err == 0)
		err = enter_all(&fd, name, last, O_NOFOLLOW);
	if (err == 0)
		err = write_new(fd, last, content);
	if (err == ERR_IO)
		err = failure_set(failure, ERR_IO, "cannot write %s/%s: %s", directory, name,
		    strerror(errno));
	fd_close(&fd);
	return err;
}
