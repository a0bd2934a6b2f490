/*
 * ssh_setup.h - from the configuration to what the workers are told about SSH. Private to master/.
 */
#ifndef MASTER_SSH_SETUP_H
#define MASTER_SSH_SETUP_H

#include "base/buf.h"
#include "base/err.h"

struct config;
struct host_keys;

/*
 * PUBLIC_KEY_ALLOW_ bits of the algorithm preset: SHA-1 signatures with "legacy" alone.
 */
unsigned ssh_setup_allow(const struct config *config);
/*
 * Appends the encoded struct ssh_config: preset and explicit lists, host keys, banner, limits.
 * ERR_INVALID with lines in `mistakes` that name key, value and remedy; ERR_MEMORY.
 */
MUST int ssh_setup_encode(const struct config *config, const struct host_keys *keys,
	struct buf *out, struct buf *mistakes);

#endif
