/*
 * library.h - shared libraries that only some processes need, loaded by name when they do.
 *
 * They are not linked: every process runs the same program and would pay for what it maps. Loading
 * goes by the library's fixed name through the system's loader, as linking would; no setting can
 * name a file.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct library_symbol {
	const char *name;
	void *function; /* the address of a pointer to a function of that type */
};

#define LIBRARY_SYMBOL(table, name)                                                                \
	{                                                                                          \
#name, &(table).name                                                               \
	}

/*
 * Loads a library for good and fills in the pointers. May be called again, but not by two threads
 * at a time. ERR_UNSUPPORTED; *reason_out then says why, until the next call.
 */
MUST int library_symbols_load(const char *name, const struct library_symbol *symbols, size_t count,
    const char **reason_out);

#endif
