/*
 * One request: from its head to the master, and what the master says about it.
 */
#include "worker/http_server.h"

#include "base/encode.h"
#include "worker/http_credentials.h"
#include "worker/openapi.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* ---- who asks, and from where */

/* The address that the request is taken to come from, and how the log shows it. */
static void
name_client(struct http_connection *c)
{
	char text[ADDRESS_TEXT_MAX];

	c->client_address = c->peer;
	if (c->is_proxy &&
	    http_guard_forwarded(&c->server->guard, &c->head, &c->client_address)) {
		address_text(&c->client_address, c->client);
		return;
	}
	address_text(&c->peer, text);
	snprintf(c->client, sizeof(c->client), strchr(text, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    text, c->peer_port);
}

/* The client's own name for the request, or one of ours. */
static void
name_request(struct http_connection *c)
{
	struct http_server *s = c->server;
	struct view sent = http_head_field(&c->head, "X-Request-Id");
	uint8_t bytes[5];
	struct buf hex = buf_init(2 * sizeof(bytes));
	bool is_plain = sent.n > 0 && sent.n < 128;

	for (size_t i = 0; i < sent.n && is_plain; i++)
		is_plain = sent.p[i] >= 0x21 && sent.p[i] < 0x7f;
	if (is_plain) {
		snprintf(c->request_id, sizeof(c->request_id), "%.*s", (int)sent.n,
		    (const char *)sent.p);
		return;
	}
	/* nothing rests on it: it tells lines of the log apart */
	if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) < 0)
		memset(bytes, 0, sizeof(bytes));
	hex_encode(&hex, (struct view){ .p = bytes, .n = sizeof(bytes) });
	s->last_request_id = s->last_request_id % 999999 + 1;
	snprintf(c->request_id, sizeof(c->request_id), "%s/%.*s-%06u", s->host_name, (int)hex.n,
	    hex.p != NULL ? (const char *)hex.p : "", s->last_request_id);
	buf_free(&hex);
}

/* ---- the master's places */

static struct http_slot *
slot_of(struct http_server *s, uint64_t request)
{
	for (size_t i = 0; i < IPC_HTTP_REQUESTS_MAX; i++) {
		if (s->slots[i].used && s->slots[i].request == request)
			return &s->slots[i];
	}
	return NULL;
}

static struct http_slot *
slot_for(struct http_server *s, const struct http_connection *c)
{
	for (size_t i = 0; i < IPC_HTTP_REQUESTS_MAX; i++) {
		if (s->slots[i].used && s->slots[i].connection == c)
			return &s->slots[i];
	}
	return NULL;
}

static struct http_slot *
slot_free(struct http_server *s)
{
	for (size_t i = 0; i < IPC_HTTP_REQUESTS_MAX; i++) {
		if (!s->slots[i].used)
			return &s->slots[i];
	}
	return NULL;
}

static void
ask(struct http_connection *c, struct http_slot *slot)
{
	struct http_server *s = c->server;
	char address[ADDRESS_TEXT_MAX];
	struct http_credentials credentials;

	*slot = (struct http_slot){ .used = true, .request = ++s->last_request, .connection = c };
	http_credentials_read(&credentials, &c->head);
	if (c->route->flags & ROUTE_LOGIN)
		credentials.kind = IPC_HTTP_BODY_SAYS;
	ipc_encode_http_request(&s->link.out, &(struct ipc_http_request){
		.request = slot->request, 
		.address = view_of(address_text(&c->client_address, address)),
		.resource = view_of(c->route->resource), .verb = view_of(c->route->verb),
		.credential = credentials.kind, .user = credentials.user,
		.secret = credentials.secret, .code = credentials.code,
		.csrf = credentials.csrf });
	(void)master_link_send(&s->link);
	http_credentials_free(&credentials);
	http_connection_stand(c, HTTP_ASKED);
}

