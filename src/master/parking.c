#include "master/parking.h"

#include "base/fd.h"
#include "master/account_change.h"
#include "master/home.h"
#include "master/parking_process.h"
#include "master/session.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* From its turn to be woken to SESSION_READY. */
enum { WAKE_MS = 30000 };

struct parking {
	struct master *master;
	struct parking_process *process;
	TAILQ_HEAD(, connection) waiting;
	unsigned waking; /* roots that are being opened, and workers that are not ready */
	unsigned parked;
};

static void wake_next(struct parking *p);

/* Every change of place passes here, so that the counts are right. */
static void
set_place(struct connection *c, enum parking_place place)
{
	struct parking *p = c->master->parking;

	if (c->place == PARKING_PARKED || c->place == PARKING_WAITING)
		p->parked--;
	if (place == PARKING_PARKED || place == PARKING_WAITING)
		p->parked++;
	if (c->place == PARKING_WAKING)
		p->waking--;
	if (place == PARKING_WAKING)
		p->waking++;
	c->place = place;
}

/* ---- to be parked */

/* Both ends of the way; a message of the pair arrives whole or not at all. */
static int
offer(struct connection *c)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_IO;
	err = parking_process_take(c->master->parking->process, c->id, fd_take(&pair[0]));
	if (err == 0) {
		set_place(c, PARKING_LEAVING);
		ipc_encode_park_granted(&message, &(struct ipc_park_granted){});
		/* a failure ends the connection */
		err = connection_send(&c->session, &message, &pair[1], 1) == 0 ? 0 : ERR_EOF;
	}
	fd_close(&pair[1]);
	return err;
}

int
on_park_ask(struct connection *c, struct rd fields)
{
	struct ipc_park_ask message;
	int err = ipc_decode_park_ask(fields, &message);

	if (err != 0)
		return err;
	/* no answer is a no: the worker goes on, and asks again some time */
	if (c->master->draining || c->place != PARKING_WITH_WORKER)
		return 0;
	err = offer(c);
	if (err != 0 && err != ERR_EOF)
		log_app(c->master->log, LOG_LEVEL_WARN, "parking", c->id_text,
		    "a session that idles cannot be parked: %s", err_text(err));
	return 0;
}

/* ---- to be woken */

struct wake_job {
	uv_work_t work;
	struct master *master;
	uint64_t connection;
	struct user *user; /* a copy: the connection may end meanwhile */
	struct home_roots roots;
	struct failure failure;
	int err;
};

static void
open_root(uv_work_t *work)
{
	struct wake_job *job = work->data;

	job->err = home_open(job->user, job->master->map_ids, &job->roots, &job->failure);
}

static void
wake_failed(struct connection *c, const char *text)
{
	log_app(c->master->log, LOG_LEVEL_ERROR, "parking", c->id_text,
	    "the session of user \"%s\" cannot be woken: %s", c->user->username, text);
	connection_end(c);
}

static void
root_opened(uv_work_t *work, int status)
{
	struct wake_job *job = work->data;
	struct master *m = job->master;
	struct connection *c = connection_find(m, job->connection);
	int handover = -1, err = ERR_UNAVAILABLE;

	if (c != NULL && !c->ended && c->place == PARKING_WAKING) {
		if (status == 0 && job->err == 0)
			err = session_start_worker(c, &job->roots, true, &handover);
		if (err == 0)
			err = parking_process_give(m->parking->process, c->id, fd_take(&handover));
		if (err != 0)
			wake_failed(c, job->err != 0 ? job->failure.text : err_text(err));
	}
	fd_close(&handover);
	home_close(&job->roots);
	user_free(&job->user);
	free(job);
}

static void
wake(struct connection *c)
{
	struct wake_job *job = calloc(1, sizeof(*job));

	set_place(c, PARKING_WAKING);
	connection_set_timer(c, WAKE_MS);
	if (job == NULL || user_copy(c->user, &job->user) != 0) {
		/* not here: whoever closes many connections is looking at the next one */
		free(job);
		connection_set_timer(c, 1);
		return;
	}
	job->work.data = job;
	job->master = c->master;
	job->connection = c->id;
	if (uv_queue_work(&c->master->loop, &job->work, open_root, root_opened) != 0)
		bug("the thread pool takes no work");
}

static void
wake_next(struct parking *p)
{
	struct connection *c;

	while (p->waking < PARKING_WAKES_AT_ONCE && (c = TAILQ_FIRST(&p->waiting)) != NULL) {
		TAILQ_REMOVE(&p->waiting, c, waiting);
		wake(c);
	}
}

static void
want_awake(struct connection *c)
{
	struct parking *p = c->master->parking;

	if (c->place != PARKING_PARKED)
		return;
	set_place(c, PARKING_WAITING);
	TAILQ_INSERT_TAIL(&p->waiting, c, waiting);
	wake_next(p);
}

/* ---- what the parking worker tells */

