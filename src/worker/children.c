#include "worker/children.h"

#include <stdlib.h>

int
children_add(struct children *children, pid_t pid, uint64_t connection)
{
	if (children->count == children->room) {
		size_t room = children->room == 0 ? 64 : children->room * 2;
		struct child *list = reallocarray(children->list, room, sizeof(*list));

		if (list == NULL)
			return ERR_MEMORY;
		children->list = list;
		children->room = room;
	}
	children->list[children->count++] = (struct child){ pid, connection };
	return 0;
}

static struct child *
find(const struct children *children, pid_t pid)
{
	/* those that came last end first: login workers, beside sessions that stay */
	for (size_t i = children->count; i-- > 0;) {
		if (children->list[i].pid == pid)
			return &children->list[i];
	}
	return NULL;
}

bool
children_has(const struct children *children, pid_t pid)
{
	return find(children, pid) != NULL;
}

bool
children_take(struct children *children, pid_t pid, uint64_t *connection_out)
{
	struct child *child = find(children, pid);

	if (child == NULL)
		return false;
	*connection_out = child->connection;
	*child = children->list[--children->count];
	return true;
}

void
children_free(struct children *children)
{
	free(children->list);
	*children = (struct children){ .list = NULL };
}
