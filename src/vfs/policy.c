#include "vfs/policy.h"

#include "vfs/vpath.h"

#include <stdlib.h>
#include <string.h>

/* Encoded: the number of rules, then for each its directory as a string and its bits. */
enum { HEADER_BYTES = 4, RULE_BYTES = 8 };

static size_t
encoded_bytes(const struct vfs_policy *policy)
{
	size_t bytes = HEADER_BYTES;

	for (size_t i = 0; i < policy->rule_count; i++)
		bytes += RULE_BYTES + policy->rules[i].directory->length;
	return bytes;
}

static bool
has_rule(const struct vfs_policy *policy, const struct vpath *directory)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct vpath *other = policy->rules[i].directory;

		if (other->length == directory->length &&
		    memcmp(other->text, directory->text, other->length) == 0)
			return true;
	}
	return false;
}

static int
rule_append(struct vfs_policy *policy, const struct vpath *directory, uint32_t permissions)
{
	struct vfs_rule *rules;
	struct vpath *copy;

	rules = realloc(policy->rules, (policy->rule_count + 1) * sizeof(*rules));
	if (rules == NULL)
		return ERR_MEMORY;
	policy->rules = rules;
	copy = malloc(sizeof(*copy));
	if (copy == NULL)
		return ERR_MEMORY;
	vpath_copy(copy, directory);
	rules[policy->rule_count++] = (struct vfs_rule){ copy, permissions };
	return 0;
}

MUST int
vfs_policy_add(struct vfs_policy *policy, struct view directory, uint32_t permissions)
{
	struct vpath path;
	int err = vpath_parse(&path, directory);

	if (err != 0)
		return err;
	if ((permissions & ~(uint32_t)PERMISSION_ALL) != 0)
		return ERR_INVALID;
	if (has_rule(policy, &path))
		return ERR_EXISTS;
	if (policy->rule_count >= VFS_RULES_MAX ||
	    encoded_bytes(policy) + RULE_BYTES + path.length > VFS_POLICY_BYTES_MAX)
		return ERR_LIMIT;
	return rule_append(policy, &path, permissions);
}

void
vfs_policy_free(struct vfs_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		free(policy->rules[i].directory);
	free(policy->rules);
	*policy = (struct vfs_policy){ 0 };
}

MUST int
policy_copy(struct vfs_policy *out, const struct vfs_policy *policy)
{
	*out = (struct vfs_policy){ 0 };
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct vfs_rule *rule = &policy->rules[i];
		int err = rule_append(out, rule->directory, rule->permissions);

		if (err != 0) {
			vfs_policy_free(out);
			return err;
		}
	}
	return 0;
}

bool
policy_is_complete(const struct vfs_policy *policy)
{
	struct vpath root;

	vpath_set_root(&root);
	return has_rule(policy, &root);
}

void
vfs_policy_encode(struct buf *out, const struct vfs_policy *policy)
{
	buf_u32(out, (uint32_t)policy->rule_count);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct vpath *directory = policy->rules[i].directory;

		buf_str(out, (struct view){ (const uint8_t *)directory->text, directory->length });
		buf_u32(out, policy->rules[i].permissions);
	}
}

/* Parses into rules; a directory that is not in its normal spelling is not what we encode. */
static int
decode_rules(struct rd *r, struct vfs_policy *out)
{
	uint32_t count = rd_u32(r);

	if (r->bad == 0 && count > VFS_RULES_MAX)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < count; i++) {
		struct view directory = rd_str(r, VPATH_MAX);
		uint32_t permissions = rd_u32(r);
		int err;

		if (r->bad != 0)
			return r->bad;
		err = vfs_policy_add(out, directory, permissions);
		if (err != 0)
			return err;
		if (!view_is(directory, out->rules[i].directory->text))
			return ERR_FORMAT;
	}
	return r->bad;
}

MUST int
vfs_policy_decode(struct rd *r, struct vfs_policy *out)
{
	int err;

	*out = (struct vfs_policy){ 0 };
	err = decode_rules(r, out);
	if (err == 0 && !policy_is_complete(out))
		err = ERR_FORMAT;
	if (err != 0) {
		rd_fail(r, err);
		vfs_policy_free(out);
	}
	return err;
}

/* The nearest directory is the longest one that the path lies in. */
static uint32_t
permissions_at(const struct vfs_policy *policy, const char *path, size_t length)
{
	const struct vfs_rule *nearest = NULL;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct vfs_rule *rule = &policy->rules[i];

		if ((nearest == NULL || rule->directory->length > nearest->directory->length) &&
		    vpath_is_within(path, length, rule->directory))
			nearest = rule;
	}
	return nearest != NULL ? nearest->permissions : 0;
}

uint32_t
vfs_policy_permissions(const struct vfs_policy *policy, const struct vpath *path)
{
	return permissions_at(policy, path->text, path->length);
}

struct grants
policy_grants(const struct vfs_policy *policy, const struct vpath *path)
{
	return (struct grants){
		.own = permissions_at(policy, path->text, path->length),
		.parent = permissions_at(policy, path->text, vpath_parent_length(path)),
	};
}

struct grants
grants_both(struct grants a, struct grants b)
{
	return (struct grants){ a.own & b.own, a.parent & b.parent };
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