static void
on_held(void *ctx, uint64_t connection)
{
	struct parking *p = ctx;
	struct connection *c = connection_find(p->master, connection);

	if (c == NULL || c->ended || c->place != PARKING_LEAVING)
		return;
	set_place(c, PARKING_PARKED);
	/* who has given its connection away has nothing left to do */
	connection_worker_dismiss(c);
	if (connection_find(p->master, connection) != c || c->ended)
		return;
	/* of a renewal */
	connection_set_timer(c, 0);
	if (c->changed != NULL) {
		/* that is why it was parked: the next process has the account as it is now */
		account_change_settle(c);
		if (connection_find(p->master, connection) != c || c->ended)
			return;
		want_awake(c);
	}
	if (c->order_reason != NULL)
		want_awake(c);
}

static void
on_lost(void *ctx, uint64_t connection)
{
	struct parking *p = ctx;
	struct connection *c = connection_find(p->master, connection);

	if (c == NULL || c->ended || c->place == PARKING_WITH_WORKER)
		return;
	if (c->place != PARKING_LEAVING || c->session.fd < 0) {
		connection_end(c);
		return;
	}
	/* the worker has thought better of it */
	set_place(c, PARKING_WITH_WORKER);
	parking_session_ready(c);
	/* what was sent may have ended the connection */
	if (connection_find(p->master, connection) == c)
		account_change_settle(c);
}

static void
on_woken(void *ctx, uint64_t connection)
{
	struct parking *p = ctx;
	struct connection *c = connection_find(p->master, connection);

	if (c != NULL && !c->ended)
		want_awake(c);
}

struct loss {
	unsigned sessions;
};

static void
lose(void *ctx, struct connection *c)
{
	struct loss *loss = ctx;

	switch (c->place) {
	case PARKING_WITH_WORKER:
	case PARKING_WAKING: /* the fresh worker knows whether it got the state */
		return;
	case PARKING_LEAVING:
		/* the worker finds out when it writes; or it has written, and that is lost */
		set_place(c, PARKING_WITH_WORKER);
		if (c->session.fd >= 0) {
			account_change_settle(c);
			return;
		}
		break;
	case PARKING_PARKED:
	case PARKING_WAITING:
		break;
	}
	loss->sessions++;
	connection_end(c);
}

static void
on_ended(void *ctx, const char *text)
{
	struct parking *p = ctx;
	struct loss loss = { 0 };

	metrics_add(p->master->metrics, METRIC_CRASHES, METRIC_ROLE_PARKING, 1);
	connections_each(p->master, lose, &loss);
	log_app(p->master->log, LOG_LEVEL_ERROR, "parking", "",
	    "the parking worker is gone: %s; %u sessions that it held have ended", text,
	    loss.sessions);
}

/* ---- what others ask */

int
parking_new(struct parking **out, struct master *m)
{
	struct parking *p = calloc(1, sizeof(*p));
	int err;

	*out = NULL;
	if (p == NULL)
		return ERR_MEMORY;
	p->master = m;
	TAILQ_INIT(&p->waiting);
	err = parking_process_new(&p->process, &m->loop, &(struct parking_events){ .ctx = p,
		.held = on_held, .lost = on_lost, .woken = on_woken, .ended = on_ended });
	if (err != 0) {
		free(p);
		return err;
	}
	*out = p;
	return 0;
}

void
parking_free(struct parking **parking)
{
	struct parking *p = *parking;

	if (p == NULL)
		return;
	parking_process_free(&p->process);
	free(p);
	*parking = NULL;
}

unsigned
parking_count(const struct parking *parking)
{
	return parking->parked;
}

bool
parking_session_ready(struct connection *c)
{
	bool was_parked = c->place == PARKING_WAKING;
	char *reason = c->order_reason;

	if (was_parked) {
		set_place(c, PARKING_WITH_WORKER);
		wake_next(c->master->parking);
	}
	c->order_reason = NULL;
	if (reason != NULL)
		connection_close(c, reason, c->order_when_idle);
	free(reason);
	return was_parked;
}

bool
parking_worker_left(struct connection *c)
{
	/* with WAKING it is the fresh worker that has ended */
	return c->place == PARKING_LEAVING || c->place == PARKING_PARKED ||
	       c->place == PARKING_WAITING;
}

bool
parking_keep_order(struct connection *c, const char *reason, bool when_idle)
{
	if (c->place == PARKING_WITH_WORKER)
		return false;
	/* who is parked is idle */
	if (c->place == PARKING_PARKED)
		when_idle = false;
	if (c->order_reason == NULL || !when_idle) {
		free(c->order_reason);
		c->order_reason = strdup(reason);
		c->order_when_idle = when_idle;
		if (c->order_reason == NULL) {
			connection_end(c);
			return true;
		}
	}
	want_awake(c);
	return true;
}

void
parking_connection_ended(struct connection *c)
{
	struct parking *p = c->master->parking;

	if (c->place == PARKING_WITH_WORKER)
		return;
	if (c->place == PARKING_WAITING)
		TAILQ_REMOVE(&p->waiting, c, waiting);
	set_place(c, PARKING_WITH_WORKER);
	parking_process_drop(p->process, c->id);
	wake_next(p);
}
