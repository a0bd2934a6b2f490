/*
 * privileges.h - capabilities of this thread, by the raw system calls.
 *
 * Internal to sandbox/.
 */
#ifndef SANDBOX_PRIVILEGES_H
#define SANDBOX_PRIVILEGES_H

#include "base/err.h"

#include <stdint.h>

/* What is permitted now, one bit a capability. ERR_IO. */
MUST int privileges_permitted(uint64_t *out);
/*
 * Keeps of the permitted capabilities only those in `keep`, as permitted and effective; clears
 * the inheritable, ambient and, as far as we may, bounding sets; reads the result back.
 * ERR_DENIED when it differs.
 */
MUST int privileges_keep(uint64_t keep);

#endif
