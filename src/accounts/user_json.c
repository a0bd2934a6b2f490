#include "accounts/user.h"

#include "accounts/secret_text.h"
#include "accounts/user_members.h"

#include "base/permission.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

/*
 * Each JSON object is a table of members; the table's order is the order of output. A member is
 * either one of the plain kinds or a pair of functions.
 */
enum member_kind {
	MEMBER_NUMBER, /* int64_t */
	MEMBER_TEXT,   /* char *, owned */
	MEMBER_TEXTS,  /* struct text_list */
	MEMBER_OBJECT, /* an embedded struct with a table of its own */
	MEMBER_OTHER,  /* read and write decide */
};

enum member_output {
	OUTPUT_ALWAYS,
	OUTPUT_UNLESS_EMPTY,
	OUTPUT_DUMP,   /* unless empty, and only in USER_FORM_DUMP */
	OUTPUT_SECRET, /* unless empty; without its key in USER_FORM_PUBLIC */
};

struct member {
	const char *name;
	size_t offset;
	enum member_kind kind;
	enum member_output output;
	const struct member *members; /* MEMBER_OBJECT */
	int (*read)(void *field, const json_t *value, struct failure *failure);
	json_t *(*write)(const void *field);
};

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

static int read_members(
    void *base, const struct member *members, const json_t *object, struct failure *failure);
static json_t *write_members(const void *base, const struct member *members, enum user_form form);

static int read_permissions(void *field, const json_t *value, struct failure *failure);
static json_t *write_permissions(const void *field);
static int read_folders(void *field, const json_t *value, struct failure *failure);
static json_t *write_folders(const void *field);
static int read_extensions(void *field, const json_t *value, struct failure *failure);
static json_t *write_extensions(const void *field);
static int read_ways(void *field, const json_t *value, struct failure *failure);
static json_t *write_ways(const void *field);

static const struct member folder_members[] = {
	TEXT(struct user_virtual_folder, virtual_path, "virtual_path", OUTPUT_ALWAYS),
	TEXT(struct user_virtual_folder, mapped_path, "mapped_path", OUTPUT_ALWAYS),
	NUMBER(struct user_virtual_folder, quota_size, "quota_size", OUTPUT_UNLESS_EMPTY),
	NUMBER(struct user_virtual_folder, quota_files, "quota_files", OUTPUT_UNLESS_EMPTY),
	END,
};

static const struct member extensions_members[] = {
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
	    read_extensions, write_extensions),
	OTHER(struct user_filters, required_methods, "required_methods", OUTPUT_UNLESS_EMPTY,
	    read_ways, write_ways),
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

static const struct member user_members[] = {
	NUMBER(struct user, id, "id", OUTPUT_ALWAYS),
	NUMBER(struct user, status, "status", OUTPUT_ALWAYS),
	TEXT(struct user, username, "username", OUTPUT_ALWAYS),
	NUMBER(struct user, expiration_date, "expiration_date", OUTPUT_ALWAYS),
	TEXT(struct user, password, "password", OUTPUT_DUMP),
	TEXTS(struct user, public_keys, "public_keys", OUTPUT_UNLESS_EMPTY),
	TEXT(struct user, home_dir, "home_dir", OUTPUT_ALWAYS),
	OTHER(struct user, virtual_folders, "virtual_folders", OUTPUT_UNLESS_EMPTY, read_folders,
	    write_folders),
	NUMBER(struct user, uid, "uid", OUTPUT_ALWAYS),
	NUMBER(struct user, gid, "gid", OUTPUT_ALWAYS),
	NUMBER(struct user, max_sessions, "max_sessions", OUTPUT_ALWAYS),
	NUMBER(struct user, quota_size, "quota_size", OUTPUT_ALWAYS),
	NUMBER(struct user, quota_files, "quota_files", OUTPUT_ALWAYS),
	OTHER(struct user, permissions, "permissions", OUTPUT_ALWAYS, read_permissions,
	    write_permissions),
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

static const struct member *
member_find(const struct member *members, const char *key)
{
	for (; members->name != NULL; members++) {
		if (key_matches(key, members->name))
			return members;
	}
	return NULL;
}

/* --- reading --- */

static int
wrong_type(struct failure *failure, const char *name, const char *wanted)
{
	return failure_set(failure, ERR_FORMAT, "the member \"%s\" must be %s", name, wanted);
}

static int
read_texts(struct text_list *list, const char *name, const json_t *value, struct failure *failure)
{
	text_list_clear(list);
	if (json_is_null(value))
		return 0;
	if (!json_is_array(value))
		return wrong_type(failure, name, "a list of texts");
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		int err;

		if (text == NULL)
			return wrong_type(failure, name, "a list of texts");
		if ((err = text_list_add(list, text)) != 0)
			return err;
	}
	return 0;
}

