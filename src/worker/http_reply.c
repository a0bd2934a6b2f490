/*
 * Answers: those of the master, and those that need no master.
 */
#include "worker/http_server.h"

#include "base/clock.h"
#include "base/log_line.h"
#include "worker/http_credentials.h"

static const char json_type[] = "application/json; charset=utf-8";
static const char text_type[] = "text/plain; charset=utf-8";
/* What the client went away from is not answered; the log needs a number for it. */
enum { STATUS_GONE = 499 };

/* A browser sends it back by itself, so only to us and never for a page of another site. */
static void
make_cookie(const struct http_connection *c, struct buf *out)
{
	bool is_over = c->route != NULL && (c->route->flags & ROUTE_LOGOUT) != 0 && c->status == 200;

	if (c->session[0] == '\0' && !is_over)
		return;
	buf_printf(out, HTTP_SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s%s", c->session,
	    c->tls != NULL ? "; Secure" : "", is_over ? "; Max-Age=0" : "");
}

/* At what a page asks for by itself no browser shall ask people for a password. */
static const char *
challenge(const struct http_connection *c)
{
	bool is_login = c->route != NULL && (c->route->flags & ROUTE_LOGIN) != 0;

	return is_login ? "Session" : "Basic realm=\"SFTPGo Web\"";
}

static void
write_head(struct http_connection *c, uint64_t bytes, const char *type, unsigned retry_seconds)
{
	struct buf cookie = buf_init(512);

	make_cookie(c, &cookie);
	/* a body that is not read would be taken for the next request */
	if (c->body.place != HTTP_BODY_DONE)
		c->keep_alive = false;
	http_answer_write(&c->out, &(struct http_answer){ .status = c->status,
		.content_type = type, .length = bytes, .keep_alive = c->keep_alive,
		.is_1_0 = c->head.is_1_0, .request_id = view_of(c->request_id),
		.authenticate = c->status == 401 ? challenge(c) : NULL,
		.cookie = buf_view(&cookie), .retry_after_seconds = retry_seconds,
		.wall_ms = clock_wall_ms() });
	buf_free(&cookie);
	c->session[0] = '\0';
	c->answer_bytes = bytes;
	c->answer_left = 0;
	c->chunks = 0;
	http_connection_stand(c, HTTP_ANSWERING);
	http_connection_wake(c);
}

/* {"error":"...","message":"...","status":404}, or its text alone. */
static void
write_object(struct http_connection *c, struct view error, struct view message,
    unsigned retry_seconds)
{
	struct buf plain = buf_init(16 * 1024), body = buf_init(64 * 1024);
	bool has_body = !view_is(c->head.method, "HEAD");

	if (c->is_text) {
		struct view text = error.n > 0 ? error : message;

		buf_raw(&body, text.p, text.n);
	} else {
		buf_text(&plain, "{\"error\":");
		json_quote(&plain, error);
		buf_text(&plain, ",\"message\":");
		json_quote(&plain, message);
		buf_printf(&plain, ",\"status\":%d}", c->status);
		json_without_markup(&body, buf_view(&plain));
	}
	buf_text(&body, "\n");
	write_head(c, body.n, c->is_text ? text_type : json_type, retry_seconds);
	if (has_body)
		buf_raw(&c->out, body.p, body.n);
	buf_free(&plain);
	buf_free(&body);
}

void
http_reply(struct http_connection *c, int status, const char *error, const char *message)
{
	http_request_drop(c);
	c->status = status;
	write_object(c, view_of(error), view_of(message), 0);
}

void
http_reply_last(struct http_connection *c, int status, const char *error)
{
	http_request_drop(c);
	c->keep_alive = false;
	c->status = status;
	write_object(c, view_of(error), (struct view){ 0 }, 0);
}

void
http_reply_document(struct http_connection *c, struct view document)
{
	c->status = 200;
	/* RFC 9512 */
	write_head(c, document.n, "application/yaml", 0);
	buf_raw(&c->out, document.p, document.n);
}

void
http_reply_master(struct http_connection *c, const struct ipc_http_answer *answer)
{
	bool good = answer->status < 400;
	uint64_t newline;

	c->status = (int)answer->status;
	if (view_copy(answer->session, c->session, sizeof(c->session)) != 0)
		c->session[0] = '\0';
	if (answer->body_bytes > 0) {
		newline = answer->is_text ? 0 : 1;
		c->is_text = answer->is_text;
		write_head(c, answer->body_bytes + newline, c->is_text ? text_type : json_type, 0);
		c->answer_left = answer->body_bytes;
	} else if (good || c->status == c->route->message_status) {
		write_object(c, (struct view){ 0 }, answer->message, answer->retry_after_seconds);
	} else {
		write_object(c, answer->message, (struct view){ 0 }, answer->retry_after_seconds);
	}
}

void
http_reply_served(struct http_connection *c)
{
	struct buf uri = buf_init(9000);
	struct view agent, host;

	/* between two requests the head is that of the last one, whose bytes are gone */
	if (!c->is_serving)
		return;
	c->is_serving = false;
	agent = http_head_field(&c->head, "User-Agent");
	host = c->head.host;
	if (agent.n > 2048)
		agent.n = 2048;
	if (host.n > 512)
		host.n = 512;
	buf_text(&uri, c->tls != NULL ? "https://" : "http://");
	buf_raw(&uri, host.p, host.n);
	buf_raw(&uri, c->head.path.p, c->head.path.n);
	if (c->head.query.n > 0) {
		buf_text(&uri, "?");
		buf_raw(&uri, c->head.query.p, c->head.query.n);
	}
	ipc_encode_http_served(&c->server->link.out, &(struct ipc_http_served){
		.method = c->head.method, .address = view_of(c->client),
		.protocol = view_of(c->head.is_1_0 ? "HTTP/1.0" : "HTTP/1.1"),
		.request_id = view_of(c->request_id), .uri = buf_view(&uri), .user_agent = agent,
		.status = c->status != 0 ? (uint32_t)c->status : STATUS_GONE,
		.bytes = c->answer_bytes - c->answer_left,
		.elapsed_ms = clock_mono_ms() - c->began_ms });
	(void)master_link_send(&c->server->link);
	buf_free(&uri);
}
