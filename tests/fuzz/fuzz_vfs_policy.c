/*
 * An encoded policy, as a session worker gets it: an error leaves nothing behind; a policy that is
 * accepted encodes to the very bytes it came from, and decides as the plain reading of the rule
 * says: walk up from the path, the first directory that is listed decides.
 */
#include "base/tree_right.h"
#include "vfs/vfs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
want(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t
decide_by_walking(const struct vfs_policy *policy, const struct vpath *path)
{
	struct vpath at = *path;

	for (;;) {
		for (size_t i = 0; i < policy->rule_count; i++) {
			if (strcmp(policy->rules[i].directory->text, at.text) == 0)
				return policy->rules[i].permissions;
		}
		if (vpath_is_root(&at))
			return 0;
		vpath_parent(&at, &at);
	}
}

/* The rules' own directories, what lies in them, and what only looks so. */
static void
check_decisions(const struct vfs_policy *policy)
{
	static const char *const ends[] = { "", "/x", "/x/y", "x", "/.." };

	for (size_t i = 0; i < policy->rule_count && i < 32; i++) {
		for (size_t j = 0; j < sizeof(ends) / sizeof(ends[0]); j++) {
			const struct vpath *directory = policy->rules[i].directory;
			char text[VPATH_MAX + 8];
			struct vpath path;

			memcpy(text, directory->text, directory->length);
			memcpy(text + directory->length, ends[j], strlen(ends[j]) + 1);
			if (vpath_parse(&path, view_of(text)) != 0)
				continue;
			want(vfs_policy_permissions(policy, &path) ==
			    decide_by_walking(policy, &path));
		}
	}
}

/* Each folder is where it says, no other is there, and the kernel is asked for known rights. */
static void
check_folders(const struct vfs_policy *policy)
{
	for (size_t i = 0; i < policy->folder_count; i++)
		want(vfs_policy_folder_of(policy, policy->folders[i].path) == i + 1);
	for (size_t i = 0; i <= policy->folder_count; i++)
		want((vfs_policy_rights(policy, i) & ~(uint32_t)TREE_ALL) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct vfs_policy policy;
	struct buf again = buf_init(VFS_POLICY_BYTES_MAX);

	if (vfs_policy_decode(&r, &policy) != 0) {
		want(policy.rules == NULL && policy.rule_count == 0 &&
		    policy.folders == NULL && policy.filters == NULL && rd_end(&r) != 0);
		return 0;
	}
	vfs_policy_encode(&again, &policy);
	want(buf_error(&again) == 0 && again.n == size - r.n);
	want(memcmp(again.p, data, again.n) == 0);
	check_decisions(&policy);
	check_folders(&policy);
	(void)vfs_policy_read_only(&policy);
	buf_free(&again);
	vfs_policy_free(&policy);
	return 0;
}
