/*
 * dispatch.c - the handler column of messages.def: a message from a login or session worker
 * without an on_<name>() does not link.
 */
#include "master/connection.h"

typedef int handler_fn(struct connection *connection, struct rd fields);

#define HANDLER_MASTER(NAME, name)
#define HANDLER_NURSERY(NAME, name)
#define HANDLER_PARKING(NAME, name)
#define HANDLER_SUPERVISOR(NAME, name)
#define HANDLER_SCAN(NAME, name)
#define HANDLER_HTTP(NAME, name)
#define HANDLER_LOGIN(NAME, name) [IPC_##NAME] = on_##name,
#define HANDLER_SESSION(NAME, name) [IPC_##NAME] = on_##name,
#define HANDLER_LOGIN_OR_SESSION(NAME, name) [IPC_##NAME] = on_##name,
#define IPC_MESSAGE(NAME, name, from, phases, max_bytes, max_count, descriptors) \
	HANDLER_##from(NAME, name)

static handler_fn *const handlers[IPC_TYPE_COUNT] = {
#include "ipc/messages.def"
};

int
dispatch_message(struct connection *connection, const struct ipc_message *message)
{
	handler_fn *handler = handlers[message->type];

	return handler == NULL ? ERR_PROTOCOL : handler(connection, message->fields);
}
