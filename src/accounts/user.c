#include "accounts/user.h"

#include "accounts/path_clean.h"
#include "accounts/user_members.h"

#include "base/permission.h"
#include "base/secret.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Every field that is one string, so that none is forgotten in making, copying and freeing. */
static const size_t text_fields[] = {
	offsetof(struct user, username),
	offsetof(struct user, password),
	offsetof(struct user, home_dir),
	offsetof(struct user, filters.totp.secret),
	offsetof(struct user, filters.totp.algorithm),
	offsetof(struct user, filters.fsync),
	offsetof(struct user, filesystem.s3.bucket),
	offsetof(struct user, filesystem.s3.key_prefix),
	offsetof(struct user, filesystem.s3.region),
	offsetof(struct user, filesystem.s3.access_key),
	offsetof(struct user, filesystem.s3.access_secret),
	offsetof(struct user, filesystem.s3.endpoint),
	offsetof(struct user, filesystem.s3.storage_class),
	offsetof(struct user, filesystem.gcs.bucket),
	offsetof(struct user, filesystem.gcs.key_prefix),
	offsetof(struct user, filesystem.gcs.credentials),
	offsetof(struct user, filesystem.gcs.storage_class),
};
enum { TEXT_FIELDS = sizeof(text_fields) / sizeof(text_fields[0]) };

static char **
text_field(struct user *user, size_t number)
{
	return (char **)(void *)((char *)user + text_fields[number]);
}

static const char *
text_field_value(const struct user *user, size_t number)
{
	return *(char *const *)(const void *)((const char *)user + text_fields[number]);
}

void
user_extensions_clear(struct user_extensions_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].path);
		text_list_clear(&list->items[i].allowed);
		text_list_clear(&list->items[i].denied);
	}
	free(list->items);
	*list = (struct user_extensions_list){ 0 };
}

void
user_folders_clear(struct user_virtual_folders *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].virtual_path);
		free(list->items[i].mapped_path);
	}
	free(list->items);
	*list = (struct user_virtual_folders){ 0 };
}

int
user_new(struct user **out)
{
	struct user *user = calloc(1, sizeof(*user));

	*out = NULL;
	if (user == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < TEXT_FIELDS; i++) {
		if ((*text_field(user, i) = strdup("")) == NULL) {
			user_free(&user);
			return ERR_MEMORY;
		}
	}
	*out = user;
	return 0;
}

void
user_free(struct user **user)
{
	struct user *u = *user;

	*user = NULL;
	if (u == NULL)
		return;
	for (size_t i = 0; i < TEXT_FIELDS; i++)
		secret_free_str(*text_field(u, i));
	text_list_clear(&u->public_keys);
	user_folders_clear(&u->virtual_folders);
	user_permissions_clear(u);
	text_list_clear(&u->filters.allowed_ip);
	text_list_clear(&u->filters.denied_ip);
	text_list_clear(&u->filters.denied_login_methods);
	user_extensions_clear(&u->filters.file_extensions);
	text_list_clear(&u->filters.required_methods);
	text_list_clear(&u->filters.totp.recovery_codes);
	access_time_clear(&u->filters.access_time);
	free(u);
}

static int
text_list_copy(const struct text_list *from, struct text_list *to)
{
	for (size_t i = 0; i < from->count; i++) {
		int err = text_list_add(to, from->items[i]);

		if (err != 0)
			return err;
	}
	return 0;
}

