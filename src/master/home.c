#include "master/home.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
usable_id(int64_t id)
{
	return id > 0 && id < UINT32_MAX;
}

bool
home_ids(const struct user *user, bool map_ids, uid_t *uid_out, gid_t *gid_out)
{
	*uid_out = usable_id(user->uid) ? (uid_t)user->uid : geteuid();
	*gid_out = usable_id(user->gid) ? (gid_t)user->gid : getegid();
	return map_ids && (usable_id(user->uid) || usable_id(user->gid));
}

MUST int
directory_id_of(int fd, struct directory_id *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return ERR_IO;
	*out = (struct directory_id){ st.st_dev, st.st_ino };
	return 0;
}

bool
directory_id_equal(struct directory_id a, struct directory_id b)
{
	return a.device == b.device && a.inode == b.inode;
}

/* mkdir for the path and all above it. *made_out says whether the last one is new. */
static int
make_directories(char *path, bool *made_out)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int result;

		*slash = '\0';
		result = mkdir(path, 0777);
		*slash = '/';
		if (result != 0 && errno != EEXIST)
			return ERR_IO;
	}
	*made_out = mkdir(path, 0777) == 0;
	return *made_out || errno == EEXIST ? 0 : ERR_IO;
}

static int
open_directory(const struct user *user, bool map_ids, const char *text, int *fd_out)
{
	char *path = strdup(text);
	bool made = false;
	uid_t uid;
	gid_t gid;
	int err = 0;

	if (path == NULL)
		return ERR_MEMORY;
	*fd_out = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd_out < 0 && errno == ENOENT) {
		err = make_directories(path, &made);
		if (err == 0)
			*fd_out = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (err == 0 && *fd_out >= 0 && made && home_ids(user, map_ids, &uid, &gid) &&
	    fchownat(*fd_out, "", uid, gid, AT_EMPTY_PATH) != 0)
		err = ERR_IO;
	if (err == 0 && *fd_out < 0)
		err = ERR_IO;
	if (err != 0)
		fd_close(fd_out);
	free(path);
	return err;
}

int
home_open(const struct user *user, bool map_ids, struct home_roots *out, struct failure *failure)
{
	int err = 0;

	out->count = 0;
	for (size_t i = 0; i <= user->virtual_folders.count && err == 0; i++) {
		const struct user_virtual_folder *folder =
		    i > 0 ? &user->virtual_folders.items[i - 1] : NULL;
		const char *path = folder != NULL ? folder->mapped_path : user->home_dir;

		if (i > USER_FOLDERS_MAX)
			err = failure_set(failure, ERR_LIMIT, "more than %d virtual folders",
			    USER_FOLDERS_MAX);
		else if ((err = open_directory(user, map_ids, path, &out->fds[i])) == 0 &&
		    (err = directory_id_of(out->fds[out->count++], &out->ids[i])) == 0)
			continue;
		else if (folder != NULL)
			err = failure_set(failure, err,
			    "directory \"%s\" of the virtual folder \"%s\": %s; it must be a "
			    "directory that the server's user may reach or make",
			    path, folder->virtual_path, strerror(errno));
		else
			err = failure_set(failure, err,
			    "home directory \"%s\": %s; it must be a directory that the server's "
			    "user may reach or make", path, strerror(errno));
	}
	if (err != 0)
		home_close(out);
	return err;
}

void
home_close(struct home_roots *roots)
{
	while (roots->count > 0)
		fd_close(&roots->fds[--roots->count]);
}
