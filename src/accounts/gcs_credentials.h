/*
 * gcs_credentials.h - the files in which the key of a Google service account is kept, one a user.
 *
 * <credentials_path>/<username>_gcs_credentials.json, mode 0600.
 */
#ifndef ACCOUNTS_GCS_CREDENTIALS_H
#define ACCOUNTS_GCS_CREDENTIALS_H

#include "accounts/failure.h"
#include "accounts/user.h"

enum { GCS_CREDENTIALS_MAX = 1024 * 1024 };

/* True when the user has a file and it is not empty. */
bool gcs_credentials_exist(const struct user *user, const char *directory);
/* Decodes the user's credentials, writes the file and blanks the field. ERR_INVALID, ERR_MEMORY. */
MUST int gcs_credentials_save(struct user *user, const char *directory, struct failure *failure);
/* Puts the file's content into the field, where there is a file. ERR_IO, ERR_LIMIT, ERR_MEMORY. */
MUST int gcs_credentials_load(struct user *user, const char *directory, struct failure *failure);

#endif
