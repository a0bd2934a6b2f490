/* A policy as bytes, and back. */
#include "vfs/policy.h"

#include "vfs/vpath.h"

#include <stdlib.h>
#include <string.h>

/*
 * Encoded: two booleans; then three lists, each behind its length: the rules (directory as a
 * string, bits), the folders (path, host), the filters (directory, and the list of their
 * suffixes: a boolean and the string).
 */
enum { HEADER_BYTES = 2 + 3 * 4 };

MUST int
policy_take_room(struct vfs_policy *policy, size_t bytes)
{
	if (HEADER_BYTES + policy->bytes + bytes > VFS_POLICY_BYTES_MAX)
		return ERR_LIMIT;
	policy->bytes += bytes;
	return 0;
}

static struct view
path_view(const struct vpath *path)
{
	return (struct view){ (const uint8_t *)path->text, path->length };
}

static struct view
suffix_view(const struct vfs_suffix *suffix)
{
	return (struct view){ (const uint8_t *)suffix->text, suffix->length };
}

static void
encode_filter(struct buf *out, const struct vfs_filter *filter)
{
	buf_str(out, path_view(filter->directory));
	buf_u32(out, (uint32_t)filter->suffix_count);
	for (size_t i = 0; i < filter->suffix_count; i++) {
		buf_bool(out, filter->suffixes[i].denied);
		buf_str(out, suffix_view(&filter->suffixes[i]));
	}
}

void
vfs_policy_encode(struct buf *out, const struct vfs_policy *policy)
{
	buf_bool(out, policy->strict_rename);
	buf_bool(out, policy->rename_copies);
	buf_u32(out, (uint32_t)policy->rule_count);
	for (size_t i = 0; i < policy->rule_count; i++) {
		buf_str(out, path_view(policy->rules[i].directory));
		buf_u32(out, policy->rules[i].permissions);
	}
	buf_u32(out, (uint32_t)policy->folder_count);
	for (size_t i = 0; i < policy->folder_count; i++) {
		buf_str(out, path_view(policy->folders[i].path));
		buf_str(out, path_view(policy->folders[i].host));
	}
	buf_u32(out, (uint32_t)policy->filter_count);
	for (size_t i = 0; i < policy->filter_count; i++)
		encode_filter(out, &policy->filters[i]);
}

/* The length of a list. */
static uint32_t
decode_count(struct rd *r, uint32_t max)
{
	uint32_t count = rd_u32(r);

	if (r->bad != 0)
		return 0;
	if (count > max)
		rd_fail(r, ERR_LIMIT);
	return r->bad == 0 ? count : 0;
}

/* 0 when a path that was added has the spelling that it came in: no other is what we encode. */
static int
check_spelling(struct view came, const struct vpath *added)
{
	return view_is(came, added->text) ? 0 : ERR_FORMAT;
}

static int
decode_rules(struct rd *r, struct vfs_policy *out)
{
	uint32_t count = decode_count(r, VFS_RULES_MAX);
	int err = r->bad;

	for (uint32_t i = 0; i < count && err == 0; i++) {
		struct view directory = rd_str(r, VPATH_MAX);
		uint32_t permissions = rd_u32(r);

		err = r->bad != 0 ? r->bad : vfs_policy_add(out, directory, permissions);
		if (err == 0)
			err = check_spelling(directory, out->rules[i].directory);
	}
	return err;
}

static int
decode_folders(struct rd *r, struct vfs_policy *out)
{
	uint32_t count = decode_count(r, VFS_FOLDERS_MAX);
	int err = r->bad;

	for (uint32_t i = 0; i < count && err == 0; i++) {
		struct view path = rd_str(r, VPATH_MAX), host = rd_str(r, VPATH_MAX);

		err = r->bad != 0 ? r->bad : vfs_policy_add_folder(out, path, host);
		if (err == 0)
			err = check_spelling(path, out->folders[i].path);
		if (err == 0)
			err = check_spelling(host, out->folders[i].host);
	}
	return err;
}

static int
decode_suffixes(struct rd *r, struct vfs_policy *out)
{
	uint32_t count = decode_count(r, VFS_SUFFIXES_MAX);
	int err = r->bad;

	for (uint32_t i = 0; i < count && err == 0; i++) {
		bool denied = rd_flag(r);
		struct view text = rd_str(r, VPATH_NAME_MAX);

		err = r->bad != 0 ? r->bad : vfs_policy_add_suffix(out, text, denied);
	}
	return err;
}

static int
decode_filters(struct rd *r, struct vfs_policy *out)
{
	uint32_t count = decode_count(r, VFS_FILTERS_MAX);
	int err = r->bad;

	for (uint32_t i = 0; i < count && err == 0; i++) {
		struct view directory = rd_str(r, VPATH_MAX);

		err = r->bad != 0 ? r->bad : vfs_policy_add_filter(out, directory);
		if (err == 0)
			err = check_spelling(directory, out->filters[i].directory);
		if (err == 0)
			err = decode_suffixes(r, out);
	}
	return err;
}

MUST int
vfs_policy_decode(struct rd *r, struct vfs_policy *out)
{
	int err;

	*out = (struct vfs_policy){ 0 };
	out->strict_rename = rd_flag(r);
	out->rename_copies = rd_flag(r);
	err = decode_rules(r, out);
	if (err == 0)
		err = decode_folders(r, out);
	if (err == 0)
		err = decode_filters(r, out);
	if (err == 0 && !policy_is_complete(out))
		err = ERR_FORMAT;
	if (err != 0) {
		rd_fail(r, err);
		vfs_policy_free(out);
	}
	return err;
}

/* By way of its bytes, so that no part can be forgotten: what is encoded is the whole policy. */
MUST int
policy_copy(struct vfs_policy *out, const struct vfs_policy *policy)
{
	struct buf bytes = buf_init(VFS_POLICY_BYTES_MAX);
	struct rd r;
	int err;

	*out = (struct vfs_policy){ 0 };
	vfs_policy_encode(&bytes, policy);
	err = buf_error(&bytes);
	if (err == 0) {
		r = rd_of(buf_view(&bytes));
		err = vfs_policy_decode(&r, out);
	}
	buf_free(&bytes);
	return err;
}
