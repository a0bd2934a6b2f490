#include "worker/session.h"

#include "base/clock.h"
#include "base/fd.h"
#include "worker/handover.h"
#include "worker/session_channel.h"
#include "worker/session_park.h"
#include "worker/session_quota.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
	POLICY_MS_MAX = 60 * 1000,   /* from the fork to the policy */
	HANDOVER_MS_MAX = 60 * 1000, /* from the policy to the connection */
	ACTIVITY_EVERY_MS = 1000,
	PROGRESS_EVERY_MS = 1000,
	WITHOUT_CHANNEL_MS = 2 * 60 * 1000, /* after the last channel */
	RELEASE_AFTER_MS = 2000,
	PARK_QUIET_MS = 2000, /* from the last byte, whatever it was, to being parked */
	RENEW_ASK_MS = 1000, /* a renewal is asked for again */
	QUIET_MS = 3000, /* a client that closed a file may still want to open the next */
	ERROR_MAX = 1024,
};

struct session {
	struct master_link link;
	struct session_policy policy;
	struct session_quota quota;
	struct session_channels channels;
	struct session_bandwidth bandwidth;
	struct ssh_connection *connection;
	int client_fd;

	uint64_t busy_ms; /* when the client did something last, keepalives not counted */
	uint64_t park_asked_ms;
	uint64_t renew_by_ms; /* another process is to go on, or nobody; 0: no */
	int park_fd; /* where the session may go; -1: it was not granted */
	bool parked; /* it has gone there */

	bool active;          /* since the last ACTIVITY */
	uint64_t activity_ms; /* when that was sent */
	uint64_t progress_ms; /* when progress was reported last */
	uint64_t
	    channelless_ms; /* since when the last channel is gone; 0: never, or there is one */
	uint64_t moved_ms;  /* when a byte moved last */
	bool released;      /* buffers were given back since then */

	bool closing, closing_when_idle;
	char closing_reason[256];
};

/* ---- what the connection tells */

static void
set_active(struct session *s)
{
	s->active = true;
	s->busy_ms = clock_mono_ms();
}

static bool
on_subsystem(void *ctx, struct ssh_channel *channel, struct view name)
{
	struct session *s = ctx;

	set_active(s);
	if (!view_is(name, "sftp") || session_channel_open(&s->channels, channel) != 0)
		return false;
	s->channelless_ms = 0;
	return true;
}

static size_t
on_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	struct session *s = ctx;

	set_active(s);
	return session_channel_data(ssh_channel_owner(channel), bytes, n);
}

static void
on_room(void *ctx, struct ssh_channel *channel)
{
	(void)ctx;
	session_channel_room(ssh_channel_owner(channel));
}

static void
on_eof(void *ctx, struct ssh_channel *channel)
{
	(void)ctx;
	session_channel_eof(ssh_channel_owner(channel));
}

static void
on_closed(void *ctx, struct ssh_channel *channel)
{
	struct session *s = ctx;
	struct session_channel *owner = ssh_channel_owner(channel);

	session_channel_close(&owner);
	if (LIST_EMPTY(&s->channels.list))
		s->channelless_ms = clock_mono_ms();
}

static int
on_sign(void *ctx, struct view algorithm, struct view exchange_hash)
{
	struct session *s = ctx;

	ipc_encode_rekey_sign(&s->link.out,
	    &(struct ipc_rekey_sign){ .algorithm = algorithm, .exchange_hash = exchange_hash });
	return master_link_send(&s->link);
}

/* ---- what the master tells */

static int
on_host_key_signed(struct session *s, struct rd fields)
{
	struct ipc_host_key_signed message;
	int err = ipc_decode_host_key_signed(fields, &message);

	return err != 0 ? err : ssh_connection_signed(s->connection, message.signature);
}

