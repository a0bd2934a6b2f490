#include "worker/session_channel.h"

#include "base/clock.h"
#include "sftp/sftp.h"
#include "worker/session_report.h"

#include <stdio.h>
#include <stdlib.h>

/* A transfer is worth showing when it has run for so long. */
enum { PROGRESS_AFTER_MS = 1000 };

struct session_channel {
	LIST_ENTRY(session_channel) entry;
	struct session_channels *channels;
	struct ssh_channel *channel;
	struct sftp_server *server;
	uint32_t serial;
	bool at_end; /* the client sends no more; answers may still wait for room */
	bool over;   /* the channel is being closed; what comes is thrown away */
};

static int
output_reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	struct session_channel *c = ctx;

	return ssh_channel_reserve(c->channel, bytes, iov, iov_count);
}

static void
output_commit(void *ctx, size_t bytes)
{
	struct session_channel *c = ctx;

	ssh_channel_commit(c->channel, bytes);
}

static void
on_transfer_done(void *ctx, const struct sftp_transfer *transfer)
{
	struct session_channel *c = ctx;

	session_report_transfer_done(c->channels->link, c->serial, transfer);
}

static void
on_operation_done(void *ctx, const struct sftp_operation_report *report)
{
	struct session_channel *c = ctx;

	session_report_operation(c->channels->link, report);
}

static void
on_log(void *ctx, enum log_level level, const char *text)
{
	struct session_channel *c = ctx;

	master_link_log(c->channels->link, level, "sftpd", text);
}

static int
start_server(struct session_channel *c)
{
	const struct session_policy *policy = c->channels->policy;
	struct sftp_settings settings = { .ignore_setstat = policy->ignore_setstat,
		.read_only = policy->read_only,
		.upload = &c->channels->bandwidth->upload.allowance,
		.download = &c->channels->bandwidth->download.allowance };
	struct sftp_output output = {
		.ctx = c, .reserve = output_reserve, .commit = output_commit
	};
	struct sftp_events events = { .ctx = c,
		.transfer_done = on_transfer_done,
		.operation_done = on_operation_done,
		.log = on_log };

	return sftp_server_new(&c->server, policy->vfs, &settings, &output, &events);
}

/* A server on the channel, which it then owns. */
static int
channel_new(struct session_channels *channels, struct ssh_channel *channel, uint32_t serial,
    struct session_channel **out)
{
	struct session_channel *c = calloc(1, sizeof(*c));
	int err;

	if (c == NULL)
		return ERR_MEMORY;
	c->channels = channels;
	c->channel = channel;
	c->serial = serial;
	if ((err = start_server(c)) != 0) {
		free(c);
		return err;
	}
	LIST_INSERT_HEAD(&channels->list, c, entry);
	ssh_channel_set_owner(channel, c);
	*out = c;
	return 0;
}

int
session_channel_open(struct session_channels *channels, struct ssh_channel *channel)
{
	struct session_channel *c;
	int err = channel_new(channels, channel, ++channels->last_serial, &c);

	if (err != 0)
		return err;
	ipc_encode_channel_opened(&channels->link->out,
	    &(struct ipc_channel_opened){
		.channel = ssh_channel_number(channel), .protocol = SESSION_PROTOCOL_SFTP });
	(void)master_link_send(channels->link);
	return 0;
}

static void
finish(struct session_channel *c, uint32_t status)
{
	c->over = true;
	ssh_channel_exit_status(c->channel, status);
	ssh_channel_eof(c->channel);
	ssh_channel_close(c->channel);
}

/* True when the server goes on; the channel is being closed otherwise. */
static bool
feed(struct session_channel *c, const uint8_t *bytes, size_t n, size_t *used_out)
{
	int err = sftp_server_input(c->server, bytes, n, used_out);
	char text[128];

	if (err == 0 || err == ERR_AGAIN) {
		if (c->at_end && err == 0)
			finish(c, sftp_server_is_busy(c->server) ? 1 : 0);
		return true;
	}
	/* a client that left while an answer was on its way is no fault */
	if (err != ERR_EOF) {
		snprintf(text, sizeof(text), "SFTP ended: %s", err_text(err));
		master_link_log(c->channels->link, LOG_LEVEL_WARN, "sftpd", text);
	}
	finish(c, 1);
	return false;
}

size_t
session_channel_data(struct session_channel *c, const uint8_t *bytes, size_t n)
{
	size_t used = 0;

	if (c->over || !feed(c, bytes, n, &used))
		return n;
	return used;
}

