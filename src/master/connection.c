#include "master/connection.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "master/login_dialogue.h"
#include "master/quota.h"
#include "master/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A worker that was told to close, or that closed its link, has this long before it is killed. */
enum { CLOSE_GRACE_MS = 5000 };
/* The login worker watches the time limit itself and says so; the master waits a little longer. */
enum { LOGIN_GRACE_EXTRA_MS = 5000 };
/* Messages taken from one worker before others have their turn. */
enum { MESSAGES_AT_ONCE = 64 };

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

struct connection *
connection_find(struct master *m, uint64_t id)
{
	struct connection *c;

	LIST_FOREACH(c, &m->buckets[id % CONNECTION_BUCKETS], link) {
		if (c->id == id)
			return c;
	}
	return NULL;
}

static void
link_close(struct worker_link *link)
{
	if (link->poll != NULL) {
		uv_close((uv_handle_t *)link->poll, free_handle);
		link->poll = NULL;
	}
	fd_close(&link->fd);
}

static void
connection_free(struct connection *c)
{
	struct connection_channel *channel;
	struct connection_transfer *transfer;

	LIST_REMOVE(c, link);
	while ((channel = LIST_FIRST(&c->channels)) != NULL) {
		LIST_REMOVE(channel, link);
		free(channel->command);
		free(channel);
	}
	while ((transfer = LIST_FIRST(&c->transfers)) != NULL) {
		LIST_REMOVE(transfer, link);
		free(transfer->path);
		free(transfer);
	}
	uv_close((uv_handle_t *)c->timer, free_handle);
	quota_session_end(c);
	host_keys_free(&c->host_keys);
	user_free(&c->user);
	user_free(&c->changed);
	free(c->order_reason);
	free(c->home);
	free(c->client_version);
	login_progress_free(&c->progress);
	secret_free(c, sizeof(*c));
}

static void
free_when_over(struct connection *c)
{
	if (c->ended && c->login.pid == 0 && c->session.pid == 0)
		connection_free(c);
}

/*
 * Closes the link and kills the worker. One that has closed the link itself is about to end: only
 * when it is left to that is it known how it ended, so it gets a while. True when it does.
 */
static bool
link_end(struct worker_link *link, struct nurseries *nurseries)
{
	bool open = link->fd >= 0;

	link_close(link);
	if (link->pid != 0 && open)
		nurseries_kill(nurseries, link->pid);
	return link->pid != 0 && !open;
}

/* By what the master itself has seen, and not by what the worker says. */
static void
count_handshake_failure(const struct connection *c)
{
	enum metric_handshake reason = HANDSHAKE_NO_LOGIN;

	if (c->timed_out)
		reason = HANDSHAKE_TIMEOUT;
	else if (c->client_version == NULL)
		reason = HANDSHAKE_NO_VERSION;
	else if (c->session_id_bytes == 0)
		reason = HANDSHAKE_KEY_EXCHANGE;
	metrics_add(c->master->metrics, METRIC_HANDSHAKE_FAILURES, reason, 1);
}

void
connection_end(struct connection *c)
{
	struct master *m = c->master;
	bool login_ends, session_ends;

	if (c->ended)
		return;
	c->ended = true;
	if (!c->authenticated && !c->tried)
		count_handshake_failure(c);
	parking_connection_ended(c);
	bandwidth_session_end(c);
	user_sessions_leave(&m->sessions, c);
	program_stop(&c->program);
	login_dialogue_give_up(c);
	login_ends = link_end(&c->login, m->nurseries);
	session_ends = link_end(&c->session, m->nurseries);
	connection_set_timer(c, login_ends || session_ends ? CLOSE_GRACE_MS : 0);
	if (!c->authenticated)
		banning_note(m->banning, &c->address, c->key_refused);
	admission_leave(m->admission, c->awaits_proxy ? NULL : &c->address, c->authenticated);
	m->connection_count--;
	if (c->authenticated)
		log_app(m->log, LOG_LEVEL_INFO, "sftpd", c->id_text,
		    "connection of user \"%s\" from %s ended", c->user->username, c->address_text);
	if (m->draining && m->connection_count == 0)
		master_stop(m, 0);
	free_when_over(c);
}

void
connection_penalise(struct connection *c)
{
	/* a proxy is not to blame for its clients */
	if (!c->awaits_proxy)
		admission_penalise(c->master->admission, &c->address, clock_mono_ms());
}

