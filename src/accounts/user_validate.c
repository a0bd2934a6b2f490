/* What an account must be before it is stored, and its values in the form that is. */
#include "accounts/user.h"

#include "accounts/gcs_credentials.h"
#include "accounts/key_options.h"
#include "accounts/login_steps.h"
#include "accounts/path_clean.h"
#include "accounts/secret_text.h"
#include "accounts/user_members.h"
#include "accounts/user_totp.h"

#include "base/permission.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

/* Takes a string that was allocated for the field. */
static int
take_text(char **field, char *text)
{
	if (text == NULL)
		return ERR_MEMORY;
	free(*field);
	*field = text;
	return 0;
}

/* The home directory of a user who has none: below the base, and not beside it by "..". */
static int
home_from_base(struct user *user, const char *base, struct failure *failure)
{
	char *clean_base = path_clean(base), *home = path_join(base, user->username);
	int err;

	if (clean_base == NULL || home == NULL)
		err = ERR_MEMORY;
	else if (strcmp(clean_base, home) == 0 || !path_is_within(home, clean_base))
		err = failure_invalid(failure,
		    "the username \"%s\" names no directory below users_base_dir", user->username);
	else
		err = user_set_text(&user->home_dir, home);
	free(clean_base);
	free(home);
	return err;
}

static int
check_base(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	int err;

	if (user->username[0] == '\0')
		return failure_invalid(failure, "mandatory parameters missing");
	if (user->home_dir[0] == '\0' && rules->users_base_dir != NULL &&
	    rules->users_base_dir[0] != '\0' &&
	    (err = home_from_base(user, rules->users_base_dir, failure)) != 0)
		return err;
	if (user->home_dir[0] == '\0')
		return failure_invalid(failure, "mandatory parameters missing");
	/* These two are ours: longer names do not fit into the messages to a session. */
	if (strlen(user->username) > USER_NAME_MAX)
		return failure_invalid(
		    failure, "the username is longer than %d bytes", USER_NAME_MAX);
	if (strlen(user->home_dir) > USER_PATH_MAX)
		return failure_invalid(failure, "home_dir is longer than %d bytes", USER_PATH_MAX);
	if (user->password[0] == '\0' && user->public_keys.count == 0)
		return failure_invalid(failure, "please set a password or at least a public_key");
	if (user->home_dir[0] != '/')
		return failure_invalid(
		    failure, "home_dir must be an absolute path, actual value: %s", user->home_dir);
	return 0;
}

/* Moves one entry into the cleaned set. */
static int
check_permission(struct user *cleaned, const struct user_permission *entry, struct failure *failure)
{
	char *path = path_clean(entry->path);
	size_t before = cleaned->permissions.count;
	int err = 0;

	if (path == NULL)
		return ERR_MEMORY;
	/* Nothing at all is allowed in a directory below "/", to close it. */
	if (entry->bits == 0 && entry->unknown == NULL && strcmp(entry->path, "/") == 0)
		err = failure_invalid(
		    failure, "no permissions granted for the directory: \"%s\"", entry->path);
	else if (entry->unknown != NULL)
		err = failure_invalid(failure, "invalid permission: \"%s\"", entry->unknown);
	else if (path[0] != '/')
		err = failure_invalid(
		    failure, "cannot set permissions for non absolute path: \"%s\"", entry->path);
	else if (strcmp(path, "/") == 0 && strcmp(entry->path, "/") != 0)
		err = failure_invalid(failure,
		    "cannot set permissions for \"%s\": it is an alias of \"/\"", entry->path);
	else if ((err = user_permission_set(cleaned, path, entry->bits, entry->is_all)) == 0 &&
		 cleaned->permissions.count == before)
		err = failure_invalid(
		    failure, "cannot set permissions twice for the directory: \"%s\"", path);
	free(path);
	return err;
}

static int
check_permissions(struct user *user, struct failure *failure)
{
	const struct user_permissions *given = &user->permissions;
	struct user cleaned = { 0 };
	bool has_root = false;
	int err = 0;

	if (given->count == 0)
		return failure_invalid(failure, "please grant some permissions to this user");
	for (size_t i = 0; i < given->count; i++)
		has_root = has_root || strcmp(given->items[i].path, "/") == 0;
	if (!has_root)
		return failure_invalid(failure, "permissions for the root dir \"/\" must be set");
	for (size_t i = 0; i < given->count && err == 0; i++)
		err = check_permission(&cleaned, &given->items[i], failure);
	if (err == 0) {
		struct user_permissions old = user->permissions;

		user->permissions = cleaned.permissions;
		cleaned.permissions = old;
	}
	user_permissions_clear(&cleaned);
	return err;
}