static int
read_member(void *base, const struct member *m, const json_t *value, struct failure *failure)
{
	void *field = (char *)base + m->offset;

	if (m->kind == MEMBER_TEXTS)
		return read_texts(field, m->name, value, failure);
	if (m->kind == MEMBER_OTHER)
		return m->read(field, value, failure);
	if (json_is_null(value))
		return 0;
	switch (m->kind) {
	case MEMBER_NUMBER:
		if (!json_is_integer(value))
			return wrong_type(failure, m->name, "a whole number");
		*(int64_t *)field = json_integer_value(value);
		return 0;
	case MEMBER_TEXT:
		if (!json_is_string(value))
			return wrong_type(failure, m->name, "a text");
		return user_set_text(field, json_string_value(value));
	default:
		if (!json_is_object(value))
			return wrong_type(failure, m->name, "an object");
		return read_members(field, m->members, value, failure);
	}
}

static int
read_members(
    void *base, const struct member *members, const json_t *object, struct failure *failure)
{
	const char *key;
	json_t *value;

	/* The cast is only for the iterator's sake. */
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const struct member *m = member_find(members, key);
		int err = m == NULL ? 0 : read_member(base, m, value, failure);

		if (err != 0)
			return err;
	}
	return 0;
}

static int
read_permission_names(
    struct user *holder, const char *path, const json_t *names, struct failure *failure)
{
	int err = user_permission_set(holder, path, 0, false);

	if (err == ERR_LIMIT)
		return failure_set(failure, err, "more than %d directories have permissions",
		    USER_PERMISSIONS_MAX);
	if (err != 0 || json_is_null(names))
		return err;
	if (!json_is_array(names))
		return wrong_type(failure, "permissions", "an object of lists of texts");
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (name == NULL)
			return wrong_type(failure, "permissions", "an object of lists of texts");
		if ((err = user_permission_add_name(holder, path, name)) != 0)
			return err;
	}
	return 0;
}

static int
read_permissions(void *field, const json_t *value, struct failure *failure)
{
	struct user *user =
	    (struct user *)(void *)((char *)field - offsetof(struct user, permissions));
	const char *path;
	json_t *names;

	user_permissions_clear(user);
	if (json_is_null(value))
		return 0;
	if (!json_is_object(value))
		return wrong_type(failure, "permissions", "an object of lists of texts");
	json_object_foreach((json_t *)(uintptr_t)value, path, names)
	{
		int err = read_permission_names(user, path, names, failure);

		if (err != 0)
			return err;
	}
	return 0;
}