void
http_request_admit(struct http_server *s)
{
	struct http_connection *c;
	struct http_slot *slot;

	while ((c = TAILQ_FIRST(&s->queued)) != NULL && (slot = slot_free(s)) != NULL) {
		TAILQ_REMOVE(&s->queued, c, queue);
		ask(c, slot);
	}
}

void
http_request_drop(struct http_connection *c)
{
	struct http_server *s = c->server;
	struct http_slot *slot = slot_for(s, c);

	if (c->place == HTTP_QUEUED)
		TAILQ_REMOVE(&s->queued, c, queue);
	if (slot == NULL)
		return;
	ipc_encode_http_cancel(&s->link.out,
	    &(struct ipc_http_cancel){ .request = slot->request });
	(void)master_link_send(&s->link);
	/* until the master has answered it works for this request, and has one place less */
	slot->connection = NULL;
	if (slot->is_answered)
		slot->used = false;
}

/* ---- the way in */

static void
queue(struct http_connection *c)
{
	http_connection_stand(c, HTTP_QUEUED);
	TAILQ_INSERT_TAIL(&c->server->queued, c, queue);
	http_request_admit(c->server);
}

/* Who sends the body without waiting needs no word (RFC 9110 section 10.1.1). */
static void
read_body(struct http_connection *c)
{
	if (c->head.expects_continue && c->in.n == 0 && c->body.place != HTTP_BODY_DONE)
		buf_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	http_connection_stand(c, HTTP_READING_BODY);
}

void
http_request_begin(struct http_connection *c, int status)
{
	struct http_server *s = c->server;
	struct http_head *head = &c->head;
	const char *refused;

	c->route = NULL;
	c->is_text = false;
	if (status == 0)
		status = http_head_parse(buf_view(&c->head_bytes), head);
	name_client(c);
	name_request(c);
	if (status == 0)
		status = http_body_begin(&c->body, head, HTTP_BODY_MAX);
	if (status != 0) {
		http_reply_last(c, status, http_status_text(status));
		return;
	}
	c->keep_alive = head->keep_alive;
	status = http_route_find(head->method, head->path, &c->route, c->ids);
	if (status != 0) {
		http_reply(c, status, "", status == 404 ? "Not Found" : "Method not allowed");
		return;
	}
	c->is_text = (c->route->flags & ROUTE_TEXT) != 0;
	/* of somebody who is nobody yet */
	if ((c->route->flags & ROUTE_LOGIN) != 0 &&
	    http_body_begin(&c->body, head, HTTP_LOGIN_BODY_MAX) != 0) {
		http_reply_last(c, 413, http_status_text(413));
		return;
	}
	buf_free(&c->body_bytes);
	c->body_bytes = buf_init(
	    c->route->flags & ROUTE_LOGIN ? HTTP_LOGIN_BODY_MAX : HTTP_BODY_MAX);
	refused = http_guard_check(&s->guard, head, (c->route->flags & ROUTE_CHANGES) != 0);
	if (refused != NULL) {
		http_reply(c, 403, refused, "");
		return;
	}
	if (c->route->flags & ROUTE_DOCUMENT) {
		http_reply_document(c, (struct view){ .p = openapi_document,
			.n = openapi_document_size });
		return;
	}
	/* somebody who is nobody yet takes none of the master's places while the body comes */
	if (c->route->flags & ROUTE_LOGIN)
		read_body(c);
	else
		queue(c);
}

