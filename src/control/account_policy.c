#include "control/account_policy.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)USER_FOLDERS_MAX <= (int)VFS_FOLDERS_MAX, "every folder of an account fits");

static int
add_filters(const struct user_extensions *item, struct vfs_policy *out)
{
	int err = vfs_policy_add_filter(out, view_of(item->path));

	for (size_t i = 0; i < item->denied.count && err == 0; i++)
		err = vfs_policy_add_suffix(out, view_of(item->denied.items[i]), true);
	for (size_t i = 0; i < item->allowed.count && err == 0; i++)
		err = vfs_policy_add_suffix(out, view_of(item->allowed.items[i]), false);
	return err;
}

int
account_policy(const struct user *user, const struct account_settings *settings,
	struct vfs_policy *out)
{
	const struct user_extensions_list *extensions = &user->filters.file_extensions;
	int err = 0;

	*out = (struct vfs_policy){ .strict_rename = settings->strict_rename,
		.rename_copies = settings->rename_copies };
	for (size_t i = 0; i < user->permissions.count && err == 0; i++) {
		const struct user_permission *p = &user->permissions.items[i];

		err = vfs_policy_add(out, view_of(p->path), p->bits);
	}
	for (size_t i = 0; i < user->virtual_folders.count && err == 0; i++) {
		const struct user_virtual_folder *folder = &user->virtual_folders.items[i];

		err = vfs_policy_add_folder(out, view_of(folder->virtual_path),
		    view_of(folder->mapped_path));
	}
	for (size_t i = 0; i < extensions->count && err == 0; i++)
		err = add_filters(&extensions->items[i], out);
	return err;
}

struct vfs_uploads
account_uploads(const struct user *user, const struct account_settings *settings)
{
	const char *fsync = user->filters.fsync;
	int64_t size_max = user->filters.max_upload_file_size;

	return (struct vfs_uploads){ .mode = settings->upload_mode,
		.sync = fsync[0] != '\0' ? strcmp(fsync, "on-close") == 0 : settings->upload_sync,
		.size_max = size_max > 0 ? (uint64_t)size_max : 0 };
}

char *
account_home_prefix(const char *home_dir)
{
	size_t n = strlen(home_dir);
	char *home;

	while (n > 0 && home_dir[n - 1] == '/')
		n--;
	if ((home = malloc(n + 1)) != NULL) {
		memcpy(home, home_dir, n);
		home[n] = '\0';
	}
	return home;
}

void
account_host_path(const struct user *user, const char *home_prefix, struct view path,
	struct buf *out)
{
	for (size_t i = 0; i < user->virtual_folders.count; i++) {
		const struct user_virtual_folder *folder = &user->virtual_folders.items[i];
		size_t n = strlen(folder->virtual_path);

		if (path.n < n || memcmp(path.p, folder->virtual_path, n) != 0 ||
		    (path.n > n && path.p[n] != '/'))
			continue;
		buf_text(out, folder->mapped_path);
		buf_raw(out, path.p + n, path.n - n);
		return;
	}
	buf_text(out, home_prefix);
	buf_raw(out, path.p, path.n);
}