int
user_permissions_copy(const struct user_permissions *from, struct user_permissions *to)
{
	if (from->count == 0)
		return 0;
	if ((to->items = calloc(from->count, sizeof(*to->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < from->count; i++) {
		struct user_permission *item = &to->items[to->count++];

		item->bits = from->items[i].bits;
		item->is_all = from->items[i].is_all;
		if ((item->path = strdup(from->items[i].path)) == NULL)
			return ERR_MEMORY;
		if (from->items[i].unknown != NULL &&
		    (item->unknown = strdup(from->items[i].unknown)) == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

static int
copy_folders(const struct user_virtual_folders *from, struct user_virtual_folders *to)
{
	if (from->count == 0)
		return 0;
	if ((to->items = calloc(from->count, sizeof(*to->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < from->count; i++) {
		struct user_virtual_folder *item = &to->items[to->count++];

		item->quota_size = from->items[i].quota_size;
		item->quota_files = from->items[i].quota_files;
		item->virtual_path = strdup(from->items[i].virtual_path);
		item->mapped_path = strdup(from->items[i].mapped_path);
		if (item->virtual_path == NULL || item->mapped_path == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

static int
copy_extensions(const struct user_extensions_list *from, struct user_extensions_list *to)
{
	int err;

	if (from->count == 0)
		return 0;
	if ((to->items = calloc(from->count, sizeof(*to->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < from->count; i++) {
		struct user_extensions *item = &to->items[to->count++];

		if ((item->path = strdup(from->items[i].path)) == NULL)
			return ERR_MEMORY;
		if ((err = text_list_copy(&from->items[i].allowed, &item->allowed)) != 0 ||
		    (err = text_list_copy(&from->items[i].denied, &item->denied)) != 0)
			return err;
	}
	return 0;
}

int
user_copy(const struct user *user, struct user **out)
{
	struct user *copy = calloc(1, sizeof(*copy));
	int err = ERR_MEMORY;

	*out = NULL;
	if (copy == NULL)
		return ERR_MEMORY;
	*copy = *user;
	/* Whatever the assignment shared must not be freed twice when a copy below fails. */
	for (size_t i = 0; i < TEXT_FIELDS; i++)
		*text_field(copy, i) = NULL;
	copy->public_keys = (struct text_list){ 0 };
	copy->virtual_folders = (struct user_virtual_folders){ 0 };
	copy->permissions = (struct user_permissions){ 0 };
	copy->filters = (struct user_filters){ 0 };

	for (size_t i = 0; i < TEXT_FIELDS; i++) {
		if ((*text_field(copy, i) = strdup(text_field_value(user, i))) == NULL)
			goto out;
	}
	if ((err = text_list_copy(&user->public_keys, &copy->public_keys)) != 0 ||
	    (err = copy_folders(&user->virtual_folders, &copy->virtual_folders)) != 0 ||
	    (err = user_permissions_copy(&user->permissions, &copy->permissions)) != 0 ||
	    (err = text_list_copy(&user->filters.allowed_ip, &copy->filters.allowed_ip)) != 0 ||
	    (err = text_list_copy(&user->filters.denied_ip, &copy->filters.denied_ip)) != 0 ||
	    (err = text_list_copy(
		 &user->filters.denied_login_methods, &copy->filters.denied_login_methods)) != 0 ||
	    (err = copy_extensions(
		 &user->filters.file_extensions, &copy->filters.file_extensions)) != 0 ||
	    (err = text_list_copy(
		 &user->filters.required_methods, &copy->filters.required_methods)) != 0 ||
	    (err = text_list_copy(&user->filters.totp.recovery_codes,
		 &copy->filters.totp.recovery_codes)) != 0 ||
	    (err = access_time_copy(&user->filters.access_time, &copy->filters.access_time)) != 0)
		goto out;
	copy->filters.idle_timeout = user->filters.idle_timeout;
	copy->filters.totp.digits = user->filters.totp.digits;
	copy->filters.totp.last_step = user->filters.totp.last_step;
	copy->filters.max_upload_file_size = user->filters.max_upload_file_size;
	*out = copy;
	copy = NULL;
out:
	user_free(&copy);
	return err;
}

void
user_list_free(struct user_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		user_free(&list->items[i]);
	free(list->items);
	*list = (struct user_list){ 0 };
}

/* Room for one more item in an array whose capacity is the next power of two. */
static void *
grow(void *items, size_t count, size_t size)
{
	if (count != 0 && (count & (count - 1)) != 0)
		return items;
	return reallocarray(items, count == 0 ? 1 : count * 2, size);
}

int
user_list_give(struct user_list *list, struct user **user)
{
	struct user **items = grow(list->items, list->count, sizeof(*items));

	if (items == NULL)
		return ERR_MEMORY;
	list->items = items;
	items[list->count++] = *user;
	*user = NULL;
	return 0;
}

int
user_set_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return ERR_MEMORY;
	secret_free_str(*field);
	*field = copy;
	return 0;
}

int
text_list_add(struct text_list *list, const char *text)
{
	char *copy = strdup(text);
	char **items = copy == NULL ? NULL : grow(list->items, list->count, sizeof(*items));

	if (items == NULL) {
		free(copy);
		return ERR_MEMORY;
	}
	list->items = items;
	items[list->count++] = copy;
	return 0;
}

void
text_list_clear(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){ 0 };
}

static const struct user_permission *
permission_find(const struct user_permissions *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].path, path) == 0)
			return &list->items[i];
	}
	return NULL;
}

/* The entry of a path, made where there is none, at its place in the order. */
static int
permission_entry(struct user_permissions *list, const char *path, struct user_permission **out)
{
	struct user_permission *items;
	size_t at = 0;
	char *copy;

	while (at < list->count && strcmp(list->items[at].path, path) < 0)
		at++;
	if (at < list->count && strcmp(list->items[at].path, path) == 0) {
		*out = &list->items[at];
		return 0;
	}
	if (list->count >= USER_PERMISSIONS_MAX)
		return ERR_LIMIT;
	if ((copy = strdup(path)) == NULL)
		return ERR_MEMORY;
	if ((items = grow(list->items, list->count, sizeof(*items))) == NULL) {
		free(copy);
		return ERR_MEMORY;
	}
	list->items = items;
	memmove(items + at + 1, items + at, (list->count - at) * sizeof(*items));
	items[at] = (struct user_permission){ .path = copy };
	list->count++;
	*out = &items[at];
	return 0;
}

int
user_permission_set(struct user *user, const char *path, uint32_t bits, bool is_all)
{
	struct user_permission *entry;
	int err = permission_entry(&user->permissions, path, &entry);

	if (err != 0)
		return err;
	entry->bits = is_all ? PERMISSION_ALL : bits & PERMISSION_ALL;
	entry->is_all = is_all;
	free(entry->unknown);
	entry->unknown = NULL;
	return 0;
}

int
user_permission_add_name(struct user *user, const char *path, const char *name)
{
	uint32_t bits = permission_from_name(view_of(name));
	struct user_permission *entry;
	int err = permission_entry(&user->permissions, path, &entry);

	if (err != 0)
		return err;
	if (bits == 0 && entry->unknown == NULL && (entry->unknown = strdup(name)) == NULL)
		return ERR_MEMORY;
	entry->bits |= bits;
	if (strcmp(name, "*") == 0)
		entry->is_all = true;
	return 0;
}

void
user_permissions_clear(struct user *user)
{
	for (size_t i = 0; i < user->permissions.count; i++) {
		free(user->permissions.items[i].path);
		free(user->permissions.items[i].unknown);
	}
	free(user->permissions.items);
	user->permissions = (struct user_permissions){ 0 };
}

uint32_t
user_permissions_at(const struct user *user, const char *virtual_path)
{
	const struct user_permission *found = NULL;
	char *path = path_join("/", virtual_path);

	if (path == NULL)
		return 0;
	for (;;) {
		char *slash = strrchr(path, '/');

		found = permission_find(&user->permissions, path);
		if (found != NULL || strcmp(path, "/") == 0)
			break;
		slash[slash == path ? 1 : 0] = '\0';
	}
	free(path);
	return found == NULL ? 0 : found->bits;
}
