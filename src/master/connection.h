/*
 * connection.h - one client's connection as the master knows it, from accept to the last worker's
 * end: who serves it, what has been proved, what it does now.
 *
 * The master trusts this record and never what a worker repeats. Messages of its workers come in
 * through the gate of ipc/ and the table of dispatch.c; a message that breaks a rule ends this
 * connection, is counted, and harms nobody else. Private to master/.
 */
#ifndef MASTER_CONNECTION_H
#define MASTER_CONNECTION_H

#include "accounts/accounts.h"
#include "base/address.h"
#include "base/err.h"
#include "base/proxy_header.h"
#include "control/account_policy.h"
#include "ipc/ipc.h"
#include "master/bans.h"
#include "master/login_keys.h"
#include "master/login_progress.h"
#include "master/parking.h"
#include "master/signing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

struct master;
struct connection;
struct host_keys;
struct login_dialogue;
struct program;
struct quota_session;
struct user_sessions;

/* The socket pair to one worker, and the process behind it. */
struct worker_link {
	struct connection *connection;
	uv_poll_t *poll;
	int fd; /* -1: closed, or never opened */
	struct ipc_gate gate;
	pid_t pid; /* 0: not forked yet, or ended */
};

/* A subsystem or command that runs on a channel. */
struct connection_channel {
	LIST_ENTRY(connection_channel) link;
	uint32_t number;
	uint8_t protocol; /* enum connection_protocol */
	char *command;
};

enum connection_protocol { PROTOCOL_SFTP = 0, PROTOCOL_SCP = 1, PROTOCOL_SSH = 2 };

/* "SFTP", "SCP", "SSH". */
const char *connection_protocol_text(uint8_t protocol);

/* A transfer that has run for long enough to be shown. */
struct connection_transfer {
	LIST_ENTRY(connection_transfer) link;
	uint64_t id;
	bool upload;
	int64_t started_ms, last_activity_ms; /* wall clock */
	uint64_t bytes;
	int64_t previous_ms; /* of the report before the last, for the rate */
	uint64_t previous_bytes;
	char *path;
};

enum { CONNECTION_CHANNELS_MAX = 64, CONNECTION_TRANSFERS_MAX = 256, SESSION_ID_MAX = 64 };

struct connection {
	LIST_ENTRY(connection) link; /* of its bucket */
	struct master *master;
	uint64_t id;
	bool ended; /* kept only until its workers' ends are known */
	/* the client's; while `awaits_proxy` is set its proxy's, who has not told the client's yet */
	struct address address;
	uint16_t port;
	bool awaits_proxy;
	char address_text[ADDRESS_TEXT_MAX];
	int64_t accepted_ms;      /* wall clock */
	int64_t last_activity_ms; /* wall clock */
	uint64_t active_ms;       /* the same moment, monotonic */
	struct worker_link login, session;
	bool login_forked; /* the login worker's number has been told */
	uv_timer_t *timer; /* the login's time limit, later that of a close */

	/* the first exchange hash that the master signed (RFC 4253 section 7.2) */
	uint8_t session_id[SESSION_ID_MAX];
	size_t session_id_bytes;
	char id_text[2 * SESSION_ID_MAX + 1]; /* in hexadecimal: the connection_id of the logs */
	char *client_version;

	struct host_keys *host_keys; /* those that its worker shows; one owner of them */
	struct signing_rate rekeys;
	bool asking;        /* an authentication or a signature is being worked on */
	bool tried;         /* an authentication has been tried */
	enum ban_event key_refused; /* what refused keys are, unless somebody logs in after all */
	struct login_keys keys_tried;
	bool timed_out;     /* nobody logged in within the time limit */
	struct login_progress *progress; /* NULL until a method takes more than one step */
	struct program *program;         /* that is asked about its login; NULL: none */
	struct login_dialogue *dialogue; /* that a program holds with the client; NULL: none */
	bool sftp_only;     /* a certificate that helped to log in is for nothing else */
	bool authenticated; /* everything below is set */
	struct user *user;
	struct user_sessions *user_sessions; /* its place among them, until it has ended */
	LIST_ENTRY(connection) of_user;
	struct account_settings settings; /* as they were when its worker began */
	char *home; /* on the host, without a '/' at the end */
	struct quota_session *quota; /* what it has borrowed; NULL: nothing is counted */

