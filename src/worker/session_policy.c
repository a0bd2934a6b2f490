#include "worker/session_policy.h"

#include "base/fd.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

_Static_assert(VFS_FOLDERS_MAX == 64, "as many as there may be SESSION_FOLDER messages");

/* Descriptors of the home, and of the folders behind it. */
struct roots {
	int fds[1 + VFS_FOLDERS_MAX];
	size_t count;
	bool counted[1 + VFS_FOLDERS_MAX]; /* to a quota, */
	bool own[1 + VFS_FOLDERS_MAX];     /* which is its own */
};

static int
decode(struct view encoded, struct vfs_policy *policy_out)
{
	struct rd r = rd_of(encoded);
	int err = vfs_policy_decode(&r, policy_out);

	return err != 0 ? err : rd_end(&r);
}

static int
enter_sandbox(const struct vfs_policy *policy, const struct vfs_uploads *uploads,
    const struct roots *roots)
{
	struct sandbox_tree trees[1 + VFS_FOLDERS_MAX];
	const struct sandbox_rules rules = { .trees = trees,
		.tree_count = roots->count,
		.read_only = vfs_policy_read_only(policy) };

	for (size_t i = 0; i < roots->count; i++) {
		uint32_t rights = vfs_policy_rights(policy, i);

		trees[i] = (struct sandbox_tree){ roots->fds[i],
			rights | vfs_upload_rights(uploads, rights) };
	}
	return sandbox_enter(SANDBOX_SESSION, &rules);
}

static int
enter(const struct ipc_session_policy *fields, const struct vfs_policy *policy,
    struct roots *roots, struct session_policy *out)
{
	/* the root of the machine itself comes as the empty text */
	char *root_path = view_dup(fields->root_path.n > 0 ? fields->root_path : view_of("/"));
	int err = ENOMEM;

	if (root_path != NULL)
		err = vfs_new_with_folders(
		    &out->vfs, roots->fds[0], root_path, policy, roots->fds + 1);
	free(root_path);
	if (err != 0)
		return err == ENOMEM ? ERR_MEMORY : ERR_INVALID;
	out->uploads = (struct vfs_uploads){ .mode = fields->upload_mode,
		.sync = fields->upload_sync, .size_max = fields->upload_size_max };
	vfs_set_uploads(out->vfs, &out->uploads);
	umask((mode_t)fields->umask);
	out->ignore_setstat = fields->ignore_setstat;
	out->read_only = vfs_policy_read_only(policy);
	out->upload_limited = fields->upload_limited;
	out->download_limited = fields->download_limited;
	out->parked = fields->parked;
	for (size_t i = 0; i < roots->count; i++) {
		out->counted[i] = fields->count && (i == 0 || roots->counted[i]);
		out->own[i] = i > 0 && roots->own[i];
	}
	out->park_after_ms = fields->park_after_ms;
	err = enter_sandbox(policy, &out->uploads, roots);
	roots->count = 0; /* they are the tree's */
	return err;
}

static int
on_policy(struct ipc_message *message, struct roots *roots, struct session_policy *out)
{
	struct ipc_session_policy fields;
	struct vfs_policy policy = { 0 };
	int err = ipc_decode_session_policy(message->fields, &fields);

	if (err == 0)
		err = decode(fields.policy, &policy);
	roots->fds[0] = fd_take(&message->fds[0]);
	if (err == 0 && policy.folder_count != roots->count - 1)
		err = ERR_PROTOCOL;
	if (err == 0)
		err = enter(&fields, &policy, roots, out);
	vfs_policy_free(&policy);
	return err;
}

static int
on_folder(struct ipc_message *message, struct roots *roots)
{
	struct ipc_session_folder fields;
	int err = ipc_decode_session_folder(message->fields, &fields);

	if (err != 0)
		return err;
	roots->counted[roots->count] = fields.counted;
	roots->own[roots->count] = fields.own;
	roots->fds[roots->count++] = fd_take(&message->fds[0]);
	return 0;
}

int
session_policy_receive(
    struct master_link *link, uint64_t deadline_ms, struct session_policy *out)
{
	struct roots roots = { .fds = { -1 }, .count = 1 };
	struct ipc_message message = { .type = IPC_NONE };
	int err = 0;

	*out = (struct session_policy){ .vfs = NULL };
	while (err == 0 && message.type != IPC_SESSION_POLICY) {
		if ((err = master_link_receive(link, deadline_ms, &message)) != 0)
			break;
		if (message.type == IPC_SESSION_FOLDER)
			err = on_folder(&message, &roots);
		else if (message.type == IPC_SESSION_POLICY)
			err = on_policy(&message, &roots, out);
		else
			err = ERR_PROTOCOL;
		ipc_message_close_fds(&message);
	}
	for (size_t i = 0; i < roots.count; i++)
		fd_close(&roots.fds[i]);
	return err;
}

int
session_policy_change(struct session_policy *policy, struct rd fields)
{
	struct ipc_session_policy_changed message;
	struct vfs_policy rules = { 0 };
	int err = ipc_decode_session_policy_changed(fields, &message);

	if (err == 0)
		err = decode(message.policy, &rules);
	if (err != 0)
		return err;
	err = vfs_set_policy(policy->vfs, &rules);
	vfs_policy_free(&rules);
	if (err != 0)
		return err == ENOMEM ? ERR_MEMORY : ERR_INVALID;
	policy->uploads.sync = message.upload_sync;
	policy->uploads.size_max = message.upload_size_max;
	vfs_set_uploads(policy->vfs, &policy->uploads);
	return 0;
}

void
session_policy_free(struct session_policy *policy)
{
	vfs_free(&policy->vfs);
}
