/*
 * bandwidth.h - how fast the sessions of an account may move the content of files, together.
 *
 * The master owns an account's rates and divides them between those of its sessions that want them
 * (fair_share.h). A session begins with nothing, says what it wants when it has to wait, and is
 * told its share; what it does not use it gives back within about a second. Whoever has no limit
 * sends and gets no message. The pace itself is kept by the session worker (worker/pace.h), so that
 * one which has been taken over is not held to it. Private to master/.
 */
#ifndef MASTER_BANDWIDTH_H
#define MASTER_BANDWIDTH_H

#include "accounts/accounts.h"

#include <stdbool.h>
#include <stdint.h>

struct bandwidth_session;
struct connection;
struct master;

/* True when the account has a limit in that direction. */
bool bandwidth_is_limited(const struct user *user, bool upload);
/* The worker of the connection has ended: it wants nothing any more. */
void bandwidth_session_end(struct connection *connection);
/*
 * The account is so now, and so are the users of its connections: divides anew, and tells every
 * session what holds for it.
 */
void bandwidth_account_changed(struct master *master, const struct user *user);
/* Bytes a second that the session has been given; 0: none, or there is no limit. */
uint64_t bandwidth_share(const struct connection *connection, bool upload);

#endif
