/*
 * connection.h - the connection protocol (RFC 4254) after login, for a poll loop.
 *
 * Session channels only; on them subsystems and commands, which the owner accepts or not. One
 * table decides for every message in every phase; what has no row ends the connection. Nothing
 * here waits. Re-keys by volume, by time and when the client wants it; signatures come from the
 * owner in their own time. Called by the session worker:
 *
 *   poll for POLLIN when ssh_connection_wants_read(), POLLOUT when ssh_connection_wants_write(),
 *   until ssh_connection_deadline_ms(); then call readable, writable, tick. Call readable once
 *   before the first poll: the bytes that the login worker had read already are in memory.
 */
#ifndef SSH_CONNECTION_H
#define SSH_CONNECTION_H

#include "ssh/transport.h"

#include <stddef.h>
#include <sys/uio.h>

struct ssh_connection;
struct ssh_channel;

/*
 * What the owner hears. All but `closed` may be answered at once with calls of ssh_channel_* on
 * any channel. A channel stays valid until `closed` has returned.
 */
struct ssh_connection_events {
	void *ctx;
	/* The client wants a subsystem on the channel: true accepts. At most one a channel. */
	bool (*subsystem)(void *ctx, struct ssh_channel *channel, struct view name);
	/* The same for a command (RFC 4254 section 6.5); any bytes. NULL refuses all. */
	bool (*exec)(void *ctx, struct ssh_channel *channel, struct view command);
	/*
	 * Data, in place in the receive buffer. Returns how many bytes were used up; the rest is
	 * kept and offered again, together with what came after it, by ssh_channel_resume().
	 */
	size_t (*data)(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n);
	/* ssh_channel_reserve() had said ERR_AGAIN, and there may be room now. */
	void (*room)(void *ctx, struct ssh_channel *channel);
	/* No more data will come, and all of it has been used up. */
	void (*eof)(void *ctx, struct ssh_channel *channel);
	/* The channel is gone, however it ended. Called for every accepted request exactly once. */
	void (*closed)(void *ctx, struct ssh_channel *channel);
	/*
	 * A re-key needs a signature of the exchange hash: as ssh_sign_fn, but the answer is given
	 * to ssh_connection_signed(), now or later. 0, or a code that ends the connection.
	 */
	int (*sign)(void *ctx, struct view algorithm, struct view exchange_hash);
};

/*
 * Takes the transport over (*transport is NULL after success). now_ms is the monotonic clock,
 * here and in tick.
 */
MUST int ssh_connection_new(struct ssh_connection **out, struct ssh_transport **transport,
    const struct ssh_connection_events *events, uint64_t now_ms);
/* Calls `closed` for channels that are still there. Sends nothing. */
void ssh_connection_free(struct ssh_connection **connection);

/*
 * Reads once and acts on every whole message. 0, or the connection is over: ERR_EOF when the
 * client ended it, any other code for a fault (the client has been told); see
 * ssh_transport_error(ssh_connection_transport()). The same for all functions that return int.
 */
MUST int ssh_connection_readable(struct ssh_connection *connection);
/* Writes what can be written, and goes on with what had waited for room. */
MUST int ssh_connection_writable(struct ssh_connection *connection);
bool ssh_connection_wants_read(const struct ssh_connection *connection);
bool ssh_connection_wants_write(const struct ssh_connection *connection);
/* Re-keys by time, and ends a client that does not finish a key exchange. */
MUST int ssh_connection_tick(struct ssh_connection *connection, uint64_t now_ms);
/* When tick wants to be called next; 0: never. */
uint64_t ssh_connection_deadline_ms(const struct ssh_connection *connection);
/* The answer to `sign`; an empty signature means that it was refused. */
MUST int ssh_connection_signed(struct ssh_connection *connection, struct view signature);
/* Starts a key exchange now, if none is running. */
MUST int ssh_connection_rekey(struct ssh_connection *connection);
/* Tells the client that we end, and why; sends what can be sent without waiting. */
void ssh_connection_disconnect(
    struct ssh_connection *connection, enum ssh_disconnect reason, const char *text);
/* The number of open channels. */
size_t ssh_connection_channels(const struct ssh_connection *connection);
const struct ssh_transport *ssh_connection_transport(const struct ssh_connection *connection);
/* Gives buffers that hold nothing back to the kernel; they come back by themselves. */
void ssh_connection_idle_release(struct ssh_connection *connection);

/* ---- written down */

/*
 * True while the whole connection can be written down: no key exchange runs, nothing waits to be
 * sent or to be used, no packet has come in part, no channel begins or ends, and there is no
 * compression, of which the state cannot be written down.
 */
bool ssh_connection_can_export(const struct ssh_connection *connection);
/*
 * Appends transport and channels, for ssh_transport_import() and then ssh_connection_import(). The
 * content is secret. Afterwards the connection can only be freed. ERR_LIMIT or ERR_MEMORY.
 */
MUST int ssh_connection_export(struct ssh_connection *connection, struct buf *out);
/*
 * Takes up what was written behind the transport's part, in a connection that was just made. The
 * bytes are checked as if an enemy had written them; after a failure the connection can only be
 * freed. Channels with a program have no owner yet: each must be given one before anything else
 * is called.
 */
MUST int ssh_connection_import(struct ssh_connection *connection, struct rd *state);
/* The channel with our number, NULL when there is none; and how many numbers there are. */
struct ssh_channel *ssh_connection_channel(
    const struct ssh_connection *connection, uint32_t number);
uint32_t ssh_connection_channels_max(const struct ssh_connection *connection);
/* True when a subsystem or command was accepted on the channel. */
bool ssh_channel_has_program(const struct ssh_channel *channel);

/* ---- channels */

/* Our number of the channel: small, used again after `closed`. */
uint32_t ssh_channel_number(const struct ssh_channel *channel);
void ssh_channel_set_owner(struct ssh_channel *channel, void *owner);
/* NULL until set. */
void *ssh_channel_owner(const struct ssh_channel *channel);
/*
 * Offers kept data again. Safe at any time but within `data` of the same channel, where it does
 * nothing.
 */
void ssh_channel_resume(struct ssh_channel *channel);
/* Bytes that are kept because the owner did not use them. */
size_t ssh_channel_kept(const struct ssh_channel *channel);

enum { SSH_RESERVE_MAX = 256 * 1024 + 1024, SSH_RESERVE_PIECES = 64 };

/*
 * Room for exactly `bytes` of channel data, straight in the output: fills at most *iov_count
 * pieces (give SSH_RESERVE_PIECES) and sets *iov_count. All or nothing: ERR_AGAIN when there is
 * none now (`room` will be called), ERR_EOF when the channel can send no more, ERR_LIMIT above
 * SSH_RESERVE_MAX. One reservation at a time in a connection; valid until ssh_channel_commit(), and
 * nothing else may be called between the two. The signature fits struct sftp_output.
 */
MUST int ssh_channel_reserve(
    struct ssh_channel *channel, size_t bytes, struct iovec *iov, int *iov_count);
/* Sends the first `bytes` of the room, in the order of its pieces; 0 gives all of it back. */
void ssh_channel_commit(struct ssh_channel *channel, size_t bytes);

/*
 * The end of a channel, in this order; each takes effect once, after all committed data has left,
 * and does nothing when it is too late.
 */
void ssh_channel_exit_status(struct ssh_channel *channel, uint32_t status);
void ssh_channel_eof(struct ssh_channel *channel);
void ssh_channel_close(struct ssh_channel *channel);

#endif
