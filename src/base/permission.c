#include "base/permission.h"

static const char *const names[PERMISSION_COUNT] = { "list", "download", "upload", "overwrite",
	"delete", "rename", "create_dirs", "create_symlinks", "chmod", "chown", "chtimes" };

uint32_t
permission_from_name(struct view name)
{
	if (view_is(name, "*"))
		return PERMISSION_ALL;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (view_is(name, names[i]))
			return 1u << i;
	}
	return 0;
}

const char *
permission_name(unsigned number)
{
	if (number >= PERMISSION_COUNT)
		bug("no permission number %u", number);
	return names[number];
}
