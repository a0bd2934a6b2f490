/* File patterns of a policy: which names files may have, directory by directory. */
#include "vfs/policy.h"

#include "vfs/vpath.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

MUST int
vfs_policy_add_filter(struct vfs_policy *policy, struct view directory)
{
	struct vfs_filter *filters;
	struct vpath path, *copy;
	int err = vpath_parse(&path, directory);

	if (err != 0)
		return err;
	for (size_t i = 0; i < policy->filter_count; i++) {
		if (strcmp(policy->filters[i].directory->text, path.text) == 0)
			return ERR_EXISTS;
	}
	if (policy->filter_count >= VFS_FILTERS_MAX ||
	    policy_take_room(policy, 8u + path.length) != 0)
		return ERR_LIMIT;
	filters = realloc(policy->filters, (policy->filter_count + 1) * sizeof(*filters));
	if (filters == NULL)
		return ERR_MEMORY;
	policy->filters = filters;
	copy = vpath_dup(&path);
	if (copy == NULL)
		return ERR_MEMORY;
	filters[policy->filter_count++] = (struct vfs_filter){ .directory = copy };
	return 0;
}

MUST int
vfs_policy_add_suffix(struct vfs_policy *policy, struct view suffix, bool denied)
{
	struct vfs_filter *filter;
	struct vfs_suffix *suffixes, *added;

	if (policy->filter_count == 0)
		bug("a suffix without a filter");
	if (view_has_nul(suffix) || memchr(suffix.p, '/', suffix.n) != NULL)
		return ERR_FORMAT;
	if (suffix.n > VPATH_NAME_MAX || policy->suffix_count >= VFS_SUFFIXES_MAX ||
	    policy_take_room(policy, 5 + suffix.n) != 0)
		return ERR_LIMIT;
	filter = &policy->filters[policy->filter_count - 1];
	suffixes = realloc(filter->suffixes, (filter->suffix_count + 1) * sizeof(*suffixes));
	if (suffixes == NULL)
		return ERR_MEMORY;
	filter->suffixes = suffixes;
	added = &suffixes[filter->suffix_count++];
	policy->suffix_count++;
	*added = (struct vfs_suffix){ .denied = denied, .length = (uint8_t)suffix.n };
	memcpy(added->text, suffix.p, suffix.n);
	return 0;
}

const struct vfs_filter *
policy_filter(const struct vfs_policy *policy, const char *path, size_t length)
{
	const struct vfs_filter *nearest = NULL;

	for (size_t i = 0; i < policy->filter_count; i++) {
		const struct vfs_filter *filter = &policy->filters[i];

		if ((nearest == NULL || filter->directory->length > nearest->directory->length) &&
		    vpath_is_within(path, length, filter->directory))
			nearest = filter;
	}
	return nearest;
}

static bool
ends_in(const char *name, size_t n, const struct vfs_suffix *suffix)
{
	return n >= suffix->length &&
	    strncasecmp(name + n - suffix->length, suffix->text, suffix->length) == 0;
}

bool
filter_passes(const struct vfs_filter *filter, const char *name, const struct vfs_suffix **by_out)
{
	size_t n = strlen(name);
	bool only_allowed = false;

	*by_out = NULL;
	if (filter == NULL)
		return true;
	for (size_t i = 0; i < filter->suffix_count; i++) {
		const struct vfs_suffix *suffix = &filter->suffixes[i];

		only_allowed = only_allowed || !suffix->denied;
		if (!ends_in(name, n, suffix))
			continue;
		if (suffix->denied) {
			*by_out = suffix;
			return false;
		}
		if (*by_out == NULL)
			*by_out = suffix;
	}
	return !only_allowed || *by_out != NULL;
}