static int
clean_key_prefix(char **prefix)
{
	char *clean, *slashed = NULL;

	if ((*prefix)[0] == '\0')
		return 0;
	if ((clean = path_clean(*prefix)) == NULL || asprintf(&slashed, "%s/", clean) < 0)
		slashed = NULL;
	free(clean);
	return take_text(prefix, slashed);
}

static int
check_s3(struct user *user, struct failure *failure)
{
	struct user_s3 *s3 = &user->filesystem.s3;
	const char *fault = NULL;

	if (s3->bucket[0] == '\0')
		fault = "bucket cannot be empty";
	else if (s3->region[0] == '\0')
		fault = "region cannot be empty";
	else if (s3->access_key[0] == '\0' && s3->access_secret[0] != '\0')
		fault = "access_key cannot be empty with an access_secret";
	else if (s3->access_key[0] != '\0' && s3->access_secret[0] == '\0')
		fault = "access_secret cannot be empty with an access_key";
	else if (s3->key_prefix[0] == '/')
		fault = "key_prefix cannot start with /";
	if (fault != NULL)
		return failure_invalid(failure, "could not validate s3config: %s", fault);
	return clean_key_prefix(&s3->key_prefix);
}

static int
check_gcs(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	struct user_gcs *gcs = &user->filesystem.gcs;
	const char *fault = NULL;

	if (gcs->bucket[0] == '\0')
		fault = "bucket cannot be empty";
	else if (gcs->key_prefix[0] == '/')
		fault = "key_prefix cannot start with /";
	else if (gcs->credentials[0] == '\0' && gcs->automatic_credentials == 0 &&
		 !gcs_credentials_exist(user, rules->credentials_path))
		fault = "credentials are missing";
	if (fault != NULL)
		return failure_invalid(failure, "could not validate GCS config: %s", fault);
	return clean_key_prefix(&gcs->key_prefix);
}

static int
erase_s3(struct user_s3 *s3)
{
	char **fields[] = { &s3->bucket, &s3->key_prefix, &s3->region, &s3->access_key,
		&s3->access_secret, &s3->endpoint, &s3->storage_class };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (user_set_text(fields[i], "") != 0)
			return ERR_MEMORY;
	}
	return 0;
}

static int
erase_gcs(struct user_gcs *gcs)
{
	char **fields[] = { &gcs->bucket, &gcs->key_prefix, &gcs->credentials,
		&gcs->storage_class };

	gcs->automatic_credentials = 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (user_set_text(fields[i], "") != 0)
			return ERR_MEMORY;
	}
	return 0;
}

static int
check_filesystem(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	struct user_filesystem_config *filesystem = &user->filesystem;
	int err;

	if (filesystem->provider == USER_FILESYSTEM_S3) {
		err = check_s3(user, failure);
		return err == 0 ? erase_gcs(&filesystem->gcs) : err;
	}
	if (filesystem->provider == USER_FILESYSTEM_GCS) {
		err = check_gcs(user, rules, failure);
		return err == 0 ? erase_s3(&filesystem->s3) : err;
	}
	filesystem->provider = USER_FILESYSTEM_LOCAL;
	err = erase_s3(&filesystem->s3);
	return err == 0 ? erase_gcs(&filesystem->gcs) : err;
}

static bool
overlap(const char *a, const char *b)
{
	return path_is_within(a, b) || path_is_within(b, a);
}

/* Compares the clean folder with the home directory and the clean ones before it. */
static int
check_folder_overlaps(
    const struct user_virtual_folders *list, size_t at, const char *home, struct failure *failure)
{
	const struct user_virtual_folder *folder = &list->items[at];

	if (overlap(folder->mapped_path, home))
		return failure_invalid(failure,
		    "the mapped folder \"%s\" and the home directory lie within one another",
		    folder->mapped_path);
	for (size_t i = 0; i < at; i++) {
		const struct user_virtual_folder *other = &list->items[i];

		if (overlap(folder->mapped_path, other->mapped_path))
			return failure_invalid(failure,
			    "the mapped folders \"%s\" and \"%s\" lie within one another",
			    folder->mapped_path, other->mapped_path);
		if (overlap(folder->virtual_path, other->virtual_path))
			return failure_invalid(failure,
			    "the virtual folders \"%s\" and \"%s\" lie within one another",
			    folder->virtual_path, other->virtual_path);
	}
	return 0;
}

