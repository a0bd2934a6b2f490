/*
 * control.h - the control API's door for the command line: a Unix stream socket in the master.
 *
 * One connection carries one request: a JSON object on one line, {"resource":"user","verb":"add",
 * "body":{...}}, answered by one line, {"status":200,"body":...} or {"status":404,"message":"..."}.
 * Status numbers are those of HTTP. Only root and the uid that the server runs as may ask: the
 * socket is 0600 and the peer's credentials are checked. What a request does is the engine's affair
 * (control_engine.h). A client that stalls, floods or talks nonsense is closed and harms nobody.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

struct control_engine;
struct log;

enum {
	CONTROL_REQUEST_MAX = 1024 * 1024, /* bytes of a request, without the newline */
	CONTROL_CLIENTS_MAX = 32,          /* at once; one more is closed unheard */
	CONTROL_STALL_MS = 30000,          /* for a whole request, and for reading the answer */
};

struct control_settings {
	uv_loop_t *loop;
	const char *path;              /* of the socket; a stale socket there is replaced */
	uid_t owner;                   /* who may ask beside root */
	struct control_engine *engine; /* borrowed */
	struct log *log;               /* borrowed */
	unsigned stall_ms;             /* 0 is CONTROL_STALL_MS */
};

struct control;

/*
 * Binds and listens. ERR_EXISTS when a live server already listens there, ERR_IO with errno,
 * ERR_MEMORY.
 */
MUST int control_start(struct control **out, const struct control_settings *settings);
/*
 * Closes the door and every client, and removes the socket. Frees itself when the loop has run
 * the close callbacks and the thread pool has given back what it holds; *control is NULL at once.
 */
void control_stop(struct control **control);

/*
 * The client's side: sends one request to the server at `path` and reads the answer (a new
 * reference). Blocks. ERR_UNAVAILABLE when no server listens there, ERR_DENIED when the socket is
 * not ours to use, ERR_FORMAT when the answer is none, ERR_LIMIT for a request that is too long,
 * ERR_EOF when the server closed without an answer.
 */
MUST int control_ask(const char *path, const json_t *request, json_t **answer_out);

#endif
