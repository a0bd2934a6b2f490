#include "worker/session_policy.h"

#include "base/fd.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int
decode(const struct ipc_message *message, struct ipc_session_policy *out,
    struct vfs_policy *policy_out)
{
	struct rd r;
	int err;

	if (message->type != IPC_SESSION_POLICY)
		return ERR_PROTOCOL;
	if ((err = ipc_decode_session_policy(message->fields, out)) != 0)
		return err;
	r = rd_of(out->policy);
	if ((err = vfs_policy_decode(&r, policy_out)) == 0)
		err = rd_end(&r);
	return err;
}

static int
enter(const struct ipc_session_policy *fields, const struct vfs_policy *policy, int root_fd,
    struct session_policy *out)
{
	struct sandbox_rules rules = { .root_fd = root_fd,
		.read_only = vfs_policy_read_only(policy) };
	/* the root of the machine itself comes as the empty text */
	char *root_path = view_dup(fields->root_path.n > 0 ? fields->root_path : view_of("/"));
	int err = root_path == NULL ? ENOMEM : vfs_new(&out->vfs, root_fd, root_path, policy);

	free(root_path);
	if (err != 0)
		return err == ENOMEM ? ERR_MEMORY : ERR_INVALID;
	vfs_set_uploads(out->vfs, &(struct vfs_uploads){ .mode = fields->upload_mode,
		.sync = fields->upload_sync, .size_max = fields->upload_size_max });
	umask((mode_t)fields->umask);
	out->ignore_setstat = fields->ignore_setstat;
	out->read_only = rules.read_only;
	out->parked = fields->parked;
	out->park_after_ms = fields->park_after_ms;
	return sandbox_enter(SANDBOX_SESSION, &rules);
}

int
session_policy_enter(struct ipc_message *message, struct session_policy *out)
{
	struct ipc_session_policy fields;
	struct vfs_policy policy = { 0 };
	int root_fd = fd_take(&message->fds[0]);
	int err = decode(message, &fields, &policy);

	*out = (struct session_policy){ .vfs = NULL };
	if (err == 0)
		err = enter(&fields, &policy, root_fd, out);
	vfs_policy_free(&policy);
	return err;
}

void
session_policy_free(struct session_policy *policy)
{
	vfs_free(&policy->vfs);
}