void
connection_breach(struct connection *c, const char *what, int err)
{
	struct master *m = c->master;

	metrics_add(m->metrics, METRIC_BREACHES, 0, 1);
	log_app(m->log, LOG_LEVEL_ERROR, "ipc", c->id_text,
	    "the worker of %s broke a rule and was ended: %s: %s", c->address_text, what,
	    err_text(err));
	connection_penalise(c);
	connection_end(c);
}

static void
on_timer(uv_timer_t *timer)
{
	struct connection *c = timer->data;
	struct master *m = c->master;

	if (c->ended) {
		if (c->login.pid != 0)
			nurseries_kill(m->nurseries, c->login.pid);
		if (c->session.pid != 0)
			nurseries_kill(m->nurseries, c->session.pid);
		return;
	}
	if (!c->authenticated) {
		c->timed_out = true;
		log_connection_failed(m->log, c->address_text, (struct view){ 0 },
		    "no_auth_tryed", view_of("login time limit reached"));
	}
	connection_end(c);
}

void
connection_set_timer(struct connection *c, uint64_t ms)
{
	if (ms == 0)
		uv_timer_stop(c->timer);
	else
		uv_timer_start(c->timer, on_timer, ms, 0);
}

void
connection_close(struct connection *c, const char *reason, bool when_idle)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (c->ended || parking_keep_order(c, reason, when_idle))
		return;
	if (c->session.fd < 0) {
		connection_end(c);
		return;
	}
	ipc_encode_session_close(&message, &(struct ipc_session_close){ .when_idle = when_idle,
		.reason = view_of(reason) });
	if (connection_send(&c->session, &message, NULL, 0) == 0 && !when_idle)
		connection_set_timer(c, CLOSE_GRACE_MS);
}

/* The worker closed its end: a login worker has handed over or failed, a session is over. */
static void
link_over(struct worker_link *link)
{
	struct connection *c = link->connection;
	bool handed_over = link == &c->login ? c->authenticated : parking_worker_left(c);

	link_close(link);
	if (!handed_over)
		connection_end(c);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct worker_link *link = poll->data;
	struct connection *c = link->connection;
	struct master *m = c->master;
	uint64_t id = c->id;

	(void)status;
	(void)events;
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		struct ipc_message message;
		const char *name;
		int err = ipc_receive(link->fd, &m->inbox, &message);

		if (err == ERR_AGAIN)
			return;
		if (err == ERR_EOF || err == ERR_IO) {
			link_over(link);
			return;
		}
		name = err == 0 ? ipc_rows[message.type].name : "unknown message";
		if (err == 0)
			err = ipc_gate_check(&link->gate, &message);
		if (err == 0)
			err = dispatch_message(c, &message);
		ipc_message_close_fds(&message);
		/* a handler may have ended the connection, and with it freed it */
		if (connection_find(m, id) != c || c->ended)
			return;
		if (err != 0) {
			connection_breach(c, name, err);
			return;
		}
		if (link->fd < 0)
			return;
	}
}

int
connection_open_link(struct connection *c, struct worker_link *link, enum ipc_role role,
	enum ipc_phase phase, int *worker_fd_out)
{
	int pair[2];

	if (ipc_pair(pair) != 0)
		return ERR_IO;
	link->connection = c;
	link->fd = pair[0];
	link->gate = (struct ipc_gate){ .peer = role, .phase = phase };
	link->poll = malloc(sizeof(*link->poll));
	if (link->poll == NULL || uv_poll_init(&c->master->loop, link->poll, link->fd) != 0) {
		free(link->poll);
		link->poll = NULL;
		fd_close(&link->fd);
		close(pair[1]);
		return ERR_MEMORY;
	}
	link->poll->data = link;
	uv_poll_start(link->poll, UV_READABLE, on_readable);
	*worker_fd_out = pair[1];
	return 0;
}

int
connection_send(struct worker_link *link, struct buf *message, const int *fds, size_t fd_count)
{
	struct connection *c = link->connection;
	int err = ERR_EOF;

	/* the worker asks before it is answered, so a full socket means that it does not listen */
	if (link->fd >= 0)
		err = ipc_send(link->fd, message, fds, fd_count, false);
	buf_free(message);
	if (err == ERR_EOF)
		connection_end(c);
	else if (err != 0)
		connection_breach(c, "it does not take its messages", err);
	return err;
}

