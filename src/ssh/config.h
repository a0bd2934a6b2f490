/*
 * config.h - what the SSH side has to know, decided by the master and sent to the nursery.
 *
 * Plain data without pointers; holds no secret. Large (tens of KiB): keep it on the heap.
 */
#ifndef SSH_CONFIG_H
#define SSH_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "ssh/algorithms.h"
#include "ssh/messages.h"

#include <stdint.h>

enum {
	SSH_HOST_KEYS_MAX = 10,       /* one of each type that a server can have, certified too */
	SSH_HOST_KEY_BLOB_MAX = 3584, /* all of them fit into one NURSERY_SETUP */
	SSH_BANNER_MAX = 16 * 1024,
	SSH_CHANNELS_MAX = 32, /* so many first windows make up what one connection may keep */
};

struct ssh_host_key {
	char algorithms[128]; /* name-list of the signatures that it may make, best first */
	uint8_t blob[SSH_HOST_KEY_BLOB_MAX];
	size_t blob_bytes;
};

struct ssh_config {
	char version[SSH_VERSION_MAX + 1]; /* "SSH-2.0-..." */
	struct ssh_algorithms algorithms;
	struct ssh_host_key host_keys[SSH_HOST_KEYS_MAX];
	size_t host_key_count;
	char banner[SSH_BANNER_MAX]; /* UTF-8; empty: none */
	uint32_t login_time_ms;      /* from accept to the end of authentication; 0: no limit */
	int32_t max_auth_tries;      /* 0: 6, negative: no limit */
	uint64_t rekey_bytes;        /* in one direction; 0: by the cipher (RFC 4344) */
	uint64_t rekey_ms;           /* 0: never by time */
	uint32_t max_channels;       /* open at once on one connection, up to SSH_CHANNELS_MAX */
};

/* The defaults: preset compatible, no host key, 2 minutes, one hour, 16 channels. */
void ssh_config_init(struct ssh_config *config);
/*
 * "SSH-2.0-" and the software part, which must be printable US-ASCII without a leading blank
 * (RFC 4253 section 4.2). ERR_INVALID, ERR_LIMIT.
 */
MUST int ssh_config_set_software(struct ssh_config *config, const char *software);
/* ERR_LIMIT when the text is too long, ERR_FORMAT when it holds a NUL or is not UTF-8. */
MUST int ssh_config_set_banner(struct ssh_config *config, struct view text);
/*
 * Adds a public host key (RFC 4253 section 6.6 blob), or a certificate of one. What it may sign is
 * what the algorithm list of class HOST_KEY allows for its type; a certificate's key signs under
 * the names for certificates. A key of a type that is there already replaces it.
 * ERR_UNSUPPORTED when nothing is allowed for it, ERR_FORMAT, ERR_LIMIT.
 */
MUST int ssh_config_add_host_key(struct ssh_config *config, struct view public_blob);

void ssh_config_encode(struct buf *out, const struct ssh_config *config);
/* Reads from the cursor and leaves what follows. 0 or the ERR_ code of the fault. */
MUST int ssh_config_decode(struct rd *r, struct ssh_config *out);

#endif
