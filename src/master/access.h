/*
 * access.h - who may come in: the lists of the service, bans and the limits of admission.h, asked
 * for every accepted socket before a process is made for it.
 *
 * Where a proxy stands in front (sftpd.proxy_protocol), its connections come in at once, within the
 * limits in all, and are asked about when the login worker has read whose they are.
 *
 * Knows nothing of accounts, and reads no byte of a client. What it refuses it logs, at most so
 * often that a flood of connections becomes no flood of lines. Private to master/.
 */
#ifndef MASTER_ACCESS_H
#define MASTER_ACCESS_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/socket.h>

struct access;
struct connection;
struct master;

/* Follows master->config. ERR_MEMORY. */
MUST int access_new(struct access **out, struct master *master);
void access_free(struct access **access);
/*
 * The settings have changed: what they say holds for connections to come. ERR_MEMORY: a list may
 * be as it was.
 */
MUST int access_take_settings(struct access *access);
/* A client connected: serves it, or closes the socket. */
void access_accept(struct access *access, int fd, const struct sockaddr *address);
/*
 * Before another attempt to log in: what was found against the address meanwhile holds for
 * connections that it has, too, until they are logged in. False when the connection was ended.
 */
bool access_may_try(struct connection *connection);

#endif
