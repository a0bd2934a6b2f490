/*
 * dumpdata and loaddata: all accounts to a file, and from one. On the thread pool.
 */
#include "control/backup_file.h"
#include "control/control_user.h"

enum { MODE_KEEP = 1 };

void
control_backup_dump(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct control_answer unused = { 0 };
	const char *file = control_body_plain(body, "output_file");
	struct buf text = buf_init(DUMP_WHOLE_BYTES_MAX);
	struct failure failure = { 0 };
	struct user_list list;
	int64_t indent;
	int err;

	if (!backup_name_is_good(file)) {
		control_answer_set(answer, 400, "Invalid or missing output_file: \"%.256s\" is not "
		    "a relative path without \"..\"", file);
		return;
	}
	if (!control_body_number(body, "indent", 0, &indent, &unused))
		indent = 0;
	control_answer_subject(answer, file);
	err = provider_dump(context->provider, &list, &failure);
	if (err == 0) {
		dump_write(&list, indent == 1, &text);
		err = buf_error(&text);
	}
	user_list_free(&list);
	if (err == 0)
		err = backup_file_write(context->backups_path, file, buf_view(&text), &failure);
	buf_free(&text);
	if (err == 0)
		control_answer_set(answer, 200, "Data saved");
	else
		control_answer_failure(answer, err, &failure);
}

/* ---- loading */

struct load {
	struct control_context *context;
	struct control_answer *answer;
	int64_t mode;
	size_t added, updated, kept;
};

/* Over the account of that name, which keeps its id, its last login and what it uses. */
static int
load_over(struct load *load, const struct user *stored, struct user *user, struct failure *failure)
{
	int err;

	if (load->mode == MODE_KEEP) {
		load->kept++;
		return 0;
	}
	user->id = stored->id;
	user->last_login = stored->last_login;
	user->used_quota_size = stored->used_quota_size;
	user->used_quota_files = stored->used_quota_files;
	user->last_quota_update = stored->last_quota_update;
	err = provider_update(load->context->provider, user, failure);
	if (err == 0) {
		control_answer_changed(load->answer, USER_UPDATED, user);
		load->updated++;
	}
	return err;
}

static int
load_new(struct load *load, struct user *user, struct failure *failure)
{
	int err;

	user->id = user->last_login = 0;
	user->used_quota_size = user->used_quota_files = user->last_quota_update = 0;
	err = provider_add(load->context->provider, user, failure);
	if (err == 0) {
		control_answer_changed(load->answer, USER_ADDED, user);
		load->added++;
	}
	return err;
}

static int
load_one(struct load *load, struct user *user, struct failure *failure)
{
	struct user *stored = NULL;
	int err;

	user_changes_lock();
	err = provider_find(load->context->provider, user->username, &stored, failure);
	if (err == 0)
		err = load_over(load, stored, user, failure);
	else if (err == ERR_NOT_FOUND)
		err = load_new(load, user, failure);
	user_changes_unlock();
	user_free(&stored);
	return err;
}

/* In the order of the file; the first failure stops, and what was written before stays. */
static void
load_all(struct load *load, const struct user_list *list, struct control_answer *answer)
{
	struct failure failure = { 0 };
	int err = 0;

	for (size_t i = 0; i < list->count && err == 0; i++)
		err = load_one(load, list->items[i], &failure);
	answer->after = json_pack("{s:I, s:I, s:I}", "added", (json_int_t)load->added, "updated",
	    (json_int_t)load->updated, "kept", (json_int_t)load->kept);
	if (err == 0)
		control_answer_set(answer, 200, "Data restored");
	else
		control_answer_failure(answer, err, &failure);
}

static bool
load_number(const json_t *body, const char *key, int64_t *out, struct control_answer *answer)
{
	if (control_body_number(body, key, 0, out, answer))
		return true;
	control_answer_set(answer, 400, "invalid %s: it is not a whole number", key);
	return false;
}

void
control_backup_load(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct load load = { .context = context, .answer = answer };
	const char *file = control_body_plain(body, "input_file");
	struct failure failure = { 0 };
	struct user_list list;
	int err;

	if (!load_number(body, "scan_quota", &answer->scan_quota, answer) ||
	    !load_number(body, "mode", &load.mode, answer))
		return;
	if (file[0] != '/') {
		control_answer_set(answer, 400, "Invalid input_file: \"%.256s\" is not an absolute "
		    "path", file);
		return;
	}
	control_answer_subject(answer, file);
	err = dump_load(file, &list, &failure);
	if (err == 0)
		load_all(&load, &list, answer);
	else if (err == ERR_IO || err == ERR_MEMORY)
		control_answer_failure(answer, err, &failure);
	else
		control_answer_bad(answer, err, &failure);
	user_list_free(&list);
}
