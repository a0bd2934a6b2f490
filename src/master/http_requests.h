/*
 * http_requests.h - control requests that come over HTTP, at the master's side.
 *
 *   HTTP_REQUEST --who?--> HTTP_GO --HTTP_BODY...--> the engine --> HTTP_ANSWER, HTTP_CHUNK...
 *
 * The worker says which request it is and who asks; both are held against what this door may ask
 * for and whom it knows, before a body is taken. Everything is bounded, whatever the worker says:
 * requests at once, bytes of each, pieces under way. Private to master/.
 */
#ifndef MASTER_HTTP_REQUESTS_H
#define MASTER_HTTP_REQUESTS_H

#include "base/buf.h"
#include "base/err.h"
#include "control/control_engine.h"
#include "ipc/ipc.h"
#include "master/http_auth.h"

struct http_requests;

struct http_requests_settings {
	uv_loop_t *loop;
	struct control_engine *engine; /* borrowed */
	struct http_auth *auth;        /* borrowed */
	void *ctx;
	/* Takes a message for the worker; what cannot be sent ends it. */
	void (*send)(void *ctx, struct buf *message);
};

/* ERR_MEMORY. */
MUST int http_requests_new(struct http_requests **out,
	const struct http_requests_settings *settings);
/* When nothing of them runs on the pool any more. */
void http_requests_free(struct http_requests **requests);
/* HTTP_REQUEST, HTTP_BODY, HTTP_CANCEL or HTTP_MORE; an error is a breach of the worker. */
MUST int http_requests_said(struct http_requests *requests, const struct ipc_message *message);
/* The worker has ended: nobody waits for any answer. */
void http_requests_forget(struct http_requests *requests);

#endif
