/*
 * control_address.h - the address of the control socket, for both its ends. Private to control*.c.
 */
#ifndef CONTROL_CONTROL_ADDRESS_H
#define CONTROL_CONTROL_ADDRESS_H

#include "base/err.h"

#include <sys/un.h>

struct control_address {
	struct sockaddr_un sun;
	int directory_fd;     /* of the directory that holds the socket; owned */
	const char *name;     /* points into the path that was given */
};

/*
 * The path may be longer than an address can hold: the directory is then reached through its open
 * descriptor. ERR_IO with errno; ERR_LIMIT when the name itself is too long. Close directory_fd.
 */
MUST int control_address_of(const char *path, struct control_address *out);

#endif
