/*
 * A client's connection: its bytes in and out, where it stands, and when its time is over.
 */
#include "worker/http_server.h"

#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	READ_BYTES = 16 * 1024,
	IN_MAX = HTTP_HEAD_MAX + READ_BYTES,
	OUT_MAX = (IPC_HTTP_CHUNKS_AHEAD + 1) * IPC_HTTP_PIECE_BYTES + 16 * 1024,
	OUT_KEPT = 16 * 1024, /* more is given back when it has been sent */
	LEAVING_MS = 5000,
	LEAVING_BYTES_MAX = 4 * 1024 * 1024, /* that are read only to be forgotten */
};

void
http_connection_stand(struct http_connection *c, enum http_place place)
{
	uint64_t ms = c->server->request_ms;

	if (place == HTTP_LEAVING)
		ms = LEAVING_MS;
	else if (place == HTTP_READING_HEAD && c->began_ms != 0)
		ms = c->server->idle_ms;
	c->place = place;
	c->deadline_ms = clock_mono_ms() + ms;
}

int
http_connection_new(struct http_server *s, int fd, const struct address *peer, uint16_t port)
{
	struct http_connection *c = calloc(1, sizeof(*c));
	struct epoll_event event = { .data.ptr = c };
	int err = c == NULL ? ERR_MEMORY : 0;

	if (err == 0 && s->tls != NULL)
		err = http_tls_new(&c->tls, s->tls, fd);
	if (err == 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		err = ERR_IO;
	if (err != 0) {
		if (c != NULL)
			http_tls_free(&c->tls);
		free(c);
		fd_close(&fd);
		return err;
	}
	c->server = s;
	c->fd = fd;
	c->peer = *peer;
	c->peer_port = port;
	c->is_proxy = http_guard_is_proxy(&s->guard, peer);
	c->in = buf_init(IN_MAX);
	c->out = buf_init(OUT_MAX);
	c->head_bytes = buf_init(HTTP_HEAD_MAX);
	c->body_bytes = buf_init(HTTP_BODY_MAX);
	TAILQ_INSERT_TAIL(&s->all, c, link);
	s->count++;
	http_connection_stand(c, c->tls != NULL ? HTTP_HANDSHAKE : HTTP_READING_HEAD);
	http_connection_wake(c);
	return 0;
}

void
http_connection_wake(struct http_connection *c)
{
	if (c->is_to_run || c->place == HTTP_CLOSED)
		return;
	c->is_to_run = true;
	TAILQ_INSERT_TAIL(&c->server->to_run, c, turn);
}

void
http_connection_close(struct http_connection *c)
{
	struct http_server *s = c->server;

	if (c->place == HTTP_CLOSED)
		return;
	http_reply_served(c);
	http_request_drop(c);
	if (c->is_to_run)
		TAILQ_REMOVE(&s->to_run, c, turn);
	c->place = HTTP_CLOSED;
	fd_close(&c->fd);
	TAILQ_REMOVE(&s->all, c, link);
	s->count--;
	/* an event of this round may still name it */
	TAILQ_INSERT_TAIL(&s->closed, c, link);
}

void
http_connection_free(struct http_connection *c)
{
	http_tls_free(&c->tls);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->head_bytes);
	buf_free(&c->body_bytes);
	free(c);
}

void
http_connection_late(struct http_connection *c)
{
	switch (c->place) {
	case HTTP_READING_BODY:
		http_reply_last(c, 408, "the body did not come in time");
		break;
	case HTTP_QUEUED:
	case HTTP_ASKED:
	case HTTP_WORKING:
		http_reply_last(c, 504, "the server did not answer in time");
		break;
	case HTTP_HANDSHAKE:
	case HTTP_READING_HEAD:
	case HTTP_ANSWERING:
	case HTTP_LEAVING:
	case HTTP_CLOSED: http_connection_close(c); return;
	}
	http_connection_run(c);
}

/* ---- bytes */

static int
receive(struct http_connection *c, void *bytes, size_t n, size_t *n_out)
{
	ssize_t got;

	if (c->tls != NULL && c->place != HTTP_LEAVING)
		return http_tls_read(c->tls, bytes, n, n_out);
	got = recv(c->fd, bytes, n, 0);
	*n_out = got > 0 ? (size_t)got : 0;
	if (got > 0)
		return 0;
	if (got == 0)
		return ERR_EOF;
	return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_IO;
}

static int
transmit(struct http_connection *c, const void *bytes, size_t n, size_t *n_out)
{
	ssize_t sent;

	if (c->tls != NULL)
		return http_tls_write(c->tls, bytes, n, n_out);
	sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
	*n_out = sent > 0 ? (size_t)sent : 0;
	if (sent >= 0)
		return 0;
	return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_IO;
}

/* Reads some more into `in`. */
static int
fill(struct http_connection *c)
{
	size_t room = c->in.max - c->in.n, n = 0;
	uint8_t *bytes;
	int err;

	if (room > READ_BYTES)
		room = READ_BYTES;
	if ((bytes = buf_room(&c->in, room)) == NULL)
		return ERR_MEMORY;
	err = receive(c, bytes, room, &n);
	c->in.n -= room - n;
	return err;
}

