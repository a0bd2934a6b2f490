/*
 * services.h - the listening sockets: opening them, accepting from them, pausing, closing.
 *
 * A service is one protocol on one address and port. Sockets are opened before privileges are
 * given up, and watched once the loop runs. Accepting one never waits, and never ends the others.
 */
#ifndef MASTER_SERVICES_H
#define MASTER_SERVICES_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct services;

struct services_events {
	void *ctx;
	/* A client connected; the descriptor is the callee's. */
	void (*accepted)(void *ctx, int fd, const struct sockaddr *address);
	/* accept(2) failed: `text` is for the log. */
	void (*failed)(void *ctx, const char *text);
};

MUST int services_new(struct services **out, const struct services_events *events);
/* Stops listening. */
void services_free(struct services **services);
/*
 * Opens a TCP listener. An empty address is every interface, IPv6 and IPv4 on one socket where
 * the kernel has IPv6. Port 0 lets the kernel choose. ERR_INVALID with a line in `mistakes`.
 */
MUST int services_listen(struct services *services, const char *address, int port,
	struct buf *mistakes);
/* Begins to accept on the loop. */
void services_start(struct services *services, uv_loop_t *loop);
/* Pauses or resumes accepting; what comes meanwhile waits in the kernel's queue. */
void services_pause(struct services *services, bool paused);
/* "127.0.0.1:2022" of the service with this number; NULL past the end. Valid until free. */
const char *services_address(const struct services *services, unsigned number);
/* The port of the service with this number. */
uint16_t services_port(const struct services *services, unsigned number);

#endif
