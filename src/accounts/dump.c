#include "accounts/dump.h"

#include "accounts/user_members.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>

static int
parse_users(const json_t *root, struct user_list *out, struct failure *failure)
{
	const json_t *users = json_object_get(root, "users");

	if (!json_is_object(root))
		return failure_set(failure, ERR_FORMAT, "a dump must be a JSON object");
	if (users == NULL || json_is_null(users))
		return 0;
	if (!json_is_array(users))
		return failure_set(
		    failure, ERR_FORMAT, "the member \"users\" must be a list of users");
	for (size_t i = 0; i < json_array_size(users); i++) {
		struct failure inner = { 0 };
		struct user *user;
		int err = user_new(&user);

		if (err == 0 && (err = user_from_json(user, json_array_get(users, i), &inner)) == 0)
			err = user_list_give(out, &user);
		user_free(&user);
		if (err == ERR_MEMORY)
			return err;
		if (err != 0)
			return failure_set(failure, err, "user number %zu: %s", i, inner.text);
	}
	return 0;
}

static int
parse(struct view text, size_t max, struct user_list *out, struct failure *failure)
{
	json_t *root = NULL;
	int err;

	*out = (struct user_list){ 0 };
	if (text.n == 0)
		return failure_set(failure, ERR_SHORT, "the dump is empty");
	err = accounts_json_parse(text, max, &root, failure);
	if (err == 0)
		err = parse_users(root, out, failure);
	json_decref(root);
	if (err != 0)
		user_list_free(out);
	return err;
}

int
dump_parse(struct view text, struct user_list *out, struct failure *failure)
{
	return parse(text, DUMP_BYTES_MAX, out, failure);
}

static int
load(const char *path, size_t max, struct user_list *out, struct failure *failure)
{
	struct buf text = buf_init(max);
	struct failure inner = { 0 };
	int err = fd_read_file(path, &text), saved = errno;

	*out = (struct user_list){ 0 };
	if (err == ERR_NOT_FOUND)
		err = failure_set(failure, err, "the dump %s does not exist", path);
	else if (err == ERR_LIMIT)
		err = failure_set(failure, err, "the dump %s is longer than %zu bytes", path, max);
	else if (err == ERR_FORMAT)
		err = failure_set(failure, err, "the dump %s is not a regular file", path);
	else if (err == ERR_IO)
		err =
		    failure_set(failure, err, "cannot read the dump %s: %s", path, strerror(saved));
	else if (err == 0 && (err = parse(buf_view(&text), max, out, &inner)) != 0 &&
		 err != ERR_MEMORY)
		err = failure_set(failure, err, "the dump %s cannot be used: %s", path, inner.text);
	buf_free(&text);
	return err;
}

int
dump_load(const char *path, struct user_list *out, struct failure *failure)
{
	return load(path, DUMP_BYTES_MAX, out, failure);
}

int
dump_load_whole(const char *path, struct user_list *out, struct failure *failure)
{
	return load(path, DUMP_WHOLE_BYTES_MAX, out, failure);
}

void
dump_write(const struct user_list *list, bool indent, struct buf *out)
{
	json_t *root = json_object(), *users = json_array();
	int bad = 0;

	for (size_t i = 0; i < list->count && bad == 0; i++)
		bad = json_array_append_new(users, user_to_json(list->items[i], USER_FORM_DUMP));
	if (json_object_set(root, "users", users) != 0)
		bad = -1;
	if (bad == 0)
		accounts_json_write(root, indent, out);
	else if (buf_error(out) == 0)
		out->bad = ERR_MEMORY;
	json_decref(users);
	json_decref(root);
}
