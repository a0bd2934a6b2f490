/* The members of a user's JSON objects: the one list that reading and writing go by. */
#include "accounts/user_json.h"

#include "accounts/access_time.h"

#include <stddef.h>

/* clang-format off: it would make six lines of each */
#define MEMBER(type, field, text, kind, output, table, read, write) \
	{ text, offsetof(type, field), kind, output, table, read, write }
#define NUMBER(type, field, text, output) \
	MEMBER(type, field, text, MEMBER_NUMBER, output, NULL, NULL, NULL)
#define TEXT(type, field, text, output) \
	MEMBER(type, field, text, MEMBER_TEXT, output, NULL, NULL, NULL)
#define TEXTS(type, field, text, output) \
	MEMBER(type, field, text, MEMBER_TEXTS, output, NULL, NULL, NULL)
#define OBJECT(type, field, text, output, table) \
	MEMBER(type, field, text, MEMBER_OBJECT, output, table, NULL, NULL)
#define OTHER(type, field, text, output, read, write) \
	MEMBER(type, field, text, MEMBER_OTHER, output, NULL, read, write)
#define END { .name = NULL }
/* clang-format on */

const struct member user_json_folder_members[] = {
	TEXT(struct user_virtual_folder, virtual_path, "virtual_path", OUTPUT_ALWAYS),
	TEXT(struct user_virtual_folder, mapped_path, "mapped_path", OUTPUT_ALWAYS),
	NUMBER(struct user_virtual_folder, quota_size, "quota_size", OUTPUT_UNLESS_EMPTY),
	NUMBER(struct user_virtual_folder, quota_files, "quota_files", OUTPUT_UNLESS_EMPTY),
	END,
};

const struct member user_json_extensions_members[] = {
	TEXT(struct user_extensions, path, "path", OUTPUT_ALWAYS),
	TEXTS(struct user_extensions, allowed, "allowed_extensions", OUTPUT_UNLESS_EMPTY),
	TEXTS(struct user_extensions, denied, "denied_extensions", OUTPUT_UNLESS_EMPTY),
	END,
};

/* Nothing of it that opens an account is shown. */
static const struct member totp_members[] = {
	TEXT(struct user_totp, secret, "secret", OUTPUT_DUMP),
	TEXT(struct user_totp, algorithm, "algorithm", OUTPUT_UNLESS_EMPTY),
	NUMBER(struct user_totp, digits, "digits", OUTPUT_UNLESS_EMPTY),
	NUMBER(struct user_totp, last_step, "last_step", OUTPUT_DUMP),
	TEXTS(struct user_totp, recovery_codes, "recovery_codes", OUTPUT_DUMP),
	END,
};

static const struct member filters_members[] = {
	TEXTS(struct user_filters, allowed_ip, "allowed_ip", OUTPUT_ALWAYS),
	TEXTS(struct user_filters, denied_ip, "denied_ip", OUTPUT_ALWAYS),
	TEXTS(
	    struct user_filters, denied_login_methods, "denied_login_methods", OUTPUT_UNLESS_EMPTY),
	OTHER(struct user_filters, file_extensions, "file_extensions", OUTPUT_UNLESS_EMPTY,
	    user_json_read_extensions, user_json_write_extensions),
	OTHER(struct user_filters, required_methods, "required_methods", OUTPUT_UNLESS_EMPTY,
	    user_json_read_ways, user_json_write_ways),
	OBJECT(struct user_filters, totp, "totp", OUTPUT_UNLESS_EMPTY, totp_members),
	OTHER(struct user_filters, access_time, "access_time", OUTPUT_UNLESS_EMPTY,
	    access_time_read, access_time_write),
	NUMBER(struct user_filters, idle_timeout, "idle_timeout", OUTPUT_UNLESS_EMPTY),
	NUMBER(struct user_filters, max_upload_file_size, "max_upload_file_size",
	    OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_filters, fsync, "fsync", OUTPUT_UNLESS_EMPTY),
	END,
};