/* Sends what `out` holds. 0 when nothing is left. */
static int
flush(struct http_connection *c)
{
	while (c->out_sent < c->out.n) {
		size_t n = 0;
		int err = transmit(c, c->out.p + c->out_sent, c->out.n - c->out_sent, &n);

		if (err != 0)
			return err;
		c->out_sent += n;
	}
	c->out_sent = 0;
	if (c->out.cap > OUT_KEPT)
		buf_free(&c->out);
	else
		buf_clear(&c->out);
	return 0;
}

/* ---- the places */

/* Each of these goes as far as it can: 0 to be called again, ERR_AGAIN to wait. */

static int
do_handshake(struct http_connection *c)
{
	int err = http_tls_handshake(c->tls);

	if (err == 0)
		http_connection_stand(c, HTTP_READING_HEAD);
	return err;
}

static int
do_head(struct http_connection *c)
{
	size_t end;
	int status = http_head_find(buf_view(&c->in), &c->head_seen, &end);

	if (status == 0 && end == 0)
		return fill(c);
	c->began_ms = clock_mono_ms();
	c->is_serving = true;
	c->status = 0;
	c->head = (struct http_head){ 0 };
	buf_raw(&c->head_bytes, c->in.p, end);
	buf_drop(&c->in, end);
	if (buf_error(&c->head_bytes) != 0)
		return ERR_MEMORY;
	http_request_begin(c, status);
	return 0;
}

static int
do_body(struct http_connection *c)
{
	struct view bytes = buf_view(&c->in);
	int status, err = flush(c); /* "100 Continue" */

	if (err != 0)
		return err;
	status = http_body_read(&c->body, &bytes, &c->body_bytes);
	buf_drop(&c->in, c->in.n - bytes.n);
	if (status != 0) {
		http_reply_last(c, status, status == 413 ? "the body is too long"
							 : "the body is not as it should be");
		return 0;
	}
	if (c->body.place != HTTP_BODY_DONE)
		return fill(c);
	http_connection_stand(c, HTTP_WORKING);
	http_request_send(c);
	return 0;
}

static void
end_request(struct http_connection *c)
{
	http_reply_served(c);
	buf_free(&c->head_bytes);
	buf_free(&c->body_bytes);
	c->head_seen = 0;
	if (c->keep_alive) {
		http_connection_stand(c, HTTP_READING_HEAD);
		return;
	}
	/* closing now could take the answer from a client that still sends (RFC 9112 section 9.6) */
	http_connection_stand(c, HTTP_LEAVING);
	if (c->tls != NULL)
		http_tls_bye(c->tls);
	(void)shutdown(c->fd, SHUT_WR);
	c->unread_left = LEAVING_BYTES_MAX;
}

static int
do_answer(struct http_connection *c)
{
	int err = flush(c);

	if (err != 0)
		return err;
	if (c->answer_left > 0) {
		http_request_more(c);
		return ERR_AGAIN;
	}
	end_request(c);
	return 0;
}

static int
do_leave(struct http_connection *c)
{
	uint8_t bytes[READ_BYTES];
	size_t n;
	int err = receive(c, bytes, sizeof(bytes), &n);

	if (err != 0)
		return err;
	if (n >= c->unread_left)
		return ERR_EOF;
	c->unread_left -= n;
	return 0;
}

static int
step(struct http_connection *c)
{
	switch (c->place) {
	case HTTP_HANDSHAKE: return do_handshake(c);
	case HTTP_READING_HEAD: return do_head(c);
	case HTTP_READING_BODY: return do_body(c);
	case HTTP_ANSWERING: return do_answer(c);
	case HTTP_LEAVING: return do_leave(c);
	case HTTP_QUEUED:
	case HTTP_ASKED:
	case HTTP_WORKING:
	case HTTP_CLOSED: break;
	}
	return ERR_AGAIN;
}

/* What has to happen before it gets any further. Its end is always told. */
static uint32_t
wanted_events(const struct http_connection *c)
{
	bool has_output = c->out_sent < c->out.n;

	switch (c->place) {
	case HTTP_HANDSHAKE: return http_tls_wants_write(c->tls) ? EPOLLOUT : EPOLLIN;
	case HTTP_READING_HEAD:
	case HTTP_LEAVING: return EPOLLIN;
	case HTTP_READING_BODY: return has_output ? EPOLLOUT : EPOLLIN;
	case HTTP_ANSWERING: return has_output ? EPOLLOUT : 0;
	case HTTP_QUEUED:
	case HTTP_ASKED:
	case HTTP_WORKING:
	case HTTP_CLOSED: break;
	}
	return 0;
}

void
http_connection_run(struct http_connection *c)
{
	struct epoll_event event = { .data.ptr = c };
	int err;

	while ((err = step(c)) == 0)
		continue;
	if (err != ERR_AGAIN) {
		http_connection_close(c);
		return;
	}
	event.events = wanted_events(c);
	if (c->place == HTTP_CLOSED || event.events == c->events)
		return;
	c->events = event.events;
	if (epoll_ctl(c->server->epoll_fd, EPOLL_CTL_MOD, c->fd, &event) != 0)
		http_connection_close(c);
}