/* One -1 stands for both. */
static int
check_folder_quota(struct user_virtual_folder *folder, struct failure *failure)
{
	int64_t *size = &folder->quota_size, *files = &folder->quota_files;

	if (*size < -1 || *files < -1 || (*size == -1 && *files > 0) || (*files == -1 && *size > 0))
		return failure_invalid(failure,
		    "invalid quota for the virtual folder \"%s\": a limit, 0, or -1 for both",
		    folder->virtual_path);
	if (*size == -1 || *files == -1)
		*size = *files = -1;
	return 0;
}

static int
check_folders(struct user *user, struct failure *failure)
{
	struct user_virtual_folders *list = &user->virtual_folders;
	char *home = NULL;
	int err = 0;

	if (user->filesystem.provider != USER_FILESYSTEM_LOCAL)
		user_folders_clear(list);
	if (list->count > USER_FOLDERS_MAX)
		return failure_invalid(failure, "an account can have at most %d virtual folders",
		    USER_FOLDERS_MAX);
	if (list->count > 0 && (home = path_clean(user->home_dir)) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < list->count && err == 0; i++) {
		struct user_virtual_folder *folder = &list->items[i];

		if ((err = take_text(&folder->virtual_path, path_clean(folder->virtual_path))) !=
			0 ||
		    (err = take_text(&folder->mapped_path, path_clean(folder->mapped_path))) != 0)
			break;
		if (folder->virtual_path[0] != '/' || folder->virtual_path[1] == '\0')
			err = failure_invalid(
			    failure, "invalid virtual folder \"%s\"", folder->virtual_path);
		else if (folder->mapped_path[0] != '/')
			err = failure_invalid(
			    failure, "invalid mapped folder \"%s\"", folder->mapped_path);
		else if (strlen(folder->virtual_path) > USER_PATH_MAX ||
			 strlen(folder->mapped_path) > USER_PATH_MAX)
			err = failure_invalid(failure,
			    "a path of a virtual folder is longer than %d bytes", USER_PATH_MAX);
		else if ((err = check_folder_overlaps(list, i, home, failure)) == 0)
			err = check_folder_quota(folder, failure);
	}
	free(home);
	return err;
}

static int
check_keys(const struct user *user, struct failure *failure)
{
	for (size_t i = 0; i < user->public_keys.count; i++) {
		struct buf blob = buf_init(CERTIFICATE_BLOB_MAX);
		struct public_key_line line;
		struct key_options options;
		int err = public_key_parse_line(view_of(user->public_keys.items[i]), &line, &blob);

		buf_free(&blob);
		if (err != 0)
			return failure_invalid(
			    failure, "could not parse key nr. %zu: %s", i, err_text(err));
		key_options_parse(line.options, &options);
		if (options.authority && (options.unknown.n > 0 || line.is_certificate))
			return failure_invalid(failure,
			    "could not parse key nr. %zu: with cert-authority, a key and the option "
			    "principals=\"...\" can stand there",
			    i);
	}
	return 0;
}

static int
check_addresses(const struct text_list *list, const char *which, struct failure *failure)
{
	struct cidr cidr;

	for (size_t i = 0; i < list->count; i++) {
		if (cidr_parse(list->items[i], &cidr) != 0)
			return failure_invalid(failure,
			    "could not parse %s IP/Mask \"%s\" : invalid CIDR address: %s", which,
			    list->items[i], list->items[i]);
	}
	return 0;
}

static int
check_login_methods(const struct text_list *denied, struct failure *failure)
{
	unsigned seen = 0;

	for (size_t i = 0; i < denied->count; i++) {
		enum login_method method = login_method_find(view_of(denied->items[i]));

		if (method == LOGIN_METHODS)
			return failure_invalid(
			    failure, "invalid login method: \"%s\"", denied->items[i]);
		seen |= 1u << method;
	}
	if (seen == (1u << LOGIN_METHODS) - 1)
		return failure_invalid(
		    failure, "invalid denied_login_methods: no method is left to log in");
	return 0;
}

/* The end of a file's name, which has at most so many bytes. */
static int
check_extension_list(const struct text_list *list, struct failure *failure)
{
	enum { NAME_BYTES_MAX = 255 };

	for (size_t i = 0; i < list->count; i++) {
		if (strlen(list->items[i]) > NAME_BYTES_MAX || strchr(list->items[i], '/') != NULL)
			return failure_invalid(failure,
			    "invalid file extension \"%s\": it must be the end of a file name",
			    list->items[i]);
	}
	return 0;
}