static int
read_folders(void *field, const json_t *value, struct failure *failure)
{
	struct user_virtual_folders *list = field;
	size_t n = json_array_size(value);

	user_folders_clear(list);
	if (json_is_null(value))
		return 0;
	if (!json_is_array(value))
		return wrong_type(failure, "virtual_folders", "a list of objects");
	if (n > USER_LIST_MAX)
		return failure_set(
		    failure, ERR_LIMIT, "more than %d items in \"virtual_folders\"", USER_LIST_MAX);
	if (n > 0 && (list->items = calloc(n, sizeof(*list->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct user_virtual_folder *item = &list->items[list->count++];
		const json_t *object = json_array_get(value, i);
		int err;

		item->virtual_path = strdup("");
		item->mapped_path = strdup("");
		if (item->virtual_path == NULL || item->mapped_path == NULL)
			return ERR_MEMORY;
		if (!json_is_object(object))
			return wrong_type(failure, "virtual_folders", "a list of objects");
		if ((err = read_members(item, folder_members, object, failure)) != 0)
			return err;
	}
	return 0;
}

static int
read_extensions(void *field, const json_t *value, struct failure *failure)
{
	struct user_extensions_list *list = field;
	size_t n = json_array_size(value);

	user_extensions_clear(list);
	if (json_is_null(value))
		return 0;
	if (!json_is_array(value))
		return wrong_type(failure, "file_extensions", "a list of objects");
	if (n > USER_LIST_MAX)
		return failure_set(
		    failure, ERR_LIMIT, "more than %d items in \"file_extensions\"", USER_LIST_MAX);
	if (n > 0 && (list->items = calloc(n, sizeof(*list->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct user_extensions *item = &list->items[list->count++];
		const json_t *object = json_array_get(value, i);
		int err;

		if ((item->path = strdup("")) == NULL)
			return ERR_MEMORY;
		if (!json_is_object(object))
			return wrong_type(failure, "file_extensions", "a list of objects");
		if ((err = read_members(item, extensions_members, object, failure)) != 0)
			return err;
	}
	return 0;
}

/* A list of names as one text with commas. */
static int
read_way(struct text_list *list, const json_t *way, struct failure *failure)
{
	struct buf text = buf_init(USER_WAY_MAX);
	char *joined = NULL;
	int err = 0;

	if (!json_is_array(way) || json_array_size(way) == 0)
		return wrong_type(failure, "required_methods", "a list of lists of methods");
	for (size_t i = 0; i < json_array_size(way); i++) {
		const char *name = json_string_value(json_array_get(way, i));

		if (name == NULL || name[0] == '\0' || strchr(name, ',') != NULL)
			err = wrong_type(failure, "required_methods", "a list of lists of methods");
		if (err != 0)
			break;
		if (i > 0)
			buf_u8(&text, ',');
		buf_text(&text, name);
	}
	if (err == 0 && (err = buf_error(&text)) == ERR_LIMIT)
		err = failure_set(failure, err, "a list in \"required_methods\" is too long");
	if (err == 0)
		err = (joined = view_dup(buf_view(&text))) == NULL ? ERR_MEMORY
								   : text_list_add(list, joined);
	free(joined);
	buf_free(&text);
	return err;
}

static int
read_ways(void *field, const json_t *value, struct failure *failure)
{
	struct text_list *list = field;
	int err = 0;

	text_list_clear(list);
	if (json_is_null(value))
		return 0;
	if (!json_is_array(value))
		return wrong_type(failure, "required_methods", "a list of lists of methods");
	for (size_t i = 0; i < json_array_size(value) && err == 0; i++)
		err = read_way(list, json_array_get(value, i), failure);
	return err;
}

int
user_from_json(struct user *user, const json_t *object, struct failure *failure)
{
	if (!json_is_object(object))
		return failure_set(failure, ERR_FORMAT, "a user must be a JSON object");
	return read_members(user, user_members, object, failure);
}

int
user_member_from_json(
    struct user *user, const char *name, const json_t *value, struct failure *failure)
{
	if (strcmp(name, "permissions") == 0 && json_is_array(value)) {
		user_permissions_clear(user);
		return read_permission_names(user, "/", value, failure);
	}
	return read_member(user, member_find(user_members, name), value, failure);
}

/* --- writing --- */

static json_t *
write_texts(const struct text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(array, json_string(list->items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
write_secret(const char *secret)
{
	struct buf masked = buf_init(strlen(secret));
	json_t *value = NULL;

	secret_text_mask(secret, &masked);
	if (buf_error(&masked) == 0)
		value = masked.n == 0 ? json_string("")
				      : json_stringn((const char *)masked.p, masked.n);
	buf_free(&masked);
	return value;
}

static json_t *
write_member(const void *base, const struct member *m, enum user_form form)
{
	const void *field = (const char *)base + m->offset;

	switch (m->kind) {
	case MEMBER_NUMBER: return json_integer(*(const int64_t *)field);
	case MEMBER_TEXT:
		if (m->output == OUTPUT_SECRET && form == USER_FORM_PUBLIC)
			return write_secret(*(char *const *)field);
		return json_string(*(char *const *)field);
	case MEMBER_TEXTS: return write_texts(field);
	case MEMBER_OBJECT: return write_members(field, m->members, form);
	default: return m->write(field);
	}
}

static bool
value_is_empty(const json_t *value)
{
	if (json_is_integer(value))
		return json_integer_value(value) == 0;
	if (json_is_string(value))
		return json_string_length(value) == 0;
	if (json_is_object(value))
		return json_object_size(value) == 0;
	return json_array_size(value) == 0;
}

static json_t *
write_members(const void *base, const struct member *members, enum user_form form)
{
	json_t *object = json_object();

	for (; members->name != NULL; members++) {
		json_t *value;

		if (members->output == OUTPUT_DUMP && form == USER_FORM_PUBLIC)
			continue;
		value = write_member(base, members, form);
		if (members->output != OUTPUT_ALWAYS && value != NULL && value_is_empty(value)) {
			json_decref(value);
			continue;
		}
		/* A NULL value (no memory) is refused here too. */
		if (json_object_set_new(object, members->name, value) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *
write_permission_names(const struct user_permission *entry)
{
	json_t *names = json_array();
	int bad = 0;

	if (entry->is_all) {
		bad = json_array_append_new(names, json_string("*"));
	} else {
		for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
			if ((entry->bits & 1u << i) != 0)
				bad |=
				    json_array_append_new(names, json_string(permission_name(i)));
		}
	}
	if (bad != 0) {
		json_decref(names);
		return NULL;
	}
	return names;
}

static json_t *
write_permissions(const void *field)
{
	const struct user_permissions *permissions = field;
	json_t *object = json_object();

	for (size_t i = 0; i < permissions->count; i++) {
		const struct user_permission *entry = &permissions->items[i];

		if (json_object_set_new(object, entry->path, write_permission_names(entry)) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *
write_folders(const void *field)
{
	const struct user_virtual_folders *list = field;
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(array,
			write_members(&list->items[i], folder_members, USER_FORM_DUMP)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
write_extensions(const void *field)
{
	const struct user_extensions_list *list = field;
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(array,
			write_members(&list->items[i], extensions_members, USER_FORM_DUMP)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *
user_to_json(const struct user *user, enum user_form form)
{
	return write_members(user, user_members, form);
}

json_t *
user_member_to_json(const struct user *user, const char *name)
{
	return write_member(user, member_find(user_members, name), USER_FORM_DUMP);
}

static json_t *
write_way(const char *text)
{
	struct view list = view_of(text), name;
	json_t *array = json_array();

	while (view_next_name(&list, &name)) {
		if (json_array_append_new(array, json_stringn((const char *)name.p, name.n)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
write_ways(const void *field)
{
	const struct text_list *list = field;
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(array, write_way(list->items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