static int
on_session_close(struct session *s, struct rd fields)
{
	struct ipc_session_close message;
	int err = ipc_decode_session_close(fields, &message);

	if (err == 0)
		err = view_copy(message.reason, s->closing_reason, sizeof(s->closing_reason));
	if (err != 0)
		return err;
	if (message.when_idle)
		s->closing_when_idle = true;
	else
		s->closing = true;
	return 0;
}

/* The first order stands. */
static int
on_session_renew(struct session *s, struct rd fields)
{
	struct ipc_session_renew message;
	int err = ipc_decode_session_renew(fields, &message);

	if (err != 0 || s->renew_by_ms != 0 || s->closing || s->closing_when_idle)
		return err;
	s->renew_by_ms = clock_mono_ms() + message.within_ms;
	s->park_asked_ms = 0;
	return view_copy(message.reason, s->closing_reason, sizeof(s->closing_reason));
}

/* Something may have come up since it was asked for; the loop looks again. */
static int
on_park_granted(struct session *s, struct ipc_message *message)
{
	struct ipc_park_granted fields;
	int err = ipc_decode_park_granted(message->fields, &fields);

	if (err != 0)
		return err;
	fd_close(&s->park_fd);
	s->park_fd = fd_take(&message->fds[0]);
	return 0;
}

static int
dispatch(void *ctx, struct ipc_message *message)
{
	struct session *s = ctx;
	int err;

	switch (message->type) {
	case IPC_HOST_KEY_SIGNED: return on_host_key_signed(s, message->fields);
	case IPC_SESSION_CLOSE: return on_session_close(s, message->fields);
	case IPC_SESSION_POLICY_CHANGED:
		return session_policy_change(&s->policy, message->fields);
	case IPC_SESSION_RENEW: return on_session_renew(s, message->fields);
	case IPC_SESSION_BANDWIDTH:
		return session_bandwidth_take(
		    &s->bandwidth, &s->link, message->fields, clock_mono_ms());
	case IPC_PARK_GRANTED: return on_park_granted(s, message);
	default: break;
	}
	err = session_quota_message(&s->quota, message);
	return err == ERR_AGAIN ? ERR_PROTOCOL : err;
}

/* ---- time */

static void
sooner(uint64_t *deadline_ms, uint64_t other_ms)
{
	if (other_ms != 0 && (*deadline_ms == 0 || other_ms < *deadline_ms))
		*deadline_ms = other_ms;
}

/*
 * When the session has idled for long enough to be parked; 0 while it cannot be. A keepalive wakes
 * a parked session and is answered, but it does not make it busy. To be renewed it need not idle.
 */
static uint64_t
park_due_ms(const struct session *s)
{
	uint64_t after_ms = s->policy.park_after_ms, due_ms = s->busy_ms + after_ms;
	uint64_t quiet_ms = after_ms < PARK_QUIET_MS ? after_ms : PARK_QUIET_MS;

	if (s->closing || s->closing_when_idle || s->channelless_ms != 0 ||
	    !session_park_possible(s->connection, &s->channels))
		return 0;
	if (s->renew_by_ms != 0)
		return s->moved_ms;
	if (after_ms == 0 || s->active)
		return 0;
	return due_ms > s->moved_ms + quiet_ms ? due_ms : s->moved_ms + quiet_ms;
}

/* When the master is to be asked; it need not answer. */
static uint64_t
park_ask_ms(const struct session *s)
{
	uint64_t due_ms = park_due_ms(s), again_ms = s->park_asked_ms;

	again_ms += s->renew_by_ms != 0 ? RENEW_ASK_MS : s->policy.park_after_ms;
	if (due_ms == 0 || s->park_asked_ms == 0)
		return due_ms;
	return due_ms > again_ms ? due_ms : again_ms;
}

