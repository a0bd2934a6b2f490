/*
 * library.h - client libraries of databases, loaded when a configuration names their database.
 *
 * They are not linked: the nursery and every session run the same program, and libpq alone brings
 * twenty libraries along, which cost each process that maps them 750 KiB of its own memory. Loading
 * goes by the library's fixed name through the system's loader, as linking would; no setting can
 * name a file. Called by the drivers, in the master and the command line alone.
 */
#ifndef ACCOUNTS_LIBRARY_H
#define ACCOUNTS_LIBRARY_H

#include "accounts/failure.h"
#include "base/library.h"

#include <stddef.h>

/*
 * Loads a library for good and fills in the pointers. May be called again. ERR_UNSUPPORTED with a
 * text that names the Debian package.
 */
MUST int library_load(const char *name, const char *package, const struct library_symbol *symbols,
    size_t count, struct failure *failure);

#endif
