/*
 * http_server.h - what the files of the HTTP worker share: the server and its connections.
 * Private to worker/http*.c.
 *
 * One thread, one epoll. A connection is in one place at a time; http_connection_run() takes it as
 * far as it gets without waiting. What the master says only changes the connection and puts it on
 * the list of those to run, so that it may be said in the middle of anything.
 */
#ifndef WORKER_HTTP_SERVER_H
#define WORKER_HTTP_SERVER_H

#include "base/address.h"
#include "base/buf.h"
#include "http/http.h"
#include "worker/http_guard.h"
#include "worker/http_rest.h"
#include "worker/http_tls.h"
#include "worker/master_link.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum { HTTP_BODY_MAX = 1024 * 1024, HTTP_REQUEST_ID_MAX = 320 };

enum http_place {
	HTTP_HANDSHAKE, /* of TLS */
	HTTP_READING_HEAD,
	HTTP_QUEUED, /* the master has all that it takes at once */
	HTTP_ASKED,  /* whether the client may */
	HTTP_READING_BODY,
	HTTP_WORKING,
	HTTP_ANSWERING,
	HTTP_LEAVING, /* the last answer is out: reads until the client has read it, too */
	HTTP_CLOSED,  /* is freed when the round is over */
};

struct http_connection {
	TAILQ_ENTRY(http_connection) link;
	TAILQ_ENTRY(http_connection) queue; /* of the server's queued */
	TAILQ_ENTRY(http_connection) turn;  /* of its to_run: it may be on both */
	bool is_to_run;
	struct http_server *server;
	int fd;
	struct http_tls *tls; /* NULL: none */
	struct address peer;
	uint16_t peer_port;
	bool is_proxy; /* that is trusted */
	enum http_place place;
	uint64_t deadline_ms;
	uint32_t events; /* that epoll watches */
	struct buf in, out;
	size_t out_sent; /* of out */

	/* the request */
	struct buf head_bytes; /* that the views of head point into */
	size_t head_seen;
	struct http_head head;
	const struct http_route *route; /* NULL: none was found */
	struct view ids[HTTP_ROUTE_IDS_MAX]; /* of the path */
	struct address client_address;      /* that it is taken to come from */
	char client[ADDRESS_TEXT_MAX + 16]; /* the same for the log */
	char request_id[HTTP_REQUEST_ID_MAX];
	struct http_body body;
	struct buf body_bytes;
	uint64_t began_ms;

	/* the answer */
	int status;
	bool keep_alive;
	bool is_text;
	bool is_serving; /* its line of the log has not been sent */
	uint64_t answer_bytes; /* of the body, in all */
	uint64_t answer_left;  /* of them, that the master has not sent yet */
	char session[97];      /* the token of one that was opened; else "" */
	unsigned chunks;       /* that have come and were not asked anew for */
	uint64_t unread_left;  /* while LEAVING: how much more is read */
};

/* A request at the master. */
struct http_slot {
	uint64_t request;
	struct http_connection *connection; /* NULL: it has gone */
	bool is_answered;
	bool used;
};

struct http_server {
	struct master_link link;
	int listen_fd, epoll_fd;
	TAILQ_HEAD(http_connections, http_connection) all;
	struct http_connections queued, to_run, closed;
	uint32_t count, max, max_per_address;
	uint32_t request_ms; /* for each place of a request, and for the first head */
	uint32_t idle_ms;    /* for the end of the next head */
	struct http_slot slots[IPC_HTTP_REQUESTS_MAX];
	uint64_t last_request;
	unsigned last_request_id;
	char host_name[256];
	struct http_guard guard;
	struct http_tls_keys *tls; /* NULL: plain HTTP */
};

/* http_connection.c */

/* Takes the descriptor. ERR_MEMORY or ERR_IO; the descriptor is then closed. */
MUST int http_connection_new(struct http_server *server, int fd, const struct address *peer,
    uint16_t port);
/* As far as it gets without waiting. */
void http_connection_run(struct http_connection *connection);
/* It is run when the round is over. */
void http_connection_wake(struct http_connection *connection);
/* Where it is now; its time begins anew. */
void http_connection_stand(struct http_connection *connection, enum http_place place);
/* Its time is over. */
void http_connection_late(struct http_connection *connection);
void http_connection_close(struct http_connection *connection);
void http_connection_free(struct http_connection *connection);

/* http_request.c */

/*
 * The head is there, or bytes that are none, with the status that says so: finds out what is asked
 * for, and asks the master or answers.
 */
void http_request_begin(struct http_connection *connection, int status);
/* The body is there: sends it to the master. */
void http_request_send(struct http_connection *connection);
/* Ends the request at the master, if there is one. */
void http_request_drop(struct http_connection *connection);
/* Gives the master's free places to those that wait for one. */
void http_request_admit(struct http_server *server);
/* Asks for what the answer lacks, after all that came of it has been sent. */
void http_request_more(struct http_connection *connection);
/* The messages of the master about requests. */
MUST int http_request_dispatch(struct http_server *server, const struct ipc_message *message);

/* http_reply.c */

/* An answer of ours: what is wrong, or what is not there. */
void http_reply(struct http_connection *connection, int status, const char *error,
    const char *message);
/* Likewise, and the connection ends after it: the rest of what the client sends has no meaning. */
void http_reply_last(struct http_connection *connection, int status, const char *error);
/* The description of the API. */
void http_reply_document(struct http_connection *connection, struct view document);
/* The answer of the master; its pieces are to come. */
void http_reply_master(struct http_connection *connection, const struct ipc_http_answer *answer);
/* The line for the log, once a request. */
void http_reply_served(struct http_connection *connection);

#endif