void
session_channel_room(struct session_channel *c)
{
	size_t used = 0;

	if (c->over)
		return;
	/* an answer that is only half given goes first, also when no request waits behind it */
	if (feed(c, NULL, 0, &used) && !c->over && ssh_channel_kept(c->channel) > 0)
		ssh_channel_resume(c->channel);
}

void
session_channel_eof(struct session_channel *c)
{
	size_t used = 0;

	c->at_end = true;
	if (!c->over)
		(void)feed(c, NULL, 0, &used);
}

void
session_channel_close(struct session_channel **channel)
{
	struct session_channel *c = *channel;

	if (c == NULL)
		return;
	*channel = NULL;
	LIST_REMOVE(c, entry);
	sftp_server_free(&c->server);
	if (!c->channels->elsewhere) {
		ipc_encode_channel_closed(&c->channels->link->out,
		    &(struct ipc_channel_closed){ .channel = ssh_channel_number(c->channel) });
		(void)master_link_send(c->channels->link);
	}
	free(c);
}

bool
session_channels_want_turn(const struct session_channels *channels)
{
	const struct session_channel *c;

	LIST_FOREACH(c, &channels->list, entry)
	{
		if (!c->over && sftp_server_wants_turn(c->server))
			return true;
	}
	return false;
}

void
session_channels_turn(struct session_channels *channels)
{
	struct session_channel *c, *next;

	for (c = LIST_FIRST(&channels->list); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		if (sftp_server_wants_turn(c->server))
			session_channel_room(c);
	}
}

void
session_channels_resume(struct session_channels *channels)
{
	struct session_channel *c, *next;

	for (c = LIST_FIRST(&channels->list); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		if (sftp_server_is_held(c->server))
			session_channel_room(c);
	}
}

bool
session_channels_busy(const struct session_channels *channels)
{
	const struct session_channel *c;

	LIST_FOREACH(c, &channels->list, entry)
	{
		if (sftp_server_has_handles(c->server) || sftp_server_is_busy(c->server))
			return true;
	}
	return false;
}

static void
progress(void *ctx, const struct sftp_transfer *transfer)
{
	struct session_channel *c = ctx;

	if (clock_mono_ms() - transfer->started_ms >= PROGRESS_AFTER_MS)
		session_report_transfer_progress(c->channels->link, c->serial, transfer);
}

void
session_channels_progress(const struct session_channels *channels)
{
	struct session_channel *c;

	LIST_FOREACH(c, &channels->list, entry)
	sftp_server_transfers(c->server, progress, c);
}

/* ---- written down */

bool
session_channels_can_export(const struct session_channels *channels)
{
	const struct session_channel *c;

	LIST_FOREACH (c, &channels->list, entry) {
		if (c->over || c->at_end || !sftp_server_can_export(c->server))
			return false;
	}
	return true;
}

void
session_channels_export(const struct session_channels *channels, struct buf *out)
{
	const struct session_channel *c;
	uint32_t count = 0;

	LIST_FOREACH (c, &channels->list, entry)
		count++;
	buf_u32(out, channels->last_serial);
	buf_u32(out, count);
	LIST_FOREACH (c, &channels->list, entry) {
		buf_u32(out, ssh_channel_number(c->channel));
		buf_u32(out, c->serial);
		sftp_server_export(c->server, out);
	}
}

static int
import_one(
    struct session_channels *channels, struct ssh_connection *connection, struct rd *state)
{
	uint32_t number = rd_u32(state), serial = rd_u32(state);
	struct ssh_channel *channel = ssh_connection_channel(connection, number);
	struct session_channel *c;
	int err;

	if (state->bad != 0)
		return state->bad;
	if (channel == NULL || !ssh_channel_has_program(channel) ||
	    ssh_channel_owner(channel) != NULL || serial > channels->last_serial)
		return ERR_INVALID;
	if ((err = channel_new(channels, channel, serial, &c)) != 0)
		return err;
	return sftp_server_import(c->server, state);
}

int
session_channels_import(
    struct session_channels *channels, struct ssh_connection *connection, struct rd *state)
{
	uint32_t count;

	channels->last_serial = rd_u32(state);
	count = rd_u32(state);
	for (uint32_t i = 0; i < count && state->bad == 0; i++) {
		int err = import_one(channels, connection, state);

		if (err != 0)
			return err;
	}
	/* data on a channel without an owner would have nowhere to go */
	for (uint32_t i = 0; i < ssh_connection_channels_max(connection); i++) {
		const struct ssh_channel *channel = ssh_connection_channel(connection, i);

		if (channel != NULL && ssh_channel_has_program(channel) &&
		    ssh_channel_owner(channel) == NULL)
			return state->bad != 0 ? state->bad : ERR_INVALID;
	}
	return state->bad;
}