static int
check_extensions(struct user_extensions_list *list, struct failure *failure)
{
	for (size_t i = 0; i < list->count; i++) {
		struct user_extensions *item = &list->items[i];
		int err = take_text(&item->path, path_clean(item->path));

		if (err != 0)
			return err;
		if (item->path[0] != '/')
			return failure_invalid(failure,
			    "invalid path \"%s\" for the file extensions filter", item->path);
		if (item->allowed.count == 0 && item->denied.count == 0)
			return failure_invalid(failure,
			    "empty file extensions filter for the path \"%s\"", item->path);
		if ((err = check_extension_list(&item->denied, failure)) != 0 ||
		    (err = check_extension_list(&item->allowed, failure)) != 0)
			return err;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(list->items[k].path, item->path) == 0)
				return failure_invalid(failure,
				    "duplicate file extensions filter for the path \"%s\"",
				    item->path);
		}
	}
	return 0;
}

static int
check_uploads(const struct user_filters *filters, struct failure *failure)
{
	const char *when = filters->fsync;

	if (filters->max_upload_file_size < 0)
		return failure_invalid(failure, "invalid max_upload_file_size: %lld",
		    (long long)filters->max_upload_file_size);
	if (when[0] != '\0' && strcmp(when, "none") != 0 && strcmp(when, "on-close") != 0)
		return failure_invalid(failure,
		    "invalid fsync \"%s\": none, on-close, or empty for the server's setting", when);
	return 0;
}

int
user_validate_check(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	struct user_filters *filters = &user->filters;
	int err;

	if ((err = check_base(user, rules, failure)) != 0 ||
	    (err = check_permissions(user, failure)) != 0 ||
	    (err = check_filesystem(user, rules, failure)) != 0 ||
	    (err = check_folders(user, failure)) != 0)
		return err;
	if (user->status != USER_DISABLED && user->status != USER_ACTIVE)
		return failure_invalid(
		    failure, "invalid user status: %lld", (long long)user->status);
	if ((err = check_keys(user, failure)) != 0 ||
	    (err = check_addresses(&filters->denied_ip, "denied", failure)) != 0 ||
	    (err = check_addresses(&filters->allowed_ip, "allowed", failure)) != 0 ||
	    (err = check_login_methods(&filters->denied_login_methods, failure)) != 0 ||
	    (err = check_extensions(&filters->file_extensions, failure)) != 0 ||
	    (err = access_time_validate(&filters->access_time, failure)) != 0 ||
	    (err = check_uploads(filters, failure)) != 0)
		return err;
	if (filters->idle_timeout < -1 || filters->idle_timeout > USER_IDLE_MAX)
		return failure_invalid(failure,
		    "invalid idle_timeout: %lld, it is -1 (never), 0 (the server's) or up to %d minutes",
		    (long long)filters->idle_timeout, USER_IDLE_MAX);
	err = user_totp_validate(user, failure);
	return err == 0 ? login_steps_validate(user, failure) : err;
}

static int
finish_password(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	char *hash;
	int err;

	if (user->password[0] == '\0' || password_is_hash(user->password))
		return 0;
	err = password_hash(view_of(user->password), rules->cost, &hash);
	if (err == ERR_INVALID)
		return failure_invalid(
		    failure, "the password is longer than %d bytes", PASSWORD_BYTES_MAX);
	if (err != 0)
		return err;
	err = user_set_text(&user->password, hash);
	free(hash);
	return err;
}

static int
finish_s3(struct user_s3 *s3, struct failure *failure)
{
	char *sealed;
	int err;

	if (s3->access_secret[0] == '\0' || secret_text_is_sealed(s3->access_secret))
		return 0;
	err = secret_text_seal(view_of(s3->access_secret), &sealed);
	if (err == ERR_LIMIT)
		return failure_invalid(failure,
		    "could not validate s3config: access_secret is longer than %d bytes",
		    SECRET_TEXT_PLAIN_MAX);
	if (err != 0)
		return err;
	err = user_set_text(&s3->access_secret, sealed);
	free(sealed);
	return err;
}

int
user_validate_finish(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	int err;

	if ((err = finish_password(user, rules, failure)) != 0 ||
	    (err = finish_s3(&user->filesystem.s3, failure)) != 0 ||
	    (err = user_totp_seal(user)) != 0)
		return err;
	if (user->filesystem.provider == USER_FILESYSTEM_GCS &&
	    user->filesystem.gcs.credentials[0] != '\0')
		return gcs_credentials_save(user, rules->credentials_path, failure);
	return 0;
}

int
user_validate(struct user *user, const struct user_rules *rules, struct failure *failure)
{
	int err = user_validate_check(user, rules, failure);

	return err == 0 ? user_validate_finish(user, rules, failure) : err;
}
