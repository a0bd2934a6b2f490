/*
 * session.h - what the master knows and orders of sessions that have logged in. Private to master/.
 */
#ifndef MASTER_SESSION_H
#define MASTER_SESSION_H

#include "accounts/accounts.h"
#include "base/err.h"
#include "control/account_policy.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct master;
struct connection;
struct home_roots;

/*
 * The user has been proved: asks for the session worker, gives it policy and roots, and tells the
 * login worker. Takes *user and the roots. What fails ends the connection.
 */
void session_open(struct connection *connection, struct user **user, struct home_roots *roots);
/*
 * Has a session worker forked, gives it policy and roots (which stay the caller's), returns the
 * socket over which it will take a connection up: a login's, or with `parked` a written-down one.
 * 0, ERR_IO, ERR_MEMORY, ERR_LIMIT; the connection has not been ended then.
 */
MUST int session_start_worker(struct connection *connection, const struct home_roots *roots,
	bool parked, int *handover_out);
/* What the settings that are in force say for all accounts. */
struct account_settings session_account_settings(const struct master *master);
/*
 * The SESSION_POLICY_CHANGED that tells the session the rules of this account. ERR_MEMORY,
 * ERR_LIMIT, or what the policy refused.
 */
MUST int session_encode_rules(
	const struct connection *connection, const struct user *user, struct buf *message);
/* The connection objects of the contract: those with an open channel. NULL when memory is short. */
json_t *session_list(struct master *master);
/* The transfers under way, each with who, where and its rate in bytes a second; likewise. */
json_t *session_transfers(struct master *master);
/* Closes by the connection_id of logs and lists. ERR_NOT_FOUND. */
MUST int session_close_id(struct master *master, const char *connection_id);

#endif
