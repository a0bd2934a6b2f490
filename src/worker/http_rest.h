/*
 * http_rest.h - the REST API: which path and method is which control request, and what it carries.
 *
 * A table; the master holds every request against its own. JSON of clients is parsed here, in the
 * confined process, and written anew, so that the master reads only what this process wrote.
 * Knows no connection. Called by http_request.c.
 */
#ifndef WORKER_HTTP_REST_H
#define WORKER_HTTP_REST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>

enum http_route_flag {
	ROUTE_CHANGES = 1,     /* something: not for requests of other sites, whatever the method */
	ROUTE_USER = 2,        /* the body is an account */
	ROUTE_USER_CHANGE = 4, /* the body is what is changed of an account */
	ROUTE_USER_NAME = 8,   /* the body is an account, of which the name matters */
	ROUTE_TEXT = 16,       /* answers for people and programs that read no JSON */
};

struct http_route {
	const char *method; /* "*": any */
	const char *path;   /* one that ends in '/' takes an id */
	const char *resource;
	const char *verb;
	unsigned flags;     /* enum http_route_flag bits */
	const char *id_key; /* the id's name in the control request */
	const char *const *parameters; /* of the query, that are taken over; NULL: none */
	int message_status; /* whose text is a message and no error; 0: none */
};

enum { HTTP_FAULT_MAX = 256 };

/* Why a request cannot be made. */
struct http_fault {
	int status;
	bool is_message; /* rather than an error: the contract distinguishes */
	char text[HTTP_FAULT_MAX];
};

/* 0, 404 or 405. The id is a view into the path. */
MUST int http_route_find(struct view method, struct view path, const struct http_route **out,
    struct view *id_out);
/*
 * Appends the body of the control request, a JSON object. False when the client asked for
 * something that is none.
 */
MUST bool http_route_control(const struct http_route *route, struct view id, struct view query,
    struct view body, struct buf *out, struct http_fault *fault);

#endif
