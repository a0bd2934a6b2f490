/*
 * state.h - what the master owns: one struct that its files share. Private to master/.
 */
#ifndef MASTER_STATE_H
#define MASTER_STATE_H

#include "accounts/accounts.h"
#include "config/config.h"
#include "control/control.h"
#include "control/control_engine.h"
#include "ipc/ipc.h"
#include "log/log.h"
#include "master/access.h"
#include "master/admission.h"
#include "master/authentication.h"
#include "master/availability.h"
#include "master/bandwidth.h"
#include "master/banning.h"
#include "master/connection.h"
#include "master/host_keys.h"
#include "master/http_door.h"
#include "master/metrics.h"
#include "master/nurseries.h"
#include "master/parking.h"
#include "master/password_queue.h"
#include "master/program.h"
#include "master/quota.h"
#include "master/quota_scan.h"
#include "master/services.h"
#include "master/user_authorities.h"
#include "master/user_sessions.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { CONNECTION_BUCKETS = 4096 };

struct master {
	uv_loop_t loop;
	const struct config *config;
	struct log *log;
	struct provider *provider;
	struct availability *availability;
	bool provider_available; /* as it was found last; see availability.h */
	struct host_keys *host_keys;
	struct user_authorities *authorities;
	struct admission *admission;
	struct access *access;
	struct banning *banning;
	struct services *services;
	struct nurseries *nurseries;
	struct parking *parking;
	struct admin_store *admins; /* NULL in portable mode */
	struct programs *programs;
	struct control_hooks hooks;
	struct control_engine *engine; /* NULL in portable mode */
	char *backups_path;
	struct quotas *quotas;
	struct quota_scans *scans;
	struct control *control;
	struct http_door *http; /* NULL: no HTTP is wanted */
	struct password_queue passwords;
	LIST_HEAD(, auth_job) auth_jobs; /* all that have begun */
	struct metrics *metrics;

	LIST_HEAD(, connection) buckets[CONNECTION_BUCKETS];
	struct user_sessions_table sessions;
	uint64_t last_connection;
	unsigned connection_count; /* that have not ended */
	struct ipc_inbox inbox;    /* one for all: a message is done with before the next is read */

	bool map_ids;  /* sessions run as the uid and gid of their account */
	_Atomic unsigned allow; /* PUBLIC_KEY_ALLOW_ bits; also read on the thread pool */
	bool draining;
	int exit_status;
	int64_t started_ms;

	/* counted since the start */
	uint64_t logins;
};

/* Ends the loop with this exit status; the first call decides. */
void master_stop(struct master *master, int exit_status);

#endif
