/*
 * nurseries.h - the processes that fork the workers: starting, feeding, replacing them.
 *
 * One nursery serves; when a worker dies by a signal the serving one is retired and a fresh one is
 * executed before the next worker is forked, so that no two guesses meet the same address-space
 * layout. A retired nursery lives until its last worker has ended. Requests to fork wait here
 * while no nursery is ready. Knows no user and no protocol; used by the master alone.
 */
#ifndef MASTER_NURSERIES_H
#define MASTER_NURSERIES_H

#include "base/err.h"
#include "base/proxy_header.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct nurseries_events {
	void *ctx;
	/* A nursery became ready, or the serving one went away: `ready` says which. */
	void (*ready)(void *ctx, bool ready);
	void (*worker_forked)(void *ctx, uint64_t connection, pid_t pid);
	/* `status` as from waitpid(2); `killed` when nurseries_kill() asked for it. */
	void (*worker_exited)(void *ctx, uint64_t connection, pid_t pid, int status, bool killed);
	/* No nursery can be started: the text says why. The server cannot go on. */
	void (*failed)(void *ctx, const char *text);
	/* For the log: something that an operator should know, but that does not end the server. */
	void (*warn)(void *ctx, const char *text);
};

struct nurseries;

/*
 * Starts the first nursery. `config` is sent to each one in NURSERY_SETUP and is copied.
 * Everything happens on `loop`.
 */
MUST int nurseries_new(struct nurseries **out, uv_loop_t *loop, struct view config,
	const struct nurseries_events *events);
/* Closes the sockets of all: they end; their workers go on until their own sockets close. */
void nurseries_free(struct nurseries **nurseries);
bool nurseries_ready(const struct nurseries *nurseries);
/*
 * Another `config`, copied. When it differs from the present one, the serving nursery is retired
 * and a fresh one started with it; workers that run are not touched. *replaced_out says whether
 * that was so. ERR_MEMORY: nothing has changed.
 */
MUST int nurseries_replace(struct nurseries *nurseries, struct view config, bool *replaced_out);
/*
 * Forks a login worker, which does about a PROXY header what `proxy` says; takes both descriptors
 * (the client's socket, the worker's end of its socket pair), also when it fails.
 */
MUST int nurseries_fork_login(struct nurseries *nurseries, uint64_t connection,
	const char *address, enum proxy_use proxy, int client_fd, int worker_fd);
struct nurseries_session {
	uint64_t connection;
	const char *username;
	bool change_ids;
	uid_t uid;
	gid_t gid;
};
/* Forks a session worker; takes both descriptors (its socket pair end, its hand-over end). */
MUST int nurseries_fork_session(struct nurseries *nurseries,
	const struct nurseries_session *session, int worker_fd, int handover_fd);
/* Forks a scan worker; `connection` is its number. Takes both descriptors (its socket pair end,
 * the directory). */
MUST int nurseries_fork_scan(struct nurseries *nurseries, const struct nurseries_session *scan,
	int worker_fd, int root_fd);
/* Ends a worker with SIGKILL; nothing happens when it is gone already. */
void nurseries_kill(struct nurseries *nurseries, pid_t pid);
/* Processes: nurseries that live, and workers that live. */
void nurseries_count(const struct nurseries *nurseries, unsigned *nurseries_out,
	unsigned *workers_out);

#endif
