#include "master/account_change.h"

#include "base/clock.h"
#include "control/account_policy.h"
#include "master/account_difference.h"
#include "master/session.h"
#include "master/state.h"

#include <stdlib.h>

enum {
	RENEW_MS = 60 * 1000, /* from the change to the end of a session that cannot be renewed */
	RENEW_GRACE_MS = 5000, /* for a worker to say goodbye by itself */
};

static const char changed_reason[] = "the account was changed";

/* ---- one session */

/* False while there is no process to tell, or one that does not listen yet, or not any more. */
static bool
is_settled(const struct connection *c)
{
	switch (c->place) {
	case PARKING_WITH_WORKER: return c->session.gate.phase == PHASE_RUN;
	case PARKING_PARKED:
	case PARKING_WAITING: return true;
	case PARKING_LEAVING:
	case PARKING_WAKING: break;
	}
	return false;
}

static void
take_user(struct user **field, struct user **user)
{
	user_free(field);
	*field = *user;
	*user = NULL;
}

/* The session has the account as it is now, or its next process will. */
static int
adopt(struct connection *c, struct user **user)
{
	char *home = account_home_prefix((*user)->home_dir);

	if (home == NULL)
		return ERR_MEMORY;
	free(c->home);
	c->home = home;
	take_user(&c->user, user);
	return 0;
}

/* What cannot be told ends the session: none goes on by rules that do not hold any more. */
static int
tell(struct connection *c, struct buf *message)
{
	int err = buf_error(message);

	if (err == 0)
		err = ipc_send(c->session.fd, message, NULL, 0, false);
	buf_free(message);
	return err;
}

/* The process keeps the folders that it has. */
static int
tell_rules(struct connection *c, const struct user *user)
{
	struct buf message = buf_init(IPC_BYTES_MAX);
	struct user rules = *user;
	int err;

	rules.virtual_folders = c->user->virtual_folders;
	err = session_encode_rules(c, &rules, &message);
	if (err != 0) {
		buf_free(&message);
		return err;
	}
	return tell(c, &message);
}

static int
tell_to_renew(struct connection *c)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	connection_set_timer(c, RENEW_MS + RENEW_GRACE_MS);
	ipc_encode_session_renew(&message, &(struct ipc_session_renew){ .within_ms = RENEW_MS,
		.reason = view_of(changed_reason) });
	return tell(c, &message);
}

/* Takes the user. */
static int
apply_to_worker(struct connection *c, struct user **user, unsigned difference)
{
	int err = 0;

	if (difference & ACCOUNT_RULES)
		err = tell_rules(c, *user);
	if (err != 0)
		return err;
	if (c->changed == NULL && (difference & ACCOUNT_PROCESS) == 0)
		return adopt(c, user);
	err = c->changed == NULL ? tell_to_renew(c) : 0;
	take_user(&c->changed, user);
	return err;
}

static void
close_for(struct connection *c, const char *reason)
{
	log_app(c->master->log, LOG_LEVEL_INFO, "sftpd", c->id_text,
	    "the session of user \"%s\" is closed: %s", c->user->username, reason);
	connection_close(c, reason, false);
}

/* True when the rates are others. `told`: other things that the session has to be told anyway. */
static bool
apply(struct connection *c, const struct user *now, unsigned told)
{
	const char *reason = account_end_reason(now, &c->address, clock_wall_ms());
	const struct user *before = c->changed != NULL ? c->changed : c->user;
	struct user *user = NULL;
	unsigned difference;
	int err;

	if (reason != NULL) {
		close_for(c, reason);
		return false;
	}
	difference = account_difference(before, now, &c->settings, c->master->map_ids) | told;
	err = user_copy(now, &user);
	if (err == 0) {
		if (!is_settled(c))
			take_user(&c->changed, &user);
		else if (c->place == PARKING_WITH_WORKER)
			err = apply_to_worker(c, &user, difference);
		else
			err = adopt(c, &user);
	}
	user_free(&user);
	if (err != 0) {
		log_app(c->master->log, LOG_LEVEL_ERROR, "sftpd", c->id_text,
		    "the session of user \"%s\" could not be told that the account was changed: %s",
		    c->user->username, err_text(err));
		connection_end(c);
	}
	return (difference & ACCOUNT_RATES) != 0;
}

void
account_change_settle(struct connection *c)
{
	struct master *m = c->master;
	struct user *user = c->changed;

	if (user == NULL || c->ended)
		return;
	c->changed = NULL;
	/* a renewal that did not come about has told the process rules that may not be the last */
	if (apply(c, user, ACCOUNT_RULES))
		bandwidth_account_changed(m, user);
	user_free(&user);
}

/* ---- all sessions */

static void
tell_one(void *ctx, struct connection *c)
{
	struct account_news *news = ctx;

	if (news->user == NULL)
		close_for(c, "the account has been deleted");
	else
		news->rates = apply(c, news->user, ACCOUNT_SAME) || news->rates;
}

void
account_change_tell(struct master *m, struct account_news *news, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		user_sessions_each(user_sessions_find(&m->sessions, news[i].username), tell_one,
		    &news[i]);
		authentication_account_changed(m, news[i].username);
		if (news[i].user != NULL)
			quota_account_changed(m->quotas, news[i].user);
		if (news[i].rates)
			bandwidth_account_changed(m, news[i].user);
	}
}

/* The address has been asked about, and lists of addresses are long. */
static void
close_if_over(void *ctx, struct connection *c)
{
	const int64_t *now_ms = ctx;
	const char *reason;

	if (!c->authenticated ||
	    ((c->user->expiration_date == 0 || c->user->expiration_date >= *now_ms) &&
		user_time_allowed(c->user, *now_ms)))
		return;
	reason = account_end_reason(c->user, &c->address, *now_ms);
	if (reason != NULL)
		close_for(c, reason);
}

void
account_change_sweep(struct master *m, int64_t now_ms)
{
	connections_each(m, close_if_over, &now_ms);
}
