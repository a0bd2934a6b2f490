/*
 * control_engine.h - carries out control requests, through whichever door they came.
 *
 * A door finds out who asks (control_actor.h), makes a request (control_request.h) and gives it to
 * the engine, which holds it against the actor's areas, runs the handler on the loop or on the
 * thread pool, writes the log line, tells the master which accounts were changed, and gives the
 * answer back. It opens nothing and reads no byte of a client. Used by the doors alone.
 */
#ifndef CONTROL_CONTROL_ENGINE_H
#define CONTROL_CONTROL_ENGINE_H

#include "control/control_actor.h"
#include "control/control_request.h"

#include <uv.h>

struct control_engine;

struct control_engine_settings {
	uv_loop_t *loop;
	struct log *log;               /* borrowed */
	struct control_context context; /* what handlers work with; all borrowed */
};

MUST int control_engine_new(
	struct control_engine **out, const struct control_engine_settings *settings);
/* No request may be under way: the loop has run until the thread pool gave all back. */
void control_engine_free(struct control_engine **engine);

/* Gets the answer, which is the caller's only during the call. */
typedef void control_done(void *ctx, const struct control_answer *answer);

/*
 * Runs a request, which is taken in any case. `done` is called once and on the loop, maybe before
 * this returns; also when whoever asked has gone, because what was done was done.
 */
void control_engine_run(struct control_engine *engine, const struct control_actor *actor,
	struct control_request *request, control_done *done, void *ctx);

#endif
