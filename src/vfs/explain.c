/* Why a policy decides as it does, asked of the functions that decide. */
#include "vfs/operation.h"

#include "vfs/vpath.h"

#define OPERATION_NAME(name, ...) [OPERATION_##name] = #name,
static const char *const names[OPERATION_COUNT] = { VFS_OPERATIONS(OPERATION_NAME) };
#undef OPERATION_NAME

void
vfs_policy_decision(const struct vfs_policy *policy, const struct vpath *path,
	struct vfs_decision *out)
{
	size_t parent = vpath_parent_length(path);

	out->folder = vfs_policy_folder_of(policy, path);
	out->rule = policy_rule(policy, path->text, path->length);
	out->parent_rule = policy_rule(policy, path->text, parent);
	out->filter = policy_filter(policy, path->text, parent);
	out->passes = filter_passes(out->filter, vpath_name(path), &out->suffix);
	out->holds_folder = policy_holds_folder(policy, path);
}

/* True for what the policy asks, of the table's ways to rename. */
static bool
is_used(const struct vfs_policy *policy, enum operation operation)
{
	switch (operation) {
	case OPERATION_RENAME: return !policy->strict_rename;
	case OPERATION_RENAME_STRICTLY:
	case OPERATION_REPLACE_STRICTLY: return policy->strict_rename;
	default: return true;
	}
}

static enum vfs_reason
reason_of(const struct vfs_policy *policy, operations wanted, enum operand operand,
	enum node_type type, const struct vpath *path, struct grants grants)
{
	struct grants any_name = grants;

	any_name.file = true;
	if (!operations_allowed(wanted, operand, type, any_name))
		return VFS_REASON_PERMISSIONS;
	if (!operations_allowed(wanted, operand, type, grants))
		return VFS_REASON_FILTER;
	return operations_permitted(policy, wanted, operand, type, path, grants)
	    ? VFS_REASON_PERMISSIONS : VFS_REASON_FOLDER;
}

bool
vfs_policy_verdict(const struct vfs_policy *policy, const struct vpath *path, bool is_directory,
	unsigned number, struct vfs_verdict *out)
{
	enum operation operation = (enum operation)(number % OPERATION_COUNT);
	enum operand operand = number < OPERATION_COUNT ? OPERAND_PATH : OPERAND_TARGET;
	enum node_type type = is_directory ? NODE_DIRECTORY : NODE_OTHER;
	struct grants grants = policy_grants(policy, path);
	operations wanted = (operations)1 << operation;
	uint32_t needs, parent_needs;

	if (number >= 2 * OPERATION_COUNT)
		return false;
	operation_needs(operation, operand, type, &needs, &parent_needs);
	*out = (struct vfs_verdict){
		.operation = names[operation],
		.as_target = operand == OPERAND_TARGET,
		.applies = is_used(policy, operation) &&
		    operation_applies(operation, operand, type),
		.allowed = operations_permitted(policy, wanted, operand, type, path, grants),
		.reason = reason_of(policy, wanted, operand, type, path, grants),
		.needs = needs,
		.parent_needs = parent_needs,
	};
	return true;
}
