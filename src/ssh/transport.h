/*
 * transport.h - one SSH connection below login and channels: packets, keys, counters, buffers.
 *
 * A transport borrows a connected, non-blocking stream socket and an ssh_config, which both must
 * outlive it; it closes nothing. SIGPIPE must be ignored by the process. The login half waits
 * until the deadline; the connection half never waits. When a function fails, the transport can
 * only be asked questions and freed; ssh_transport_error() then says why in words for the log.
 */
#ifndef SSH_TRANSPORT_H
#define SSH_TRANSPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "ssh/config.h"
#include "ssh/messages.h"

#include <stdbool.h>
#include <stdint.h>

struct ssh_transport;

/* deadline_ms is on the monotonic clock, for everything in login.h; 0 waits without end. */
MUST int ssh_transport_new(
    struct ssh_transport **out, int fd, const struct ssh_config *config, uint64_t deadline_ms);
/* Wipes all keys. */
void ssh_transport_free(struct ssh_transport **transport);

/* Why the last call failed: "no common cipher; the client offers aes128-cbc". Never NULL. */
const char *ssh_transport_error(const struct ssh_transport *transport);
/* The disconnect reason that the client gave, or 0 (RFC 4253 section 11.1). */
uint32_t ssh_transport_client_reason(const struct ssh_transport *transport);
/* The client's identification line without CR LF; empty before it came. */
struct view ssh_transport_client_version(const struct ssh_transport *transport);
/* The first exchange hash; empty before the first key exchange. */
struct view ssh_transport_session_id(const struct ssh_transport *transport);
/*
 * What was agreed: "curve25519-sha256 ssh-ed25519 aes128-gcm@openssh.com ..." for the log; empty
 * before the first key exchange.
 */
const char *ssh_transport_agreed(const struct ssh_transport *transport);
/* Bytes on the wire so far, for statistics. */
uint64_t ssh_transport_bytes_in(const struct ssh_transport *transport);
uint64_t ssh_transport_bytes_out(const struct ssh_transport *transport);

/*
 * Tells the client why, once, and sends what can be sent without waiting. The transport is at its
 * end afterwards. Does nothing when the client has been told already.
 */
void ssh_transport_disconnect(
    struct ssh_transport *transport, enum ssh_disconnect reason, const char *text);

enum { SSH_STATE_BYTES_MAX = 96 * 1024 };

/*
 * Writes down the whole state after ssh_userauth_success(): keys, counters, unread bytes. The
 * content is secret. Everything sent must have left: ERR_AGAIN when it has not. The transport
 * must not be used afterwards (two users of one key stream would be fatal), only freed.
 */
MUST int ssh_transport_export(struct ssh_transport *transport, struct buf *out);
/*
 * Builds a transport from such bytes, which are checked as if an enemy had written them. The
 * config must offer what was agreed. 0, the ERR_ code of the reader, or ERR_INVALID.
 */
MUST int ssh_transport_import(
    struct ssh_transport **out, struct rd *state, int fd, const struct ssh_config *config);

#endif
