#include "vfs/operation.h"

struct requirement {
	uint32_t own, parent, node, target_parent;
	unsigned traits;
	uint32_t rights;
};

#define VFS_OPERATION_ROW(name, own, parent, node, target_parent, traits, rights) \
	[OPERATION_##name] = { own, parent, node, target_parent, traits, rights },
static const struct requirement requirements[OPERATION_COUNT] = {
	VFS_OPERATIONS(VFS_OPERATION_ROW)
};
#undef VFS_OPERATION_ROW

_Static_assert(OPERATION_COUNT <= sizeof(operations) * 8, "one bit for each operation");

static bool
holds(uint32_t needed, uint32_t granted)
{
	return (needed & ~granted) == 0;
}

static bool
node_holds(uint32_t needed, enum node_type type, struct grants grants)
{
	switch (type) {
	case NODE_DIRECTORY: return holds(needed, grants.parent);
	case NODE_OTHER: return holds(needed, grants.own);
	case NODE_UNKNOWN: break;
	}
	return holds(needed, grants.own) || holds(needed, grants.parent);
}

/* What all of them need together. */
static struct requirement
sum(operations wanted)
{
	struct requirement needed = { 0 };

	for (unsigned i = 0; i < OPERATION_COUNT; i++) {
		if ((wanted & ((operations)1 << i)) == 0)
			continue;
		needed.own |= requirements[i].own;
		needed.parent |= requirements[i].parent;
		needed.node |= requirements[i].node;
		needed.target_parent |= requirements[i].target_parent;
		needed.traits |= requirements[i].traits;
	}
	return needed;
}

static bool
name_passes(unsigned traits, enum node_type type, struct grants grants)
{
	if (grants.file || (traits & (TRAIT_FILE | TRAIT_NODE)) == 0)
		return true;
	return (traits & TRAIT_FILE) == 0 && type != NODE_OTHER;
}

bool
operations_allowed(operations wanted, enum operand operand, enum node_type type,
	struct grants grants)
{
	struct requirement needed = sum(wanted);

	if (wanted == 0 || !name_passes(needed.traits, type, grants))
		return false;
	if (operand == OPERAND_TARGET)
		return holds(needed.target_parent, grants.parent);
	return holds(needed.own, grants.own) && holds(needed.parent, grants.parent) &&
	    node_holds(needed.node, type, grants);
}

bool
operations_permitted(const struct vfs_policy *policy, operations wanted, enum operand operand,
	enum node_type type, const struct vpath *path, struct grants grants)
{
	if (!operations_allowed(wanted, operand, type, grants))
		return false;
	return (sum(wanted).traits & TRAIT_NAME) == 0 || !policy_holds_folder(policy, path);
}

void
operation_needs(enum operation operation, enum operand operand, enum node_type type,
	uint32_t *own_out, uint32_t *parent_out)
{
	const struct requirement *r = &requirements[operation];
	bool is_directory = type == NODE_DIRECTORY;

	*own_out = operand == OPERAND_TARGET ? 0 : r->own | (is_directory ? 0 : r->node);
	*parent_out = operand == OPERAND_TARGET ? r->target_parent
						: r->parent | (is_directory ? r->node : 0);
}

bool
operation_applies(enum operation operation, enum operand operand, enum node_type type)
{
	const struct requirement *r = &requirements[operation];

	if (type == NODE_DIRECTORY && (r->traits & TRAIT_FILE) != 0)
		return false;
	/* who replaces has no other path than the second */
	return operand == OPERAND_TARGET ? r->target_parent != 0
					 : operation != OPERATION_REPLACE_STRICTLY;
}

uint32_t
operations_rights(operations wanted, uint32_t permissions)
{
	uint32_t rights = 0;

	for (unsigned i = 0; i < OPERATION_COUNT; i++) {
		const struct requirement *r = &requirements[i];

		if ((wanted & ((operations)1 << i)) != 0 &&
		    holds(r->own | r->parent | r->node | r->target_parent, permissions))
			rights |= r->rights;
	}
	return rights;
}
