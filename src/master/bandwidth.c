#include "master/bandwidth.h"

#include "master/fair_share.h"
#include "master/state.h"

#include <stdlib.h>

enum { DOWN, UP, DIRECTIONS };

/* What nobody reaches; larger limits are taken for it, so that no arithmetic overflows. */
static const uint64_t rate_max = (uint64_t)1 << 40;

struct bandwidth_session {
	TAILQ_ENTRY(bandwidth_session) link;
	struct bandwidth_account *account;
	struct connection *connection;
	struct fair_claim claims[DIRECTIONS];
	uint64_t sent[DIRECTIONS]; /* the shares that it was told last */
	bool unsure; /* it has to be told, whatever they are */
	bool told;   /* it has been sent some, and has not said that they came */
};

/* In the place for it among the sessions of the user. */
struct bandwidth_account {
	struct user_sessions *of;
	uint64_t rates[DIRECTIONS]; /* 0: no limit */
	struct fair_claims claims[DIRECTIONS];
	TAILQ_HEAD(, bandwidth_session) sessions;
};

static uint64_t
rate_of(const struct user *user, unsigned direction)
{
	int64_t kilobytes = direction == UP ? user->upload_bandwidth : user->download_bandwidth;

	if (kilobytes <= 0)
		return 0;
	return (uint64_t)kilobytes > rate_max / 1000 ? rate_max : (uint64_t)kilobytes * 1000;
}

bool
bandwidth_is_limited(const struct user *user, bool upload)
{
	return rate_of(user, upload ? UP : DOWN) > 0;
}

uint64_t
bandwidth_share(const struct connection *c, bool upload)
{
	return c->bandwidth != NULL ? c->bandwidth->claims[upload ? UP : DOWN].share : 0;
}

/* ---- who shares */

/* Without a limit nobody wants anything of it. */
static void
set_rates(struct bandwidth_account *account, const struct user *user)
{
	for (unsigned i = 0; i < DIRECTIONS; i++) {
		struct fair_claim *claim;

		account->rates[i] = rate_of(user, i);
		TAILQ_FOREACH (claim, &account->claims[i], link)
			claim->wanted = account->rates[i] > 0 ? claim->wanted : 0;
	}
}

static struct bandwidth_account *
account_of(const struct connection *c)
{
	struct bandwidth_account *account = c->user_sessions->bandwidth;

	if (account != NULL || (account = calloc(1, sizeof(*account))) == NULL)
		return account;
	for (unsigned i = 0; i < DIRECTIONS; i++)
		TAILQ_INIT(&account->claims[i]);
	TAILQ_INIT(&account->sessions);
	set_rates(account, c->user);
	account->of = c->user_sessions;
	account->of->bandwidth = account;
	return account;
}

static void
free_unused(struct bandwidth_account *account)
{
	if (!TAILQ_EMPTY(&account->sessions))
		return;
	account->of->bandwidth = NULL;
	free(account);
}

static int
join(struct connection *c)
{
	struct bandwidth_account *account;
	struct bandwidth_session *session;

	if (c->bandwidth != NULL)
		return 0;
	if ((account = account_of(c)) == NULL)
		return ERR_MEMORY;
	if ((session = calloc(1, sizeof(*session))) == NULL) {
		free_unused(account);
		return ERR_MEMORY;
	}
	session->account = account;
	session->connection = c;
	for (unsigned i = 0; i < DIRECTIONS; i++)
		TAILQ_INSERT_TAIL(&account->claims[i], &session->claims[i], link);
	TAILQ_INSERT_TAIL(&account->sessions, session, link);
	c->bandwidth = session;
	return 0;
}

/* ---- telling them */

/*
 * One message at a time is on its way to a session: a worker that is held up by a slow disk has not
 * to take more, and gets the latest afterwards. What cannot be sent is tried again with the next
 * change; that its worker is gone the connection finds out by itself.
 */
static void
tell(struct bandwidth_session *session)
{
	const struct bandwidth_account *account = session->account;
	const struct fair_claim *claims = session->claims;
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (session->told || (!session->unsure && claims[UP].share == session->sent[UP] &&
	    claims[DOWN].share == session->sent[DOWN]))
		return;
	ipc_encode_session_bandwidth(&message, &(struct ipc_session_bandwidth){
		.upload_limited = account->rates[UP] > 0, .upload = claims[UP].share,
		.download_limited = account->rates[DOWN] > 0, .download = claims[DOWN].share });
	session->told =
	    ipc_send(session->connection->session.fd, &message, NULL, 0, false) == 0;
	session->unsure = !session->told;
	for (unsigned i = 0; i < DIRECTIONS; i++)
		session->sent[i] = claims[i].share;
	buf_free(&message);
}

static void
divide(struct bandwidth_account *account)
{
	struct bandwidth_session *session;

	for (unsigned i = 0; i < DIRECTIONS; i++)
		fair_share_divide(&account->claims[i], account->rates[i]);
	TAILQ_FOREACH (session, &account->sessions, link)
		tell(session);
}

/* ---- what happens */

int
on_bandwidth_wanted(struct connection *c, struct rd fields)
{
	struct ipc_bandwidth_wanted message;
	struct bandwidth_account *account;
	int err = ipc_decode_bandwidth_wanted(fields, &message);

	if (err == 0)
		err = join(c);
	if (err != 0)
		return err;
	account = c->bandwidth->account;
	c->bandwidth->claims[UP].wanted = account->rates[UP] > 0 ? message.upload : 0;
	c->bandwidth->claims[DOWN].wanted = account->rates[DOWN] > 0 ? message.download : 0;
	divide(account);
	return 0;
}

int
on_bandwidth_taken(struct connection *c, struct rd fields)
{
	struct ipc_bandwidth_taken message;
	int err = ipc_decode_bandwidth_taken(fields, &message);

	if (err != 0 || c->bandwidth == NULL)
		return err;
	c->bandwidth->told = false;
	tell(c->bandwidth);
	return 0;
}

void
bandwidth_session_end(struct connection *c)
{
	struct bandwidth_session *session = c->bandwidth;
	struct bandwidth_account *account;

	if (session == NULL)
		return;
	account = session->account;
	for (unsigned i = 0; i < DIRECTIONS; i++)
		TAILQ_REMOVE(&account->claims[i], &session->claims[i], link);
	TAILQ_REMOVE(&account->sessions, session, link);
	c->bandwidth = NULL;
	free(session);
	divide(account);
	free_unused(account);
}

/* Also who has had no limit so far, or has moved nothing, learns what holds. */
static void
tell_anew(void *ctx, struct connection *c)
{
	(void)ctx;
	/* without memory it keeps the pace that it has */
	if (c->session.fd >= 0 && join(c) == 0)
		c->bandwidth->unsure = true;
}

void
bandwidth_account_changed(struct master *m, const struct user *user)
{
	struct user_sessions *sessions = user_sessions_find(&m->sessions, user->username);

	user_sessions_each(sessions, tell_anew, NULL);
	if (sessions == NULL || sessions->bandwidth == NULL)
		return;
	set_rates(sessions->bandwidth, user);
	divide(sessions->bandwidth);
}
