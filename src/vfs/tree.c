#include "vfs/tree.h"

#include "base/fd.h"
#include "vfs/vpath.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int
check_directory(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

static int
vfs_fill(struct vfs *vfs, const char *root_path, const struct vfs_policy *policy)
{
	int err = 0;

	for (size_t root = 0; root <= policy->folder_count && err == 0; root++)
		err = check_directory(vfs->root_fds[root]);
	if (err != 0)
		return err;
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
vfs_new_with_folders(struct vfs **out, int root_fd, const char *root_path,
	const struct vfs_policy *policy, const int *folder_fds)
{
	struct vfs *vfs = calloc(1, sizeof(*vfs));
	int err;

	*out = NULL;
	if (vfs == NULL)
		return ENOMEM;
	vfs->root_fds[0] = root_fd;
	for (size_t i = 0; i < policy->folder_count; i++)
		vfs->root_fds[1 + i] = folder_fds[i];
	err = vfs_fill(vfs, root_path, policy);
	if (err != 0) {
		free(vfs);
		return err;
	}
	LIST_INIT(&vfs->uploads_open);
	*out = vfs;
	return 0;
}

MUST int
vfs_new(struct vfs **out, int root_fd, const char *root_path, const struct vfs_policy *policy)
{
	if (policy->folder_count == 0)
		return vfs_new_with_folders(out, root_fd, root_path, policy, NULL);
	*out = NULL;
	return EINVAL;
}

MUST int
vfs_set_policy(struct vfs *vfs, const struct vfs_policy *policy)
{
	struct vfs_policy copy;

	if (!policy_is_complete(policy) || !policy_same_folders(policy, &vfs->policy))
		return EINVAL;
	if (policy_copy(&copy, policy) != 0)
		return ENOMEM;
	vfs_policy_free(&vfs->policy);
	vfs->policy = copy;
	return 0;
}

void
vfs_free(struct vfs **vfs)
{
	if (*vfs == NULL)
		return;
	for (size_t root = 0; root <= (*vfs)->policy.folder_count; root++)
		fd_close(&(*vfs)->root_fds[root]);
	vfs_policy_free(&(*vfs)->policy);
	free(*vfs);
	*vfs = NULL;
}

void
vfs_set_uploads(struct vfs *vfs, const struct vfs_uploads *uploads)
{
	vfs->uploads = *uploads;
}

void
vfs_set_quota(struct vfs *vfs, size_t root, struct vfs_quota *quota)
{
	vfs->quotas[root] = quota;
}

const char *
tree_relative(const struct vfs *vfs, size_t root, const struct vpath *path)
{
	const struct vpath *mount = policy_mount(&vfs->policy, root);

	if (path->length == mount->length)
		return ".";
	return path->text + (vpath_is_root(mount) ? 1 : mount->length + 1);
}

const struct vpath *
tree_host_path(const struct vfs *vfs, size_t root)
{
	const struct vpath *host = &vfs->host_path;

	if (root > 0)
		host = vfs->policy.folders[root - 1].host;
	else if (!vfs->has_host_path)
		return NULL;
	return vpath_is_root(host) ? NULL : host;
}

MUST int
tree_stat_virtual(const struct vfs *vfs, struct stat *st_out)
{
	if (fstat(vfs->root_fds[0], st_out) != 0)
		return errno;
	st_out->st_mode = S_IFDIR | 0555;
	st_out->st_nlink = 2;
	st_out->st_size = 0;
	return 0;
}
