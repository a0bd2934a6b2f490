/*
 * connection_private.h - what the files of the connection half share.
 */
#ifndef SSH_CONNECTION_PRIVATE_H
#define SSH_CONNECTION_PRIVATE_H

#include "ssh/connection.h"
#include "ssh/transport_private.h"

enum {
	/* What a client may send ahead at first, and when it keeps using all of it: enough for
	 * 200 ms at 1 Gbit/s. */
	CHANNEL_WINDOW_FIRST = 2 * 1024 * 1024,
	CHANNEL_WINDOW_LARGEST = 32 * 1024 * 1024,
	/* The windows of all channels of a connection together: what it can make us keep. */
	CHANNEL_WINDOW_BUDGET = SSH_CHANNELS_MAX * CHANNEL_WINDOW_FIRST,
	/* Smaller announced packets are refused (CVE-2026-59843: an endless loop at 0). */
	CHANNEL_CLIENT_PACKET_MIN = 256,
	/* What we send at most in one packet, whatever the client would take. */
	CHANNEL_SEND_MAX = 64 * 1024,
	CHANNEL_DATA_HEAD = 9, /* number of the message, channel, length */
	/*
	 * A key exchange costs us a signature, and a client little. It may begin so many at once;
	 * each one is earned back by time, or by bytes that went through. (Not every single one
	 * needs its bytes: OpenSSH under load begins another right after each or each second one.)
	 */
	REKEY_EARNED_BY_BYTES = 64 * 1024,
	REKEY_EARNED_BY_MS = 1000,
	REKEY_BURST = 20,
};

struct ssh_channel {
	struct ssh_connection *connection;
	uint32_t number; /* ours */
	uint32_t client_number;
	void *owner;
	bool has_program; /* a request was accepted */
	bool starting;    /* the owner is being asked; the answer must go first */

	/* from the client */
	uint32_t window; /* it may still send */
	uint32_t window_target;
	uint64_t window_used; /* since the target grew */
	uint8_t *kept;        /* kept_start to kept_end are for the owner */
	size_t kept_start, kept_end, kept_capacity;
	bool in_data; /* the owner is looking at data */
	bool client_eof, eof_told;

	/* to the client */
	uint32_t client_window, client_packet;
	uint8_t *overflow; /* overflow_start to overflow_end wait for the window */
	size_t overflow_start, overflow_end, overflow_capacity;
	bool want_room;
	bool exit_wanted, exit_sent;
	uint32_t exit_status;
	bool eof_wanted, eof_sent;
	bool close_wanted, close_sent;
};

/* Room that was given out and is not committed. */
struct reservation {
	struct ssh_channel *channel; /* NULL: none */
	size_t direct;               /* bytes in slots of packet_bytes each, the last one shorter */
	size_t packet_bytes;
	size_t overflow;
};

struct ssh_connection {
	struct ssh_transport *t;
	struct ssh_connection_events events;
	struct ssh_channel **channels; /* config->max_channels of them, by number */
	size_t channel_count;
	uint32_t channels_end; /* from this number on there is none */
	struct reservation reservation;
	struct ssh_channel *open_channel; /* whose data is in the output's open packet */
	bool no_more_sessions;
	bool blocked; /* the socket took no more; POLLOUT will tell */
	int failed;   /* why the connection is over */

	uint64_t now_ms;
	uint64_t keys_ms;           /* when the present keys came */
	bool keys_are_new;          /* keys_ms is to be set by the next tick */
	uint64_t exchange_ms;       /* when the running exchange last got on; 0: tick sets it */
	uint64_t exchange_bytes_in; /* bytes read by then */
	uint64_t rekey_bytes;       /* that have earned the client exchanges */
	uint64_t rekey_earned_ms;   /* when time alone will have earned all that it began */
};

/* Remembers the first failure; returns it. */
int connection_fail(struct ssh_connection *c, int err);
/* Writes what can be written now. A failure is remembered. */
void connection_flush(struct ssh_connection *c);
/* True while messages other than those of the key exchange must wait. */
bool connection_is_held(const struct ssh_connection *c);
/* Starts an exchange when these keys have done enough. */
MUST int connection_rekey_if_due(struct ssh_connection *c);
/* Everything that may have become possible: windows, overflow, ends of channels, room, output. */
void connection_settle(struct ssh_connection *c);

/* The part of the written-down state that is not the transport's. */
void connection_write_state(const struct ssh_connection *c, struct buf *out);

/* ---- rekey.c: rows of the table */

MUST int rekey_on_kexinit(struct ssh_connection *c, struct view payload);
MUST int rekey_on_value(struct ssh_connection *c, struct view payload);
MUST int rekey_on_newkeys(struct ssh_connection *c, struct view payload);

/* ---- channel_open.c */

MUST int channel_on_open(struct ssh_connection *c, struct view payload);
/* The channel that a message names, behind its number; the message is poisoned without one. */
struct ssh_channel *channel_named(struct ssh_connection *c, struct rd *r);
/* Takes the channel out of the connection and tells the owner. */
void channel_remove(struct ssh_channel *channel);

/* ---- channel_request.c */

MUST int channel_on_request(struct ssh_connection *c, struct view payload);

/* ---- channel_input.c */

MUST int channel_on_data(struct ssh_connection *c, struct view payload);
MUST int channel_on_extended_data(struct ssh_connection *c, struct view payload);
MUST int channel_on_eof(struct ssh_connection *c, struct view payload);
/* Gives window back for what has been used up. */
MUST int channel_grant(struct ssh_channel *channel);
/* Frees what holds nothing. */
void channel_input_release(struct ssh_channel *channel);

/* ---- channel_output.c */

MUST int channel_on_window_adjust(struct ssh_connection *c, struct view payload);
MUST int channel_on_close(struct ssh_connection *c, struct view payload);
/* Sends overflow as far as the window goes, then the end of the channel. */
MUST int channel_pump(struct ssh_channel *channel);
/* A reservation would not fail for a reason that is known now. */
bool channel_can_reserve(const struct ssh_channel *channel);
void channel_output_release(struct ssh_channel *channel);

#endif
