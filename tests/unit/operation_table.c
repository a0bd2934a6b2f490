/*
 * operation_table.c - the table that decides (vfs/operation.h), one JSON object a line, for tests
 * that are written in another language: each operation, and the permissions that it needs where.
 */
#include "vfs/operation.h"

#include <stdio.h>

static void
print_names(const char *key, uint32_t bits)
{
	const char *comma = "";

	printf(", \"%s\": [", key);
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if ((bits & 1u << i) == 0)
			continue;
		printf("%s\"%s\"", comma, permission_name(i));
		comma = ", ";
	}
	printf("]");
}

#define ROW(name, own, parent, node, target_parent, ...) \
	printf("{\"operation\": \"%s\"", #name); \
	print_names("own", own); \
	print_names("parent", parent); \
	print_names("node", node); \
	print_names("target", target_parent); \
	printf("}\n");

int
main(void)
{
	VFS_OPERATIONS(ROW)
	return 0;
}
