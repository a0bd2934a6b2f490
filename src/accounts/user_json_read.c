/* Reading a user's JSON objects. */
#include "accounts/user_json.h"

#include "accounts/user_members.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

static int read_members(
    void *base, const struct member *members, const json_t *object, struct failure *failure);

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
		const struct member *m = user_json_member(members, key);
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

int
user_json_read_permissions(void *field, const json_t *value, struct failure *failure)
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

/* Null counts as an empty list. */
static int
check_objects(const json_t *value, const char *name, struct failure *failure)
{
	if (!json_is_null(value) && !json_is_array(value))
		return wrong_type(failure, name, "a list of objects");
	if (json_array_size(value) > USER_LIST_MAX)
		return failure_set(
		    failure, ERR_LIMIT, "more than %d items in \"%s\"", USER_LIST_MAX, name);
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!json_is_object(json_array_get(value, i)))
			return wrong_type(failure, name, "a list of objects");
	}
	return 0;
}

int
user_json_read_folders(void *field, const json_t *value, struct failure *failure)
{
	struct user_virtual_folders *list = field;
	size_t n = json_array_size(value);
	int err = check_objects(value, "virtual_folders", failure);

	user_folders_clear(list);
	if (err != 0)
		return err;
	if (n > 0 && (list->items = calloc(n, sizeof(*list->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct user_virtual_folder *item = &list->items[list->count++];

		item->virtual_path = strdup("");
		item->mapped_path = strdup("");
		if (item->virtual_path == NULL || item->mapped_path == NULL)
			return ERR_MEMORY;
		err = read_members(
		    item, user_json_folder_members, json_array_get(value, i), failure);
		if (err != 0)
			return err;
	}
	return 0;
}

int
user_json_read_extensions(void *field, const json_t *value, struct failure *failure)
{
	struct user_extensions_list *list = field;
	size_t n = json_array_size(value);
	int err = check_objects(value, "file_extensions", failure);

	user_extensions_clear(list);
	if (err != 0)
		return err;
	if (n > 0 && (list->items = calloc(n, sizeof(*list->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct user_extensions *item = &list->items[list->count++];

		if ((item->path = strdup("")) == NULL)
			return ERR_MEMORY;
		err = read_members(
		    item, user_json_extensions_members, json_array_get(value, i), failure);
		if (err != 0)
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

int
user_json_read_ways(void *field, const json_t *value, struct failure *failure)
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
	return read_members(user, user_json_members, object, failure);
}

int
user_member_from_json(
    struct user *user, const char *name, const json_t *value, struct failure *failure)
{
	if (strcmp(name, "permissions") == 0 && json_is_array(value)) {
		user_permissions_clear(user);
		return read_permission_names(user, "/", value, failure);
	}
	return read_member(user, user_json_member(user_json_members, name), value, failure);
}