static const struct member s3_members[] = {
	TEXT(struct user_s3, bucket, "bucket", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_s3, key_prefix, "key_prefix", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_s3, region, "region", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_s3, access_key, "access_key", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_s3, access_secret, "access_secret", OUTPUT_SECRET),
	TEXT(struct user_s3, endpoint, "endpoint", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_s3, storage_class, "storage_class", OUTPUT_UNLESS_EMPTY),
	END,
};

static const struct member gcs_members[] = {
	TEXT(struct user_gcs, bucket, "bucket", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_gcs, key_prefix, "key_prefix", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_gcs, credentials, "credentials", OUTPUT_DUMP),
	NUMBER(
	    struct user_gcs, automatic_credentials, "automatic_credentials", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user_gcs, storage_class, "storage_class", OUTPUT_UNLESS_EMPTY),
	END,
};

static const struct member filesystem_members[] = {
	NUMBER(struct user_filesystem_config, provider, "provider", OUTPUT_ALWAYS),
	OBJECT(struct user_filesystem_config, s3, "s3config", OUTPUT_ALWAYS, s3_members),
	OBJECT(struct user_filesystem_config, gcs, "gcsconfig", OUTPUT_ALWAYS, gcs_members),
	END,
};

const struct member user_json_members[] = {
	NUMBER(struct user, id, "id", OUTPUT_ALWAYS),
	NUMBER(struct user, status, "status", OUTPUT_ALWAYS),
	TEXT(struct user, username, "username", OUTPUT_ALWAYS),
	NUMBER(struct user, expiration_date, "expiration_date", OUTPUT_ALWAYS),
	TEXT(struct user, password, "password", OUTPUT_DUMP),
	TEXTS(struct user, public_keys, "public_keys", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user, home_dir, "home_dir", OUTPUT_ALWAYS),
	OTHER(struct user, virtual_folders, "virtual_folders", OUTPUT_UNLESS_EMPTY,
	    user_json_read_folders, user_json_write_folders),
	NUMBER(struct user, uid, "uid", OUTPUT_ALWAYS),
	NUMBER(struct user, gid, "gid", OUTPUT_ALWAYS),
	NUMBER(struct user, max_sessions, "max_sessions", OUTPUT_ALWAYS),
	NUMBER(struct user, quota_size, "quota_size", OUTPUT_ALWAYS),
	NUMBER(struct user, quota_files, "quota_files", OUTPUT_ALWAYS),
	OTHER(struct user, permissions, "permissions", OUTPUT_ALWAYS, user_json_read_permissions,
	    user_json_write_permissions),
	NUMBER(struct user, used_quota_size, "used_quota_size", OUTPUT_ALWAYS),
	NUMBER(struct user, used_quota_files, "used_quota_files", OUTPUT_ALWAYS),
	NUMBER(struct user, last_quota_update, "last_quota_update", OUTPUT_ALWAYS),
	NUMBER(struct user, upload_bandwidth, "upload_bandwidth", OUTPUT_ALWAYS),
	NUMBER(struct user, download_bandwidth, "download_bandwidth", OUTPUT_ALWAYS),
	NUMBER(struct user, last_login, "last_login", OUTPUT_ALWAYS),
	OBJECT(struct user, filters, "filters", OUTPUT_ALWAYS, filters_members),
	OBJECT(struct user, filesystem, "filesystem", OUTPUT_ALWAYS, filesystem_members),
	END,
};

/* Keys match whatever the case of their ASCII letters; the locale has no say. */
static bool
key_matches(const char *key, const char *name)
{
	for (; *key != '\0' && *name != '\0'; key++, name++) {
		char c = *key;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != *name)
			return false;
	}
	return *key == *name;
}

const struct member *
user_json_member(const struct member *members, const char *key)
{
	for (; members->name != NULL; members++) {
		if (key_matches(key, members->name))
			return members;
	}
	return NULL;
}
