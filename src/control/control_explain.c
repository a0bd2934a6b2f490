/*
 * What an account may do at a path, and what decided; runs on the thread pool. The verdicts are
 * those of vfs/, which enforces them.
 */
#include "control/account_policy.h"
#include "control/control_user.h"

#include "base/permission.h"

#include <ctype.h>
#include <stdlib.h>

static json_t *
permissions_json(uint32_t bits)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if ((bits & 1u << i) != 0)
			json_array_append_new(array, json_string(permission_name(i)));
	}
	return array;
}

static json_t *
rule_json(const struct vfs_rule *rule)
{
	if (rule == NULL)
		return json_null();
	return json_pack("{s:s, s:o}", "path", rule->directory->text, "permissions",
	    permissions_json(rule->permissions));
}

static json_t *
filter_json(const struct vfs_decision *decision)
{
	const struct vfs_suffix *suffix = decision->suffix;

	if (decision->filter == NULL)
		return json_null();
	return json_pack("{s:s, s:b, s:o}", "path", decision->filter->directory->text, "passes",
	    decision->passes, "suffix",
	    suffix != NULL ? json_stringn(suffix->text, suffix->length) : json_null());
}

static json_t *
folder_json(const struct user *user, size_t folder)
{
	const struct user_virtual_folder *item;

	if (folder == 0)
		return json_null();
	item = &user->virtual_folders.items[folder - 1];
	return json_pack("{s:s, s:s}", "virtual_path", item->virtual_path, "mapped_path",
	    item->mapped_path);
}

/* "OPEN_READ" as "open-read". */
static json_t *
name_json(const char *operation)
{
	char name[64];
	size_t n = 0;

	for (; operation[n] != '\0' && n < sizeof(name) - 1; n++)
		name[n] = operation[n] == '_' ? '-' : (char)tolower((unsigned char)operation[n]);
	return json_stringn(name, n);
}

static json_t *
verdict_json(const struct vfs_verdict *verdict)
{
	static const char *const reasons[] = { [VFS_REASON_PERMISSIONS] = "permissions",
		[VFS_REASON_FILTER] = "file_extensions", [VFS_REASON_FOLDER] = "virtual_folder" };

	return json_pack("{s:b, s:s, s:o, s:o}", "allowed", verdict->allowed, "decided_by",
	    reasons[verdict->reason], "needs", permissions_json(verdict->needs), "parent_needs",
	    permissions_json(verdict->parent_needs));
}

/* One operation, for a file and for a directory where both can be. */
static void
add_operation(const struct vfs_policy *policy, const struct vpath *path, unsigned number,
	json_t *array)
{
	struct vfs_verdict file, directory;

	if (!vfs_policy_verdict(policy, path, false, number, &file) ||
	    !vfs_policy_verdict(policy, path, true, number, &directory) ||
	    (!file.applies && !directory.applies))
		return;
	json_array_append_new(array, json_pack("{s:o, s:b, s:o, s:o}",
	    "operation", name_json(file.operation), "as_target", file.as_target,
	    "file", file.applies ? verdict_json(&file) : json_null(),
	    "directory", directory.applies ? verdict_json(&directory) : json_null()));
}

static json_t *
explain(const struct user *user, const struct vfs_policy *policy, const struct vpath *path)
{
	struct vfs_decision decision;
	struct vfs_verdict verdict;
	struct buf host = buf_init(16384);
	char *home = account_home_prefix(user->home_dir);
	json_t *operations = json_array(), *body;

	vfs_policy_decision(policy, path, &decision);
	for (unsigned i = 0; vfs_policy_verdict(policy, path, false, i, &verdict); i++)
		add_operation(policy, path, i, operations);
	if (home != NULL)
		account_host_path(user, home, view_of(path->text), &host);
	body = json_pack("{s:s, s:s, s:s%, s:o, s:b, s:o, s:o, s:o, s:o}",
	    "username", user->username, "path", path->text,
	    "host_path", (const char *)host.p, host.n,
	    "virtual_folder", folder_json(user, decision.folder),
	    "holds_virtual_folder", decision.holds_folder,
	    "rule", rule_json(decision.rule), "parent_rule", rule_json(decision.parent_rule),
	    "file_extensions", filter_json(&decision), "operations", operations);
	if (home == NULL || buf_error(&host) != 0) {
		json_decref(body);
		body = NULL;
	}
	free(home);
	buf_free(&host);
	return body;
}

void
control_user_explain(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const char *text = control_body_text(body, "path", answer);
	struct vfs_policy policy = { 0 };
	struct vpath path;
	struct user *user;
	int err;

	if (text == NULL || !control_find_user(context, body, &user, answer))
		return;
	err = vpath_parse(&path, view_of(text));
	if (err != 0)
		control_answer_set(answer, 400, "the path is too long");
	else if ((err = account_policy(user, &context->account_settings, &policy)) != 0)
		control_answer_set(answer, 500, "the account has no policy: %s", err_text(err));
	else
		control_answer_give(answer, explain(user, &policy, &path));
	vfs_policy_free(&policy);
	user_free(&user);
}