static uint64_t
next_deadline_ms(const struct session *s)
{
	uint64_t deadline_ms = ssh_connection_deadline_ms(s->connection);

	sooner(&deadline_ms, s->link.reports_due_ms);
	sooner(&deadline_ms, session_quota_due_ms(&s->quota));
	sooner(&deadline_ms, session_bandwidth_deadline_ms(&s->bandwidth));
	if (s->active)
		sooner(&deadline_ms, s->activity_ms + ACTIVITY_EVERY_MS);
	if (s->channelless_ms != 0)
		sooner(&deadline_ms, s->channelless_ms + WITHOUT_CHANNEL_MS);
	if (session_channels_busy(&s->channels))
		sooner(&deadline_ms, s->progress_ms + PROGRESS_EVERY_MS);
	if ((s->closing_when_idle || (s->renew_by_ms != 0 && park_due_ms(s) == 0)) &&
	    !session_channels_busy(&s->channels))
		sooner(&deadline_ms, s->moved_ms + QUIET_MS);
	sooner(&deadline_ms, s->renew_by_ms);
	if (!s->released)
		sooner(&deadline_ms, s->moved_ms + RELEASE_AFTER_MS);
	sooner(&deadline_ms, park_ask_ms(s));
	return deadline_ms;
}

static void
report_activity(struct session *s, uint64_t now_ms)
{
	if (!s->active || now_ms - s->activity_ms < ACTIVITY_EVERY_MS)
		return;
	s->active = false;
	s->activity_ms = now_ms;
	ipc_encode_activity(&s->link.out, &(struct ipc_activity){});
	(void)master_link_send(&s->link);
}

static void
ask_to_park(struct session *s, uint64_t now_ms)
{
	uint64_t ask_ms = park_ask_ms(s);

	if (ask_ms == 0 || ask_ms > now_ms)
		return;
	s->park_asked_ms = now_ms;
	ipc_encode_park_ask(&s->link.out, &(struct ipc_park_ask){});
	(void)master_link_send(&s->link);
}

/* Takes the offer, or declines it by closing the descriptor: the parking worker says so. */
static int
park(struct session *s, uint64_t now_ms)
{
	uint64_t due_ms = park_due_ms(s);
	int fd = fd_take(&s->park_fd), err = 0;

	if (due_ms != 0 && due_ms <= now_ms) {
		session_quota_end(&s->quota);
		master_link_flush(&s->link);
		err = session_park(s->connection, &s->channels, s->client_fd, fd);
		s->parked = err == 0;
	}
	fd_close(&fd);
	return err;
}

static bool
is_idle(const struct session *s, uint64_t now_ms)
{
	return LIST_EMPTY(&s->channels.list) ||
	       (!session_channels_busy(&s->channels) && now_ms - s->moved_ms >= QUIET_MS);
}

/* What was to happen when the session idles, or before some time, has to happen now. */
static bool
must_close(const struct session *s, uint64_t now_ms)
{
	if (s->closing_when_idle)
		return is_idle(s, now_ms);
	if (s->renew_by_ms == 0)
		return false;
	/* with compression, for one, no session can be written down */
	return s->renew_by_ms <= now_ms || (is_idle(s, now_ms) && park_due_ms(s) == 0);
}

static int
tick(struct session *s, uint64_t now_ms)
{
	report_activity(s, now_ms);
	session_quota_tick(&s->quota, now_ms);
	if (s->link.reports_due_ms != 0 && s->link.reports_due_ms <= now_ms)
		master_link_flush(&s->link);
	if (now_ms - s->progress_ms >= PROGRESS_EVERY_MS) {
		s->progress_ms = now_ms;
		session_channels_progress(&s->channels);
	}
	if (!s->released && now_ms - s->moved_ms >= RELEASE_AFTER_MS) {
		s->released = true;
		ssh_connection_idle_release(s->connection);
		malloc_trim(0);
	}
	if (s->channelless_ms != 0 && now_ms - s->channelless_ms >= WITHOUT_CHANNEL_MS) {
		s->closing = true;
		snprintf(s->closing_reason, sizeof(s->closing_reason), "no channel is open");
	}
	if (must_close(s, now_ms))
		s->closing = true;
	ask_to_park(s, now_ms);
	return ssh_connection_tick(s->connection, now_ms);
}

