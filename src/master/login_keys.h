/*
 * login_keys.h - which keys a connection has offered, so that each is counted once: a client asks
 * whether a key would do before it proves it. Private to master/.
 */
#ifndef MASTER_LOGIN_KEYS_H
#define MASTER_LOGIN_KEYS_H

#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

enum { LOGIN_KEYS_MAX = 16 }; /* a client that offers more is counted more often */

/* All zero at first. */
struct login_keys {
	uint64_t seen[LOGIN_KEYS_MAX];
	unsigned count;
};

/* True when this user has not been tried with this key before; notes that it has. */
bool login_keys_first(struct login_keys *keys, const char *user, struct view key);

#endif