void
connection_use_host_keys(struct connection *c)
{
	host_keys_free(&c->host_keys);
	c->host_keys = host_keys_ref(c->master->host_keys);
}

int
connection_begin(struct master *m, int fd, const struct address *address, uint16_t port,
	enum proxy_use proxy)
{
	struct connection *c = calloc(1, sizeof(*c));
	int worker_fd = -1, err;

	if (c == NULL || (c->timer = malloc(sizeof(*c->timer))) == NULL) {
		free(c);
		close(fd);
		return ERR_MEMORY;
	}
	c->master = m;
	c->id = ++m->last_connection;
	c->address = *address;
	c->port = port;
	c->awaits_proxy = proxy == PROXY_OPTIONAL || proxy == PROXY_REQUIRED;
	c->accepted_ms = c->last_activity_ms = clock_wall_ms();
	c->active_ms = clock_mono_ms();
	c->login.fd = c->session.fd = -1;
	address_text(address, c->address_text);
	LIST_INIT(&c->channels);
	LIST_INIT(&c->transfers);
	if (uv_timer_init(&m->loop, c->timer) != 0)
		bug("cannot make a timer");
	c->timer->data = c;
	LIST_INSERT_HEAD(&m->buckets[c->id % CONNECTION_BUCKETS], c, link);
	m->connection_count++;

	err = connection_open_link(c, &c->login, IPC_ROLE_LOGIN,
	    c->awaits_proxy ? PHASE_START : PHASE_KEX, &worker_fd);
	if (err != 0) {
		close(fd);
	} else {
		connection_use_host_keys(c);
		err = nurseries_fork_login(m->nurseries, c->id, c->address_text, proxy, fd,
		    worker_fd);
	}
	if (err != 0) {
		log_app(m->log, LOG_LEVEL_ERROR, "service", "", "cannot serve %s: %s",
		    c->address_text, err_text(err));
		connection_end(c);
		return 0;
	}
	if (m->config->limits.login_grace_seconds > 0)
		connection_set_timer(c, (uint64_t)m->config->limits.login_grace_seconds * 1000 +
		    LOGIN_GRACE_EXTRA_MS);
	return 0;
}

void
connection_worker_dismiss(struct connection *c)
{
	struct master *m = c->master;
	uint64_t id = c->id;

	/* what it said before it gave the connection away comes another way, and may come later */
	if (c->session.fd >= 0)
		on_readable(c->session.poll, 0, UV_READABLE);
	if (connection_find(m, id) != c || c->ended)
		return;
	bandwidth_session_end(c);
	link_close(&c->session);
	if (c->session.pid != 0)
		nurseries_kill(c->master->nurseries, c->session.pid);
	/* its place is for the worker that takes the session up */
	c->session.pid = 0;
}

void
connection_worker_forked(struct connection *c, pid_t pid)
{
	/* the session's fork is asked for when the login worker has long been at work */
	struct worker_link *link = c->login_forked ? &c->session : &c->login;

	c->login_forked = true;
	link->pid = pid;
	if (c->ended)
		nurseries_kill(c->master->nurseries, pid);
}

void
connection_worker_exited(struct connection *c, pid_t pid)
{
	struct worker_link *link = c->login.pid == pid ? &c->login : &c->session;

	if (link->pid != pid)
		return;
	link->pid = 0;
	/* what it sent before its end is read first; the end of the link ends the connection */
	if (!c->ended && link->fd >= 0)
		on_readable(link->poll, 0, UV_READABLE);
	else
		free_when_over(c);
}

void
connections_free(struct master *m)
{
	struct connection *c;

	for (size_t i = 0; i < CONNECTION_BUCKETS; i++) {
		while ((c = LIST_FIRST(&m->buckets[i])) != NULL) {
			connection_end(c);
			if (LIST_FIRST(&m->buckets[i]) == c)
				connection_free(c);
		}
	}
}

void
connections_each(struct master *m, void (*each)(void *ctx, struct connection *connection),
	void *ctx)
{
	for (size_t i = 0; i < CONNECTION_BUCKETS; i++) {
		struct connection *c = LIST_FIRST(&m->buckets[i]), *next;

		for (; c != NULL; c = next) {
			next = LIST_NEXT(c, link);
			if (!c->ended)
				each(ctx, c);
		}
	}
}