/* ---- the loop */

static int
poll_timeout(uint64_t deadline_ms, uint64_t now_ms)
{
	if (deadline_ms == 0)
		return -1;
	if (deadline_ms <= now_ms)
		return 0;
	return deadline_ms - now_ms > 3600 * 1000 ? 3600 * 1000 : (int)(deadline_ms - now_ms);
}

static int
client_ready(struct session *s, short events)
{
	bool reads = ssh_connection_wants_read(s->connection);
	int err = 0;

	if (events == 0)
		return 0;
	/* nobody there, and nothing left that we would read: poll would report it for ever */
	if ((events & (POLLHUP | POLLERR)) && !reads)
		return ERR_EOF;
	s->moved_ms = clock_mono_ms();
	s->released = false;
	/* the connection judges what came by the present time, not by that before the wait */
	if ((err = ssh_connection_tick(s->connection, s->moved_ms)) != 0)
		return err;
	if (reads && (events & (POLLIN | POLLHUP | POLLERR)))
		err = ssh_connection_readable(s->connection);
	if (err == 0 && ssh_connection_wants_write(s->connection))
		err = ssh_connection_writable(s->connection);
	return err;
}

/* Work that waits for nothing goes on between one look at the sockets and the next. */
static int
give_turns(struct session *s)
{
	s->active = true;
	session_channels_turn(&s->channels);
	return ssh_connection_writable(s->connection); /* for what was answered */
}

/* What had to wait for its time goes on when that has come. */
static int
keep_pace(struct session *s, uint64_t now_ms)
{
	if (!session_bandwidth_tick(&s->bandwidth, &s->link, now_ms))
		return 0;
	s->active = true;
	session_channels_resume(&s->channels);
	return ssh_connection_writable(s->connection);
}

static int
step(struct session *s)
{
	struct pollfd fds[] = {
		{ .fd = s->client_fd },
		{ .fd = s->link.fd, .events = POLLIN },
	};
	uint64_t now_ms = clock_mono_ms();
	bool turns = session_channels_want_turn(&s->channels);
	int timeout, err = tick(s, now_ms);

	/* what came while an answer was waited for */
	if (err == 0 && master_link_has_kept(&s->link))
		err = master_link_dispatch(&s->link, dispatch, s);
	if (err == 0)
		err = keep_pace(s, now_ms);
	if (err != 0 || s->closing || (err = master_link_error(&s->link)) != 0)
		return err;
	if (s->park_fd >= 0 && ((err = park(s, now_ms)) != 0 || s->parked))
		return err;
	if (ssh_connection_wants_read(s->connection))
		fds[0].events |= POLLIN;
	if (ssh_connection_wants_write(s->connection))
		fds[0].events |= POLLOUT;
	timeout = turns ? 0 : poll_timeout(next_deadline_ms(s), now_ms);
	/* a failed poll is an interrupted one: all descriptors are ours and open */
	if (poll(fds, 2, timeout) <= 0)
		return turns ? give_turns(s) : 0;
	if (fds[1].revents != 0 && (err = master_link_dispatch(&s->link, dispatch, s)) != 0)
		return err;
	err = client_ready(s, fds[0].revents);
	return err == 0 && turns ? give_turns(s) : err;
}

static int
run(struct session *s)
{
	int err = ssh_connection_readable(s->connection);

	s->moved_ms = clock_mono_ms();
	if (!s->policy.parked)
		s->busy_ms = s->moved_ms;
	while (err == 0 && !s->closing && !s->parked)
		err = step(s);
	return err;
}

/* ---- beginning and end */

