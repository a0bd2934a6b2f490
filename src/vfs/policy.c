#include "vfs/policy.h"

#include "vfs/operation.h"
#include "vfs/vpath.h"

#include <stdlib.h>
#include <string.h>

static bool
same_path(const struct vpath *a, const struct vpath *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool
has_rule(const struct vfs_policy *policy, const struct vpath *directory)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (same_path(policy->rules[i].directory, directory))
			return true;
	}
	return false;
}

MUST int
vfs_policy_add(struct vfs_policy *policy, struct view directory, uint32_t permissions)
{
	struct vfs_rule *rules;
	struct vpath path, *copy;
	int err = vpath_parse(&path, directory);

	if (err != 0)
		return err;
	if ((permissions & ~(uint32_t)PERMISSION_ALL) != 0)
		return ERR_INVALID;
	if (has_rule(policy, &path))
		return ERR_EXISTS;
	rules = realloc(policy->rules, (policy->rule_count + 1) * sizeof(*rules));
	if (rules == NULL)
		return ERR_MEMORY;
	policy->rules = rules;
	if (policy->rule_count >= VFS_RULES_MAX || policy_take_room(policy, 8u + path.length) != 0)
		return ERR_LIMIT;
	copy = vpath_dup(&path);
	if (copy == NULL)
		return ERR_MEMORY;
	rules[policy->rule_count++] = (struct vfs_rule){ copy, permissions };
	return 0;
}

void
vfs_policy_free(struct vfs_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		free(policy->rules[i].directory);
	for (size_t i = 0; i < policy->folder_count; i++) {
		free(policy->folders[i].path);
		free(policy->folders[i].host);
	}
	for (size_t i = 0; i < policy->filter_count; i++) {
		free(policy->filters[i].directory);
		free(policy->filters[i].suffixes);
	}
	free(policy->rules);
	free(policy->folders);
	free(policy->filters);
	*policy = (struct vfs_policy){ 0 };
}

bool
policy_is_complete(const struct vfs_policy *policy)
{
	return has_rule(policy, policy_mount(policy, 0));
}

/* The nearest directory is the longest one that the path lies in. */
const struct vfs_rule *
policy_rule(const struct vfs_policy *policy, const char *path, size_t length)
{
	const struct vfs_rule *nearest = NULL;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct vfs_rule *rule = &policy->rules[i];

		if ((nearest == NULL || rule->directory->length > nearest->directory->length) &&
		    vpath_is_within(path, length, rule->directory))
			nearest = rule;
	}
	return nearest;
}

static uint32_t
permissions_at(const struct vfs_policy *policy, const char *path, size_t length)
{
	const struct vfs_rule *rule = policy_rule(policy, path, length);

	return rule != NULL ? rule->permissions : 0;
}

uint32_t
vfs_policy_permissions(const struct vfs_policy *policy, const struct vpath *path)
{
	return permissions_at(policy, path->text, path->length);
}

struct grants
policy_grants(const struct vfs_policy *policy, const struct vpath *path)
{
	size_t parent = vpath_parent_length(path);
	const struct vfs_suffix *by;

	return (struct grants){
		.own = permissions_at(policy, path->text, path->length),
		.parent = permissions_at(policy, path->text, parent),
		.file = filter_passes(policy_filter(policy, path->text, parent), vpath_name(path),
		    &by),
	};
}

struct grants
grants_both(struct grants a, struct grants b)
{
	return (struct grants){ a.own & b.own, a.parent & b.parent, a.file && b.file };
}

bool
vfs_policy_read_only(const struct vfs_policy *policy)
{
	const uint32_t reading = PERMISSION_LIST | PERMISSION_DOWNLOAD;

	for (size_t i = 0; i < policy->rule_count; i++) {
		if ((policy->rules[i].permissions & ~reading) != 0)
			return false;
	}
	return true;
}

/* Every permission that holds on any path in the root. */
static uint32_t
permissions_in(const struct vfs_policy *policy, size_t root)
{
	uint32_t bits = vfs_policy_permissions(policy, policy_mount(policy, root));

	for (size_t i = 0; i < policy->rule_count; i++) {
		if (vfs_policy_folder_of(policy, policy->rules[i].directory) == root)
			bits |= policy->rules[i].permissions;
	}
	return bits;
}

/*
 * What needs a permission on the directory that holds a path asks, for a folder's own directory,
 * outside the folder; but of all such operations only those that set attributes open it.
 */
uint32_t
vfs_policy_rights(const struct vfs_policy *policy, size_t folder)
{
	const operations setting =
	    OPERATION_BIT(SET_OWNER) | OPERATION_BIT(SET_MODE) | OPERATION_BIT(SET_TIMES);
	const operations unused = policy->strict_rename
	    ? OPERATION_BIT(RENAME) : OPERATION_BIT(RENAME_STRICTLY);
	struct grants grants = policy_grants(policy, policy_mount(policy, folder));

	return operations_rights(~unused, permissions_in(policy, folder)) |
	    (operations_rights(setting, grants.parent) & TREE_READ_DIRECTORY);
}
