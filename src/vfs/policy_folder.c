/* Virtual folders of a policy: where they are, and what lies in the way to them. */
#include "vfs/policy.h"

#include "vfs/vpath.h"

#include <stdlib.h>
#include <string.h>

static const struct vpath home = { 1, "/" };

const struct vpath *
policy_mount(const struct vfs_policy *policy, size_t root)
{
	return root == 0 ? &home : policy->folders[root - 1].path;
}

static bool
within(const struct vpath *path, const struct vpath *directory)
{
	return vpath_is_within(path->text, path->length, directory);
}

MUST int
vfs_policy_add_folder(struct vfs_policy *policy, struct view path, struct view host)
{
	struct vfs_folder folder = { 0 }, *folders;
	struct vpath at, there;
	int err = vpath_parse(&at, path);

	if (err == 0)
		err = vpath_parse(&there, host);
	if (err != 0)
		return err;
	if (vpath_is_root(&at) || host.n == 0 || host.p[0] != '/')
		return ERR_INVALID;
	for (size_t i = 0; i < policy->folder_count; i++) {
		if (within(&at, policy->folders[i].path) || within(policy->folders[i].path, &at))
			return ERR_EXISTS;
	}
	if (policy->folder_count >= VFS_FOLDERS_MAX ||
	    policy_take_room(policy, 8u + at.length + there.length) != 0)
		return ERR_LIMIT;
	folders = realloc(policy->folders, (policy->folder_count + 1) * sizeof(*folders));
	if (folders == NULL)
		return ERR_MEMORY;
	policy->folders = folders;
	folder.path = vpath_dup(&at);
	folder.host = vpath_dup(&there);
	if (folder.path == NULL || folder.host == NULL) {
		free(folder.path);
		free(folder.host);
		return ERR_MEMORY;
	}
	folders[policy->folder_count++] = folder;
	return 0;
}

size_t
vfs_policy_folder_of(const struct vfs_policy *policy, const struct vpath *path)
{
	for (size_t i = 0; i < policy->folder_count; i++) {
		if (within(path, policy->folders[i].path))
			return i + 1;
	}
	return 0;
}

bool
policy_is_mount(const struct vfs_policy *policy, const struct vpath *path)
{
	return path->length == policy_mount(policy, vfs_policy_folder_of(policy, path))->length;
}

bool
policy_holds_folder(const struct vfs_policy *policy, const struct vpath *path)
{
	for (size_t i = 0; i < policy->folder_count; i++) {
		if (within(policy->folders[i].path, path))
			return true;
	}
	return false;
}

bool
policy_way_to_folder(const struct vfs_policy *policy, size_t folder,
	const struct vpath *directory, struct view *name_out)
{
	const struct vpath *path = policy_mount(policy, folder);
	size_t skip = vpath_is_root(directory) ? 1 : (size_t)directory->length + 1;
	struct view rest;

	if (path->length <= skip || !within(path, directory))
		return false;
	rest = (struct view){ (const uint8_t *)path->text + skip, path->length - skip };
	return vpath_next_component(&rest, name_out);
}

bool
policy_same_folders(const struct vfs_policy *a, const struct vfs_policy *b)
{
	if (a->folder_count != b->folder_count)
		return false;
	for (size_t i = 0; i < a->folder_count; i++) {
		if (strcmp(a->folders[i].path->text, b->folders[i].path->text) != 0 ||
		    strcmp(a->folders[i].host->text, b->folders[i].host->text) != 0)
			return false;
	}
	return true;
}
