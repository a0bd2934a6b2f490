/*
 * http_credentials.h - what a request says about who asks. Knows no connection; called by
 * http_request.c.
 *
 *   Authorization: Basic ...        a user or an administrator; X-One-Time-Code may come with it
 *   Authorization: Bearer <token>   an API key
 *   X-API-Key: <token>              likewise
 *   Cookie: postern_session=...     a session; X-CSRF-Token must come with what changes something
 */
#ifndef WORKER_HTTP_CREDENTIALS_H
#define WORKER_HTTP_CREDENTIALS_H

#include "base/buf.h"
#include "http/http.h"
#include "ipc/ipc.h"

#define HTTP_SESSION_COOKIE "postern_session"

struct http_credentials {
	enum ipc_http_credential kind;
	struct buf text; /* that some of the views point into; the others into the head */
	struct view user, secret, code, csrf;
};

/* What is not well-formed, or longer than the master takes, is nobody. */
void http_credentials_read(struct http_credentials *out, const struct http_head *head);
void http_credentials_free(struct http_credentials *credentials);

#endif
