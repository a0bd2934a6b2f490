/*
 * host_certificates.h - the certificates of the host keys: the files of sftpd.host_certificates,
 * read and checked.
 *
 * With one a client that trusts its authority (@cert-authority in known_hosts) asks its user
 * nothing at the first connection. Called by host_keys.c alone. Private to master/.
 */
#ifndef MASTER_HOST_CERTIFICATES_H
#define MASTER_HOST_CERTIFICATES_H

#include "base/buf.h"
#include "base/err.h"

struct config;
struct host_keys;

/*
 * Gives each certificate to its key. ERR_INVALID with a line in `mistakes` for a file that is
 * missing or unreadable, no certificate, a user's, of no key here, or with a wrong signature;
 * ERR_MEMORY. One that is not valid now, which happens to every certificate one day, is left out
 * with a line in `warnings`. allow is PUBLIC_KEY_ALLOW_ bits.
 */
MUST int host_certificates_load(struct host_keys *keys, const struct config *config, unsigned allow,
	struct buf *mistakes, struct buf *warnings);

#endif
