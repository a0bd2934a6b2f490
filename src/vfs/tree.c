#include "vfs/tree.h"

#include "base/fd.h"
#include "vfs/policy.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int
vfs_fill(struct vfs *vfs, int root_fd, const char *root_path, const struct vfs_policy *policy)
{
	struct stat st;

	if (fstat(root_fd, &st) != 0)
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	if (!policy_is_complete(policy))
		return EINVAL;
	if (root_path != NULL) {
		if (root_path[0] != '/' || vpath_parse(&vfs->host_path, view_of(root_path)) != 0)
			return EINVAL;
		vfs->has_host_path = true;
	}
	return policy_copy(&vfs->policy, policy) == 0 ? 0 : ENOMEM;
}

MUST int
vfs_new(struct vfs **out, int root_fd, const char *root_path, const struct vfs_policy *policy)
{
	struct vfs *vfs = calloc(1, sizeof(*vfs));
	int err;

	*out = NULL;
	if (vfs == NULL)
		return ENOMEM;
	err = vfs_fill(vfs, root_fd, root_path, policy);
	if (err != 0) {
		free(vfs);
		return err;
	}
	vfs->root_fd = root_fd;
	LIST_INIT(&vfs->uploads_open);
	*out = vfs;
	return 0;
}

void
vfs_free(struct vfs **vfs)
{
	if (*vfs == NULL)
		return;
	fd_close(&(*vfs)->root_fd);
	vfs_policy_free(&(*vfs)->policy);
	free(*vfs);
	*vfs = NULL;
}

void
vfs_set_uploads(struct vfs *vfs, const struct vfs_uploads *uploads)
{
	vfs->uploads = *uploads;
}

const char *
tree_relative(const struct vpath *path)
{
	return vpath_is_root(path) ? "." : path->text + 1;
}
