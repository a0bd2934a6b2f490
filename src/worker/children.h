/*
 * children.h - which processes the nursery has forked, and for which connections.
 */
#ifndef WORKER_CHILDREN_H
#define WORKER_CHILDREN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	uint64_t connection;
};

/* Zeroed is empty. */
struct children {
	struct child *list;
	size_t count, room;
};

/* ERR_MEMORY. */
MUST int children_add(struct children *children, pid_t pid, uint64_t connection);
bool children_has(const struct children *children, pid_t pid);
/* Forgets one; false when it is not there. */
bool children_take(struct children *children, pid_t pid, uint64_t *connection_out);
void children_free(struct children *children);

#endif
