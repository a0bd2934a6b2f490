/* Writing a user's JSON objects. */
#include "accounts/user_json.h"

#include "accounts/secret_text.h"
#include "accounts/user_members.h"

#include "base/permission.h"

#include <string.h>

static json_t *write_members(const void *base, const struct member *members, enum user_form form);

json_t *
text_list_to_json(const struct text_list *list)
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
	case MEMBER_TEXTS: return text_list_to_json(field);
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

json_t *
user_json_write_permissions(const void *field)
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

/* An array of so many structs of this size, none of which holds a secret. */
static json_t *
write_objects(const void *items, size_t count, size_t size, const struct member *members)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(array, write_members((const char *)items + i * size,
		    members, USER_FORM_DUMP)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *
user_json_write_folders(const void *field)
{
	const struct user_virtual_folders *list = field;

	return write_objects(list->items, list->count, sizeof(*list->items),
	    user_json_folder_members);
}

json_t *
user_json_write_extensions(const void *field)
{
	const struct user_extensions_list *list = field;

	return write_objects(list->items, list->count, sizeof(*list->items),
	    user_json_extensions_members);
}

json_t *
user_to_json(const struct user *user, enum user_form form)
{
	return write_members(user, user_json_members, form);
}

json_t *
user_member_to_json(const struct user *user, const char *name)
{
	return write_member(user, user_json_member(user_json_members, name), USER_FORM_DUMP);
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

json_t *
user_json_write_ways(const void *field)
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
