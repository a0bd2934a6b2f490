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
	ROUTE_BODY = 2,        /* the body is what is asked for */
	ROUTE_BODY_OR_NONE = 4, /* likewise, and it may be absent */
	ROUTE_USER_CHANGE = 8, /* the body is what is changed of an account */
	ROUTE_USER_NAME = 16,  /* the body is an account, of which the name matters */
	ROUTE_TEXT = 32,       /* answers for people and programs that read no JSON */
	ROUTE_LOGIN = 64,      /* the body says who asks */
	ROUTE_LOGOUT = 128,    /* the token that says who asks is what is asked about */
	ROUTE_DOCUMENT = 256,  /* answered here, for everybody: the description of the API */
};

enum { HTTP_ROUTE_IDS_MAX = 2, HTTP_LOGIN_BODY_MAX = 8 * 1024 };

struct http_route {
	const char *method; /* "*": any */
	const char *path;   /* "{name}" takes one piece, decoded, as that member of the request */
	const char *resource;
	const char *verb;
	unsigned flags;     /* enum http_route_flag bits */
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

/* What a request brings along; views of what the client sent. */
struct http_asked {
	struct view ids[HTTP_ROUTE_IDS_MAX]; /* of the path, in its order, still encoded */
	struct view query, body;
	struct view token; /* that says who asks; of a ROUTE_LOGOUT */
};

/* 0, 404 or 405. The ids are views into the path. */
MUST int http_route_find(struct view method, struct view path, const struct http_route **out,
    struct view ids_out[HTTP_ROUTE_IDS_MAX]);
/*
 * Appends the body of the control request, a JSON object. False when the client asked for
 * something that is none.
 */
MUST bool http_route_control(const struct http_route *route, const struct http_asked *asked,
    struct buf *out, struct http_fault *fault);

#endif
