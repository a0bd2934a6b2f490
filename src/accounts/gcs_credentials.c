#include "accounts/gcs_credentials.h"

#include "base/encode.h"
#include "base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A username may hold any character, but only one without a slash is part of a file's name. */
static bool
name_is_possible(const struct user *user, const char *directory)
{
	return directory != NULL && directory[0] != '\0' && strchr(user->username, '/') == NULL;
}

static char *
credentials_path(const struct user *user, const char *directory)
{
	char *path;

	if (asprintf(&path, "%s/%s_gcs_credentials.json", directory, user->username) < 0)
		return NULL;
	return path;
}

bool
gcs_credentials_exist(const struct user *user, const char *directory)
{
	struct stat st;
	char *path;
	bool exist;

	if (!name_is_possible(user, directory) ||
	    (path = credentials_path(user, directory)) == NULL)
		return false;
	exist = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
	free(path);
	return exist;
}

static int
save_decoded(struct user *user, const char *directory, struct view json, struct failure *failure)
{
	char *path = credentials_path(user, directory);
	int err;

	if (path == NULL)
		return ERR_MEMORY;
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		err = failure_invalid(failure, "could not save GCS credentials: cannot make %s: %s",
		    directory, strerror(errno));
	else if (fd_write_file(path, 0600, json) != 0)
		err = failure_invalid(failure,
		    "could not save GCS credentials: cannot write %s: %s", path, strerror(errno));
	else
		err = user_set_text(&user->filesystem.gcs.credentials, "");
	free(path);
	return err;
}

int
gcs_credentials_save(struct user *user, const char *directory, struct failure *failure)
{
	struct buf json = buf_init(GCS_CREDENTIALS_MAX);
	const char *fault = NULL;
	int err;

	if (base64_decode(&json, view_of(user->filesystem.gcs.credentials)) != 0)
		fault = "validate GCS credentials: they are not base64, or too long";
	else if (directory == NULL || directory[0] == '\0')
		fault = "save GCS credentials: credentials_path is not set";
	else if (!name_is_possible(user, directory))
		fault = "save GCS credentials: the username cannot be part of a file name";
	if (fault != NULL)
		err = failure_invalid(failure, "could not %s", fault);
	else
		err = save_decoded(user, directory, buf_view(&json), failure);
	buf_free(&json);
	return err;
}

int
gcs_credentials_load(struct user *user, const char *directory, struct failure *failure)
{
	struct buf json = buf_init(GCS_CREDENTIALS_MAX);
	struct buf text = buf_init(2 * GCS_CREDENTIALS_MAX);
	char *path = NULL;
	int err = 0;

	if (!gcs_credentials_exist(user, directory))
		goto out;
	if ((path = credentials_path(user, directory)) == NULL) {
		err = ERR_MEMORY;
		goto out;
	}
	if ((err = fd_read_file(path, &json)) != 0) {
		err = failure_set(failure, err, "cannot read %s: %s", path,
		    err == ERR_IO ? strerror(errno) : err_text(err));
		goto out;
	}
	base64_encode(&text, buf_view(&json), true);
	buf_u8(&text, '\0');
	if ((err = buf_error(&text)) == 0)
		err = user_set_text(&user->filesystem.gcs.credentials, (const char *)text.p);
out:
	free(path);
	buf_free(&text);
	buf_free(&json);
	return err;
}
