/*
 * accounts_scratch.h - a scratch directory and good accounts, for the tests of the providers.
 */
#ifndef TESTS_ACCOUNTS_SCRATCH_H
#define TESTS_ACCOUNTS_SCRATCH_H

#include "accounts/accounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[64];

/* In memory where there is such a place: a thousand accounts are as many fsyncs. */
static inline void
scratch_make(void)
{
	snprintf(scratch, sizeof(scratch), "%s/postern-accounts-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(scratch));
}

static inline void
scratch_remove(void)
{
	DIR *directory = opendir(scratch);
	struct dirent *entry;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			assert_int_equal(unlinkat(dirfd(directory), entry->d_name, 0), 0);
	}
	closedir(directory);
	assert_int_equal(rmdir(scratch), 0);
}

/* A path in the scratch directory; good until the fourth call from now. */
static inline const char *
scratch_path(const char *name)
{
	static char paths[4][160];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

static inline void
scratch_write(const char *name, const char *text)
{
	FILE *file = fopen(scratch_path(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline struct provider_config
scratch_config(const char *driver, const char *path)
{
	return (struct provider_config){ .driver = driver,
		.name = path,
		.manage_users = true,
		.track_quota = 1,
		.credentials_path = scratch,
		.cost = { .memory_kib = 16, .passes = 1, .lanes = 1 } };
}

static inline struct provider *
scratch_open(const struct provider_config *config)
{
	struct failure failure = { 0 };
	struct provider *provider;

	if (provider_open(config, &provider, &failure) != 0)
		fail_msg("%s", failure.text);
	return provider;
}

/* An account that every rule accepts; its password is a hash already. */
static inline struct user *
scratch_user(const char *username)
{
	struct user *user;

	assert_int_equal(user_new(&user), 0);
	user->status = USER_ACTIVE;
	assert_int_equal(user_set_text(&user->username, username), 0);
	assert_int_equal(user_set_text(&user->password, "$1$salt$hash"), 0);
	assert_int_equal(user_set_text(&user->home_dir, "/srv/home"), 0);
	assert_int_equal(user_permission_set(user, "/", 0, true), 0);
	return user;
}

static inline int64_t
scratch_add(struct provider *provider, const char *username)
{
	struct user *user = scratch_user(username);
	struct failure failure = { 0 };
	int64_t id;

	if (provider_add(provider, user, &failure) != 0)
		fail_msg("%s", failure.text);
	id = user->id;
	user_free(&user);
	return id;
}

static inline struct user *
scratch_find(struct provider *provider, const char *username)
{
	struct failure failure = { 0 };
	struct user *user;

	if (provider_find(provider, username, &user, &failure) != 0)
		fail_msg("%s", failure.text);
	return user;
}

#endif
