/*
 * permission.h - the twelve permissions that an account can have on a directory, by name and bit.
 *
 * accounts/ reads and writes the names, vfs/ decides by the bits; both take them from here.
 */
#ifndef BASE_PERMISSION_H
#define BASE_PERMISSION_H

#include "base/rd.h"

#include <stdint.h>

enum permission {
	PERMISSION_LIST = 1 << 0,
	PERMISSION_DOWNLOAD = 1 << 1,
	PERMISSION_UPLOAD = 1 << 2,
	PERMISSION_OVERWRITE = 1 << 3,
	PERMISSION_DELETE = 1 << 4,
	PERMISSION_RENAME = 1 << 5,
	PERMISSION_CREATE_DIRS = 1 << 6,
	PERMISSION_CREATE_SYMLINKS = 1 << 7,
	PERMISSION_CHMOD = 1 << 8,
	PERMISSION_CHOWN = 1 << 9,
	PERMISSION_CHTIMES = 1 << 10,
	PERMISSION_ALL = (1 << 11) - 1,
};

enum { PERMISSION_COUNT = 11 };

/* The bit of "list", "download", ...; "*" is PERMISSION_ALL; 0 for a name that is none. */
uint32_t permission_from_name(struct view name);
/* The name of the bit with this number, 0 to PERMISSION_COUNT - 1. */
const char *permission_name(unsigned number);

#endif
