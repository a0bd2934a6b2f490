/*
 * session_channel.h - one channel of a session with the SFTP server that runs on it.
 */
#ifndef WORKER_SESSION_CHANNEL_H
#define WORKER_SESSION_CHANNEL_H

#include "ssh/ssh.h"
#include "worker/master_link.h"
#include "worker/session_bandwidth.h"
#include "worker/session_policy.h"

#include <sys/queue.h>

struct session_channel;

/* All channels of one session, and what they share; zeroed, then filled in by the session. */
struct session_channels {
	LIST_HEAD(, session_channel) list;
	struct master_link *link;
	const struct session_policy *policy;
	struct session_bandwidth *bandwidth;
	uint32_t last_serial;
	bool elsewhere; /* the session has been written down: its channels end without a report */
};

/* Starts SFTP on the channel and becomes its owner. ERR_MEMORY, or what the server said. */
MUST int session_channel_open(struct session_channels *channels, struct ssh_channel *channel);
/* Bytes that were used up; as `data` of struct ssh_connection_events. */
size_t session_channel_data(struct session_channel *channel, const uint8_t *bytes, size_t n);
/* There may be room for answers again. */
void session_channel_room(struct session_channel *channel);
/* The client sends no more. */
void session_channel_eof(struct session_channel *channel);
/* Reports what was left unfinished, and frees. */
void session_channel_close(struct session_channel **channel);

/* True while any channel has work to go on with that waits for nothing. */
bool session_channels_want_turn(const struct session_channels *channels);
/* Each of them does a part of it. */
void session_channels_turn(struct session_channels *channels);
/* Channels that were held by the bandwidth go on. */
void session_channels_resume(struct session_channels *channels);
/* True while any channel has a file open or an answer to give. */
bool session_channels_busy(const struct session_channels *channels);
/* True while every server can be written down, and no channel ends. */
bool session_channels_can_export(const struct session_channels *channels);
void session_channels_export(const struct session_channels *channels, struct buf *out);
/*
 * Gives every channel of the connection that has a program its server, from such bytes; they are
 * checked as if an enemy had written them. 0, the code of the reader, ERR_INVALID or ERR_MEMORY.
 */
MUST int session_channels_import(
    struct session_channels *channels, struct ssh_connection *connection, struct rd *state);
/* Tells the master how far transfers are that have run for a second. */
void session_channels_progress(const struct session_channels *channels);

#endif