void
http_request_send(struct http_connection *c)
{
	struct http_server *s = c->server;
	struct http_slot *slot = slot_for(s, c);
	struct buf control = buf_init(IPC_HTTP_CONTROL_MAX);
	struct http_asked asked = { .query = c->head.query, .body = buf_view(&c->body_bytes) };
	struct http_credentials credentials;
	struct http_fault fault = { 0 };
	bool good;

	if ((c->route->flags & ROUTE_LOGIN) != 0 && slot == NULL) {
		buf_free(&control);
		queue(c);
		return;
	}
	memcpy(asked.ids, c->ids, sizeof(asked.ids));
	http_credentials_read(&credentials, &c->head);
	if (credentials.kind == IPC_HTTP_BEARER)
		asked.token = credentials.secret;
	good = http_route_control(c->route, &asked, &control, &fault);
	http_credentials_free(&credentials);
	if (!good || slot == NULL) {
		http_request_drop(c);
		http_reply(c, fault.status, fault.is_message ? "" : fault.text,
		    fault.is_message ? fault.text : "");
	}
	for (size_t at = 0; good && at < control.n; at += IPC_HTTP_PIECE_BYTES) {
		size_t left = control.n - at;
		bool last = left <= IPC_HTTP_PIECE_BYTES;

		ipc_encode_http_body(&s->link.out, &(struct ipc_http_body){
			.request = slot->request, .last = last,
			.bytes = { .p = control.p + at,
				.n = last ? left : IPC_HTTP_PIECE_BYTES } });
		(void)master_link_send(&s->link);
	}
	buf_free(&control);
	buf_free(&c->body_bytes);
}

/* ---- the way back */

void
http_request_more(struct http_connection *c)
{
	struct http_server *s = c->server;
	struct http_slot *slot = slot_for(s, c);

	for (; slot != NULL && c->chunks > 0; c->chunks--) {
		ipc_encode_http_more(&s->link.out,
		    &(struct ipc_http_more){ .request = slot->request });
		(void)master_link_send(&s->link);
	}
}

static int
on_http_go(struct http_server *s, struct rd fields)
{
	struct ipc_http_go message;
	struct http_connection *c;
	struct http_slot *slot;
	int err = ipc_decode_http_go(fields, &message);

	if (err != 0 || (slot = slot_of(s, message.request)) == NULL ||
	    (c = slot->connection) == NULL)
		return err;
	if (c->place != HTTP_ASKED)
		return ERR_PROTOCOL;
	read_body(c);
	http_connection_wake(c);
	return 0;
}

static int
on_http_answer(struct http_server *s, struct rd fields)
{
	struct ipc_http_answer message;
	struct http_connection *c;
	struct http_slot *slot;
	int err = ipc_decode_http_answer(fields, &message);

	if (err != 0 || (slot = slot_of(s, message.request)) == NULL)
		return err;
	if (slot->is_answered)
		return ERR_PROTOCOL;
	slot->is_answered = true;
	c = slot->connection;
	if (c == NULL || message.body_bytes == 0)
		slot->used = false;
	if (c != NULL)
		http_reply_master(c, &message);
	http_request_admit(s);
	return 0;
}

static int
on_http_chunk(struct http_server *s, struct rd fields)
{
	struct ipc_http_chunk message;
	struct http_connection *c;
	struct http_slot *slot;
	int err = ipc_decode_http_chunk(fields, &message);

	/* a piece may have been on its way to a client that has gone */
	if (err != 0 || (slot = slot_of(s, message.request)) == NULL ||
	    (c = slot->connection) == NULL)
		return err;
	if (c->place != HTTP_ANSWERING || message.bytes.n > c->answer_left)
		return ERR_PROTOCOL;
	if (!view_is(c->head.method, "HEAD"))
		buf_raw(&c->out, message.bytes.p, message.bytes.n);
	c->answer_left -= message.bytes.n;
	c->chunks++;
	if (c->answer_left == 0) {
		if (!c->is_text)
			buf_text(&c->out, "\n");
		slot->used = false;
		http_request_admit(s);
	}
	http_connection_wake(c);
	return buf_error(&c->out);
}

int
http_request_dispatch(struct http_server *s, const struct ipc_message *message)
{
	switch (message->type) {
	case IPC_HTTP_GO: return on_http_go(s, message->fields);
	case IPC_HTTP_ANSWER: return on_http_answer(s, message->fields);
	case IPC_HTTP_CHUNK: return on_http_chunk(s, message->fields);
	default: return ERR_PROTOCOL;
	}
}
