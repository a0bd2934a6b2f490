/*
 * http_door.h - the HTTP service: its listening socket, its certificate, and the process that
 * speaks HTTP.
 *
 * The master opens the socket and keeps it; the process only accepts from it. When the process dies
 * a fresh one takes its place, after a delay that grows while they go on dying, and clients that
 * connect meanwhile wait in the kernel's queue. SSH goes on untouched. Private to master/.
 */
#ifndef MASTER_HTTP_DOOR_H
#define MASTER_HTTP_DOOR_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct http_door;
struct master;

/*
 * Opens what needs the rights of the user that started us: the socket and the certificate. *out is
 * NULL when the configuration wants no HTTP. ERR_INVALID with lines in `mistakes`; ERR_MEMORY.
 */
MUST int http_door_open(struct http_door **out, struct master *master, struct buf *mistakes);
/* Begins to serve; the engine must be there. ERR_INVALID with lines in `mistakes`; ERR_MEMORY. */
MUST int http_door_start(struct http_door *door, struct buf *mistakes);
/* Reads the certificate again; a pair that is no good leaves the old one. NULL does nothing. */
void http_door_reload(struct http_door *door);
/* "http" or "https", and where it listens; the texts live as long as the door. */
const char *http_door_protocol(const struct http_door *door);
const char *http_door_address(const struct http_door *door, uint16_t *port_out);
/* Ends the process and closes the socket. NULL does nothing. */
void http_door_stop(struct http_door *door);
/* When nothing of it runs on the loop or the pool any more. */
void http_door_free(struct http_door **door);

#endif