static int
take_over(struct session *s, const struct ssh_config *config, int handover_fd)
{
	struct ssh_connection_events events = { .ctx = s,
		.subsystem = on_subsystem,
		.data = on_data,
		.room = on_room,
		.eof = on_eof,
		.closed = on_closed,
		.sign = on_sign };
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	struct ssh_transport *transport = NULL;
	struct rd r;
	int err =
	    handover_receive(handover_fd, clock_mono_ms() + HANDOVER_MS_MAX, &state, &s->client_fd);

	if (err == 0) {
		r = rd_of(buf_view(&state));
		err = ssh_transport_import(&transport, &r, s->client_fd, config);
	}
	if (err == 0)
		err = ssh_connection_new(&s->connection, &transport, &events, clock_mono_ms());
	if (err == 0 && s->policy.parked)
		err = session_unpark(s->connection, &s->channels, &r);
	if (err == 0)
		err = rd_end(&r);
	buf_free(&state);
	ssh_transport_free(&transport);
	return err;
}

static void
say_ended(struct session *s, const char *error)
{
	struct view text = view_of(error);

	text.n = text.n < ERROR_MAX ? text.n : ERROR_MAX;
	ipc_encode_session_ended(&s->link.out, &(struct ipc_session_ended){ .error = text });
	(void)master_link_send(&s->link);
}

/* After run(): says goodbye to both sides. */
static enum worker_exit
end(struct session *s, int err)
{
	bool master_gone = master_link_error(&s->link) != 0;
	char text[ERROR_MAX + 1] = "";

	/* the connection goes on, and so do its channels; only this process has done its work */
	if (s->parked) {
		ssh_connection_free(&s->connection);
		return WORKER_EXIT_DONE;
	}
	if (err != 0 && err != ERR_EOF && !master_gone) {
		snprintf(text, sizeof(text), "%s",
		    ssh_transport_error(ssh_connection_transport(s->connection)));
		if (text[0] == '\0')
			snprintf(text, sizeof(text), "%s", err_text(err));
	}
	if (s->closing || master_gone)
		ssh_connection_disconnect(s->connection, SSH_DISCONNECT_BY_APPLICATION,
		    master_gone ? "the server has ended" : s->closing_reason);
	/* unfinished transfers are reported before the end is */
	ssh_connection_free(&s->connection);
	session_quota_end(&s->quota);
	say_ended(s, text);
	if (master_gone)
		return WORKER_EXIT_MASTER;
	return err == 0 || err == ERR_EOF ? WORKER_EXIT_DONE : WORKER_EXIT_CLIENT;
}

static enum worker_exit
serve(struct session *s, const struct ssh_config *config, int handover_fd)
{
	int err = session_policy_receive(
	    &s->link, clock_mono_ms() + POLICY_MS_MAX, &s->policy);

	if (err != 0) {
		say_ended(s, "the session's sandbox or root could not be entered");
		return master_link_error(&s->link) != 0 ? WORKER_EXIT_MASTER : WORKER_EXIT_SANDBOX;
	}
	s->channels.policy = &s->policy;
	if (s->policy.counted[0])
		session_quota_init(&s->quota, &s->link, &s->policy);
	s->channels.bandwidth = &s->bandwidth;
	session_bandwidth_init(&s->bandwidth, &s->policy, clock_mono_ms());
	err = take_over(s, config, handover_fd);
	fd_close(&handover_fd);
	if (err != 0) {
		say_ended(s, "the connection could not be taken over");
		return WORKER_EXIT_HANDOVER;
	}
	ipc_encode_session_ready(&s->link.out, &(struct ipc_session_ready){});
	(void)master_link_send(&s->link);
	s->link.gate.phase = PHASE_RUN;
	return end(s, run(s));
}

enum worker_exit
session_main(const struct ssh_config *config, int ipc_fd, int handover_fd)
{
	struct session s = { .client_fd = -1, .park_fd = -1 };
	enum worker_exit exit_status;

	master_link_init(&s.link, ipc_fd, PHASE_START);
	s.channels.link = &s.link;
	exit_status = serve(&s, config, handover_fd);
	session_policy_free(&s.policy);
	fd_close(&s.client_fd);
	fd_close(&s.park_fd);
	master_link_free(&s.link);
	return exit_status;
}
