/*
 * listener.h - opens a listening TCP socket, before privileges are given up. Private to master/.
 */
#ifndef MASTER_LISTENER_H
#define MASTER_LISTENER_H

#include "base/address.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum { LISTENER_TEXT_MAX = ADDRESS_TEXT_MAX + 16 };

struct listener {
	int fd; /* the caller closes it */
	uint16_t port;
	char text[LISTENER_TEXT_MAX]; /* "127.0.0.1:2022" */
};

/*
 * An empty address is every interface, IPv6 and IPv4 on one socket where the kernel has IPv6. Port
 * 0 lets the kernel choose. ERR_INVALID with a line in `mistakes`, which names the settings of the
 * section ("sftpd").
 */
MUST int listener_open(struct listener *out, const char *address, int port, const char *section,
	struct buf *mistakes);

#endif
