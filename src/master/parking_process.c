#include "master/parking_process.h"

#include "base/fd.h"
#include "ipc/ipc.h"
#include "master/role_process.h"

#include <stdlib.h>

/* Ends before it is ready, one after the other, before it is not started any more. */
enum { FAILED_STARTS_MAX = 5 };

struct parking_process {
	struct parking_events events;
	struct role_process *process;
};

/* ---- what it says */

static int
on_parking_ready(struct parking_process *p, struct rd fields)
{
	struct ipc_parking_ready message;
	int err = ipc_decode_parking_ready(fields, &message);

	if (err != 0)
		return err;
	if (message.version != IPC_VERSION)
		return ERR_PROTOCOL;
	role_process_ready(p->process);
	return 0;
}

static int
on_park_held(struct parking_process *p, struct rd fields)
{
	struct ipc_park_held message;
	int err = ipc_decode_park_held(fields, &message);

	if (err == 0)
		p->events.held(p->events.ctx, message.connection);
	return err;
}

static int
on_park_lost(struct parking_process *p, struct rd fields)
{
	struct ipc_park_lost message;
	int err = ipc_decode_park_lost(fields, &message);

	if (err == 0)
		p->events.lost(p->events.ctx, message.connection);
	return err;
}

static int
on_park_woken(struct parking_process *p, struct rd fields)
{
	struct ipc_park_woken message;
	int err = ipc_decode_park_woken(fields, &message);

	if (err == 0)
		p->events.woken(p->events.ctx, message.connection);
	return err;
}

static int
on_said(void *ctx, struct ipc_message *message)
{
	struct parking_process *p = ctx;

	switch (message->type) {
	case IPC_PARKING_READY: return on_parking_ready(p, message->fields);
	case IPC_PARK_HELD: return on_park_held(p, message->fields);
	case IPC_PARK_LOST: return on_park_lost(p, message->fields);
	case IPC_PARK_WOKEN: return on_park_woken(p, message->fields);
	default: return ERR_PROTOCOL;
	}
}

static void
on_ended(void *ctx, const char *text)
{
	struct parking_process *p = ctx;

	p->events.ended(p->events.ctx, text);
}

/* ---- the interface */

int
parking_process_new(struct parking_process **out, uv_loop_t *loop,
    const struct parking_events *events)
{
	struct parking_process *p = calloc(1, sizeof(*p));
	int err = p == NULL ? ERR_MEMORY : 0;

	*out = NULL;
	if (err == 0)
		err = role_process_new(&p->process, &(struct role_process_settings){
			.loop = loop, .role = "parking", .peer = IPC_ROLE_PARKING, .ctx = p,
			.said = on_said, .ended = on_ended });
	if (err != 0) {
		free(p);
		return err;
	}
	p->events = *events;
	*out = p;
	return 0;
}

void
parking_process_free(struct parking_process **process)
{
	if (*process == NULL)
		return;
	role_process_free(&(*process)->process);
	free(*process);
	*process = NULL;
}

static int
start(struct parking_process *p)
{
	if (role_process_is_there(p->process))
		return 0;
	/* there is no point in trying for ever */
	if (role_process_failed_starts(p->process) >= FAILED_STARTS_MAX)
		return ERR_UNAVAILABLE;
	return role_process_start(p->process);
}

int
parking_process_take(struct parking_process *p, uint64_t connection, int fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int err = start(p);

	if (err != 0) {
		fd_close(&fd);
		return err;
	}
	ipc_encode_park_take(&message, &(struct ipc_park_take){ .connection = connection });
	return role_process_send(p->process, &message, fd);
}

int
parking_process_give(struct parking_process *p, uint64_t connection, int fd)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_park_give(&message, &(struct ipc_park_give){ .connection = connection });
	return role_process_send(p->process, &message, fd);
}

void
parking_process_drop(struct parking_process *p, uint64_t connection)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (p == NULL || !role_process_is_there(p->process))
		return;
	ipc_encode_park_drop(&message, &(struct ipc_park_drop){ .connection = connection });
	/* without memory for it the socket would stay open: the whole process goes rather */
	if (role_process_send(p->process, &message, -1) != 0)
		role_process_give_up(p->process, "no memory");
}
