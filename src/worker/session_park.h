/*
 * session_park.h - a session that idles is written down, and taken up again where it was.
 *
 * What is written is the connection's keys, counters and channels and the state of each SFTP
 * server: no file is open then. The bytes go to the parking worker and come back from it; the
 * worker that takes them up checks them as if an enemy had written them. Called by session.c.
 */
#ifndef WORKER_SESSION_PARK_H
#define WORKER_SESSION_PARK_H

#include "worker/session_channel.h"

/* True while nothing is under way. Never with compression. */
bool session_park_possible(
    const struct ssh_connection *connection, const struct session_channels *channels);
/*
 * Writes the session down and sends it over `fd` with the client's socket; both stay the
 * caller's. Whatever the result, the connection can only be freed afterwards, and its channels
 * are not reported as closed: they go on elsewhere. 0, ERR_LIMIT, ERR_MEMORY, ERR_EOF or ERR_IO.
 */
MUST int session_park(struct ssh_connection *connection, struct session_channels *channels,
    int client_fd, int fd);
/*
 * The other way, behind ssh_transport_import(), in a connection and channels that were just made.
 * 0 or the ERR_ code of the fault; then all of it can only be freed.
 */
MUST int session_unpark(
    struct ssh_connection *connection, struct session_channels *channels, struct rd *state);

#endif