	struct user *changed; /* as the account is now, when the session has yet to learn it; or NULL */

	enum parking_place place;
	TAILQ_ENTRY(connection) waiting; /* in the place of that name */
	char *order_reason;              /* of an order to close that waits for a worker */
	bool order_when_idle;

	struct bandwidth_session *bandwidth; /* NULL while it has wanted nothing */
	LIST_HEAD(, connection_channel) channels;
	unsigned channel_count;
	LIST_HEAD(, connection_transfer) transfers;
	unsigned transfer_count;
};

/*
 * Begins with an accepted socket, which it takes in any case. The caller has admitted it, without
 * an address where `proxy` says that a header counts.
 */
MUST int connection_begin(struct master *master, int fd, const struct address *address,
	uint16_t port, enum proxy_use proxy);
/* The connection with this id, also an ended one; NULL when there is none. */
struct connection *connection_find(struct master *master, uint64_t id);
/*
 * Ends the connection: closes the sockets to its workers and kills what is left of them. The
 * struct may be freed by this call.
 */
void connection_end(struct connection *connection);
/* A worker broke: refuses its client's address for a while, where that is known. */
void connection_penalise(struct connection *connection);
/*
 * Ends it for what a worker did: logged as a fault of that worker, counted, its address penalised.
 */
void connection_breach(struct connection *connection, const char *what, int err);
/* Tells the session to close in good order; kills it when it does not within a few seconds. */
void connection_close(struct connection *connection, const char *reason, bool when_idle);
/* Restarts the connection's timer; when it fires the connection ends. 0 stops it. */
void connection_set_timer(struct connection *connection, uint64_t ms);
/*
 * Opens the link to a worker: makes the socket pair, watches our end, and returns the worker's
 * in *worker_fd_out.
 */
MUST int connection_open_link(struct connection *connection, struct worker_link *link,
	enum ipc_role role, enum ipc_phase phase, int *worker_fd_out);
/* Sends to a worker; a failure ends the connection, so callers return at once when it is not 0. */
MUST int connection_send(struct worker_link *link, struct buf *message, const int *fds,
	size_t fd_count);
/* To be called when a worker is asked for: it will show the keys that the server has now. */
void connection_use_host_keys(struct connection *connection);
/*
 * The session worker has given its connection to the parking worker: it is heard out and ended.
 * The connection may have ended afterwards.
 */
void connection_worker_dismiss(struct connection *connection);
/* From the nursery. */
void connection_worker_forked(struct connection *connection, pid_t pid);
/* "signal 11", ...: the worker's end is known; frees an ended connection with its last worker. */
void connection_worker_exited(struct connection *connection, pid_t pid);
/* At the end of the server: frees them all, whether their workers' ends are known or not. */
void connections_free(struct master *master);
/* Every connection that has not ended, in no order. */
void connections_each(struct master *master, void (*each)(void *ctx, struct connection *connection),
	void *ctx);

/*
 * The receivers of messages.def: int on_<name>(struct connection *, struct rd). Each reads its
 * fields and acts; a code other than 0 is a breach of the worker that sent it.
 */
#define HANDLER_MASTER(name)
#define HANDLER_NURSERY(name)
#define HANDLER_PARKING(name)
#define HANDLER_SUPERVISOR(name)
#define HANDLER_SCAN(name)
#define HANDLER_HTTP(name)
#define HANDLER_LOGIN(name) MUST int on_##name(struct connection *connection, struct rd fields);
#define HANDLER_SESSION(name) HANDLER_LOGIN(name)
#define HANDLER_LOGIN_OR_SESSION(name) HANDLER_LOGIN(name)
#define IPC_MESSAGE(NAME, name, from, phases, max_bytes, max_count, descriptors) \
	HANDLER_##from(name)
#include "ipc/messages.def"
#undef IPC_MESSAGE
#undef HANDLER_MASTER
#undef HANDLER_NURSERY
#undef HANDLER_PARKING
#undef HANDLER_SUPERVISOR
#undef HANDLER_SCAN
#undef HANDLER_HTTP
#undef HANDLER_LOGIN
#undef HANDLER_SESSION
#undef HANDLER_LOGIN_OR_SESSION

/* Finds the handler of a message that has passed the gate, and calls it. */
MUST int dispatch_message(struct connection *connection, const struct ipc_message *message);

#endif
